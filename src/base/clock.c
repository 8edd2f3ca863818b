/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include <time.h>

#include "base/str.h"

static int64_t now_us(clockid_t id)
{
	struct timespec ts;
	int rc = clock_gettime(id, &ts);
	assert(rc == 0);
	return (int64_t)ts.tv_sec * NP_SEC_US + ts.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
	return now_us(CLOCK_REALTIME);
}

int64_t clock_mono_us(void)
{
	return now_us(CLOCK_MONOTONIC);
}

int64_t clock_mono_ms(void)
{
	return now_us(CLOCK_MONOTONIC) / NP_MS_US;
}

static int64_t floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b < 0 ? 1 : 0);
}

/* Days since 1970 <-> date: Howard Hinnant's algorithms over 400-year eras. */
static struct clock_date date_of_days(int64_t days)
{
	int64_t z = days + 719468;
	int64_t era = floor_div(z, 146097);
	int64_t doe = z - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	int64_t mp = (5 * doy + 2) / 153; /* month from March */
	int64_t month = mp < 10 ? mp + 3 : mp - 9;
	return (struct clock_date){
		.year = (int)(yoe + era * 400 + (month <= 2 ? 1 : 0)),
		.month = (int)month,
		.day = (int)(doy - (153 * mp + 2) / 5 + 1),
	};
}

static int64_t days_of_date(struct clock_date d)
{
	int64_t y = d.year - (d.month <= 2 ? 1 : 0);
	int64_t era = floor_div(y, 400);
	int64_t yoe = y - era * 400;
	int64_t doy = (153 * (d.month + (d.month > 2 ? -3 : 9)) + 2) / 5 + d.day - 1;
	int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
	return era * 146097 + doe - 719468;
}

struct clock_date clock_date_of(int64_t wall_us)
{
	return date_of_days(floor_div(wall_us, NP_DAY_US));
}

int64_t clock_day_start_us(int64_t wall_us)
{
	int64_t since = wall_us % NP_DAY_US;
	if (since < 0)
		since += NP_DAY_US;
	/* The very first day of the range begins before it. */
	return wall_us < INT64_MIN + since ? INT64_MIN : wall_us - since;
}

/* Exactly `width` digits of v. */
static char *put(char *at, int64_t v, int width)
{
	for (int i = width - 1; i >= 0; i--) {
		at[i] = (char)('0' + v % 10);
		v /= 10;
	}
	return at + width;
}

static char *put_hms(char *at, int64_t us_of_day)
{
	int64_t s = us_of_day / NP_SEC_US;
	at = put(at, s / 3600, 2);
	*at++ = ':';
	at = put(at, s / 60 % 60, 2);
	*at++ = ':';
	return put(at, s % 60, 2);
}

size_t clock_rfc3339(int64_t wall_us, char ret[CLOCK_RFC3339_MAX])
{
	/* RFC 3339 has four digits for a year: what lies outside shows as the nearest. */
	const int64_t first = -62167219200 * NP_SEC_US;    /* 0000-01-01 */
	const int64_t last = 253402300800 * NP_SEC_US - 1; /* 9999-12-31 */
	if (wall_us < first)
		wall_us = first;
	if (wall_us > last)
		wall_us = last;
	struct clock_date d = clock_date_of(wall_us);
	int64_t us_of_day = wall_us - clock_day_start_us(wall_us);
	char *at = put(ret, d.year, 4);
	*at++ = '-';
	at = put(at, d.month, 2);
	*at++ = '-';
	at = put(at, d.day, 2);
	*at++ = 'T';
	at = put_hms(at, us_of_day);
	if (us_of_day % NP_SEC_US != 0) {
		*at++ = '.';
		at = put(at, us_of_day % NP_SEC_US, 6);
	}
	*at++ = 'Z';
	*at = '\0';
	return (size_t)(at - ret);
}

void clock_hms(int64_t wall_us, char ret[9])
{
	*put_hms(ret, wall_us - clock_day_start_us(wall_us)) = '\0';
}

/* ---- reading RFC 3339 ------------------------------------------------------------- */

/* Takes exactly `width` digits of *s, at most `max`; -1: not so. */
static int take(np_str *s, size_t width, int max)
{
	uint64_t v = 0;
	if (s->n < width || str_to_u64(str_sub(*s, 0, width), &v) < 0 || v > (uint64_t)max)
		return -1;
	*s = str_sub(*s, width, s->n);
	return (int)v;
}

static bool take_byte(np_str *s, char c, char other)
{
	if (s->n == 0 || (s->p[0] != c && s->p[0] != other))
		return false;
	*s = str_sub(*s, 1, s->n);
	return true;
}

static int days_in(int year, int month)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return days[month - 1] + (month == 2 && leap ? 1 : 0);
}

static bool take_date(np_str *s, struct clock_date *d)
{
	d->year = take(s, 4, 9999);
	if (d->year < 0 || !take_byte(s, '-', '-'))
		return false;
	d->month = take(s, 2, 12);
	if (d->month < 1 || !take_byte(s, '-', '-'))
		return false;
	d->day = take(s, 2, days_in(d->year, d->month));
	return d->day >= 1;
}

static bool take_hms(np_str *s, int64_t *ret_us)
{
	int hour = take(s, 2, 23);
	if (hour < 0 || !take_byte(s, ':', ':'))
		return false;
	int minute = take(s, 2, 59);
	if (minute < 0 || !take_byte(s, ':', ':'))
		return false;
	int second = take(s, 2, 59);
	*ret_us = hour * NP_HOUR_US + minute * NP_MIN_US + second * NP_SEC_US;
	return second >= 0;
}

/* ".123456789": what is finer than a microsecond is dropped. */
static bool take_fraction(np_str *s, int64_t *us)
{
	size_t digits = 0;
	int64_t scale = NP_SEC_US / 10;
	if (!take_byte(s, '.', '.'))
		return true;
	while (s->n > 0 && s->p[0] >= '0' && s->p[0] <= '9') {
		*us += (s->p[0] - '0') * scale;
		scale /= 10;
		digits++;
		*s = str_sub(*s, 1, s->n);
	}
	return digits >= 1 && digits <= 9;
}

static bool take_offset(np_str *s, int64_t *ret_us)
{
	*ret_us = 0;
	if (take_byte(s, 'Z', 'z'))
		return true;
	bool minus = s->n > 0 && s->p[0] == '-';
	if (!take_byte(s, '+', '-'))
		return false;
	int hours = take(s, 2, 23);
	if (hours < 0 || !take_byte(s, ':', ':'))
		return false;
	int minutes = take(s, 2, 59);
	*ret_us = (hours * NP_HOUR_US + minutes * NP_MIN_US) * (minus ? -1 : 1);
	return minutes >= 0;
}

np_err clock_from_rfc3339(np_str s, int64_t *ret_us)
{
	struct clock_date d = { 0 };
	int64_t us = 0;
	int64_t offset = 0;
	if (!take_date(&s, &d) || !take_byte(&s, 'T', 't') || !take_hms(&s, &us) ||
	    !take_fraction(&s, &us) || !take_offset(&s, &offset) || s.n > 0)
		return NP_E_INVAL;
	*ret_us = days_of_date(d) * NP_DAY_US + us - offset;
	return NP_OK;
}
