/* SPDX-License-Identifier: Apache-2.0 */
/* Who runs what: pinned monitors at once, the others by rendezvous hash, here when that is
 * little work and on a worker when it is much (10,000 monitors by 10,000 members are 10^8
 * hashes). While a worker picks, owners stay as they are. */
#include "gateway/plan.h"
#include "gateway/slots.h"

#define INLINE_MAX 100000 /* hashes on the loop's thread: well under a millisecond */

struct job {
	struct world *w;
	struct plan *plan;
};

/* Pinned to a member of this very region: no hash decides. */
static struct gw_checker *pinned_to(const struct world *w, const struct gw_slot *s)
{
	if (s->mon->pinned == 0)
		return NULL;
	struct gw_checker *c = world_checker(w, s->mon->pinned);
	return c && c->region == s->region && c->member ? c : NULL;
}

static void take_members(const struct world *w, const struct gw_region *r, struct plan *p)
{
	p->n_members = 0;
	for (size_t i = 0; i < r->n_members; i++) {
		const struct gw_checker *c = world_checker(w, r->members[i]);
		if (!c)
			continue; /* its row comes with the next read, and with it another plan */
		p->hash[p->n_members] = c->hash;
		p->checker[p->n_members++] = c->id;
	}
}

static struct plan *make_plan(struct world *w, struct gw_region *r)
{
	struct plan *p = plan_new(r->n_members, r->n_slots);
	if (!p)
		return NULL;
	p->region_id = r->id;
	p->membership = r->membership;
	take_members(w, r, p);
	for (struct gw_slot *s = r->slots; s; s = s->region_next) {
		if (!r->replan && !s->fresh)
			continue;
		struct gw_checker *c = pinned_to(w, s);
		s->fresh = false;
		if (c)
			slot_own(w, s, c);
		else
			p->monitor[p->n_monitors++] = s->mon->id;
	}
	r->replan = false;
	return p;
}

static void apply(struct world *w, struct gw_region *r, const struct plan *p)
{
	for (size_t i = 0; i < p->n_monitors; i++) {
		struct gw_slot *s = world_slot(w, p->monitor[i], r);
		if (!s || s->fresh || pinned_to(w, s))
			continue; /* changed meanwhile: picked again anyway */
		slot_own(w, s, p->owner[i] ? world_checker(w, p->owner[i]) : NULL);
	}
}

static void job_run(void *ctx)
{
	struct job *j = ctx;
	plan_run(j->plan);
}

static void job_done(void *ctx)
{
	struct job *j = ctx;
	struct world *w = j->w;
	struct gw_region *r = world_region(w, j->plan->region_id);
	w->planning--;
	if (r && !w->stopped) {
		r->planning = false;
		if (!r->replan)
			apply(w, r, j->plan);
		if (r->unsettled_again) {
			r->unsettled_again = false;
			slots_unsettle(w, r);
		}
	}
	plan_free(j->plan);
	free(j);
	if (w->stopped)
		return;
	world_settle(w);
	w->cfg.settled(w->cfg.ctx);
}

static bool on_worker(struct world *w, struct gw_region *r, struct plan *p)
{
	struct job *j = np_zalloc(sizeof *j);
	if (!j)
		return false;
	*j = (struct job){ .w = w, .plan = p };
	if (loop_work(w->cfg.loop, job_run, job_done, j) < 0) {
		free(j);
		return false;
	}
	r->planning = true;
	w->planning++;
	return true;
}

void settle_region(struct world *w, struct gw_region *r)
{
	if (r->planning) {
		r->unsettled_again = true;
		return;
	}
	struct plan *p = make_plan(w, r);
	if (!p) {
		r->replan = true; /* no memory: with the next change */
		return;
	}
	size_t work = 0;
	if (__builtin_mul_overflow(p->n_members, p->n_monitors, &work))
		work = SIZE_MAX;
	if (work > INLINE_MAX && on_worker(w, r, p))
		return;
	plan_run(p);
	apply(w, r, p);
	plan_free(p);
}
