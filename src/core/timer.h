/* SPDX-License-Identifier: Apache-2.0 */
/* timer.h - the timers of one monitor: at most one of each kind, with generations.
 *
 * Floor 2 (core). Arming raises the generation, so a timer that
 * was already on its way does nothing. Plain data, part of the monitor's state:
 * whoever runs timers rebuilds them from here. Any thread.
 */
#pragma once
#include "base/np.h"

/* Append only: the numbers are stored. */
enum tmr_kind {
	TMR_CONFIRM = 0, /* SUSPECT: time to look once more */
	TMR_LOOK = 1,    /* the last look may, then must, decide */
	TMR_RECHECK = 2, /* SUSPECT, RECOVERING: ask every region again */
	TMR_RECOVER = 3,
	TMR_REMINDER = 4,
	TMR_REVIEW = 5, /* acknowledged: hourly, lapses after 24 h */
	TMR_REOPEN = 6, /* resolved by a person, still down */
	TMR_NODATA = 7,
	TMR_STALE = 8, /* the next vote ends by age */
	TMR_HOLD = 9,  /* the caller's: our own absence ends at the latest now */
	TMR_ESCALATE = 10,
	TMR_FLAP_OFF = 11,
	TMR_RELEASE = 12, /* suppressed: the parent had no incident for one round */
	TMR_N
};

struct tmr {
	int64_t due_us;      /* 0: not armed */
	uint32_t generation; /* of the latest arming */
};

struct tmr_set {
	struct tmr of[TMR_N];
};

static inline bool tmr_is_armed(const struct tmr_set *t, enum tmr_kind k)
{
	return t->of[k].due_us != 0;
}
/* Is a firing of this generation still meant? */
bool tmr_is_current(const struct tmr_set *t, enum tmr_kind k, uint32_t generation);
/* Earliest armed one: true, and *ret_kind; false when none is. */
bool tmr_next(const struct tmr_set *t, enum tmr_kind *ret_kind);
NP_NODISCARD np_err tmr_from_name(np_str s, enum tmr_kind *ret);
