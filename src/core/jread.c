/* SPDX-License-Identifier: Apache-2.0 */
#include "core/jread.h"

#include <math.h>

#include "base/str.h"

void jread_drop(json_t **j)
{
	json_decref(*j);
}

np_str jread_text(const json_t *string)
{
	if (!json_is_string(string))
		return (np_str){ 0 };
	return (np_str){ json_string_value(string), json_string_length(string) };
}

const json_t *jread_get(const struct jread *r, const char *key)
{
	const json_t *v = json_object_get(r->object, key);
	return json_is_null(v) ? NULL : v;
}

void jread_u32(const struct jread *r, const char *key, uint32_t low, uint32_t high, uint32_t *ret)
{
	const json_t *v = jread_get(r, key);
	if (v == NULL)
		return;
	json_int_t n = json_integer_value(v);
	if (!json_is_integer(v) || n < (json_int_t)low || n > (json_int_t)high)
		problem_add(r->p, r->prefix, key, "must be a whole number from %u to %u", low,
			    high);
	else
		*ret = (uint32_t)n;
}

/* Seconds as people write them: at most three decimals, no trailing zeros. */
static void show_seconds(int64_t ms, char ret[24])
{
	int n = snprintf(ret, 24, "%lld.%03d", (long long)(ms / 1000), (int)(ms % 1000));
	while (n > 0 && ret[n - 1] == '0')
		ret[--n] = '\0';
	if (n > 0 && ret[n - 1] == '.')
		ret[n - 1] = '\0';
}

void jread_seconds(const struct jread *r, const char *key, int64_t low_ms, int64_t high_ms,
		   int64_t *ret_ms)
{
	const json_t *v = jread_get(r, key);
	if (v == NULL)
		return;
	char low[24], high[24];
	double ms = json_number_value(v) * 1000.0;
	if (json_is_number(v) && ms >= (double)low_ms && ms <= (double)high_ms) {
		*ret_ms = (int64_t)llround(ms);
		return;
	}
	show_seconds(low_ms, low);
	show_seconds(high_ms, high);
	problem_add(r->p, r->prefix, key, "must be a number of seconds from %s to %s", low, high);
}

void jread_bool(const struct jread *r, const char *key, bool *ret)
{
	const json_t *v = jread_get(r, key);
	if (v == NULL)
		return;
	if (json_is_boolean(v))
		*ret = json_is_true(v);
	else
		problem_add(r->p, r->prefix, key, "must be true or false");
}

void jread_str(const struct jread *r, const char *key, size_t max, np_str *ret)
{
	const json_t *v = jread_get(r, key);
	if (v == NULL)
		return;
	np_str s = jread_text(v);
	if (!json_is_string(v) || s.n > max || !str_is_utf8(s))
		problem_add(r->p, r->prefix, key, "must be a text of at most %zu bytes", max);
	else
		*ret = s;
}

static bool is_allowed(const char *key, const char *const *allowed)
{
	for (size_t i = 0; allowed[i] != NULL; i++)
		if (strcmp(key, allowed[i]) == 0)
			return true;
	return false;
}

void jread_only(const struct jread *r, const char *const *allowed)
{
	/* jansson's iterators take a mutable object though they do not change it. */
	union {
		const json_t *in;
		json_t *out;
	} object = { .in = r->object };
	const char *key = NULL;
	json_t *value = NULL;
	json_object_foreach(object.out, key, value) if (!is_allowed(key, allowed))
		problem_add(r->p, r->prefix, key, "is not a known field here");
}

void jread_strings(const struct jread *r, const char *key, size_t max_n, size_t max,
		   const json_t **ret)
{
	const json_t *v = jread_get(r, key);
	if (v == NULL)
		return;
	bool ok = json_is_array(v) && json_array_size(v) <= max_n;
	for (size_t i = 0; ok && i < json_array_size(v); i++) {
		np_str s = jread_text(json_array_get(v, i));
		ok = s.n > 0 && s.n <= max && str_is_utf8(s);
	}
	if (ok)
		*ret = v;
	else
		problem_add(r->p, r->prefix, key,
			    "must be a list of at most %zu texts of 1 to %zu bytes", max_n, max);
}
