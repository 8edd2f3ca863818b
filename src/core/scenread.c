/* SPDX-License-Identifier: Apache-2.0 */
/* A scenario out of its YAML. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "core/monitor_json.h"
#include "core/scenin.h"

#define START "2026-03-10T12:00:00Z" /* a Tuesday */

np_err scn_wrong(struct scn *s, const char *pointer, const char *fmt, ...)
{
	char text[256];
	va_list args;
	va_start(args, fmt);
	(void)vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	(void)buf_printf(s->why, "line %u: %s\n", yaml_line(s->doc, pointer), text);
	return NP_E_INVAL;
}

static void join(char ret[SCN_POINTER_MAX], const char *pointer, const char *key)
{
	(void)snprintf(ret, SCN_POINTER_MAX, "%.250s/%.250s", pointer, key);
}

static np_str text_of(const json_t *v)
{
	return json_is_string(v) ? (np_str){ json_string_value(v), json_string_length(v) }
				 : (np_str){ 0 };
}

/* ---- regions and definitions ---- */

static np_err add_region(struct scn *s, np_str name, const char *pointer)
{
	if (scn_region(s, name) != 0)
		return NP_OK;
	if (s->region_n == MON_REGIONS_MAX)
		return scn_wrong(s, pointer, "at most %d regions", MON_REGIONS_MAX);
	if (!monj_is_region_name(name))
		return scn_wrong(s, pointer, "`%.*s` is no name of a region", NP_FMT(name));
	s->region[s->region_n++] = name;
	return NP_OK;
}

/* Those that watch. */
static np_err add_regions(struct scn *s, const json_t *list, const char *pointer)
{
	np_err e = NP_OK;
	for (size_t i = 0; e == NP_OK && i < json_array_size(list); i++) {
		np_str name = text_of(json_array_get(list, i));
		e = add_region(s, name, pointer);
		if (e == NP_OK)
			s->watches[scn_region(s, name) - 1] = true;
	}
	return e;
}

/* A name that is wrong by one letter would tell its story to nobody. */
static np_err check_plans(struct scn *s, const char *pointer)
{
	for (size_t i = 0; i < s->region_n; i++)
		if (!s->watches[i])
			return scn_wrong(
				s, pointer,
				"no monitor is watched from `%.*s`: name it in `regions` of "
				"`monitor`, or of rules",
				NP_FMT(s->region[i]));
	return NP_OK;
}

static np_err validate(struct scn *s, const json_t *object, const char *pointer,
		       struct mon_def *ret)
{
	uint32_t number[MON_REGIONS_MAX];
	struct monj m;
	struct problem_list p = { 0 };
	for (uint32_t i = 0; i < MON_REGIONS_MAX; i++)
		number[i] = i + 1;
	const struct monj_regions regions = { s->region, number, s->region_n };
	if (monj_read(object, &regions, &m, &p) < 0)
		return scn_wrong(s, pointer, "%s: %s", p.n > 0 ? p.item[0].path : "monitor",
				 p.n > 0 ? p.item[0].text : "not valid");
	*ret = m.def;
	ret->no = 1;
	return NP_OK;
}

static void put_default(json_t *object, const char *key, json_t *value)
{
	if (json_object_get(object, key) == NULL)
		(void)json_object_set(object, key, value);
	json_decref(value);
}

/* fra, ams and iad watch a site, unless something else is said. */
static np_err read_monitor(struct scn *s, const json_t *given, const char *pointer,
			   struct scn_actor *a)
{
	a->object = given != NULL ? json_deep_copy(given) : json_object();
	if (a->object == NULL)
		return NP_E_NOMEM;
	put_default(a->object, "name", json_string("site"));
	put_default(a->object, "kind", json_string("http"));
	put_default(a->object, "target", json_string("https://example.org/"));
	put_default(a->object, "regions", json_pack("[sss]", "fra", "ams", "iad"));
	np_err e = add_regions(s, json_object_get(a->object, "regions"), pointer);
	return e == NP_OK ? validate(s, a->object, pointer, &a->def) : e;
}

np_err scn_patch(struct scn *s, struct scn_actor *a, const json_t *patch, struct mon_def *ret)
{
	if (json_object_update(a->object, (json_t *)(uintptr_t)patch) < 0)
		return NP_E_NOMEM;
	return validate(s, a->object, "", ret);
}

static np_err read_plans(struct scn *s, const json_t *regions, const char *pointer,
			 struct scn_actor *a)
{
	const char *name;
	json_t *text;
	np_err e = NP_OK;
	/* jansson's own loop: the cast away of const is its interface */
	json_object_foreach((json_t *)(uintptr_t)regions, name, text)
	{
		char at[SCN_POINTER_MAX];
		bool all = strcmp(name, "all") == 0;
		join(at, pointer, name);
		if (e == NP_OK && !all)
			e = add_region(s, str_from_c(name), at);
		if (e == NP_OK && !json_is_string(text))
			e = scn_wrong(s, at, "a text is wanted: what the region sees");
		for (uint32_t r = 0; e == NP_OK && r < MON_REGIONS_MAX; r++)
			if (all || scn_region(s, str_from_c(name)) == r + 1)
				e = scn_plan(s, text_of(text), at, &a->plan[r]);
	}
	return e;
}

static np_err read_actor(struct scn *s, const json_t *object, const char *pointer,
			 struct scn_actor *a)
{
	char at[SCN_POINTER_MAX];
	join(at, pointer, "monitor");
	np_err e = read_monitor(s, json_object_get(object, "monitor"), at, a);
	join(at, pointer, "regions");
	return e == NP_OK ? read_plans(s, json_object_get(object, "regions"), at, a) : e;
}

/* ---- what happens ---- */

static np_err add_act(struct scn *s, const json_t *what, int64_t at_us, const char *pointer)
{
	if (s->act_n == SCN_ACTS_MAX)
		return scn_wrong(s, pointer, "at most %d things happen", SCN_ACTS_MAX);
	struct scn_act *a = &s->act[s->act_n];
	*a = (struct scn_act){ .at_us = at_us };
	const json_t *rules = json_object_get(what, "rules");
	np_err e = NP_OK;
	if (json_is_object(rules)) {
		a->kind = SCN_RULES;
		a->rules = rules;
		e = add_regions(s, json_object_get(rules, "regions"), pointer);
	} else if (json_is_string(what)) {
		e = scn_act_text(s, text_of(what), pointer, a);
	} else {
		e = scn_wrong(s, pointer, "a text or {rules: {...}} is wanted");
	}
	s->act_n += e == NP_OK;
	return e;
}

static np_err moment(struct scn *s, const char *key, const char *pointer, int64_t *ret_us)
{
	if (scn_time(s, str_from_c(key), ret_us) < 0)
		return scn_wrong(s, pointer, "`%s` is no time such as 12:01 or 12:01:07", key);
	if (*ret_us < s->start_us)
		return scn_wrong(s, pointer, "`%s` is before the start", key);
	if (*ret_us > s->until_us)
		s->until_us = *ret_us;
	return NP_OK;
}

static np_err read_acts(struct scn *s, const json_t *does, const char *pointer)
{
	const char *key;
	json_t *what;
	np_err e = NP_OK;
	json_object_foreach((json_t *)(uintptr_t)does, key, what)
	{
		char at[SCN_POINTER_MAX];
		int64_t us = 0;
		join(at, pointer, key);
		if (e == NP_OK)
			e = moment(s, key, at, &us);
		if (e == NP_OK && s->act_n > 0 && us < s->act[s->act_n - 1].at_us)
			e = scn_wrong(s, at, "`%s` is earlier than the one before it", key);
		for (size_t i = 0; e == NP_OK && i < json_array_size(what); i++)
			e = add_act(s, json_array_get(what, i), us, at);
		if (e == NP_OK && !json_is_array(what))
			e = add_act(s, what, us, at);
	}
	return e;
}

static np_err read_checks(struct scn *s, const json_t *then, const char *pointer)
{
	const char *key;
	json_t *what;
	np_err e = NP_OK;
	json_object_foreach((json_t *)(uintptr_t)then, key, what)
	{
		char at[SCN_POINTER_MAX];
		struct scn_check *c = &s->check[s->check_n];
		join(at, pointer, key);
		if (e == NP_OK && s->check_n == SCN_CHECKS_MAX)
			e = scn_wrong(s, at, "at most %d moments", SCN_CHECKS_MAX);
		if (e == NP_OK)
			e = moment(s, key, at, &c->at_us);
		if (e == NP_OK && s->check_n > 0 && c->at_us < c[-1].at_us)
			e = scn_wrong(s, at, "`%s` is earlier than the one before it", key);
		if (e < 0)
			break;
		c->object = what;
		c->line = yaml_line(s->doc, at);
		s->check_n++;
	}
	return e;
}

/* ---- the whole ---- */

static np_err only_known(struct scn *s, const json_t *object, const char *pointer)
{
	static const char *const known[] = { "scenario", "guards", "start",  "monitor", "regions",
					     "parent",   "copies", "phases", "seed",    "checkers",
					     "does",     "then",   "until" };
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)object, key, value)
	{
		size_t i = 0;
		while (i < NP_LEN(known) && strcmp(known[i], key) != 0)
			i++;
		if (i == NP_LEN(known))
			return scn_wrong(s, pointer, "`%s` is not a part of a scenario", key);
	}
	return NP_OK;
}

static np_err count(struct scn *s, const json_t *object, const char *key, uint32_t max,
		    uint32_t *ret)
{
	const json_t *v = json_object_get(object, key);
	if (v == NULL)
		return NP_OK;
	if (!json_is_integer(v) || json_integer_value(v) < 1 || json_integer_value(v) > max)
		return scn_wrong(s, "", "`%s` is a number from 1 to %u", key, max);
	*ret = (uint32_t)json_integer_value(v);
	return NP_OK;
}

static np_err read_head(struct scn *s, const json_t *object, const char *pointer)
{
	np_str start = text_of(json_object_get(object, "start"));
	np_str checkers = text_of(json_object_get(object, "checkers"));
	s->name = text_of(json_object_get(object, "scenario"));
	s->phases = s->copies = s->seed = 1;
	s->checkers_off = str_eq_c(checkers, "off");
	np_err e = only_known(s, object, pointer);
	if (e == NP_OK && (s->name.n == 0 || text_of(json_object_get(object, "guards")).n == 0))
		e = scn_wrong(s, pointer,
			      "`scenario` (its name) and `guards` (why it is here) are needed");
	if (e == NP_OK && clock_from_rfc3339(start.n > 0 ? start : NP_STR(START), &s->start_us) < 0)
		e = scn_wrong(s, pointer, "`start` is a time such as " START);
	if (e == NP_OK)
		e = count(s, object, "phases", SCN_PHASES_MAX, &s->phases);
	if (e == NP_OK)
		e = count(s, object, "copies", SCN_COPIES_MAX, &s->copies);
	if (e == NP_OK)
		e = count(s, object, "seed", 1000000, &s->seed);
	s->until_us = s->start_us;
	return e;
}

np_err scn_read(const json_t *object, const char *pointer, struct scn *s)
{
	char at[SCN_POINTER_MAX];
	const json_t *parent = json_object_get(object, "parent");
	np_str until = text_of(json_object_get(object, "until"));
	if (!json_is_object(object))
		return scn_wrong(s, pointer, "a scenario is a mapping");
	np_err e = read_head(s, object, pointer);
	if (e == NP_OK)
		e = read_actor(s, object, pointer, &s->main);
	s->has_parent = parent != NULL;
	join(at, pointer, "parent");
	if (e == NP_OK && s->has_parent)
		e = read_actor(s, parent, at, &s->parent);
	join(at, pointer, "does");
	if (e == NP_OK)
		e = read_acts(s, json_object_get(object, "does"), at);
	join(at, pointer, "regions");
	if (e == NP_OK)
		e = check_plans(s, at);
	join(at, pointer, "then");
	if (e == NP_OK)
		e = read_checks(s, json_object_get(object, "then"), at);
	if (e == NP_OK && until.n > 0 && scn_time(s, until, &s->until_us) < 0)
		e = scn_wrong(s, pointer, "`until` is no time");
	return e;
}

void scn_done(struct scn *s)
{
	json_decref(s->main.object);
	json_decref(s->parent.object);
	s->main.object = s->parent.object = NULL;
}
