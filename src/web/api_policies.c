/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "web/act.h"
#include "web/api.h"
#include "web/effect.h"
#include "web/input.h"
#include "wire/zoneload.h"

#define NAME_MAX_BYTES 100
#define PRIORITY_MAX 1000

/* ---- showing ---- */

static void write_sentence(struct jsonw *w, const struct derive *with, np_str rules)
{
	struct monj_regions known = { with->regions.name, with->regions.number, with->regions.n };
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, 8192);
	json_t *object = json_loadb(rules.p, rules.n, 0, NULL);
	if (object)
		pol_rules_sentence(object, &known, with->names, &text);
	json_decref(object);
	jsonw_kstr(w, "sentence", buf_str(&text));
}

/* changed < 0: not said */
static void show(struct wreq *q, const struct derive *with, const struct stp_row *row,
		 int64_t changed)
{
	struct jsonw *w = &q->json;
	jsonw_obj(w);
	jsonw_key(w, "id");
	jsonw_uuid(w, row->id);
	jsonw_kstr(w, "name", row->name);
	jsonw_kc(w, "scope", pol_scope_name(row->scope));
	jsonw_key(w, "tag");
	if (row->tag.n)
		jsonw_str(w, row->tag);
	else
		jsonw_null(w);
	jsonw_ki64(w, "priority", row->priority);
	jsonw_key(w, "rules");
	jsonw_raw(w, row->rules);
	write_sentence(w, with, row->rules);
	jsonw_ki64(w, "monitors", row->monitors);
	jsonw_ki64(w, "version", row->version);
	if (changed >= 0)
		jsonw_ki64(w, "changed", changed);
	jsonw_key(w, "created_at");
	jsonw_raw(w, row->created_at);
	jsonw_key(w, "changed_at");
	jsonw_raw(w, row->changed_at);
	jsonw_obj_end(w);
}

np_err api_policies_list(struct wreq *q, struct pg_conn *c)
{
	NP_CLEANUP(derive_done_p) struct derive *with = NULL;
	struct stp_list all;
	np_err e = derive_open(q, c, DERIVE_READ, &with);
	if (e == NP_OK)
		e = stp_list(q, c, &all);
	if (e < 0)
		return e;
	jsonw_obj(&q->json);
	jsonw_key(&q->json, "items");
	jsonw_arr(&q->json);
	for (size_t i = 0; i < all.n; i++)
		show(q, with, &all.row[i], -1);
	jsonw_arr_end(&q->json);
	jsonw_key(&q->json, "next");
	jsonw_null(&q->json);
	jsonw_obj_end(&q->json);
	return NP_OK;
}

np_err api_policies_read(struct wreq *q, struct pg_conn *c)
{
	NP_CLEANUP(derive_done_p) struct derive *with = NULL;
	struct stp_row row;
	np_err e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = stp_read(q, c, q->subject, &row);
	if (e == NP_OK)
		e = derive_open(q, c, DERIVE_READ, &with);
	if (e == NP_OK)
		show(q, with, &row, -1);
	return e;
}

/* ---- what people send ---- */

enum deed { CREATE, UPDATE, DELETE };

struct change {
	enum deed deed;
	struct stp_row old, row;
	json_t *rules; /* of row; borrowed from the body, or owned by `loaded` */
	json_t *loaded;
	struct derive *with;
	struct effect effect;
};

static void change_done(struct change *ch)
{
	json_decref(ch->loaded);
	effect_done(&ch->effect);
	derive_done(ch->with);
}

static void read_scope(struct wreq *q, struct change *ch)
{
	np_str scope = in_text(q, (struct in_text){ "scope", 1, 20 });
	if (scope.n && pol_scope_from_name(scope, &ch->row.scope) < 0)
		problem_add(&q->problems, "", "scope", "must be one of: organisation tag named");
}

static void read_tag(struct wreq *q, struct change *ch)
{
	bool has = json_object_get(q->body, "tag") != NULL;
	if (has || ch->deed == CREATE)
		ch->row.tag = in_text(q, (struct in_text){ "tag", 0, MONJ_TAG_MAX });
	if (ch->row.scope == POL_TAG && ch->row.tag.n == 0)
		problem_add(&q->problems, "", "tag", "is needed with the scope `tag`");
	if (ch->row.scope != POL_TAG && ch->row.tag.n > 0)
		problem_add(&q->problems, "", "tag", "goes with the scope `tag` only");
}

static void read_priority(struct wreq *q, struct change *ch)
{
	const json_t *v = in_member(q, "priority");
	json_int_t n = json_integer_value(v);
	if (!v)
		return;
	if (!json_is_integer(v) || n < -PRIORITY_MAX || n > PRIORITY_MAX)
		problem_add(&q->problems, "", "priority", "must be a whole number from %d to %d",
			    -PRIORITY_MAX, PRIORITY_MAX);
	else
		ch->row.priority = (int32_t)n;
}

static void check_zone(struct wreq *q, const json_t *rules)
{
	const json_t *quiet = json_object_get(rules, "quiet");
	np_str zone = jread_text(json_object_get(quiet, "zone"));
	if (zone.n && !zoneload_has(zone))
		problem_add(&q->problems, "", "rules.quiet.zone",
			    "is no time zone that is known here");
}

static np_err check_channels(struct wreq *q, struct pg_conn *c, const json_t *rules)
{
	int64_t missing = 0;
	const json_t *levels = json_object_get(rules, "escalation");
	np_err e = stp_channels_missing(c, json_object_get(rules, "channels"), &missing);
	if (e == NP_OK && missing > 0)
		problem_add(&q->problems, "", "rules.channels",
			    "names a channel that is not there");
	for (size_t i = 0; e == NP_OK && i < json_array_size(levels); i++) {
		const json_t *level = json_array_get(levels, i);
		e = stp_channels_missing(c, json_object_get(level, "channels"), &missing);
		if (e == NP_OK && missing > 0)
			problem_add(&q->problems, "", "rules.escalation",
				    "level %zu names a channel that is not there", i + 1);
	}
	return e;
}

static np_err read_rules(struct wreq *q, struct pg_conn *c, struct change *ch)
{
	struct monj_regions known = { ch->with->regions.name, ch->with->regions.number,
				      ch->with->regions.n };
	json_t *sent = json_object_get(q->body, "rules");
	ch->rules = sent;
	if (!sent && ch->deed == CREATE) {
		problem_add(&q->problems, "", "rules", "is needed");
		return NP_OK;
	}
	if (!sent) {
		ch->rules = ch->loaded = json_loadb(ch->old.rules.p, ch->old.rules.n, 0, NULL);
		return ch->rules ? NP_OK : NP_E_CORRUPT;
	}
	np_err e = pol_check_rules(sent, &known, &q->problems);
	if (e < 0)
		return e == NP_E_INVAL ? NP_OK : e;
	check_zone(q, sent);
	ch->row.rules = in_dump(q, sent);
	return ch->row.rules.p ? check_channels(q, c, sent) : NP_E_NOMEM;
}

static np_err read_body(struct wreq *q, struct pg_conn *c, struct change *ch)
{
	const json_t *version = in_member(q, "version");
	if (ch->deed == CREATE || json_object_get(q->body, "name"))
		ch->row.name = in_text(q, (struct in_text){ "name", 1, NAME_MAX_BYTES });
	if (ch->deed == CREATE)
		read_scope(q, ch);
	read_tag(q, ch);
	read_priority(q, ch);
	if (version && !json_is_integer(version))
		problem_add(&q->problems, "", "version", "must be a whole number");
	np_err e = read_rules(q, c, ch);
	if (e == NP_OK)
		e = wq_check(q);
	if (e == NP_OK && version && json_integer_value(version) != ch->old.version)
		e = wq_problem(q, 409, "Somebody else has changed this policy: read it again.");
	return e;
}

/* ---- the change itself ---- */

/* The policies as they will be. */
static void replace(struct wreq *q, struct change *ch)
{
	struct derive *d = ch->with;
	size_t at = 0;
	while (at < d->pol_n && memcmp(d->pol[at].id, q->subject, 16) != 0)
		at++;
	if (ch->deed == DELETE) {
		for (; at + 1 < d->pol_n; at++)
			d->pol[at] = d->pol[at + 1];
		d->pol_n--;
		return;
	}
	struct pol *p = &d->pol[at];
	d->pol_n += at == d->pol_n;
	memcpy(p->id, q->subject, sizeof p->id);
	p->scope = ch->row.scope;
	p->priority = ch->row.priority;
	p->name = ch->row.name;
	p->tag = ch->row.tag;
	p->rules = ch->rules;
}

static np_err work_out(struct wreq *q, struct pg_conn *c, struct change *ch, struct jsonw *list)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *rows = NULL;
	struct stp_concern who = { .scope = ch->row.scope,
				   .tag = ch->row.tag,
				   .old_tag = ch->old.tag,
				   .id = q->subject,
				   .lock = list == NULL };
	np_err e = stp_concerned(c, &who, &rows);
	if (e == NP_E_LIMIT)
		return wq_problem(q, 409, "This policy concerns more than 20,000 monitors.");
	if (e < 0)
		return e;
	replace(q, ch);
	effect_init(&ch->effect, ch->with, list);
	e = effect_of(q, &ch->effect, rows);
	return e == NP_OK ? wq_check(q) : e;
}

static np_str audit_json(struct wreq *q, const struct stp_row *row)
{
	NP_CLEANUP(buf_done) struct buf b;
	struct jsonw w;
	buf_init(&b, (size_t)128 * 1024);
	jsonw_init(&w, &b);
	jsonw_obj(&w);
	jsonw_kstr(&w, "name", row->name);
	jsonw_kc(&w, "scope", pol_scope_name(row->scope));
	jsonw_kstr(&w, "tag", row->tag);
	jsonw_ki64(&w, "priority", row->priority);
	jsonw_key(&w, "rules");
	jsonw_raw(&w, row->rules);
	jsonw_obj_end(&w);
	return arena_str(q->arena, buf_str(&b));
}

static np_err store(struct wreq *q, struct pg_conn *c, const struct change *ch)
{
	static np_err (*const row_fn[])(struct wreq *, struct pg_conn *, const struct stp_row *) = {
		[CREATE] = stp_insert,
		[UPDATE] = stp_update,
	};
	np_err e = ch->deed == DELETE ? stp_delete(q, c) : row_fn[ch->deed](q, c, &ch->row);
	if (e == NP_E_EXISTS)
		return wq_problem(q, 409,
				  "There is a policy of that name, of that tag, or of the "
				  "organisation already.");
	if (e == NP_E_LIMIT)
		return wq_problem(q, 409, "There are 200 policies already.");
	if (e < 0)
		return e;
	np_str name = ch->deed == DELETE ? ch->old.name : ch->row.name;
	np_str actor =
		arena_printf(q->arena, "policy \"%.*s\" (%.*s)", NP_FMT(name), NP_FMT(q->who.name));
	const struct pg_array rows[2] = { ch->effect.ids, ch->effect.definitions };
	q->nudge_all = q->nudge_monitors = ch->effect.changed > 0;
	return stp_redefine(q, c, actor, rows);
}

static np_err audit(struct wreq *q, struct pg_conn *c, const struct change *ch)
{
	static const char *const acts[] = { "policy.create", "policy.update", "policy.delete" };
	char id[36];
	str_uuid(q->subject, id);
	return act_audit(q, c,
			 &(struct act_audit){
				 acts[ch->deed],
				 { id, sizeof id },
				 ch->deed == CREATE ? (np_str){ 0 } : audit_json(q, &ch->old),
				 ch->deed == DELETE ? (np_str){ 0 } : audit_json(q, &ch->row) });
}

/* Everything up to the decision: what is there, what was sent, what follows. */
static np_err prepare(struct wreq *q, struct pg_conn *c, struct change *ch, struct jsonw *list)
{
	bool named = false;
	np_err e = derive_open(q, c, list ? DERIVE_READ : DERIVE_WRITE_ALL, &ch->with);
	if (e == NP_OK && ch->deed != CREATE)
		e = stp_read(q, c, q->subject, &ch->old);
	if (e < 0)
		return e;
	ch->row = ch->old;
	if (ch->deed == DELETE)
		e = stp_is_named(q, c, &named);
	else
		e = read_body(q, c, ch);
	if (named && ch->old.scope == POL_NAMED)
		return wq_problem(q, 409, "Monitors name this policy: take it from them first.");
	return e == NP_OK ? work_out(q, c, ch, list) : e;
}

static np_err change(struct wreq *q, struct pg_conn *c, struct change *ch)
{
	struct stp_row now;
	np_err e = prepare(q, c, ch, NULL);
	if (e == NP_OK)
		e = store(q, c, ch);
	if (e == NP_OK)
		e = audit(q, c, ch);
	if (e < 0 || ch->deed == DELETE)
		return e;
	e = stp_read(q, c, q->subject, &now);
	if (e == NP_OK)
		show(q, ch->with, &now, (int64_t)ch->effect.changed);
	return e;
}

np_err api_policies_create(struct wreq *q, struct pg_conn *c)
{
	struct change *ch = arena_alloc(q->arena, sizeof *ch);
	if (!ch)
		return NP_E_NOMEM;
	in_only(q, "name scope tag priority rules");
	rnd_uuid(q->subject);
	np_err e = change(q, c, ch);
	change_done(ch);
	char id[36];
	str_uuid(q->subject, id);
	if (e == NP_OK) {
		q->status = 201;
		q->location = arena_printf(q->arena, "/api/v1/policies/%.36s", id);
	}
	return e;
}

static np_err existing(struct wreq *q, struct pg_conn *c, enum deed deed)
{
	struct change *ch = arena_alloc(q->arena, sizeof *ch);
	np_err e = ch ? in_id(q, 0, q->subject) : NP_E_NOMEM;
	if (e < 0)
		return e;
	ch->deed = deed;
	e = change(q, c, ch);
	change_done(ch);
	return e;
}

np_err api_policies_update(struct wreq *q, struct pg_conn *c)
{
	in_only(q, "name tag priority rules version");
	if (json_object_size(q->body) == 0)
		problem_add(&q->problems, "", "", "at least one field is needed");
	return existing(q, c, UPDATE);
}

np_err api_policies_delete(struct wreq *q, struct pg_conn *c)
{
	np_err e = existing(q, c, DELETE);
	if (e == NP_OK)
		q->status = 204;
	return e;
}

/* ---- preview ---- */

static np_err read_draft(struct wreq *q, struct change *ch)
{
	const json_t *id = in_member(q, "id"), *gone = in_member(q, "delete");
	in_only(q, "id delete name scope tag priority rules version");
	rnd_uuid(q->subject);
	if (id && str_to_uuid(jread_text(id), q->subject) < 0)
		problem_add(&q->problems, "", "id", "must be the id of a policy");
	if (gone && !json_is_boolean(gone))
		problem_add(&q->problems, "", "delete", "must be true or false");
	if (json_is_true(gone) && !id)
		problem_add(&q->problems, "", "id", "is needed with `delete`");
	ch->deed = json_is_true(gone) ? DELETE : id ? UPDATE : CREATE;
	return wq_check(q);
}

static np_err preview(struct wreq *q, struct pg_conn *c, struct change *ch)
{
	NP_CLEANUP(buf_done) struct buf list;
	struct jsonw w;
	buf_init(&list, (size_t)8 * 1024 * 1024);
	jsonw_init(&w, &list);
	jsonw_arr(&w);
	np_err e = read_draft(q, ch);
	if (e == NP_OK)
		e = prepare(q, c, ch, &w);
	if (e < 0)
		return e;
	jsonw_arr_end(&w);
	e = buf_failed(&list);
	if (e < 0)
		return e;
	jsonw_obj(&q->json);
	write_sentence(&q->json, ch->with, ch->deed == DELETE ? NP_STR("{}") : ch->row.rules);
	jsonw_ki64(&q->json, "concerned", (int64_t)ch->effect.concerned);
	jsonw_ki64(&q->json, "changed", (int64_t)ch->effect.changed);
	jsonw_key(&q->json, "monitors");
	jsonw_raw(&q->json, buf_str(&list));
	jsonw_obj_end(&q->json);
	return NP_OK;
}

np_err api_policies_preview(struct wreq *q, struct pg_conn *c)
{
	struct change *ch = arena_alloc(q->arena, sizeof *ch);
	np_err e = ch ? preview(q, c, ch) : NP_E_NOMEM;
	if (ch)
		change_done(ch);
	return e;
}
