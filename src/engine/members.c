/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/members.h"

#include "base/map.h"
#include "core/assign.h"

struct history {
	size_t n, kept;                            /* memberships; members in them */
	struct membership at[MEMBERS_HISTORY_MAX]; /* oldest first */
};
struct members {
	struct map *regions; /* number -> struct history */
};

static void one_done(struct membership *one)
{
	free(one->no);
	free(one->hash);
	*one = (struct membership){ 0 };
}

static void history_free(void *value)
{
	struct history *h = value;
	for (size_t i = 0; i < h->n; i++)
		one_done(&h->at[i]);
	free(h);
}

struct members *members_new(void)
{
	struct members *m = np_zalloc(sizeof *m);
	if (m)
		m->regions = map_new(MEMBERS_REGIONS_MAX);
	if (m && !m->regions) {
		free(m);
		return NULL;
	}
	return m;
}

void members_free(struct members *m)
{
	if (!m)
		return;
	map_free(m->regions, history_free);
	free(m);
}

static struct history *history_of(struct members *m, uint32_t region)
{
	struct history *h = map_get(m->regions, region);
	if (h)
		return h;
	h = np_zalloc(sizeof *h);
	if (h && map_put(m->regions, region, h, NULL) < 0) {
		free(h);
		return NULL;
	}
	return h;
}

static void drop_oldest(struct history *h)
{
	h->kept -= h->at[0].n;
	one_done(&h->at[0]);
	memmove(&h->at[0], &h->at[1], (h->n - 1) * sizeof h->at[0]);
	h->at[--h->n] = (struct membership){ 0 };
}

static np_err copy_in(const Np__I1__MembershipInput *in, struct membership *ret)
{
	struct membership one = {
		.number = in->number, .from_us = in->from_us, .org = in->org, .n = in->n_members
	};
	one.no = np_calloc(one.n + 1, sizeof *one.no);
	one.hash = np_calloc(one.n + 1, sizeof *one.hash);
	if (!one.no || !one.hash) {
		one_done(&one);
		return NP_E_NOMEM;
	}
	for (size_t i = 0; i < one.n; i++) {
		one.no[i] = in->members[i];
		one.hash[i] = in->hashes[i];
	}
	*ret = one;
	return NP_OK;
}

/* The newest one with `left` gone and `members` come: both lists and the result ascend. */
static np_err change(const struct membership *was, const Np__I1__MembershipInput *in,
		     struct membership *ret)
{
	struct membership one = { .number = in->number, .from_us = in->from_us, .org = in->org };
	size_t max = was->n + in->n_members, i = 0, j = 0, left = 0;
	one.no = np_calloc(max + 1, sizeof *one.no);
	one.hash = np_calloc(max + 1, sizeof *one.hash);
	if (!one.no || !one.hash) {
		one_done(&one);
		return NP_E_NOMEM;
	}
	while (i < was->n || j < in->n_members) {
		bool stays = j == in->n_members || (i < was->n && was->no[i] < in->members[j]);
		while (stays && left < in->n_left && in->left[left] < was->no[i])
			left++;
		if (stays && left < in->n_left && in->left[left] == was->no[i]) {
			i++;
			continue;
		}
		one.no[one.n] = stays ? was->no[i] : in->members[j];
		one.hash[one.n++] = stays ? was->hash[i++] : in->hashes[j++];
	}
	*ret = one;
	return NP_OK;
}

static bool is_valid(const Np__I1__MembershipInput *in)
{
	return in->region != 0 && in->number != 0 && in->n_members == in->n_hashes &&
	       in->n_members <= MEMBERS_MAX && (in->after != 0 || in->n_left == 0);
}

static np_err make_one(const struct history *h, const Np__I1__MembershipInput *in,
		       struct membership *ret)
{
	if (in->after == 0)
		return copy_in(in, ret);
	if (h->n == 0 || h->at[h->n - 1].number != in->after ||
	    h->at[h->n - 1].n + in->n_members > 2 * MEMBERS_MAX)
		return NP_E_CORRUPT;
	return change(&h->at[h->n - 1], in, ret);
}

np_err members_add(struct members *m, const Np__I1__MembershipInput *in)
{
	if (!is_valid(in))
		return NP_E_INVAL;
	struct history *h = history_of(m, in->region);
	if (!h)
		return NP_E_NOMEM;
	if (h->n > 0 && in->number <= h->at[h->n - 1].number)
		return NP_OK;
	struct membership one;
	np_err e = make_one(h, in, &one);
	if (e < 0)
		return e;
	while (h->n > 0 && (h->n == MEMBERS_HISTORY_MAX || h->kept + one.n > MEMBERS_KEPT_MAX))
		drop_oldest(h);
	h->at[h->n++] = one;
	h->kept += one.n;
	return NP_OK;
}

const struct membership *members_newest(const struct members *m, uint32_t region)
{
	const struct history *h = map_get(m->regions, region);
	return h && h->n > 0 ? &h->at[h->n - 1] : NULL;
}

static size_t index_of(const struct membership *m, uint64_t checker)
{
	size_t low = 0, high = m->n;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (m->no[mid] < checker)
			low = mid + 1;
		else
			high = mid;
	}
	return low < m->n && m->no[low] == checker ? low : SIZE_MAX;
}

bool membership_has(const struct membership *m, uint64_t checker)
{
	return index_of(m, checker) != SIZE_MAX;
}

uint64_t membership_pick(const struct membership *m, uint64_t monitor, uint64_t pinned)
{
	if (pinned && membership_has(m, pinned))
		return pinned;
	int picked = asg_pick(monitor, m->hash, m->n);
	return picked < 0 ? 0 : m->no[picked];
}

bool members_was_assigned(const struct members *m, const struct members_ask *ask)
{
	const struct history *h = map_get(m->regions, ask->region);
	for (size_t i = h ? h->n : 0; i-- > 0;) {
		const struct membership *one = &h->at[i];
		/* Before the oldest one that is kept nobody else can be told to have had it. */
		bool begun = i == 0 || ask->slot_us >= one->from_us - MEMBERS_HANDOVER_US;
		bool over =
			i + 1 < h->n && ask->slot_us > h->at[i + 1].from_us + MEMBERS_HANDOVER_US;
		if (over)
			return false;
		if (begun && membership_pick(one, ask->monitor, ask->pinned) == ask->checker)
			return true;
	}
	return false;
}

/* ---- what changed ---- */

static void compare(const struct membership *base, const struct membership *one,
		    Np__I1__MembershipInput *m)
{
	size_t i = 0, j = 0;
	while (i < base->n || j < one->n) {
		if (i < base->n && j < one->n && base->no[i] == one->no[j]) {
			i++;
			j++;
		} else if (j == one->n || (i < base->n && base->no[i] < one->no[j])) {
			m->left[m->n_left++] = base->no[i++];
		} else {
			m->members[m->n_members++] = one->no[j];
			m->hashes[m->n_hashes++] = one->hash[j++];
		}
	}
}

np_err members_shorten(uint32_t region, const struct membership *base, const struct membership *one,
		       struct members_short *ret)
{
	struct members_short s = { .msg = NP__I1__MEMBERSHIP_INPUT__INIT };
	s.msg.region = region;
	s.msg.number = one->number;
	s.msg.from_us = one->from_us;
	s.msg.org = one->org;
	if (base) {
		s.own = np_calloc(base->n + 2 * one->n + 1, sizeof *s.own);
		if (!s.own)
			return NP_E_NOMEM;
		s.msg.after = base->number;
		s.msg.left = s.own;
		s.msg.members = s.own + base->n;
		s.msg.hashes = s.msg.members + one->n;
		compare(base, one, &s.msg);
	}
	if (!base || s.msg.n_left + 2 * s.msg.n_members >= 2 * one->n) {
		s.msg.after = s.msg.n_left = 0;
		s.msg.n_members = s.msg.n_hashes = one->n;
		s.msg.members = one->no;
		s.msg.hashes = one->hash;
	}
	*ret = s;
	return NP_OK;
}

void members_short_done(struct members_short *s)
{
	free(np_take(s->own));
}

void members_each(const struct members *m,
		  void (*fn)(void *ctx, uint32_t region, const struct membership *one), void *ctx)
{
	size_t pos = 0;
	uint64_t region;
	void *value;
	while (map_next(m->regions, &pos, &region, &value)) {
		const struct history *h = value;
		for (size_t i = 0; i < h->n; i++)
			fn(ctx, (uint32_t)region, &h->at[i]);
	}
}
