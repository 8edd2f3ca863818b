/* SPDX-License-Identifier: Apache-2.0 */
/* The text form of a recurrence rule: each part is one row of a table. */
#include <stdarg.h>

#include "base/str.h"
#include "core/rrule.h"

struct reading {
	struct rrule r;
	char *why;
	uint32_t seen; /* bit: row of the table */
};

static np_err refuse(struct reading *rd, const char *fmt, ...) NP_PRINTF(2, 3);
static np_err refuse(struct reading *rd, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	(void)vsnprintf(rd->why, RRULE_WHY_MAX, fmt, ap);
	va_end(ap);
	return NP_E_INVAL;
}

static np_err read_freq(struct reading *rd, np_str v)
{
	static const char *const names[] = { "DAILY", "WEEKLY", "MONTHLY", "YEARLY" };
	static_assert(NP_LEN(names) == RRULE_FREQ_N, "name every frequency");
	for (size_t i = 0; i < NP_LEN(names); i++) {
		if (str_eq_nocase(v, str_from_c(names[i]))) {
			rd->r.freq = (enum rrule_freq)i;
			return NP_OK;
		}
	}
	return refuse(rd, "FREQ must be DAILY, WEEKLY, MONTHLY or YEARLY");
}

static np_err read_whole(struct reading *rd, np_str v, const char *name, uint32_t max)
{
	uint64_t n = 0;
	if (str_to_u64(v, &n) < 0 || n < 1 || n > max)
		return refuse(rd, "%s must be a number from 1 to %u", name, max);
	*(strcmp(name, "COUNT") == 0 ? &rd->r.count : &rd->r.interval) = (uint32_t)n;
	return NP_OK;
}

static np_err read_interval(struct reading *rd, np_str v)
{
	return read_whole(rd, v, "INTERVAL", RRULE_INTERVAL_MAX);
}

static np_err read_count(struct reading *rd, np_str v)
{
	return read_whole(rd, v, "COUNT", RRULE_COUNT_MAX);
}

static np_err read_until(struct reading *rd, np_str v)
{
	np_str s = v;
	rd->r.has_until = true;
	rd->r.until_is_utc = str_ends(v, NP_STR("Z"));
	if (rd->r.until_is_utc)
		s = str_sub(v, 0, v.n - 1);
	np_err e = civil_parse(s, &rd->r.until_s, &rd->r.until_is_date);
	if (e < 0 || (rd->r.until_is_utc && rd->r.until_is_date))
		return refuse(rd, "UNTIL must be a date or a time such as 20271231, "
				  "20271231T235959 or 20271231T235959Z");
	return NP_OK;
}

static int weekday(np_str s)
{
	static const char *const names[] = { "MO", "TU", "WE", "TH", "FR", "SA", "SU" };
	for (size_t i = 0; i < NP_LEN(names); i++)
		if (str_eq_nocase(s, str_from_c(names[i])))
			return (int)i;
	return -1;
}

static np_err read_wkst(struct reading *rd, np_str v)
{
	int day = weekday(v);
	if (day < 0)
		return refuse(rd, "WKST must be one of MO, TU, WE, TH, FR, SA, SU");
	rd->r.week_start = (uint32_t)day;
	return NP_OK;
}

/* A number with a sign, not 0, from -max to max. */
static bool signed_number(np_str s, int64_t max, int64_t *ret)
{
	int64_t v = 0;
	np_str digits = str_starts(s, NP_STR("+")) ? str_sub(s, 1, s.n) : s;
	if (digits.n > 5 || (digits.n < s.n && str_starts(digits, NP_STR("-"))) ||
	    str_to_i64(digits, &v) < 0 || v == 0 || v < -max || v > max)
		return false;
	*ret = v;
	return true;
}

typedef np_err (*item_fn)(struct reading *rd, np_str item);
static np_err each(struct reading *rd, np_str v, item_fn fn)
{
	np_str rest = v, item;
	bool more = true;
	while (more) {
		more = str_cut(rest, ',', &item, &rest);
		np_err e = fn(rd, item);
		if (e < 0)
			return e;
	}
	return NP_OK;
}

static np_err one_byday(struct reading *rd, np_str item)
{
	struct rrule *r = &rd->r;
	int64_t nth = 0;
	np_str number = str_sub(item, 0, item.n > 2 ? item.n - 2 : 0);
	int day = weekday(str_sub(item, number.n, item.n));
	if (day < 0 || (number.n > 0 && !signed_number(number, 53, &nth)))
		return refuse(rd, "BYDAY must list weekdays such as MO,TU or, in monthly and "
				  "yearly rules, 1MO (the first), -1FR (the last)");
	if (r->byday_n == RRULE_BYDAY_MAX)
		return refuse(rd, "BYDAY may have at most %d entries", RRULE_BYDAY_MAX);
	r->byday[r->byday_n++] = (struct rrule_day){ .weekday = (int8_t)day, .nth = (int8_t)nth };
	return NP_OK;
}

static np_err read_byday(struct reading *rd, np_str v)
{
	return each(rd, v, one_byday);
}

static np_err one_day(struct reading *rd, np_str item)
{
	int64_t day = 0;
	if (!signed_number(item, 31, &day))
		return refuse(rd,
			      "BYMONTHDAY must list days from 1 to 31, or -1 (the last) to -31");
	*(day > 0 ? &rd->r.days : &rd->r.days_back) |= 1U << (day > 0 ? day : -day);
	return NP_OK;
}

static np_err read_bymonthday(struct reading *rd, np_str v)
{
	return each(rd, v, one_day);
}

static np_err one_month(struct reading *rd, np_str item)
{
	int64_t month = 0;
	if (!signed_number(item, 12, &month) || month < 0)
		return refuse(rd, "BYMONTH must list months from 1 to 12");
	rd->r.months |= 1U << month;
	return NP_OK;
}

static np_err read_bymonth(struct reading *rd, np_str v)
{
	return each(rd, v, one_month);
}

static np_err one_setpos(struct reading *rd, np_str item)
{
	int64_t pos = 0;
	if (!signed_number(item, 366, &pos))
		return refuse(rd,
			      "BYSETPOS must list places from 1 to 366, or -1 (the last) to -366");
	if (rd->r.setpos_n == RRULE_SETPOS_MAX)
		return refuse(rd, "BYSETPOS may have at most %d entries", RRULE_SETPOS_MAX);
	rd->r.setpos[rd->r.setpos_n++] = (int16_t)pos;
	return NP_OK;
}

static np_err read_bysetpos(struct reading *rd, np_str v)
{
	return each(rd, v, one_setpos);
}

static const struct {
	const char *name;
	np_err (*fn)(struct reading *rd, np_str v);
} parts[] = {
	{ "FREQ", read_freq },
	{ "INTERVAL", read_interval },
	{ "COUNT", read_count },
	{ "UNTIL", read_until },
	{ "WKST", read_wkst },
	{ "BYDAY", read_byday },
	{ "BYMONTHDAY", read_bymonthday },
	{ "BYMONTH", read_bymonth },
	{ "BYSETPOS", read_bysetpos },
};

static np_err read_part(struct reading *rd, np_str part)
{
	np_str name, value;
	bool has = str_cut(part, '=', &name, &value);
	for (size_t i = 0; has && i < NP_LEN(parts); i++) {
		if (!str_eq_nocase(name, str_from_c(parts[i].name)))
			continue;
		if (rd->seen & 1U << i)
			return refuse(rd, "%s stands there twice", parts[i].name);
		rd->seen |= 1U << i;
		return parts[i].fn(rd, value);
	}
	np_str shown = str_clip_utf8(name, 20);
	return refuse(rd,
		      "%.*s is not supported; known are FREQ, INTERVAL, COUNT, UNTIL, WKST, BYDAY, "
		      "BYMONTHDAY, BYMONTH and BYSETPOS",
		      NP_FMT(shown));
}

/* Parts that RFC 5545 does not allow together. */
static np_err check_whole(struct reading *rd)
{
	const struct rrule *r = &rd->r;
	bool by = r->byday_n > 0 || r->days != 0 || r->days_back != 0 || r->months != 0;
	if (!(rd->seen & 1))
		return refuse(rd, "FREQ is needed: DAILY, WEEKLY, MONTHLY or YEARLY");
	if (r->count > 0 && r->has_until)
		return refuse(rd, "COUNT and UNTIL cannot both be there");
	if (r->freq == RRULE_WEEKLY && (r->days != 0 || r->days_back != 0))
		return refuse(rd, "BYMONTHDAY cannot stand in a weekly rule");
	if (r->setpos_n > 0 && !by)
		return refuse(rd, "BYSETPOS needs BYDAY, BYMONTHDAY or BYMONTH beside it");
	for (uint32_t i = 0; i < r->byday_n; i++)
		if (r->byday[i].nth != 0 && r->freq < RRULE_MONTHLY)
			return refuse(rd,
				      "ordinals such as 1MO in BYDAY need FREQ=MONTHLY or YEARLY");
	return NP_OK;
}

np_err rrule_parse(np_str text, struct rrule *ret, char why[RRULE_WHY_MAX])
{
	struct reading rd = { .r = { .interval = 1 }, .why = why };
	np_str rest = text, part;
	bool more = true;
	if (text.n == 0 || text.n > RRULE_TEXT_MAX || !str_is_utf8(text))
		return refuse(&rd, "must be a text of 1 to %d bytes such as FREQ=WEEKLY;BYDAY=SU",
			      RRULE_TEXT_MAX);
	if (str_starts(rest, NP_STR("RRULE:")))
		rest = str_sub(rest, 6, rest.n);
	while (more) {
		more = str_cut(rest, ';', &part, &rest);
		np_err e = read_part(&rd, part);
		if (e < 0)
			return e;
	}
	np_err e = check_whole(&rd);
	if (e == NP_OK)
		*ret = rd.r;
	return e;
}
