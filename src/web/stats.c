/* SPDX-License-Identifier: Apache-2.0 */
#include "web/stats.h"

#include "base/clock.h"
#include "base/map.h"
#include "core/uptime.h"
#include "web/excluded.h"
#include "web/store_maintenance.h"
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

#define LENGTH(r) /* in µs, of a multirange */                                                 \
	"(SELECT (coalesce(sum(extract(epoch FROM upper(u) - lower(u))), 0) * 1000000)::bigint" \
	" FROM unnest(" r ") u)"

/* Known: the spans of states in which somebody looked. Bad: incidents. $1 to $3: stretches of
 * maintenance (web/excluded.h), which take precedence over all of it. */
static const char stats_sql[] =
	"WITH w AS (SELECT $4::timestamptz AS f, $5::timestamptz AS t),"
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
	" known AS (SELECT id, range_agg(tstzrange(a, b)) AS r FROM k WHERE b > a GROUP BY id),"
	" bad AS (SELECT i.monitor_id AS id,"
	"   range_agg(tstzrange(i.opened_at, coalesce(i.closed_at, w.t))) AS r FROM w, np.incident i"
	"  WHERE i.opened_at < coalesce(i.closed_at, w.t) AND coalesce(i.closed_at, w.t) > w.f"
	"  GROUP BY i.monitor_id),"
	" out AS (SELECT m.id, range_agg(tstzrange(x.a, x.b)) AS r"
	"  FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) x(n, a, b)"
	"  JOIN np.maintenance n ON n.id = x.n JOIN np.monitor m ON " SMA_CONCERNS(
		"n.scope",
		"m") " GROUP BY m.id),"
		     " r AS (SELECT m.id, m.life, coalesce(known.r, '{}') AS known, coalesce(bad.r, '{}') AS bad,"
		     "   coalesce(out.r, '{}') * tstzmultirange(m.life) AS out FROM"
		     "   (SELECT id, tstzrange(least(greatest(created_at, w.f), w.t), w.t) AS life"
		     "     FROM w, np.monitor WHERE deleted_at IS NULL) m"
		     "   LEFT JOIN known ON known.id = m.id LEFT JOIN bad ON bad.id = m.id"
		     "   LEFT JOIN out ON out.id = m.id)"
		     " SELECT r.id, " LENGTH("r.known - r.out") ", " LENGTH("r.bad * r.known - r.out") ", " LENGTH(
			     "r.out") ", " LENGTH("tstzmultirange(r.life)") ","
									    " (SELECT array_agg(h.hist) FROM np.rollup_5m h WHERE h.monitor_id = r.id"
									    "   AND h.at > now() - interval '1 hour')"
									    " FROM r ORDER BY r.id";

enum { C_ID, C_KNOWN, C_DOWN, C_OUT, C_LIFE, C_HISTS };

static np_err read_rows(struct pg_conn *c, struct pg_res **ret)
{
	struct window_span month = { .to_us = clock_wall_us() };
	month.from_us = month.to_us - 30 * NP_DAY_US;
	NP_CLEANUP(excluded_done) struct excluded x = { 0 };
	np_err e = excluded_load(c, EXCLUDED_ALL, &month, &x);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_array_done) struct pg_array ids;
	NP_CLEANUP(pg_array_done) struct pg_array from;
	NP_CLEANUP(pg_array_done) struct pg_array to;
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_array_init(&ids, PG_UUID);
	pg_array_init(&from, PG_TIMESTAMPTZ);
	pg_array_init(&to, PG_TIMESTAMPTZ);
	pg_params_init(&p);
	for (size_t i = 0; i < x.n; i++) {
		pg_array_uuid(&ids, x.span[i].maintenance);
		pg_array_time(&from, x.span[i].from_us);
		pg_array_time(&to, x.span[i].to_us);
	}
	pg_params_array(&p, &ids);
	pg_params_array(&p, &from);
	pg_params_array(&p, &to);
	pg_params_time(&p, month.from_us);
	pg_params_time(&p, month.to_us);
	return pg_exec(c, stats_sql, &p, ret);
}

static int64_t p95_of(const struct pg_res *res, size_t i)
{
	np_str blob[HISTS_MAX];
	struct hist all = { 0 };
	if (pg_res_null(res, i, C_HISTS))
		return -1;
	size_t n = pg_res_strs(res, i, C_HISTS, blob, HISTS_MAX);
	for (size_t k = 0; k < n && k < HISTS_MAX; k++)
		rhist_merge_all(blob[k], &all);
	return hist_at(&all, 9500);
}

NP_NODISCARD np_err stats_read(struct pg_conn *c, struct arena *a, struct stats *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = read_rows(c, &res);
	if (e < 0)
		return e;
	size_t n = pg_res_rows(res);
	struct stats_row *row = arena_calloc(a, n + 1, sizeof *row);
	if (!row)
		return NP_E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		int64_t known = pg_res_i64(res, i, C_KNOWN), down = pg_res_i64(res, i, C_DOWN);
		int64_t out = pg_res_i64(res, i, C_OUT), life = pg_res_i64(res, i, C_LIFE);
		struct upt_sum sum = {
			.us = { [UPT_EXCLUDED] = out, [UPT_DOWN] = down, [UPT_UP] = known - down }
		};
		if (life > known + out)
			sum.us[UPT_UNKNOWN] = life - known - out;
		row[i] = (struct stats_row){ .monitor = (uint64_t)pg_res_i64(res, i, C_ID),
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
