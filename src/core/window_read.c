/* SPDX-License-Identifier: Apache-2.0 */
/* Windows out of JSON: every wrong field is named. */
#include "base/clock.h"
#include "base/str.h"
#include "base/zonefile.h"
#include "core/jread.h"
#include "core/window.h"

static_assert(ZONE_NAME_MAX == ZONEFILE_NAME_MAX, "one length for names of zones");

/* One list or text as given -> the window; false: a problem was added. */
static bool read_zone(const struct jread *r, struct window *w)
{
	np_str name = jread_text(jread_get(r, "zone"));
	if (!zonefile_name_ok(name)) {
		problem_add(r->p, r->prefix, "zone",
			    "must be the name of a time zone such as Europe/Berlin or UTC");
		return false;
	}
	(void)snprintf(w->zone, sizeof w->zone, "%.*s", NP_FMT(name));
	return true;
}

static void read_start(const struct jread *r, struct window *w)
{
	bool is_date = false;
	np_str s = jread_text(jread_get(r, "start"));
	if (civil_parse(s, &w->start_s, &is_date) < 0 || is_date)
		problem_add(r->p, r->prefix, "start",
			    "must be a local time such as 2026-03-01T02:00 (the zone stands beside "
			    "it)");
}

static void read_duration(const struct jread *r, struct window *w)
{
	uint32_t s = 0;
	if (jread_get(r, "duration_s") == NULL)
		problem_add(r->p, r->prefix, "duration_s", "is needed: seconds, from %d to %d",
			    WINDOW_DURATION_MIN_S, WINDOW_DURATION_MAX_S);
	jread_u32(r, "duration_s", WINDOW_DURATION_MIN_S, WINDOW_DURATION_MAX_S, &s);
	w->duration_s = s;
}

static void read_rule(const struct jread *r, struct window *w)
{
	const json_t *v = jread_get(r, "rrule");
	char why[RRULE_WHY_MAX] = "";
	struct rrule rule;
	if (v == NULL)
		return;
	w->kind = WINDOW_RULE;
	if (rrule_parse(jread_text(v), &rule, why) < 0)
		problem_add(r->p, r->prefix, "rrule", "%s", why);
	else
		rrule_bind(&rule, w->start_s, &w->set);
}

static void read_exdates(const struct jread *r, struct window *w)
{
	const json_t *v = jread_get(r, "exdates");
	size_t n = json_array_size(v);
	if (v == NULL)
		return;
	if (!json_is_array(v) || n > WINDOW_EXDATES_MAX) {
		problem_add(r->p, r->prefix, "exdates", "must be a list of at most %d dates",
			    WINDOW_EXDATES_MAX);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct window_exdate *x = &w->exdate[w->exdates_n];
		char path[32];
		(void)snprintf(path, sizeof path, "exdates[%zu]", i);
		if (civil_parse(jread_text(json_array_get(v, i)), &x->local_s, &x->is_date) < 0)
			problem_add(r->p, r->prefix, path,
				    "must be a date or local time such as 2026-12-24 or "
				    "2026-12-24T02:00");
		else
			w->exdates_n++;
	}
}

static void read_ended(const struct jread *r, struct window *w)
{
	const json_t *v = jread_get(r, "ended");
	size_t n = json_array_size(v);
	if (v == NULL)
		return;
	for (size_t i = 0; json_is_array(v) && i < n && i < WINDOW_ENDED_MAX; i++)
		if (clock_from_rfc3339(jread_text(json_array_get(v, i)), &w->ended_us[i]) == NP_OK)
			w->ended_n++;
	if (w->ended_n != n || !json_is_array(v))
		problem_add(r->p, r->prefix, "ended", "must be a list of at most %d times",
			    WINDOW_ENDED_MAX);
}

np_err window_read(const json_t *definition, struct window *ret, struct problem_list *p)
{
	static const char *const allowed[] = { "zone",    "start", "duration_s", "rrule",
					       "exdates", "ended", NULL };
	struct jread r = { .object = definition, .prefix = "", .p = p };
	size_t before = p->n;
	*ret = (struct window){ .kind = WINDOW_ONCE };
	if (!json_is_object(definition)) {
		problem_add(p, "", "", "a maintenance must be an object");
		return NP_E_INVAL;
	}
	jread_only(&r, allowed);
	(void)read_zone(&r, ret);
	read_start(&r, ret);
	read_duration(&r, ret);
	read_rule(&r, ret);
	read_exdates(&r, ret);
	read_ended(&r, ret);
	return p->n > before ? NP_E_INVAL : NP_OK;
}

void window_of_quiet(const struct alertj_quiet *q, struct window *ret)
{
	*ret = (struct window){
		.kind = WINDOW_HOURS,
		.from_min = (int32_t)q->from_min,
		.to_min = (int32_t)q->to_min,
		.weekdays = q->days,
	};
	(void)snprintf(ret->zone, sizeof ret->zone, "%.*s", NP_FMT(q->zone));
}
