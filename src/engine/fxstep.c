/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/fxstep.h"

#include "base/str.h"
#include "core/why.h"

struct maker { /* one call of fxstep_add */
	struct fx *x;
	struct mon *m;
	const struct step *step;
	const struct fxstep_cause *cause;
	struct vd_evidence evidence; /* of the step, or of now */
	bool has_evidence;
};

static struct why_facts facts_of(const struct fx *x, const struct mon *m, int64_t now_us)
{
	struct why_facts f = { .now_us = now_us,
			       .region_name = m->doc.region_name,
			       .acked_by = str_from_c(m->acked_by),
			       .kept = true };
	if (!x->facts || !x->facts->channels)
		return f;
	size_t known = (size_t)(uintptr_t)map_get(x->facts->channels, m->org);
	f.channels_known = true;
	f.channels = known > 0 ? (uint32_t)(known - 1) : 0;
	if (m->doc.channels && str_eq_c(NP_STR("[]"), m->doc.channels))
		f.channels = 0;
	return f;
}

void fxstep_why(struct fx *x, const struct mon *m, int64_t now_us, np_str *ret_why,
		np_str *ret_detail)
{
	struct why_facts f = facts_of(x, m, now_us);
	struct why w;
	why_of(&m->def, &m->st, &f, &w);
	why_sentence(&w, &f, &x->text);
	*ret_why = fx_take_text(x);
	struct jsonw j;
	jsonw_init(&j, &x->text);
	why_json(&w, &f, &j);
	*ret_detail = fx_take_text(x);
}

static const struct vd_evidence *evidence(struct maker *k)
{
	if (k->step->has_evidence)
		return &k->step->evidence;
	if (!k->has_evidence)
		mst_evidence(&k->m->def, &k->m->st, k->cause->at_us, &k->evidence);
	k->has_evidence = true;
	return &k->evidence;
}

static np_str evidence_sentence(struct maker *k)
{
	struct why_facts f = facts_of(k->x, k->m, k->cause->at_us);
	why_evidence_sentence(evidence(k), &f, &k->x->text);
	return fx_take_text(k->x);
}

static np_str evidence_json(struct maker *k)
{
	struct why_facts f = facts_of(k->x, k->m, k->cause->at_us);
	struct jsonw j;
	jsonw_init(&j, &k->x->text);
	why_evidence_json(evidence(k), &f, &j);
	return fx_take_text(k->x);
}

/* ---- incidents ---- */

static const char *incident_state(const struct mon *m)
{
	if (!m->st.inc.open)
		return "resolved";
	return m->st.inc.acked ? "acknowledged" : "open";
}

static struct fx_incident *incident(struct maker *k)
{
	struct fx_mon *w = fx_touch(k->x, k->m);
	if (!w)
		return NULL;
	uint8_t id[16];
	mon_incident_id(k->m, id);
	if (w->incident && memcmp(w->incident->id, id, sizeof id) == 0) {
		w->incident->state = incident_state(k->m);
		return w->incident;
	}
	struct fx_incident *i = fx_alloc(k->x, sizeof *i);
	if (!i)
		return NULL;
	i->mon = k->m;
	memcpy(i->id, id, sizeof id);
	i->state = incident_state(k->m);
	w->incident = i;
	fx_push(&k->x->incidents, &i->row);
	return i;
}

static void audit(struct maker *k, const char *act, const char *key, int64_t at_us)
{
	struct fx_audit *a = fx_alloc(k->x, sizeof *a);
	if (!a)
		return;
	uint8_t id[16];
	mon_incident_id(k->m, id);
	a->org = k->m->org;
	a->at_us = k->cause->at_us;
	a->act = act;
	fx_uuid_text(id, &k->x->text);
	a->subject = fx_take_text(k->x);
	struct jsonw j;
	jsonw_init(&j, &k->x->text);
	jsonw_obj(&j);
	jsonw_key(&j, "monitor");
	jsonw_uuid(&j, k->m->id);
	jsonw_ktime(&j, key, at_us);
	jsonw_obj_end(&j);
	a->after = fx_take_text(k->x);
	fx_push(&k->x->audits, &a->row);
}

static void on_open(struct maker *k, const struct step_action *a)
{
	struct fx_incident *i = incident(k);
	if (!i)
		return;
	i->fresh = true;
	i->opened_us = a->open.at_us;
	i->decided_us = k->cause->at_us;
	i->why = evidence_sentence(k);
	i->detail = evidence_json(k);
	memcpy(i->parent, k->m->parent_incident, sizeof i->parent);
	audit(k, "incident.open", "opened_at", a->open.at_us);
}

static void on_close(struct maker *k, const struct step_action *a)
{
	struct fx_incident *i = incident(k);
	if (!i)
		return;
	i->closed_us = a->close.at_us;
	i->close_reason = str_from_c(step_close_words(a->close.reason));
	audit(k, "incident.close", "closed_at", a->close.at_us);
}

/* The row's acknowledgement follows these events only: closing keeps who had it. */
static void sync_ack(struct maker *k, enum step_event kind)
{
	bool on = kind == STEP_EV_ACKNOWLEDGED;
	if (!on && kind != STEP_EV_UNACKNOWLEDGED && kind != STEP_EV_LAPSED &&
	    kind != STEP_EV_REOPENED)
		return;
	struct fx_incident *i = incident(k);
	if (!i)
		return;
	i->ack_set = true;
	i->acked_us = on ? k->cause->at_us : 0;
	i->acked_by = on ? fx_copy(k->x, k->cause->actor) : (np_str){ 0 };
}

static np_str event_reason(struct maker *k, const struct step_action *a)
{
	if (k->cause->note.n > 0)
		return fx_copy(k->x, k->cause->note);
	if (a->event.kind == STEP_EV_RESOLVED)
		return str_from_c(step_close_words(a->event.reason));
	return evidence_sentence(k);
}

static void on_event(struct maker *k, const struct step_action *a)
{
	struct fx_event *e = fx_alloc(k->x, sizeof *e);
	if (!e)
		return;
	bool person = k->cause->actor.n > 0;
	e->mon = k->m;
	mon_incident_id(k->m, e->incident);
	e->number = a->event.number;
	e->at_us = a->event.at_us ? a->event.at_us : k->cause->at_us;
	e->kind = step_event_name(a->event.kind);
	e->state = incident_state(k->m);
	e->actor = person ? fx_copy(k->x, k->cause->actor) : NP_STR(FX_ORIGIN_ENGINE);
	e->origin = person ? fx_copy(k->x, k->cause->origin) : NP_STR(FX_ORIGIN_ENGINE);
	e->reason = event_reason(k, a);
	e->detail = evidence_json(k);
	fx_push(&k->x->events, &e->row);
	sync_ack(k, a->event.kind);
}

/* ---- notices ---- */

static void put_incident(struct maker *k, np_str why, struct jsonw *j)
{
	const struct inc *i = &k->m->st.inc;
	uint8_t id[16];
	mon_incident_id(k->m, id);
	jsonw_key(j, "incident");
	jsonw_obj(j);
	jsonw_key(j, "id");
	jsonw_uuid(j, id);
	jsonw_ktime(j, "opened_at", i->opened_us);
	if (!i->open)
		jsonw_ktime(j, "closed_at", i->closed_us);
	jsonw_kc(j, "state", incident_state(k->m));
	jsonw_kstr(j, "why", why);
	jsonw_obj_end(j);
}

static void put_monitor(const struct mon *m, struct jsonw *j)
{
	jsonw_key(j, "monitor");
	jsonw_obj(j);
	jsonw_key(j, "id");
	jsonw_uuid(j, m->id);
	jsonw_kc(j, "name", m->doc.name);
	jsonw_kc(j, "kind", mon_kind_name(m->def.kind));
	jsonw_kc(j, "target", m->doc.target);
	jsonw_obj_end(j);
}

static np_str notice_why(struct maker *k, enum step_notice kind)
{
	np_str seen = evidence_sentence(k);
	if (kind != STEP_N_RESOLVED && kind != STEP_N_ACKNOWLEDGED)
		return seen;
	if (kind == STEP_N_ACKNOWLEDGED)
		(void)buf_printf(&k->x->text, "Acknowledged by %.*s. ", NP_FMT(k->cause->actor));
	for (uint32_t a = 0; kind == STEP_N_RESOLVED && a < k->step->n; a++)
		if (k->step->action[a].kind == STEP_INCIDENT_CLOSE)
			(void)buf_printf(&k->x->text, "Closed: %s. ",
					 step_close_words(k->step->action[a].close.reason));
	(void)buf_add(&k->x->text, seen);
	return fx_take_text(k->x);
}

static np_str notice_body(struct maker *k, const struct step_action *a, bool of_incident)
{
	enum step_notice kind = a->notice.kind;
	np_str why = notice_why(k, kind), seen = evidence_json(k);
	struct jsonw j;
	jsonw_init(&j, &k->x->text);
	jsonw_obj(&j);
	jsonw_kc(&j, "kind", step_notice_name(kind));
	if (of_incident)
		put_incident(k, why, &j);
	put_monitor(k->m, &j);
	jsonw_kstr(&j, "why", why);
	jsonw_ktime(&j, "at", k->cause->at_us);
	jsonw_kc(&j, "provenance", mon_provenance_name(k->m->def.provenance));
	jsonw_kc(&j, "severity", mon_severity_name(k->m->def.severity));
	if (kind == STEP_N_ESCALATION)
		jsonw_ki64(&j, "level", a->notice.level + 1);
	jsonw_key(&j, "evidence");
	jsonw_raw(&j, seen);
	jsonw_obj_end(&j);
	return fx_take_text(k->x);
}

/* These go only to channels that heard of it before, by one of these kinds: also to one that came
 * later and had but a reminder. */
static const char *told_before(enum step_notice kind)
{
	if (kind == STEP_N_ACKNOWLEDGED || kind == STEP_N_RESOLVED)
		return "[\"opened\",\"escalation\",\"reminder\",\"stale\",\"reopened\"]";
	return kind == STEP_N_DATA_BACK ? "[\"nodata\"]" : NULL;
}

static const char *channels_of(const struct mon *m, const struct step_action *a)
{
	if (a->notice.kind != STEP_N_ESCALATION)
		return m->doc.channels;
	/* A definition with fewer levels came between: then nobody is named. */
	const char *own = m->doc.level_channels[a->notice.level % MON_LEVELS_MAX];
	return own ? own : "[]";
}

/* The entry of this notice: what was held a moment ago, in the same group, becomes the one
 * that is told. */
static struct fx_notice *notice(struct maker *k, const struct step_action *a)
{
	struct fx_notice new = { .mon = k->m,
				 .of_incident = a->incident != 0,
				 .kind = step_notice_name(a->notice.kind),
				 .event = a->notice.number };
	if (new.of_incident)
		mon_incident_id(k->m, new.subject);
	else
		memcpy(new.subject, k->m->id, sizeof new.subject);
	for (struct fx_row *r = k->x->notices.first; r; r = r->next) {
		struct fx_notice *n = NP_CONTAINER_OF(r, struct fx_notice, row);
		if (n->mon == k->m && n->event == new.event &&
		    n->kind == new.kind &&memcmp(n->subject, new.subject, sizeof new.subject) == 0)
			return n;
	}
	struct fx_notice *n = fx_alloc(k->x, sizeof *n);
	if (!n)
		return NULL;
	*n = new;
	fx_push(&k->x->notices, &n->row);
	return n;
}

static void on_notice(struct maker *k, const struct step_action *a)
{
	struct fx_notice *n = notice(k, a);
	if (!n)
		return;
	n->after = told_before(a->notice.kind);
	n->at_us = k->cause->at_us;
	n->body = notice_body(k, a, n->of_incident);
	n->channels = fx_copy(k->x, str_from_c(channels_of(k->m, a)));
	n->held = a->notice.hold == STEP_HOLD_NONE ? (np_str){ 0 }
						   : str_from_c(step_hold_name(a->notice.hold));
}

/* ---- the rest ---- */

static void on_check(struct maker *k, const struct step_action *a)
{
	for (uint32_t i = 0; i < k->m->def.region_n; i++) {
		if (!(a->check.mask >> i & 1))
			continue;
		struct fx_job *j = fx_alloc(k->x, sizeof *j);
		if (!j)
			return;
		j->monitor = k->m->no;
		j->revision = k->m->def.revision;
		j->region = k->m->def.region[i];
		j->asked_us = k->cause->at_us;
		fx_push(&k->x->jobs, &j->row);
	}
}

/* Its owner may be another engine: the way is a command, as for people. */
static void on_check_parent(struct maker *k)
{
	struct fx_ask *a = fx_alloc(k->x, sizeof *a);
	if (!a)
		return;
	a->org = k->m->org;
	memcpy(a->monitor, k->m->doc.parent, sizeof a->monitor);
	a->at_us = k->cause->at_us;
	fx_push(&k->x->asks, &a->row);
}

static void on_state(struct maker *k, const struct step_action *a)
{
	struct fx_mon *w = fx_touch(k->x, k->m);
	if (!w)
		return;
	/* A state that lasted no time at all is no history. */
	struct fx_change *c = w->change;
	if (!c || c->at_us != k->cause->at_us) {
		c = fx_alloc(k->x, sizeof *c);
		if (!c)
			return;
		fx_push(&k->x->changes, &c->row);
		w->change = c;
	}
	c->mon = k->m;
	c->at_us = k->cause->at_us;
	c->state = a->state.to;
	c->partial = a->state.partial;
	c->degraded = a->state.degraded;
	fxstep_why(k->x, k->m, k->cause->at_us, &c->why, &c->detail);
	w->store = w->show = true;
}

void fxstep_timer(struct fx *x, struct mon *m, enum tmr_kind kind)
{
	/* The end of votes is found again from the state: its row would move all the time. */
	if (kind == TMR_STALE || kind == TMR_HOLD)
		return;
	struct fx_mon *w = fx_touch(x, m);
	if (!w)
		return;
	w->timers |= UINT32_C(1) << kind;
	w->store = true;
}

void fxstep_add(struct fx *x, struct mon *m, const struct step *step,
		const struct fxstep_cause *cause)
{
	struct maker k = { .x = x, .m = m, .step = step, .cause = cause };
	for (uint32_t i = 0; i < step->n; i++) {
		const struct step_action *a = &step->action[i];
		switch (a->kind) {
		case STEP_SET_TIMER:
		case STEP_CANCEL_TIMER:
			fxstep_timer(x, m, a->timer.kind);
			break;
		case STEP_INCIDENT_OPEN:
			on_open(&k, a);
			break;
		case STEP_INCIDENT_CLOSE:
			on_close(&k, a);
			break;
		case STEP_INCIDENT_EVENT:
			on_event(&k, a);
			break;
		case STEP_NOTICE:
			on_notice(&k, a);
			break;
		case STEP_CHECK_NOW:
			on_check(&k, a);
			break;
		case STEP_CHECK_PARENT:
			on_check_parent(&k);
			break;
		case STEP_STATE:
			on_state(&k, a);
			break;
		case STEP_BLIP: /* counted in the state itself */
		case STEP_KIND_N:
			break;
		}
	}
}
