/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/auditrow.h"

struct chain_row auditrow_read(const struct pg_res *r, size_t row)
{
	return (struct chain_row){
		.id = pg_res_i64(r, row, AUDITROW_ID),
		.org = pg_res_i64(r, row, AUDITROW_ORG),
		.at_us = pg_res_time(r, row, AUDITROW_AT),
		.actor = pg_res_str(r, row, AUDITROW_ACTOR),
		.origin = pg_res_str(r, row, AUDITROW_ORIGIN),
		.act = pg_res_str(r, row, AUDITROW_ACT),
		.subject = pg_res_str(r, row, AUDITROW_SUBJECT),
		.before = pg_res_str(r, row, AUDITROW_BEFORE),
		.after = pg_res_str(r, row, AUDITROW_AFTER),
		.has_before = !pg_res_null(r, row, AUDITROW_BEFORE),
		.has_after = !pg_res_null(r, row, AUDITROW_AFTER),
	};
}
