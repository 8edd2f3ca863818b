/* SPDX-License-Identifier: Apache-2.0 */
#include "core/step.h"

#include "base/str.h"

static const char *const state_names[] = {
	[STEP_PENDING] = "pending",       [STEP_UP] = "up",
	[STEP_SUSPECT] = "suspect",       [STEP_DOWN] = "down",
	[STEP_RECOVERING] = "recovering", [STEP_NODATA] = "nodata",
	[STEP_PAUSED] = "paused",
};
static_assert(NP_LEN(state_names) == STEP_STATE_N, "name every state");

static const char *const event_names[] = {
	[STEP_EV_OPENED] = "opened",
	[STEP_EV_ACKNOWLEDGED] = "acknowledged",
	[STEP_EV_UNACKNOWLEDGED] = "unacknowledged",
	[STEP_EV_LAPSED] = "lapsed",
	[STEP_EV_REMINDER] = "reminder",
	[STEP_EV_RECOVERING] = "recovering",
	[STEP_EV_RELAPSED] = "relapsed",
	[STEP_EV_RESOLVED] = "resolved",
	[STEP_EV_BY_HAND] = "by_hand",
	[STEP_EV_REOPENED] = "reopened",
	[STEP_EV_STALE] = "stale",
	[STEP_EV_EVIDENCE] = "evidence",
	[STEP_EV_WITHDRAWN] = "withdrawn",
	[STEP_EV_RULES] = "rules",
	[STEP_EV_NOTE] = "note",
	[STEP_EV_MAINTENANCE_ON] = "maintenance_on",
	[STEP_EV_MAINTENANCE_OFF] = "maintenance_off",
	[STEP_EV_FLAPPING_ON] = "flapping_on",
	[STEP_EV_FLAPPING_OFF] = "flapping_off",
	[STEP_EV_SUPPRESSED] = "suppressed",
	[STEP_EV_RELEASED] = "released",
	[STEP_EV_ESCALATED] = "escalated",
	[STEP_EV_RETARGETED] = "retargeted",
	[STEP_EV_QUIET_ON] = "quiet_on",
	[STEP_EV_QUIET_OFF] = "quiet_off",
};
static_assert(NP_LEN(event_names) == STEP_EVENT_N, "name every event");

static const struct {
	const char *name, *words;
} closes[] = {
	[STEP_CLOSE_RECOVERED] = { "recovered", "recovered" },
	[STEP_CLOSE_BY_HAND] = { "by_hand", "resolved by hand" },
	[STEP_CLOSE_PAUSED] = { "paused", "monitor paused" },
	[STEP_CLOSE_DELETED] = { "deleted", "monitor deleted" },
	[STEP_CLOSE_WITHDRAWN] = { "evidence_withdrawn", "evidence withdrawn" },
};
static_assert(NP_LEN(closes) == STEP_CLOSE_N, "name every reason");

static const char *const notice_names[] = {
	[STEP_N_OPENED] = "opened",     [STEP_N_ACKNOWLEDGED] = "acknowledged",
	[STEP_N_REMINDER] = "reminder", [STEP_N_RESOLVED] = "resolved",
	[STEP_N_STALE] = "stale",       [STEP_N_REOPENED] = "reopened",
	[STEP_N_NODATA] = "nodata",     [STEP_N_DATA_BACK] = "data_back",
	[STEP_N_FLAPPING] = "flapping", [STEP_N_ESCALATION] = "escalation",
};
static_assert(NP_LEN(notice_names) == STEP_NOTICE_N, "name every notice");

static const char *const hold_names[] = {
	[STEP_HOLD_NONE] = "none",
	[STEP_HOLD_MAINTENANCE] = "maintenance",
	[STEP_HOLD_SUPPRESSED] = "suppressed",
	[STEP_HOLD_FLAPPING] = "flapping",
	[STEP_HOLD_ACKNOWLEDGED] = "acknowledged",
	[STEP_HOLD_QUIET] = "quiet_hours",
};
static_assert(NP_LEN(hold_names) == STEP_HOLD_N, "name every hold");

static const char *const refusals[] = {
	[STEP_DONE] = "done",
	[STEP_NO_INCIDENT] = "there is no open incident",
	[STEP_ALREADY_ACKED] = "the incident is acknowledged already",
	[STEP_NOT_ACKED] = "the incident is not acknowledged",
	[STEP_ALREADY_PAUSED] = "the monitor is paused already",
	[STEP_NOT_PAUSED] = "the monitor is not paused",
	[STEP_IS_PAUSED] = "the monitor is paused",
	[STEP_TOO_SOON] = "every region checked within the last seconds",
	[STEP_ALREADY_RESOLVED] = "the incident is resolved already",
	[STEP_NOT_RESOLVED] = "the incident was not resolved by hand",
	[STEP_IS_DELETED] = "the monitor is deleted",
};
static_assert(NP_LEN(refusals) == STEP_REFUSAL_N, "word every refusal");

void step_init(struct step *s)
{
	s->refusal = STEP_DONE;
	s->n = 0;
	s->has_evidence = false;
}

struct step_action *step_add(struct step *s, enum step_kind kind)
{
	assert(s->n < STEP_ACTIONS_MAX);
	struct step_action *a = &s->action[s->n++];
	*a = (struct step_action){ .kind = kind };
	return a;
}

void step_set_timer(struct step *s, struct tmr_set *t, enum tmr_kind k, int64_t due_us)
{
	assert(due_us > 0);
	t->of[k].due_us = due_us;
	t->of[k].generation++;
	struct step_action *a = step_add(s, STEP_SET_TIMER);
	a->timer.kind = k;
	a->timer.generation = t->of[k].generation;
	a->timer.due_us = due_us;
}

void step_cancel_timer(struct step *s, struct tmr_set *t, enum tmr_kind k)
{
	if (!tmr_is_armed(t, k))
		return;
	t->of[k].due_us = 0;
	struct step_action *a = step_add(s, STEP_CANCEL_TIMER);
	a->timer.kind = k;
	a->timer.generation = t->of[k].generation;
}

const char *step_state_name(enum step_state s)
{
	return (size_t)s < STEP_STATE_N ? state_names[s] : "none";
}

const char *step_event_name(enum step_event e)
{
	return (size_t)e < STEP_EVENT_N ? event_names[e] : "none";
}

const char *step_close_name(enum step_close c)
{
	return (size_t)c < STEP_CLOSE_N ? closes[c].name : "none";
}

const char *step_close_words(enum step_close c)
{
	return (size_t)c < STEP_CLOSE_N ? closes[c].words : "closed";
}

const char *step_notice_name(enum step_notice n)
{
	return (size_t)n < STEP_NOTICE_N ? notice_names[n] : "none";
}

const char *step_hold_name(enum step_hold h)
{
	return (size_t)h < STEP_HOLD_N ? hold_names[h] : "none";
}

const char *step_refusal_text(enum step_refusal r)
{
	return (size_t)r < STEP_REFUSAL_N ? refusals[r] : "refused";
}

np_err step_state_from_name(np_str s, enum step_state *ret)
{
	for (size_t i = 0; i < STEP_STATE_N; i++) {
		if (str_eq_c(s, state_names[i])) {
			*ret = (enum step_state)i;
			return NP_OK;
		}
	}
	return NP_E_NOTFOUND;
}
