/* SPDX-License-Identifier: Apache-2.0 */
/* Our own absence: every monitor is held until what its checkers kept meanwhile is folded. */
#include "engine/foldin.h"

static bool has_caught_up(struct shard *s, struct mon *m)
{
	for (uint32_t i = 0; i < m->def.region_n; i++) {
		uint64_t runner = shard_runner(s, m, i);
		if (runner && !shard_is_banned(s, runner) && !shard_is_caught_up(s, runner))
			return false;
	}
	return true;
}

/* Let go who may: all of them when `everybody`. */
static np_err let_go(struct foldin *f, bool everybody)
{
	struct shard *s = f->s;
	np_err e = NP_OK;
	size_t pos = 0, held = 0;
	for (struct mon *m; e == NP_OK && (m = shard_next_monitor(s, &pos));) {
		if (!m->st.frozen)
			continue;
		if (!everybody && !has_caught_up(s, m)) {
			held++;
			continue;
		}
		struct mst_event ev = { .kind = MST_RESUME };
		e = foldin_event(f, m, &ev);
	}
	if (held == 0) {
		s->hold = (struct shard_hold){ 0 };
		shard_clear_caught_up(s);
	}
	return e;
}

np_err foldhold_end(struct foldin *f)
{
	return f->s->hold.on ? let_go(f, true) : NP_OK;
}

np_err foldhold_resume(struct foldin *f, const Np__I1__ResumeInput *in)
{
	struct shard *s = f->s;
	if (in->until_us != 0) {
		if (!s->hold.on)
			return NP_OK;
		s->hold.folded = true;
		s->hold.folded_us = f->at_us;
		return let_go(f, false);
	}
	s->hold = (struct shard_hold){ .on = true, .since_us = in->since_us, .at_us = f->at_us };
	shard_clear_caught_up(s);
	np_err e = NP_OK;
	size_t pos = 0;
	for (struct mon *m; e == NP_OK && (m = shard_next_monitor(s, &pos));) {
		struct mst_event ev = { .kind = MST_HOLD };
		ev.hold.absent_us = in->since_us;
		if (!m->deleted)
			e = foldin_event(f, m, &ev);
	}
	return e;
}

np_err foldhold_heard(struct foldin *f, const Np__I1__HeardInput *in)
{
	struct shard *s = f->s;
	if (!s->hold.on)
		return NP_OK;
	for (size_t i = 0; i < in->n_heard; i++) {
		const Np__I1__Heard *h = in->heard[i];
		int64_t oldest_us = h->heard_us - (int64_t)h->oldest_ms * NP_MS_US;
		if (h->oldest_ms != 0 && oldest_us < s->hold.at_us)
			continue;
		np_err e = shard_put_caught_up(s, h->checker);
		if (e < 0)
			return e;
	}
	return s->hold.folded ? let_go(f, false) : NP_OK;
}
