/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/spec.h"

#include "base/str.h"
#include "core/monitor.h"
#include "core/target.h"

#define TARGET_MAX 2100

struct spec {
	json_t *out;
	struct buf *field, *why;
};

static np_err wrong(struct spec *s, const char *field, const char *why)
{
	(void)buf_add_c(s->field, field);
	if (s->why->n == 0)
		(void)buf_add_c(s->why, why);
	return NP_E_INVAL;
}

static json_t *options_of(struct spec *s)
{
	json_t *o = json_object_get(s->out, "options");
	if (o == NULL) {
		o = json_object();
		(void)json_object_set_new(s->out, "options", o);
	}
	return o;
}

static np_err set(json_t *object, const char *key, json_t *value)
{
	return json_object_set_new(object, key, value) == 0 ? NP_OK : NP_E_NOMEM;
}

/* ---- the shorthands, one function each ----------------------------------------- */

static np_err on_url(struct spec *s, const char *key, json_t *v)
{
	static const struct {
		const char *scheme, *kind;
		bool keep; /* the scheme stays part of the target */
	} schemes[] = {
		{ "http://", "http", true }, { "https://", "http", true },
		{ "tcp://", "tcp", false },  { "icmp://", "icmp", false },
		{ "tls://", "tls", false },
	};
	np_str url = str_from_c(json_string_value(v));
	for (size_t i = 0; i < NP_LEN(schemes); i++) {
		np_str scheme = str_from_c(schemes[i].scheme);
		if (!str_starts(url, scheme))
			continue;
		np_str target = schemes[i].keep ? url : str_sub(url, scheme.n, url.n);
		np_err e = set(s->out, "kind", json_string(schemes[i].kind));
		return e < 0 ? e : set(s->out, "target", json_stringn(target.p, target.n));
	}
	if (json_object_get(s->out, "dns") != NULL) { /* a DNS endpoint: url is the resolver */
		return set(options_of(s), "resolver", json_incref(v));
	}
	return wrong(
		s, key,
		"want http://, https://, tcp://, icmp:// or tls://, or give `kind` and `target`");
}

static np_err on_time(struct spec *s, const char *key, json_t *v)
{
	char name[32];
	int64_t ms = 0;
	(void)snprintf(name, sizeof name, "%s_s", key);
	if (json_is_number(v))
		return set(s->out, name, json_incref(v));
	if (!json_is_string(v) || str_to_ms(str_from_c(json_string_value(v)), &ms) < 0)
		return wrong(s, key, "is no time: write 30s, 5m or 1h");
	return set(s->out, name,
		   ms % 1000 == 0 ? json_integer(ms / 1000) : json_real((double)ms / 1000));
}

static np_err on_option(struct spec *s, const char *key, json_t *v)
{
	return set(options_of(s), key, json_incref(v));
}

static np_err on_group(struct spec *s, const char *key, json_t *v)
{
	json_t *tags = json_object_get(s->out, "tags");
	if (!json_is_string(v))
		return wrong(s, key, "want a text");
	if (tags == NULL)
		return set(s->out, "tags", json_pack("[O]", v));
	return json_array_append(tags, v) == 0 ? NP_OK : NP_E_NOMEM;
}

static np_err on_enabled(struct spec *s, const char *key, json_t *v)
{
	if (!json_is_boolean(v))
		return wrong(s, key, "want true or false");
	return set(s->out, "paused", json_boolean(!json_is_true(v)));
}

static np_err on_client(struct spec *s, const char *key, json_t *v)
{
	const char *name;
	json_t *one;
	if (!json_is_object(v))
		return wrong(s, key, "want `timeout`, `insecure`, `ignore-redirect`");
	json_object_foreach(v, name, one)
	{
		np_err e;
		if (strcmp(name, "timeout") == 0)
			e = on_time(s, "timeout", one);
		else if (strcmp(name, "insecure") == 0 && json_is_boolean(one))
			e = set(options_of(s), "verify", json_boolean(!json_is_true(one)));
		else if (strcmp(name, "ignore-redirect") == 0 && json_is_boolean(one))
			e = set(options_of(s), "follow_redirects",
				json_boolean(!json_is_true(one)));
		else
			e = wrong(
				s, key,
				"only `timeout`, `insecure` and `ignore-redirect` are known here");
		if (e < 0)
			return e;
	}
	return NP_OK;
}

static np_err on_dns(struct spec *s, const char *key, json_t *v)
{
	const json_t *name = json_object_get(v, "query-name"),
		     *type = json_object_get(v, "query-type");
	if (!json_is_string(name) || (type != NULL && !json_is_string(type)))
		return wrong(s, key, "want `query-name` and `query-type`");
	np_err e = set(s->out, "kind", json_string("dns"));
	if (e == NP_OK)
		e = set(s->out, "target", json_string(json_string_value(name)));
	if (e == NP_OK && type != NULL)
		e = set(options_of(s), "record", json_string(json_string_value(type)));
	return e;
}

static np_err on_conditions(struct spec *s, const char *key, json_t *v)
{
	json_t *list = json_object_get(s->out, "assertions"), *one;
	size_t i;
	if (!json_is_array(v))
		return wrong(s, key, "want a list of texts");
	if (list == NULL) {
		list = json_array();
		if (set(s->out, "assertions", list) < 0)
			return NP_E_NOMEM;
	}
	json_array_foreach(v, i, one)
	{
		char field[48];
		(void)snprintf(field, sizeof field, "%s/%zu", key, i);
		json_t *a = json_is_string(one)
				    ? spec_condition(str_from_c(json_string_value(one)), s->why)
				    : NULL;
		if (a == NULL)
			return wrong(s, field, "want a text such as \"[STATUS] == 200\"");
		if (json_is_object(a) && json_array_append_new(list, a) != 0)
			return NP_E_NOMEM;
	}
	return NP_OK;
}

/* A target alone says what it is, as it does in the dashboard. */
static np_err guess(struct spec *s)
{
	bool https = false;
	char text[TARGET_MAX];
	const char *target = json_string_value(json_object_get(s->out, "target"));
	if (target == NULL || str_find(str_from_c(target), NP_STR("://")) == 0)
		return NP_OK;
	enum mon_kind kind = tgt_guess(str_from_c(target), &https);
	np_err e = set(s->out, "kind", json_string(mon_kind_name(kind)));
	if (e < 0 || !https)
		return e;
	(void)snprintf(text, sizeof text, "https://%s", target);
	return set(s->out, "target", json_string(text));
}

np_err spec_times(json_t *object, const char *keys, struct buf *ret_field, struct buf *ret_why)
{
	struct spec s = { .out = object, .field = ret_field, .why = ret_why };
	np_str rest = str_from_c(keys), word;
	bool more = rest.n > 0;
	np_err e = NP_OK;
	while (more && e == NP_OK) {
		char key[32];
		more = str_cut(rest, ' ', &word, &rest);
		(void)snprintf(key, sizeof key, "%.*s", NP_FMT(word));
		json_t *v = json_object_get(object, key);
		e = v != NULL ? on_time(&s, key, v) : NP_OK;
		if (e == NP_OK && v != NULL)
			(void)json_object_del(object, key);
	}
	return e;
}

struct shorthand {
	const char *key;
	np_err (*fn)(struct spec *s, const char *key, json_t *value);
};
/* In the order in which they are applied: dns before url. */
static const struct shorthand shorthands[] = {
	{ "dns", on_dns },
	{ "url", on_url },
	{ "interval", on_time },
	{ "timeout", on_time },
	{ "retry_interval", on_time },
	{ "confirm", on_time },
	{ "recover", on_time },
	{ "method", on_option },
	{ "headers", on_option },
	{ "body", on_option },
	{ "group", on_group },
	{ "enabled", on_enabled },
	{ "client", on_client },
	{ "conditions", on_conditions },
};

np_err spec_item(const json_t *item, json_t **ret, struct buf *ret_field, struct buf *ret_why)
{
	struct spec s = { .out = json_is_object(item) ? json_deep_copy(item) : NULL,
			  .field = ret_field,
			  .why = ret_why };
	if (!json_is_object(item))
		return wrong(&s, "", "want a monitor: `name`, and `url` or `kind` and `target`");
	if (s.out == NULL)
		return NP_E_NOMEM;
	np_err e = NP_OK;
	for (size_t i = 0; e == NP_OK && i < NP_LEN(shorthands); i++) {
		json_t *v = json_object_get(item, shorthands[i].key);
		if (v != NULL)
			e = shorthands[i].fn(&s, shorthands[i].key, v);
	}
	for (size_t i = 0; i < NP_LEN(shorthands); i++)
		(void)json_object_del(s.out, shorthands[i].key);
	if (e == NP_OK && json_object_get(s.out, "kind") == NULL)
		e = guess(&s);
	if (e < 0)
		json_decref(s.out);
	else
		*ret = s.out;
	return e;
}
