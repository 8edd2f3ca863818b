/* SPDX-License-Identifier: Apache-2.0 */
#include "core/escalate.h"

static void arm(struct inc_ctx *c, int64_t wait_us)
{
	step_set_timer(c->step, &c->inc->timers, TMR_ESCALATE, c->at_us + wait_us);
}

/* From one level to the next. */
static int64_t wait_us(const struct mon_def *d, uint32_t level)
{
	int64_t before_ms = level > 0 ? d->level_ms[level - 1] : 0;
	return (d->level_ms[level] - before_ms) * NP_MS_US;
}

static bool has_next(const struct inc_ctx *c)
{
	const struct inc *i = c->inc;
	return i->open && i->told && !i->acked && i->level < c->def->level_n;
}

void esc_follow(struct inc_ctx *c)
{
	if (!has_next(c))
		step_cancel_timer(c->step, &c->inc->timers, TMR_ESCALATE);
	else if (!tmr_is_armed(&c->inc->timers, TMR_ESCALATE))
		arm(c, wait_us(c->def, c->inc->level));
}

/* A held level is recorded once, under the event that will speak when the hold ends. */
static void speak(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	bool held = inc_hold(i, STEP_N_ESCALATION) != STEP_HOLD_NONE;
	if (held && i->level_no != 0) {
		arm(c, ESC_AGAIN_US);
		return;
	}
	if (i->level_no == 0)
		i->level_no = inc_event(c, STEP_EV_ESCALATED, 0);
	inc_notice(c, STEP_N_ESCALATION, i->level_no);
	c->step->action[c->step->n - 1].notice.level = i->level;
	if (held) {
		arm(c, ESC_AGAIN_US);
		return;
	}
	i->level++;
	i->level_no = 0;
}

void esc_due(struct inc_ctx *c)
{
	if (!has_next(c))
		return;
	if (c->inc->state == STEP_RECOVERING || c->inc->by_hand)
		arm(c, ESC_AGAIN_US);
	else
		speak(c);
}
