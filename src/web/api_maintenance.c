/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "web/act.h"
#include "web/api.h"
#include "web/input.h"
#include "web/maint.h"

#define NEXT_N 5
#define CALENDAR_US (400 * NP_DAY_US)
#define OCCURRENCES_MAX 2000

/* ---- showing ---- */

static void write_span(struct jsonw *w, const struct window_span *s)
{
	jsonw_ktime(w, "from", s->from_us);
	jsonw_ktime(w, "to", s->to_us);
}

static void write_raw(struct wreq *q, const char *key, const json_t *v, const char *none)
{
	np_str text = v ? in_dump(q, v) : (np_str){ 0 };
	jsonw_key(&q->json, key);
	jsonw_raw(&q->json, text.n ? text : str_from_c(none));
}

/* What somebody may not have meant; NULL: nothing. */
static const char *hint_of(const struct timed *t, const struct window_span *next, size_t n,
			   bool is_over)
{
	const struct rrule *r = &t->w.set.rule;
	if (is_over)
		return "All of it lies in the past: it holds nothing that is still to be told.";
	if (n > 1 && next[1].from_us <= next[0].to_us)
		return "Each time begins before the one before it is over: what it concerns is never "
		       "told.";
	if (t->w.kind == WINDOW_RULE && r->count == 0 && !r->has_until)
		return "It repeats without an end; COUNT or UNTIL in the rule gives it one.";
	return NULL;
}

static void write_now(struct jsonw *w, const struct timed *t)
{
	int64_t now = clock_wall_us();
	struct window_now at = window_at(&t->w, t->z, now);
	const struct window_span soon = { now, now + WINDOW_LOOK_US };
	struct window_span next[NEXT_N];
	size_t n = window_list(&t->w, t->z, &soon, next, NEXT_N);
	jsonw_kc(w, "hint", hint_of(t, next, n, !at.on && at.until_us == WINDOW_NEVER_US));
	jsonw_kbool(w, "on", at.on);
	jsonw_ktime(w, "until", at.until_us == WINDOW_NEVER_US ? 0 : at.until_us);
	jsonw_key(w, "next");
	jsonw_arr(w);
	for (size_t i = 0; i < n; i++) {
		jsonw_obj(w);
		write_span(w, &next[i]);
		jsonw_obj_end(w);
	}
	jsonw_arr_end(w);
}

static void write_sentence(struct jsonw *w, const struct timed *t)
{
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, 2048);
	window_say(&t->w, &text);
	jsonw_kstr(w, "sentence", buf_str(&text));
}

/* id NULL: a preview */
static void show(struct wreq *q, const struct sma_row *row, const struct timed *t,
		 const uint8_t *id)
{
	struct jsonw *w = &q->json;
	jsonw_obj(w);
	jsonw_key(w, "id");
	if (id)
		jsonw_uuid(w, id);
	else
		jsonw_null(w);
	jsonw_kstr(w, "title", row->title);
	jsonw_kstr(w, "note", row->note);
	jsonw_kc(w, "zone", t->w.zone);
	write_raw(q, "start", json_object_get(t->definition, "start"), "null");
	jsonw_ki64(w, "duration_s", t->w.duration_s);
	write_raw(q, "rrule", json_object_get(t->definition, "rrule"), "null");
	write_raw(q, "exdates", json_object_get(t->definition, "exdates"), "[]");
	jsonw_key(w, "scope");
	jsonw_raw(w, row->scope);
	jsonw_ki64(w, "monitors", row->monitors);
	jsonw_kbool(w, "late", row->late);
	write_now(w, t);
	write_sentence(w, t);
	jsonw_kstr(w, "created_by", row->created_by);
	jsonw_key(w, "created_at");
	jsonw_raw(w, row->created_at);
	jsonw_obj_end(w);
}

static np_err answer(struct wreq *q, struct pg_conn *c)
{
	struct sma_row row;
	struct timed *t = arena_alloc(q->arena, sizeof *t);
	np_err e = t ? sma_read(q, c, false, &row) : NP_E_NOMEM;
	if (e == NP_OK)
		e = maint_load(row.definition, t);
	if (e < 0)
		return e;
	show(q, &row, t, row.id);
	maint_done(t);
	return NP_OK;
}

np_err api_maintenance_read(struct wreq *q, struct pg_conn *c)
{
	np_err e = in_id(q, 0, q->subject);
	return e < 0 ? e : answer(q, c);
}

/* ---- the list and the calendar ---- */

struct calendar {
	struct window_span within;
	bool wanted;
	size_t n;
	struct happening {
		struct window_span span;
		const struct sma_row *row;
	} at[OCCURRENCES_MAX];
};

static void read_calendar(struct wreq *q, struct calendar *cal)
{
	np_str s;
	bool from = httpd_query(q->http, "from", &s), to = httpd_query(q->http, "to", &s);
	cal->wanted = from || to;
	if (!in_time(q, "from", &cal->within.from_us) || !in_time(q, "to", &cal->within.to_us))
		return;
	if (from != to)
		problem_add(&q->problems, "", from ? "to" : "from", "is needed with the other one");
	else if (cal->wanted && (cal->within.to_us <= cal->within.from_us ||
				 cal->within.to_us - cal->within.from_us > CALENDAR_US))
		problem_add(&q->problems, "", "to", "must be after `from`, at most 400 days");
}

static void collect(struct calendar *cal, const struct sma_row *row, const struct timed *t)
{
	struct window_span span[400];
	size_t n = window_list(&t->w, t->z, &cal->within, span, NP_LEN(span));
	for (size_t i = 0; i < n && cal->n < OCCURRENCES_MAX; i++)
		cal->at[cal->n++] = (struct happening){ span[i], row };
}

static int by_start(const void *x, const void *y)
{
	const struct happening *a = x, *b = y;
	return (a->span.from_us > b->span.from_us) - (a->span.from_us < b->span.from_us);
}

static void write_calendar(struct jsonw *w, struct calendar *cal)
{
	qsort(cal->at, cal->n, sizeof cal->at[0], by_start);
	jsonw_key(w, "occurrences");
	jsonw_arr(w);
	for (size_t i = 0; i < cal->n; i++) {
		jsonw_obj(w);
		jsonw_key(w, "maintenance_id");
		jsonw_uuid(w, cal->at[i].row->id);
		jsonw_kstr(w, "title", cal->at[i].row->title);
		write_span(w, &cal->at[i].span);
		jsonw_obj_end(w);
	}
	jsonw_arr_end(w);
}

static np_err write_items(struct wreq *q, const struct sma_list *all, struct calendar *cal)
{
	struct timed *t = arena_alloc(q->arena, sizeof *t);
	if (!t)
		return NP_E_NOMEM;
	jsonw_key(&q->json, "items");
	jsonw_arr(&q->json);
	for (size_t i = 0; i < all->n; i++) {
		np_err e = maint_load(all->row[i].definition, t);
		if (e < 0)
			return e;
		show(q, &all->row[i], t, all->row[i].id);
		if (cal->wanted)
			collect(cal, &all->row[i], t);
		maint_done(t);
	}
	jsonw_arr_end(&q->json);
	return NP_OK;
}

np_err api_maintenance_list(struct wreq *q, struct pg_conn *c)
{
	struct sma_list all;
	struct calendar *cal = arena_alloc(q->arena, sizeof *cal);
	if (!cal)
		return NP_E_NOMEM;
	read_calendar(q, cal);
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = sma_list(q, c, &all);
	if (e < 0)
		return e;
	jsonw_obj(&q->json);
	e = write_items(q, &all, cal);
	if (e < 0)
		return e;
	jsonw_key(&q->json, "next");
	jsonw_null(&q->json);
	if (cal->wanted)
		write_calendar(&q->json, cal);
	jsonw_obj_end(&q->json);
	return NP_OK;
}

/* ---- writing ---- */

static np_str audit_json(struct wreq *q, const struct sma_row *row)
{
	NP_CLEANUP(buf_done) struct buf b;
	struct jsonw w;
	buf_init(&b, (size_t)128 * 1024);
	jsonw_init(&w, &b);
	jsonw_obj(&w);
	jsonw_kstr(&w, "title", row->title);
	jsonw_kstr(&w, "note", row->note);
	jsonw_key(&w, "definition");
	jsonw_raw(&w, row->definition);
	jsonw_key(&w, "scope");
	jsonw_raw(&w, row->scope);
	jsonw_kbool(&w, "late", row->late);
	jsonw_obj_end(&w);
	return arena_str(q->arena, buf_str(&b));
}

static np_err audit(struct wreq *q, struct pg_conn *c, const char *act,
		    const struct sma_row *const before_after[2])
{
	np_str text[2] = { 0 };
	char id[36];
	str_uuid(q->subject, id);
	for (size_t i = 0; i < 2; i++)
		if (before_after[i])
			text[i] = audit_json(q, before_after[i]);
	return act_audit(q, c, &(struct act_audit){ act, { id, sizeof id }, text[0], text[1] });
}

static np_err create(struct wreq *q, struct pg_conn *c, struct draft *d)
{
	np_err e = maint_draft_new(q, c, d);
	if (e < 0)
		return e;
	rnd_uuid(q->subject);
	e = sma_insert(q, c, &d->row);
	if (e == NP_E_LIMIT)
		return wq_problem(q, 409, "There are 500 already: delete old ones.");
	if (e == NP_OK)
		e = audit(q, c, "maintenance.create",
			  (const struct sma_row *const[2]){ NULL, &d->row });
	if (e < 0)
		return e;
	char id[36];
	str_uuid(q->subject, id);
	q->status = 201;
	q->location = arena_printf(q->arena, "/api/v1/maintenance/%.36s", id);
	return answer(q, c);
}

np_err api_maintenance_create(struct wreq *q, struct pg_conn *c)
{
	struct draft *d = arena_alloc(q->arena, sizeof *d);
	np_err e = d ? create(q, c, d) : NP_E_NOMEM;
	if (d)
		maint_draft_done(d);
	return e;
}

np_err api_maintenance_preview(struct wreq *q, struct pg_conn *c)
{
	struct draft *d = arena_alloc(q->arena, sizeof *d);
	np_err e = d ? maint_draft_new(q, c, d) : NP_E_NOMEM;
	if (e == NP_OK)
		show(q, &d->row, &d->t, NULL);
	if (d)
		maint_draft_done(d);
	return e;
}

static np_err update(struct wreq *q, struct pg_conn *c, struct draft *d)
{
	in_only(q, "title note zone start end duration_s rrule exdates scope");
	if (json_object_size(q->body) == 0)
		problem_add(&q->problems, "", "", "at least one field is needed");
	np_err e = maint_draft_old(q, c, d);
	if (e < 0)
		return e;
	const struct sma_row before = d->row;
	e = maint_draft_read(q, c, d);
	if (e == NP_OK)
		e = sma_update(q, c, &d->row);
	if (e == NP_OK)
		e = audit(q, c, "maintenance.update",
			  (const struct sma_row *const[2]){ &before, &d->row });
	return e == NP_OK ? answer(q, c) : e;
}

np_err api_maintenance_update(struct wreq *q, struct pg_conn *c)
{
	struct draft *d = arena_alloc(q->arena, sizeof *d);
	np_err e = d ? update(q, c, d) : NP_E_NOMEM;
	if (d)
		maint_draft_done(d);
	return e;
}

np_err api_maintenance_delete(struct wreq *q, struct pg_conn *c)
{
	struct sma_row row;
	np_err e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = sma_read(q, c, true, &row);
	if (e == NP_OK)
		e = sma_delete(q, c);
	if (e == NP_OK)
		e = audit(q, c, "maintenance.delete",
			  (const struct sma_row *const[2]){ &row, NULL });
	q->status = 204;
	return e;
}

static np_err end_now(struct wreq *q, struct pg_conn *c, struct draft *d)
{
	char text[CLOCK_RFC3339_MAX];
	int64_t now = clock_wall_us();
	np_err e = maint_draft_old(q, c, d);
	if (e < 0)
		return e;
	if (!window_at(&d->old.w, d->old.z, now).on)
		return wq_problem(q, 409, "It is not on now.");
	const struct sma_row before = d->row;
	json_t *ended = json_object_get(d->t.definition, "ended");
	if (!ended) {
		ended = json_array();
		(void)json_object_set_new(d->t.definition, "ended", ended);
	}
	if (json_array_size(ended) >= WINDOW_ENDED_MAX)
		(void)json_array_remove(ended, 0);
	clock_rfc3339(now, text);
	(void)json_array_append_new(ended, json_string(text));
	d->row.definition = in_dump(q, d->t.definition);
	e = d->row.definition.p ? sma_update(q, c, &d->row) : NP_E_NOMEM;
	if (e == NP_OK)
		e = audit(q, c, "maintenance.end",
			  (const struct sma_row *const[2]){ &before, &d->row });
	return e == NP_OK ? answer(q, c) : e;
}

np_err api_maintenance_end(struct wreq *q, struct pg_conn *c)
{
	struct draft *d = arena_alloc(q->arena, sizeof *d);
	np_err e = d ? end_now(q, c, d) : NP_E_NOMEM;
	if (d)
		maint_draft_done(d);
	return e;
}
