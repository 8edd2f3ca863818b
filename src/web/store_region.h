/* SPDX-License-Identifier: Apache-2.0 */
/* store_region.h - SQL around regions, checkers and join tokens.
 *
 * Floor 4 (web). In a transaction of the tenant. Worker thread.
 */
#pragma once
#include "web/page.h"
#include "web/req.h"

/* Rows (json, id, name), by name; id 0: all. */
NP_NODISCARD np_err sreg_regions(struct pg_conn *c, int64_t id, struct pg_res **ret);
/* Number of a region of that name. NP_E_NOTFOUND. */
NP_NODISCARD np_err sreg_find(struct pg_conn *c, np_str name, int64_t *ret_id);
/* NP_E_EXISTS when the name is taken (by whomever: names are of the whole installation). */
NP_NODISCARD np_err sreg_insert(struct wreq *q, struct pg_conn *c, np_str name, int64_t *ret_id);
struct sreg_token {
	int64_t region;
	np_str cidr; /* "": from anywhere */
	uint8_t sha256[CRYPT_SHA256_LEN];
	int64_t expires_us;
};
NP_NODISCARD np_err sreg_token(struct wreq *q, struct pg_conn *c, const struct sreg_token *t);
/* Rows (json, number, ''); region "": all. */
NP_NODISCARD np_err sreg_checkers(struct pg_conn *c, np_str region, const struct page *p,
				  struct pg_res **ret);
NP_NODISCARD np_err sreg_checker(struct wreq *q, struct pg_conn *c, const uint8_t id[16]);
/* Bans, audits, raises the registry's generation. NP_E_NOTFOUND. */
NP_NODISCARD np_err sreg_ban(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			     np_str reason);
