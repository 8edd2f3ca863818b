/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/shard.h"

static void mon_drop(void *value)
{
	mon_free(value);
}

struct shard *shard_new(uint32_t no)
{
	struct shard *s = np_zalloc(sizeof *s);
	if (!s)
		return NULL;
	s->no = no;
	s->monitors = map_new(SHARD_MONITORS_MAX);
	s->cursors = cursors_new();
	s->members = members_new();
	s->bans = map_new(SHARD_CHECKERS_MAX);
	s->caught_up = map_new(SHARD_CHECKERS_MAX);
	if (s->monitors && s->cursors && s->members && s->bans && s->caught_up)
		return s;
	shard_free(s);
	return NULL;
}

void shard_free(struct shard *s)
{
	if (!s)
		return;
	timers_done(&s->timers);
	if (s->monitors)
		map_free(s->monitors, mon_drop);
	cursors_free(s->cursors);
	members_free(s->members);
	if (s->bans)
		map_free(s->bans, free);
	if (s->caught_up)
		map_free(s->caught_up, NULL);
	free(s);
}

/* ---- monitors ---- */

struct mon *shard_monitor(const struct shard *s, uint64_t no)
{
	return map_get(s->monitors, no);
}

struct mon *shard_monitor_make(struct shard *s, uint64_t no)
{
	struct mon *m = map_get(s->monitors, no);
	if (m)
		return m;
	m = np_zalloc(sizeof *m);
	if (!m)
		return NULL;
	m->no = no;
	if (map_put(s->monitors, no, m, NULL) < 0) {
		mon_free(m);
		return NULL;
	}
	return m;
}

void shard_monitor_drop(struct shard *s, uint64_t no)
{
	struct mon *m = map_del(s->monitors, no);
	if (m && timers_set(&s->timers, &m->timer, 0) == NP_OK)
		mon_free(m);
}

struct mon *shard_next_monitor(const struct shard *s, size_t *pos)
{
	uint64_t no;
	void *value;
	return map_next(s->monitors, pos, &no, &value) ? value : NULL;
}

/* ---- checkers ---- */

bool shard_is_banned(const struct shard *s, uint64_t checker)
{
	return map_get(s->bans, checker) != NULL;
}

np_err shard_put_ban(struct shard *s, const struct shard_ban *b)
{
	if (shard_is_banned(s, b->checker))
		return NP_OK;
	struct shard_ban *own = np_zalloc(sizeof *own);
	if (!own)
		return NP_E_NOMEM;
	*own = *b;
	np_err e = map_put(s->bans, b->checker, own, NULL);
	if (e < 0)
		free(own);
	return e;
}

bool shard_is_suspect(const struct shard *s, uint32_t region)
{
	for (size_t i = 0; i < s->suspect_n; i++)
		if (s->suspect[i] == region)
			return true;
	return false;
}

void shard_set_suspect(struct shard *s, uint32_t region, bool on)
{
	if (on && !shard_is_suspect(s, region) && s->suspect_n < SHARD_SUSPECTS_MAX)
		s->suspect[s->suspect_n++] = region;
	for (size_t i = 0; !on && i < s->suspect_n; i++)
		if (s->suspect[i] == region)
			s->suspect[i--] = s->suspect[--s->suspect_n];
}

bool shard_is_caught_up(const struct shard *s, uint64_t checker)
{
	return map_get(s->caught_up, checker) != NULL;
}

np_err shard_put_caught_up(struct shard *s, uint64_t checker)
{
	return map_put(s->caught_up, checker, s, NULL); /* any value: it is a set */
}

void shard_clear_caught_up(struct shard *s)
{
	size_t pos = 0;
	uint64_t checker;
	void *value;
	while (map_next(s->caught_up, &pos, &checker, &value))
		(void)map_del(s->caught_up, checker);
}

/* ---- timers ---- */

np_err shard_retime(struct shard *s, struct mon *m)
{
	enum tmr_kind kind;
	bool armed = !m->st.frozen && tmr_next(&m->st.inc.timers, &kind);
	return timers_set(&s->timers, &m->timer, armed ? m->st.inc.timers.of[kind].due_us : 0);
}

struct mon *shard_next_timer(const struct shard *s, enum tmr_kind *ret_kind, int64_t *ret_due_us)
{
	struct timers_node *node = timers_first(&s->timers);
	if (!node)
		return NULL;
	struct mon *m = NP_CONTAINER_OF(node, struct mon, timer);
	if (!tmr_next(&m->st.inc.timers, ret_kind))
		return NULL;
	*ret_due_us = node->due_us;
	return m;
}

/* ---- assignments ---- */

static const struct mon_pick *pick_of(const struct membership *newest, struct mon *m,
				      uint32_t index)
{
	struct mon_pick *p = &m->pick[index];
	if (p->membership != newest->number)
		*p = (struct mon_pick){ .membership = newest->number,
					.checker = membership_pick(newest, m->no, m->pinned) };
	return p;
}

uint64_t shard_runner(const struct shard *s, struct mon *m, uint32_t index)
{
	const struct membership *newest = members_newest(s->members, m->def.region[index]);
	return newest ? pick_of(newest, m, index)->checker : 0;
}

bool shard_was_assigned(const struct shard *s, struct mon *m, uint32_t index, uint64_t checker,
			int64_t slot_us)
{
	uint32_t region = m->def.region[index];
	const struct membership *newest = members_newest(s->members, region);
	if (!newest)
		return false;
	bool runs = pick_of(newest, m, index)->checker == checker;
	if (runs && slot_us >= newest->from_us - MEMBERS_HANDOVER_US)
		return true;
	if (!runs && slot_us > newest->from_us + MEMBERS_HANDOVER_US)
		return false;
	return members_was_assigned(s->members, &(struct members_ask){ .region = region,
								       .checker = checker,
								       .monitor = m->no,
								       .pinned = m->pinned,
								       .slot_us = slot_us });
}
