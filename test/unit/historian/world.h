/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - a made-up past: log rows as an owner would write them, and what must become of them.
 *
 * The world inserts log rows, state changes, incidents and refusals, and keeps its own
 * account of every result that counts. world_check then compares the database with that
 * account: chunks, counts, histograms and seconds of every window of every tier.
 */
#pragma once
#include "unit/t.h"

#include "core/histogram.h"
#include "core/uptime.h"
#include "historian/upkeep.h"
#include "pg/pg.h"
#include "wire/chunk.h"

#define WORLD_SHARDS 2
#define WORLD_MONITORS 6 /* three a shard */
#define WORLD_REGIONS 2
#define WORLD_RESULTS 200000
#define WORLD_CHANGES 4000
/* Days, in the order of struct upkeep_keep: what the historian keeps when nobody says otherwise. */
#define WORLD_KEEP                                   \
	{                                            \
		7, 30, 14, 400, 1095, 400, 7, 90, 30 \
	}

struct world_result { /* counts */
	uint64_t monitor;
	uint32_t region;
	struct chunk_row row;
};
struct world_change {
	uint64_t monitor;
	int64_t at_us;
	enum upt_state state;
};
struct world_incident {
	uint64_t monitor;
	int64_t opened_us, closed_us; /* INT64_MAX: open */
};
struct world_monitor {
	uint64_t no;
	int64_t created_us;
	int64_t slot_us[WORLD_REGIONS]; /* newest */
	uint32_t attempt[WORLD_REGIONS];
	bool down;
};
struct world {
	struct pg_conn *admin, *c; /* c: np_historian through the pool */
	uint64_t dice;
	int64_t now_us;
	uint64_t pos[WORLD_SHARDS];
	int64_t at_us[WORLD_SHARDS]; /* time of the newest log row */
	uint64_t seq[WORLD_SHARDS];
	struct world_monitor mon[WORLD_MONITORS];
	struct world_result *result;
	size_t result_n;
	struct world_change *change;
	size_t change_n;
	struct world_incident *incident;
	size_t incident_n;
	uint64_t duplicates, refused;
};

/* The servers' database, with the schema of that folder. */
struct world *world_new(uint64_t seed);
void world_free(struct world *w);
struct pg_conf world_conf(void); /* of np_historian */
uint32_t world_shard(size_t i);  /* number of the i-th shard */
uint64_t world_roll(struct world *w, uint64_t n);
/* One more log row of some shard: results, duplicates, refusals, state changes. */
void world_step(struct world *w);
/* Everything in the log is in the history, and nothing else. */
void world_check(struct world *w);
/* Upkeep until nothing is left over: the rows that went. A lock that something else of the server
 * holds (autovacuum) is waited for. */
int64_t world_upkeep(struct world *w, const struct upkeep_keep *keep);
