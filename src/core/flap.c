/* SPDX-License-Identifier: Apache-2.0 */
#include "core/flap.h"

static int64_t window_us(const struct mon_def *d)
{
	int64_t intervals_us = 20 * d->interval_ms * NP_MS_US;
	return intervals_us > INC_FLAP_WINDOW_US ? intervals_us : INC_FLAP_WINDOW_US;
}

static void note(struct inc_ctx *c)
{
	for (size_t i = INC_FLAP_FAILURES - 1; i > 0; i--)
		c->inc->failure_us[i] = c->inc->failure_us[i - 1];
	c->inc->failure_us[0] = c->at_us;
}

static bool is_often(const struct inc_ctx *c)
{
	int64_t oldest_us = c->inc->failure_us[INC_FLAP_FAILURES - 1];
	return oldest_us > 0 && c->at_us - oldest_us <= window_us(c->def);
}

/* About the incident where there is one, else about the monitor. */
static void tell(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	if (i->open) {
		inc_notice(c, STEP_N_FLAPPING, inc_event(c, STEP_EV_FLAPPING_ON, 0));
		return;
	}
	i->episode++;
	inc_notice_monitor(c, STEP_N_FLAPPING);
}

void flap_failed(struct inc_ctx *c)
{
	struct inc *i = c->inc;
	note(c);
	if (!i->flapping && !is_often(c))
		return;
	step_set_timer(c->step, &i->timers, TMR_FLAP_OFF, c->at_us + INC_FLAP_OFF_US);
	if (i->flapping)
		return;
	i->flapping = true;
	tell(c);
}

void flap_off_due(struct inc_ctx *c)
{
	if (!c->inc->flapping)
		return;
	c->inc->flapping = false;
	if (c->inc->open)
		(void)inc_event(c, STEP_EV_FLAPPING_OFF, 0);
}

void flap_forget(struct inc_ctx *c)
{
	c->inc->flapping = false;
	memset(c->inc->failure_us, 0, sizeof c->inc->failure_us);
}
