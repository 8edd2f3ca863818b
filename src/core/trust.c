/* SPDX-License-Identifier: Apache-2.0 */
#include "core/trust.h"

static bool speaks(const struct mon_def *d, const struct vote *v, int64_t now_us)
{
	return v->say != VOTE_NONE && !vote_is_stale(d, v, now_us);
}

/* Do most of the others that speak say OK? */
static bool others_pass(const struct mon_def *d, const struct mst *st, uint32_t index,
			int64_t now_us)
{
	uint32_t fresh = 0, ok = 0;
	for (uint32_t i = 0; i < st->region_n; i++) {
		if (i == index || !speaks(d, &st->vote[i], now_us))
			continue;
		fresh++;
		ok += st->vote[i].say == VOTE_OK;
	}
	return ok > fresh / 2;
}

void trust_note(const struct mon_def *d, const struct mst *st, uint32_t index, int64_t now_us,
		struct trust_count *c)
{
	const struct vote *v = &st->vote[index];
	if (v->heard_us == 0 || now_us - v->heard_us > TRUST_WINDOW_US)
		return;
	c->checked++;
	c->odd += v->say == VOTE_FAIL && speaks(d, v, now_us) && others_pass(d, st, index, now_us);
}

bool trust_is_suspect(bool was, struct trust_count c)
{
	if (was)
		return c.checked == 0 || (uint64_t)c.odd * 10 >= c.checked;
	return c.odd >= 10 && (uint64_t)c.odd * 10 >= (uint64_t)c.checked * 3;
}
