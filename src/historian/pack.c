/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/pack.h"

#include "base/clock.h"
#include "historian/pack_store.h"
#include "wire/logpack.h"

static bool is_full(size_t bytes, size_t n)
{
	return bytes >= PACK_RAW || n == PACK_ROWS;
}

size_t pack_plan(const struct pack_row *row, size_t n, int64_t now_us)
{
	size_t take = 0, bytes = 0;
	int64_t items = 0;
	if (n == 0)
		return 0;
	int64_t day_us = clock_day_start_us(row[0].at_us);
	while (take < n && !is_full(bytes, take) && row[take].pos == row[0].pos + take &&
	       clock_day_start_us(row[take].at_us) == day_us) {
		bytes += row[take].bytes;
		items += row[take].items;
		take++;
	}
	/* Another day or a hole behind it: it does not grow any more. */
	bool ends = take < n && !is_full(bytes, take);
	bool day_is_over = now_us - PACK_AGE_US >= day_us + NP_DAY_US;
	bool waited = now_us - row[0].at_us >= PACK_WAIT_US && items >= PACK_ITEMS;
	return is_full(bytes, take) || ends || day_is_over || waited ? take : 0;
}

static np_err add_rows(struct logpack *p, const struct pg_res *r, const struct pack_row *row,
		       size_t n)
{
	if (pg_res_rows(r) != n)
		return NP_E_FENCED;
	for (size_t i = 0; i < n; i++) {
		const struct logpack_row one = { .pos = (uint64_t)pg_res_i64(r, i, 0),
						 .at_us = pg_res_time(r, i, 1),
						 .items = (uint32_t)pg_res_i64(r, i, 2),
						 .inputs = pg_res_str(r, i, 3) };
		if (one.pos != row[i].pos)
			return NP_E_FENCED;
		np_err e = logpack_add(p, &one);
		if (e < 0)
			return e;
	}
	return NP_OK;
}

static np_err move(struct pg_conn *c, uint32_t shard, const struct pack_row *row, size_t n)
{
	NP_CLEANUP(logpack_done) struct logpack p;
	NP_CLEANUP(buf_done) struct buf block;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	struct pack_block b = { .shard = shard,
				.from_pos = row[0].pos,
				.to_pos = row[n - 1].pos,
				.at_us = row[0].at_us,
				.to_at_us = row[n - 1].at_us };
	logpack_init(&p);
	buf_init(&block, LOGPACK_RAW_MAX);
	for (size_t i = 0; i < n; i++)
		b.items += row[i].items;
	np_err e = pack_store_inputs(c, &b, &r);
	if (e == NP_OK)
		e = add_rows(&p, r, row, n);
	if (e == NP_OK)
		e = logpack_block(&p, &block);
	b.block = buf_str(&block);
	return e < 0 ? e : pack_store_move(c, &b, n);
}

static np_err look(struct pg_conn *c, uint32_t shard, int64_t now_us, struct pack_row *row,
		   size_t *ret_n)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	struct pack_cursor at;
	np_err e = pack_store_cursor(c, shard, &at);
	if (e == NP_OK && at.limit > at.pos)
		e = pack_store_rows(c, shard, &at, now_us - PACK_AGE_US, &r);
	if (e < 0)
		return e;
	*ret_n = at.limit > at.pos ? pg_res_rows(r) : 0;
	for (size_t i = 0; i < *ret_n; i++)
		row[i] = (struct pack_row){ .pos = (uint64_t)pg_res_i64(r, i, 0),
					    .at_us = pg_res_time(r, i, 1),
					    .items = pg_res_i64(r, i, 2),
					    .bytes = (size_t)pg_res_i64(r, i, 3) };
	return NP_OK;
}

np_err pack_turn(struct pg_conn *c, uint32_t shard, int64_t now_us, size_t *ret_rows)
{
	NP_CLEANUP(np_free_ptr) struct pack_row *row = np_calloc(PACK_ROWS, sizeof *row);
	size_t n = 0;
	if (!row)
		return NP_E_NOMEM;
	pg_conn_deadline(c, clock_mono_ms() + PACK_TURN_MS);
	np_err e = pg_tx_begin(c, 0);
	if (e < 0)
		return e;
	e = look(c, shard, now_us, row, &n);
	n = e == NP_OK ? pack_plan(row, n, now_us) : 0;
	if (n > 0)
		e = move(c, shard, row, n);
	if (e < 0 || n == 0)
		pg_tx_rollback(c);
	else
		e = pg_tx_commit(c);
	if (e == NP_OK)
		*ret_rows = n;
	return e;
}
