/* SPDX-License-Identifier: Apache-2.0 */
/* feedover.h - tables behind the overlays: parents' states, trust in regions, tallies.
 *
 * Floor 4 (engine). Blocking; the keeper's thread. What it reads is the whole present
 * truth each time: few rows, and nothing to miss.
 */
#pragma once
#include "engine/msg.h"
#include "pg/pg.h"

/* States of all monitors that are somebody's parent: *ret is MSG_PARENTS. */
NP_NODISCARD np_err feedover_parents(struct pg_conn *c, struct msg **ret);
/* Regions that are suspect: *ret is MSG_TRUST. */
NP_NODISCARD np_err feedover_trust(struct pg_conn *c, struct msg **ret);
/* Every maintenance, when one changed since seen->xid or nothing was read yet (0): *ret is
 * MSG_WINDOWS; NULL: nothing changed. One that cannot be read is left out and logged. */
struct feedover_seen {
	uint64_t xid;
	int64_t not_before_ms; /* monotonic: whoever changes one each second has a share of us, not all */
};
NP_NODISCARD np_err feedover_windows(struct pg_conn *c, struct feedover_seen *seen,
				     struct msg **ret);
/* What this engine's shards counted (MSG_TALLY), written down. */
NP_NODISCARD np_err feedover_tally(struct pg_conn *c, const struct msg *tally);

/* The coordinator: decides, tells the operators once, and audits; all under shard 0's token. */
struct feedover_coord {
	const char *owner;
	uint64_t token;
	bool settled; /* in office for long enough to know who is silent */
};
NP_NODISCARD np_err feedover_judge(struct pg_conn *c, const struct feedover_coord *who);
