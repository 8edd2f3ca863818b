/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/store.h"

#include "base/clock.h"

np_err store_cursor_read(struct pg_conn *c, uint32_t shard, struct store_cursor *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)shard);
	np_err e = pg_exec(c, "SELECT pos, at FROM np.historian_cursor WHERE shard = $1 FOR UPDATE",
			   &p, &r);
	if (e < 0)
		return e;
	if (pg_res_rows(r) != 1)
		return NP_E_NOTFOUND;
	*ret = (struct store_cursor){ (uint64_t)pg_res_i64(r, 0, 0), pg_res_time(r, 0, 1) };
	return NP_OK;
}

np_err store_cursor_move(struct pg_conn *c, uint32_t shard, const struct store_cursor *to)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)shard);
	pg_params_i64(&p, (int64_t)to->pos);
	pg_params_time(&p, to->at_us);
	return pg_exec(c, "UPDATE np.historian_cursor SET pos = $2, at = $3 WHERE shard = $1", &p,
		       NULL);
}

np_err store_positions(struct pg_conn *c, uint64_t ret_pos[NP_SHARDS])
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = pg_exec(c, "SELECT id, pos FROM np.shard", NULL, &r);
	if (e < 0)
		return e;
	memset(ret_pos, 0, NP_SHARDS * sizeof *ret_pos);
	for (size_t i = 0; i < pg_res_rows(r); i++)
		if (pg_res_i64(r, i, 0) >= 0 && pg_res_i64(r, i, 0) < NP_SHARDS)
			ret_pos[pg_res_i64(r, i, 0)] = (uint64_t)pg_res_i64(r, i, 1);
	return NP_OK;
}

/* The time of a shard's log never decreases: only partitions from there on are looked into. */
np_err store_log(struct pg_conn *c, uint32_t shard, const struct store_cursor *after, uint32_t rows,
		 struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)shard);
	pg_params_i64(&p, (int64_t)after->pos);
	pg_params_time(&p, after->at_us);
	pg_params_i32(&p, (int32_t)rows);
	return pg_exec(c,
		       "SELECT pos, at, inputs FROM np.log"
		       " WHERE shard = $1 AND pos > $2 AND at >= $3 ORDER BY pos LIMIT $4",
		       &p, ret);
}

np_err store_days(struct pg_conn *c, struct store_days *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = pg_exec(
		c,
		"SELECT to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC'"
		" FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid"
		" WHERE i.inhparent IN ('np.chunk'::regclass, 'np.rollup_5m'::regclass,"
		" 'np.rollup_1h'::regclass)"
		" GROUP BY 1 HAVING count(*) = 3 ORDER BY 1 DESC LIMIT 1000",
		NULL, &r);
	if (e < 0)
		return e;
	ret->n = pg_res_rows(r);
	for (size_t i = 0; i < ret->n; i++)
		ret->day_us[i] = pg_res_time(r, i, 0);
	return NP_OK;
}

bool store_days_has(const struct store_days *d, int64_t at_us)
{
	int64_t day = clock_day_start_us(at_us);
	for (size_t i = 0; i < d->n; i++)
		if (d->day_us[i] == day)
			return true;
	return false;
}

/* Seconds are stored up to from.at. They differ before that only where the state changed in the
 * meantime: an incident is dated back to its first failing attempt, its end to the pass. */
np_err store_monitors(struct pg_conn *c, const struct store_range *r, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)r->shard);
	pg_params_time(&p, r->from.at_us);
	pg_params_i64(&p, (int64_t)r->from.pos);
	pg_params_time(&p, r->to.at_us);
	return pg_exec(
		c,
		"SELECT m.id, m.org_id, m.created_at, least($2, x.since),"
		" coalesce(m.deleted_at, 'infinity')"
		" FROM np.monitor m LEFT JOIN LATERAL ("
		"  SELECT min(CASE WHEN i.decided_at >= $2 - interval '1 minute' THEN i.opened_at"
		"   WHEN i.closed_at > $2 - interval '1 day' THEN i.closed_at END) AS since"
		"  FROM (SELECT * FROM np.incident n WHERE n.monitor_id = m.id"
		"   ORDER BY n.opened_at DESC LIMIT 8) i"
		"  WHERE EXISTS (SELECT FROM np.state_change s WHERE s.monitor_id = m.id"
		"   AND s.at >= $2 - interval '1 minute' AND s.n > $3)) x ON true"
		" WHERE m.shard = $1 AND m.created_at <= $4"
		" AND (m.deleted_at IS NULL OR m.deleted_at > $2) ORDER BY m.id",
		&p, ret);
}

np_err store_changes(struct pg_conn *c, const struct store_range *r,
		     const struct pg_array *monitors, const struct pg_array *since,
		     struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_array(&p, monitors);
	pg_params_array(&p, since);
	pg_params_i64(&p, (int64_t)r->to.pos);
	return pg_exec(c,
		       "SELECT k.id, s.at, s.state, s.degraded FROM unnest($1, $2) AS k(id, since)"
		       " CROSS JOIN LATERAL ("
		       "  (SELECT c.at, c.n, c.state, c.degraded FROM np.state_change c"
		       "    WHERE c.monitor_id = k.id AND c.at <= k.since AND c.n <= $3"
		       "    ORDER BY c.at DESC, c.n DESC LIMIT 1)"
		       "  UNION ALL"
		       "  (SELECT c.at, c.n, c.state, c.degraded FROM np.state_change c"
		       "    WHERE c.monitor_id = k.id AND c.at > k.since AND c.n <= $3)) s"
		       " ORDER BY k.id, s.at, s.n",
		       &p, ret);
}

np_err store_incidents(struct pg_conn *c, const struct store_range *r,
		       const struct pg_array *monitors, const struct pg_array *since,
		       struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_array(&p, monitors);
	pg_params_array(&p, since);
	pg_params_time(&p, r->to.at_us);
	return pg_exec(
		c,
		"SELECT k.id, i.opened_at, coalesce(i.closed_at, 'infinity')"
		" FROM unnest($1, $2) AS k(id, since) CROSS JOIN LATERAL ("
		"  SELECT n.opened_at, n.closed_at FROM np.incident n WHERE n.monitor_id = k.id"
		"  ORDER BY n.opened_at DESC LIMIT 500) i"
		" WHERE coalesce(i.closed_at, 'infinity') > k.since AND i.opened_at < $3"
		" ORDER BY k.id, i.opened_at",
		&p, ret);
}

np_err store_refused(struct pg_conn *c, uint32_t shard, const struct pg_array range[4],
		     struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)shard);
	for (size_t i = 0; i < 4; i++)
		pg_params_array(&p, &range[i]);
	return pg_exec(
		c,
		"SELECT r.checker_id, r.epoch::bigint, r.seq"
		" FROM unnest($2, $3, $4, $5) AS k(checker, epoch, first, last)"
		" JOIN np.rejected r ON r.checker_id = k.checker AND r.epoch = k.epoch::numeric"
		" AND r.shard = $1 AND r.seq BETWEEN k.first AND k.last",
		&p, ret);
}

np_err store_chunks(struct pg_conn *c, const struct pg_array key[3], struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	for (size_t i = 0; i < 3; i++)
		pg_params_array(&p, &key[i]);
	return pg_exec(
		c,
		"SELECT c.monitor_id, c.region_id, c.slot_at, c.packed"
		" FROM unnest($1, $2, $3) AS k(monitor, region, slot) JOIN np.chunk c"
		" ON c.monitor_id = k.monitor AND c.region_id = k.region AND c.slot_at = k.slot"
		" WHERE c.slot_at BETWEEN (SELECT min(x) FROM unnest($3) x)"
		" AND (SELECT max(x) FROM unnest($3) x)",
		&p, ret);
}

np_err store_chunks_put(struct pg_conn *c, const struct pg_array col[6], uint64_t pos)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	for (size_t i = 0; i < 6; i++)
		pg_params_array(&p, &col[i]);
	pg_params_i64(&p, (int64_t)pos);
	return pg_exec(
		c,
		"INSERT INTO np.chunk AS c (org_id, monitor_id, region_id, slot_at, n, packed, pos)"
		" SELECT k.*, $7 FROM unnest($1, $2, $3, $4, $5, $6) AS k"
		" ON CONFLICT (monitor_id, slot_at, region_id) DO UPDATE"
		" SET n = excluded.n, packed = excluded.packed, pos = excluded.pos",
		&p, NULL);
}

#define SQL_ROLLS(table)                                                                             \
	"SELECT r.monitor_id, r.at, r.ok, r.degraded, r.fail, r.unknown, r.excluded_s, r.unknown_s," \
	" r.down_s, r.degraded_s, r.up_s, r.hist FROM unnest($1, $2) AS k(monitor, at)"              \
	" JOIN np." table " r ON r.monitor_id = k.monitor AND r.at = k.at"                           \
	" WHERE r.at BETWEEN (SELECT min(x) FROM unnest($2) x) AND (SELECT max(x) FROM unnest($2) x)"

#define SQL_ROLLS_PUT(table)                                                                          \
	"INSERT INTO np." table                                                                       \
	" (org_id, monitor_id, at, ok, degraded, fail, unknown, excluded_s,"                          \
	" unknown_s, down_s, degraded_s, up_s, hist)"                                                 \
	" SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"               \
	" ON CONFLICT (monitor_id, at) DO UPDATE SET ok = excluded.ok, degraded = excluded.degraded," \
	" fail = excluded.fail, unknown = excluded.unknown, excluded_s = excluded.excluded_s,"        \
	" unknown_s = excluded.unknown_s, down_s = excluded.down_s,"                                  \
	" degraded_s = excluded.degraded_s, up_s = excluded.up_s, hist = excluded.hist"

static const char *const sql_rolls[] = { [STORE_5M] = SQL_ROLLS("rollup_5m"),
					 [STORE_1H] = SQL_ROLLS("rollup_1h"),
					 [STORE_1D] = SQL_ROLLS("rollup_1d") };
static const char *const sql_rolls_put[] = { [STORE_5M] = SQL_ROLLS_PUT("rollup_5m"),
					     [STORE_1H] = SQL_ROLLS_PUT("rollup_1h"),
					     [STORE_1D] = SQL_ROLLS_PUT("rollup_1d") };
static_assert(NP_LEN(sql_rolls) == STORE_TIER_N, "one for every tier");
static_assert(NP_LEN(sql_rolls_put) == STORE_TIER_N, "one for every tier");

np_err store_rolls(struct pg_conn *c, enum store_tier tier, const struct pg_array key[2],
		   struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_array(&p, &key[0]);
	pg_params_array(&p, &key[1]);
	return pg_exec(c, sql_rolls[tier], &p, ret);
}

np_err store_rolls_put(struct pg_conn *c, enum store_tier tier,
		       const struct pg_array col[STORE_ROLL_COLUMNS])
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	for (size_t i = 0; i < STORE_ROLL_COLUMNS; i++)
		pg_params_array(&p, &col[i]);
	return pg_exec(c, sql_rolls_put[tier], &p, NULL);
}
