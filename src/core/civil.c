/* SPDX-License-Identifier: Apache-2.0 */
#include "core/civil.h"

#include "base/str.h"

int64_t civil_floor(int64_t value, int64_t divisor)
{
	return value / divisor - (value % divisor < 0 ? 1 : 0);
}

int64_t civil_mod(int64_t value, int64_t divisor)
{
	return value - civil_floor(value, divisor) * divisor;
}

/* Years begin in March here, so that the leap day is the last one; 400 years are one era. */
int64_t civil_days(struct civil_date d)
{
	int64_t year = d.year - (d.month <= 2 ? 1 : 0);
	int64_t era = civil_floor(year, 400);
	int64_t of_era = year - era * 400;
	int64_t of_year = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

struct civil_date civil_date_of(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = civil_floor(z, 146097);
	int64_t of_era = z - era * 146097;
	int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
	int64_t m = (5 * of_year + 2) / 153;
	int32_t month = (int32_t)(m < 10 ? m + 3 : m - 9);
	return (struct civil_date){
		.year = (int32_t)(year + era * 400 + (month <= 2 ? 1 : 0)),
		.month = month,
		.day = (int32_t)(of_year - (153 * m + 2) / 5 + 1),
	};
}

int32_t civil_weekday_of(int64_t days)
{
	return (int32_t)civil_mod(days + CIVIL_THU, 7); /* 1970-01-01 was a Thursday */
}

bool civil_is_leap(int32_t year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

int32_t civil_days_in(int32_t year, int32_t month)
{
	static const int8_t days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	return days[month - 1] + (month == 2 && civil_is_leap(year) ? 1 : 0);
}

/* Exactly n digits at *s, within [low, high]. */
static bool take(np_str *s, size_t n, int32_t low, int32_t high, int32_t *ret)
{
	int32_t v = 0;
	if (s->n < n)
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s->p[i] < '0' || s->p[i] > '9')
			return false;
		v = v * 10 + (s->p[i] - '0');
	}
	*s = str_sub(*s, n, s->n);
	*ret = v;
	return v >= low && v <= high;
}

static bool take_char(np_str *s, char c)
{
	if (s->n == 0 || s->p[0] != c)
		return false;
	*s = str_sub(*s, 1, s->n);
	return true;
}

/* Separators stand everywhere, or nowhere. */
static bool take_date(np_str *s, bool *ret_dashed, struct civil_date *ret)
{
	if (!take(s, 4, 1, CIVIL_YEAR_MAX, &ret->year))
		return false;
	*ret_dashed = take_char(s, '-');
	if (!take(s, 2, 1, 12, &ret->month) || (*ret_dashed && !take_char(s, '-')))
		return false;
	return take(s, 2, 1, civil_days_in(ret->year, ret->month), &ret->day);
}

static bool take_time(np_str *s, bool colons, int32_t *ret_s)
{
	int32_t h, m, sec = 0;
	if (!take(s, 2, 0, 23, &h) || (colons && !take_char(s, ':')) || !take(s, 2, 0, 59, &m))
		return false;
	if (s->n > 0 && ((colons && !take_char(s, ':')) || !take(s, 2, 0, 59, &sec)))
		return false;
	*ret_s = h * 3600 + m * 60 + sec;
	return true;
}

np_err civil_parse(np_str s, int64_t *ret_local_s, bool *ret_is_date)
{
	struct civil_date d = { 0 };
	bool dashed = false;
	int32_t second = 0;
	if (!take_date(&s, &dashed, &d))
		return NP_E_INVAL;
	bool is_date = s.n == 0;
	if (!is_date && (!take_char(&s, 'T') || !take_time(&s, dashed, &second) || s.n > 0))
		return NP_E_INVAL;
	if (ret_is_date != NULL)
		*ret_is_date = is_date;
	*ret_local_s = civil_days(d) * CIVIL_DAY_S + second;
	return NP_OK;
}

np_err civil_parse_hm(np_str s, int32_t *ret_min)
{
	int32_t h, m;
	if (s.n != 5 || !take(&s, 2, 0, 23, &h) || !take_char(&s, ':') || !take(&s, 2, 0, 59, &m))
		return NP_E_INVAL;
	*ret_min = h * 60 + m;
	return NP_OK;
}

void civil_text(int64_t local_s, char ret[CIVIL_TEXT_MAX])
{
	struct civil_date d = civil_date_of(civil_floor(local_s, CIVIL_DAY_S));
	int32_t s = (int32_t)civil_mod(local_s, CIVIL_DAY_S);
	(void)snprintf(ret, CIVIL_TEXT_MAX, "%04u-%02u-%02uT%02u:%02u:%02u",
		       (unsigned)d.year % 10000, (unsigned)d.month % 100, (unsigned)d.day % 100,
		       (unsigned)s / 3600 % 100, (unsigned)s / 60 % 60, (unsigned)s % 60);
}
