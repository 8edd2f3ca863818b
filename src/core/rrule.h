/* SPDX-License-Identifier: Apache-2.0 */
/* rrule.h - recurrence rules of iCalendar (RFC 5545 §3.3.10), in local time.
 *
 * Floor 2 (core). FREQ DAILY, WEEKLY, MONTHLY, YEARLY with INTERVAL, COUNT, UNTIL, BYDAY (with
 * ordinals), BYMONTHDAY, BYMONTH, BYSETPOS, WKST. Every occurrence is a date at the time of day of
 * its start; zone.h says when that is. What a rule means never depends on how far one has
 * iterated: it begins anywhere without replaying what came before. Plain data, any thread.
 */
#pragma once
#include "core/civil.h"

#define RRULE_TEXT_MAX 500
#define RRULE_INTERVAL_MAX 1000
#define RRULE_COUNT_MAX 10000
#define RRULE_COUNT_DAYS INT64_C(36600) /* a rule with COUNT ends 100 years after its start */
#define RRULE_BYDAY_MAX 30
#define RRULE_SETPOS_MAX 16
#define RRULE_YEAR_MAX 2199 /* no occurrence is looked for after it */
#define RRULE_WHY_MAX 160

enum rrule_freq { RRULE_DAILY, RRULE_WEEKLY, RRULE_MONTHLY, RRULE_YEARLY, RRULE_FREQ_N };

struct rrule_day {
	int8_t weekday; /* enum civil_weekday */
	int8_t nth;     /* 0: each; -1: the last of the month or year */
};

struct rrule {
	enum rrule_freq freq;
	uint32_t interval, count; /* count 0: without end */
	bool has_until, until_is_utc, until_is_date;
	int64_t until_s; /* local, or UTC */
	uint32_t week_start;
	uint32_t months;    /* bit m: month m; 0: any */
	uint32_t days;      /* bit d: day d of the month; with days_back 0: any */
	uint32_t days_back; /* bit d: d-th last day */
	uint32_t byday_n, setpos_n;
	struct rrule_day byday[RRULE_BYDAY_MAX];
	int16_t setpos[RRULE_SETPOS_MAX];
};

/* "FREQ=WEEKLY;BYDAY=SU", with or without "RRULE:" before it. What is not supported, or makes no
 * sense, is refused: NP_E_INVAL, and `why` says in one sentence what and what is allowed. */
NP_NODISCARD np_err rrule_parse(np_str text, struct rrule *ret, char why[RRULE_WHY_MAX]);

/* A rule with its start: what it leaves open (which weekday, which day) comes from there. */
struct rrule_set {
	struct rrule rule;
	int64_t start_s; /* local time of the first possible occurrence */
	int64_t last_s;  /* none after it, local: COUNT, UNTIL, or the end of RRULE_YEAR_MAX */
};
/* Counts COUNT out, once, over RRULE_COUNT_DAYS at most. A UTC UNTIL bounds only loosely here (a day
 * too late): who knows the zone compares the instants too. */
void rrule_bind(const struct rrule *rule, int64_t start_s, struct rrule_set *ret);

#define RRULE_PERIOD_DAYS 366
struct rrule_iter {
	const struct rrule_set *set;
	int64_t period; /* number of the next one: day, week, month or year since 1970 */
	int64_t step;
	int64_t from_s;
	int64_t last_s; /* of the set; may be lowered after rrule_begin: nothing is looked for after it */
	uint32_t n, i;
	bool ended;
	int32_t day[RRULE_PERIOD_DAYS]; /* of the period: days since 1970 */
};
/* Occurrences whose local time is at or after from_s, in order. The set must outlive it. */
void rrule_begin(struct rrule_iter *it, const struct rrule_set *set, int64_t from_s);
bool rrule_next(struct rrule_iter *it, int64_t *ret_local_s); /* false: no more */
