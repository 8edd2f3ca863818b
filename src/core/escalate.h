/* SPDX-License-Identifier: Apache-2.0 */
/* escalate.h - who else is told when nobody takes an incident.
 *
 * Floor 2 (core). Level i of the rules speaks level_ms[i] after the opening was told.
 * What may not speak now waits and is tried again: a level is never used up unheard.
 * Acknowledging stops it; when that ends, the next level has its whole wait again. Any thread.
 */
#pragma once
#include "core/incident.h"

#define ESC_AGAIN_US NP_MIN_US /* a held level is tried again after this */

/* TMR_ESCALATE fired. */
void esc_due(struct inc_ctx *c);
/* After every event: the timer follows from the state. */
void esc_follow(struct inc_ctx *c);
