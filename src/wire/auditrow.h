/* SPDX-License-Identifier: Apache-2.0 */
/* auditrow.h - a row of np.audit as the hash chain sees it: what is asked for, how it is read.
 *
 * Floor 3 (wire). The sealer links it, `audit verify` and exports check it: all three have
 * to hash the same bytes. Texts are borrowed from the result. Any thread.
 */
#pragma once
#include "core/chain.h"
#include "pg/pg.h"

/* The first columns of the statement, in this order; others may follow. */
#define AUDITROW_COLUMNS "id, org_id, at, actor, origin, act, subject, before::text, after::text"
enum {
	AUDITROW_ID,
	AUDITROW_ORG,
	AUDITROW_AT,
	AUDITROW_ACTOR,
	AUDITROW_ORIGIN,
	AUDITROW_ACT,
	AUDITROW_SUBJECT,
	AUDITROW_BEFORE,
	AUDITROW_AFTER,
	AUDITROW_N
};
struct chain_row auditrow_read(const struct pg_res *r, size_t row);
