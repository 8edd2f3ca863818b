/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_history.h"

NP_NODISCARD np_err sth_monitor(struct wreq *q, struct pg_conn *c, struct sth_monitor *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c,
			   "SELECT m.id, m.created_at, s.core, m.region_ids FROM np.monitor m"
			   " LEFT JOIN np.monitor_state s ON s.monitor_id = m.id"
			   " WHERE m.uuid = $1 AND m.deleted_at IS NULL",
			   &p, &res);
	if (e < 0)
		return e;
	if (pg_res_rows(res) != 1)
		return NP_E_NOTFOUND;
	ret->no = pg_res_i64(res, 0, 0);
	ret->created_us = pg_res_time(res, 0, 1);
	ret->core = arena_str(q->arena, pg_res_str(res, 0, 2));
	int64_t region[MON_REGIONS_MAX];
	size_t n = pg_res_ints(res, 0, 3, region, MON_REGIONS_MAX);
	ret->region_n = n < MON_REGIONS_MAX ? n : MON_REGIONS_MAX;
	for (size_t i = 0; i < ret->region_n; i++)
		ret->region[i] = (uint32_t)region[i];
	return NP_OK;
}

static np_err ranged(struct pg_conn *c, const char *sql, const struct sth_range *r,
		     struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, r->no);
	pg_params_time(&p, r->from_us);
	pg_params_time(&p, r->to_us);
	pg_params_i32(&p, r->limit);
	return pg_exec(c, sql, &p, ret);
}

NP_NODISCARD np_err sth_chunks(struct pg_conn *c, const struct sth_range *r, struct pg_res **ret)
{
	return ranged(c,
		      "SELECT region_id, slot_at, packed FROM np.chunk WHERE monitor_id = $1"
		      " AND slot_at > $2 - interval '10 minutes' AND slot_at < $3"
		      " ORDER BY slot_at DESC, region_id LIMIT $4",
		      r, ret);
}

#define ROLLUP "SELECT at, ok + degraded, fail, unknown, hist FROM "
#define RANGE " WHERE monitor_id = $1 AND at >= $2 AND at < $3"

NP_NODISCARD np_err sth_rollups(struct pg_conn *c, const struct sth_range *r, bool hours,
				struct pg_res **ret)
{
	if (!hours)
		return ranged(c, ROLLUP "np.rollup_5m" RANGE " ORDER BY at LIMIT $4", r, ret);
	return ranged(c,
		      "WITH h AS (SELECT coalesce(max(at) + interval '1 hour', '-infinity') AS til"
		      " FROM np.rollup_1h" RANGE ") " ROLLUP "np.rollup_1h" RANGE
		      " UNION ALL " ROLLUP "np.rollup_5m" RANGE " AND at >= (SELECT til FROM h)"
		      " ORDER BY 1 LIMIT $4",
		      r, ret);
}

NP_NODISCARD np_err sth_changes(struct pg_conn *c, const struct sth_range *r, struct pg_res **ret)
{
	return ranged(c,
		      "SELECT at, state, degraded FROM ("
		      " (SELECT at, n, state, degraded FROM np.state_change WHERE monitor_id = $1"
		      "   AND at >= $2 AND at < $3 ORDER BY at, n LIMIT $4)"
		      " UNION ALL (SELECT at, n, state, degraded FROM np.state_change"
		      "   WHERE monitor_id = $1 AND at < $2 ORDER BY at DESC, n DESC LIMIT 1)"
		      ") x ORDER BY at, n",
		      r, ret);
}

NP_NODISCARD np_err sth_incidents(struct pg_conn *c, const struct sth_range *r, struct pg_res **ret)
{
	return ranged(c,
		      "SELECT id, opened_at, closed_at, why FROM np.incident WHERE monitor_id = $1"
		      " AND opened_at < $3 AND (closed_at IS NULL OR closed_at > $2)"
		      " ORDER BY opened_at LIMIT $4",
		      r, ret);
}
