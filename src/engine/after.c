/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/after.h"

#include "base/str.h"
#include "engine/fxstep.h"

/* What one organisation gets to hear. */
struct part {
	struct fx_row row;
	Np__I1__LiveGroup msg;
	size_t states, incidents, notes; /* counted first, then allocated */
};
struct maker {
	struct group *g;
	struct fx *x;
	struct map *parts; /* org -> struct part */
	struct fx_list list;
};

static struct part *part_of(struct maker *k, uint64_t org)
{
	struct part *p = map_get(k->parts, org);
	if (p)
		return p;
	p = fx_alloc(k->x, sizeof *p);
	if (!p || map_put(k->parts, org, p, NULL) < 0) {
		k->x->err = NP_E_NOMEM;
		return NULL;
	}
	p->msg = (Np__I1__LiveGroup)NP__I1__LIVE_GROUP__INIT;
	p->msg.org = org;
	fx_push(&k->list, &p->row);
	return p;
}

/* ---- rows of monitor_state, as they are now ---- */

static void describe(struct fx *x, struct fx_mon *w)
{
	struct mon *m = w->mon;
	int64_t now_us = m->st.at_us;
	w->evidence = fx_alloc(x, sizeof *w->evidence);
	if (!w->evidence)
		return;
	mst_evidence(&m->def, &m->st, now_us, w->evidence);
	fxstep_why(x, m, now_us, &w->why, &w->detail);
	mst_encode(&m->st, &x->text);
	w->core = fx_take_text(x);
	m->stored_us = now_us;
}

static void each_mon(struct maker *k)
{
	for (struct fx_row *r = k->x->mons.first; r; r = r->next) {
		struct fx_mon *w = NP_CONTAINER_OF(r, struct fx_mon, row);
		memcpy(w->strip, w->mon->strip, sizeof w->strip);
		if (w->store && w->mon->st.revision != 0)
			describe(k->x, w);
		else
			w->store = w->show = false;
	}
}

/* ---- counting, then filling ---- */

static void count(struct maker *k)
{
	struct part *p;
	for (struct fx_row *r = k->x->mons.first; r; r = r->next) {
		const struct fx_mon *w = NP_CONTAINER_OF(r, struct fx_mon, row);
		if (w->show && (p = part_of(k, w->org)))
			p->states++;
	}
	for (struct fx_row *r = k->x->events.first; r; r = r->next)
		if ((p = part_of(k, NP_CONTAINER_OF(r, struct fx_event, row)->mon->org)))
			p->incidents++;
	for (struct fx_row *r = k->x->outcomes.first; r; r = r->next)
		if ((p = part_of(k, NP_CONTAINER_OF(r, struct fx_outcome, row)->org)))
			p->notes++;
}

static void reserve(struct maker *k)
{
	for (struct fx_row *r = k->list.first; r; r = r->next) {
		struct part *p = NP_CONTAINER_OF(r, struct part, row);
		p->msg.states = fx_alloc(k->x, (p->states + 1) * sizeof *p->msg.states);
		p->msg.incidents = fx_alloc(k->x, (p->incidents + 1) * sizeof *p->msg.incidents);
		p->msg.notes = fx_alloc(k->x, (p->notes + 1) * sizeof *p->msg.notes);
	}
}

static ProtobufCBinaryData id_of(struct fx *x, const uint8_t id[16])
{
	uint8_t *own = fx_alloc(x, 16);
	if (!own)
		return (ProtobufCBinaryData){ 0 };
	memcpy(own, id, 16);
	return (ProtobufCBinaryData){ 16, own };
}

static void add_state(struct maker *k, struct fx_mon *w)
{
	struct part *p = part_of(k, w->org);
	Np__I1__LiveState *s = fx_alloc(k->x, sizeof *s);
	if (!p || !s || !w->evidence)
		return;
	const struct inc *i = &w->mon->st.inc;
	*s = (Np__I1__LiveState)NP__I1__LIVE_STATE__INIT;
	s->monitor_id = (ProtobufCBinaryData){ sizeof w->id, w->id };
	s->monitor = w->no;
	s->state = i->state;
	s->since_us = i->since_us;
	s->partial = i->partial;
	s->degraded = i->degraded;
	s->why = fx_c(w->why);
	s->failing = w->evidence->f;
	s->assigned = w->evidence->n;
	s->shard = mon_shard(w->no);
	s->removed = w->removed;
	s->changed = w->redefined;
	p->msg.states[p->msg.n_states++] = s;
}

static void add_incident(struct maker *k, const struct fx_event *e)
{
	struct part *p = part_of(k, e->mon->org);
	Np__I1__LiveIncident *i = fx_alloc(k->x, sizeof *i);
	if (!p || !i)
		return;
	*i = (Np__I1__LiveIncident)NP__I1__LIVE_INCIDENT__INIT;
	i->incident_id = id_of(k->x, e->incident);
	i->monitor_id = id_of(k->x, e->mon->id);
	i->kind = fx_c(str_from_c(e->kind));
	i->state = fx_c(str_from_c(e->state));
	i->at_us = e->at_us;
	p->msg.incidents[p->msg.n_incidents++] = i;
}

static void add_note(struct maker *k, const struct fx_outcome *o)
{
	struct part *p = part_of(k, o->org);
	Np__I1__LiveNote *n = fx_alloc(k->x, sizeof *n);
	if (!p || !n)
		return;
	*n = (Np__I1__LiveNote)NP__I1__LIVE_NOTE__INIT;
	n->inbox_id = id_of(k->x, o->id);
	n->applied = o->applied;
	n->reason = fx_c(o->reason);
	p->msg.notes[p->msg.n_notes++] = n;
}

static void fill(struct maker *k)
{
	for (struct fx_row *r = k->x->mons.first; r; r = r->next) {
		struct fx_mon *w = NP_CONTAINER_OF(r, struct fx_mon, row);
		if (w->show)
			add_state(k, w);
	}
	for (struct fx_row *r = k->x->events.first; r; r = r->next)
		add_incident(k, NP_CONTAINER_OF(r, struct fx_event, row));
	for (struct fx_row *r = k->x->outcomes.first; r; r = r->next)
		add_note(k, NP_CONTAINER_OF(r, struct fx_outcome, row));
}

np_err after_build(struct group *g)
{
	struct maker k = { .g = g, .x = g->fx, .parts = map_new(1 << 20) };
	if (!k.parts)
		return NP_E_NOMEM;
	g->after = (Np__I1__LiveMsg)NP__I1__LIVE_MSG__INIT;
	each_mon(&k);
	count(&k);
	reserve(&k);
	if (k.x->err == NP_OK)
		fill(&k);
	g->after.groups = fx_alloc(k.x, (k.list.n + 1) * sizeof *g->after.groups);
	for (struct fx_row *r = k.list.first; r && k.x->err == NP_OK; r = r->next)
		g->after.groups[g->after.n_groups++] = &NP_CONTAINER_OF(r, struct part, row)->msg;
	map_free(k.parts, NULL);
	return k.x->err;
}
