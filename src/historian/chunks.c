/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/flush.h"

#include "wire/chunk.h"

#define CHUNKS_WINDOW_US (5 * NP_MIN_US)

struct chunks_group { /* items of one chunk: same monitor, region, 10 minutes */
	uint64_t monitor;
	uint32_t region;
	int64_t at_us;
	size_t from, to; /* items */
	np_str stored;   /* packed, borrowed; empty: there is none yet */
};

struct chunks {
	struct flush *f;
	struct intake_item *item;
	size_t item_n;
	struct chunks_group *group;
	size_t group_n;
	struct pg_res *stored;
	struct chunk_row *row; /* CHUNK_ROWS_MAX */
	struct buf packed;
	struct pg_array col[6];
};

/* ---- what the owner refused ---- */

struct refused {
	uint64_t checker, epoch, seq;
};

static int refused_cmp(const void *pa, const void *pb)
{
	const struct refused *a = pa, *b = pb;
	if (a->checker != b->checker)
		return a->checker < b->checker ? -1 : 1;
	if (a->epoch != b->epoch)
		return a->epoch < b->epoch ? -1 : 1;
	return a->seq < b->seq ? -1 : a->seq > b->seq;
}

static np_err refused_read(struct flush *f, struct pg_res **ret)
{
	const struct intake_batch *b = NULL;
	size_t n = intake_batches(f->in, &b);
	struct pg_array range[4];
	for (size_t i = 0; i < 4; i++)
		pg_array_init(&range[i], PG_INT8);
	for (size_t i = 0; i < n; i++) {
		pg_array_int(&range[0], (int64_t)b[i].checker);
		pg_array_int(&range[1], (int64_t)b[i].epoch);
		pg_array_int(&range[2], (int64_t)b[i].first);
		pg_array_int(&range[3], (int64_t)b[i].last);
	}
	np_err e = store_refused(f->c, f->range.shard, range, ret);
	for (size_t i = 0; i < 4; i++)
		pg_array_done(&range[i]);
	return e;
}

/* Sorted; *ret_n of them, in the flush's arena. */
static np_err refused_list(struct flush *f, struct refused **ret, size_t *ret_n)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = refused_read(f, &r);
	struct refused *list;
	if (e < 0)
		return e;
	list = arena_calloc(f->a, pg_res_rows(r) + 1, sizeof *list);
	if (list == NULL)
		return NP_E_NOMEM;
	for (size_t i = 0; i < pg_res_rows(r); i++)
		list[i] = (struct refused){ (uint64_t)pg_res_i64(r, i, 0),
					    (uint64_t)pg_res_i64(r, i, 1),
					    (uint64_t)pg_res_i64(r, i, 2) };
	*ret_n = pg_res_rows(r);
	if (*ret_n > 0)
		qsort(list, *ret_n, sizeof *list, refused_cmp);
	*ret = list;
	return NP_OK;
}

/* ---- which items count, and where they go ---- */

static int item_cmp(const void *pa, const void *pb)
{
	const struct intake_item *a = pa, *b = pb;
	if (a->monitor != b->monitor)
		return a->monitor < b->monitor ? -1 : 1;
	if (a->region != b->region)
		return a->region < b->region ? -1 : 1;
	if (a->row.r.slot_us != b->row.r.slot_us)
		return a->row.r.slot_us < b->row.r.slot_us ? -1 : 1;
	if (a->row.r.attempt != b->row.r.attempt)
		return a->row.r.attempt < b->row.r.attempt ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

static np_err items_choose(struct chunks *k)
{
	const struct intake_batch *batch = NULL;
	struct refused *refused = NULL;
	size_t refused_n = 0, n = intake_len(k->f->in), kept = 0;
	np_err e = refused_list(k->f, &refused, &refused_n);
	if (e < 0)
		return e;
	(void)intake_batches(k->f->in, &batch);
	for (size_t i = 0; i < n; i++) {
		const struct intake_item *x = &k->item[i];
		struct refused key = { batch[x->batch].checker, batch[x->batch].epoch, x->seq };
		if (refused_n > 0 &&
		    bsearch(&key, refused, refused_n, sizeof *refused, refused_cmp) != NULL)
			k->f->counts.refused++;
		else if (flush_mon_find(k->f, x->monitor) == NULL ||
			 !store_days_has(&k->f->days, x->row.r.slot_us))
			k->f->counts.unplaced++;
		else
			k->item[kept++] = k->item[i];
	}
	k->item_n = kept;
	if (kept > 0)
		qsort(k->item, kept, sizeof *k->item, item_cmp);
	return NP_OK;
}

static np_err groups_make(struct chunks *k)
{
	struct chunks_group *g = NULL;
	k->group = arena_calloc(k->f->a, k->item_n + 1, sizeof *k->group);
	if (k->group == NULL)
		return NP_E_NOMEM;
	for (size_t i = 0; i < k->item_n; i++) {
		const struct intake_item *x = &k->item[i];
		int64_t at_us = x->row.r.slot_us - x->row.r.slot_us % CHUNK_SPAN_US;
		if (g == NULL || g->monitor != x->monitor || g->region != x->region ||
		    g->at_us != at_us) {
			g = &k->group[k->group_n++];
			*g = (struct chunks_group){ .monitor = x->monitor,
						    .region = x->region,
						    .at_us = at_us,
						    .from = i };
		}
		g->to = i + 1;
	}
	return NP_OK;
}

/* ---- what is stored of them ---- */

static int group_cmp(const void *pa, const void *pb)
{
	const struct chunks_group *a = pa, *b = pb;
	if (a->monitor != b->monitor)
		return a->monitor < b->monitor ? -1 : 1;
	if (a->region != b->region)
		return a->region < b->region ? -1 : 1;
	return a->at_us < b->at_us ? -1 : a->at_us > b->at_us;
}

static np_err groups_read(struct chunks *k)
{
	struct pg_array key[3];
	pg_array_init(&key[0], PG_INT8);
	pg_array_init(&key[1], PG_INT4);
	pg_array_init(&key[2], PG_TIMESTAMPTZ);
	for (size_t i = 0; i < k->group_n; i++) {
		pg_array_int(&key[0], (int64_t)k->group[i].monitor);
		pg_array_int(&key[1], k->group[i].region);
		pg_array_time(&key[2], k->group[i].at_us);
	}
	np_err e = store_chunks(k->f->c, key, &k->stored);
	for (size_t i = 0; i < 3; i++)
		pg_array_done(&key[i]);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(k->stored); i++) {
		struct chunks_group is = { .monitor = (uint64_t)pg_res_i64(k->stored, i, 0),
					   .region = (uint32_t)pg_res_i64(k->stored, i, 1),
					   .at_us = pg_res_time(k->stored, i, 2) };
		struct chunks_group *g = bsearch(&is, k->group, k->group_n, sizeof is, group_cmp);
		if (g != NULL)
			g->stored = pg_res_str(k->stored, i, 3);
	}
	return e;
}

/* ---- merging ---- */

static int row_cmp(const struct chunk_row *a, const struct chunk_row *b)
{
	if (a->r.slot_us != b->r.slot_us)
		return a->r.slot_us < b->r.slot_us ? -1 : 1;
	return a->r.attempt < b->r.attempt ? -1 : a->r.attempt > b->r.attempt;
}

static np_err merge_count(struct chunks *k, const struct intake_item *x)
{
	struct rolls *t = &k->f->tier[STORE_5M];
	const struct flush_mon *m = flush_mon_find(k->f, x->monitor);
	int64_t slot_us = x->row.r.slot_us;
	struct roll *r = rolls_get(t, m->no, m->org, slot_us - slot_us % CHUNKS_WINDOW_US);
	k->f->counts.results++;
	return r != NULL ? rolls_result(t, r, x->region, &x->row.r) : NP_E_NOMEM;
}

/* New items into k->row, between the stored rows that come from `it`. All are sorted. */
static np_err merge_rows(struct chunks *k, const struct chunks_group *g, struct chunk_iter *it,
			 size_t *ret_n)
{
	struct chunk_row old;
	bool more = chunk_next(it, &old);
	size_t n = 0, room = CHUNK_ROWS_MAX - it->n;
	np_err e = NP_OK;
	for (size_t i = g->from; i < g->to && e == NP_OK; i++) {
		const struct intake_item *x = &k->item[i];
		while (more && row_cmp(&old, &x->row) <= 0) {
			k->row[n++] = old;
			more = chunk_next(it, &old);
		}
		if (n > 0 && row_cmp(&k->row[n - 1], &x->row) == 0) {
			k->f->counts.duplicates++;
		} else if (room == 0) {
			k->f->counts.unplaced++;
		} else {
			k->row[n++] = x->row;
			room--;
			e = merge_count(k, x);
		}
	}
	for (; more; more = chunk_next(it, &old))
		k->row[n++] = old;
	*ret_n = n;
	return e < 0 ? e : it->next < it->n ? NP_E_CORRUPT : NP_OK;
}

static np_err group_merge(struct chunks *k, const struct chunks_group *g)
{
	struct chunk_iter it = { 0 };
	uint64_t before = k->f->counts.results;
	size_t n = 0;
	np_err e = g->stored.n > 0 ? chunk_open(g->stored, &it) : NP_OK;
	if (e == NP_OK)
		e = merge_rows(k, g, &it, &n);
	if (e < 0 || k->f->counts.results == before)
		return e;
	buf_reset(&k->packed);
	e = chunk_pack(k->row, n, &k->packed);
	if (e < 0)
		return e;
	pg_array_int(&k->col[0], (int64_t)flush_mon_find(k->f, g->monitor)->org);
	pg_array_int(&k->col[1], (int64_t)g->monitor);
	pg_array_int(&k->col[2], g->region);
	pg_array_time(&k->col[3], g->at_us);
	pg_array_int(&k->col[4], (int64_t)n);
	pg_array_str(&k->col[5], buf_str(&k->packed));
	return NP_OK;
}

static np_err chunks_do(struct chunks *k)
{
	np_err e = items_choose(k);
	if (e < 0 || k->item_n == 0)
		return e;
	e = groups_make(k);
	if (e == NP_OK)
		e = groups_read(k);
	for (size_t i = 0; i < k->group_n && e == NP_OK; i++)
		e = group_merge(k, &k->group[i]);
	if (e == NP_OK && k->col[0].n > 0)
		e = store_chunks_put(k->f->c, k->col, k->f->range.to.pos);
	return e;
}

np_err chunks_flush(struct flush *f)
{
	static const enum pg_type type[6] = { PG_INT8,        PG_INT8, PG_INT4,
					      PG_TIMESTAMPTZ, PG_INT4, PG_BYTEA };
	struct chunks k = { .f = f, .item = intake_items(f->in) };
	np_err e = NP_E_NOMEM;
	if (intake_len(f->in) == 0)
		return NP_OK;
	for (size_t i = 0; i < NP_LEN(type); i++)
		pg_array_init(&k.col[i], type[i]);
	buf_init(&k.packed, CHUNK_BYTES_MAX);
	k.row = np_calloc(CHUNK_ROWS_MAX, sizeof *k.row);
	if (k.row != NULL)
		e = chunks_do(&k);
	free(k.row);
	buf_done(&k.packed);
	for (size_t i = 0; i < NP_LEN(type); i++)
		pg_array_done(&k.col[i]);
	pg_res_free(k.stored);
	return e;
}
