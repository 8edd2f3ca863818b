/* SPDX-License-Identifier: Apache-2.0 */
#include "core/rrule.h"

/* ---- periods: numbered since 1970, so that any of them can be reached at once ---- */

/* Monday of week 0 is 1969-12-29; a week that starts on another day begins up to 6 days later. */
static int64_t week_of(const struct rrule *r, int64_t day)
{
	return civil_floor(day + 3 - (int64_t)r->week_start, 7);
}

static int64_t period_of(const struct rrule *r, int64_t day)
{
	struct civil_date d = civil_date_of(day);
	switch (r->freq) {
	case RRULE_DAILY:
		return day;
	case RRULE_WEEKLY:
		return week_of(r, day);
	case RRULE_MONTHLY:
		return (int64_t)d.year * 12 + d.month - 1;
	case RRULE_YEARLY:
	case RRULE_FREQ_N:
		break;
	}
	return d.year;
}

/* First day of a period, and how many days it has. */
static int64_t period_first(const struct rrule *r, int64_t period, int32_t *ret_days)
{
	int32_t year = (int32_t)period, month = 1;
	switch (r->freq) {
	case RRULE_DAILY:
		*ret_days = 1;
		return period;
	case RRULE_WEEKLY:
		*ret_days = 7;
		return period * 7 - 3 + (int64_t)r->week_start;
	case RRULE_MONTHLY:
		year = (int32_t)civil_floor(period, 12);
		month = (int32_t)civil_mod(period, 12) + 1;
		*ret_days = civil_days_in(year, month);
		break;
	case RRULE_YEARLY:
	case RRULE_FREQ_N:
		*ret_days = civil_is_leap(year) ? 366 : 365;
		break;
	}
	return civil_days((struct civil_date){ year, month, 1 });
}

/* ---- which days of a period ---- */

/* Which of its weekday a day is, from the front and from the back. Ordinals count within the month,
 * or within the year when a yearly rule names no months. */
struct place {
	int32_t nth, back;
};

static struct place place_of(const struct rrule *r, struct civil_date d, int64_t day)
{
	bool of_year = r->freq == RRULE_YEARLY && r->months == 0;
	int64_t first = civil_days((struct civil_date){ d.year, of_year ? 1 : d.month, 1 });
	int64_t n = civil_days_in(d.year, d.month);
	if (of_year)
		n = civil_is_leap(d.year) ? 366 : 365;
	int64_t at = day - first;
	return (struct place){ (int32_t)(at / 7 + 1), (int32_t)((n - 1 - at) / 7 + 1) };
}

static bool is_byday(const struct rrule *r, struct civil_date d, int64_t day)
{
	int32_t weekday = civil_weekday_of(day);
	struct place at = { 0 };
	for (uint32_t i = 0; i < r->byday_n; i++) {
		const struct rrule_day *b = &r->byday[i];
		if (b->weekday != weekday)
			continue;
		if (b->nth != 0 && at.nth == 0)
			at = place_of(r, d, day);
		if (b->nth == 0 || b->nth == at.nth || b->nth == -at.back)
			return true;
	}
	return r->byday_n == 0;
}

/* The month is one of the rule. */
static bool is_day(const struct rrule *r, struct civil_date d, int64_t day)
{
	int32_t back = civil_days_in(d.year, d.month) + 1 - d.day;
	bool any = r->days == 0 && r->days_back == 0;
	if (!any && !(r->days >> d.day & 1) && !(r->days_back >> back & 1))
		return false;
	return is_byday(r, d, day);
}

/* BYSETPOS: of all days of the period only those at these places. */
static void pick(const struct rrule *r, struct rrule_iter *it)
{
	uint32_t kept = 0;
	for (uint32_t i = 0; r->setpos_n > 0 && i < it->n; i++) {
		bool take = false;
		for (uint32_t k = 0; k < r->setpos_n; k++) {
			int32_t pos = r->setpos[k];
			take |= pos > 0 ? (int32_t)i + 1 == pos : (int32_t)(it->n - i) == -pos;
		}
		if (take)
			it->day[kept++] = it->day[i];
	}
	if (r->setpos_n > 0)
		it->n = kept;
}

static void fill(struct rrule_iter *it)
{
	const struct rrule *r = &it->set->rule;
	int32_t days = 0;
	int64_t first = period_first(r, it->period, &days);
	it->n = 0;
	it->i = 0;
	for (int32_t i = 0; i < days; i++) {
		struct civil_date d = civil_date_of(first + i);
		if (r->months != 0 && !(r->months >> d.month & 1))
			i += civil_days_in(d.year, d.month) - d.day; /* nothing in this month */
		else if (is_day(r, d, first + i))
			it->day[it->n++] = (int32_t)(first + i);
	}
	pick(r, it);
	it->period += it->step;
}

/* ---- going through ---- */

static int64_t horizon_s(void)
{
	return civil_days((struct civil_date){ RRULE_YEAR_MAX + 1, 1, 1 }) * CIVIL_DAY_S - 1;
}

void rrule_begin(struct rrule_iter *it, const struct rrule_set *set, int64_t from_s)
{
	const struct rrule *r = &set->rule;
	int64_t from = from_s > set->start_s ? from_s : set->start_s;
	if (from > horizon_s())
		from = horizon_s();
	int64_t first = period_of(r, civil_floor(set->start_s, CIVIL_DAY_S));
	int64_t at = period_of(r, civil_floor(from, CIVIL_DAY_S));
	int64_t step = r->interval > 0 ? r->interval : 1;
	it->set = set;
	it->step = step;
	it->period = first + civil_floor(at - first, step) * step;
	it->from_s = from;
	it->n = 0;
	it->i = 0;
	it->last_s = set->last_s;
	it->ended = from_s > set->last_s;
}

bool rrule_next(struct rrule_iter *it, int64_t *ret_local_s)
{
	int64_t time_s = civil_mod(it->set->start_s, CIVIL_DAY_S);
	int64_t last_day = civil_floor(it->last_s, CIVIL_DAY_S);
	int32_t days = 0;
	while (!it->ended) {
		while (it->i < it->n) {
			int64_t at = it->day[it->i++] * CIVIL_DAY_S + time_s;
			if (at < it->from_s)
				continue;
			it->ended = at > it->last_s;
			if (it->ended)
				return false;
			it->from_s = at;
			*ret_local_s = at;
			return true;
		}
		int64_t first = period_first(&it->set->rule, it->period, &days);
		it->ended = first > last_day;
		if (!it->ended)
			fill(it);
	}
	return false;
}

/* What the rule leaves open comes from its start. */
static void complete(struct rrule *r, int64_t start_day)
{
	struct civil_date d = civil_date_of(start_day);
	if (r->days != 0 || r->days_back != 0 || r->byday_n > 0)
		return;
	if (r->freq == RRULE_YEARLY && r->months == 0)
		r->months = 1U << d.month;
	if (r->freq == RRULE_YEARLY || r->freq == RRULE_MONTHLY)
		r->days = 1U << d.day;
	if (r->freq == RRULE_WEEKLY)
		r->byday[r->byday_n++] =
			(struct rrule_day){ .weekday = (int8_t)civil_weekday_of(start_day) };
}

/* Where the last of `count` occurrences lies. Whoever reads many rules must not count for ever:
 * what is further from the start does not occur. */
static int64_t count_out(const struct rrule_set *set)
{
	struct rrule_set near = *set;
	struct rrule_iter it;
	int64_t at = set->start_s - 1; /* nothing, unless something is found */
	int64_t far_s = set->start_s + RRULE_COUNT_DAYS * CIVIL_DAY_S;
	if (far_s < near.last_s)
		near.last_s = far_s;
	rrule_begin(&it, &near, set->start_s);
	for (uint32_t i = 0; i < set->rule.count && rrule_next(&it, &at); i++)
		;
	return at;
}

void rrule_bind(const struct rrule *rule, int64_t start_s, struct rrule_set *ret)
{
	*ret = (struct rrule_set){ .rule = *rule, .start_s = start_s, .last_s = horizon_s() };
	complete(&ret->rule, civil_floor(start_s, CIVIL_DAY_S));
	if (rule->has_until) {
		int64_t until = rule->until_s;
		if (rule->until_is_date || rule->until_is_utc)
			until += CIVIL_DAY_S - 1;
		if (until < ret->last_s)
			ret->last_s = until;
	}
	if (rule->count > 0)
		ret->last_s = count_out(ret);
}
