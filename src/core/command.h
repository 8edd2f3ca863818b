/* SPDX-License-Identifier: Apache-2.0 */
/* command.h - what people do to a monitor and its incident.
 *
 * Floor 2 (core). A command is applied or refused with a reason
 * (step->refusal); a refused one changes nothing. Any thread.
 */
#pragma once
#include "core/incident.h"

/* The numbers are stored. */
enum cmd_kind {
	CMD_ACKNOWLEDGE = 0,
	CMD_UNACKNOWLEDGE = 1,
	CMD_RESOLVE = 2,
	CMD_REOPEN = 3,
	CMD_PAUSE = 4,
	CMD_UNPAUSE = 5,
	CMD_DELETE = 6,
	CMD_CHECK_NOW = 7, /* asks every region that may be asked now */
	CMD_NOTE = 8,      /* an event row; the text is the caller's */
	CMD_N
};

void cmd_apply(struct inc_ctx *c, enum cmd_kind kind, uint64_t actor);
const char *cmd_name(enum cmd_kind k); /* "acknowledge" */
NP_NODISCARD np_err cmd_from_name(np_str s, enum cmd_kind *ret);
