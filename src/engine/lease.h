/* SPDX-License-Identifier: Apache-2.0 */
/* lease.h - which shards are ours: taken, renewed, given back.
 *
 * Floor 4 (engine). A take-over raises the shard's token; what is committed under an
 * older one is fenced. Blocking; the keeper's thread.
 */
#pragma once
#include "pg/pg.h"

struct lease_held {
	bool ours;
	bool leaves; /* handed over: released with the next turn */
	uint64_t token;
};
struct lease {
	const char *owner; /* unique to this process */
	uint32_t want;     /* shards at most */
	uint32_t wish;     /* our share of them; 0: not known yet */
	int64_t lease_ms;
	struct lease_held held[NP_SHARDS];
};

uint32_t lease_count(const struct lease *l);
/* Prolong what is held. *ret_lost gains the bits of shards that are somebody else's now. */
NP_NODISCARD np_err lease_renew(struct lease *l, struct pg_conn *c, uint32_t *ret_lost);
/* Take free shards up to `want`. One of ours that had run out comes back under a new token:
 * then it was lost, too. */
NP_NODISCARD np_err lease_take(struct lease *l, struct pg_conn *c, uint32_t *ret_lost);
/* Once, at the start: leases of the process that had this engine's name before are over. */
NP_NODISCARD np_err lease_inherit(const struct lease *l, struct pg_conn *c);
/* How many engines live, and so how many shards are ours to hold: `wish`. */
NP_NODISCARD np_err lease_share(struct lease *l, struct pg_conn *c);
/* Beyond our share: one that leaves, NP_SHARDS: none, or one does already. */
uint32_t lease_surplus(struct lease *l);
/* Give back those that leave. */
NP_NODISCARD np_err lease_hand_over(struct lease *l, struct pg_conn *c);
/* The next owner need not wait for the lease to run out. */
NP_NODISCARD np_err lease_release(struct lease *l, struct pg_conn *c);
