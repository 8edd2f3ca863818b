/* SPDX-License-Identifier: Apache-2.0 */
/* store_token.h - SQL around API tokens.
 *
 * Floor 4 (web). The secret never comes back: the table holds its SHA-256, which
 * this role may write and not read. In a transaction of the tenant. Worker thread.
 */
#pragma once
#include "web/page.h"
#include "web/req.h"

#define STOK_PREFIX 8      /* characters of a token that stay to be seen, "npt_" included */
#define STOK_LIVE_MAX 1000 /* of one organisation */

struct stok {
	uint8_t sha256[CRYPT_SHA256_LEN], id[16];
	np_str name, prefix;
	enum acc_role role;
	uint32_t scopes;
	int64_t expires_us; /* 0: never */
};

/* Who makes or ends one waits for who does so already: counts below stay true. */
NP_NODISCARD np_err stok_lock(struct wreq *q, struct pg_conn *c);
/* NP_E_LIMIT: there are STOK_LIVE_MAX already. */
NP_NODISCARD np_err stok_insert(struct wreq *q, struct pg_conn *c, const struct stok *t);
/* Rows (json, created µs, id), newest first; state "" or one of active, expired, revoked. */
NP_NODISCARD np_err stok_list(struct wreq *q, struct pg_conn *c, np_str state, const struct page *p,
			      struct pg_res **ret);
/* Writes one as the answer. NP_E_NOTFOUND. */
NP_NODISCARD np_err stok_show(struct wreq *q, struct pg_conn *c, const uint8_t id[16]);

struct stok_seen {
	enum acc_role role;
	uint32_t scopes;
	np_str name;
	bool revoked;
	bool last_owner; /* without it nobody is left who may everything */
};
NP_NODISCARD np_err stok_see(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			     struct stok_seen *ret);
/* With the sessions that were opened with it. */
NP_NODISCARD np_err stok_revoke(struct wreq *q, struct pg_conn *c, const uint8_t id[16]);
