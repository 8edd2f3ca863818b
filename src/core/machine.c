/* SPDX-License-Identifier: Apache-2.0 */
#include "core/machine.h"

#include "core/escalate.h"
#include "core/flap.h"

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static void arm(struct inc_ctx *c, enum tmr_kind k, int64_t due_us)
{
	step_set_timer(c->step, &c->inc->timers, k, due_us);
}

static void cancel(struct inc_ctx *c, enum tmr_kind k)
{
	step_cancel_timer(c->step, &c->inc->timers, k);
}

/* A wait of 0 s must not turn into a loop of timers that are due at once. */
static void arm_wait(struct inc_ctx *c, enum tmr_kind k, int64_t wait_ms)
{
	arm(c, k, c->at_us + max64(wait_ms * NP_MS_US, NP_SEC_US));
}

static void arm_recheck(struct inc_ctx *c)
{
	arm(c, TMR_RECHECK, c->at_us + c->def->retry_interval_ms * NP_MS_US);
}

static void ask(struct inc_ctx *c, uint32_t mask, bool exempt)
{
	if (mask == 0)
		return;
	struct step_action *a = step_add(c->step, STEP_CHECK_NOW);
	a->check.mask = mask;
	a->check.exempt = exempt;
}

static uint32_t everywhere(const struct inc_ctx *c)
{
	return (uint32_t)((UINT64_C(1) << c->def->region_n) - 1);
}

/* Regions whose vote counts now: those are waited for. */
static uint32_t speaking(const struct inc_ctx *c)
{
	uint32_t mask = 0;
	for (uint32_t i = 0; i < c->step->evidence.n; i++)
		if (c->step->evidence.region[i].out == VD_COUNTS)
			mask |= UINT32_C(1) << i;
	return mask;
}

/* ---- verdicts ---- */

/* Missing data becomes a state, or a notice, only after min(interval, 2 min). */
static void watch_nodata(struct inc_ctx *c)
{
	int64_t wait_us = min64(c->def->interval_ms * NP_MS_US, INC_NODATA_MAX_US);
	if (c->step->evidence.verdict != VD_NODATA)
		cancel(c, TMR_NODATA);
	else if (!c->frozen && !tmr_is_armed(&c->inc->timers, TMR_NODATA))
		arm(c, TMR_NODATA, max64(c->inc->verdict_us, c->inc->since_us) + wait_us);
}

static void suspect(struct inc_ctx *c)
{
	const struct vd_evidence *e = &c->step->evidence;
	inc_enter(c, STEP_SUSPECT);
	flap_failed(c);
	c->inc->quorum_us = e->completed_us;
	int64_t confirm_us = e->completer_first_us + c->def->confirm_ms * NP_MS_US;
	arm(c, TMR_CONFIRM, max64(confirm_us, c->at_us));
	arm_recheck(c);
}

static void quiet_verdict(struct inc_ctx *c)
{
	struct inc *i = c->inc;
#ifdef NP_MUTANT_NODATA_STUCK
	if (i->state == STEP_NODATA)
		return;
#endif
	if (i->verdict == VD_DOWN) {
		suspect(c);
		return;
	}
	if (i->verdict == VD_UP && i->state != STEP_UP)
		inc_enter(c, STEP_UP);
	if (i->state != STEP_NODATA)
		watch_nodata(c);
}

static void suspect_verdict(struct inc_ctx *c)
{
	if (c->inc->verdict != VD_UP)
		return;
	inc_blip(c);
	inc_enter(c, STEP_UP);
}

static void down_verdict(struct inc_ctx *c, bool changed)
{
	struct inc *i = c->inc;
	if (i->verdict == VD_UP) {
		inc_enter(c, STEP_RECOVERING);
		i->up_us = c->attempt_us > 0 ? c->attempt_us : c->at_us;
		(void)inc_event(c, STEP_EV_RECOVERING, 0);
		arm_wait(c, TMR_RECOVER, c->def->recover_ms);
		arm_recheck(c);
		return;
	}
	if (i->verdict == VD_DOWN)
		i->withdrawn = false;
	if (changed)
		(void)inc_event(c, STEP_EV_EVIDENCE, 0);
	if (!i->stale_told)
		watch_nodata(c);
}

static void recovering_verdict(struct inc_ctx *c)
{
	if (c->inc->verdict != VD_DOWN)
		return;
	inc_enter(c, STEP_DOWN);
	c->inc->withdrawn = false;
	(void)inc_event(c, STEP_EV_RELAPSED, 0);
	flap_failed(c);
}

static void data_is_back(struct inc_ctx *c)
{
	if (c->inc->verdict != VD_UP || !c->inc->nodata_told)
		return;
	c->inc->nodata_told = false;
	inc_notice_monitor(c, STEP_N_DATA_BACK);
}

void mach_verdict(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	bool changed = i->verdict != c->step->evidence.verdict;
	i->verdict = c->step->evidence.verdict;
	if (changed)
		i->verdict_us = c->at_us;
	switch ((enum step_state)i->state) {
	case STEP_PENDING:
	case STEP_UP:
	case STEP_NODATA:
		quiet_verdict(c);
		break;
	case STEP_SUSPECT:
		suspect_verdict(c);
		break;
	case STEP_DOWN:
		down_verdict(c, changed);
		break;
	case STEP_RECOVERING:
		recovering_verdict(c);
		break;
	case STEP_PAUSED:
	case STEP_STATE_N:
		return;
	}
	data_is_back(c);
}

/* ---- the last look ---- */

static void start_look(struct inc_ctx *c)
{
	look_start(&c->inc->look, speaking(c), c->at_us);
	ask(c, everywhere(c), true);
	arm(c, TMR_LOOK, c->at_us + LOOK_MIN_US);
}

void mach_look_again(struct inc_ctx *c)
{
	if (look_is_on(&c->inc->look))
		start_look(c);
}

static void no_data(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	inc_enter(c, STEP_NODATA);
	if (i->nodata_told_us != 0 && c->at_us < i->nodata_told_us + INC_NODATA_QUIET_US)
		return;
	i->episode++;
	i->nodata_told = true;
	i->nodata_told_us = c->at_us;
	inc_notice_monitor(c, STEP_N_NODATA);
}

/* The look is over: DOWN, NODATA, UP with a partial failure, or look again later. */
static void decide_look(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	const struct vd_evidence *e = &c->step->evidence;
	int64_t stood_us = c->at_us - i->verdict_us;
	bool fails_now = look_failed(&i->look) >= e->q;
#ifdef NP_MUTANT_STICKY_VOTE
	fails_now = true; /* the votes said so once */
#endif
	if (e->verdict == VD_DOWN && fails_now) {
		inc_open(c);
	} else if (e->verdict == VD_NODATA && stood_us >= c->def->interval_ms * 5 / 2 * NP_MS_US) {
		inc_blip(c);
		no_data(c);
	} else if (e->verdict == VD_HELD && stood_us >= 4 * c->def->confirm_ms * NP_MS_US) {
		inc_blip(c);
		inc_enter(c, STEP_UP);
	} else {
		look_stop(&i->look);
		cancel(c, TMR_LOOK);
		arm_wait(c, TMR_CONFIRM, c->def->confirm_ms);
	}
}

void mach_look(struct inc_ctx *c)
{
	struct look *l = &c->inc->look;
	int64_t timeout_us = c->def->timeout_ms * NP_MS_US;
	if (c->frozen || !look_is_on(l))
		return;
	if (look_is_ready(l, c->step->evidence.q, timeout_us, c->at_us))
		decide_look(c);
	else if (!tmr_is_armed(&c->inc->timers, TMR_LOOK))
		arm(c, TMR_LOOK, l->asked_us + timeout_us + LOOK_GRACE_US);
}

/* ---- timers ---- */

static void on_confirm(struct inc_ctx *c)
{
	if (c->inc->state != STEP_SUSPECT)
		return;
	bool patient = c->at_us < c->inc->since_us + INC_PARENT_WAIT_US;
	if (c->inc->parent == INC_PARENT_SUSPECT && patient)
		arm(c, TMR_CONFIRM, c->at_us + NP_SEC_US); /* the parent's decision first */
	else
		start_look(c);
}

static void on_recheck(struct inc_ctx *c)
{
	bool fresh = c->at_us < c->inc->since_us + INC_RECHECK_FOR_US;
	if (c->inc->state != STEP_SUSPECT && (c->inc->state != STEP_RECOVERING || !fresh))
		return;
	ask(c, c->askable, false);
	arm_recheck(c);
}

static void on_recover(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	if (i->state != STEP_RECOVERING)
		return;
	if (i->verdict != VD_UP || i->flapping) {
		arm_wait(c, TMR_RECOVER, c->def->recover_ms);
		return;
	}
	inc_close(c, i->up_us, i->withdrawn ? STEP_CLOSE_WITHDRAWN : STEP_CLOSE_RECOVERED);
	inc_enter(c, STEP_UP);
}

/* Never consumed unheard: what may not go out now is armed again. */
static void remind(struct inc_ctx *c)
{
	struct inc *i = c->inc;
#ifdef NP_MUTANT_REMINDER_CONSUMED
	if (inc_hold(i, STEP_N_REMINDER) != STEP_HOLD_NONE)
		return;
#endif
	inc_arm_reminder(c);
	if (i->state == STEP_RECOVERING || i->by_hand)
		return;
	i->reminders += inc_hold(i, STEP_N_REMINDER) == STEP_HOLD_NONE;
	inc_notice(c, STEP_N_REMINDER, inc_event(c, STEP_EV_REMINDER, 0));
}

static void on_reminder(struct inc_ctx *c)
{
	if (!c->inc->open)
		return;
	if (c->def->reminder_ms == 0)
		inc_arm_reminder(c);
	else
		remind(c);
}

static void on_review(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	if (!i->open || !i->acked)
		return;
	int64_t lapse_us = i->acked_us + INC_LAPSE_US;
	if (c->at_us < lapse_us) {
		arm(c, TMR_REVIEW, min64(c->at_us + INC_REVIEW_US, lapse_us));
		return;
	}
	i->acked = false;
	(void)inc_event(c, STEP_EV_LAPSED, 0);
	remind(c);
}

void mach_reopen(struct inc_ctx *c, uint64_t actor)
{
	struct inc *i = c->inc;
	i->by_hand = i->acked = false;
	cancel(c, TMR_REOPEN);
	cancel(c, TMR_REVIEW);
	uint32_t number = inc_event(c, STEP_EV_REOPENED, actor);
	inc_notice(c, STEP_N_REOPENED, number);
	inc_tell_if_due(c);
	inc_arm_reminder(c);
}

static void on_reopen(struct inc_ctx *c)
{
	if (!c->inc->open || !c->inc->by_hand)
		return;
	if (c->inc->state == STEP_RECOVERING)
		arm_wait(c, TMR_REOPEN, c->def->recover_ms); /* about to close by itself */
	else
		mach_reopen(c, 0);
}

static void on_nodata(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	if (i->verdict != VD_NODATA)
		return;
	if (i->state == STEP_PENDING || i->state == STEP_UP) {
		no_data(c);
	} else if (i->state == STEP_DOWN && !i->stale_told) {
		i->stale_told = true;
		inc_notice(c, STEP_N_STALE, inc_event(c, STEP_EV_STALE, 0));
	}
}

static void on_release(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	if (!i->open || !i->suppressed || i->parent == INC_PARENT_DOWN)
		return;
	i->suppressed = false;
	(void)inc_event(c, STEP_EV_RELEASED, 0);
	inc_tell_if_due(c);
}

void mach_timer(struct inc_ctx *c, enum tmr_kind kind)
{
	static void (*const rows[TMR_N])(struct inc_ctx *) = {
		[TMR_CONFIRM] = on_confirm,    [TMR_LOOK] = mach_look,
		[TMR_RECHECK] = on_recheck,    [TMR_RECOVER] = on_recover,
		[TMR_REMINDER] = on_reminder,  [TMR_REVIEW] = on_review,
		[TMR_REOPEN] = on_reopen,      [TMR_NODATA] = on_nodata,
		[TMR_RELEASE] = on_release,    [TMR_ESCALATE] = esc_due,
		[TMR_FLAP_OFF] = flap_off_due,
	};
	if (rows[kind] != NULL)
		rows[kind](c);
}
