/* SPDX-License-Identifier: Apache-2.0 */
/* seal.h - one turn of the sealer: rows into the chain, tips into the heads file.
 *
 * Floor 4 (historian). Each turn is one transaction that holds the row of the lease
 * `sealer` to its end: two of them cannot link at once, whatever their clocks say.
 * Straight-line, on the sealer's thread and connection.
 */
#pragma once
#include "historian/headsfile.h"
#include "pg/pg.h"

#define SEAL_LEASE_MS (5 * NP_SEC_MS)
#define SEAL_TURN_MS (20 * NP_SEC_MS) /* deadline of a turn */

struct seal_turn {
	bool ours;         /* the lease is ours */
	size_t rows;       /* linked, or signed */
	int64_t oldest_us; /* how long the oldest of them waited */
};
/* NP_E_FENCED, NP_E_EXISTS: the rows are not as the tips say: somebody else wrote. */
NP_NODISCARD np_err seal_link(struct pg_conn *c, const char *owner, struct seal_turn *ret);
/* Signs the tips that moved and appends them to the file, durably, before the database hears
 * of it: the file may know more than the database, never less. */
NP_NODISCARD np_err seal_sign(struct pg_conn *c, const char *owner, struct headsfile *f,
			      struct sign_key *key, struct seal_turn *ret);
