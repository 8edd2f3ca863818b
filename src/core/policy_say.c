/* SPDX-License-Identifier: Apache-2.0 */
/* What rules mean, in words: from the same definition and the same functions that decide. */
#include "base/str.h"
#include "core/policy.h"
#include "core/verdict.h"
#include "core/window.h"

#define NAMES_MAX 6 /* of channels in one list; the others are counted */

struct saying {
	const struct monj *m;
	const json_t *names; /* {channel id: name} */
	const json_t *only;  /* rules: speak of these alone; NULL: of everything */
	uint32_t n;          /* regions; 0: not known */
	struct buf *out;
};

static bool speaks_of(const struct saying *s, const char *field)
{
	return s->only == NULL || json_object_get(s->only, field) != NULL;
}

static void part(struct saying *s)
{
	if (s->out->n > 0)
		(void)buf_add_c(s->out, "; ");
}

/* "10 s", "15 min", "1 h 30 min", "2 d" */
static void add_duration(struct buf *out, int64_t ms)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = { { 24 * 60 * NP_MIN_MS, "d" },
		      { 60 * NP_MIN_MS, "h" },
		      { NP_MIN_MS, "min" },
		      { NP_SEC_MS, "s" } };
	bool any = false;
	for (size_t i = 0; i < NP_LEN(units); i++) {
		int64_t n = ms / units[i].ms;
		ms %= units[i].ms;
		if (n == 0 && (i + 1 < NP_LEN(units) || any))
			continue;
		if (i + 1 == NP_LEN(units) && ms > 0)
			(void)buf_printf(out, "%s%lld.%lld s", any ? " " : "", (long long)n,
					 (long long)(ms / 100));
		else
			(void)buf_printf(out, "%s%lld %s", any ? " " : "", (long long)n,
					 units[i].unit);
		any = true;
	}
}

/* ---- when ---- */

static void say_regions(struct saying *s)
{
	const struct mon_def *d = &s->m->def;
	uint32_t need = vd_need(d, s->n);
	if (s->n == 1)
		(void)buf_add_c(s->out, "Alert when its only region fails");
	else if (s->n > 0 && need == s->n)
		(void)buf_printf(s->out, "Alert when all %u regions fail", s->n);
	else if (s->n > 0)
		(void)buf_printf(s->out, "Alert when %u of %u regions fail%s", need, s->n,
				 need == 1 ? "s" : "");
	else if (d->quorum == MON_Q_MAJORITY)
		(void)buf_add_c(s->out, "Alert when most of the regions fail");
	else if (d->quorum == MON_Q_ALL)
		(void)buf_add_c(s->out, "Alert when all regions fail");
	else
		(void)buf_printf(s->out, "Alert when %u region%s", need,
				 need == 1 ? " fails" : "s fail");
}

static void say_when(struct saying *s)
{
	bool regions = speaks_of(s, "quorum") || speaks_of(s, "regions");
	bool confirm = speaks_of(s, "confirm_s");
	if (!regions && !confirm)
		return;
	if (regions)
		say_regions(s);
	else
		(void)buf_add_c(s->out, "Alert when it fails");
	if (confirm && s->m->def.confirm_ms > 0) {
		(void)buf_add_c(s->out, " for ");
		add_duration(s->out, s->m->def.confirm_ms);
	}
}

/* Rules that a sentence about a whole monitor leaves out: how it is looked at. */
static void say_checks(struct saying *s)
{
	const struct mon_def *d = &s->m->def;
	if (s->only == NULL)
		return;
	if (speaks_of(s, "interval_s")) {
		part(s);
		(void)buf_add_c(s->out, "check every ");
		add_duration(s->out, d->interval_ms);
	}
	if (speaks_of(s, "timeout_s")) {
		part(s);
		(void)buf_add_c(s->out, "wait for an answer for ");
		add_duration(s->out, d->timeout_ms);
	}
	if (speaks_of(s, "retries")) {
		part(s);
		(void)buf_printf(s->out, "try again %u time%s", d->retries,
				 d->retries == 1 ? "" : "s");
	}
	if (speaks_of(s, "retry_interval_s")) {
		part(s);
		(void)buf_add_c(s->out, "try again after ");
		add_duration(s->out, d->retry_interval_ms);
	}
	if (speaks_of(s, "fail_after")) {
		part(s);
		(void)buf_printf(s->out, "a region fails after %u in a row", d->fail_after);
	}
	if (speaks_of(s, "recover_after")) {
		part(s);
		(void)buf_printf(s->out, "it is well after %u in a row", d->recover_after);
	}
	if (speaks_of(s, "recover_s")) {
		part(s);
		(void)buf_add_c(s->out, "resolved when up for ");
		add_duration(s->out, d->recover_ms);
	}
}

/* ---- who ---- */

static void add_names(struct saying *s, const json_t *ids)
{
	size_t n = json_array_size(ids);
	for (size_t i = 0; i < n && i < NAMES_MAX; i++) {
		uint8_t raw[16];
		char id[37] = "";
		np_str name = { 0 };
		if (str_to_uuid(jread_text(json_array_get(ids, i)), raw) == NP_OK) {
			str_uuid(raw, id);
			name = jread_text(json_object_get(s->names, id));
		}
		if (name.n == 0)
			name = NP_STR("a channel that is gone");
		(void)buf_printf(s->out, "%s%.*s", i > 0 ? ", " : "", NP_FMT(name));
	}
	if (n > NAMES_MAX)
		(void)buf_printf(s->out, " and %zu more", n - NAMES_MAX);
}

static void say_first(struct saying *s)
{
	const json_t *channels = s->m->channels;
	part(s);
	(void)buf_add_c(s->out, s->m->def.level_n > 0 ? "first " : "tell ");
	if (channels == NULL)
		(void)buf_add_c(s->out, "every channel");
	else if (json_array_size(channels) == 0)
		(void)buf_add_c(s->out, "nobody");
	else
		add_names(s, channels);
}

static void say_levels(struct saying *s)
{
	const struct monj *m = s->m;
	for (uint32_t i = 0; i < m->def.level_n; i++) {
		(void)buf_add_c(s->out, s->out->n > 0 ? ", after " : "after ");
		add_duration(s->out, m->def.level_ms[i]);
		(void)buf_add_c(s->out, " ");
		add_names(s, alertj_level_channels(&m->alert, i));
	}
	if (s->only != NULL && m->def.level_n == 0) {
		part(s);
		(void)buf_add_c(s->out, "no escalation");
	}
}

static void say_reminders(struct saying *s)
{
	int64_t ms = s->m->def.reminder_ms;
	part(s);
	if (ms == 0)
		(void)buf_add_c(s->out, "no reminders");
	else if (ms == 60 * NP_MIN_MS)
		(void)buf_add_c(s->out, "remind hourly");
	else if (ms == 24 * 60 * NP_MIN_MS)
		(void)buf_add_c(s->out, "remind daily");
	else {
		(void)buf_add_c(s->out, "remind every ");
		add_duration(s->out, ms);
	}
}

static void say_quiet(struct saying *s)
{
	static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
	const struct alertj_quiet *q = &s->m->alert.quiet;
	bool first = true;
	if (!q->on)
		return;
	part(s);
	(void)buf_printf(s->out, "quiet %02u:%02u–%02u:%02u %.*s", q->from_min / 60,
			 q->from_min % 60, q->to_min / 60, q->to_min % 60, NP_FMT(q->zone));
	for (size_t i = 0; i < NP_LEN(days) && q->days != ALERTJ_DAYS; i++) {
		if (!(q->days >> i & 1))
			continue;
		(void)buf_printf(s->out, "%s%s", first ? " from " : ", ", days[i]);
		first = false;
	}
	if (s->only == NULL && !window_quiet_holds(s->m->def.severity))
		(void)buf_add_c(s->out, ", but it is critical and told at once");
	else
		(void)buf_add_c(s->out, " except critical");
}

static void say(struct saying *s)
{
	say_when(s);
	say_checks(s);
	if (speaks_of(s, "channels"))
		say_first(s);
	if (speaks_of(s, "escalation"))
		say_levels(s);
	if (speaks_of(s, "reminder_s"))
		say_reminders(s);
	if (speaks_of(s, "quiet"))
		say_quiet(s);
	if (s->only != NULL && speaks_of(s, "severity")) {
		part(s);
		(void)buf_printf(s->out, "severity %s", mon_severity_name(s->m->def.severity));
	}
}

void pol_sentence(const struct monj *m, const json_t *names, struct buf *out)
{
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, 4096);
	struct saying s = { .m = m, .names = names, .n = m->def.region_n, .out = &text };
	say(&s);
	if (m->def.has_parent)
		(void)buf_add_c(&text, "; silent while its parent is down");
	(void)buf_add_c(&text, "; one alert per incident.");
	(void)buf_add(out, buf_str(&text));
}

static void say_rules(const json_t *probe, const json_t *rules, const json_t *names,
		      const struct monj_regions *regions, struct buf *out)
{
	struct problem_list p = { 0 };
	struct monj m;
	if (monj_read(probe, regions, &m, &p) < 0) {
		(void)buf_add_c(out, "These rules cannot be used as they are");
		return;
	}
	struct saying s = { .m = &m, .names = names, .only = rules, .out = out };
	if (json_object_get(rules, "regions") != NULL)
		s.n = m.def.region_n;
	say(&s);
}

void pol_rules_sentence(const json_t *rules, const struct monj_regions *regions,
			const json_t *names, struct buf *out)
{
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, 4096);
	json_t *probe = pol_probe(rules);
	if (probe != NULL)
		say_rules(probe, rules, names, regions, &text);
	json_decref(probe);
	if (text.n > 0 && text.p[0] >= 'a' && text.p[0] <= 'z') /* a later part came first */
		text.p[0] = (char)(text.p[0] - 'a' + 'A');
	(void)buf_add_byte(&text, '.');
	(void)buf_add(out, buf_str(&text));
}
