/* SPDX-License-Identifier: Apache-2.0 */
/* The life of incidents as people lead it: phase, severity, who, words, merging, publishing. */
#include "base/clock.h"
#include "base/str.h"
#include "core/jread.h"
#include "web/act.h"
#include "web/api.h"
#include "web/input.h"
#include "web/life.h"
#include "web/store_policy.h"
#include "web/who.h"

#define TITLE_MAX 200
#define NAME_MAX_BYTES 100
#define POST_MORTEM_MAX 100000
#define AFFECTS_MAX 100
#define CHANNELS_MAX 50
#define PHASES "investigating identified monitoring resolved"
#define SEVERITIES "minor major critical"

static np_str one_of(struct wreq *q, const char *name, const char *names)
{
	np_str s = in_text(q, (struct in_text){ name, 0, 32 });
	if (s.n && !in_is_one_of(names, s))
		problem_add(&q->problems, "", name, "must be one of: %s", names);
	return s;
}

static bool flag(struct wreq *q, const char *name)
{
	const json_t *v = in_member(q, name);
	if (v && !json_is_boolean(v))
		problem_add(&q->problems, "", name, "must be true or false");
	return json_is_true(v);
}

/* List of ids in their one form, as JSON; "" when absent. */
static np_str ids_of(struct wreq *q, const char *name, size_t max)
{
	const json_t *v = in_member(q, name);
	json_t *kept = json_array();
	uint8_t id[16];
	char text[36];
	bool fine = json_is_array(v) && json_array_size(v) <= max;
	for (size_t i = 0; fine && i < json_array_size(v); i++) {
		fine = str_to_uuid(jread_text(json_array_get(v, i)), id) == NP_OK;
		str_uuid(id, text);
		(void)json_array_append_new(kept, json_stringn(text, sizeof text));
	}
	np_str ret = v ? in_dump(q, kept) : (np_str){ 0 };
	json_decref(kept);
	if (v && !fine)
		problem_add(&q->problems, "", name, "must be a list of at most %zu ids", max);
	return fine ? ret : (np_str){ 0 };
}

static np_err check_affects(struct wreq *q, struct pg_conn *c, np_str ids)
{
	int64_t missing = 0;
	np_err e = ids.n ? stl_monitors_missing(c, ids, &missing) : NP_OK;
	if (e == NP_OK && missing > 0)
		problem_add(&q->problems, "", "affects", "names a monitor that is not there");
	return e;
}

/* What the world may read is an act of its own, whichever request carries it. */
static np_err may_publish(struct wreq *q, bool public)
{
	if (!public || who_may(&q->who, ACC_INCIDENT_PUBLISH))
		return NP_OK;
	return wq_problem(q, 403, "Your role may not publish.");
}

/* ---- opening ---- */

struct opening {
	struct stl_open o;
	struct life l;
	bool notify;
};

static np_err read_opening(struct wreq *q, struct pg_conn *c, struct opening *x)
{
	int64_t missing = 0, now = clock_wall_us();
	const json_t *at = in_member(q, "opened_at");
	struct stl_page *p = &x->l.page;
	in_only(q, "title severity phase text opened_at affects channels notify public");
	p->title = x->o.title = in_text(q, (struct in_text){ "title", 1, TITLE_MAX });
	x->o.severity = one_of(q, "severity", SEVERITIES);
	p->phase = one_of(q, "phase", "investigating identified monitoring");
	x->l.reason = in_text(q, (struct in_text){ "text", 0, LIFE_TEXT_MAX });
	x->o.opened_us = now;
	if (at && (clock_from_rfc3339(jread_text(at), &x->o.opened_us) < 0 ||
		   x->o.opened_us > now || x->o.opened_us < 0))
		problem_add(&q->problems, "", "opened_at",
			    "must be a time such as 2026-03-01T12:00:00Z, not in the future");
	p->affects = ids_of(q, "affects", AFFECTS_MAX);
	p->channels = ids_of(q, "channels", CHANNELS_MAX);
	x->notify = flag(q, "notify");
	p->published = x->l.public = flag(q, "public");
	np_err e = may_publish(q, x->l.public);
	if (e == NP_OK)
		e = check_affects(q, c, p->affects);
	if (e == NP_OK && p->channels.n)
		e = stp_channels_missing(c, in_member(q, "channels"), &missing);
	if (missing > 0)
		problem_add(&q->problems, "", "channels", "names a channel that is not there");
	return e == NP_OK ? wq_check(q) : e;
}

static np_err store_opening(struct wreq *q, struct pg_conn *c, struct opening *x)
{
	struct stl_page made;
	struct stl_page *p = &x->l.page;
	rnd_uuid(q->subject);
	if (x->o.severity.n == 0)
		x->o.severity = NP_STR("major");
	if (p->phase.n == 0)
		p->phase = NP_STR("investigating");
	if (p->affects.n == 0)
		p->affects = NP_STR("[]");
	np_err e = stl_open(q, c, &x->o);
	if (e == NP_OK)
		e = stl_lock(q, c, q->subject, &made);
	if (e == NP_OK)
		e = stl_save(c, q->subject, p);
	if (e == NP_OK)
		e = life_say(q, c, &x->l, "opened", (np_str[2]){ { 0 }, life_text(q, p->title) });
	if (e == NP_OK && x->notify)
		e = life_tell(q, c, &x->l, "opened");
	return e;
}

np_err api_life_open(struct wreq *q, struct pg_conn *c)
{
	struct opening x = { .l.row.manual = true };
	np_err e = read_opening(q, c, &x);
	if (e == NP_OK)
		e = store_opening(q, c, &x);
	if (e == NP_OK)
		e = life_end(q, c, &x.l);
	char id[36];
	str_uuid(q->subject, id);
	if (e == NP_OK) {
		q->status = 201;
		q->location = arena_printf(q->arena, "/api/v1/incidents/%.36s", id);
	}
	return e;
}

/* ---- one field after the other ---- */

struct field {
	const char *name; /* in the body, and kind of the update */
	np_str *of;       /* in the page */
	np_str value;
	bool json; /* value is JSON already */
};

static np_err change(struct wreq *q, struct pg_conn *c, struct life *l, const struct field *f)
{
	if (!json_object_get(q->body, f->name) || str_eq(*f->of, f->value))
		return NP_OK;
	const np_str before_after[2] = { f->json ? *f->of : life_text(q, *f->of),
					 f->json ? f->value : life_text(q, f->value) };
	*f->of = f->value;
	return life_say(q, c, l, f->name, before_after);
}

static np_err check_phase(struct wreq *q, const struct life *l, np_str phase)
{
	bool resolved = str_eq_c(phase, "resolved");
	if (phase.n == 0 || (resolved && l->row.closed))
		return NP_OK;
	if (l->row.closed)
		return wq_problem(q, 409, "It is closed: reopen it first.");
	if (resolved && !l->row.manual)
		return wq_problem(q, 409, "A monitor opened it: resolve it with POST …/resolve.");
	return NP_OK;
}

struct patch {
	np_str title, phase, severity, assignee, post_mortem, affects;
	bool notify;
};

static np_err read_patch(struct wreq *q, struct pg_conn *c, struct life *l, struct patch *p)
{
	in_only(q, "title phase severity assignee post_mortem affects reason public notify");
	size_t title_min = l->row.manual && json_object_get(q->body, "title") ? 1 : 0;
	p->title = in_text(q, (struct in_text){ "title", title_min, TITLE_MAX });
	p->phase = one_of(q, "phase", PHASES);
	p->severity = one_of(q, "severity", SEVERITIES);
	p->assignee = in_text(q, (struct in_text){ "assignee", 0, NAME_MAX_BYTES });
	p->post_mortem = in_text(q, (struct in_text){ "post_mortem", 0, POST_MORTEM_MAX });
	p->affects = ids_of(q, "affects", AFFECTS_MAX);
	l->reason = in_text(q, (struct in_text){ "reason", 0, LIFE_TEXT_MAX });
	l->public = flag(q, "public");
	p->notify = flag(q, "notify");
	if (json_object_get(q->body, "phase") && p->phase.n == 0)
		problem_add(&q->problems, "", "phase", "must be one of: " PHASES);
	if (json_object_size(q->body) == 0)
		problem_add(&q->problems, "", "", "at least one field is needed");
	np_err e = may_publish(q, l->public);
	if (e == NP_OK)
		e = check_affects(q, c, p->affects);
	if (e == NP_OK)
		e = wq_check(q);
	if (p->affects.n == 0)
		p->affects = NP_STR("[]");
	return e == NP_OK ? check_phase(q, l, p->phase) : e;
}

static np_err apply(struct wreq *q, struct pg_conn *c, struct life *l, const struct patch *p)
{
	bool resolve = str_eq_c(p->phase, "resolved") && !l->row.closed;
	const struct field fields[] = {
		{ "phase", &l->page.phase, p->phase, false },
		{ "severity", &l->page.severity, p->severity, false },
		{ "assignee", &l->page.assignee, p->assignee, false },
		{ "title", &l->page.title, p->title, false },
		{ "affects", &l->page.affects, p->affects, true },
		{ "post_mortem", &l->page.post_mortem, p->post_mortem, false },
	};
	np_err e = resolve ? stl_state(q, c, STL_RESOLVED) : NP_OK;
	for (size_t i = 0; e == NP_OK && i < NP_LEN(fields); i++)
		e = change(q, c, l, &fields[i]);
	if (e == NP_OK && !l->said && l->reason.n)
		e = life_say(q, c, l, "update", (np_str[2]){ 0 });
	if (e == NP_OK && (resolve || (p->notify && l->said)))
		e = life_tell(q, c, l, resolve ? "resolved" : "update");
	return e;
}

np_err api_life_update(struct wreq *q, struct pg_conn *c)
{
	struct life l = { 0 };
	struct patch p = { 0 };
	np_err e = life_begin(q, c, &l);
	if (e == NP_OK)
		e = read_patch(q, c, &l, &p);
	if (e == NP_OK)
		e = apply(q, c, &l, &p);
	return e == NP_OK ? life_end(q, c, &l) : e;
}

/* ---- publishing ---- */

static np_err publish(struct wreq *q, struct pg_conn *c, bool on)
{
	struct life l = { 0 };
	np_err e = life_begin(q, c, &l);
	if (e == NP_OK && l.page.published != on)
		e = life_say(q, c, &l, on ? "published" : "unpublished", (np_str[2]){ 0 });
	l.page.published = on;
	return e == NP_OK ? life_end(q, c, &l) : e;
}

np_err api_life_publish(struct wreq *q, struct pg_conn *c)
{
	return publish(q, c, true);
}

np_err api_life_unpublish(struct wreq *q, struct pg_conn *c)
{
	return publish(q, c, false);
}

/* ---- merging ---- */

static np_str id_json(struct wreq *q, const uint8_t id[16])
{
	char text[36];
	str_uuid(id, text);
	return arena_printf(q->arena, "\"%.36s\"", text);
}

/* Both pages, locked in the order of their ids: two merges crosswise do not wait for each other. */
static np_err lock_both(struct wreq *q, struct pg_conn *c, const uint8_t into[16], struct life *l,
			struct stl_page *other)
{
	bool first = memcmp(q->subject, into, 16) < 0;
	np_err e = first ? stl_lock(q, c, q->subject, &l->page) : stl_lock(q, c, into, other);
	if (e < 0)
		return e;
	return first ? stl_lock(q, c, into, other) : stl_lock(q, c, q->subject, &l->page);
}

static np_err check_merge(struct wreq *q, struct pg_conn *c, const struct life *l,
			  const struct stl_page *other)
{
	bool has = false;
	np_err e = stl_has_merged(c, q->subject, &has);
	if (e < 0)
		return e;
	if (l->page.merged)
		return wq_problem(q, 409, "It is merged already: take it out first.");
	if (has)
		return wq_problem(q, 409, "Others are merged into it: take them out first.");
	if (other->merged)
		return wq_problem(q, 409, "That one is merged into another one itself.");
	return NP_OK;
}

np_err api_life_merge(struct wreq *q, struct pg_conn *c)
{
	struct life l = { 0 };
	struct stl_page other = { 0 };
	struct sti_row row;
	uint8_t into[16] = { 0 };
	np_err e = in_id(q, 0, q->subject);
	in_only(q, "into reason");
	l.reason = in_text(q, (struct in_text){ "reason", 0, LIFE_TEXT_MAX });
	bool fine = str_to_uuid(jread_text(in_member(q, "into")), into) == NP_OK &&
		    memcmp(into, q->subject, 16) != 0;
	if (e == NP_OK)
		e = sti_find(c, q->subject, &l.row);
	if (e == NP_OK && (!fine || sti_find(c, into, &row) < 0))
		problem_add(&q->problems, "", "into", "must be the id of another incident");
	if (e == NP_OK)
		e = wq_check(q);
	if (e == NP_OK)
		e = lock_both(q, c, into, &l, &other);
	if (e == NP_OK)
		e = check_merge(q, c, &l, &other);
	if (e < 0)
		return e;
	l.page.merged = true;
	memcpy(l.page.merged_into, into, sizeof into);
	e = life_say(q, c, &l, "merged", (np_str[2]){ { 0 }, id_json(q, into) });
	if (e == NP_OK)
		e = stl_say(q, c, into,
			    &(struct stl_update){ .kind = "took_in",
						  .reason = l.reason,
						  .after = id_json(q, q->subject) });
	return e == NP_OK ? life_end(q, c, &l) : e;
}

np_err api_life_unmerge(struct wreq *q, struct pg_conn *c)
{
	struct life l = { 0 };
	np_err e = life_begin(q, c, &l);
	if (e < 0)
		return e;
	if (!l.page.merged)
		return wq_problem(q, 409, "It is not merged.");
	l.page.merged = false;
	e = life_say(q, c, &l, "unmerged", (np_str[2]){ id_json(q, l.page.merged_into), { 0 } });
	if (e == NP_OK)
		e = stl_say(q, c, l.page.merged_into,
			    &(struct stl_update){ .kind = "let_go",
						  .before = id_json(q, q->subject) });
	return e == NP_OK ? life_end(q, c, &l) : e;
}

/* ---- again ---- */

static np_err show(struct wreq *q, struct pg_conn *c)
{
	return sti_show(q, c, q->subject);
}

/* Its owner decides: it was resolved by hand, and is still down. */
static np_err ask_owner(struct wreq *q, struct pg_conn *c, const struct life *l)
{
	char id[36];
	str_uuid(q->subject, id);
	np_str body = arena_printf(q->arena, "{\"incident\":\"%.36s\"}", id);
	np_err e = act_audit(
		q, c, &(struct act_audit){ "incident.reopen", { id, sizeof id }, { 0 }, body });
	if (e < 0)
		return e;
	return act_send(q, c,
			&(struct act_command){ .command = "reopen",
					       .monitor = l->row.monitor,
					       .shard = l->row.shard,
					       .body = body,
					       .applied = show });
}

np_err api_life_reopen(struct wreq *q, struct pg_conn *c)
{
	struct life l = { 0 };
	in_only(q, "note");
	l.reason = in_text(q, (struct in_text){ "note", 0, LIFE_TEXT_MAX });
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = life_begin(q, c, &l);
	if (e < 0)
		return e;
	if (!l.row.manual && l.row.closed)
		return wq_problem(q, 409,
				  "A monitor opened it, and it has recovered: when it fails again, "
				  "a new incident begins.");
	if (!l.row.manual)
		return ask_owner(q, c, &l);
	if (!l.row.closed)
		return wq_problem(q, 409, "It is open.");
	l.page.phase = NP_STR("investigating");
	e = stl_state(q, c, STL_OPEN);
	if (e == NP_OK)
		e = life_say(q, c, &l, "reopened", (np_str[2]){ 0 });
	if (e == NP_OK)
		e = life_tell(q, c, &l, "reopened");
	return e == NP_OK ? life_end(q, c, &l) : e;
}
