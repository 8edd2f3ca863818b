/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/logread.h"

#include "base/clock.h"
#include "engine/sql.h"

void logread_init(struct logread *r, struct pg_conn *c, uint32_t shard, uint64_t pos, int64_t at_us)
{
	*r = (struct logread){ .c = c, .shard = shard, .pos = pos, .at_us = at_us };
}

static void leave_block(struct logread *r)
{
	logpack_close(&r->it);
	pg_res_free(r->block);
	r->block = NULL;
	r->in_block = false;
}

void logread_done(struct logread *r)
{
	leave_block(r);
	pg_res_free(r->rows);
	r->rows = NULL;
}

static np_err ask(struct logread *r, enum sql what, int64_t from_us, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)r->shard);
	pg_params_i64(&p, (int64_t)r->pos);
	pg_params_time(&p, from_us);
	if (what == SQL_TAIL_ROWS)
		pg_params_i32(&p, LOGREAD_ROWS);
	return pg_exec(r->c, sql_text(what), &p, ret);
}

/* The block that holds the next row, or the first behind it. NP_E_NOTFOUND: none. */
static np_err ask_block(struct logread *r)
{
	int64_t day_us = r->at_us == INT64_MIN ? INT64_MIN : clock_day_start_us(r->at_us);
	np_err e = ask(r, SQL_TAIL_BLOCK, day_us, &r->block);
	if (e == NP_OK && pg_res_rows(r->block) == 0)
		e = NP_E_NOTFOUND;
	return e;
}

static np_err enter_block(struct logread *r)
{
	uint64_t from = (uint64_t)pg_res_i64(r->block, 0, 0);
	np_err e = logpack_open(pg_res_str(r->block, 0, 1), from, &r->it);
	r->in_block = e == NP_OK;
	return e;
}

static bool has_row(const struct logread *r)
{
	return r->rows && r->row < pg_res_rows(r->rows);
}

/* np.log first, then the blocks: a row that is moved in between is found in its block. */
static np_err load(struct logread *r)
{
	leave_block(r);
	pg_res_free(r->rows);
	r->rows = NULL;
	r->row = 0;
	np_err e = ask(r, SQL_TAIL_ROWS, r->at_us, &r->rows);
	if (e < 0)
		return e;
	if (has_row(r) && (uint64_t)pg_res_i64(r->rows, 0, 0) == r->pos + 1)
		return NP_OK;
	e = ask_block(r);
	if (e == NP_E_NOTFOUND)
		return has_row(r) ? NP_OK : NP_E_NOTFOUND;
	if (e < 0)
		return e;
	if (has_row(r) && pg_res_i64(r->rows, 0, 0) < pg_res_i64(r->block, 0, 0))
		return NP_OK;
	r->row = pg_res_rows(r->rows); /* they come behind it: asked for again then */
	return enter_block(r);
}

static np_err next_row(struct logread *r, struct logpack_row *ret)
{
	*ret = (struct logpack_row){ .pos = (uint64_t)pg_res_i64(r->rows, r->row, 0),
				     .at_us = pg_res_time(r->rows, r->row, 1),
				     .items = (uint32_t)pg_res_i64(r->rows, r->row, 2),
				     .inputs = pg_res_str(r->rows, r->row, 3) };
	r->row++;
	return NP_OK;
}

static np_err next_of_block(struct logread *r, struct logpack_row *ret)
{
	np_err e;
	do
		e = logpack_next(&r->it, ret);
	while (e == NP_OK && ret->pos <= r->pos);
	return e;
}

/* A page of np.log ends where rows were moved away since it was read. */
static bool is_stale(const struct logread *r)
{
	return has_row(r) && (uint64_t)pg_res_i64(r->rows, r->row, 0) != r->pos + 1 && r->row > 0;
}

np_err logread_next(struct logread *r, struct logpack_row *ret)
{
	np_err e = r->in_block ? next_of_block(r, ret) : NP_E_NOTFOUND;
	if (e == NP_E_NOTFOUND && (!has_row(r) || is_stale(r) || r->in_block)) {
		e = load(r);
		if (e < 0)
			return e;
		e = r->in_block ? next_of_block(r, ret) : NP_E_NOTFOUND;
		if (r->in_block && e == NP_E_NOTFOUND) /* says it goes further than it does */
			e = NP_E_CORRUPT;
	}
	if (e == NP_E_NOTFOUND)
		e = next_row(r, ret);
	if (e < 0)
		return e;
	r->pos = ret->pos;
	r->at_us = ret->at_us;
	return NP_OK;
}
