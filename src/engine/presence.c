/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/presence.h"

#include "base/str.h"
#include "core/vote.h"

#define SETTLE_US NP_SEC_US /* a region's members change once in this time */

struct presence {
	struct map *all; /* checker -> struct presence_one */
	size_t seen_at;  /* whose turn it is to be written down */
	bool changed;
};

struct presence *presence_new(void)
{
	struct presence *p = np_zalloc(sizeof *p);
	if (p)
		p->all = map_new(PRESENCE_CHECKERS_MAX);
	if (p && !p->all) {
		free(p);
		return NULL;
	}
	return p;
}

void presence_free(struct presence *p)
{
	if (!p)
		return;
	map_free(p->all, free);
	free(p);
}

size_t presence_len(const struct presence *p)
{
	return map_len(p->all);
}

static struct presence_one *one_of(struct presence *p, uint64_t checker)
{
	struct presence_one *one = map_get(p->all, checker);
	if (one)
		return one;
	one = np_zalloc(sizeof *one);
	if (!one)
		return NULL;
	one->checker = checker;
	if (map_put(p->all, checker, one, NULL) < 0) {
		free(one);
		return NULL;
	}
	p->changed = true;
	return one;
}

static bool is_here(const struct presence_one *one, int64_t now_us)
{
	return one->heard_us != 0 && now_us - one->heard_us < PRESENCE_SILENT_US;
}

struct presence_one *presence_hear(struct presence *p, const struct presence_word *w)
{
	struct presence_one *one = one_of(p, w->checker);
	if (!one)
		return NULL;
	if (!is_here(one, w->now_us) || one->region != w->region)
		p->changed = true;
	one->region = w->region;
	one->heard_us = w->now_us;
	one->oldest_ms = w->oldest_ms;
	one->told_silent = false;
	one->seen_dirty = true;
	return one;
}

void presence_describe(struct presence_one *one, const Np__I1__Heard *h)
{
	np_str version = str_clip_utf8(str_from_c(h->version), PRESENCE_VERSION_MAX);
	if (version.n > 0) {
		memcpy(one->version, version.p, version.n);
		one->version[version.n] = '\0';
	}
	one->skew_us = h->skew_us;
	one->connected = !h->gone;
}

void presence_result(struct presence_one *one, int64_t lag_us)
{
	int64_t lag = lag_us < 0 ? 0 : lag_us > UINT32_MAX ? UINT32_MAX : lag_us;
	one->lag_us[one->results++ % PRESENCE_LAGS] = (uint32_t)lag;
	if (one->lag_n < PRESENCE_LAGS)
		one->lag_n++;
}

void presence_seed(struct presence *p, uint64_t checker, uint32_t region, int64_t now_us)
{
	struct presence_one *one = one_of(p, checker);
	if (!one || one->heard_us != 0)
		return;
	one->region = region;
	one->heard_us = now_us;
}

void presence_register(struct presence *p, const struct msg *checkers)
{
	for (size_t i = 0; i < checkers->n; i++) {
		const struct msg_checker *k = &checkers->checker[i];
		struct presence_one *one = one_of(p, k->no);
		if (!one)
			continue;
		one->known = true;
		one->banned = k->banned;
		one->draining = k->draining;
		one->hash = k->hash;
		one->org = k->org;
		one->own_region = k->region;
		p->changed = true;
	}
}

void presence_shift(struct presence *p, int64_t away_us)
{
	size_t pos = 0;
	uint64_t key;
	void *value;
	while (map_next(p->all, &pos, &key, &value)) {
		struct presence_one *one = value;
		if (one->heard_us != 0)
			one->heard_us += away_us;
	}
}

size_t presence_silent(struct presence *p, int64_t now_us, const struct presence_one **ret,
		       size_t max)
{
	size_t pos = 0, n = 0;
	uint64_t key;
	void *value;
	while (n < max && map_next(p->all, &pos, &key, &value)) {
		struct presence_one *one = value;
		if (one->heard_us == 0 || one->told_silent || is_here(one, now_us))
			continue;
		one->told_silent = one->seen_dirty = p->changed = true;
		one->connected = false;
		ret[n++] = one;
	}
	return n;
}

bool presence_take_change(struct presence *p)
{
	bool changed = p->changed;
	p->changed = false;
	return changed;
}

/* ---- memberships ---- */

struct planner {
	struct presence *p;
	const struct presence_plan *plan;
	size_t n;
	struct presence_one **here; /* who may serve, by region and number */
};

static int by_region(const void *a, const void *b)
{
	const struct presence_one *x = *(struct presence_one *const *)a;
	const struct presence_one *y = *(struct presence_one *const *)b;
	if (x->own_region != y->own_region)
		return x->own_region < y->own_region ? -1 : 1;
	return x->checker < y->checker ? -1 : x->checker > y->checker;
}

static np_err collect(struct planner *k)
{
	k->here = np_calloc(map_len(k->p->all) + 1, sizeof *k->here);
	if (!k->here)
		return NP_E_NOMEM;
	size_t pos = 0;
	uint64_t key;
	void *value;
	while (map_next(k->p->all, &pos, &key, &value)) {
		struct presence_one *one = value;
		if (one->known && !one->banned && one->own_region != 0)
			k->here[k->n++] = one;
	}
	qsort(k->here, k->n, sizeof *k->here, by_region);
	return NP_OK;
}

/* Members of one region's next membership out of here[from..to): those that are heard; of
 * none, the member that was heard last. Yields how many. */
static size_t choose(struct planner *k, size_t from, size_t to, struct presence_one **ret)
{
	const struct membership *now = members_newest(k->plan->now, k->here[from]->own_region);
	struct presence_one *last = NULL;
	size_t n = 0, staying = 0;
	for (size_t i = from; i < to; i++)
		staying += is_here(k->here[i], k->plan->now_us) && !k->here[i]->draining;
	for (size_t i = from; i < to; i++) {
		struct presence_one *one = k->here[i];
		if (is_here(one, k->plan->now_us) && (!one->draining || staying == 0))
			ret[n++] = one;
		if (now && membership_has(now, one->checker) &&
		    (!last || one->heard_us > last->heard_us))
			last = one;
	}
	if (n == 0 && last)
		ret[n++] = last;
	return n;
}

static bool is_same(const struct membership *now, struct presence_one *const *next, size_t n)
{
	if (!now || now->n != n)
		return !now && n == 0;
	for (size_t i = 0; i < n; i++)
		if (now->no[i] != next[i]->checker)
			return false;
	return true;
}

static bool has_banned(const struct planner *k, const struct membership *now)
{
	for (size_t i = 0; now && i < now->n; i++) {
		const struct presence_one *one = map_get(k->p->all, now->no[i]);
		if (one && one->banned)
			return true;
	}
	return false;
}

static np_err announce(struct planner *k, uint32_t region, struct presence_one *const *next,
		       size_t n)
{
	const struct membership *now = members_newest(k->plan->now, region);
	if (is_same(now, next, n))
		return NP_OK;
	if (now && k->plan->now_us - now->from_us < SETTLE_US && !has_banned(k, now)) {
		k->p->changed = true; /* again in a moment */
		return NP_OK;
	}
	Np__I1__MembershipInput m = NP__I1__MEMBERSHIP_INPUT__INIT;
	m.members = np_calloc(n + 1, sizeof *m.members);
	m.hashes = np_calloc(n + 1, sizeof *m.hashes);
	np_err e = m.members && m.hashes ? NP_OK : NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < n && i < MEMBERS_MAX; i++) {
		m.members[i] = next[i]->checker;
		m.hashes[i] = next[i]->hash;
		m.org = next[i]->org;
		m.n_members = m.n_hashes = i + 1;
	}
	m.region = region;
	m.number = now ? now->number + 1 : 1;
	m.from_us = k->plan->now_us;
	if (m.org == 0 && now)
		m.org = now->org;
	if (e == NP_OK)
		k->plan->fn(k->plan->ctx, &m);
	free(m.members);
	free(m.hashes);
	return e;
}

/* A region whose every member is banned has nobody in `here`, and still a membership. */
struct empty_regions {
	struct planner *k;
	np_err e;
};

static void empty_region(void *ctx, uint32_t region, const struct membership *one)
{
	struct empty_regions *x = ctx;
	if (x->e < 0 || one != members_newest(x->k->plan->now, region) || one->n == 0)
		return;
	for (size_t i = 0; i < x->k->n; i++)
		if (x->k->here[i]->own_region == region)
			return;
	if (has_banned(x->k, one))
		x->e = announce(x->k, region, NULL, 0);
}

np_err presence_plan(struct presence *p, const struct presence_plan *plan)
{
	struct planner k = { .p = p, .plan = plan };
	np_err e = collect(&k);
	struct presence_one **next = e == NP_OK ? np_calloc(k.n + 1, sizeof *next) : NULL;
	if (!next) {
		free(k.here);
		return NP_E_NOMEM;
	}
	for (size_t from = 0, to; e == NP_OK && from < k.n; from = to) {
		uint32_t region = k.here[from]->own_region;
		for (to = from + 1; to < k.n && k.here[to]->own_region == region;)
			to++;
		e = announce(&k, region, next, choose(&k, from, to, next));
	}
	struct empty_regions x = { .k = &k, .e = e };
	members_each(plan->now, empty_region, &x);
	free(next);
	free(k.here);
	return x.e;
}

/* ---- np.checker_seen ---- */

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return x < y ? -1 : x > y;
}

static uint32_t lag_p95(const struct presence_one *one)
{
	uint32_t sorted[PRESENCE_LAGS];
	if (one->lag_n == 0)
		return 0;
	memcpy(sorted, one->lag_us, sizeof sorted);
	qsort(sorted, one->lag_n, sizeof *sorted, by_size);
	return sorted[one->lag_n * 95 / 100];
}

static np_err add_seen(struct presence_one *one, int64_t now_us, struct msg **msg)
{
	if (!*msg)
		*msg = msg_new(MSG_SEEN);
	struct msg_seen *s = *msg ? msg_grow(*msg, sizeof *s) : NULL;
	if (!s)
		return NP_E_NOMEM;
	one->seen_dirty = false;
	one->seen_us = now_us;
	*s = (struct msg_seen){ .checker = one->checker,
				.org = one->org,
				.region = one->own_region,
				.heard_us = one->heard_us,
				.connected = one->connected,
				.skew_us = one->skew_us,
				.oldest_ms = one->oldest_ms,
				.results = one->results,
				.lag_p95_us = lag_p95(one),
				.version = arena_str((*msg)->arena, str_from_c(one->version)) };
	return NP_OK;
}

struct msg *presence_seen(struct presence *p, int64_t now_us)
{
	struct msg *m = NULL;
	uint64_t key;
	void *value;
	for (size_t n = 0; n < map_len(p->all) && (!m || m->n < PRESENCE_SEEN_MAX); n++) {
		if (!map_next(p->all, &p->seen_at, &key, &value)) {
			p->seen_at = 0;
			if (!map_next(p->all, &p->seen_at, &key, &value))
				break;
		}
		struct presence_one *one = value;
		bool due = now_us - one->seen_us >= PRESENCE_SEEN_US || one->told_silent;
		if (one->seen_dirty && one->known && due && add_seen(one, now_us, &m) < 0)
			break;
	}
	return m;
}
