/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/applykind.h"

#include "base/str.h"
#include "cli/api.h"
#include "cli/spec.h"

const struct apply_row apply_rows[APPLY_N] = {
	[APPLY_ROTA] = { .list = "rotas",
			 .path = "/api/v1/rotas",
			 .key = "name",
			 .fields = "name zone start handover members overrides",
			 .times = "",
			 .defaults = "{\"zone\":\"UTC\",\"handover\":\"09:00\"}",
			 .in = REF_IN_ROTA },
	[APPLY_POLICY] = { .list = "policies",
			   .path = "/api/v1/policies",
			   .key = "name",
			   .fields = "name scope tag priority rules",
			   .times = "",
			   .defaults = "{\"priority\":0}",
			   .in = REF_IN_POLICY },
	[APPLY_MONITOR] = { .list = "monitors",
			    .path = "/api/v1/monitors",
			    .key = "name",
			    .in = REF_IN_MONITOR },
	[APPLY_MAINTENANCE] = { .list = "maintenance",
				.path = "/api/v1/maintenance",
				.key = "title",
				.fields =
					"title note zone start end duration_s rrule exdates scope",
				.times = "duration",
				.defaults = "{\"note\":\"\",\"zone\":\"UTC\"}",
				.in = REF_IN_MAINTENANCE },
};

static bool is_one_of(const char *names, const char *key)
{
	np_str rest = str_from_c(names), word;
	bool more = rest.n > 0;
	while (more) {
		more = str_cut(rest, ' ', &word, &rest);
		if (str_eq_c(word, key))
			return true;
	}
	return false;
}

static np_err wrong(struct buf *ret_field, struct buf *ret_why, const char *field, const char *why)
{
	(void)buf_add_c(ret_field, field);
	(void)buf_add_c(ret_why, why);
	return NP_E_INVAL;
}

static np_err rule_times(json_t *body, struct buf *ret_field, struct buf *ret_why)
{
	static const char keys[] = "reminder confirm recover retry_interval interval timeout";
	json_t *rules = json_object_get(body, "rules"), *one;
	size_t i;
	np_err e = json_is_object(rules) ? spec_times(rules, keys, ret_field, ret_why) : NP_OK;
	json_array_foreach(json_object_get(rules, "escalation"), i, one)
	{
		if (e == NP_OK && json_is_object(one))
			e = spec_times(one, "after", ret_field, ret_why);
	}
	return e;
}

static np_err check_fields(const struct apply_row *row, const json_t *body, struct buf *ret_field,
			   struct buf *ret_why)
{
	char why[256];
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)body, key, value)
	{
		if (is_one_of(row->fields, key))
			continue;
		(void)snprintf(why, sizeof why, "is not a field here; allowed: %s", row->fields);
		return wrong(ret_field, ret_why, key, why);
	}
	if (*api_text(body, row->key) == '\0')
		return wrong(ret_field, ret_why, row->key, "is needed: a text");
	return NP_OK;
}

static np_err fill(const struct apply_row *row, json_t *body)
{
	json_t *defaults = json_loads(row->defaults, 0, NULL);
	int rc = defaults != NULL ? json_object_update_missing(body, defaults) : -1;
	json_decref(defaults);
	return rc == 0 ? NP_OK : NP_E_NOMEM;
}

np_err applykind_wanted(enum apply_kind k, const json_t *item, json_t **ret, struct buf *ret_field,
			struct buf *ret_why)
{
	const struct apply_row *row = &apply_rows[k];
	if (k == APPLY_MONITOR)
		return spec_item(item, ret, ret_field, ret_why);
	if (!json_is_object(item))
		return wrong(ret_field, ret_why, "", "want fields and values");
	json_t *body = json_deep_copy(item);
	if (body == NULL)
		return NP_E_NOMEM;
	np_err e = spec_times(body, row->times, ret_field, ret_why);
	if (e == NP_OK && k == APPLY_POLICY)
		e = rule_times(body, ret_field, ret_why);
	if (e == NP_OK)
		e = check_fields(row, body, ret_field, ret_why);
	if (e == NP_OK)
		e = fill(row, body);
	if (e < 0)
		json_decref(body);
	else
		*ret = body;
	return e;
}

/* Members of a rota are shown with their names; written are ids. */
static void members_to_ids(json_t *given)
{
	json_t *list = json_object_get(given, "members"), *ids = json_array(), *one;
	size_t i;
	json_array_foreach(list, i, one)(void) json_array_append(ids, json_object_get(one, "id"));
	(void)json_object_set_new(given, "members", ids);
}

/* `policy` was written like all the rest, and is shown beside it. */
static json_t *present_monitor(const json_t *shown)
{
	json_t *one = json_copy((json_t *)(uintptr_t)shown);
	json_t *given = json_copy(json_object_get(shown, "given"));
	json_t *policy = json_object_get(shown, "policy");
	if (json_is_string(policy))
		(void)json_object_set(given, "policy", policy);
	if (given != NULL)
		(void)json_object_set_new(one, "given", given);
	return one;
}

json_t *applykind_present(enum apply_kind k, const json_t *shown)
{
	const struct apply_row *row = &apply_rows[k];
	if (k == APPLY_MONITOR)
		return present_monitor(shown);
	json_t *given = json_object(), *value;
	const char *key;
	json_object_foreach((json_t *)(uintptr_t)shown, key, value)
	{
		if (is_one_of(row->fields, key))
			(void)json_object_set_new(given, key, json_deep_copy(value));
	}
	if (k == APPLY_ROTA)
		members_to_ids(given);
	return json_pack("{s:O, s:O, s:o}", "id", json_object_get(shown, "id"), row->key,
			 json_object_get(shown, row->key), "given", given);
}
