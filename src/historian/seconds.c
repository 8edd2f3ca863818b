/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/flush.h"

#include "historian/spans.h"

#define SECONDS_WIDTH_US (5 * NP_MIN_US)

struct seconds_rows { /* of all monitors, in their order */
	struct pg_res *changes, *incidents;
	size_t change_at, incident_at; /* next row */
};

static np_err seconds_read(struct flush *f, struct seconds_rows *ret)
{
	struct pg_array no, since;
	pg_array_init(&no, PG_INT8);
	pg_array_init(&since, PG_TIMESTAMPTZ);
	for (size_t i = 0; i < f->mon_n; i++) {
		struct flush_mon *m = &f->mon[i];
		m->since_us -= m->since_us % SECONDS_WIDTH_US;
		pg_array_int(&no, (int64_t)m->no);
		pg_array_time(&since, m->since_us);
	}
	np_err e = store_changes(f->c, &f->range, &no, &since, &ret->changes);
	if (e == NP_OK)
		e = store_incidents(f->c, &f->range, &no, &since, &ret->incidents);
	pg_array_done(&no);
	pg_array_done(&since);
	return e;
}

/* Rows of this monitor from *at on. */
static size_t seconds_count(const struct pg_res *r, uint64_t no, size_t at)
{
	size_t n = 0;
	while (at + n < pg_res_rows(r) && (uint64_t)pg_res_i64(r, at + n, 0) == no)
		n++;
	return n;
}

static np_err seconds_history(struct flush *f, const struct flush_mon *m, struct seconds_rows *rows,
			      struct span_history *ret)
{
	size_t n = seconds_count(rows->changes, m->no, rows->change_at);
	size_t k = seconds_count(rows->incidents, m->no, rows->incident_at);
	struct span_change *change = arena_calloc(f->a, n + 1, sizeof *change);
	struct span_incident *incident = arena_calloc(f->a, k + 1, sizeof *incident);
	if (change == NULL || incident == NULL)
		return NP_E_NOMEM;
	for (size_t i = 0; i < n; i++, rows->change_at++)
		change[i] = (struct span_change){
			pg_res_time(rows->changes, rows->change_at, 1),
			spans_state(pg_res_str(rows->changes, rows->change_at, 2),
				    pg_res_bool(rows->changes, rows->change_at, 3)),
		};
	for (size_t i = 0; i < k; i++, rows->incident_at++)
		incident[i] = (struct span_incident){
			pg_res_time(rows->incidents, rows->incident_at, 1),
			pg_res_time(rows->incidents, rows->incident_at, 2),
		};
	*ret = (struct span_history){ .from_us = m->from_us,
				      .to_us = m->to_us,
				      .change = change,
				      .change_n = n,
				      .incident = incident,
				      .incident_n = k };
	return NP_OK;
}

static np_err seconds_monitor(struct flush *f, const struct flush_mon *m,
			      const struct span_history *h)
{
	int64_t first = m->from_us - m->from_us % SECONDS_WIDTH_US;
	for (int64_t at = m->since_us > first ? m->since_us : first; at < m->to_us;
	     at += SECONDS_WIDTH_US) {
		struct roll *r;
		np_err e;
		if (!store_days_has(&f->days, at))
			continue;
		r = rolls_get(&f->tier[STORE_5M], m->no, m->org, at);
		if (r == NULL)
			return NP_E_NOMEM;
		r->exact = true;
		e = spans_window(h, at, SECONDS_WIDTH_US, r->s);
		if (e < 0)
			return e;
	}
	return NP_OK;
}

np_err seconds_flush(struct flush *f)
{
	struct seconds_rows rows = { 0 };
	np_err e = seconds_read(f, &rows);
	for (size_t i = 0; i < f->mon_n && e == NP_OK; i++) {
		struct span_history h;
		e = seconds_history(f, &f->mon[i], &rows, &h);
		if (e == NP_OK)
			e = seconds_monitor(f, &f->mon[i], &h);
	}
	pg_res_free(rows.changes);
	pg_res_free(rows.incidents);
	return e;
}
