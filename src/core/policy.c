/* SPDX-License-Identifier: Apache-2.0 */
#include "core/policy.h"

#include "base/str.h"

const char *const pol_fields[] = { "severity",   "channels",  "reminder_s", "escalation",
				   "quiet",      "quorum",    "fail_after", "recover_after",
				   "confirm_s",  "recover_s", "retries",    "retry_interval_s",
				   "interval_s", "timeout_s", "regions",    NULL };

static const char *const scope_names[] = {
	[POL_ORGANISATION] = "organisation",
	[POL_TAG] = "tag",
	[POL_NAMED] = "named",
};
static_assert(NP_LEN(scope_names) == POL_SCOPE_N, "name every scope");

const char *pol_scope_name(enum pol_scope s)
{
	return (size_t)s < POL_SCOPE_N ? scope_names[s] : "";
}

np_err pol_scope_from_name(np_str s, enum pol_scope *ret)
{
	for (size_t i = 0; i < POL_SCOPE_N; i++) {
		if (str_eq_c(s, scope_names[i])) {
			*ret = (enum pol_scope)i;
			return NP_OK;
		}
	}
	return NP_E_NOTFOUND;
}

/* ---- rules ---- */

json_t *pol_probe(const json_t *rules)
{
	/* As long an interval as there is: how long a timeout may be shows where they meet. */
	json_t *probe =
		json_pack("{s:s, s:s, s:s, s:i}", "name", "policy", "kind", "tcp", "target",
			  "policy.invalid:1", "interval_s", (int)(MON_INTERVAL_MAX_MS / NP_SEC_MS));
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)rules, key,
			    value) if (json_object_set(probe, key, value) < 0)
	{
		json_decref(probe);
		return NULL;
	}
	return probe;
}

static void take_problems(const struct problem_list *from, struct problem_list *to)
{
	for (size_t i = 0; i < from->n; i++)
		problem_add(to, "rules.", from->item[i].path, "%s", from->item[i].text);
}

np_err pol_check_rules(const json_t *rules, const struct monj_regions *regions,
		       struct problem_list *p)
{
	struct jread r = { .object = rules, .prefix = "rules.", .p = p };
	size_t before = p->n;
	if (!json_is_object(rules) || json_object_size(rules) == 0) {
		problem_add(p, "", "rules", "must be an object with at least one rule");
		return NP_E_INVAL;
	}
	jread_only(&r, pol_fields);
	if (p->n > before)
		return NP_E_INVAL;
	struct problem_list found = { 0 };
	struct monj m;
	json_t *probe = pol_probe(rules);
	if (probe == NULL)
		return NP_E_NOMEM;
	if (monj_read(probe, regions, &m, &found) < 0)
		take_problems(&found, p);
	json_decref(probe);
	return p->n > before ? NP_E_INVAL : NP_OK;
}

/* ---- which apply ---- */

static bool has_tag(const json_t *given, np_str tag)
{
	const json_t *tags = json_object_get(given, "tags");
	for (size_t i = 0; i < json_array_size(tags); i++)
		if (str_eq(jread_text(json_array_get(tags, i)), tag))
			return true;
	return false;
}

static bool applies(const struct pol *p, const json_t *given)
{
	uint8_t id[16];
	switch (p->scope) {
	case POL_ORGANISATION:
		return true;
	case POL_TAG:
		return has_tag(given, p->tag);
	case POL_NAMED:
	case POL_SCOPE_N:
		break;
	}
	np_str named = jread_text(json_object_get(given, "policy"));
	return str_to_uuid(named, id) == NP_OK && memcmp(id, p->id, sizeof id) == 0;
}

/* Does a come before b? */
static bool is_before(const struct pol *a, const struct pol *b)
{
	if (a->scope != b->scope)
		return a->scope > b->scope;
	if (a->priority != b->priority)
		return a->priority > b->priority;
	return str_cmp(a->name, b->name) < 0;
}

size_t pol_applying(const struct pol *all, size_t n, const json_t *given,
		    const struct pol *ret[POL_APPLY_MAX])
{
	size_t found = 0;
	for (size_t i = 0; i < n && found < POL_APPLY_MAX; i++) {
		if (!applies(&all[i], given))
			continue;
		size_t at = found++;
		for (; at > 0 && is_before(&all[i], ret[at - 1]); at--)
			ret[at] = ret[at - 1];
		ret[at] = &all[i];
	}
	return found;
}

/* ---- merging ---- */

static bool is_too_long(const json_t *timeout, const json_t *whole)
{
	const json_t *interval = json_object_get(whole, "interval_s");
	double interval_s = json_is_number(interval) ? json_number_value(interval)
						     : (double)MON_INTERVAL_MS / NP_SEC_MS;
	return json_number_value(timeout) > interval_s * 0.8;
}

json_t *pol_merge(const json_t *given, const struct pol *const *applying, size_t n)
{
	json_t *whole = json_copy((json_t *)(uintptr_t)given);
	if (whole == NULL)
		return NULL;
	(void)json_object_del(whole, "policy");
	const json_t *timeout = NULL;
	for (size_t i = 0; i < n; i++) {
		const char *key;
		json_t *value;
		json_object_foreach((json_t *)(uintptr_t)applying[i]->rules, key, value)
		{
			if (json_object_get(whole, key) != NULL || json_is_null(value))
				continue;
			if (json_object_set(whole, key, value) < 0) {
				json_decref(whole);
				return NULL;
			}
			if (strcmp(key, "timeout_s") == 0)
				timeout = value;
		}
	}
	if (timeout != NULL && is_too_long(timeout, whole))
		(void)json_object_del(whole, "timeout_s");
	return whole;
}
