/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/replay.h"

#include <stdio.h>

#include "base/arena.h"
#include "engine/logread.h"
#include "engine/snapshot.h"
#include "engine/sql.h"
#include "wire/pballoc.h"

static np_err fold_all(struct shard *s, const Np__I1__LogRow *row, const struct replay_watch *w)
{
	np_err e = NP_OK;
	for (size_t i = 0; e == NP_OK && i < row->n_inputs; i++) {
		e = fold_input(s, row->inputs[i], NULL);
		if (e == NP_OK && w)
			e = w->input(w->ctx, s, row->inputs[i]);
	}
	return e;
}

np_err replay_row(struct shard *s, np_str row, const struct replay_watch *w)
{
	struct arena *a = arena_new(REPLAY_ROW_MAX);
	if (!a)
		return NP_E_NOMEM;
	ProtobufCMessage *msg;
	np_err e = pballoc_unpack(a, &np__i1__log_row__descriptor, row, &msg);
	e = e == NP_E_PROTO ? NP_E_CORRUPT : e;
	if (e == NP_OK)
		e = fold_all(s, (const Np__I1__LogRow *)(const void *)msg, w);
	if (e == NP_OK)
		s->pos++;
	arena_free(a);
	return e;
}

static np_err hurt(const struct replay_to *r, struct replay_damage d, np_err e)
{
	if (r->damage && (e == NP_E_CORRUPT || e == NP_E_VERSION))
		*r->damage = d;
	return e;
}

void replay_damage_text(const struct replay_damage *d, char ret[REPLAY_DAMAGE_TEXT])
{
	unsigned long long pos = d->pos, other = d->other;
	switch (d->hurt) {
	case REPLAY_WHOLE:
	case REPLAY_HURT_N:
		ret[0] = '\0';
		break;
	case REPLAY_SNAPSHOT:
		(void)snprintf(ret, REPLAY_DAMAGE_TEXT, "the snapshot at %llu is unreadable", pos);
		break;
	case REPLAY_HOLE:
		(void)snprintf(ret, REPLAY_DAMAGE_TEXT,
			       "the log has a hole: row %llu is missing, the next is %llu", pos,
			       other);
		break;
	case REPLAY_ROW:
		(void)snprintf(ret, REPLAY_DAMAGE_TEXT, "row %llu of the log is unreadable", pos);
		break;
	case REPLAY_END:
		(void)snprintf(ret, REPLAY_DAMAGE_TEXT, "the log ends at %llu, before %llu", pos,
			       other);
		break;
	}
}

static np_err load_snapshot(struct pg_conn *c, const struct replay_to *r, struct shard *s)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)r->shard);
	np_err e = pg_exec(c, sql_text(SQL_SNAPSHOT_NEWEST), &p, &res);
	if (e < 0 || pg_res_rows(res) == 0)
		return e;
	uint64_t pos = (uint64_t)pg_res_i64(res, 0, 0);
	e = snapshot_decode(pg_res_str(res, 0, 1), s);
	if (e == NP_OK)
		s->pos = pos;
	return hurt(r, (struct replay_damage){ REPLAY_SNAPSHOT, pos, 0 }, e);
}

/* One row, which has to be the next. */
static np_err load_row(const struct replay_to *r, struct shard *s, uint64_t pos, np_str inputs)
{
	uint64_t want = s->pos + 1;
	if (pos != want)
		return hurt(r, (struct replay_damage){ REPLAY_HOLE, want, pos }, NP_E_CORRUPT);
	return hurt(r, (struct replay_damage){ REPLAY_ROW, pos, 0 },
		    replay_row(s, inputs, r->watch));
}

/* Some rows behind the snapshot; *ret_n 0: there are no more. They are never packed: a hole here
 * is damage. */
static np_err load_some(struct pg_conn *c, const struct replay_to *r, struct shard *s,
			size_t *ret_n)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)r->shard);
	pg_params_i64(&p, (int64_t)s->pos);
	pg_params_time(&p, s->now_us);
	pg_params_i32(&p, REPLAY_ROWS);
	np_err e = pg_exec(c, sql_text(SQL_TAIL), &p, &res);
	if (e < 0)
		return e;
	*ret_n = 0;
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		uint64_t pos = (uint64_t)pg_res_i64(res, i, 0);
		if (pos > r->to)
			break;
		e = load_row(r, s, pos, pg_res_str(res, i, 1));
		(*ret_n)++;
	}
	return e;
}

/* The whole log that there is, packed or not. */
static np_err load_all(struct pg_conn *c, const struct replay_to *r, struct shard *s,
		       size_t *ret_rows)
{
	struct logread in;
	struct logpack_row row;
	np_err e = NP_OK;
	logread_init(&in, c, r->shard, 0, INT64_MIN);
	while (e == NP_OK && s->pos < r->to) {
		e = logread_next(&in, &row);
		if (e < 0)
			break;
		if (s->pos == 0)
			s->pos = row.pos - 1; /* what was before is no longer kept */
		e = load_row(r, s, row.pos, row.inputs);
		(*ret_rows)++;
	}
	logread_done(&in);
	return e == NP_E_NOTFOUND ? NP_OK : e;
}

np_err replay_before(struct pg_conn *c, uint32_t shard, int64_t before_us, struct shard **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p = { 0 };
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	struct shard *s = shard_new(shard);
	if (!s)
		return NP_E_NOMEM;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)shard);
	pg_params_time(&p, before_us);
	np_err e = pg_exec(c, sql_text(SQL_SNAPSHOT_BEFORE), &p, &res);
	if (e == NP_OK && pg_res_rows(res) > 0) {
		e = snapshot_decode(pg_res_str(res, 0, 1), s);
		s->pos = (uint64_t)pg_res_i64(res, 0, 0);
	}
	if (e < 0) {
		shard_free(s);
		return e;
	}
	*ret = s;
	return NP_OK;
}

np_err replay_load(struct pg_conn *c, const struct replay_to *r, struct shard **ret_shard,
		   size_t *ret_inputs)
{
	struct shard *s = shard_new(r->shard);
	if (!s)
		return NP_E_NOMEM;
	size_t rows = 0, n = r->from_the_start ? 0 : 1;
	s->tap = r->tap;
	np_err e = r->from_the_start ? load_all(c, r, s, &rows) : load_snapshot(c, r, s);
	while (e == NP_OK && n > 0) {
		e = load_some(c, r, s, &n);
		rows += n;
	}
	if (e == NP_OK && s->pos != r->to)
		e = hurt(r, (struct replay_damage){ REPLAY_END, s->pos, r->to }, NP_E_CORRUPT);
	if (e < 0) {
		shard_free(s);
		return e;
	}
	s->tap = NULL;
	*ret_inputs = rows;
	*ret_shard = s;
	return NP_OK;
}
