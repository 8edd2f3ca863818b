/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan.h"

#include <string.h>

#include "cli/api.h"

static const json_t *by_name(const json_t *list, const char *key, const char *name)
{
	size_t i;
	json_t *one;
	json_array_foreach((json_t *)(uintptr_t)list, i,
			   one) if (strcmp(api_text(one, key), name) == 0) return one;
	return NULL;
}

/* 60 and 60.0 are the same number; absent, null and empty are the same nothing. */
static bool same(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b)) {
		double d = json_number_value(a) - json_number_value(b);
		return d < 1e-9 && d > -1e-9;
	}
	bool no_a = a == NULL || json_is_null(a) || (json_is_array(a) && json_array_size(a) == 0) ||
		    (json_is_object(a) && json_object_size(a) == 0);
	bool no_b = b == NULL || json_is_null(b) || (json_is_array(b) && json_array_size(b) == 0) ||
		    (json_is_object(b) && json_object_size(b) == 0);
	return no_a || no_b ? no_a == no_b : json_equal(a, b);
}

static bool stays(const char *key)
{
	static const char *const elsewhere[] = { "regions", "channels", "policy", "start",
						 "overrides" };
	for (size_t i = 0; i < NP_LEN(elsewhere); i++)
		if (strcmp(key, elsewhere[i]) == 0)
			return true;
	return false;
}

static json_t *difference(const json_t *wanted, const json_t *given)
{
	json_t *out = json_object();
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)wanted, key, value)
	{
		if (!same(value, json_object_get(given, key)))
			(void)json_object_set(out, key, value);
	}
	json_object_foreach((json_t *)(uintptr_t)given, key, value)
	{
		if (!stays(key) && json_object_get(wanted, key) == NULL && !same(value, NULL))
			(void)json_object_set_new(out, key, json_null());
	}
	return out;
}

/* What people wrote of it. */
static const json_t *given_of(const json_t *present)
{
	return json_object_get(present, "given");
}

static void add_step(struct plan *p, struct plan_step s)
{
	p->step[p->n++] = s;
}

static void plan_wanted(struct plan *p, json_t *w, const json_t *present, const char *key)
{
	const char *name = api_text(w, key);
	const json_t *now = by_name(present, key, name);
	if (now == NULL) {
		add_step(p, (struct plan_step){
				    .kind = PLAN_ADD, .body = json_incref(w), .name = name });
		return;
	}
	json_t *diff = difference(w, given_of(now));
	add_step(p, (struct plan_step){
			    .kind = json_object_size(diff) == 0 ? PLAN_SAME : PLAN_CHANGE,
			    .body = diff,
			    .name = name,
			    .id = api_text(now, "id"),
			    .present = given_of(now),
		    });
}

np_err plan_make(const json_t *wanted, const json_t *present, const struct plan_how *how,
		 struct plan *ret)
{
	size_t i;
	json_t *one;
	struct plan p = { 0 };
	p.step = np_calloc(json_array_size(wanted) + json_array_size(present) + 1, sizeof *p.step);
	if (p.step == NULL)
		return NP_E_NOMEM;
	json_array_foreach((json_t *)(uintptr_t)wanted, i, one)
		plan_wanted(&p, one, present, how->key);
	json_array_foreach((json_t *)(uintptr_t)present, i, one)
	{
		const char *name = api_text(one, how->key);
		if (by_name(wanted, how->key, name) != NULL)
			continue;
		if (how->prune)
			add_step(&p, (struct plan_step){ .kind = PLAN_REMOVE,
							 .name = name,
							 .id = api_text(one, "id") });
		else
			p.left_alone++;
	}
	*ret = p;
	return NP_OK;
}

void plan_done(struct plan *p)
{
	for (size_t i = 0; i < p->n; i++)
		json_decref(p->step[i].body);
	free(p->step);
	*p = (struct plan){ 0 };
}

size_t plan_count(const struct plan *p, enum plan_kind kind)
{
	size_t n = 0;
	for (size_t i = 0; i < p->n; i++)
		n += p->step[i].kind == kind;
	return n;
}
