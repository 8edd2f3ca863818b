/* SPDX-License-Identifier: Apache-2.0 */
/* audit_mask.h - what the audit keeps of definitions that may hold somebody's credentials.
 *
 * Floor 4 (web). Audit rows are kept for ever, are exported, and are sealed into a chain: nothing
 * in them may open a door. Results live in the request's arena. Worker thread.
 */
#pragma once
#include "web/req.h"

/* Values of headers, bodies and what is sent are masks; whether one changed is still told. Both
 * are definitions, or "" for none; *change is replaced. */
NP_NODISCARD np_err amask_monitor(struct wreq *q, np_str change[2]);
/* The open fields of a channel as people see them who may not edit it. */
NP_NODISCARD np_err amask_channel(struct wreq *q, const char *kind, np_str *config);
