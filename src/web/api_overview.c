/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "core/monstate.h"
#include "core/step.h"
#include "core/uptime.h"
#include "web/api.h"
#include "web/tap.h"
#include "web/rpool.h"
#include "web/stats.h"
#include "web/store_overview.h"
#include "wire/live.h"

#define STRIP_MAX 30
#define TAGS_NONE 2 /* length of "[]" */

struct strip {
	uint64_t monitor;
	np_str text;
};

/* What an overview needs beside its rows. */
struct view {
	/* from the loop */
	uint64_t seq;
	struct orgfeed_last *last; /* by monitor */
	size_t n_last;
	struct stats stats;
	bool has_stats, behind;
	/* from the worker */
	struct redis_reply *reply; /* keeps the strips' texts */
	struct strip *strip;       /* by monitor */
	size_t n_strip;
	size_t states[STEP_STATE_N], partial, degraded, incidents;
};

static int by_no(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}
static_assert(offsetof(struct orgfeed_last, monitor) == 0, "sorted and found by its head");
static_assert(offsetof(struct strip, monitor) == 0, "sorted and found by its head");

/* Loop's thread: the identity is known now, the rows are read next. */
void api_overview_prepare(struct wreq *q)
{
	struct view *v = q->extra;
	struct orgfeed *o = tap_org(q->web->tap, q->who.org);
	if (!o)
		return;
	v->seq = orgfeed_seq(o);
	v->n_last = orgfeed_last(o, q->arena, &v->last);
	v->behind = tap_is_behind(q->web->tap);
	v->has_stats = stats_take(q->web->stats, q, &v->stats);
}

/* Loop's thread, after it. */
void api_overview_keep(struct wreq *q)
{
	const struct view *v = q->extra;
	if (!v->has_stats)
		stats_keep(q->web->stats, q, &v->stats);
}

static void read_strips(struct wreq *q, struct view *v)
{
	char key[LIVE_KEY_MAX];
	struct redis_args args;
	redis_args_init(&args, "HGETALL");
	redis_args_add(&args, live_strip_key(q->who.org, key));
	if (rpool_cmd(q->web->redis, &args, &v->reply) < 0)
		return; /* a cache: the strips fill up live */
	size_t n = redis_reply_len(v->reply) / 2;
	v->strip = arena_calloc(q->arena, n + 1, sizeof *v->strip);
	for (size_t i = 0; v->strip && i < n; i++) {
		struct strip *s = &v->strip[v->n_strip];
		np_str text = redis_reply_str(redis_reply_at(v->reply, 2 * i + 1));
		if (str_to_u64(redis_reply_str(redis_reply_at(v->reply, 2 * i)), &s->monitor) < 0)
			continue;
		s->text = text.n > STRIP_MAX ? str_sub(text, text.n - STRIP_MAX, text.n) : text;
		v->n_strip++;
	}
	if (v->strip && v->n_strip)
		qsort(v->strip, v->n_strip, sizeof *v->strip, by_no);
}

static void put_strip(struct jsonw *w, const struct view *v, uint64_t no)
{
	const struct strip *s =
		v->n_strip ? bsearch(&no, v->strip, v->n_strip, sizeof *s, by_no) : NULL;
	np_str text = s ? s->text : (np_str){ 0 };
	for (size_t i = 0; i < text.n; i++)
		if (str_find_byte(NP_STR("odfu"), text.p[i]) == SIZE_MAX)
			text = (np_str){ 0 };
	jsonw_kstr(w, "strip", text);
}

/* Newest attempt of any region, when the live feed has not seen one yet. */
static bool last_of_state(np_str core, struct orgfeed_last *ret)
{
	struct mst st;
	if (core.n == 0 || mst_decode(core, &st) < 0)
		return false;
	for (uint32_t i = 0; i < st.region_n; i++) {
		int64_t end = st.vote[i].start_us + st.vote[i].duration_us;
		if (st.vote[i].start_us == 0 || end <= ret->end_us)
			continue;
		ret->end_us = end;
		ret->duration_us = (uint32_t)st.vote[i].duration_us;
	}
	return ret->end_us > 0;
}

static void put_last(struct jsonw *w, const struct view *v, uint64_t no, np_str core)
{
	struct orgfeed_last l = { .monitor = no };
	const struct orgfeed_last *live =
		v->n_last ? bsearch(&no, v->last, v->n_last, sizeof l, by_no) : NULL;
	if (live)
		l = *live;
	else if (!last_of_state(core, &l))
		return;
	jsonw_key(w, "last_ms");
	jsonw_dbl(w, l.duration_us / 1000.0, 1);
	jsonw_ktime(w, "last_at", l.end_us / 1000 * 1000);
}

static void put_milli(struct jsonw *w, const char *key, int32_t milli)
{
	jsonw_key(w, key);
	if (milli == UPT_NO_DATA)
		jsonw_null(w);
	else
		jsonw_dbl(w, milli / 1000.0, 3);
}

static void put_stats(struct jsonw *w, const struct view *v, uint64_t no)
{
	const struct stats_row *s = stats_find(&v->stats, no);
	if (!s)
		return;
	if (s->p95_us >= 0) {
		jsonw_key(w, "p95_ms");
		jsonw_dbl(w, (double)s->p95_us / 1000.0, 1);
	}
	put_milli(w, "uptime_30d", s->uptime_milli);
	put_milli(w, "observed_30d", s->observed_milli);
}

static void put_flags(struct jsonw *w, const struct pg_res *r, size_t i)
{
	if (pg_res_bool(r, i, SOV_PARTIAL))
		jsonw_kbool(w, "partial", true);
	if (pg_res_bool(r, i, SOV_DEGRADED))
		jsonw_kbool(w, "degraded", true);
	if (pg_res_bool(r, i, SOV_PAUSED))
		jsonw_kbool(w, "paused", true);
	if (pg_res_i64(r, i, SOV_FAILING))
		jsonw_ki64(w, "failing", pg_res_i64(r, i, SOV_FAILING));
	jsonw_ki64(w, "assigned", pg_res_i64(r, i, SOV_ASSIGNED));
	if (!pg_res_null(r, i, SOV_INCIDENT)) {
		uint8_t id[16];
		pg_res_uuid(r, i, SOV_INCIDENT, id);
		jsonw_key(w, "incident");
		jsonw_uuid(w, id);
	}
	if (pg_res_str(r, i, SOV_WHY).n)
		jsonw_kstr(w, "why", pg_res_str(r, i, SOV_WHY));
	if (pg_res_str(r, i, SOV_TAGS).n > TAGS_NONE) {
		jsonw_key(w, "tags");
		jsonw_raw(w, pg_res_str(r, i, SOV_TAGS));
	}
}

static void put_regions(struct jsonw *w, const struct pg_res *r, size_t i)
{
	int64_t ids[MON_REGIONS_MAX];
	size_t n = pg_res_ints(r, i, SOV_REGIONS, ids, MON_REGIONS_MAX);
	jsonw_key(w, "regions");
	jsonw_arr(w);
	for (size_t k = 0; k < n && k < MON_REGIONS_MAX; k++)
		jsonw_i64(w, ids[k]);
	jsonw_arr_end(w);
}

static void put_row(struct jsonw *w, const struct view *v, const struct pg_res *r, size_t i)
{
	uint8_t id[16];
	uint64_t no = (uint64_t)pg_res_i64(r, i, SOV_NO);
	pg_res_uuid(r, i, SOV_UUID, id);
	jsonw_obj(w);
	jsonw_key(w, "id");
	jsonw_uuid(w, id);
	jsonw_kstr(w, "name", pg_res_str(r, i, SOV_NAME));
	jsonw_kstr(w, "kind", pg_res_str(r, i, SOV_KIND));
	jsonw_kstr(w, "target", pg_res_str(r, i, SOV_TARGET));
	jsonw_kstr(w, "state", pg_res_str(r, i, SOV_STATE));
	jsonw_ktime(w, "since", pg_res_time(r, i, SOV_SINCE) / 1000 * 1000);
	put_flags(w, r, i);
	put_strip(w, v, no);
	put_last(w, v, no, pg_res_str(r, i, SOV_CORE));
	put_stats(w, v, no);
	double interval = pg_res_f64(r, i, SOV_INTERVAL);
	jsonw_key(w, "interval_s");
	jsonw_dbl(w, interval, interval < 100 && (double)(int)interval != interval ? 3 : 0);
	put_regions(w, r, i);
	jsonw_obj_end(w);
}

static void count(struct view *v, const struct pg_res *r)
{
	for (size_t i = 0; i < pg_res_rows(r); i++) {
		enum step_state s = STEP_PENDING;
		if (step_state_from_name(pg_res_str(r, i, SOV_STATE), &s) == NP_OK)
			v->states[s]++;
		v->partial += pg_res_bool(r, i, SOV_PARTIAL);
		v->degraded += pg_res_bool(r, i, SOV_DEGRADED);
		v->incidents += !pg_res_null(r, i, SOV_INCIDENT);
	}
}

static void put_counts(struct jsonw *w, const struct view *v, size_t total)
{
	jsonw_key(w, "counts");
	jsonw_obj(w);
	jsonw_ki64(w, "total", (int64_t)total);
	for (int s = 0; s < STEP_STATE_N; s++)
		jsonw_ki64(w, step_state_name((enum step_state)s), (int64_t)v->states[s]);
	jsonw_ki64(w, "partial", (int64_t)v->partial);
	jsonw_ki64(w, "degraded", (int64_t)v->degraded);
	jsonw_ki64(w, "incidents", (int64_t)v->incidents);
	jsonw_obj_end(w);
}

static void put_head(struct wreq *q, const struct view *v)
{
	struct jsonw *w = &q->json;
	jsonw_kstr(w, "seq",
		   arena_printf(q->arena, "%s.%llu", tap_incarnation(q->web->tap),
				(unsigned long long)v->seq));
	jsonw_ktime(w, "now", clock_wall_us());
	jsonw_kc(w, "version", NP_VERSION);
	jsonw_kbool(w, "one_machine", q->web->one_machine);
	jsonw_kbool(w, "behind", v->behind);
	jsonw_key(w, "org");
	jsonw_obj(w);
	jsonw_kstr(w, "name", q->who.org_name);
	jsonw_kbool(w, "private_ok", q->who.private_ok);
	jsonw_obj_end(w);
	jsonw_kc(w, "role", acc_role_name(q->who.role));
}

static void put_all(struct wreq *q, struct view *v, const struct pg_res *mons,
		    const struct pg_res *regions)
{
	struct jsonw *w = &q->json;
	jsonw_obj(w);
	put_head(q, v);
	jsonw_key(w, "regions");
	jsonw_arr(w);
	for (size_t i = 0; i < pg_res_rows(regions); i++)
		jsonw_raw(w, pg_res_str(regions, i, 0));
	jsonw_arr_end(w);
	put_counts(w, v, pg_res_rows(mons));
	jsonw_key(w, "monitors");
	jsonw_arr(w);
	for (size_t i = 0; i < pg_res_rows(mons); i++)
		put_row(w, v, mons, i);
	jsonw_arr_end(w);
	jsonw_obj_end(w);
}

static np_err build(struct wreq *q, struct pg_conn *c)
{
	struct view *v = q->extra;
	NP_CLEANUP(pg_res_free_p) struct pg_res *mons = NULL;
	NP_CLEANUP(pg_res_free_p) struct pg_res *regions = NULL;
	np_err e = sov_monitors(c, &mons);
	if (e == NP_OK)
		e = sov_regions(c, &regions);
	if (e == NP_OK && !v->has_stats)
		e = stats_read(c, q->arena, &v->stats);
	if (e < 0)
		return e;
	if (v->n_last)
		qsort(v->last, v->n_last, sizeof *v->last, by_no);
	read_strips(q, v);
	count(v, mons);
	put_all(q, v, mons, regions);
	redis_reply_free(v->reply);
	v->reply = NULL;
	return NP_OK;
}

/* First only the identity; the live feed's place is taken before the rows are read, so that
 * nothing falls between the two. */
np_err api_overview(struct wreq *q, struct pg_conn *c)
{
	(void)c;
	q->extra = arena_alloc(q->arena, sizeof(struct view));
	if (!q->extra)
		return NP_E_NOMEM;
	q->later = build;
	q->noted = true;
	return NP_OK;
}
