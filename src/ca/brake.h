/* SPDX-License-Identifier: Apache-2.0 */
/* brake.h - how often one address may be refused before it must wait.
 *
 * Floor 4 (ca). A fixed table of buckets: two addresses may share one, which is
 * stricter, never looser; an IPv6 address counts as its /64. What succeeds costs
 * nothing. Pure; one thread.
 */
#pragma once
#include "net/addr.h"

#define BRAKE_SLOTS 4096
#define BRAKE_BURST 20
#define BRAKE_REFILL_MS 3000 /* one more try each */

struct brake {
	struct brake_slot {
		int64_t at_ms;    /* of `refused` */
		uint32_t refused; /* not yet forgiven */
	} slots[BRAKE_SLOTS];
};
/* 0: go on; else seconds to wait. */
int64_t brake_wait_s(const struct brake *b, const struct addr *peer, int64_t now_ms);
void brake_refused(struct brake *b, const struct addr *peer, int64_t now_ms);
