/* SPDX-License-Identifier: Apache-2.0 */
/* keeper.h - the thread that talks to PostgreSQL so that the folder never waits for it.
 *
 * Floor 4 (engine). Takes and renews the leases of shards, loads a shard (snapshot and
 * tail of its log), polls what shards depend on, and answers the folder's wishes. A new
 * process is a new owner: its id holds a random part, so that no token outlives it.
 */
#pragma once
#include "base/metrics.h"
#include "engine/msg.h"
#include "pg/pg.h"

#define KEEPER_RENEW_MS 1000
#define KEEPER_POLL_MS 1000
#define KEEPER_CALL_MS 2000  /* one call to the database */
#define KEEPER_LOAD_MS 60000 /* one shard */
#define KEEPER_OWNER_MAX 96

struct keeper_cfg {
	struct pg_conf db;
	const char *owner; /* unique to this process */
	uint32_t want;     /* shards */
	int64_t lease_ms;
	struct mbox *in; /* wishes and nudges; owned by the caller */
	struct mbox *folder;
	struct metrics *metrics;
};
struct keeper;
NP_NODISCARD struct keeper *keeper_new(const struct keeper_cfg *cfg);
void keeper_free(struct keeper *k); /* NULL is fine */
/* Until keeper_stop: then the leases are given back. */
void keeper_run(struct keeper *k);
uint32_t keeper_share(const struct keeper *k); /* any thread: shards that are ours to hold */
void keeper_stop(struct keeper *k);            /* any thread; a nudge makes it notice at once */
