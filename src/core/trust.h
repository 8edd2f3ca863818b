/* SPDX-License-Identifier: Apache-2.0 */
/* trust.h - whether a region that stands alone with many failures is to be believed.
 *
 * Floor 2 (core). Counted over many monitors, decided by whoever sees them all; the decision
 * comes back to each monitor as MST_SUSPECT. Pure, any thread.
 */
#pragma once
#include "core/monstate.h"

#define TRUST_WINDOW_US NP_MIN_US /* monitors that it checked this lately are counted */

struct trust_count {
	uint32_t checked, odd; /* odd: FAIL, while a majority of the other fresh regions says OK */
};
/* Add what the region at `index` of this monitor says. */
void trust_note(const struct mon_def *d, const struct mst *st, uint32_t index, int64_t now_us,
		struct trust_count *c);
/* Begins at 30 % and 10 odd ones, ends under 10 %; never by the clock: an end that nothing but
 * time brought paged everybody. */
bool trust_is_suspect(bool was, struct trust_count c);
