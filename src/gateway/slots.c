/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/slots.h"

void slot_join_region(struct gw_slot *s, struct gw_region *r)
{
	s->region = r;
	s->region_prev = NULL;
	s->region_next = r->slots;
	if (r->slots)
		r->slots->region_prev = s;
	r->slots = s;
	r->n_slots++;
}

void slot_leave_region(struct gw_slot *s)
{
	struct gw_region *r = s->region;
	if (!r)
		return;
	if (s->region_prev)
		s->region_prev->region_next = s->region_next;
	else
		r->slots = s->region_next;
	if (s->region_next)
		s->region_next->region_prev = s->region_prev;
	r->n_slots--;
	s->region = NULL;
}

static void leave_bucket(struct gw_slot *s)
{
	struct gw_checker *c = s->owner;
	if (s->owned_prev)
		s->owned_prev->owned_next = s->owned_next;
	else
		c->owned = s->owned_next;
	if (s->owned_next)
		s->owned_next->owned_prev = s->owned_prev;
	s->owned_next = s->owned_prev = NULL;
	c->n_owned--;
	c->on_shard[mon_shard(s->mon->id)]--;
	s->owner = NULL;
}

static void join_bucket(struct gw_slot *s, struct gw_checker *c)
{
	s->owner = c;
	s->owned_prev = NULL;
	s->owned_next = c->owned;
	if (c->owned)
		c->owned->owned_prev = s;
	c->owned = s;
	c->n_owned++;
	c->on_shard[mon_shard(s->mon->id)]++;
}

void slot_own(struct world *w, struct gw_slot *s, struct gw_checker *c)
{
	struct gw_checker *was = s->owner;
	if (was == c)
		return;
	if (was)
		leave_bucket(s);
	if (c)
		join_bucket(s, c);
	if (was)
		w->cfg.changed(w->cfg.ctx, was, s->mon->id);
	if (c)
		w->cfg.changed(w->cfg.ctx, c, s->mon->id);
}

void slots_unsettle(struct world *w, struct gw_region *r)
{
	if (r->unsettled)
		return;
	r->unsettled = true;
	r->unsettled_next = w->unsettled;
	w->unsettled = r;
}
