/* SPDX-License-Identifier: Apache-2.0 */
/* flap.h - failures that come again and again are one trouble, not many.
 *
 * Floor 2 (core). INC_FLAP_FAILURES failures within INC_FLAP_WINDOW_US or 20 intervals
 * begin it, INC_FLAP_OFF_US without one end it. Flapping keeps an open incident open
 * and is told once; it never holds a first `opened`. Any thread.
 */
#pragma once
#include "core/incident.h"

/* SUSPECT entered, or RECOVERING -> DOWN. */
void flap_failed(struct inc_ctx *c);
/* TMR_FLAP_OFF fired. */
void flap_off_due(struct inc_ctx *c);
/* Paused or deleted: what was counted is over. */
void flap_forget(struct inc_ctx *c);
