/* SPDX-License-Identifier: Apache-2.0 */
/* The words of a scenario: times, what regions see, what people do. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "core/scenin.h"

bool scn_word(np_str *rest, np_str *ret)
{
	*rest = str_trim(*rest);
	size_t end = 0;
	while (end < rest->n && rest->p[end] != ' ')
		end++;
	*ret = str_sub(*rest, 0, end);
	*rest = str_trim(str_sub(*rest, end, rest->n));
	return ret->n > 0;
}

uint32_t scn_region(const struct scn *s, np_str name)
{
	for (size_t i = 0; i < s->region_n; i++)
		if (str_eq(s->region[i], name))
			return (uint32_t)i + 1;
	return 0;
}

/* ---- times ---- */

static np_err two_digits(np_str *rest, int64_t below, int64_t *ret)
{
	uint64_t v = 0;
	np_err e = rest->n < 2 ? NP_E_INVAL : str_to_u64(str_sub(*rest, 0, 2), &v);
	if (e < 0 || (int64_t)v >= below)
		return NP_E_INVAL;
	*ret = (int64_t)v;
	*rest = str_sub(*rest, 2, rest->n);
	return NP_OK;
}

static bool skip(np_str *rest, char c)
{
	if (rest->n == 0 || rest->p[0] != c)
		return false;
	*rest = str_sub(*rest, 1, rest->n);
	return true;
}

static np_err fraction(np_str digits, int64_t *ret_us)
{
	int64_t us = 0, unit = NP_SEC_US / 10;
	if (digits.n == 0 || digits.n > 6)
		return NP_E_INVAL;
	for (size_t i = 0; i < digits.n; i++, unit /= 10) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return NP_E_INVAL;
		us += (digits.p[i] - '0') * unit;
	}
	*ret_us = us;
	return NP_OK;
}

/* hh:mm[:ss[.fraction]] since midnight */
static np_err of_day(np_str text, int64_t *ret_us)
{
	int64_t h = 0, m = 0, sec = 0, us = 0;
	np_err e = two_digits(&text, 24, &h);
	if (e == NP_OK)
		e = skip(&text, ':') ? two_digits(&text, 60, &m) : NP_E_INVAL;
	if (e == NP_OK && skip(&text, ':'))
		e = two_digits(&text, 60, &sec);
	if (e == NP_OK && skip(&text, '.'))
		e = fraction(text, &us);
	else if (e == NP_OK && text.n > 0)
		e = NP_E_INVAL;
	if (e == NP_OK)
		*ret_us = h * NP_HOUR_US + m * NP_MIN_US + sec * NP_SEC_US + us;
	return e;
}

np_err scn_time(const struct scn *s, np_str text, int64_t *ret_us)
{
	np_str word, rest = text;
	uint64_t day = 1;
	int64_t us = 0;
	if (clock_from_rfc3339(text, ret_us) == NP_OK)
		return NP_OK;
	if (!scn_word(&rest, &word))
		return NP_E_INVAL;
	if (str_eq_c(word, "day")) {
		if (!scn_word(&rest, &word) || str_to_u64(word, &day) < 0 || day < 1 ||
		    day > 1000 || !scn_word(&rest, &word))
			return NP_E_INVAL;
	}
	np_err e = rest.n > 0 ? NP_E_INVAL : of_day(word, &us);
	if (e == NP_OK)
		*ret_us = clock_day_start_us(s->start_us) + (int64_t)(day - 1) * NP_DAY_US + us;
	return e;
}

/* A time out of the words; "day 2 03:00" takes three of them. */
static np_err time_words(const struct scn *s, np_str *rest, int64_t *ret_us)
{
	np_str at = str_trim(*rest), word;
	size_t words = str_starts(at, NP_STR("day ")) ? 3 : 1;
	for (size_t i = 0; i < words; i++)
		if (!scn_word(rest, &word))
			return NP_E_INVAL;
	return scn_time(s, (np_str){ at.p, (size_t)(word.p + word.n - at.p) }, ret_us);
}

static np_err length_word(np_str *rest, int64_t *ret_us)
{
	np_str word;
	int64_t ms = 0;
	np_err e = scn_word(rest, &word) ? str_to_ms(word, &ms) : NP_E_INVAL;
	if (e == NP_OK)
		*ret_us = ms * NP_MS_US;
	return e;
}

static np_err number_word(np_str *rest, uint32_t *ret)
{
	np_str word;
	uint64_t v = 0;
	np_err e = scn_word(rest, &word) ? str_to_u64(word, &v) : NP_E_INVAL;
	if (e < 0 || v > UINT32_MAX)
		return NP_E_INVAL;
	*ret = (uint32_t)v;
	return NP_OK;
}

/* ---- what a region sees ---- */

static np_err what_word(np_str word, struct simw_span *ret)
{
	static const struct {
		const char *name;
		enum simw_what what;
		enum res_class cls;
	} rows[] = {
		{ "ok", SIMW_OK, RES_C_NONE },
		{ "degraded", SIMW_DEGRADED, RES_C_NONE },
		{ "fail", SIMW_FAIL, RES_C_REFUSED },
		{ "hang", SIMW_FAIL, RES_C_TIMEOUT },
		{ "unknown", SIMW_UNKNOWN, RES_C_NETWORK },
		{ "silent", SIMW_SILENT, RES_C_NONE },
		{ "late", SIMW_LATE, RES_C_NONE },
		{ "clock", SIMW_CLOCK, RES_C_NONE },
	};
	np_str name = word, cls = { 0 };
	if (str_ends(word, NP_STR(")")) && str_cut(word, '(', &name, &cls))
		cls = str_sub(cls, 0, cls.n - 1);
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		if (!str_eq_c(name, rows[i].name))
			continue;
		ret->what = rows[i].what;
		ret->cls = rows[i].cls;
		return cls.n > 0 ? res_class_from_name(cls, &ret->cls) : NP_OK;
	}
	return NP_E_INVAL;
}

/* "+1h", "-90s" */
static np_err ahead_word(np_str word, int64_t *ret_us)
{
	int64_t ms = 0;
	bool back = str_starts(word, NP_STR("-"));
	if (!back && !str_starts(word, NP_STR("+")))
		return NP_E_INVAL;
	np_err e = str_to_ms(str_sub(word, 1, word.n), &ms);
	if (e == NP_OK)
		*ret_us = back ? -ms * NP_MS_US : ms * NP_MS_US;
	return e;
}

static np_err percent_or_count(np_str word, struct simw_span *ret)
{
	uint64_t v = 0;
	if (str_starts(word, NP_STR("x"))) {
		if (str_to_u64(str_sub(word, 1, word.n), &v) < 0 || v < 1 || v > 1000000)
			return NP_E_INVAL;
		ret->count = (uint32_t)v;
		return NP_OK;
	}
	if (!str_ends(word, NP_STR("%")) || str_to_u64(str_sub(word, 0, word.n - 1), &v) < 0 ||
	    v < 1 || v > 100)
		return NP_E_INVAL;
	ret->percent = (uint32_t)v;
	return NP_OK;
}

static np_err span_word(struct scn *s, np_str word, np_str *rest, struct simw_span *ret)
{
	if (str_eq_c(word, "from"))
		return time_words(s, rest, &ret->from_us);
	if (str_eq_c(word, "to"))
		return time_words(s, rest, &ret->to_us);
	if (str_eq_c(word, "for"))
		return length_word(rest, &ret->on_us);
	if (str_eq_c(word, "every"))
		return length_word(rest, &ret->every_us);
	if (str_eq_c(word, "takes"))
		return length_word(rest, &ret->took_us);
	return ret->what == SIMW_CLOCK ? ahead_word(word, &ret->ahead_us)
				       : percent_or_count(word, ret);
}

static np_err span_text(struct scn *s, np_str text, struct simw_span *ret)
{
	np_str word;
	*ret = (struct simw_span){ .from_us = s->start_us, .to_us = INT64_MAX };
	np_err e = scn_word(&text, &word) ? what_word(word, ret) : NP_E_INVAL;
	while (e == NP_OK && scn_word(&text, &word))
		e = span_word(s, word, &text, ret);
	/* "for 90s" without "every" is an end. */
	if (e == NP_OK && ret->every_us == 0 && ret->on_us > 0) {
		ret->to_us = ret->from_us + ret->on_us;
		ret->on_us = 0;
	}
	if (e == NP_OK && (ret->to_us <= ret->from_us || ret->every_us < ret->on_us))
		e = NP_E_INVAL;
	return e;
}

np_err scn_plan(struct scn *s, np_str text, const char *pointer, struct simw_plan *p)
{
	np_str item, rest = text;
	while (rest.n > 0) {
		(void)str_cut(rest, ',', &item, &rest);
		if (p->n == SIMW_SPANS_MAX)
			return scn_wrong(s, pointer, "at most %d items", SIMW_SPANS_MAX);
		if (span_text(s, item, &p->span[p->n]) < 0)
			return scn_wrong(s, pointer, "cannot read `%.*s`", NP_FMT(str_trim(item)));
		p->n++;
	}
	return NP_OK;
}

/* ---- what happens ---- */

static np_err on_off(np_str *rest, bool *ret)
{
	np_str word;
	if (!scn_word(rest, &word) || (!str_eq_c(word, "on") && !str_eq_c(word, "off")))
		return NP_E_INVAL;
	*ret = str_eq_c(word, "on");
	return NP_OK;
}

static np_err region_word(const struct scn *s, np_str *rest, struct scn_act *a)
{
	np_str word;
	a->event.region = scn_word(rest, &word) ? scn_region(s, word) : 0;
	return a->event.region != 0 ? NP_OK : NP_E_INVAL;
}

static np_err parse_suspect(struct scn *s, np_str *rest, struct scn_act *a)
{
	np_err e = region_word(s, rest, a);
	return e == NP_OK ? on_off(rest, &a->event.on) : e;
}

/* maintenance on until 13:00 */
static np_err parse_window(struct scn *s, np_str *rest, struct scn_act *a)
{
	np_str word;
	np_err e = on_off(rest, &a->event.window.on);
	if (e < 0 || rest->n == 0)
		return e;
	return scn_word(rest, &word) && str_eq_c(word, "until")
		       ? time_words(s, rest, &a->event.window.until_us)
		       : NP_E_INVAL;
}

static np_err parse_parent(struct scn *s NP_UNUSED, np_str *rest, struct scn_act *a)
{
	static const char *const names[] = { "none", "ok", "suspect", "down" };
	np_str word;
	if (!scn_word(rest, &word))
		return NP_E_INVAL;
	for (size_t i = 0; i < NP_LEN(names); i++) {
		if (!str_eq_c(word, names[i]))
			continue;
		a->event.parent.state = (enum inc_parent)i;
		return NP_OK;
	}
	return NP_E_INVAL;
}

static np_err parse_region(struct scn *s, np_str *rest, struct scn_act *a)
{
	return region_word(s, rest, a);
}

static np_err parse_nothing(struct scn *s NP_UNUSED, np_str *rest NP_UNUSED,
			    struct scn_act *a NP_UNUSED)
{
	return NP_OK;
}

static np_err parse_absent(struct scn *s NP_UNUSED, np_str *rest, struct scn_act *a)
{
	a->kind = SCN_ABSENT;
	return length_word(rest, &a->for_us);
}

static np_err parse_hold(struct scn *s NP_UNUSED, np_str *rest, struct scn_act *a)
{
	int64_t ago_us = 0;
	np_err e = length_word(rest, &ago_us);
	a->event.hold.absent_us = a->at_us - ago_us;
	return e;
}

static np_err parse_slow(struct scn *s, np_str *rest, struct scn_act *a)
{
	a->event.slow.slot_us = a->at_us;
	return region_word(s, rest, a);
}

/* result REGION WHAT [attempt N] [slot T] [took D] [late D] [revision N] */
static np_err parse_result(struct scn *s, np_str *rest, struct scn_act *a)
{
	static const enum res_status statuses[] = { RES_OK, RES_DEGRADED, RES_FAIL, RES_UNKNOWN };
	struct vote_attempt *r = &a->event.result;
	struct simw_span what = { 0 };
	int64_t late_us = 0;
	np_str word;
	np_err e = region_word(s, rest, a);
	*r = (struct vote_attempt){ .received_us = a->at_us };
	if (e == NP_OK)
		e = scn_word(rest, &word) ? what_word(word, &what) : NP_E_INVAL;
	if (e < 0 || what.what > SIMW_UNKNOWN)
		return NP_E_INVAL;
	r->status = statuses[what.what];
	r->cls = what.cls;
	while (e == NP_OK && scn_word(rest, &word)) {
		if (str_eq_c(word, "attempt"))
			e = number_word(rest, &r->attempt);
		else if (str_eq_c(word, "revision"))
			e = number_word(rest, &r->revision);
		else if (str_eq_c(word, "slot"))
			e = time_words(s, rest, &r->slot_us);
		else if (str_eq_c(word, "late"))
			e = length_word(rest, &late_us);
		else
			e = str_eq_c(word, "took") ? length_word(rest, &r->duration_us)
						   : NP_E_INVAL;
	}
	r->start_us = a->at_us - r->duration_us - late_us;
	r->slot_us = r->slot_us != 0 ? r->slot_us : r->start_us;
	return e;
}

static np_err parse_command(np_str word, np_str *rest, struct scn_act *a)
{
	np_str by;
	uint32_t actor = 1;
	np_err e = cmd_from_name(word, &a->event.command.kind);
	a->event.kind = MST_COMMAND;
	if (e == NP_OK && rest->n > 0)
		e = scn_word(rest, &by) && str_eq_c(by, "by") ? number_word(rest, &actor)
							      : NP_E_INVAL;
	a->event.command.actor = actor;
	return e;
}

np_err scn_act_text(struct scn *s, np_str text, const char *pointer, struct scn_act *ret)
{
	static const struct {
		const char *word;
		enum mst_event_kind kind;
		np_err (*parse)(struct scn *, np_str *, struct scn_act *);
	} rows[] = {
		{ "maintenance", MST_MAINTENANCE, parse_window },
		{ "quiet", MST_QUIET, parse_window },
		{ "suspect", MST_SUSPECT, parse_suspect },
		{ "ban", MST_BAN, parse_region },
		{ "silence", MST_SILENT, parse_region },
		{ "parent", MST_PARENT, parse_parent },
		{ "absent", MST_EVENT_N, parse_absent },
		{ "hold", MST_HOLD, parse_hold },
		{ "resume", MST_RESUME, parse_nothing },
		{ "slow", MST_SLOW, parse_slow },
		{ "result", MST_RESULT, parse_result },
	};
	np_str word, rest = text;
	np_err e = scn_word(&rest, &word) ? NP_OK : NP_E_INVAL;
	if (e == NP_OK && str_eq_c(word, "parent's")) {
		ret->to_parent = true;
		e = scn_word(&rest, &word) ? NP_OK : NP_E_INVAL;
	}
	size_t row = 0;
	while (e == NP_OK && row < NP_LEN(rows) && !str_eq_c(word, rows[row].word))
		row++;
	if (e == NP_OK && row < NP_LEN(rows)) {
		ret->event.kind = rows[row].kind;
		e = rows[row].parse(s, &rest, ret);
	} else if (e == NP_OK) {
		e = parse_command(word, &rest, ret);
	}
	if (e == NP_OK && rest.n > 0)
		e = NP_E_INVAL;
	return e == NP_OK ? e : scn_wrong(s, pointer, "cannot read `%.*s`", NP_FMT(text));
}
