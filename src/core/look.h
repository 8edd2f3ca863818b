/* SPDX-License-Identifier: Apache-2.0 */
/* look.h - the last look before an incident opens: which attempts came, how they ended.
 *
 * Floor 2 (core). Attempts folded after the asking count, whatever their clock
 * says, unless they are plainly old (a spool being emptied). Any thread.
 */
#pragma once
#include "base/np.h"

#define LOOK_MIN_US NP_SEC_US         /* no decision sooner */
#define LOOK_GRACE_US NP_SEC_US       /* timeout + this at the latest */
#define LOOK_LATE_US (30 * NP_SEC_US) /* older attempts say nothing about now */

struct look {
	int64_t asked_us;     /* 0: no look in progress */
	uint32_t wanted_mask; /* regions whose end is waited for */
	uint32_t ended_mask;
	uint32_t failed_mask;
};

static inline bool look_is_on(const struct look *l)
{
	return l->asked_us != 0;
}
void look_start(struct look *l, uint32_t wanted_mask, int64_t at_us);
void look_stop(struct look *l);
/* An attempt of region `index` ended: passed, failed or neither (unknown). */
void look_note(struct look *l, uint32_t index, bool failed);
/* Regions (index mask) whose attempt of this look failed. */
uint32_t look_failed(const struct look *l);
/* May it decide now? q: failures needed. */
bool look_is_ready(const struct look *l, uint32_t q, int64_t timeout_us, int64_t at_us);
