/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/str.h"
#include "net/addr.h"
#include "net/url.h"
#include "web/act.h"
#include "web/api.h"
#include "web/guard.h"
#include "web/input.h"
#include "web/store_channel.h"

#define SECRET_MASK "********"
#define EMAIL_MAX 254

/* ---- showing ---- */

static np_str config_text(json_t *config, const char *key)
{
	const json_t *v = json_object_get(config, key);
	return json_is_string(v) ? (np_str){ json_string_value(v), json_string_length(v) }
				 : (np_str){ 0 };
}

/* "https://hooks.example.org/…": the rest of a URL is often a key. */
static np_str mask_url(struct arena *a, np_str url)
{
	struct url u;
	if (url_parse(url, &u) < 0)
		return NP_STR("…");
	return arena_printf(a, "%.*s://%.*s/…", NP_FMT(u.scheme), NP_FMT(u.host));
}

static np_str mask_email(struct arena *a, np_str to)
{
	np_str local, domain;
	if (!str_cut(to, '@', &local, &domain))
		return NP_STR("…");
	return arena_printf(a, "%.*s…@%.*s", NP_FMT(str_clip_utf8(local, 1)), NP_FMT(domain));
}

/* secret: the clear one right after it was made; else "". */
static void show_config(struct wreq *q, const struct stc_row *row, np_str secret)
{
	struct jsonw *w = &q->json;
	bool all = acc_may(q->who.role, ACC_S_ALL, ACC_CHANNEL_EDIT);
	json_t *config = json_loadb(row->config.p, row->config.n, 0, NULL);
	np_str url = config_text(config, "url"), to = config_text(config, "to");
	jsonw_key(w, "config");
	jsonw_obj(w);
	if (url.n)
		jsonw_kstr(w, "url", all ? url : mask_url(q->arena, url));
	if (to.n)
		jsonw_kstr(w, "to", all ? to : mask_email(q->arena, to));
	if (secret.n)
		jsonw_kstr(w, "secret", secret);
	else if (row->has_secret)
		jsonw_kc(w, "secret", SECRET_MASK);
	jsonw_obj_end(w);
	json_decref(config);
}

static void show(struct wreq *q, const struct stc_row *row, np_str secret)
{
	struct jsonw *w = &q->json;
	jsonw_obj(w);
	jsonw_key(w, "id");
	jsonw_uuid(w, row->id);
	jsonw_kstr(w, "kind", row->kind);
	jsonw_kstr(w, "name", row->name);
	show_config(q, row, secret);
	jsonw_key(w, "created_at");
	jsonw_raw(w, row->created_at);
	jsonw_key(w, "last_delivery");
	jsonw_raw(w, row->delivery);
	jsonw_ki64(w, "sent_7d", row->sent_7d);
	jsonw_ki64(w, "dead_7d", row->dead_7d);
	jsonw_obj_end(w);
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
		show(q, &all.row[i], (np_str){ 0 });
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
		show(q, &row, (np_str){ 0 });
	return e;
}

/* ---- validation ---- */

static np_str member_text(struct wreq *q, const json_t *config, const char *key)
{
	const json_t *v = json_object_get(config, key);
	if (!v)
		return (np_str){ 0 };
	if (!json_is_string(v)) {
		problem_add(&q->problems, "config.", key, "must be text");
		return (np_str){ 0 };
	}
	return (np_str){ json_string_value(v), json_string_length(v) };
}

static void check_url(struct wreq *q, np_str url)
{
	struct url u;
	if (url_parse(url, &u) < 0 || u.fragment.p)
		problem_add(&q->problems, "", "config.url",
			    "must be http:// or https:// with a host, without user or fragment");
	else
		guard_host(u.host, q->who.private_ok, "config.url", &q->problems);
}

/* One address: what a mail server takes and a header cannot be broken with. */
static bool is_email(np_str s)
{
	np_str local, domain;
	if (s.n > EMAIL_MAX || !str_cut(s, '@', &local, &domain) || local.n == 0 || local.n > 64)
		return false;
	for (size_t i = 0; i < local.n; i++) {
		char ch = local.p[i];
		bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
			     (ch >= '0' && ch <= '9');
		if (!plain && str_find_byte(NP_STR(".!#$%&'*+/=?^_`{|}~-"), ch) == SIZE_MAX)
			return false;
	}
	return addr_is_hostname(domain);
}

static bool is_printable(np_str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x21 || (unsigned char)s.p[i] > 0x7e)
			return false;
	return true;
}

static void check_members(struct wreq *q, const char *kind, const json_t *config)
{
	const char *allowed = strcmp(kind, "webhook") == 0 ? "url secret" : "to";
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)config, key,
			    value) if (!in_is_one_of(allowed, str_from_c(key)))
		problem_add(&q->problems, "config.", key, "is not a field of %s; allowed: %s", kind,
			    allowed);
}

/* Fills w->config and w->secret. `create`: what is needed must be there. */
static np_err read_config(struct wreq *q, const json_t *config, bool create, struct stc_write *w)
{
	if (!json_is_object(config)) {
		problem_add(&q->problems, "", "config", "must be an object");
		return NP_OK;
	}
	check_members(q, w->kind, config);
	bool hook = strcmp(w->kind, "webhook") == 0;
	const char *key = hook ? "url" : "to";
	np_str target = member_text(q, config, key);
	if (target.n == 0)
		problem_add(&q->problems, "config.", key, "is needed");
	else if (hook)
		check_url(q, target);
	else if (!is_email(target))
		problem_add(&q->problems, "", "config.to", "must be one e-mail address");
	np_str secret = hook ? member_text(q, config, "secret") : (np_str){ 0 };
	if (!create && str_eq(secret, NP_STR(SECRET_MASK)))
		secret = (np_str){ 0 };
	if (secret.n && (secret.n < 16 || secret.n > 256 || !is_printable(secret)))
		problem_add(&q->problems, "", "config.secret",
			    "must have 16 to 256 printable characters");
	w->secret = secret;
	json_t *kept = json_pack("{s:s%}", key, target.n ? target.p : "", (int)target.n);
	char *text = kept ? json_dumps(kept, JSON_COMPACT) : NULL;
	w->config = text ? arena_str(q->arena, str_from_c(text)) : (np_str){ 0 };
	free(text);
	json_decref(kept);
	return w->config.p ? NP_OK : wq_check(q);
}

/* ---- writing ---- */

static np_str fresh_secret(struct arena *a)
{
	uint8_t raw[32];
	char *text = arena_alloc(a, 64);
	if (!text)
		return (np_str){ 0 };
	rnd_bytes(raw, sizeof raw);
	return (np_str){ text, str_b64url(raw, sizeof raw, text) };
}

static np_str audit_json(struct wreq *q, const struct stc_write *w)
{
	struct buf b;
	struct jsonw j;
	buf_init(&b, 8192);
	jsonw_init(&j, &b);
	jsonw_obj(&j);
	jsonw_kc(&j, "kind", w->kind);
	jsonw_kstr(&j, "name", w->name);
	jsonw_key(&j, "config");
	jsonw_raw(&j, w->config);
	jsonw_kbool(&j, "new_secret", w->secret.n > 0);
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
		show(q, &row, secret);
	return e;
}

np_err api_channels_create(struct wreq *q, struct pg_conn *c)
{
	in_only(q, "kind name config");
	np_str kind = in_text(q, (struct in_text){ "kind", 1, 32 });
	struct stc_write w = { .name = in_text(q, (struct in_text){ "name", 1, 100 }) };
	if (kind.n && !in_is_one_of("webhook email", kind))
		problem_add(&q->problems, "", "kind", "must be one of: webhook email");
	np_err e = wq_check(q);
	if (e < 0)
		return e;
	w.kind = str_eq_c(kind, "webhook") ? "webhook" : "email";
	e = read_config(q, json_object_get(q->body, "config"), true, &w);
	if (e == NP_OK)
		e = wq_check(q);
	if (e < 0)
		return e;
	if (w.secret.n == 0 && str_eq_c(kind, "webhook"))
		w.secret = fresh_secret(q->arena);
	rnd_uuid(q->subject);
	e = stc_insert(q, c, &w);
	if (e == NP_E_LIMIT)
		return wq_problem(q, 409, "There are 200 channels already.");
	if (e == NP_OK)
		e = audit(q, c, "channel.create", (np_str[2]){ { 0 }, audit_json(q, &w) });
	if (e < 0)
		return e;
	char id[36];
	str_uuid(q->subject, id);
	q->status = 201;
	q->location = arena_printf(q->arena, "/api/v1/channels/%.36s", id);
	return answer(q, c, w.secret);
}

np_err api_channels_update(struct wreq *q, struct pg_conn *c)
{
	struct stc_row row;
	np_err e = load(q, c, &row);
	if (e < 0)
		return e;
	in_only(q, "name config");
	struct stc_write w = { .kind = str_eq_c(row.kind, "webhook") ? "webhook" : "email",
			       .name = row.name,
			       .config = row.config };
	const struct stc_write before = w;
	if (json_object_get(q->body, "name"))
		w.name = in_text(q, (struct in_text){ "name", 1, 100 });
	if (json_object_get(q->body, "config"))
		e = read_config(q, json_object_get(q->body, "config"), false, &w);
	if (json_object_size(q->body) == 0)
		problem_add(&q->problems, "", "", "at least one field is needed");
	if (e == NP_OK)
		e = wq_check(q);
	if (e == NP_OK)
		e = stc_update(q, c, &w);
	if (e == NP_OK)
		e = audit(q, c, "channel.update",
			  (np_str[2]){ audit_json(q, &before), audit_json(q, &w) });
	return e < 0 ? e : answer(q, c, (np_str){ 0 });
}

np_err api_channels_delete(struct wreq *q, struct pg_conn *c)
{
	struct stc_row row;
	np_err e = load(q, c, &row);
	if (e == NP_OK)
		e = stc_delete(q, c);
	if (e < 0)
		return e;
	const struct stc_write before = { .kind = str_eq_c(row.kind, "webhook") ? "webhook"
										: "email",
					  .name = row.name,
					  .config = row.config };
	q->status = 204;
	return audit(q, c, "channel.delete", (np_str[2]){ audit_json(q, &before), { 0 } });
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
