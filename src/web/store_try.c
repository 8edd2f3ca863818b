/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_try.h"

#include <stdlib.h>

#include "base/str.h"
#include "wire/chunk.h"

#define EVENTS_MAX 20000
#define WARM_US NP_HOUR_US

void try_done(struct try_past *p)
{
	free(p->input);
	p->input = NULL;
}

static np_err add(struct try_past *p, const struct whatif_input *in)
{
	if (p->n == TRY_INPUTS_MAX)
		return NP_E_LIMIT;
	if (p->n == p->cap) {
		size_t cap = p->cap > 0 ? 2 * p->cap : 4096;
		void *more = np_reallocarray(p->input, cap, sizeof *p->input);
		if (more == NULL)
			return NP_E_NOMEM;
		p->input = more;
		p->cap = cap;
	}
	p->input[p->n++] = *in;
	return NP_OK;
}

/* ---- results ---- */

static np_err add_chunk(struct try_past *p, uint32_t region, np_str packed)
{
	struct chunk_iter it;
	struct chunk_row row;
	np_err e = NP_OK;
	if (chunk_open(packed, &it) < 0)
		return NP_OK; /* damaged: as if nobody had looked */
	while (e == NP_OK && chunk_next(&it, &row)) {
		struct whatif_input in = { .at_us = row.received_us };
		in.ev.kind = MST_RESULT;
		in.ev.region = region;
		in.ev.result = (struct vote_attempt){
			.revision = row.r.revision,
			.slot_us = row.r.slot_us,
			.attempt = row.r.attempt,
			.start_us = row.r.start_us,
			.duration_us = row.r.duration_us,
			.received_us = row.received_us,
			.status = row.r.status,
			.cls = row.r.cls,
			.code = row.r.code,
		};
		e = add(p, &in);
	}
	return e;
}

/* A day at a time: so much is held by the database's answer at once. */
static np_err add_results(struct pg_conn *c, const struct sth_range *r, struct try_past *p)
{
	np_err e = NP_OK;
	for (int64_t at = r->from_us - WARM_US; e == NP_OK && at < r->to_us; at += NP_DAY_US) {
		NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
		int64_t to_us = at + NP_DAY_US < r->to_us ? at + NP_DAY_US : r->to_us;
		/* sth_chunks looks ten minutes further back: not into the day before. */
		const struct sth_range day = { .no = r->no,
					       .from_us = at + CHUNK_SPAN_US - 1,
					       .to_us = to_us,
					       .limit = STH_CHUNKS_MAX };
		e = sth_chunks(c, &day, &rows);
		for (size_t i = 0; e == NP_OK && i < pg_res_rows(rows); i++)
			e = add_chunk(p, (uint32_t)pg_res_i64(rows, i, 0), pg_res_str(rows, i, 2));
	}
	return e;
}

/* ---- what people and windows did ---- */

static np_err ranged(struct pg_conn *c, const char *sql, const struct sth_range *r,
		     struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, r->no);
	pg_params_time(&p, r->from_us);
	pg_params_time(&p, r->to_us);
	return pg_exec(c, sql, &p, ret);
}

static bool event_of(np_str kind, struct mst_event *ret)
{
	static const struct {
		const char *kind;
		enum mst_event_kind event;
		int arg;
	} rows[] = {
		{ "acknowledged", MST_COMMAND, CMD_ACKNOWLEDGE },
		{ "unacknowledged", MST_COMMAND, CMD_UNACKNOWLEDGE },
		{ "by_hand", MST_COMMAND, CMD_RESOLVE },
		{ "maintenance_on", MST_MAINTENANCE, 1 },
		{ "maintenance_off", MST_MAINTENANCE, 0 },
		{ "quiet_on", MST_QUIET, 1 },
		{ "quiet_off", MST_QUIET, 0 },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		if (!str_eq_c(kind, rows[i].kind))
			continue;
		*ret = (struct mst_event){ .kind = rows[i].event };
		if (ret->kind == MST_COMMAND)
			ret->command.kind = (enum cmd_kind)rows[i].arg;
		else
			ret->window.on = rows[i].arg;
		return true;
	}
	return false;
}

static np_err add_events(struct pg_conn *c, const struct sth_range *r, struct try_past *p)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	np_err e = ranged(c,
			  "SELECT e.at, e.kind FROM np.incident i JOIN np.incident_event e"
			  " ON e.incident_id = i.id WHERE i.monitor_id = $1 AND i.opened_at < $3"
			  " AND (i.closed_at IS NULL OR i.closed_at > $2) AND e.at < $3"
			  " AND e.kind IN ('acknowledged', 'unacknowledged', 'by_hand',"
			  " 'maintenance_on', 'maintenance_off', 'quiet_on', 'quiet_off')"
			  " ORDER BY e.at LIMIT 20000",
			  r, &rows);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(rows); i++) {
		struct whatif_input in = { .at_us = pg_res_time(rows, i, 0) };
		if (event_of(pg_res_str(rows, i, 1), &in.ev))
			e = add(p, &in);
	}
	return e;
}

static np_err add_pauses(struct pg_conn *c, const struct sth_range *r, struct try_past *p)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	struct sth_range all = *r;
	bool paused = false;
	all.limit = EVENTS_MAX;
	np_err e = sth_changes(c, &all, &rows);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(rows); i++) {
		bool now = str_eq_c(pg_res_str(rows, i, 1), "paused");
		struct whatif_input in = { .at_us = pg_res_time(rows, i, 0),
					   .ev = { .kind = MST_COMMAND } };
		in.ev.command.kind = now ? CMD_PAUSE : CMD_UNPAUSE;
		if (now != paused)
			e = add(p, &in);
		paused = now;
	}
	return e;
}

static np_err count_before(struct pg_conn *c, const struct sth_range *r, struct try_past *p)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	np_err e = ranged(c,
			  "SELECT count(*), count(*) FILTER (WHERE"
			  "  NOT EXISTS (SELECT FROM np.notice n WHERE n.subject = i.id"
			  "   AND n.kind = 'opened' AND n.state = 'held')"
			  "  OR EXISTS (SELECT FROM np.notice n WHERE n.subject = i.id"
			  "   AND n.kind = 'opened' AND n.state <> 'held'))"
			  " FROM np.incident i WHERE i.monitor_id = $1 AND i.opened_at >= $2"
			  " AND i.opened_at < $3",
			  r, &rows);
	if (e < 0)
		return e;
	p->incidents = pg_res_i64(rows, 0, 0);
	p->alerts = pg_res_i64(rows, 0, 1);
	return NP_OK;
}

/* By time; what came together in the order of its slots. */
static int by_time(const void *a, const void *b)
{
	const struct whatif_input *x = a, *y = b;
	if (x->at_us != y->at_us)
		return x->at_us < y->at_us ? -1 : 1;
	if (x->ev.kind != MST_RESULT || y->ev.kind != MST_RESULT)
		return (x->ev.kind == MST_RESULT) - (y->ev.kind == MST_RESULT);
	const struct vote_attempt *p = &x->ev.result, *q = &y->ev.result;
	if (p->slot_us != q->slot_us)
		return p->slot_us < q->slot_us ? -1 : 1;
	return (p->attempt > q->attempt) - (p->attempt < q->attempt);
}

np_err try_load(struct pg_conn *c, const struct sth_range *r, struct try_past *ret)
{
	*ret = (struct try_past){ 0 };
	np_err e = add_results(c, r, ret);
	if (e == NP_OK)
		e = add_events(c, r, ret);
	if (e == NP_OK)
		e = add_pauses(c, r, ret);
	if (e == NP_OK)
		e = count_before(c, r, ret);
	if (e == NP_OK && ret->n > 0)
		qsort(ret->input, ret->n, sizeof *ret->input, by_time);
	return e;
}
