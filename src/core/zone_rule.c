/* SPDX-License-Identifier: Apache-2.0 */
#include "core/zone_rule.h"

#include "base/str.h"
#include "core/civil.h"

/* ---- reading ---- */

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static void skip(np_str *s, size_t n)
{
	*s = str_sub(*s, n, s->n);
}

static bool take(np_str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	skip(s, 1);
	return true;
}

/* "CET", or "<+0330>". */
static bool take_name(np_str *s, char ret[ZONE_ABBR_MAX + 1])
{
	bool quoted = take(s, '<');
	size_t n = 0;
	while (n < s->n) {
		char c = s->p[n];
		if (!is_letter(c) && !(quoted && (is_digit(c) || c == '+' || c == '-')))
			break;
		n++;
	}
	if (n < 3 || n > ZONE_ABBR_MAX)
		return false;
	memcpy(ret, s->p, n);
	ret[n] = '\0';
	skip(s, n);
	return !quoted || take(s, '>');
}

static bool take_number(np_str *s, int32_t low, int32_t high, int32_t *ret)
{
	int32_t v = 0;
	size_t n = 0;
	for (; n < s->n && n < 4 && is_digit(s->p[n]); n++)
		v = v * 10 + (s->p[n] - '0');
	skip(s, n);
	*ret = v;
	return n > 0 && v >= low && v <= high;
}

/* [+-]h[h[h]][:mm[:ss]] */
static bool take_time(np_str *s, int32_t hours_max, int32_t *ret_s)
{
	int32_t h = 0, m = 0, sec = 0;
	bool minus = take(s, '-');
	if (!minus)
		(void)take(s, '+');
	if (!take_number(s, 0, hours_max, &h))
		return false;
	if (take(s, ':')) {
		if (!take_number(s, 0, 59, &m))
			return false;
		if (take(s, ':') && !take_number(s, 0, 59, &sec))
			return false;
	}
	int32_t v = h * 3600 + m * 60 + sec;
	*ret_s = minus ? -v : v;
	return true;
}

static bool take_day(np_str *s, struct zone_change *c)
{
	if (take(s, 'J')) {
		c->how = ZONE_DAY_JULIAN;
		return take_number(s, 1, 365, &c->day);
	}
	if (!take(s, 'M')) {
		c->how = ZONE_DAY_OF_YEAR;
		return take_number(s, 0, 365, &c->day);
	}
	c->how = ZONE_DAY_MONTH;
	return take_number(s, 1, 12, &c->month) && take(s, '.') && take_number(s, 1, 5, &c->week) &&
	       take(s, '.') && take_number(s, 0, 6, &c->day);
}

static bool take_change(np_str *s, struct zone_change *c)
{
	c->time_s = 2 * 3600;
	if (!take(s, ',') || !take_day(s, c))
		return false;
	return !take(s, '/') || take_time(s, 167, &c->time_s);
}

np_err zone_rule_parse(np_str text, struct zone_rule *ret)
{
	struct zone_rule r = { 0 };
	np_str s = text;
	int32_t west = 0;
	if (!take_name(&s, r.std.abbr) || !take_time(&s, 24, &west))
		return NP_E_CORRUPT;
	r.std.offset_s = -west;
	if (s.n > 0) {
		r.has_dst = true;
		r.dst.dst = true;
		if (!take_name(&s, r.dst.abbr))
			return NP_E_CORRUPT;
		west -= 3600;
		if (s.n > 0 && s.p[0] != ',' && !take_time(&s, 24, &west))
			return NP_E_CORRUPT;
		r.dst.offset_s = -west;
		if (!take_change(&s, &r.start) || !take_change(&s, &r.end) || s.n > 0)
			return NP_E_CORRUPT;
	}
	*ret = r;
	return NP_OK;
}

/* ---- using ---- */

/* Days since 1970 of a change in that year. */
static int64_t day_of(const struct zone_change *c, int32_t year)
{
	int64_t first = civil_days((struct civil_date){ year, 1, 1 });
	if (c->how == ZONE_DAY_JULIAN)
		return first + c->day - 1 + (civil_is_leap(year) && c->day >= 60 ? 1 : 0);
	if (c->how == ZONE_DAY_OF_YEAR)
		return first + c->day;
	int64_t month = civil_days((struct civil_date){ year, c->month, 1 });
	/* The rule counts from Sunday, civil_weekday_of from Monday. */
	int64_t to_first = civil_mod(c->day + 6 - civil_weekday_of(month), 7);
	int64_t day = to_first + 7 * (c->week - 1);
	while (day >= civil_days_in(year, c->month))
		day -= 7;
	return month + day;
}

struct edge {
	int64_t at_s;
	bool to_dst;
};

#define EDGES 10 /* of five years: a change may be a week outside its own year */

/* The changes of the years around, in order. Where an end and a start meet (DST all year
 * round), the start is the later one: DST goes on. */
static void edges(const struct zone_rule *r, int32_t year, struct edge ret[EDGES])
{
	size_t n = 0;
	for (int32_t y = year - 2; y <= year + 2; y++) {
		int64_t start = day_of(&r->start, y) * CIVIL_DAY_S + r->start.time_s;
		int64_t end = day_of(&r->end, y) * CIVIL_DAY_S + r->end.time_s;
		ret[n++] = (struct edge){ start - r->std.offset_s, true };
		ret[n++] = (struct edge){ end - r->dst.offset_s, false };
	}
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0; j--) {
			struct edge *a = &ret[j - 1], *b = &ret[j];
			bool wrong = a->at_s > b->at_s ||
				     (a->at_s == b->at_s && a->to_dst && !b->to_dst);
			if (!wrong)
				break;
			struct edge swap = *a;
			*a = *b;
			*b = swap;
		}
}

struct zone_span zone_rule_span(const struct zone_rule *r, int64_t at_s)
{
	struct zone_span s = r->std;
	s.from_s = INT64_MIN;
	s.to_s = INT64_MAX;
	if (!r->has_dst)
		return s;
	int32_t year = civil_date_of(civil_floor(at_s + r->std.offset_s, CIVIL_DAY_S)).year;
	struct edge e[EDGES] = { 0 };
	edges(r, year, e);
	size_t i = 0;
	while (i + 1 < NP_LEN(e) && e[i + 1].at_s <= at_s)
		i++;
	s = e[i].to_dst ? r->dst : r->std;
	s.from_s = e[i].at_s;
	s.to_s = i + 1 < NP_LEN(e) ? e[i + 1].at_s : INT64_MAX;
	return s;
}
