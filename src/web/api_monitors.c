/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "web/act.h"
#include "web/api.h"
#include "web/audit_mask.h"
#include "web/derive.h"
#include "web/guard.h"
#include "web/input.h"
#include "web/store_policy.h"
#include "wire/zoneload.h"

np_err api_monitors_list(struct wreq *q, struct pg_conn *c)
{
	struct page page;
	page_read(q, &page);
	struct stm_filter f = {
		.text = in_query(q, "q", 200),
		.state = in_choice(q, "state", "pending up suspect down recovering nodata paused"),
		.tag = in_query(q, "tag", MONJ_TAG_MAX),
		.kind = in_choice(q, "kind", "http tcp icmp dns tls"),
		.provenance = in_choice(q, "provenance", "live drill load import replay"),
	};
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	e = stm_list(c, &f, &page, &rows);
	return e < 0 ? e : page_write_shown(q, &page, rows, amask_shown);
}

/* ---- one monitor: what the database says, and what its rules mean ---- */

static void write_policies(struct jsonw *w, const struct derived *d)
{
	jsonw_arr(w);
	for (size_t i = 0; i < d->applying_n; i++) {
		jsonw_obj(w);
		jsonw_key(w, "id");
		jsonw_uuid(w, d->applying[i]->id);
		jsonw_kstr(w, "name", d->applying[i]->name);
		jsonw_kc(w, "scope", pol_scope_name(d->applying[i]->scope));
		jsonw_obj_end(w);
	}
	jsonw_arr_end(w);
}

/* Appends two members to the object in `out`, which the database made. */
static void add_rules(const struct derive *with, const json_t *monitor, struct buf *out)
{
	struct derived d = { 0 };
	struct problem_list p = { 0 };
	struct monj m;
	struct monj_regions known = { with->regions.name, with->regions.number, with->regions.n };
	NP_CLEANUP(buf_done) struct buf sentence;
	struct jsonw w;
	buf_init(&sentence, 8192);
	json_t *given = json_object_get(monitor, "given");
	json_t *named = json_object_get(monitor, "policy"), *whole = json_object();
	for (size_t i = 0; monj_fields[i]; i++)
		if (json_object_get(monitor, monj_fields[i]))
			(void)json_object_set(whole, monj_fields[i],
					      json_object_get(monitor, monj_fields[i]));
	if (json_is_string(named))
		(void)json_object_set(given, "policy", named);
	d.applying_n = pol_applying(with->pol, with->pol_n, given, d.applying);
	/* The definition that is in force, not one that would be made now. */
	if (monj_read(whole, &known, &m, &p) == NP_OK)
		pol_sentence(&m, with->names, &sentence);
	out->n--; /* its last brace */
	jsonw_init(&w, out);
	(void)buf_add_c(out, ", \"policies\": ");
	write_policies(&w, &d);
	(void)buf_add_c(out, ", \"sentence\": ");
	jsonw_init(&w, out);
	jsonw_str(&w, buf_str(&sentence));
	(void)buf_add_byte(out, '}');
	json_decref(whole);
}

static np_err show(struct wreq *q, struct pg_conn *c)
{
	NP_CLEANUP(derive_done_p) struct derive *with = NULL;
	np_str text;
	np_err e = stm_show(q, c, q->subject, &text);
	if (e == NP_OK)
		e = derive_open(q, c, DERIVE_READ, &with);
	if (e < 0)
		return e;
	json_t *monitor = json_loadb(text.p, text.n, 0, NULL);
	if (!monitor)
		return NP_E_NOMEM;
	np_str shown = amask_shown(q, text);
	e = shown.p ? buf_add(&q->out, shown) : NP_E_NOMEM;
	if (e == NP_OK)
		add_rules(with, monitor, &q->out);
	json_decref(monitor);
	return e;
}

np_err api_monitors_read(struct wreq *q, struct pg_conn *c)
{
	np_err e = in_id(q, 0, q->subject);
	return e < 0 ? e : show(q, c);
}

np_err api_monitors_revisions(struct wreq *q, struct pg_conn *c)
{
	uint8_t id[16];
	struct stm_row row = { 0 };
	struct page page;
	page_read(q, &page);
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = in_id(q, 0, id);
	if (e == NP_OK)
		e = stm_find(c, q->arena, id, &row);
	if (e < 0)
		return e;
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	e = stm_revisions(c, row.no, &page, &rows);
	return e < 0 ? e : page_write_shown(q, &page, rows, amask_shown);
}

/* ---- writing ---- */

struct draft {
	struct derive *with;
	struct derived d;
	np_str given; /* JSON as it is stored */
};

static void draft_done(struct draft *d)
{
	derived_done(&d->d);
	derive_done(d->with);
}

static void guard(struct wreq *q, const struct monj *m)
{
	if (m->tgt.host.n)
		guard_host(m->tgt.host, q->who.private_ok, "target", &q->problems);
	np_str resolver = m->options.resolver;
	if (resolver.n == 0)
		return;
	np_str host;
	uint16_t port;
	if (addr_split(resolver, &host, &port) < 0)
		host = resolver;
	guard_host(host, q->who.private_ok, "options.resolver", &q->problems);
}

static np_err check_policy(struct wreq *q, const struct derive *with, json_t *given)
{
	json_t *v = json_object_get(given, "policy");
	uint8_t id[16];
	if (!v)
		return NP_OK;
	bool ok = str_to_uuid(jread_text(v), id) == NP_OK;
	bool found = false;
	for (size_t i = 0; ok && i < with->pol_n; i++)
		found |= with->pol[i].scope == POL_NAMED && memcmp(with->pol[i].id, id, 16) == 0;
	if (!found) {
		problem_add(&q->problems, "", "policy", "must be the id of a named policy");
		return NP_OK;
	}
	char text[36]; /* in the one form that it is compared in */
	str_uuid(id, text);
	return json_object_set_new(given, "policy", json_stringn(text, sizeof text)) == 0
		       ? NP_OK
		       : NP_E_NOMEM;
}

static np_err check_parent(struct wreq *q, struct pg_conn *c, const struct monj *m,
			   const uint8_t self[16])
{
	uint8_t parent[16];
	const char *why = NULL;
	if (!m->def.has_parent || str_to_uuid(m->alert.parent, parent) < 0)
		return NP_OK;
	np_err e = stm_parent(c, self, parent, &why);
	if (e == NP_OK && why)
		problem_add(&q->problems, "", "parent", "%s", why);
	return e;
}

/* Channels that the definition names, but a deleted one that only a policy still names: what
 * people wrote must be there. */
static np_err check_channels(struct wreq *q, struct pg_conn *c, const json_t *given)
{
	int64_t missing = 0;
	const json_t *levels = json_object_get(given, "escalation");
	np_err e = stp_channels_missing(c, json_object_get(given, "channels"), &missing);
	if (e == NP_OK && missing > 0)
		problem_add(&q->problems, "", "channels", "names a channel that is not there");
	for (size_t i = 0; e == NP_OK && i < json_array_size(levels); i++) {
		const json_t *level = json_array_get(levels, i);
		e = stp_channels_missing(c, json_object_get(level, "channels"), &missing);
		if (e == NP_OK && missing > 0)
			problem_add(&q->problems, "", "escalation",
				    "level %zu names a channel that is not there", i + 1);
	}
	return e;
}

static np_err check_zone(struct wreq *q, const struct monj *m)
{
	if (m->alert.quiet.on && !zoneload_has(m->alert.quiet.zone))
		problem_add(&q->problems, "", "quiet.zone", "is no time zone that is known here");
	return NP_OK;
}

/* Validate a whole monitor out of what is given; fills what will be stored. */
static np_err draft_read(struct wreq *q, struct pg_conn *c, json_t *given, struct draft *d)
{
	if (d->with->regions.n == 0)
		return wq_problem(q, 409, "There is no region yet: create one first.");
	np_err e = check_policy(q, d->with, given);
	if (e == NP_OK)
		e = derive_one(d->with, given, &d->d, &q->problems);
	if (e < 0)
		return e == NP_E_INVAL ? wq_check(q) : e;
	guard(q, &d->d.m);
	e = check_channels(q, c, given);
	if (e == NP_OK)
		e = check_parent(q, c, &d->d.m, q->subject);
	if (e == NP_OK)
		e = check_zone(q, &d->d.m);
	if (e == NP_OK)
		e = wq_check(q);
	if (e < 0)
		return e;
	d->given = in_dump(q, given);
	return d->given.p ? NP_OK : NP_E_NOMEM;
}

/* A parent is looked for upward: nobody may meanwhile make a circle of it. */
static enum derive_lock lock_of(const struct wreq *q)
{
	return json_is_string(json_object_get(q->body, "parent")) ? DERIVE_WRITE_ALL
								  : DERIVE_WRITE_ONE;
}

static np_err show_created(struct wreq *q, struct pg_conn *c)
{
	char id[36];
	str_uuid(q->subject, id);
	q->status = 201;
	q->location = arena_printf(q->arena, "/api/v1/monitors/%.36s", id);
	return show(q, c);
}

static np_err no_content(struct wreq *q, struct pg_conn *c)
{
	(void)c;
	q->status = 204;
	return NP_OK;
}

struct change {
	const char *act;
	np_str before, after;
	wq_fn applied;
};

/* The audit row and the command of a change that was just written. */
static np_err announce(struct wreq *q, struct pg_conn *c, const struct stm_row *row,
		       const struct change *ch)
{
	char id[36];
	str_uuid(q->subject, id);
	np_str change[2] = { ch->before, ch->after };
	np_err e = amask_monitor(q, change);
	if (e == NP_OK)
		e = act_audit(
			q, c,
			&(struct act_audit){ ch->act, { id, sizeof id }, change[0], change[1] });
	if (e < 0)
		return e;
	const struct act_command cmd = {
		.command = "define",
		.monitor = row->no,
		.shard = row->shard,
		.body = arena_printf(q->arena, "{\"revision\":%d}", row->revision),
		.applied = ch->applied,
	};
	q->nudge_monitors = true;
	return act_send(q, c, &cmd);
}

static np_err create(struct wreq *q, struct pg_conn *c, struct draft *d)
{
	const char *key;
	json_t *value;
	void *next;
	json_object_foreach_safe(q->body, next, key, value) if (json_is_null(value))
		json_object_del(q->body, key);
	np_err e = derive_open(q, c, lock_of(q), &d->with);
	if (e == NP_OK)
		e = draft_read(q, c, q->body, d);
	if (e < 0)
		return e;
	struct stm_row row = { 0 };
	rnd_uuid(q->subject);
	np_str definition = buf_str(&d->d.text);
	e = stm_insert(q, c, &(struct stm_def){ &d->d.m, definition, d->given }, &row);
	if (e < 0)
		return e;
	return announce(q, c, &row,
			&(struct change){ "monitor.create", { 0 }, definition, show_created });
}

np_err api_monitors_create(struct wreq *q, struct pg_conn *c)
{
	struct draft d = { 0 };
	np_err e = create(q, c, &d);
	draft_done(&d);
	return e;
}

static np_err patch(struct wreq *q, json_t *given)
{
	const char *key;
	json_t *value;
	json_object_foreach(q->body, key, value)
	{
		if (strcmp(key, "kind") == 0 &&
		    !json_equal(value, json_object_get(given, "kind"))) {
			problem_add(&q->problems, "", "kind",
				    "cannot change: create another monitor");
			continue;
		}
		int rc = json_is_null(value) ? 0 : json_object_set(given, key, value);
		if (json_is_null(value))
			json_object_del(given, key);
		if (rc != 0)
			return NP_E_NOMEM;
	}
	if (json_object_size(q->body) == 0)
		problem_add(&q->problems, "", "", "at least one field is needed");
	return NP_OK;
}

static np_err update(struct wreq *q, struct pg_conn *c, struct draft *d)
{
	struct stm_row row = { 0 };
	np_err e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = derive_open(q, c, lock_of(q), &d->with);
	if (e == NP_OK)
		e = stm_lock(c, q->arena, q->subject, &row);
	if (e < 0)
		return e;
	json_t *given = json_loadb(row.given.p, row.given.n, 0, NULL);
	if (!given)
		return NP_E_CORRUPT;
	e = patch(q, given);
	if (e == NP_OK)
		e = draft_read(q, c, given, d);
	json_decref(given);
	if (e < 0)
		return e;
	np_str definition = buf_str(&d->d.text);
	e = stm_update(q, c, &(struct stm_def){ &d->d.m, definition, d->given }, &row);
	if (e < 0)
		return e;
	return announce(q, c, &row,
			&(struct change){ "monitor.update", row.definition, definition, show });
}

np_err api_monitors_update(struct wreq *q, struct pg_conn *c)
{
	struct draft d = { 0 };
	np_err e = update(q, c, &d);
	draft_done(&d);
	return e;
}

np_err api_monitors_delete(struct wreq *q, struct pg_conn *c)
{
	struct stm_row row = { 0 };
	np_err e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = stm_lock(c, q->arena, q->subject, &row);
	if (e == NP_OK)
		e = stm_delete(q, c, &row);
	if (e < 0)
		return e;
	return announce(q, c, &row,
			&(struct change){ "monitor.delete", row.definition, { 0 }, no_content });
}

static np_err show_command(struct wreq *q, struct pg_conn *c)
{
	return act_show(q, c);
}

np_err api_monitors_check(struct wreq *q, struct pg_conn *c)
{
	struct stm_row row = { 0 };
	np_err e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = stm_find(c, q->arena, q->subject, &row);
	if (e < 0)
		return e;
	char id[36];
	str_uuid(q->subject, id);
	e = act_audit(q, c,
		      &(struct act_audit){ .act = "monitor.check", .subject = { id, sizeof id } });
	if (e < 0)
		return e;
	return act_send(q, c,
			&(struct act_command){ .command = "check",
					       .monitor = row.no,
					       .shard = row.shard,
					       .body = NP_STR("{}"),
					       .applied = show_command });
}
