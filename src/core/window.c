/* SPDX-License-Identifier: Apache-2.0 */
#include "core/window.h"

#define RULES_END_US (INT64_C(8000000000) * NP_SEC_US) /* after RRULE_YEAR_MAX */
#define MERGED_MAX 512                                 /* occurrences looked at in one question */

/* ---- occurrences, in order of their start ---- */

struct series {
	const struct window *w;
	const struct zone *z;
	struct rrule_iter it;
	int64_t day; /* WINDOW_HOURS: next local day */
	bool ended;
};

/* Nothing is looked for after to_us: a rule may have no occurrence for centuries. */
static void end(struct series *s, int64_t to_us)
{
	if (s->w->kind != WINDOW_RULE || to_us > RULES_END_US)
		return;
	/* Two days more, as in `begin`. */
	int64_t local = zone_local(s->z, civil_floor(to_us, NP_SEC_US)) + 2 * CIVIL_DAY_S;
	if (local < s->it.last_s)
		s->it.last_s = local;
}

/* From the first occurrence that can reach into from_us. */
static void begin(struct series *s, const struct window *w, const struct zone *z, int64_t from_us)
{
	int64_t local = zone_local(z, civil_floor(from_us, NP_SEC_US));
	*s = (struct series){ .w = w, .z = z };
	/* Two days more: a zone's offset may have changed by up to one. */
	s->day = civil_floor(local, CIVIL_DAY_S) - 2;
	if (w->kind == WINDOW_RULE)
		rrule_begin(&s->it, &w->set, local - w->duration_s - 2 * CIVIL_DAY_S);
}

static bool is_excluded(const struct window *w, int64_t local_s)
{
	for (uint32_t i = 0; i < w->exdates_n; i++) {
		const struct window_exdate *x = &w->exdate[i];
		int64_t at = x->is_date ? local_s - civil_mod(local_s, CIVIL_DAY_S) : local_s;
		if (x->local_s == at)
			return true;
	}
	return false;
}

/* "End now" cuts what is on at that moment, and nothing else. */
static struct window_span cut(const struct window *w, struct window_span span)
{
	for (uint32_t i = 0; i < w->ended_n; i++)
		if (w->ended_us[i] >= span.from_us && w->ended_us[i] < span.to_us)
			span.to_us = w->ended_us[i];
	return span;
}

static struct window_span occurrence(const struct series *s, int64_t local_s)
{
	int64_t from = zone_instant(s->z, local_s).at_s;
	struct window_span span = { from * NP_SEC_US, (from + s->w->duration_s) * NP_SEC_US };
	return cut(s->w, span);
}

static bool next_by_rule(struct series *s, struct window_span *ret)
{
	const struct rrule *r = &s->w->set.rule;
	int64_t local = 0;
	while (rrule_next(&s->it, &local)) {
		if (is_excluded(s->w, local))
			continue;
		*ret = occurrence(s, local);
		return !(r->has_until && r->until_is_utc && ret->from_us > r->until_s * NP_SEC_US);
	}
	return false;
}

/* Hours are what the wall shows: a border in a gap is the moment at which the clocks jump. */
static int64_t border_us(const struct series *s, int64_t day, int32_t minute)
{
	struct zone_instant at = zone_instant(s->z, day * CIVIL_DAY_S + (int64_t)minute * 60);
	return (at.kind == ZONE_GAP ? at.other_s : at.at_s) * NP_SEC_US;
}

static bool next_by_hours(struct series *s, struct window_span *ret)
{
	const struct window *w = s->w;
	while (w->weekdays != 0 && !(w->weekdays >> civil_weekday_of(s->day) & 1))
		s->day++;
	int64_t day = s->day++;
	ret->from_us = border_us(s, day, w->from_min);
	ret->to_us = border_us(s, w->to_min <= w->from_min ? day + 1 : day, w->to_min);
	return true;
}

static bool next(struct series *s, struct window_span *ret)
{
	switch (s->w->kind) {
	case WINDOW_RULE:
		return next_by_rule(s, ret);
	case WINDOW_HOURS:
		return next_by_hours(s, ret);
	case WINDOW_ONCE:
	case WINDOW_KIND_N:
		break;
	}
	if (s->ended)
		return false;
	s->ended = true;
	*ret = occurrence(s, s->w->start_s);
	return true;
}

/* ---- questions ---- */

struct window_now window_at(const struct window *w, const struct zone *z, int64_t now_us)
{
	struct window_now ret = { .on = false, .until_us = WINDOW_NEVER_US };
	struct series s;
	struct window_span span;
	begin(&s, w, z, now_us);
	end(&s, now_us + WINDOW_LOOK_US);
	for (int i = 0; i < MERGED_MAX && next(&s, &span); i++) {
		if (span.to_us <= span.from_us || span.to_us <= now_us)
			continue;
		if (span.from_us > (ret.on ? ret.until_us : now_us)) {
			if (!ret.on)
				ret.until_us = span.from_us;
			break;
		}
		if (!ret.on || span.to_us > ret.until_us)
			ret.until_us = span.to_us;
		ret.on = true;
	}
	return ret;
}

size_t window_list(const struct window *w, const struct zone *z, const struct window_span *within,
		   struct window_span *ret, size_t max)
{
	struct series s;
	struct window_span span;
	size_t n = 0;
	begin(&s, w, z, within->from_us);
	end(&s, within->to_us);
	while (n < max && next(&s, &span) && span.from_us < within->to_us)
		if (span.to_us > within->from_us && span.to_us > span.from_us)
			ret[n++] = span;
	return n;
}
