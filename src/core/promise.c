/* SPDX-License-Identifier: Apache-2.0 */
#include "core/promise.h"

#include <string.h>

/* Is a timer armed that will bring the open incident on? */
static bool prm_has_next_step(const struct inc *i)
{
	static const enum tmr_kind its[] = { TMR_RECOVER, TMR_REMINDER, TMR_REVIEW,
					     TMR_REOPEN,  TMR_ESCALATE, TMR_RELEASE };
	for (size_t k = 0; k < NP_LEN(its); k++)
		if (tmr_is_armed(&i->timers, its[k]))
			return true;
	return false;
}

/* ---- incidents ---- */

static uint32_t count_say(const struct vd_evidence *e, enum vote_say say)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < e->n; i++)
		n += e->region[i].out == VD_COUNTS && e->region[i].say == say;
	return n;
}

/* Attempts of the last look that failed, this event's included. */
static uint32_t look_failures(const struct promise_step *s)
{
	bool fails = s->event->kind == MST_RESULT && s->event->result.status == RES_FAIL;
	return look_failed(&s->before->inc.look) + fails;
}

static const char *on_open(struct promise *p, const struct promise_step *s,
			   const struct step_action *a)
{
	enum mst_event_kind kind = s->event->kind;
	if (p->open)
		return "an incident opened while one was open";
	if (a->incident != p->ordinal + 1)
		return "an incident's ordinal was skipped or repeated";
	if (kind != MST_RESULT && kind != MST_TIMER)
		return "an incident opened without a last look";
	if (count_say(&s->step->evidence, VOTE_FAIL) < s->step->evidence.q)
		return "an incident opened though fewer than the quorum fail";
	if (look_failures(s) < s->step->evidence.q)
		return "an incident opened though the last look did not fail";
	if (a->open.at_us > s->after->at_us)
		return "an incident opened in the future";
	if (a->open.at_us < p->closed_us)
		return "an incident overlaps the one before it";
	p->open = true;
	p->told = false;
	p->ordinal = a->incident;
	p->opened_us = a->open.at_us;
	p->event_no = 0;
	memset(p->last_sent, 0, sizeof p->last_sent);
	return NULL;
}

/* Only passes recover: of a majority of all assigned regions, and against fewer failures, gone
 * regions' included, than the quorum. */
static const char *unearned(const struct vd_evidence *e)
{
	uint32_t gone = 0, majority = e->n / 2u + 1;
	for (uint32_t i = 0; i < e->n; i++)
		gone += e->region[i].out != VD_COUNTS && e->region[i].said_fail;
	if (count_say(e, VOTE_OK) < majority)
		return "an incident was resolved by missing data";
	if (count_say(e, VOTE_FAIL) + gone >= e->q)
		return "an incident was resolved by silence of who said FAIL";
	return NULL;
}

static const char *on_close(struct promise *p, const struct promise_step *s,
			    const struct step_action *a)
{
	bool by_itself =
		a->close.reason == STEP_CLOSE_RECOVERED || a->close.reason == STEP_CLOSE_WITHDRAWN;
	if (!p->open)
		return "an incident closed that was not open";
	if (a->incident != p->ordinal)
		return "another incident closed than the open one";
	if (a->close.at_us < p->opened_us)
		return "an incident closed before it opened";
	if (a->close.at_us > s->after->at_us)
		return "an incident closed in the future";
	p->open = false;
	p->closed_us = a->close.at_us;
	return by_itself ? unearned(&s->step->evidence) : NULL;
}

/* ---- notices ---- */

static const char *must_be_held(const struct inc *i, enum step_notice k)
{
	bool urges = k == STEP_N_REMINDER || k == STEP_N_ESCALATION;
	if (!urges && k != STEP_N_OPENED && k != STEP_N_STALE && k != STEP_N_FLAPPING)
		return NULL;
	if (i->maintenance)
		return "a notice went out inside maintenance";
	if (i->suppressed)
		return "a notice went out while the parent is down";
	if (i->quiet)
		return "a notice went out in quiet hours";
	if (i->flapping && k != STEP_N_OPENED && k != STEP_N_FLAPPING)
		return "a notice went out while flapping";
	if (urges && (i->acked || i->by_hand || i->state == STEP_RECOVERING))
		return "a reminder went out that nobody should get";
	return NULL;
}

static const char *on_notice(struct promise *p, const struct promise_step *s,
			     const struct step_action *a)
{
	enum step_notice k = a->notice.kind;
	bool never_held = k == STEP_N_ACKNOWLEDGED || k == STEP_N_RESOLVED;
	if (a->notice.hold != STEP_HOLD_NONE)
		return never_held ? "a notice was held that is never held" : NULL;
	if (a->incident != 0 && a->incident != p->ordinal)
		return "a notice about another incident than the newest";
	if (k == STEP_N_OPENED && (a->notice.number != 1 || p->told))
		return "`opened` went out twice";
	uint32_t *last = a->incident != 0 ? p->last_sent : p->last_episode;
	if (a->notice.number + 1 <= last[k])
		return "a notice has the number of an earlier one";
	last[k] = a->notice.number + 1;
	if (k == STEP_N_OPENED)
		p->told = true;
	return must_be_held(&s->after->inc, k);
}

static const char *on_event(struct promise *p, const struct step_action *a)
{
	if (a->incident != p->ordinal)
		return "an event of another incident than the newest";
	return a->event.number == ++p->event_no ? NULL : "event numbers have a gap";
}

/* ---- check-now ---- */

static bool is_answer(const struct promise_step *s, const struct vote *v)
{
	return s->event->kind == MST_RESULT &&
	       vote_is_asked(s->def, v, s->event->result.attempt, s->after->at_us);
}

static const char *on_check(struct promise *p, const struct promise_step *s,
			    const struct step_action *a)
{
	int64_t gap_us = s->def->retry_interval_ms * NP_MS_US;
	if (a->check.mask >> s->after->region_n != 0)
		return "a region was asked that is not there";
	for (uint32_t i = 0; i < s->before->region_n && !a->check.exempt; i++)
		if (s->event->kind == MST_RESULT && s->before->region[i] == s->event->region &&
		    is_answer(s, &s->before->vote[i]))
			return "the answer to a check-now caused a check-now";
	for (uint32_t i = 0; i < s->after->region_n; i++) {
		if ((a->check.mask & UINT32_C(1) << i) == 0)
			continue;
		if (!a->check.exempt && s->event->kind != MST_RULES &&
		    s->event->kind != MST_COMMAND && p->asked_us[i] != 0 &&
		    s->after->at_us < p->asked_us[i] + gap_us)
			return "a region was asked again within retry_interval";
		p->asked_us[i] = s->after->at_us;
	}
	return NULL;
}

static const char *on_action(struct promise *p, const struct promise_step *s,
			     const struct step_action *a)
{
	switch (a->kind) {
	case STEP_INCIDENT_OPEN:
		return on_open(p, s, a);
	case STEP_INCIDENT_CLOSE:
		return on_close(p, s, a);
	case STEP_INCIDENT_EVENT:
		return on_event(p, a);
	case STEP_NOTICE:
		return on_notice(p, s, a);
	case STEP_CHECK_NOW:
		return on_check(p, s, a);
	case STEP_BLIP:
		return a->blip.to_us < a->blip.from_us ? "a blip of negative length" : NULL;
	case STEP_SET_TIMER:
	case STEP_CANCEL_TIMER:
	case STEP_CHECK_PARENT:
	case STEP_STATE:
	case STEP_KIND_N:
		break;
	}
	return NULL;
}

/* ---- one step as a whole ---- */

static uint32_t count_kind(const struct step *s, enum step_kind kind)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->n; i++)
		n += s->action[i].kind == kind;
	return n;
}

static uint32_t count_notice(const struct step *s, enum step_notice kind)
{
	uint32_t n = 0;
	for (uint32_t i = 0; i < s->n; i++)
		n += s->action[i].kind == STEP_NOTICE && s->action[i].notice.kind == kind;
	return n;
}

/* Exactly one row of the outbox, held or not, for each transition that tells. */
static const char *rows_of_transitions(const struct step *s)
{
	uint32_t opened = count_kind(s, STEP_INCIDENT_OPEN);
	uint32_t closed = count_kind(s, STEP_INCIDENT_CLOSE);
	if (opened > 0 && count_notice(s, STEP_N_OPENED) != opened)
		return "an incident opened without exactly one notice";
	if (count_notice(s, STEP_N_RESOLVED) != closed)
		return "an incident closed without exactly one notice";
	return count_notice(s, STEP_N_OPENED) > 1 ? "two `opened` in one step" : NULL;
}

/* opened_at is the attempt that completed the quorum: with it q regions fail, before it fewer. */
static const char *quorum_time(const struct promise_step *s)
{
	const struct inc *i = &s->after->inc;
	uint32_t before = 0, with = 0;
	if (i->state != STEP_SUSPECT || s->before->inc.state == STEP_SUSPECT)
		return NULL;
	for (uint32_t r = 0; r < s->after->region_n; r++) {
		const struct vote *v = &s->after->vote[r];
		if (s->step->evidence.region[r].out != VD_COUNTS || v->say != VOTE_FAIL)
			continue;
		before += v->failed_us < i->quorum_us;
		with += v->failed_us <= i->quorum_us;
	}
	return before < s->step->evidence.q && with >= s->step->evidence.q
		       ? NULL
		       : "the beginning is not the attempt that completed the quorum";
}

static bool has_timer(const struct inc *i)
{
	enum tmr_kind k = TMR_N;
	return tmr_next(&i->timers, &k);
}

static const char *state_of(const struct promise *p, const struct inc *i)
{
	const struct tmr_set *t = &i->timers;
	if (i->open != (i->state == STEP_DOWN || i->state == STEP_RECOVERING))
		return "an open incident does not fit the state";
	if (i->open != p->open)
		return "the state and the actions disagree about an open incident";
	if (i->open && !prm_has_next_step(i))
		return "an open incident has no due timer";
	if (i->open && i->told != p->told)
		return "the state and the notices disagree about being told";
	if (i->state == STEP_SUSPECT && !tmr_is_armed(t, TMR_CONFIRM) && !tmr_is_armed(t, TMR_LOOK))
		return "suspect without a timer that decides";
	if (i->state == STEP_RECOVERING && !tmr_is_armed(t, TMR_RECOVER))
		return "recovering without a timer that closes";
	if (i->state == STEP_PAUSED && has_timer(i))
		return "a timer of a paused monitor";
	if (!i->open && (i->acked || i->told || i->by_hand || i->suppressed))
		return "flags of an incident that is closed";
	return !i->open && prm_has_next_step(i) ? "a timer of an incident that is closed" : NULL;
}

/* An untold open incident that nothing holds must have been told by now. */
static const char *silence(const struct inc *i)
{
	bool owed = i->open && !i->told && !i->by_hand;
	return owed && inc_hold(i, STEP_N_OPENED) == STEP_HOLD_NONE
		       ? "an open incident that nothing holds is untold"
		       : NULL;
}

static const char *asked_moved(struct promise *p, const struct promise_step *s)
{
	int64_t was[MON_REGIONS_MAX];
	memcpy(was, p->asked_us, sizeof was);
	for (uint32_t i = 0; s->event->kind == MST_RULES && i < s->after->region_n; i++) {
		p->asked_us[i] = 0;
		for (uint32_t k = 0; k < s->before->region_n; k++)
			if (s->before->region[k] == s->after->region[i])
				p->asked_us[i] = was[k];
	}
	return NULL;
}

const char *prm_check(struct promise *p, const struct promise_step *s)
{
	const char *why = asked_moved(p, s);
	for (uint32_t i = 0; i < s->step->n && why == NULL; i++)
		why = on_action(p, s, &s->step->action[i]);
	if (why == NULL)
		why = rows_of_transitions(s->step);
	if (why == NULL)
		why = quorum_time(s);
	if (why == NULL)
		why = state_of(p, &s->after->inc);
	return why != NULL ? why : silence(&s->after->inc);
}
