/* SPDX-License-Identifier: Apache-2.0 */
/* tally.h - what each region says beside the others: how often it stands alone with a failure.
 *
 * Floor 4 (engine). Counted over a shard's folded state, outside of the fold: whether a
 * region is to be trusted is decided by the coordinator and comes back as an input. Pure.
 */
#pragma once
#include "engine/shard.h"

#define TALLY_REGIONS_MAX SHARD_SUSPECTS_MAX
#define TALLY_WINDOW_US NP_MIN_US

struct tally_region {
	uint32_t region;
	uint32_t checked; /* monitors that it checked within the window */
	uint32_t odd;     /* of them: FAIL, while a majority of the other fresh regions says OK */
};
struct tally {
	size_t n;
	struct tally_region of[TALLY_REGIONS_MAX]; /* more regions are left out */
};

void tally_count(const struct shard *s, int64_t now_us, struct tally *ret);
/* Begin: at least 30 % and 10 of what it checked; end: under 10 %. */
bool tally_is_suspect(bool was, uint32_t checked, uint32_t odd);
