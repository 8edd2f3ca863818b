/* SPDX-License-Identifier: Apache-2.0 */
#include "base/told.h"

#define FNV_START UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* Never 0. */
static uint64_t sum(np_err e, np_str why)
{
	uint64_t h = (FNV_START ^ (uint64_t)(uint32_t)e) * FNV_PRIME;
	for (size_t i = 0; i < why.n; i++)
		h = (h ^ (uint8_t)why.p[i]) * FNV_PRIME;
	return h | 1;
}

enum told_news told_now(struct told *t, np_err e, np_str why)
{
	uint64_t was = t->what;
	t->what = e < 0 ? sum(e, why) : 0;
	if (t->what == was)
		return TOLD_NOTHING;
	return t->what != 0 ? TOLD_WRONG : TOLD_WELL;
}
