/* SPDX-License-Identifier: Apache-2.0 */
#include "web/input.h"

#include "base/clock.h"
#include "base/str.h"

NP_NODISCARD np_err in_id(struct wreq *q, size_t i, uint8_t ret_id[16])
{
	return str_to_uuid(httpd_param(q->http, i), ret_id) < 0 ? NP_E_NOTFOUND : NP_OK;
}

json_t *in_parse(np_str text, struct buf *why)
{
	json_error_t at;
	json_t *root = json_loadb(text.n ? text.p : "", text.n, JSON_REJECT_DUPLICATES, &at);
	if (!root) {
		/* The library quotes the input: clip, and leave the escaping to the writer. */
		np_str said = str_clip_utf8(str_from_c(at.text), 120);
		buf_printf(why, "not readable as JSON: line %d: %.*s", at.line, NP_FMT(said));
		return NULL;
	}
	if (!json_is_object(root)) {
		json_decref(root);
		buf_add_c(why, "the body must be a JSON object");
		return NULL;
	}
	return root;
}

const json_t *in_member(const struct wreq *q, const char *name)
{
	const json_t *v = q->body ? json_object_get(q->body, name) : NULL;
	return json_is_null(v) ? NULL : v;
}

bool in_is_one_of(const char *names, np_str name)
{
	np_str rest = str_from_c(names), word;
	bool more = name.n > 0 && rest.n > 0;
	while (more) {
		more = str_cut(rest, ' ', &word, &rest);
		if (str_eq(word, name))
			return true;
	}
	return false;
}

void in_only(struct wreq *q, const char *names)
{
	const char *key;
	json_t *value;
	if (!q->body)
		return;
	json_object_foreach(q->body, key, value)
	{
		if (!in_is_one_of(names, str_from_c(key)))
			problem_add(&q->problems, "", key, "is not a field here; allowed: %s",
				    names);
	}
}

void in_query_only(struct wreq *q, const char *names)
{
	size_t pos = 0;
	np_str key, value;
	while (httpd_query_next(q->http, &pos, &key, &value)) {
		if (in_is_one_of(names ? names : "", key))
			continue;
		const char *c = arena_c(q->arena, str_clip_utf8(key, 60));
		problem_add(&q->problems, "", c ? c : "", "is not a parameter here; allowed: %s",
			    names ? names : "none");
	}
}

static bool has_control(np_str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7f)
			return true;
	}
	return false;
}

np_str in_text(struct wreq *q, struct in_text t)
{
	const json_t *v = in_member(q, t.name);
	if (!v) {
		if (t.min > 0)
			problem_add(&q->problems, "", t.name, "is needed");
		return (np_str){ 0 };
	}
	if (!json_is_string(v)) {
		problem_add(&q->problems, "", t.name, "must be text");
		return (np_str){ 0 };
	}
	np_str s = { json_string_value(v), json_string_length(v) };
	if (s.n < t.min || s.n > t.max)
		problem_add(&q->problems, "", t.name, "must have %zu to %zu bytes", t.min, t.max);
	else if (has_control(s))
		problem_add(&q->problems, "", t.name, "must not hold control characters");
	return s;
}

bool in_time(struct wreq *q, const char *name, int64_t *ret_us)
{
	np_str s;
	if (!httpd_query(q->http, name, &s))
		return true;
	int64_t us = 0;
	if (clock_from_rfc3339(s, &us) < 0 || us < 0 || us > (int64_t)4102444800 * NP_SEC_US) {
		problem_add(&q->problems, "", name,
			    "must be a time such as 2026-03-01T12:00:00Z, from 1970 to 2100");
		return false;
	}
	*ret_us = us;
	return true;
}

int64_t in_number(struct wreq *q, const char *name, const int64_t min_max[2], int64_t fallback)
{
	np_str s;
	if (!httpd_query(q->http, name, &s))
		return fallback;
	int64_t v = 0;
	if (str_to_i64(s, &v) < 0 || v < min_max[0] || v > min_max[1]) {
		problem_add(&q->problems, "", name, "must be a number from %lld to %lld",
			    (long long)min_max[0], (long long)min_max[1]);
		return fallback;
	}
	return v;
}

np_str in_choice(struct wreq *q, const char *name, const char *names)
{
	np_str s;
	if (!httpd_query(q->http, name, &s))
		return (np_str){ 0 };
	if (in_is_one_of(names, s))
		return s;
	problem_add(&q->problems, "", name, "must be one of: %s", names);
	return (np_str){ 0 };
}

np_str in_query(struct wreq *q, const char *name, size_t max)
{
	np_str s;
	if (!httpd_query(q->http, name, &s))
		return (np_str){ 0 };
	if (s.n > max || !str_is_utf8(s)) {
		problem_add(&q->problems, "", name, "must be text of at most %zu bytes", max);
		return (np_str){ 0 };
	}
	return s;
}

np_str in_dump(struct wreq *q, const json_t *value)
{
	char *text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
	np_str copy = text ? arena_str(q->arena, str_from_c(text)) : (np_str){ 0 };
	free(text);
	return copy;
}
