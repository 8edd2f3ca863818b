/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/flush.h"

#include "base/clock.h"

static int flush_mon_cmp(const void *key, const void *mon)
{
	uint64_t a = *(const uint64_t *)key;
	uint64_t b = ((const struct flush_mon *)mon)->no;
	return a < b ? -1 : a > b;
}

const struct flush_mon *flush_mon_find(const struct flush *f, uint64_t no)
{
	if (f->mon_n == 0)
		return NULL;
	return bsearch(&no, f->mon, f->mon_n, sizeof *f->mon, flush_mon_cmp);
}

/* Nobody moved the cursor since we read from it? */
static np_err flush_check_cursor(struct flush *f)
{
	struct store_cursor from = intake_from(f->in);
	struct store_cursor is;
	np_err e = store_cursor_read(f->c, f->range.shard, &is);
	if (e < 0)
		return e;
	if (is.pos != from.pos || (is.at_us != from.at_us && is.at_us != INT64_MIN))
		return NP_E_FENCED;
	return NP_OK;
}

static np_err flush_monitors(struct flush *f)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = store_monitors(f->c, &f->range, &r);
	if (e < 0)
		return e;
	f->mon_n = pg_res_rows(r);
	f->mon = arena_calloc(f->a, f->mon_n + 1, sizeof *f->mon);
	if (f->mon == NULL)
		return NP_E_NOMEM;
	for (size_t i = 0; i < f->mon_n; i++) {
		int64_t deleted = pg_res_time(r, i, 4);
		f->mon[i] = (struct flush_mon){
			.no = (uint64_t)pg_res_i64(r, i, 0),
			.org = (uint64_t)pg_res_i64(r, i, 1),
			.from_us = pg_res_time(r, i, 2),
			.to_us = deleted < f->range.to.at_us ? deleted : f->range.to.at_us,
			.since_us = pg_res_time(r, i, 3),
		};
	}
	return NP_OK;
}

static np_err flush_rolls(struct flush *f)
{
	static const int64_t width[STORE_TIER_N] = {
		[STORE_5M] = NP_HOUR_US, [STORE_1H] = NP_DAY_US
	};
	np_err e = NP_OK;
	for (enum store_tier t = 0; t < STORE_TIER_N && e == NP_OK; t++) {
		struct rolls *wider = t + 1 < STORE_TIER_N ? &f->tier[t + 1] : NULL;
		e = rolls_merge(f->c, t, &f->tier[t], wider, width[t]);
		if (e == NP_OK)
			e = rolls_write(f->c, t, &f->tier[t]);
	}
	return e;
}

static np_err flush_inside(struct flush *f)
{
	np_err e = flush_check_cursor(f);
	if (e == NP_OK)
		e = flush_monitors(f);
	if (e == NP_OK && (f->mon_n > 0 || intake_len(f->in) > 0))
		e = store_days(f->c, &f->days);
	if (e == NP_OK)
		e = chunks_flush(f);
	if (e == NP_OK && f->mon_n > 0)
		e = seconds_flush(f);
	if (e == NP_OK)
		e = flush_rolls(f);
	if (e == NP_OK)
		e = store_cursor_move(f->c, f->range.shard, &f->range.to);
	return e;
}

static np_err flush_tx(struct flush *f)
{
	np_err e = pg_tx_begin(f->c, 0);
	if (e < 0)
		return e;
	e = flush_inside(f);
	if (e < 0) {
		pg_tx_rollback(f->c);
		return e;
	}
	return pg_tx_commit(f->c);
}

np_err flush_run(struct pg_conn *c, struct intake *in, struct flush_counts *ret)
{
	NP_CLEANUP(np_free_ptr) struct flush *f = np_zalloc(sizeof *f);
	np_err e = NP_OK;
	if (f == NULL)
		return NP_E_NOMEM;
	f->c = c;
	f->in = in;
	f->range = (struct store_range){ intake_shard(in), intake_from(in), intake_to(in) };
	f->a = arena_new(FLUSH_ARENA_MAX);
	if (f->a == NULL)
		return NP_E_NOMEM;
	for (size_t i = 0; i < STORE_TIER_N && e == NP_OK; i++)
		e = rolls_init(&f->tier[i], f->a);
	if (e == NP_OK) {
		pg_conn_deadline(c, clock_mono_ms() + FLUSH_MS);
		e = flush_tx(f);
	}
	for (size_t i = 0; i < STORE_TIER_N; i++)
		rolls_done(&f->tier[i]);
	arena_free(f->a);
	if (e == NP_OK)
		*ret = f->counts;
	return e;
}
