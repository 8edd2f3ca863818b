/* SPDX-License-Identifier: Apache-2.0 */
/* What must be true at a moment of a scenario. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "core/scenin.h"
#include "core/why.h"

#define SENTENCE_MAX 8192

/* One monitor, looked at. */
struct sight {
	const struct scn *s;
	const struct simw *w;
	const struct simw_monitor *m;
	struct why why;
	struct buf sentence;
	struct buf found; /* what there is instead */
};

static np_str text_of(const json_t *v)
{
	return json_is_string(v) ? (np_str){ json_string_value(v), json_string_length(v) }
				 : (np_str){ 0 };
}

/* ---- matching one value ---- */

static bool is_text(struct sight *g, const json_t *want, const char *found)
{
	(void)buf_add_c(&g->found, found);
	return str_eq_c(text_of(want), found);
}

static bool is_bool(struct sight *g, const json_t *want, bool found)
{
	(void)buf_add_c(&g->found, found ? "true" : "false");
	return json_is_boolean(want) && json_is_true(want) == found;
}

/* 3, "at least 2", "at most 5", "2 to 4" */
static bool is_number(struct sight *g, const json_t *want, int64_t found)
{
	np_str rest = text_of(want), low, word, high;
	int64_t from = INT64_MIN, to = INT64_MAX;
	(void)buf_printf(&g->found, "%lld", (long long)found);
	if (json_is_integer(want))
		return json_integer_value(want) == found;
	if (!scn_word(&rest, &low) || !scn_word(&rest, &word) || !scn_word(&rest, &high))
		return false;
	if (str_eq_c(low, "at") && str_eq_c(word, "least"))
		return str_to_i64(high, &from) == NP_OK && found >= from;
	if (str_eq_c(low, "at") && str_eq_c(word, "most"))
		return str_to_i64(high, &to) == NP_OK && found <= to;
	return str_eq_c(word, "to") && str_to_i64(low, &from) == NP_OK &&
	       str_to_i64(high, &to) == NP_OK && found >= from && found <= to;
}

static void add_moment(struct buf *out, int64_t us)
{
	char text[CLOCK_RFC3339_MAX];
	(void)clock_rfc3339(us, text);
	(void)buf_add_c(out, us == 0 ? "none" : text);
}

/* "12:01", "12:01 to 12:02", "none" */
static bool is_time(struct sight *g, const json_t *want, int64_t found_us)
{
	np_str text = text_of(want), from = text, to = text;
	int64_t from_us = 0, to_us = 0;
	size_t at = str_find(text, NP_STR(" to "));
	add_moment(&g->found, found_us);
	if (str_eq_c(text, "none") || found_us == 0)
		return str_eq_c(text, "none") && found_us == 0;
	if (at != SIZE_MAX) {
		from = str_sub(text, 0, at);
		to = str_sub(text, at + 4, text.n);
	}
	return scn_time(g->s, from, &from_us) == NP_OK && scn_time(g->s, to, &to_us) == NP_OK &&
	       found_us >= from_us && found_us <= to_us;
}

/* Every text of the list (or the one text) is in the sentence, or none of them. */
static bool says(struct sight *g, const json_t *want, bool wanted)
{
	size_t n = json_is_array(want) ? json_array_size(want) : 1;
	(void)buf_add(&g->found, buf_str(&g->sentence));
	for (size_t i = 0; i < n; i++) {
		np_str text = text_of(json_is_array(want) ? json_array_get(want, i) : want);
		bool there = str_find(buf_str(&g->sentence), text) != SIZE_MAX;
		if (text.n == 0 || there != wanted)
			return false;
	}
	return true;
}

/* ---- counts by name ---- */

static void add_counts(struct buf *out, const uint32_t *n)
{
	const char *sep = "{";
	for (size_t k = 0; k < STEP_NOTICE_N; k++) {
		if (n[k] == 0)
			continue;
		(void)buf_printf(out, "%s%s: %u", sep, step_notice_name((enum step_notice)k), n[k]);
		sep = ", ";
	}
	(void)buf_add_c(out, *sep == '{' ? "{}" : "}");
}

/* Exactly these: kinds that are not named must not have been sent (or held). */
static bool are_notices(struct sight *g, const json_t *want, const uint32_t n[STEP_NOTICE_N])
{
	size_t named = 0;
	bool good = json_is_object(want);
	add_counts(&g->found, n);
	size_t length = g->found.n;
	for (size_t k = 0; k < STEP_NOTICE_N; k++) {
		const json_t *v = json_object_get(want, step_notice_name((enum step_notice)k));
		named += v != NULL;
		good = good && (v != NULL ? is_number(g, v, n[k]) : n[k] == 0);
		g->found.n = length;
	}
	return good && named == json_object_size(want);
}

static bool are_events(struct sight *g, const json_t *want)
{
	const struct simw_facts *f = &g->m->facts;
	size_t next = 0;
	for (uint32_t i = 0; i < f->event_n; i++) {
		const char *name = step_event_name((enum step_event)f->event[i]);
		(void)buf_printf(&g->found, "%s%s", i > 0 ? ", " : "", name);
		next += str_eq_c(text_of(json_array_get(want, next)), name);
	}
	return json_is_array(want) && next == json_array_size(want);
}

static bool are_timers(struct sight *g, const json_t *want)
{
	const char *name;
	json_t *v;
	bool good = json_is_object(want);
	json_object_foreach((json_t *)(uintptr_t)want, name, v)
	{
		enum tmr_kind k = TMR_N;
		(void)buf_printf(&g->found, "%s ", name);
		if (tmr_from_name(str_from_c(name), &k) < 0)
			return false;
		int64_t due_us = g->m->st.inc.timers.of[k].due_us;
		good = (str_eq_c(text_of(v), "set") ? due_us != 0 : is_time(g, v, due_us)) && good;
		(void)buf_add_byte(&g->found, ' ');
	}
	return good;
}

/* What a region says, or why it does not count: "ok", "fail", "silent", "banned" ... */
static bool are_votes(struct sight *g, const json_t *want)
{
	const struct vd_evidence *e = &g->why.evidence;
	size_t named = 0;
	bool good = json_is_object(want);
	for (uint32_t i = 0; i < e->n; i++) {
		const struct vd_region *r = &e->region[i];
		np_str name = g->s->region[r->region - 1];
		const char *word = r->out == VD_COUNTS ? vote_say_name((enum vote_say)r->say)
						       : vd_out_name((enum vd_out)r->out);
		const json_t *v = json_object_getn(want, name.p, name.n);
		(void)buf_printf(&g->found, "%s%.*s %s", i > 0 ? ", " : "", NP_FMT(name), word);
		named += v != NULL;
		good = good && (v == NULL || str_eq_c(text_of(v), word));
	}
	return good && named == json_object_size(want);
}

/* ---- the words ---- */

static bool on_state(struct sight *g, const json_t *want)
{
	return is_text(g, want, step_state_name((enum step_state)g->m->st.inc.state));
}
static bool on_verdict(struct sight *g, const json_t *want)
{
	return is_text(g, want, vd_verdict_name((enum vd_verdict)g->why.evidence.verdict));
}
static bool on_code(struct sight *g, const json_t *want)
{
	return is_text(g, want, why_code_name(g->why.code));
}
static bool on_hold(struct sight *g, const json_t *want)
{
	return is_text(g, want, step_hold_name(g->why.hold));
}
static bool on_reason(struct sight *g, const json_t *want)
{
	bool closed = g->m->facts.closed > 0 && g->m->facts.closed_us != 0;
	return is_text(g, want, closed ? step_close_name(g->m->facts.reason) : "none");
}
static bool on_refused(struct sight *g, const json_t *want)
{
	enum step_refusal r = g->m->facts.refusal;
	return is_text(g, want, r == STEP_DONE ? "none" : step_refusal_text(r));
}
static bool on_open(struct sight *g, const json_t *want)
{
	return is_bool(g, want, g->m->st.inc.open);
}
static bool on_told(struct sight *g, const json_t *want)
{
	return is_bool(g, want, g->m->st.inc.told);
}
static bool on_acknowledged(struct sight *g, const json_t *want)
{
	return is_bool(g, want, g->m->st.inc.acked);
}
static bool on_maintenance(struct sight *g, const json_t *want)
{
	return is_bool(g, want, g->m->st.inc.maintenance);
}
static bool on_flapping(struct sight *g, const json_t *want)
{
	return is_bool(g, want, g->m->st.inc.flapping);
}
static bool on_quiet(struct sight *g, const json_t *want)
{
	return is_bool(g, want, g->m->st.inc.quiet);
}
static bool on_suppressed(struct sight *g, const json_t *want)
{
	return is_bool(g, want, g->m->st.inc.suppressed);
}
static bool on_partial(struct sight *g, const json_t *want)
{
	return is_bool(g, want, g->m->st.inc.partial);
}
static bool on_degraded(struct sight *g, const json_t *want)
{
	return is_bool(g, want, g->m->st.inc.degraded);
}
static bool on_incidents(struct sight *g, const json_t *want)
{
	return is_number(g, want, g->m->facts.opened);
}
static bool on_blips(struct sight *g, const json_t *want)
{
	return is_number(g, want, g->m->st.inc.blips);
}
static bool on_asks(struct sight *g, const json_t *want)
{
	return is_number(g, want, g->m->facts.asks);
}
static bool on_suspects(struct sight *g, const json_t *want)
{
	return is_number(g, want, g->w->suspects_told);
}
static bool on_opened_at(struct sight *g, const json_t *want)
{
	return is_time(g, want, g->m->facts.opened_us);
}
static bool on_closed_at(struct sight *g, const json_t *want)
{
	return is_time(g, want, g->m->facts.closed_us);
}
static bool on_told_at(struct sight *g, const json_t *want)
{
	return is_time(g, want, g->m->facts.last_sent_us[STEP_N_OPENED]);
}
static bool on_resolved_at(struct sight *g, const json_t *want)
{
	return is_time(g, want, g->m->facts.last_sent_us[STEP_N_RESOLVED]);
}
static bool on_held_until(struct sight *g, const json_t *want)
{
	return is_time(g, want, g->why.held_until_us);
}
static bool on_next(struct sight *g, const json_t *want)
{
	return is_time(g, want, g->why.next_us);
}
static bool on_sent(struct sight *g, const json_t *want)
{
	return are_notices(g, want, g->m->facts.sent);
}
static bool on_held(struct sight *g, const json_t *want)
{
	return are_notices(g, want, g->m->facts.held);
}
static bool on_why(struct sight *g, const json_t *want)
{
	return says(g, want, true);
}
static bool on_why_not(struct sight *g, const json_t *want)
{
	return says(g, want, false);
}

static const struct {
	const char *word;
	bool (*holds)(struct sight *, const json_t *);
} words[] = {
	{ "state", on_state },
	{ "verdict", on_verdict },
	{ "code", on_code },
	{ "hold", on_hold },
	{ "reason", on_reason },
	{ "refused", on_refused },
	{ "open", on_open },
	{ "told", on_told },
	{ "acknowledged", on_acknowledged },
	{ "maintenance", on_maintenance },
	{ "flapping", on_flapping },
	{ "quiet", on_quiet },
	{ "suppressed", on_suppressed },
	{ "partial", on_partial },
	{ "degraded", on_degraded },
	{ "incidents", on_incidents },
	{ "blips", on_blips },
	{ "asks", on_asks },
	{ "suspects", on_suspects },
	{ "opened_at", on_opened_at },
	{ "closed_at", on_closed_at },
	{ "told_at", on_told_at },
	{ "resolved_at", on_resolved_at },
	{ "next", on_next },
	{ "held_until", on_held_until },
	{ "sent", on_sent },
	{ "held", on_held },
	{ "events", are_events },
	{ "timers", are_timers },
	{ "votes", are_votes },
	{ "why", on_why },
	{ "why_not", on_why_not },
};

static void look(struct sight *g, const struct scn *s, const struct simw *w, uint32_t i)
{
	*g = (struct sight){ .s = s, .w = w, .m = &w->monitor[i] };
	np_str name[MON_REGIONS_MAX];
	for (uint32_t k = 0; k < g->m->def.region_n; k++)
		name[k] = s->region[g->m->def.region[k] - 1];
	const struct why_facts f = { .now_us = w->now_us, .region_name = name };
	buf_init(&g->sentence, SENTENCE_MAX);
	buf_init(&g->found, SENTENCE_MAX);
	why_of(&g->m->def, &g->m->st, &f, &g->why);
	why_sentence(&g->why, &f, &g->sentence);
}

static void look_done(struct sight *g)
{
	buf_done(&g->sentence);
	buf_done(&g->found);
}

void scn_why(const struct scn *s, const struct simw *w, uint32_t i, struct buf *out)
{
	struct sight g;
	look(&g, s, w, i);
	(void)buf_add(out, buf_str(&g.sentence));
	look_done(&g);
}

static bool holds(struct sight *g, const char *word, const json_t *want)
{
	for (size_t i = 0; i < NP_LEN(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].holds(g, want);
	(void)buf_add_c(&g->found, "no such word: see doc/scenarios.md");
	return false;
}

static void add_json(struct buf *out, const json_t *v)
{
	char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
	(void)buf_add_c(out, text != NULL ? text : "?");
	free(text);
}

bool scn_holds(const struct scn *s, const struct simw *w, uint32_t i, const json_t *object,
	       struct buf *out)
{
	const char *word;
	json_t *want;
	bool good = true;
	struct sight g;
	look(&g, s, w, i);
	json_object_foreach((json_t *)(uintptr_t)object, word, want)
	{
		buf_reset(&g.found);
		if (strcmp(word, "parent") == 0) {
			good = (s->has_parent && scn_holds(s, w, w->n - 1, want, out)) && good;
		} else if (!holds(&g, word, want)) {
			good = false;
			(void)buf_printf(out, "    %s: expected ", word);
			add_json(out, want);
			(void)buf_printf(out, ", found %s\n", buf_c(&g.found));
		}
	}
	look_done(&g);
	return good;
}
