/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/world.h"

#include "core/assign.h"
#include "gateway/slots.h"

struct world *world_new(const struct world_cfg *cfg)
{
	struct world *w = np_zalloc(sizeof *w);
	if (!w)
		return NULL;
	w->cfg = *cfg;
	w->regions = map_new(WORLD_REGIONS_MAX);
	w->checkers = map_new(WORLD_CHECKERS_MAX);
	w->uuids = map_new(WORLD_CHECKERS_MAX);
	w->monitors = map_new(WORLD_MONITORS_MAX);
	if (w->regions && w->checkers && w->uuids && w->monitors)
		return w;
	world_free(w);
	return NULL;
}

void world_stop(struct world *w)
{
	w->stopped = true;
}

static void drop_monitor(void *m)
{
	world_monitor_free(m);
}

static void drop_region(void *r)
{
	free(((struct gw_region *)r)->members);
	free(r);
}

static void drop_checker(void *c)
{
	free(c);
}

void world_free(struct world *w)
{
	if (!w)
		return;
	if (w->monitors)
		map_free(w->monitors, drop_monitor);
	if (w->uuids)
		map_free(w->uuids, NULL);
	if (w->checkers)
		map_free(w->checkers, drop_checker);
	if (w->regions)
		map_free(w->regions, drop_region);
	free(w->private_orgs);
	free(w);
}

struct gw_region *world_region(const struct world *w, uint32_t id)
{
	return map_get(w->regions, id);
}

struct gw_checker *world_checker(const struct world *w, uint64_t id)
{
	return map_get(w->checkers, id);
}

struct gw_checker *world_checker_by_uuid(const struct world *w, const uint8_t uuid[16])
{
	struct gw_checker *c = map_get(w->uuids, map_key_id(uuid));
	return c && memcmp(c->uuid, uuid, 16) == 0 ? c : NULL;
}

struct gw_monitor *world_monitor(const struct world *w, uint64_t id)
{
	return map_get(w->monitors, id);
}

struct gw_slot *world_slot(const struct world *w, uint64_t monitor, const struct gw_region *r)
{
	struct gw_monitor *m = world_monitor(w, monitor);
	for (size_t i = 0; m && i < m->n; i++)
		if (m->slot[i].region == r)
			return &m->slot[i];
	return NULL;
}

static int cmp_u64(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return (x > y) - (x < y);
}

/* The organisation may, and the region is its own: nobody else's network is looked into. */
bool world_private_ok(const struct world *w, const struct gw_slot *s)
{
	uint64_t org = s->mon->org;
	return org == s->region->org && w->n_private > 0 &&
	       bsearch(&org, w->private_orgs, w->n_private, sizeof org, cmp_u64) != NULL;
}

size_t world_checkers(const struct world *w)
{
	return map_len(w->checkers);
}

size_t world_monitors(const struct world *w)
{
	return map_len(w->monitors);
}

/* ---- merging ------------------------------------------------------------------------ */

np_err world_put_region(struct world *w, const struct world_region_row *row)
{
	struct gw_region *r = world_region(w, row->id);
	if (!r) {
		r = np_zalloc(sizeof *r);
		if (!r)
			return NP_E_NOMEM;
		r->id = row->id;
		np_err e = map_put(w->regions, row->id, r, NULL);
		if (e < 0) {
			free(r);
			return e;
		}
	}
	r->org = row->org;
	memcpy(r->name, row->name, sizeof r->name);
	return NP_OK;
}

static np_err add_checker(struct world *w, const struct world_checker_row *row,
			  struct gw_checker **ret)
{
	struct gw_checker *c = np_zalloc(sizeof *c);
	if (!c)
		return NP_E_NOMEM;
	c->id = row->id;
	memcpy(c->uuid, row->uuid, sizeof c->uuid);
	c->hash = asg_member_hash(c->uuid);
	np_err e = map_put(w->checkers, c->id, c, NULL);
	if (e < 0) {
		free(c);
		return e;
	}
	e = map_put(w->uuids, map_key_id(c->uuid), c, NULL);
	if (e < 0) {
		map_del(w->checkers, c->id);
		free(c);
		return e;
	}
	*ret = c;
	return NP_OK;
}

/* A member whose row came after its membership. */
static void join_members(struct world *w, struct gw_checker *c)
{
	struct gw_region *r = c->region;
	for (size_t i = 0; i < r->n_members; i++)
		if (r->members[i] == c->id) {
			c->member = true;
			r->replan = true;
			slots_unsettle(w, r);
			return;
		}
}

np_err world_put_checker(struct world *w, const struct world_checker_row *row)
{
	struct gw_checker *c = world_checker(w, row->id);
	struct gw_region *r = world_region(w, row->region_id);
	bool is_new = !c;
	if (!r)
		return NP_E_NOTFOUND;
	if (is_new) {
		np_err e = add_checker(w, row, &c);
		if (e < 0)
			return e;
	}
	bool ban = row->state == GW_BANNED && c->state != GW_BANNED;
	c->org = row->org;
	c->region = r;
	c->state = row->state;
	memcpy(c->serial, row->serial, sizeof c->serial);
	memcpy(c->next_serial, row->next_serial, sizeof c->next_serial);
	c->not_after_us = row->not_after_us;
	c->next_not_after_us = row->next_not_after_us;
	if (is_new)
		join_members(w, c);
	if (ban)
		w->cfg.banned(w->cfg.ctx, c);
	return NP_OK;
}

static void mark_members(struct world *w, const struct gw_region *r, bool member)
{
	for (size_t i = 0; i < r->n_members; i++) {
		struct gw_checker *c = world_checker(w, r->members[i]);
		if (c && c->region == r)
			c->member = member;
	}
}

np_err world_put_membership(struct world *w, struct world_membership_row *row)
{
	struct gw_region *r = world_region(w, row->region_id);
	if (!r)
		return NP_E_NOTFOUND;
	if (row->number <= r->membership)
		return NP_OK; /* seen already */
	mark_members(w, r, false);
	free(r->members);
	r->members = np_take(row->members);
	r->n_members = row->n;
	r->membership = row->number;
	mark_members(w, r, true);
	r->replan = true;
	slots_unsettle(w, r);
	return NP_OK;
}

static void forget_slots(struct world *w, struct gw_monitor *m)
{
	for (size_t i = 0; i < m->n; i++) {
		slot_own(w, &m->slot[i], NULL);
		slot_leave_region(&m->slot[i]);
	}
}

/* Until it is picked again the monitor stays where it was; a new definition is told anyway. */
static void inherit(struct world *w, struct gw_monitor *old, struct gw_slot *s)
{
	for (size_t i = 0; i < old->n; i++) {
		struct gw_checker *c = old->slot[i].owner;
		if (old->slot[i].region != s->region || !c)
			continue;
		slot_own(w, &old->slot[i], NULL);
		slot_own(w, s, c);
	}
}

np_err world_put_monitor(struct world *w, struct gw_monitor **m)
{
	struct gw_monitor *new = *m, *old = NULL;
	void *was = NULL;
	np_err e = map_put(w->monitors, new->id, new, &was);
	if (e < 0)
		return e;
	*m = NULL;
	old = was;
	for (size_t i = 0; i < new->n; i++) {
		struct gw_slot *s = &new->slot[i];
		struct gw_region *r = world_region(w, new->region_id[i]);
		s->mon = new;
		s->index = (uint8_t)i;
		s->fresh = true;
		if (!r)
			continue;
		slot_join_region(s, r);
		if (old)
			inherit(w, old, s);
		slots_unsettle(w, r);
	}
	if (old) {
		forget_slots(w, old);
		world_monitor_free(old);
	}
	return NP_OK;
}

void world_del_monitor(struct world *w, uint64_t id)
{
	struct gw_monitor *m = map_del(w->monitors, id);
	if (!m)
		return;
	forget_slots(w, m);
	world_monitor_free(m);
}

/* A change of an organisation's right: whoever runs its monitors hears of them again. */
static void tell_all(struct world *w)
{
	size_t pos = 0;
	uint64_t id;
	void *v;
	while (map_next(w->monitors, &pos, &id, &v)) {
		struct gw_monitor *m = v;
		for (size_t i = 0; i < m->n; i++)
			if (m->slot[i].owner)
				w->cfg.changed(w->cfg.ctx, m->slot[i].owner, id);
	}
}

void world_put_private(struct world *w, uint64_t **orgs, size_t n)
{
	bool same = n == w->n_private &&
		    (n == 0 || memcmp(*orgs, w->private_orgs, n * sizeof **orgs) == 0);
	if (same)
		return;
	free(w->private_orgs);
	w->private_orgs = np_take(*orgs);
	w->n_private = n;
	tell_all(w);
}

void world_settle(struct world *w)
{
	while (w->unsettled) {
		struct gw_region *r = w->unsettled;
		w->unsettled = r->unsettled_next;
		r->unsettled = false;
		settle_region(w, r);
	}
}

bool world_is_settled(const struct world *w)
{
	return w->planning == 0;
}

struct gw_monitor *world_monitor_new(size_t regions)
{
	assert(regions <= MON_REGIONS_MAX);
	struct gw_monitor *m = np_zalloc(sizeof *m + regions * sizeof m->slot[0]);
	if (m)
		m->n = regions;
	return m;
}

void world_monitor_free(struct gw_monitor *m)
{
	if (!m)
		return;
	free(m->target);
	free(m->options);
	free(m->assertions);
	free(m);
}
