/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "core/channel.h"
#include "net/url.h"
#include "web/act.h"
#include "web/api.h"
#include "web/audit_mask.h"
#include "web/channel_drop.h"
#include "web/channel_show.h"
#include "web/guard.h"
#include "web/input.h"
#include "web/store_channel.h"

static np_str text_of(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	return json_is_string(v) ? (np_str){ json_string_value(v), json_string_length(v) }
				 : (np_str){ 0 };
}

np_err api_channels_list(struct wreq *q, struct pg_conn *c)
{
	struct stc_list all;
	np_err e = stc_list(q, c, &all);
	if (e < 0)
		return e;
	jsonw_obj(&q->json);
	jsonw_key(&q->json, "items");
	jsonw_arr(&q->json);
	for (size_t i = 0; i < all.n; i++)
		chs_show(q, &all.row[i], (np_str){ 0 });
	jsonw_arr_end(&q->json);
	jsonw_key(&q->json, "next");
	jsonw_null(&q->json);
	jsonw_obj_end(&q->json);
	return NP_OK;
}

static np_err load(struct wreq *q, struct pg_conn *c, struct stc_row *ret)
{
	np_err e = in_id(q, 0, q->subject);
	return e < 0 ? e : stc_read(q, c, q->subject, ret);
}

np_err api_channels_read(struct wreq *q, struct pg_conn *c)
{
	struct stc_row row;
	np_err e = load(q, c, &row);
	if (e == NP_OK)
		chs_show(q, &row, (np_str){ 0 });
	return e;
}

np_err api_channels_notices(struct wreq *q, struct pg_conn *c)
{
	struct stc_row row;
	struct page p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	page_read(q, &p);
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = load(q, c, &row);
	if (e == NP_OK)
		e = stc_notices(q, c, &p, &res);
	if (e == NP_OK)
		page_write(q, &p, res);
	return e;
}

/* ---- validation ---- */

static np_str member_text(struct wreq *q, const json_t *config, const char *key)
{
	const json_t *v = json_object_get(config, key);
	if (!v || json_is_null(v))
		return (np_str){ 0 };
	if (!json_is_string(v)) {
		problem_add(&q->problems, "config.", key, "must be text");
		return (np_str){ 0 };
	}
	return (np_str){ json_string_value(v), json_string_length(v) };
}

static void check_host(struct wreq *q, const struct chn_field *f, np_str url)
{
	struct url u;
	char field[64];
	(void)snprintf(field, sizeof field, "config.%s", f->key);
	if (url_parse(url, &u) < 0 || u.fragment.p)
		problem_add(&q->problems, "", field,
			    "must be http:// or https:// with a host, without user or fragment");
	else
		guard_host(u.host, q->who.private_ok, field, &q->problems);
}

static void check_members(struct wreq *q, const struct chn_kind *k, const json_t *config)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)config, key,
			    value) if (chn_field_of(k, str_from_c(key)) == NULL)
		problem_add(&q->problems, "config.", key, "is not a field of %s", k->name);
}

struct reading {
	const struct chn_kind *kind;
	const json_t *config;
	json_t *open, *secret; /* filled */
	bool create;           /* what is needed must be there */
};

static void keep(json_t *o, const char *key, np_str v)
{
	(void)json_object_set_new(o, key, json_stringn(v.p, v.n));
}

static np_str fresh_secret(struct arena *a)
{
	uint8_t raw[32];
	char *text = arena_alloc(a, 64);
	if (!text)
		return (np_str){ 0 };
	rnd_bytes(raw, sizeof raw);
	return (np_str){ text, str_b64url(raw, sizeof raw, text) };
}

/* Yields what was made for it, else "". */
static np_str read_field(struct wreq *q, const struct reading *r, const struct chn_field *f)
{
	np_str v = member_text(q, r->config, f->key), made = { 0 };
	bool there = json_object_get(r->config, f->key) != NULL;
	bool same = f->secret && !r->create && (!there || str_eq(v, NP_STR(SECRET_MASK)));
	if (same)
		return made;
	if (v.n == 0 && f->made && r->create)
		v = made = fresh_secret(q->arena);
	if (v.n == 0 && f->optional) {
		if (f->secret) /* an empty one forgets it */
			(void)json_object_set_new(r->secret, f->key, json_null());
		return made;
	}
	chn_check(f, v, q->who.private_ok, &q->problems);
	if (f->type == CHN_URL && v.n > 0)
		check_host(q, f, v);
	keep(f->secret ? r->secret : r->open, f->key, v);
	return made;
}

static np_str dumped(struct wreq *q, const json_t *o)
{
	char *text = json_dumps(o, JSON_COMPACT);
	np_str copy = text ? arena_str(q->arena, str_from_c(text)) : (np_str){ 0 };
	free(text);
	return copy;
}

/* Fills w->config and w->secret; *ret_made is a key that was made. */
static np_err read_config(struct wreq *q, const json_t *config, bool create, struct stc_write *w,
			  np_str *ret_made)
{
	if (!json_is_object(config)) {
		problem_add(&q->problems, "", "config", "must be an object");
		return NP_OK;
	}
	struct reading r = { .kind = chn_kind_of(str_from_c(w->kind)),
			     .config = config,
			     .open = json_object(),
			     .secret = json_object(),
			     .create = create };
	check_members(q, r.kind, config);
	for (const struct chn_field *f = r.kind->field; f->key != NULL; f++) {
		np_str made = read_field(q, &r, f);
		if (made.n)
			*ret_made = made;
	}
	w->config = dumped(q, r.open);
	w->secret = dumped(q, r.secret);
	json_decref(r.open);
	json_decref(r.secret);
	return w->config.p && w->secret.p ? NP_OK : NP_E_NOMEM;
}

/* "fallback": another channel's id, or null for none. */
static void read_fallback(struct wreq *q, struct stc_write *w)
{
	const json_t *v = json_object_get(q->body, "fallback");
	if (!v)
		return;
	w->set_fallback = true;
	w->has_fallback = !json_is_null(v);
	if (w->has_fallback &&
	    str_to_uuid((np_str){ json_string_value(v), json_string_length(v) }, w->fallback) < 0)
		problem_add(&q->problems, "", "fallback", "must be the id of a channel, or null");
}

static np_err no_fallback(struct wreq *q)
{
	problem_add(&q->problems, "", "fallback", "must be the id of another channel");
	return wq_check(q);
}

/* ---- writing ---- */

/* before: what w replaces, or NULL. Masks may look alike: that something changed is told apart. */
static np_str audit_json(struct wreq *q, const struct stc_write *w, const struct stc_write *before)
{
	struct buf b;
	struct jsonw j;
	np_str config = w->config;
	if (amask_channel(q, w->kind, &config) < 0)
		config = NP_STR("null");
	buf_init(&b, 8192);
	jsonw_init(&j, &b);
	jsonw_obj(&j);
	jsonw_kc(&j, "kind", w->kind);
	jsonw_kstr(&j, "name", w->name);
	jsonw_key(&j, "config");
	jsonw_raw(&j, config);
	jsonw_kbool(&j, "new_config", before && !str_eq(before->config, w->config));
	jsonw_kbool(&j, "new_secret", w->secret.n > 2);
	jsonw_obj_end(&j);
	np_str copy = arena_str(q->arena, buf_str(&b));
	buf_done(&b);
	return copy;
}

static np_err audit(struct wreq *q, struct pg_conn *c, const char *act, const np_str change[2])
{
	char id[36];
	str_uuid(q->subject, id);
	q->nudge_channels = true;
	return act_audit(q, c, &(struct act_audit){ act, { id, sizeof id }, change[0], change[1] });
}

static np_err answer(struct wreq *q, struct pg_conn *c, np_str secret)
{
	struct stc_row row;
	np_err e = stc_read(q, c, q->subject, &row);
	if (e == NP_OK)
		chs_show(q, &row, secret);
	return e;
}

static const char *kind_given(struct wreq *q)
{
	np_str kind = in_text(q, (struct in_text){ "kind", 1, 32 });
	const struct chn_kind *k = chn_kind_of(kind);
	if (kind.n && (k == NULL || k->own_api))
		problem_add(&q->problems, "", "kind", "must be one of: %s", chn_names());
	return k != NULL ? k->name : "";
}

np_err api_channels_create(struct wreq *q, struct pg_conn *c)
{
	in_only(q, "kind name config fallback");
	np_str made = { 0 };
	struct stc_write w = { .kind = kind_given(q),
			       .name = in_text(q, (struct in_text){ "name", 1, 100 }) };
	read_fallback(q, &w);
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	e = read_config(q, json_object_get(q->body, "config"), true, &w, &made);
	if (e == NP_OK)
		e = wq_check(q);
	if (e < 0)
		return e;
	rnd_uuid(q->subject);
	e = chd_lock(q, c);
	if (e == NP_OK)
		e = stc_insert(q, c, &w);
	if (e == NP_E_LIMIT)
		return wq_problem(q, 409, "There are 200 channels already.");
	if (e == NP_E_NOTFOUND)
		return no_fallback(q);
	if (e == NP_OK)
		e = audit(q, c, "channel.create", (np_str[2]){ { 0 }, audit_json(q, &w, NULL) });
	if (e < 0)
		return e;
	char id[36];
	str_uuid(q->subject, id);
	q->status = 201;
	q->location = arena_printf(q->arena, "/api/v1/channels/%.36s", id);
	/* A signing key is shown once, also one that was given. */
	if (made.n == 0 && strcmp(w.kind, "webhook") == 0)
		made = text_of(json_object_get(q->body, "config"), "secret");
	return answer(q, c, made);
}

/* For the audit row: what is secret is not in it. */
static struct stc_write as_it_is(const struct stc_row *row)
{
	const struct chn_kind *k = chn_kind_of(row->kind);
	return (struct stc_write){ .kind = k != NULL ? k->name : "",
				   .name = row->name,
				   .config = row->config };
}

np_err api_channels_update(struct wreq *q, struct pg_conn *c)
{
	struct stc_row row;
	np_str made = { 0 };
	np_err e = chd_lock(q, c);
	if (e == NP_OK)
		e = load(q, c, &row);
	if (e < 0)
		return e;
	in_only(q, "name config fallback");
	struct stc_write w = as_it_is(&row);
	const struct stc_write before = w;
	const struct chn_kind *k = chn_kind_of(row.kind);
	if (json_object_get(q->body, "name"))
		w.name = in_text(q, (struct in_text){ "name", 1, 100 });
	if (json_object_get(q->body, "config") && (k == NULL || k->own_api))
		problem_add(&q->problems, "", "config", "is not edited here");
	else if (json_object_get(q->body, "config"))
		e = read_config(q, json_object_get(q->body, "config"), false, &w, &made);
	read_fallback(q, &w);
	if (json_object_size(q->body) == 0)
		problem_add(&q->problems, "", "", "at least one field is needed");
	if (e == NP_OK)
		e = wq_check(q);
	if (e == NP_OK)
		e = stc_update(q, c, &w);
	if (e == NP_E_NOTFOUND)
		return no_fallback(q);
	if (e == NP_OK)
		e = audit(q, c, "channel.update",
			  (np_str[2]){ audit_json(q, &before, NULL), audit_json(q, &w, &before) });
	return e < 0 ? e : answer(q, c, (np_str){ 0 });
}

np_err api_channels_delete(struct wreq *q, struct pg_conn *c)
{
	struct stc_row row;
	np_err e = chd_lock(q, c);
	if (e == NP_OK)
		e = load(q, c, &row);
	if (e == NP_OK)
		e = chd_drop(q, c, "channel");
	if (e < 0)
		return e;
	const struct stc_write before = as_it_is(&row);
	q->status = 204;
	return audit(q, c, "channel.delete", (np_str[2]){ audit_json(q, &before, NULL), { 0 } });
}

/* ---- the test ---- */

struct test {
	int64_t notice;
	uint8_t key[16];
};

static np_err test_later(struct wreq *q, struct pg_conn *c)
{
	const struct test *t = q->extra;
	np_str attempt;
	np_err e = stc_attempt(q, c, t->notice, &attempt);
	if (e < 0)
		return e;
	if (attempt.n) {
		jsonw_raw(&q->json, attempt);
		return NP_OK;
	}
	if (!q->expired)
		return NP_E_AGAIN;
	q->status = 202;
	jsonw_obj(&q->json);
	jsonw_key(&q->json, "key");
	jsonw_uuid(&q->json, t->key);
	jsonw_key(&q->json, "outcome");
	jsonw_null(&q->json);
	jsonw_obj_end(&q->json);
	return NP_OK;
}

static np_str test_body(struct wreq *q, const struct stc_row *row)
{
	struct buf b;
	struct jsonw j;
	buf_init(&b, 4096);
	jsonw_init(&j, &b);
	jsonw_obj(&j);
	jsonw_kc(&j, "kind", "test");
	jsonw_key(&j, "incident");
	jsonw_null(&j);
	jsonw_key(&j, "monitor");
	jsonw_null(&j);
	jsonw_kstr(&j, "why",
		   arena_printf(q->arena,
				"This is a test of the channel \"%.*s\", asked for by %.*s.",
				NP_FMT(row->name), NP_FMT(q->who.name)));
	jsonw_ktime(&j, "at", clock_wall_us());
	jsonw_obj_end(&j);
	np_str copy = arena_str(q->arena, buf_str(&b));
	buf_done(&b);
	return copy;
}

np_err api_channels_test(struct wreq *q, struct pg_conn *c)
{
	struct stc_row row;
	struct test *t = arena_alloc(q->arena, sizeof *t);
	np_err e = t ? load(q, c, &row) : NP_E_NOMEM;
	if (e == NP_OK)
		e = stc_test(q, c, test_body(q, &row), &t->notice, t->key);
	if (e == NP_OK)
		e = audit(q, c, "channel.test", (np_str[2]){ { 0 }, { 0 } });
	if (e < 0)
		return e;
	q->nudge_channels = false;
	q->nudge_outbox = true;
	q->extra = t;
	q->later = test_later;
	q->poll_ms = 100;
	q->deadline_ms = clock_mono_ms() + q->web->test_wait_ms;
	return NP_OK;
}
