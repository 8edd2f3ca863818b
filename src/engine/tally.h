/* SPDX-License-Identifier: Apache-2.0 */
/* tally.h - what each region says beside the others: how often it stands alone with a failure.
 *
 * Floor 4 (engine). Counted over a shard's folded state, outside of the fold: whether a
 * region is to be trusted is decided by the coordinator and comes back as an input. Pure.
 */
#pragma once
#include "core/trust.h"
#include "engine/shard.h"

#define TALLY_REGIONS_MAX SHARD_SUSPECTS_MAX

struct tally_region {
	uint32_t region;
	struct trust_count count;
};
struct tally {
	size_t n;
	struct tally_region of[TALLY_REGIONS_MAX]; /* more regions are left out */
};

void tally_count(const struct shard *s, int64_t now_us, struct tally *ret);
