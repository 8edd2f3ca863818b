/* SPDX-License-Identifier: Apache-2.0 */
#include "core/look.h"

void look_start(struct look *l, uint32_t wanted_mask, int64_t at_us)
{
	assert(at_us > 0);
	*l = (struct look){ .asked_us = at_us, .wanted_mask = wanted_mask };
}

void look_stop(struct look *l)
{
	*l = (struct look){ 0 };
}

void look_note(struct look *l, uint32_t index, bool failed)
{
	uint32_t bit = UINT32_C(1) << index;
	if (!look_is_on(l))
		return;
	l->ended_mask |= bit;
	/* A retry within the look may still pass: the newest attempt of a region speaks. */
	l->failed_mask = failed ? l->failed_mask | bit : l->failed_mask & ~bit;
}

uint32_t look_failed(const struct look *l)
{
	return (uint32_t)__builtin_popcount(l->failed_mask);
}

bool look_is_ready(const struct look *l, uint32_t q, int64_t timeout_us, int64_t at_us)
{
	if (!look_is_on(l) || at_us < l->asked_us + LOOK_MIN_US)
		return false;
	if (look_failed(l) >= q || (l->wanted_mask & ~l->ended_mask) == 0)
		return true;
	return at_us >= l->asked_us + timeout_us + LOOK_GRACE_US;
}
