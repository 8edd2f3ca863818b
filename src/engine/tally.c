/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/tally.h"

static struct tally_region *region_of(struct tally *t, uint32_t region)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->of[i].region == region)
			return &t->of[i];
	if (t->n == TALLY_REGIONS_MAX)
		return NULL;
	t->of[t->n] = (struct tally_region){ .region = region };
	return &t->of[t->n++];
}

static bool speaks(const struct mon *m, uint32_t index, int64_t now_us)
{
	const struct vote *v = &m->st.vote[index];
	return v->say != VOTE_NONE && !vote_is_stale(&m->def, v, now_us);
}

/* Do most of the others that speak say OK? */
static bool others_pass(const struct mon *m, uint32_t index, int64_t now_us)
{
	uint32_t fresh = 0, ok = 0;
	for (uint32_t i = 0; i < m->st.region_n; i++) {
		if (i == index || !speaks(m, i, now_us))
			continue;
		fresh++;
		ok += m->st.vote[i].say == VOTE_OK;
	}
	return ok > fresh / 2;
}

static void count_monitor(const struct mon *m, int64_t now_us, struct tally *t)
{
	for (uint32_t i = 0; i < m->st.region_n; i++) {
		const struct vote *v = &m->st.vote[i];
		if (v->heard_us == 0 || now_us - v->heard_us > TALLY_WINDOW_US)
			continue;
		struct tally_region *r = region_of(t, m->st.region[i]);
		if (!r)
			continue;
		r->checked++;
		r->odd += v->say == VOTE_FAIL && speaks(m, i, now_us) && others_pass(m, i, now_us);
	}
}

void tally_count(const struct shard *s, int64_t now_us, struct tally *ret)
{
	size_t pos = 0;
	ret->n = 0;
	for (const struct mon *m; (m = shard_next_monitor(s, &pos));)
		/* A drill fails on purpose. */
		if (!m->deleted && m->def.provenance != MON_DRILL)
			count_monitor(m, now_us, ret);
}

bool tally_is_suspect(bool was, uint32_t checked, uint32_t odd)
{
	if (was) /* never by the clock: an end that nothing but time brought paged everybody */
		return checked == 0 || (uint64_t)odd * 10 >= checked;
	return odd >= 10 && (uint64_t)odd * 10 >= (uint64_t)checked * 3;
}
