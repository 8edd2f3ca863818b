/* SPDX-License-Identifier: Apache-2.0 */
/* seal_store.h - the sealer's statements.
 *
 * Floor 4 (historian). On the sealer's connection; what is written belongs to the
 * transaction that the caller opened.
 */
#pragma once
#include "historian/store.h"

#define SEAL_ROWS 500 /* linked in one transaction */

/* Is there anything to do? Cheap: asked several times a second. */
NP_NODISCARD np_err seal_store_waits(struct pg_conn *c, bool *ret);
/* id, org, at, actor, origin, act, subject, before, after of rows without a place, by id. */
NP_NODISCARD np_err seal_store_unsealed(struct pg_conn *c, struct pg_res **ret);
/* org, seq, hash of the newest links of these organisations. */
NP_NODISCARD np_err seal_store_tips(struct pg_conn *c, const struct pg_array *orgs,
				    struct pg_res **ret);
/* id, seq, prev, hash: four aligned arrays. NP_E_FENCED: a row was sealed meanwhile. */
NP_NODISCARD np_err seal_store_put(struct pg_conn *c, const struct pg_array col[4], int64_t at_us);
/* org, seq, hash: three aligned arrays. */
NP_NODISCARD np_err seal_store_tips_put(struct pg_conn *c, const struct pg_array col[3]);

/* org, seq, hash of the tips that no signed head names yet. */
NP_NODISCARD np_err seal_store_unsigned(struct pg_conn *c, struct pg_res **ret);
/* org, seq, n, line: four aligned arrays. */
NP_NODISCARD np_err seal_store_signed(struct pg_conn *c, const struct pg_array col[4],
				      int64_t at_us);
