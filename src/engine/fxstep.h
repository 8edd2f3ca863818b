/* SPDX-License-Identifier: Apache-2.0 */
/* fxstep.h - the actions of one step of a monitor, turned into effects.
 *
 * Floor 4 (engine). Texts (why, evidence, message bodies) are made here, at the
 * moment they are about. The folder's thread.
 */
#pragma once
#include "engine/fx.h"

/* Who or what moved the monitor. */
struct fxstep_cause {
	int64_t at_us;
	np_str actor, origin; /* empty: the engine itself */
	np_str note;          /* what a person wrote */
};

/* m->st is the state after the step. */
void fxstep_add(struct fx *x, struct mon *m, const struct step *step,
		const struct fxstep_cause *cause);
/* A timer was armed, cancelled or has fired: its row follows. */
void fxstep_timer(struct fx *x, struct mon *m, enum tmr_kind kind);
/* Why sentence and JSON of the present, for monitor_state. */
void fxstep_why(struct fx *x, const struct mon *m, int64_t now_us, np_str *ret_why,
		np_str *ret_detail);
