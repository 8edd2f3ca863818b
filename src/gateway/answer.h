/* SPDX-License-Identifier: Apache-2.0 */
/* answer.h - what engines answered goes to whoever asked, once everything matches.
 *
 * Floor 4 (gateway). The loop's thread.
 */
#pragma once
#include "gateway/pend.h"

/* A message of our ack channel: opened, checked, passed on. */
void answer_message(struct gw *g, np_str message);
/* Not now: PAUSE to a stream, 503 to a POST. Closes p. */
void answer_again(struct gw *g, struct pend *p, const char *why);
/* Whatever waits too long. */
void answer_overdue(struct gw *g);
