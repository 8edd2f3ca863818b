/* SPDX-License-Identifier: Apache-2.0 */
/* civil.h - dates and times of day on the wall, without a zone.
 *
 * Floor 2 (core). A local time is one number: seconds since 1970-01-01 00:00 as
 * a clock on the wall would count them. Proleptic Gregorian, years 1 to 9999.
 * What a local time is in the world is zone.h's business. Any thread.
 */
#pragma once
#include "base/np.h"

#define CIVIL_DAY_S ((int64_t)86400)
#define CIVIL_YEAR_MAX 9999
#define CIVIL_MAX_S ((int64_t)253402300799) /* 9999-12-31 23:59:59 */
#define CIVIL_MIN_S ((int64_t)-62135596800) /* 0001-01-01 */

/* Monday first, as ISO 8601 counts. */
enum civil_weekday {
	CIVIL_MON = 0,
	CIVIL_TUE,
	CIVIL_WED,
	CIVIL_THU,
	CIVIL_FRI,
	CIVIL_SAT,
	CIVIL_SUN
};

struct civil_date {
	int32_t year, month, day; /* month and day from 1 */
};

int64_t civil_days(struct civil_date d); /* days since 1970-01-01 */
struct civil_date civil_date_of(int64_t days);
int32_t civil_weekday_of(int64_t days); /* enum civil_weekday */
bool civil_is_leap(int32_t year);
int32_t civil_days_in(int32_t year, int32_t month);
/* Division that rounds down, and what remains (never negative); divisor > 0. */
int64_t civil_floor(int64_t value, int64_t divisor);
int64_t civil_mod(int64_t value, int64_t divisor);

/* "2026-03-01T02:00", with or without seconds; "2026-03-01" (midnight); also the iCalendar forms
 * "20260301T020000" and "20260301". *ret_is_date may be NULL. NP_E_INVAL else. */
NP_NODISCARD np_err civil_parse(np_str s, int64_t *ret_local_s, bool *ret_is_date);
/* "22:00" -> minutes since midnight. */
NP_NODISCARD np_err civil_parse_hm(np_str s, int32_t *ret_min);
#define CIVIL_TEXT_MAX 24
/* "2026-03-01T02:00:00", NUL-terminated. */
void civil_text(int64_t local_s, char ret[CIVIL_TEXT_MAX]);
