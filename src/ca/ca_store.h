/* SPDX-License-Identifier: Apache-2.0 */
/* ca_store.h - the ca's SQL: join tokens, the registry of checkers, audit.
 *
 * Floor 4 (ca). Each call belongs inside a transaction that the caller opened;
 * the looks lock their row until it ends. Worker thread.
 */
#pragma once
#include "ca/rules.h"
#include "net/addr.h"
#include "pg/pg.h"

struct ca_store_token {
	struct rules_token rules;
	int64_t org, region_id, checker_id; /* checker_id 0: none */
	char region[IDENT_REGION_MAX + 1];
	uint8_t checker[16];
};
/* Not there: NP_OK with rules.found false. */
NP_NODISCARD np_err ca_store_token(struct pg_conn *c, const uint8_t token_sha256[32],
				   const struct addr *from, struct ca_store_token *ret);

struct ca_store_checker {
	struct rules_checker rules;
	int64_t id, org;
};
NP_NODISCARD np_err ca_store_checker(struct pg_conn *c, const uint8_t uuid[16],
				     struct ca_store_checker *ret);

/* New checker, and its token is spent. */
NP_NODISCARD np_err ca_store_enrol(struct pg_conn *c, const struct ca_store_token *t,
				   const uint8_t token_sha256[32], const struct ident *leaf);
/* One more certificate for that checker: valid beside the one in use. `promote`: the next one so
 * far is in use now. */
NP_NODISCARD np_err ca_store_next(struct pg_conn *c, int64_t checker_id, bool promote,
				  const struct ident *leaf);

struct ca_store_act {
	int64_t org;
	const struct addr *from;
	const char *act;             /* "checker.enrol" */
	const uint8_t *subject;      /* uuid, or NULL */
	const char *verdict;         /* rules_name */
	const char *region, *serial; /* may be NULL */
};
NP_NODISCARD np_err ca_store_audit(struct pg_conn *c, const struct ca_store_act *a);
/* For readiness: does the database answer? */
NP_NODISCARD np_err ca_store_ping(struct pg_conn *c);
