/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/rolls.h"

#include "base/map.h"
#include "wire/rhist.h"

np_err rolls_init(struct rolls *t, struct arena *a)
{
	*t = (struct rolls){ .a = a, .of_monitor = map_new(ROLLS_MONITORS_MAX) };
	t->last = &t->first;
	return t->of_monitor != NULL ? NP_OK : NP_E_NOMEM;
}

void rolls_done(struct rolls *t)
{
	map_free(t->of_monitor, NULL);
	*t = (struct rolls){ 0 };
}

struct roll *rolls_get(struct rolls *t, uint64_t monitor, uint64_t org, int64_t at_us)
{
	struct roll *newest = map_get(t->of_monitor, monitor);
	struct roll *r = newest;
	while (r != NULL && r->at_us != at_us)
		r = r->of_monitor;
	if (r != NULL)
		return r;
	r = arena_alloc(t->a, sizeof *r);
	if (r == NULL)
		return NULL;
	*r = (struct roll){ .of_monitor = newest, .monitor = monitor, .org = org, .at_us = at_us };
	if (map_put(t->of_monitor, monitor, r, NULL) < 0)
		return NULL;
	*t->last = r;
	t->last = &r->next;
	t->n++;
	return r;
}

static struct hist *roll_hist_of(struct rolls *t, struct roll *r, uint32_t region)
{
	struct roll_hist **at = &r->hist;
	struct roll_hist *h;
	while (*at != NULL && (*at)->region < region)
		at = &(*at)->next;
	if (*at != NULL && (*at)->region == region)
		return &(*at)->h;
	h = arena_alloc(t->a, sizeof *h);
	if (h == NULL)
		return NULL;
	h->region = region;
	h->next = *at;
	*at = h;
	return &h->h;
}

np_err rolls_result(struct rolls *t, struct roll *r, uint32_t region, const struct res_record *res)
{
	struct hist *h;
	assert(res->status > RES_NONE && res->status < RES_STATUS_N);
	r->count[res->status]++;
	r->changed = true;
	if (!res_is_pass(res->status))
		return NP_OK;
	h = roll_hist_of(t, r, region);
	if (h == NULL)
		return NP_E_NOMEM;
	hist_add(h, res->duration_us);
	return NP_OK;
}

/* ---- merging with what is stored ---- */

/* Columns of store_rolls. */
enum { COL_MONITOR, COL_AT, COL_COUNT, COL_S = 6, COL_HIST = 11 };
static_assert(COL_S == COL_COUNT + RES_UNKNOWN && COL_HIST == COL_S + UPT_N, "as in the statement");

static struct roll *roll_of_row(struct rolls *t, const struct pg_res *res, size_t row)
{
	struct roll *r = map_get(t->of_monitor, (uint64_t)pg_res_i64(res, row, COL_MONITOR));
	int64_t at_us = pg_res_time(res, row, COL_AT);
	while (r != NULL && r->at_us != at_us)
		r = r->of_monitor;
	return r;
}

static void roll_difference(struct roll *r, const struct pg_res *res, size_t row)
{
	r->stored = true;
	for (size_t i = 0; i < UPT_N && r->exact; i++)
		r->s[i] -= pg_res_i64(res, row, COL_S + i);
}

static np_err roll_add(struct rolls *t, struct roll *to, const struct roll *more)
{
	for (size_t i = 0; i < RES_STATUS_N; i++)
		to->count[i] += more->count[i];
	for (size_t i = 0; i < UPT_N; i++)
		to->s[i] += more->s[i];
	for (const struct roll_hist *x = more->hist; x != NULL; x = x->next) {
		struct hist *h = roll_hist_of(t, to, x->region);
		if (h == NULL)
			return NP_E_NOMEM;
		hist_merge(h, &x->h);
	}
	to->changed = true;
	return NP_OK;
}

/* Only what really differs is written, and goes on to the wider windows. */
static np_err rolls_pass_on(struct rolls *t, struct rolls *wider, int64_t wide_us)
{
	for (struct roll *r = t->first; r != NULL; r = r->next) {
		for (size_t i = 0; i < UPT_N; i++)
			r->changed = r->changed || r->s[i] != 0;
		if (!r->changed || wider == NULL)
			continue;
		struct roll *w =
			rolls_get(wider, r->monitor, r->org, r->at_us - r->at_us % wide_us);
		if (w == NULL || roll_add(wider, w, r) < 0)
			return NP_E_NOMEM;
	}
	return NP_OK;
}

static np_err roll_add_stored(struct rolls *t, struct roll *r, const struct pg_res *res, size_t row)
{
	np_str rest = pg_res_str(res, row, COL_HIST);
	struct hist one;
	uint32_t region;
	np_err e;
	for (size_t i = RES_OK; i < RES_STATUS_N; i++)
		r->count[i] += pg_res_i64(res, row, COL_COUNT + i - RES_OK);
	for (size_t i = 0; i < UPT_N; i++)
		r->s[i] += pg_res_i64(res, row, COL_S + i);
	while ((e = rhist_next(&rest, &region, &one)) == NP_OK) {
		struct hist *h = roll_hist_of(t, r, region);
		if (h == NULL)
			return NP_E_NOMEM;
		hist_merge(h, &one);
	}
	return e == NP_E_NOTFOUND ? NP_OK : e;
}

static np_err rolls_read(struct pg_conn *c, enum store_tier tier, const struct rolls *t,
			 struct pg_res **ret)
{
	struct pg_array key[2];
	pg_array_init(&key[0], PG_INT8);
	pg_array_init(&key[1], PG_TIMESTAMPTZ);
	for (const struct roll *r = t->first; r != NULL; r = r->next) {
		pg_array_int(&key[0], (int64_t)r->monitor);
		pg_array_time(&key[1], r->at_us);
	}
	np_err e = store_rolls(c, tier, key, ret);
	pg_array_done(&key[0]);
	pg_array_done(&key[1]);
	return e;
}

np_err rolls_merge(struct pg_conn *c, enum store_tier tier, struct rolls *t, struct rolls *wider,
		   int64_t wide_us)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = NP_OK;
	if (t->n == 0)
		return NP_OK;
	e = rolls_read(c, tier, t, &res);
	if (e < 0)
		return e;
	for (size_t i = 0; i < pg_res_rows(res); i++) {
		struct roll *r = roll_of_row(t, res, i);
		if (r != NULL)
			roll_difference(r, res, i);
	}
	e = rolls_pass_on(t, wider, wide_us);
	for (size_t i = 0; i < pg_res_rows(res) && e == NP_OK; i++) {
		struct roll *r = roll_of_row(t, res, i);
		if (r != NULL)
			e = roll_add_stored(t, r, res, i);
	}
	return e;
}

/* ---- writing ---- */

static np_err roll_hist_put(const struct roll *r, struct buf *b, struct pg_array *col)
{
	np_err e = NP_OK;
	buf_reset(b);
	for (const struct roll_hist *h = r->hist; h != NULL && e == NP_OK; h = h->next)
		e = rhist_put(b, h->region, &h->h);
	if (e == NP_OK)
		pg_array_str(col, buf_str(b));
	return e;
}

static np_err rolls_columns(const struct rolls *t, struct pg_array col[STORE_ROLL_COLUMNS])
{
	NP_CLEANUP(buf_done) struct buf b;
	np_err e = NP_OK;
	buf_init(&b, RHIST_BYTES_MAX);
	for (const struct roll *r = t->first; r != NULL && e == NP_OK; r = r->next) {
		if (!r->changed)
			continue;
		pg_array_int(&col[0], (int64_t)r->org);
		pg_array_int(&col[1], (int64_t)r->monitor);
		pg_array_time(&col[2], r->at_us);
		for (size_t i = RES_OK; i < RES_STATUS_N; i++)
			pg_array_int(&col[2 + i], r->count[i]);
		for (size_t i = 0; i < UPT_N; i++)
			pg_array_int(&col[7 + i], r->s[i]);
		e = roll_hist_put(r, &b, &col[12]);
	}
	return e;
}

np_err rolls_write(struct pg_conn *c, enum store_tier tier, const struct rolls *t)
{
	static const enum pg_type type[STORE_ROLL_COLUMNS] = {
		PG_INT8, PG_INT8, PG_TIMESTAMPTZ, PG_INT4, PG_INT4, PG_INT4,  PG_INT4,
		PG_INT4, PG_INT4, PG_INT4,        PG_INT4, PG_INT4, PG_BYTEA,
	};
	struct pg_array col[STORE_ROLL_COLUMNS];
	for (size_t i = 0; i < STORE_ROLL_COLUMNS; i++)
		pg_array_init(&col[i], type[i]);
	np_err e = rolls_columns(t, col);
	if (e == NP_OK && col[0].n > 0)
		e = store_rolls_put(c, tier, col);
	for (size_t i = 0; i < STORE_ROLL_COLUMNS; i++)
		pg_array_done(&col[i]);
	return e;
}
