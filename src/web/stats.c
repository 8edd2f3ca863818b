/* SPDX-License-Identifier: Apache-2.0 */
#include "web/stats.h"

#include "base/map.h"
#include "core/uptime.h"
#include "wire/rhist.h"

#define HISTS_MAX 24 /* five-minute rows of an hour, and some */

struct kept {
	int64_t at_ms;
	size_t n;
	struct stats_row row[];
};
struct stats_cache {
	struct map *by_org;
};

struct stats_cache *stats_cache_new(void)
{
	struct stats_cache *c = np_zalloc(sizeof *c);
	if (!c)
		return NULL;
	c->by_org = map_new(STATS_ORGS_MAX);
	if (!c->by_org) {
		free(c);
		return NULL;
	}
	return c;
}

static void drop(void *kept)
{
	free(kept);
}

void stats_cache_free(struct stats_cache *c)
{
	if (!c)
		return;
	map_free(c->by_org, drop);
	free(c);
}

static bool is_old(const struct kept *k, int64_t now_ms)
{
	int64_t good_ms = STATS_FEW_MS + (int64_t)k->n * STATS_EACH_MS;
	return now_ms - k->at_ms > (good_ms < STATS_FOR_MS ? good_ms : STATS_FOR_MS);
}

bool stats_take(const struct stats_cache *c, const struct wreq *q, struct stats *ret)
{
	const struct kept *k = map_get(c->by_org, q->who.org);
	if (!k || is_old(k, loop_now_ms(q->web->loop)))
		return false;
	struct stats_row *row = arena_calloc(q->arena, k->n + 1, sizeof *row);
	if (!row)
		return false;
	if (k->n)
		memcpy(row, k->row, k->n * sizeof *row);
	*ret = (struct stats){ row, k->n };
	return true;
}

void stats_keep(struct stats_cache *c, const struct wreq *q, const struct stats *s)
{
	void *old = NULL;
	struct kept *k = np_zalloc(sizeof *k + s->n * sizeof *s->row);
	if (!k)
		return;
	k->at_ms = loop_now_ms(q->web->loop);
	k->n = s->n;
	if (s->n)
		memcpy(k->row, s->row, s->n * sizeof *s->row);
	if (map_put(c->by_org, q->who.org, k, &old) < 0)
		free(k);
	free(old);
}

/* Known time: the spans of states in which somebody looked. Down: incidents within them. */
static const char stats_sql[] =
	"WITH w AS (SELECT now() - interval '30 days' AS f, now() AS t),"
	" s AS (SELECT m.id, x.at, x.state,"
	"   lead(x.at) OVER (PARTITION BY m.id ORDER BY x.at, x.n) AS nxt"
	"  FROM w CROSS JOIN np.monitor m CROSS JOIN LATERAL ("
	"   (SELECT c.at, c.n, c.state FROM np.state_change c"
	"     WHERE c.monitor_id = m.id AND c.at >= w.f)"
	"   UNION ALL (SELECT c.at, c.n, c.state FROM np.state_change c"
	"     WHERE c.monitor_id = m.id AND c.at < w.f ORDER BY c.at DESC, c.n DESC LIMIT 1)) x"
	"  WHERE m.deleted_at IS NULL),"
	" k AS (SELECT s.id, greatest(s.at, w.f) AS a, coalesce(s.nxt, w.t) AS b FROM s, w"
	"  WHERE s.state NOT IN ('pending', 'nodata', 'paused')),"
	" known AS (SELECT id, sum(extract(epoch FROM b - a)) AS s FROM k WHERE b > a GROUP BY id),"
	" down AS (SELECT k.id, sum(extract(epoch FROM least(coalesce(i.closed_at, k.b), k.b)"
	"   - greatest(i.opened_at, k.a))) AS s FROM k JOIN np.incident i ON i.monitor_id = k.id"
	"  WHERE i.opened_at < k.b AND coalesce(i.closed_at, k.b) > k.a GROUP BY k.id)"
	" SELECT m.id, (coalesce(known.s, 0) * 1000000)::bigint, (coalesce(down.s, 0) * 1000000)::bigint,"
	" (extract(epoch FROM w.t - greatest(m.created_at, w.f)) * 1000000)::bigint,"
	" (SELECT array_agg(r.hist) FROM np.rollup_5m r WHERE r.monitor_id = m.id"
	"   AND r.at > now() - interval '1 hour')"
	" FROM w CROSS JOIN np.monitor m LEFT JOIN known ON known.id = m.id"
	" LEFT JOIN down ON down.id = m.id WHERE m.deleted_at IS NULL ORDER BY m.id";

static int64_t p95_of(const struct pg_res *res, size_t i)
{
	np_str blob[HISTS_MAX];
	struct hist all = { 0 };
	if (pg_res_null(res, i, 4))
		return -1;
	size_t n = pg_res_strs(res, i, 4, blob, HISTS_MAX);
	for (size_t k = 0; k < n && k < HISTS_MAX; k++)
		rhist_merge_all(blob[k], &all);
	return hist_at(&all, 9500);
}

NP_NODISCARD np_err stats_read(struct pg_conn *c, struct arena *a, struct stats *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, stats_sql, NULL, &res);
	if (e < 0)
		return e;
	size_t n = pg_res_rows(res);
	struct stats_row *row = arena_calloc(a, n + 1, sizeof *row);
	if (!row)
		return NP_E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		int64_t known = pg_res_i64(res, i, 1), down = pg_res_i64(res, i, 2);
		int64_t all = pg_res_i64(res, i, 3);
		down = down > known ? known : down;
		struct upt_sum sum = { .us = { [UPT_DOWN] = down,
					       [UPT_UP] = known - down,
					       [UPT_UNKNOWN] = all > known ? all - known : 0 } };
		row[i] = (struct stats_row){ .monitor = (uint64_t)pg_res_i64(res, i, 0),
					     .p95_us = p95_of(res, i),
					     .uptime_milli = upt_uptime_milli(&sum),
					     .observed_milli = upt_observed_milli(&sum) };
	}
	*ret = (struct stats){ row, n };
	return NP_OK;
}

static int by_monitor(const void *key, const void *row)
{
	uint64_t a = *(const uint64_t *)key, b = ((const struct stats_row *)row)->monitor;
	return a < b ? -1 : a > b;
}

const struct stats_row *stats_find(const struct stats *s, uint64_t monitor)
{
	if (s->n == 0)
		return NULL;
	return bsearch(&monitor, s->row, s->n, sizeof *s->row, by_monitor);
}
