/* SPDX-License-Identifier: Apache-2.0 */
#include "core/command.h"

#include "base/str.h"
#include "core/flap.h"
#include "core/machine.h"

typedef enum step_refusal (*cmd_fn)(struct inc_ctx *c, uint64_t actor);

static enum step_refusal acknowledge(struct inc_ctx *c, uint64_t actor)
{
	struct inc *i = c->inc;
	if (!i->open)
		return STEP_NO_INCIDENT;
	if (i->acked)
		return STEP_ALREADY_ACKED;
	i->acked = true;
	i->acked_us = c->at_us;
	i->acked_by = actor;
	inc_notice(c, STEP_N_ACKNOWLEDGED, inc_event(c, STEP_EV_ACKNOWLEDGED, actor));
	step_cancel_timer(c->step, &i->timers, TMR_REMINDER);
	step_set_timer(c->step, &i->timers, TMR_REVIEW, c->at_us + INC_REVIEW_US);
	return STEP_DONE;
}

static enum step_refusal unacknowledge(struct inc_ctx *c, uint64_t actor)
{
	struct inc *i = c->inc;
	if (!i->open)
		return STEP_NO_INCIDENT;
	if (!i->acked)
		return STEP_NOT_ACKED;
	i->acked = false;
	(void)inc_event(c, STEP_EV_UNACKNOWLEDGED, actor);
	step_cancel_timer(c->step, &i->timers, TMR_REVIEW);
	inc_arm_reminder(c);
	return STEP_DONE;
}

static enum step_refusal resolve(struct inc_ctx *c, uint64_t actor)
{
	struct inc *i = c->inc;
	if (!i->open)
		return STEP_NO_INCIDENT;
	if (i->verdict == VD_UP || i->verdict == VD_NODATA) {
		(void)inc_event(c, STEP_EV_BY_HAND, actor);
		inc_close(c, c->at_us, STEP_CLOSE_BY_HAND);
		inc_enter(c, i->verdict == VD_UP ? STEP_UP : STEP_NODATA);
		return STEP_DONE;
	}
	if (i->by_hand)
		return STEP_ALREADY_RESOLVED;
	i->by_hand = true;
	i->by_hand_us = c->at_us;
	(void)inc_event(c, STEP_EV_BY_HAND, actor);
	step_set_timer(c->step, &i->timers, TMR_REOPEN, c->at_us + INC_REOPEN_US);
	return STEP_DONE;
}

static enum step_refusal reopen(struct inc_ctx *c, uint64_t actor)
{
	if (!c->inc->open)
		return STEP_NO_INCIDENT;
	if (!c->inc->by_hand)
		return STEP_NOT_RESOLVED;
	mach_reopen(c, actor);
	return STEP_DONE;
}

static void stop(struct inc_ctx *c, enum step_close reason)
{
	struct inc *i = c->inc;
	if (i->state == STEP_SUSPECT)
		inc_blip(c);
	if (i->open)
		inc_close(c, c->at_us, reason);
	inc_enter(c, STEP_PAUSED);
	for (int k = 0; k < TMR_N; k++)
		step_cancel_timer(c->step, &i->timers, (enum tmr_kind)k);
	flap_forget(c);
	i->nodata_told = false;
	i->verdict = VD_NODATA;
	i->verdict_us = c->at_us;
}

static enum step_refusal pause_it(struct inc_ctx *c, uint64_t actor NP_UNUSED)
{
	if (c->inc->state == STEP_PAUSED)
		return STEP_ALREADY_PAUSED;
	stop(c, STEP_CLOSE_PAUSED);
	return STEP_DONE;
}

static enum step_refusal unpause(struct inc_ctx *c, uint64_t actor NP_UNUSED)
{
	if (c->inc->state != STEP_PAUSED)
		return STEP_NOT_PAUSED;
	inc_enter(c, STEP_PENDING);
	c->inc->verdict_us = c->at_us;
	return STEP_DONE;
}

static enum step_refusal delete_it(struct inc_ctx *c, uint64_t actor NP_UNUSED)
{
	if (c->inc->state != STEP_PAUSED)
		stop(c, STEP_CLOSE_DELETED);
	c->inc->deleted = true;
	return STEP_DONE;
}

static enum step_refusal check_now(struct inc_ctx *c, uint64_t actor NP_UNUSED)
{
	if (c->inc->state == STEP_PAUSED)
		return STEP_IS_PAUSED;
	if (c->askable == 0)
		return STEP_TOO_SOON;
	step_add(c->step, STEP_CHECK_NOW)->check.mask = c->askable;
	return STEP_DONE;
}

static enum step_refusal note(struct inc_ctx *c, uint64_t actor)
{
	if (!c->inc->open)
		return STEP_NO_INCIDENT;
	(void)inc_event(c, STEP_EV_NOTE, actor);
	return STEP_DONE;
}

static const struct {
	const char *name;
	cmd_fn fn;
} rows[] = {
	[CMD_ACKNOWLEDGE] = { "acknowledge", acknowledge },
	[CMD_UNACKNOWLEDGE] = { "unacknowledge", unacknowledge },
	[CMD_RESOLVE] = { "resolve", resolve },
	[CMD_REOPEN] = { "reopen", reopen },
	[CMD_PAUSE] = { "pause", pause_it },
	[CMD_UNPAUSE] = { "unpause", unpause },
	[CMD_DELETE] = { "delete", delete_it },
	[CMD_CHECK_NOW] = { "check_now", check_now },
	[CMD_NOTE] = { "note", note },
};
static_assert(NP_LEN(rows) == CMD_N, "a row for every command");

void cmd_apply(struct inc_ctx *c, enum cmd_kind kind, uint64_t actor)
{
	assert((size_t)kind < CMD_N);
	c->step->refusal = c->inc->deleted ? STEP_IS_DELETED : rows[kind].fn(c, actor);
}

const char *cmd_name(enum cmd_kind k)
{
	return (size_t)k < CMD_N ? rows[k].name : "none";
}

np_err cmd_from_name(np_str s, enum cmd_kind *ret)
{
	for (size_t i = 0; i < CMD_N; i++) {
		if (str_eq_c(s, rows[i].name)) {
			*ret = (enum cmd_kind)i;
			return NP_OK;
		}
	}
	return NP_E_NOTFOUND;
}
