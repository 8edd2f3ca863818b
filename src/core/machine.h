/* SPDX-License-Identifier: Apache-2.0 */
/* machine.h - the table of states: what verdicts, timers and the last look do.
 *
 * Floor 2 (core). One row of the table is one small function; what rows have
 * in common (open, close, notices, holds) is in incident.h. Any thread.
 */
#pragma once
#include "core/incident.h"

/* The present verdict (step->evidence), changed or not. Not while PAUSED. */
void mach_verdict(struct inc_ctx *c);
/* A current timer fired; it is no longer armed. TMR_STALE is the caller's. */
void mach_timer(struct inc_ctx *c, enum tmr_kind kind);
/* The last look may have gained an attempt: decide as soon as it can. */
void mach_look(struct inc_ctx *c);
/* Ask every region of the last look again (restart, other regions). */
void mach_look_again(struct inc_ctx *c);
/* End the quiet after "resolved by a person": un-acknowledge, `reopened`. */
void mach_reopen(struct inc_ctx *c, uint64_t actor);
