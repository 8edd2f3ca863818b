/* SPDX-License-Identifier: Apache-2.0 */
/* store_history.h - SQL for what was: packed results, roll-ups, states, incidents.
 *
 * Floor 4 (web). Worker thread, in the tenant's transaction.
 */
#pragma once
#include "core/monitor.h"
#include "web/req.h"

#define STH_CHUNKS_MAX 5000 /* of one request */
#define STH_ROLLUPS_MAX 20000
#define STH_CHANGES_MAX 100000

struct sth_monitor {
	int64_t no, created_us;
	np_str core;                      /* in the arena */
	uint32_t region[MON_REGIONS_MAX]; /* numbers */
	size_t region_n;
};
/* The monitor of q->subject. NP_E_NOTFOUND. */
NP_NODISCARD np_err sth_monitor(struct wreq *q, struct pg_conn *c, struct sth_monitor *ret);

struct sth_range {
	int64_t no, from_us, to_us; /* [from, to) */
	int32_t limit;
};
/* Rows (region_id, slot_at, packed), newest first. */
NP_NODISCARD np_err sth_chunks(struct pg_conn *c, const struct sth_range *r, struct pg_res **ret);
/* Rows (at, passes, fail, unknown, hist), oldest first; `hours`: hourly rows as far as there are. */
NP_NODISCARD np_err sth_rollups(struct pg_conn *c, const struct sth_range *r, bool hours,
				struct pg_res **ret);
/* Rows (at, state, degraded), oldest first, with the newest one before the range. */
NP_NODISCARD np_err sth_changes(struct pg_conn *c, const struct sth_range *r, struct pg_res **ret);
/* Rows (id, opened_at, closed_at or NULL, why), oldest first: those that overlap the range. */
NP_NODISCARD np_err sth_incidents(struct pg_conn *c, const struct sth_range *r,
				  struct pg_res **ret);
