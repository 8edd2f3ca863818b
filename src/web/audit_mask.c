/* SPDX-License-Identifier: Apache-2.0 */
#include "web/audit_mask.h"

#include "base/str.h"
#include "core/channel.h"
#include "core/jread.h"
#include "web/channel_show.h"
#include "web/input.h"
#include "web/who.h"

#define MASK_NEW SECRET_MASK " (new)"

/* was NULL: there is nothing to compare with. */
static void mask(json_t *o, const char *key, const json_t *was)
{
	const json_t *v = json_object_get(o, key);
	if (!v)
		return;
	bool changed = was && !json_equal(v, json_object_get(was, key));
	(void)json_object_set_new(o, key, json_string(changed ? MASK_NEW : SECRET_MASK));
}

static void mask_options(json_t *options, const json_t *was)
{
	const char *name;
	json_t *value;
	void *next;
	json_t *headers = json_object_get(options, "headers");
	const json_t *headers_were = was ? json_object_get(was, "headers") : NULL;
	json_object_foreach_safe(headers, next, name, value)
		mask(headers, name, was && !headers_were ? was : headers_were);
	mask(options, "body", was);
	mask(options, "send", was);
}

static np_err load(np_str text, json_t **ret)
{
	if (text.n == 0)
		return NP_OK;
	*ret = json_loadb(text.p, text.n, 0, NULL);
	return *ret ? NP_OK : NP_E_CORRUPT;
}

np_err amask_monitor(struct wreq *q, np_str change[2])
{
	NP_CLEANUP(jread_drop) json_t *before = NULL;
	NP_CLEANUP(jread_drop) json_t *after = NULL;
	np_err e = load(change[0], &before);
	if (e == NP_OK)
		e = load(change[1], &after);
	if (e < 0)
		return e;
	/* The later one first: it is compared with what the earlier one really says. */
	mask_options(json_object_get(after, "options"), json_object_get(before, "options"));
	mask_options(json_object_get(before, "options"), NULL);
	const json_t *both[2] = { before, after };
	for (size_t i = 0; i < 2; i++) {
		if (both[i])
			change[i] = in_dump(q, both[i]);
		if (both[i] && !change[i].p)
			return NP_E_NOMEM;
	}
	return NP_OK;
}

np_str amask_shown(struct wreq *q, np_str json)
{
	NP_CLEANUP(jread_drop) json_t *o = NULL;
	if (who_may(&q->who, ACC_MONITOR_EDIT))
		return json;
	if (load(json, &o) < 0)
		return (np_str){ 0 };
	mask_options(json_object_get(o, "options"), NULL);
	mask_options(json_object_get(json_object_get(o, "given"), "options"), NULL);
	mask_options(json_object_get(json_object_get(o, "definition"), "options"), NULL);
	return in_dump(q, o);
}

np_err amask_channel(struct wreq *q, const char *kind, np_str *config)
{
	NP_CLEANUP(jread_drop) json_t *o = NULL;
	const struct chn_kind *k = chn_kind_of(str_from_c(kind));
	np_err e = load(*config, &o);
	if (e < 0 || !k || k->own_api)
		return e;
	for (const struct chn_field *f = k->field; f->key != NULL; f++) {
		NP_CLEANUP(buf_done) struct buf b;
		json_t *v = json_object_get(o, f->key);
		buf_init(&b, CHN_URL_MAX + 16);
		if (!json_is_string(v))
			continue;
		np_str text = { json_string_value(v), json_string_length(v) };
		if (chn_mask(f, text, &b) < 0)
			(void)buf_add_c(&b, "…");
		(void)json_object_set_new(o, f->key, json_stringn(b.p, b.n));
	}
	*config = in_dump(q, o);
	return config->p ? NP_OK : NP_E_NOMEM;
}
