/* SPDX-License-Identifier: Apache-2.0 */
#include "web/channel_show.h"

#include "base/str.h"
#include "core/channel.h"
#include "web/api.h"
#include "web/who.h"

static np_str text_of(const json_t *o, const char *key)
{
	const json_t *v = json_object_get(o, key);
	return json_is_string(v) ? (np_str){ json_string_value(v), json_string_length(v) }
				 : (np_str){ 0 };
}

static np_str masked(struct wreq *q, const struct chn_field *f, np_str value)
{
	struct buf b;
	buf_init(&b, CHN_URL_MAX + 16);
	np_err e = chn_mask(f, value, &b);
	np_str copy = e < 0 ? NP_STR("…") : arena_str(q->arena, buf_str(&b));
	buf_done(&b);
	return copy;
}

struct shown {
	const struct chn_kind *kind;
	const json_t *config, *secret;
	np_str fresh; /* the clear one right after it was made; else "" */
	bool all;     /* may see more than masks */
};

static void show_field(struct wreq *q, const struct shown *s, const struct chn_field *f)
{
	np_str value = text_of(f->secret ? s->secret : s->config, f->key);
	if (value.n == 0)
		return;
	if (f->secret && f->made && s->fresh.n)
		jsonw_kstr(&q->json, f->key, s->fresh);
	else if (f->secret)
		jsonw_kc(&q->json, f->key, SECRET_MASK);
	else
		jsonw_kstr(&q->json, f->key, s->all ? value : masked(q, f, value));
}

static void show_config(struct wreq *q, const struct shown *s, np_str raw)
{
	struct jsonw *w = &q->json;
	jsonw_key(w, "config");
	if (s->kind->own_api) {
		jsonw_raw(w, raw);
		jsonw_kc(w, "target", NULL);
		return;
	}
	jsonw_obj(w);
	for (const struct chn_field *f = s->kind->field; f->key != NULL; f++)
		show_field(q, s, f);
	jsonw_obj_end(w);
	const struct chn_field *f = chn_field_of(s->kind, str_from_c(s->kind->target));
	np_str target = text_of(f->secret ? s->secret : s->config, f->key);
	jsonw_kstr(w, "target", masked(q, f, target));
}

static void show_deliveries(struct wreq *q, const struct stc_row *row)
{
	struct jsonw *w = &q->json;
	int64_t all = row->sent_7d + row->dead_7d;
	jsonw_key(w, "last_delivery");
	jsonw_raw(w, row->delivery);
	jsonw_ki64(w, "sent_7d", row->sent_7d);
	jsonw_ki64(w, "dead_7d", row->dead_7d);
	jsonw_key(w, "success_7d");
	if (all > 0)
		jsonw_dbl(w, (double)row->sent_7d / (double)all, 4);
	else
		jsonw_null(w);
}

void chs_show(struct wreq *q, const struct stc_row *row, np_str fresh)
{
	struct jsonw *w = &q->json;
	json_t *config = json_loadb(row->config.p, row->config.n, 0, NULL);
	json_t *secret = json_loadb(row->secret.p, row->secret.n, 0, NULL);
	struct shown s = { .kind = chn_kind_of(row->kind),
			   .config = config,
			   .secret = secret,
			   .fresh = fresh,
			   .all = who_may(&q->who, ACC_CHANNEL_EDIT) };
	if (s.kind == NULL) /* written by a newer program */
		s.kind = chn_kind_of(NP_STR("email"));
	jsonw_obj(w);
	jsonw_key(w, "id");
	jsonw_uuid(w, row->id);
	jsonw_kstr(w, "kind", row->kind);
	jsonw_kstr(w, "name", row->name);
	show_config(q, &s, row->config);
	jsonw_key(w, "fallback");
	jsonw_raw(w, row->fallback);
	jsonw_key(w, "created_at");
	jsonw_raw(w, row->created_at);
	show_deliveries(q, row);
	jsonw_obj_end(w);
	json_decref(config);
	json_decref(secret);
}

/* ---- the kinds ---- */

static void show_kind_field(struct jsonw *w, const struct chn_field *f)
{
	static const char *const types[CHN_TYPE_N] = { [CHN_URL] = "url",
						       [CHN_EMAIL] = "email",
						       [CHN_TEXT] = "text",
						       [CHN_TOKEN] = "text",
						       [CHN_CHOICE] = "choice" };
	jsonw_obj(w);
	jsonw_kc(w, "key", f->key);
	jsonw_kc(w, "label", f->label);
	jsonw_kc(w, "hint", f->hint);
	jsonw_kc(w, "type", types[f->type]);
	jsonw_kbool(w, "secret", f->secret);
	jsonw_kbool(w, "required", !f->optional);
	jsonw_key(w, "choices");
	jsonw_arr(w);
	np_str rest = str_from_c(f->choices), one;
	for (bool more = rest.n > 0; more;) {
		more = str_cut(rest, ' ', &one, &rest);
		jsonw_str(w, one);
	}
	jsonw_arr_end(w);
	jsonw_obj_end(w);
}

np_err api_channel_kinds(struct wreq *q, struct pg_conn *c)
{
	struct jsonw *w = &q->json;
	const struct chn_kind *k;
	(void)c;
	jsonw_obj(w);
	jsonw_key(w, "items");
	jsonw_arr(w);
	for (size_t i = 0; (k = chn_kind_at(i)) != NULL; i++) {
		if (k->own_api)
			continue;
		jsonw_obj(w);
		jsonw_kc(w, "kind", k->name);
		jsonw_kc(w, "label", k->label);
		jsonw_kbool(w, "digest", chn_may_digest(k));
		jsonw_key(w, "fields");
		jsonw_arr(w);
		for (const struct chn_field *f = k->field; f->key != NULL; f++)
			show_kind_field(w, f);
		jsonw_arr_end(w);
		jsonw_obj_end(w);
	}
	jsonw_arr_end(w);
	jsonw_key(w, "next");
	jsonw_null(w);
	jsonw_obj_end(w);
	return NP_OK;
}
