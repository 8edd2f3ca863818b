/* SPDX-License-Identifier: Apache-2.0 */
#include "web/maint.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/jread.h"
#include "web/input.h"
#include "wire/zoneload.h"

#define TITLE_MAX 200
#define NOTE_MAX 4000
#define SCOPE_MONITORS_MAX 500
#define SCOPE_TAGS_MAX 20
#define TAG_MAX 64
#define LATE_US NP_MIN_US /* a minute of typing does not make it late */

/* ---- a stored row with its window ---- */

void maint_done(struct timed *t)
{
	zone_free(t->z);
	json_decref(t->definition);
	t->z = NULL;
	t->definition = NULL;
}

np_err maint_load(np_str definition, struct timed *ret)
{
	struct problem_list p = { 0 };
	ret->z = NULL;
	ret->definition = json_loadb(definition.p, definition.n, 0, NULL);
	np_err e = ret->definition ? window_read(ret->definition, &ret->w, &p) : NP_E_CORRUPT;
	if (e == NP_OK)
		e = zoneload_read(str_from_c(ret->w.zone), &ret->z);
	if (e < 0)
		maint_done(ret);
	return e < 0 ? NP_E_CORRUPT : NP_OK;
}

/* ---- what people send ---- */

void maint_draft_done(struct draft *d)
{
	maint_done(&d->t);
	maint_done(&d->old);
}

static np_err read_scope(struct wreq *q, struct pg_conn *c, struct draft *d)
{
	const json_t *scope = in_member(q, "scope");
	struct jread r = { .object = scope, .prefix = "scope.", .p = &q->problems };
	static const char *const allowed[] = { "all", "monitors", "tags", NULL };
	const json_t *monitors = NULL, *tags = NULL;
	size_t before = q->problems.n;
	bool all = false;
	int64_t missing = 0;
	if (!json_is_object(scope)) {
		problem_add(&q->problems, "", "scope",
			    "is needed: {\"all\": true}, or monitors and tags");
		return NP_OK;
	}
	jread_only(&r, allowed);
	jread_bool(&r, "all", &all);
	jread_strings(&r, "monitors", SCOPE_MONITORS_MAX, 36, &monitors);
	jread_strings(&r, "tags", SCOPE_TAGS_MAX, TAG_MAX, &tags);
	if (all == (json_array_size(monitors) + json_array_size(tags) > 0))
		problem_add(&q->problems, "", "scope",
			    "must be either all, or at least one monitor or tag");
	json_t *ids = json_array();
	for (size_t i = 0; i < json_array_size(monitors); i++) {
		uint8_t id[16];
		char text[36]; /* in the one form that it is compared in */
		if (str_to_uuid(jread_text(json_array_get(monitors, i)), id) < 0)
			problem_add(&q->problems, "", "scope.monitors", "must be ids of monitors");
		str_uuid(id, text);
		(void)json_array_append_new(ids, json_stringn(text, sizeof text));
	}
	json_t *kept = all ? json_pack("{s:b}", "all", 1)
			   : json_pack("{s:O*, s:O*}", "monitors",
				       json_array_size(ids) ? ids : NULL, "tags", tags);
	d->row.scope = kept ? in_dump(q, kept) : (np_str){ 0 };
	json_decref(kept);
	json_decref(ids);
	if (!d->row.scope.p)
		return NP_E_NOMEM;
	if (q->problems.n > before)
		return NP_OK;
	np_err e = sma_scope(c, d->row.scope, &d->row.monitors, &missing);
	if (e == NP_OK && missing > 0)
		problem_add(&q->problems, "", "scope.monitors",
			    "names a monitor that is not there");
	return e;
}

static void copy_member(const struct wreq *q, json_t *to, const char *key)
{
	json_t *v = json_object_get(q->body, key);
	if (json_is_null(v))
		(void)json_object_del(to, key);
	else if (v)
		(void)json_object_set(to, key, v);
}

/* Without a start it begins now. Where the zone shows this hour for the second time, its name
 * would mean the first: then the time is written in UTC. */
static void begin_now(json_t *definition, const struct zone *z)
{
	int64_t now = civil_floor(clock_wall_us(), NP_SEC_US), local = zone_local(z, now);
	char text[CIVIL_TEXT_MAX];
	if (zone_instant(z, local).at_s != now) {
		local = now;
		(void)json_object_set_new(definition, "zone", json_string("UTC"));
	}
	civil_text(local, text);
	(void)json_object_set_new(definition, "start", json_string(text));
}

/* `end` instead of a duration: both are times on the wall, what lies between is real. */
static void take_end(struct wreq *q, json_t *definition, const struct zone *z)
{
	int64_t start = 0, end = 0;
	bool is_date = false;
	const json_t *v = in_member(q, "end");
	if (!v)
		return;
	if (in_member(q, "duration_s"))
		problem_add(&q->problems, "", "end", "cannot stand beside `duration_s`");
	if (civil_parse(jread_text(v), &end, &is_date) < 0 || is_date) {
		problem_add(&q->problems, "", "end",
			    "must be a local time such as 2026-03-01T04:00");
		return;
	}
	if (civil_parse(jread_text(json_object_get(definition, "start")), &start, NULL) < 0)
		return; /* said of `start` */
	int64_t s = zone_instant(z, end).at_s - zone_instant(z, start).at_s;
	if (s < WINDOW_DURATION_MIN_S || s > WINDOW_DURATION_MAX_S)
		problem_add(&q->problems, "", "end", "must be a minute to 31 days after the start");
	else
		(void)json_object_set_new(definition, "duration_s", json_integer(s));
}

static bool has_begun(const struct timed *t, int64_t now_us)
{
	const struct window_span past = { 0, now_us - LATE_US };
	struct window_span one;
	return t->z && window_list(&t->w, t->z, &past, &one, 1) > 0;
}

static bool never_happens(const struct timed *t)
{
	const struct window_span all = { 0, INT64_MAX };
	struct window_span one;
	return window_list(&t->w, t->z, &all, &one, 1) == 0;
}

static void read_times(struct wreq *q, struct draft *d)
{
	static const char *const own[] = { "zone", "start", "duration_s", "rrule", "exdates" };
	json_t *def = d->t.definition;
	d->moved = in_member(q, "end") != NULL;
	for (size_t i = 0; i < NP_LEN(own); i++) {
		d->moved |= json_object_get(q->body, own[i]) != NULL;
		copy_member(q, def, own[i]);
	}
	if (!json_object_get(def, "rrule") && in_member(q, "exdates"))
		problem_add(&q->problems, "", "exdates", "goes with `rrule` only");
	else if (!json_object_get(def, "rrule"))
		(void)json_object_del(def, "exdates");
	if (!json_object_get(def, "zone"))
		(void)json_object_set_new(def, "zone", json_string("UTC"));
	if (zoneload_read(jread_text(json_object_get(def, "zone")), &d->t.z) < 0) {
		problem_add(&q->problems, "", "zone",
			    "must be the name of a time zone that is known here, such as "
			    "Europe/Berlin or UTC");
		return;
	}
	if (!json_object_get(def, "start"))
		begin_now(def, d->t.z);
	take_end(q, def, d->t.z);
	if (problem_any(&q->problems) || window_read(def, &d->t.w, &q->problems) < 0)
		return;
	zone_free(d->t.z); /* begin_now may have chosen another one */
	d->t.z = NULL;
	if (zoneload_read(str_from_c(d->t.w.zone), &d->t.z) == NP_OK && never_happens(&d->t))
		problem_add(&q->problems, "", d->t.w.kind == WINDOW_RULE ? "rrule" : "start",
			    "gives no time at all");
}

np_err maint_draft_read(struct wreq *q, struct pg_conn *c, struct draft *d)
{
	bool create = !d->old.z;
	np_err e = NP_OK;
	if (create || json_object_get(q->body, "title"))
		d->row.title = in_text(q, (struct in_text){ "title", 1, TITLE_MAX });
	if (create || json_object_get(q->body, "note"))
		d->row.note = in_text(q, (struct in_text){ "note", 0, NOTE_MAX });
	if (create || json_object_get(q->body, "scope"))
		e = read_scope(q, c, d);
	read_times(q, d);
	if (e == NP_OK)
		e = wq_check(q);
	if (e < 0)
		return e;
	int64_t now = clock_wall_us();
	d->row.late |= d->moved && has_begun(&d->t, now) && !has_begun(&d->old, now);
	d->row.definition = in_dump(q, d->t.definition);
	return d->row.definition.p ? NP_OK : NP_E_NOMEM;
}

np_err maint_draft_new(struct wreq *q, struct pg_conn *c, struct draft *d)
{
	in_only(q, "title note zone start end duration_s rrule exdates scope");
	d->t.definition = json_object();
	d->moved = true;
	if (!d->t.definition)
		return NP_E_NOMEM;
	np_err e = maint_draft_read(q, c, d);
	int64_t now = clock_wall_us();
	if (e == NP_OK)
		d->row.late = has_begun(&d->t, now);
	d->row.created_by = q->who.name;
	char text[CLOCK_RFC3339_MAX];
	clock_rfc3339(now, text);
	d->row.created_at = arena_printf(q->arena, "\"%s\"", text);
	return e;
}

np_err maint_draft_old(struct wreq *q, struct pg_conn *c, struct draft *d)
{
	np_err e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = sma_read(q, c, true, &d->row);
	if (e == NP_OK)
		e = maint_load(d->row.definition, &d->old);
	if (e < 0)
		return e;
	d->t.definition = json_deep_copy(d->old.definition);
	return d->t.definition ? NP_OK : NP_E_NOMEM;
}
