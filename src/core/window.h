/* SPDX-License-Identifier: Apache-2.0 */
/* window.h - when maintenance is on, and when it is quiet.
 *
 * Floor 2 (core). A window is one stretch of time, one that recurs by a rule
 * (rrule.h), or hours of the day; all of it in an IANA zone. Pure: the zone and
 * the time are arguments. Plain data without pointers: may be copied. Any thread.
 */
#pragma once
#include <jansson.h>

#include "core/alert_json.h"
#include "core/problem.h"
#include "core/rrule.h"
#include "core/zone.h"

#define WINDOW_DURATION_MIN_S 60
#define WINDOW_DURATION_MAX_S (31 * 86400)
#define WINDOW_EXDATES_MAX 100
#define WINDOW_ENDED_MAX 32
#define WINDOW_NEVER_US INT64_MAX
#define WINDOW_LOOK_US (20 * 366 * NP_DAY_US) /* what begins later is not looked for */

enum window_kind { WINDOW_ONCE, WINDOW_RULE, WINDOW_HOURS, WINDOW_KIND_N };

struct window_exdate {
	int64_t local_s;
	bool is_date; /* every occurrence of that day */
};

struct window {
	enum window_kind kind;
	char zone[ZONE_NAME_MAX + 1]; /* IANA name; its file is the caller's to find */
	/* WINDOW_ONCE, WINDOW_RULE */
	int64_t start_s;    /* local */
	int64_t duration_s; /* elapsed, whatever the clocks do meanwhile */
	struct rrule_set set;
	uint32_t exdates_n, ended_n;
	struct window_exdate exdate[WINDOW_EXDATES_MAX];
	int64_t ended_us[WINDOW_ENDED_MAX]; /* "end now": what is on at such a moment ends there */
	/* WINDOW_HOURS: minutes of the day, to <= from reaches into the next day */
	int32_t from_min, to_min;
	uint32_t weekdays; /* on which it begins; bit: enum civil_weekday; 0: every day */
};

/* The stored definition of a maintenance: {"zone", "start", "duration_s", "rrule", "exdates",
 * "ended"}; start is local ("2026-03-01T02:00"), rrule, exdates and ended may be absent or null.
 * NP_E_INVAL when p got an entry. */
NP_NODISCARD np_err window_read(const json_t *definition, struct window *ret,
				struct problem_list *p);
/* Quiet hours as the definition of a monitor has them. */
void window_of_quiet(const struct alertj_quiet *q, struct window *ret);
/* Are notices of such a monitor held in its quiet hours? What is critical is told at once. */
static inline bool window_quiet_holds(enum mon_severity severity)
{
	return severity != MON_CRITICAL;
}

/* "Every week on Sunday at 02:00 for 1 h (Europe/Berlin)." Not of WINDOW_HOURS. */
void window_say(const struct window *w, struct buf *out);

struct window_now {
	bool on;
	int64_t until_us; /* on: its end; off: its next start, or WINDOW_NEVER_US */
};
/* A next start beyond WINDOW_LOOK_US is "never", for now. Occurrences that touch or overlap are one. A window that hardly ever ends may name an earlier
 * `until_us`: ask again then. */
struct window_now window_at(const struct window *w, const struct zone *z, int64_t now_us);

struct window_span {
	int64_t from_us, to_us;
};
/* Occurrences that have a part within [from, to), in order; at most `max`, yields how many. */
size_t window_list(const struct window *w, const struct zone *z, const struct window_span *within,
		   struct window_span *ret, size_t max);
