/* SPDX-License-Identifier: Apache-2.0 */
/* store.h - every statement of the historian.
 *
 * Floor 4 (historian). Straight-line on the worker's connection; what is written
 * belongs to the transaction that the caller opened.
 */
#pragma once
#include "pg/pg.h"

#define STORE_DAYS_MAX 1000

struct store_cursor {
	uint64_t pos;  /* everything up to this position of the log is in chunks and roll-ups */
	int64_t at_us; /* seconds are counted up to here; INT64_MIN: never */
};
/* Locks the row until the end of the transaction, if there is one. */
NP_NODISCARD np_err store_cursor_read(struct pg_conn *c, uint32_t shard, struct store_cursor *ret);
NP_NODISCARD np_err store_cursor_move(struct pg_conn *c, uint32_t shard,
				      const struct store_cursor *to);

/* Newest position of every shard. */
NP_NODISCARD np_err store_positions(struct pg_conn *c, uint64_t ret_pos[NP_SHARDS]);
/* pos, at, inputs of the next rows behind the cursor. */
NP_NODISCARD np_err store_log(struct pg_conn *c, uint32_t shard, const struct store_cursor *after,
			      uint32_t rows, struct pg_res **ret);

/* Days (UTC midnights) that have a partition in every table that we write. */
struct store_days {
	size_t n;
	int64_t day_us[STORE_DAYS_MAX];
};
NP_NODISCARD np_err store_days(struct pg_conn *c, struct store_days *ret);
bool store_days_has(const struct store_days *d, int64_t at_us);

/* What a flush covers. */
struct store_range {
	uint32_t shard;
	struct store_cursor from, to;
};
/* id, org, created, since when its seconds may differ from what is stored, deleted (or infinity). */
NP_NODISCARD np_err store_monitors(struct pg_conn *c, const struct store_range *r,
				   struct pg_res **ret);
/* monitor, at, state, degraded: the one in force at `since` and those after it. Aligned arrays. */
NP_NODISCARD np_err store_changes(struct pg_conn *c, const struct store_range *r,
				  const struct pg_array *monitors, const struct pg_array *since,
				  struct pg_res **ret);
/* monitor, opened, closed (or infinity). */
NP_NODISCARD np_err store_incidents(struct pg_conn *c, const struct store_range *r,
				    const struct pg_array *monitors, const struct pg_array *since,
				    struct pg_res **ret);
/* checker, epoch, seq of the refused items within ranges of numbers: four aligned arrays. */
NP_NODISCARD np_err store_refused(struct pg_conn *c, uint32_t shard, const struct pg_array range[4],
				  struct pg_res **ret);

/* monitor, region, slot_at, packed of the chunks that exist; keys: three aligned arrays. */
NP_NODISCARD np_err store_chunks(struct pg_conn *c, const struct pg_array key[3],
				 struct pg_res **ret);
/* org, monitor, region, slot_at, n, packed; and the position they go to. */
NP_NODISCARD np_err store_chunks_put(struct pg_conn *c, const struct pg_array col[6], uint64_t pos);

enum store_tier { STORE_5M, STORE_1H, STORE_1D, STORE_TIER_N };
/* monitor, at, ok, degraded, fail, unknown, seconds (excluded, unknown, down, degraded, up), hist.
 * key: monitors and times, aligned. */
NP_NODISCARD np_err store_rolls(struct pg_conn *c, enum store_tier tier,
				const struct pg_array key[2], struct pg_res **ret);
/* org and the columns of store_rolls. */
#define STORE_ROLL_COLUMNS 13
NP_NODISCARD np_err store_rolls_put(struct pg_conn *c, enum store_tier tier,
				    const struct pg_array col[STORE_ROLL_COLUMNS]);

/* Leases: which of these are ours until now + lease. One row a name. */
NP_NODISCARD np_err store_lease(struct pg_conn *c, const char *name, const char *owner,
				int64_t lease_ms, bool *ret_ours);
/* Every shard that we hold or can get, as bits. */
NP_NODISCARD np_err store_lease_shards(struct pg_conn *c, const char *owner, int64_t lease_ms,
				       uint32_t *ret_shards);
/* Give all of ours back. */
NP_NODISCARD np_err store_lease_end(struct pg_conn *c, const char *owner);

NP_NODISCARD np_err store_partitions_make(struct pg_conn *c, int32_t days_ahead);
/* what: log, log_packed, chunk, rollup_5m, rollup_1h. */
NP_NODISCARD np_err store_partitions_drop(struct pg_conn *c, const char *what, int32_t keep_days,
					  int64_t *ret_dropped);
struct store_forgot {
	int64_t looked, gone; /* rows */
};
/* One batch of np.forget(): rows of that table that are older than so many days. */
NP_NODISCARD np_err store_forget(struct pg_conn *c, const char *what, int32_t keep_days,
				 int32_t batch, struct store_forgot *ret);
