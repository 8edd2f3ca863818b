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

static void count_monitor(const struct mon *m, int64_t now_us, struct tally *t)
{
	for (uint32_t i = 0; i < m->st.region_n; i++) {
		struct tally_region *r = region_of(t, m->st.region[i]);
		if (r)
			trust_note(&m->def, &m->st, i, now_us, &r->count);
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
