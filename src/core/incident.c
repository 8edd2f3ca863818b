/* SPDX-License-Identifier: Apache-2.0 */
#include "core/incident.h"

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void cancel(struct inc_ctx *c, enum tmr_kind k)
{
	step_cancel_timer(c->step, &c->inc->timers, k);
}

static void arm(struct inc_ctx *c, enum tmr_kind k, int64_t due_us)
{
	step_set_timer(c->step, &c->inc->timers, k, due_us);
}

void inc_enter(struct inc_ctx *c, enum step_state to)
{
	c->inc->state = (uint8_t)to;
	c->inc->since_us = c->at_us;
	if (to != STEP_SUSPECT) {
		cancel(c, TMR_CONFIRM);
		cancel(c, TMR_LOOK);
		look_stop(&c->inc->look);
	}
	if (to != STEP_RECOVERING)
		cancel(c, TMR_RECOVER);
	cancel(c, TMR_RECHECK);
	cancel(c, TMR_NODATA);
}

uint32_t inc_event(struct inc_ctx *c, enum step_event kind, uint64_t actor)
{
	struct step_action *a = step_add(c->step, STEP_INCIDENT_EVENT);
	a->incident = c->inc->ordinal;
	a->event.kind = kind;
	a->event.number = ++c->inc->event_no;
	a->event.actor = actor;
	a->event.at_us = c->at_us;
	return a->event.number;
}

/* `acknowledged` and `resolved` are never held: they go where `opened` went. */
enum step_hold inc_hold(const struct inc *i, enum step_notice kind)
{
	bool urges = kind == STEP_N_REMINDER || kind == STEP_N_ESCALATION;
	if (!urges && kind != STEP_N_OPENED && kind != STEP_N_STALE && kind != STEP_N_FLAPPING)
		return STEP_HOLD_NONE;
	if (i->maintenance)
		return STEP_HOLD_MAINTENANCE;
	if (i->suppressed)
		return STEP_HOLD_SUPPRESSED;
	if (i->quiet)
		return STEP_HOLD_QUIET;
	if (i->flapping && kind != STEP_N_OPENED && kind != STEP_N_FLAPPING)
		return STEP_HOLD_FLAPPING;
	return urges && i->acked ? STEP_HOLD_ACKNOWLEDGED : STEP_HOLD_NONE;
}

void inc_notice(struct inc_ctx *c, enum step_notice kind, uint32_t number)
{
	struct step_action *a = step_add(c->step, STEP_NOTICE);
	a->incident = c->inc->ordinal;
	a->notice.kind = kind;
	a->notice.number = number;
	a->notice.hold = inc_hold(c->inc, kind);
	if (kind == STEP_N_OPENED)
		c->inc->told = a->notice.hold == STEP_HOLD_NONE;
}

void inc_notice_monitor(struct inc_ctx *c, enum step_notice kind)
{
	struct step_action *a = step_add(c->step, STEP_NOTICE);
	a->notice.kind = kind;
	a->notice.number = c->inc->episode;
	a->notice.hold = inc_hold(c->inc, kind);
}

void inc_arm_reminder(struct inc_ctx *c)
{
	/* Without reminders too: an open incident always has something due. */
	int64_t every_ms = c->def->reminder_ms > 0 ? c->def->reminder_ms : MON_REMINDER_MS;
	arm(c, TMR_REMINDER, c->at_us + every_ms * NP_MS_US);
}

void inc_open(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	assert(!i->open);
	inc_enter(c, STEP_DOWN);
	i->open = true;
	i->told = i->acked = i->by_hand = i->stale_told = i->withdrawn = false;
	i->ordinal++;
	i->event_no = i->reminders = i->level = i->level_no = 0;
	/* Incidents of one monitor never overlap, however late the evidence is. */
	i->opened_us = max64(i->quorum_us, i->closed_us);
#ifdef NP_MUTANT_OVERLAP
	i->opened_us = i->quorum_us;
#endif
	i->suppressed = i->parent == INC_PARENT_DOWN;
	struct step_action *a = step_add(c->step, STEP_INCIDENT_OPEN);
	a->incident = i->ordinal;
	a->open.at_us = i->opened_us;
	uint32_t number = inc_event(c, STEP_EV_OPENED, 0);
	if (i->suppressed)
		(void)inc_event(c, STEP_EV_SUPPRESSED, 0);
	inc_notice(c, STEP_N_OPENED, number);
	inc_arm_reminder(c);
}

void inc_close(struct inc_ctx *c, int64_t closed_us, enum step_close reason)
{
	static const enum tmr_kind its[] = {
		TMR_REMINDER,
		TMR_REVIEW,
		TMR_REOPEN,
		TMR_RELEASE,
	};
	struct inc *i = c->inc;
	assert(i->open);
	i->closed_us = max64(closed_us, i->opened_us);
	struct step_action *a = step_add(c->step, STEP_INCIDENT_CLOSE);
	a->incident = i->ordinal;
	a->close.at_us = i->closed_us;
	a->close.reason = reason;
	uint32_t number = inc_event(c, STEP_EV_RESOLVED, 0);
	c->step->action[c->step->n - 1].event.reason = reason;
	inc_notice(c, STEP_N_RESOLVED, number);
	for (size_t t = 0; t < NP_LEN(its); t++)
		cancel(c, its[t]);
	i->open = i->told = i->acked = i->by_hand = i->stale_told = i->withdrawn = false;
	i->suppressed = false;
	i->acked_us = i->by_hand_us = 0;
	i->acked_by = 0;
}

void inc_tell_if_due(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	if (!i->open || i->told || i->by_hand || inc_hold(i, STEP_N_OPENED) != STEP_HOLD_NONE)
		return;
#ifdef NP_MUTANT_HOLD_SWALLOWS
	return;
#endif
	/* Still about the opening: its event number 1 makes a second `opened` impossible. */
	inc_notice(c, STEP_N_OPENED, 1);
}

void inc_blip(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	struct step_action *a = step_add(c->step, STEP_BLIP);
	a->blip.from_us = i->quorum_us;
	a->blip.to_us = max64(c->attempt_us > 0 ? c->attempt_us : c->at_us, i->quorum_us);
	i->blips++;
	i->blip_us += a->blip.to_us - a->blip.from_us;
}

static void parent_is_down(struct inc_ctx *c)
{
	/* What was told stays told: only an incident that opens later is suppressed. */
	cancel(c, TMR_RELEASE);
}

void inc_set_parent(struct inc_ctx *c, enum inc_parent parent)
{
	struct inc *i = c->inc;
	i->parent = (uint8_t)parent;
	if (parent == INC_PARENT_DOWN)
		parent_is_down(c);
	else if (i->suppressed && !tmr_is_armed(&i->timers, TMR_RELEASE))
		arm(c, TMR_RELEASE, c->at_us + c->def->interval_ms * NP_MS_US);
}

void inc_set_maintenance(struct inc_ctx *c, bool on, int64_t until_us)
{
	struct inc *i = c->inc;
	i->maintenance_until_us = on ? until_us : 0;
	if (i->maintenance == on)
		return;
	i->maintenance = on;
	if (i->open)
		(void)inc_event(c, on ? STEP_EV_MAINTENANCE_ON : STEP_EV_MAINTENANCE_OFF, 0);
	inc_tell_if_due(c);
}

void inc_set_quiet(struct inc_ctx *c, bool on, int64_t until_us)
{
	struct inc *i = c->inc;
	i->quiet_until_us = on ? until_us : 0;
	if (i->quiet == on)
		return;
	i->quiet = on;
	if (i->open)
		(void)inc_event(c, on ? STEP_EV_QUIET_ON : STEP_EV_QUIET_OFF, 0);
	inc_tell_if_due(c);
}
