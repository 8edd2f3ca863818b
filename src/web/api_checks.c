/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "web/api.h"
#include "web/shown.h"
#include "web/input.h"
#include "web/rpool.h"
#include "web/store_history.h"
#include "web/store_monitor.h"
#include "wire/live.h"

#define CHECKS_MAX 20000 /* gathered for one page */
#define RECENT_ARENA ((size_t)1024 * 1024)

/* One page: what memory and history know, put together; each attempt once. */
struct gathering {
	struct shown *item; /* owned */
	size_t n;
	int64_t before_us, floor_us; /* nothing older than floor is complete */
	bool recent;
	struct arena *arena; /* of what came from memory */
	struct redis_reply *reply;
	struct pg_res *chunks;
};

static void gathering_done(struct gathering *g)
{
	free(g->item);
	arena_free(g->arena);
	redis_reply_free(g->reply);
	pg_res_free(g->chunks);
}

static void add(struct gathering *g, const struct shown *c)
{
	if (g->n < CHECKS_MAX && c->slot_us < g->before_us)
		g->item[g->n++] = *c;
}

static void read_recent(struct wreq *q, uint64_t monitor, struct gathering *g)
{
	char key[LIVE_KEY_MAX];
	struct redis_args args;
	redis_args_init(&args, "LRANGE");
	redis_args_add(&args, live_last_key(monitor, key));
	redis_args_i64(&args, 0);
	redis_args_i64(&args, LIVE_LAST_MAX - 1);
	g->arena = arena_new(RECENT_ARENA);
	if (!g->arena || rpool_cmd(q->web->redis, &args, &g->reply) < 0)
		return; /* a cache: the page ends where history ends */
	for (size_t i = 0; i < redis_reply_len(g->reply); i++) {
		Np__I1__LiveResult *r = NULL;
		np_str bytes = redis_reply_str(redis_reply_at(g->reply, i));
		if (live_open_last(q->web->seal, monitor, bytes, g->arena, &r) < 0)
			continue;
		struct shown c = shown_of_live(r);
		add(g, &c);
		g->recent = true;
	}
}

static np_err read_chunks(struct pg_conn *c, int64_t monitor, int32_t limit, struct gathering *g)
{
	struct sth_range r = {
		.no = monitor, .from_us = 0, .to_us = g->before_us, .limit = limit + 50
	};
	np_err e = sth_chunks(c, &r, &g->chunks);
	if (e < 0)
		return e;
	size_t rows = pg_res_rows(g->chunks);
	for (size_t i = 0; i < rows; i++) {
		struct chunk_iter it;
		struct chunk_row row;
		if (chunk_open(pg_res_str(g->chunks, i, 2), &it) < 0)
			continue;
		while (chunk_next(&it, &row)) {
			struct shown ch = shown_of_row((uint32_t)pg_res_i64(g->chunks, i, 0), &row);
			add(g, &ch);
		}
	}
	/* Cut off by the limit: the oldest ten minutes may lack a region. */
	if (rows == (size_t)r.limit)
		g->floor_us = pg_res_time(g->chunks, rows - 1, 1) + CHUNK_SPAN_US;
	return NP_OK;
}

/* Sort, drop repeats and what is not complete; yields how many make the page: the limit, and
 * further ones of the same slot, since `before` cannot cut through one. */
static size_t arrange(struct gathering *g, size_t limit)
{
	size_t n = 0, page;
	if (g->n)
		qsort(g->item, g->n, sizeof *g->item, shown_cmp);
	for (size_t i = 0; i < g->n; i++)
		if (g->item[i].slot_us >= g->floor_us &&
		    (n == 0 || !shown_is_same(&g->item[n - 1], &g->item[i])))
			g->item[n++] = g->item[i];
	for (page = 0; page < n; page++)
		if (page >= limit && g->item[page].slot_us != g->item[page - 1].slot_us)
			break;
	g->n = n;
	return page;
}

static np_str region_name(const struct stm_regions *known, uint32_t number)
{
	for (size_t i = 0; i < known->n; i++)
		if (known->number[i] == number)
			return known->name[i];
	return NP_STR("?");
}

static void write_page(struct wreq *q, const struct gathering *g, size_t n,
		       const struct stm_regions *known)
{
	struct jsonw *w = &q->json;
	jsonw_obj(w);
	jsonw_key(w, "items");
	jsonw_arr(w);
	for (size_t i = 0; i < n; i++)
		shown_write(&g->item[i], region_name(known, g->item[i].region), w);
	jsonw_arr_end(w);
	/* More, if something was left over here or in the database. */
	bool more = n > 0 && (n < g->n || g->floor_us > 0);
	jsonw_ktime(w, "next", more ? g->item[n - 1].slot_us : 0);
	jsonw_kc(w, "source", g->recent ? "recent" : "history");
	jsonw_obj_end(w);
}

np_err api_checks(struct wreq *q, struct pg_conn *c)
{
	static const int64_t range[2] = { 1, 1000 };
	NP_CLEANUP(gathering_done) struct gathering g = { .before_us = INT64_MAX / 2 };
	struct sth_monitor m = { 0 };
	(void)in_time(q, "before", &g.before_us);
	int32_t limit = (int32_t)in_number(q, "limit", range, 100);
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = sth_monitor(q, c, &m);
	if (e < 0)
		return e;
	struct stm_regions *known = arena_alloc(q->arena, sizeof *known);
	g.item = np_calloc(CHECKS_MAX, sizeof *g.item);
	if (!known || !g.item)
		return NP_E_NOMEM;
	if (g.before_us == INT64_MAX / 2)
		g.before_us = clock_wall_us() + NP_DAY_US;
	e = stm_regions(c, q->arena, known);
	if (e == NP_OK)
		e = read_chunks(c, m.no, limit, &g);
	if (e < 0)
		return e;
	read_recent(q, (uint64_t)m.no, &g);
	write_page(q, &g, arrange(&g, (size_t)limit), known);
	return NP_OK;
}
