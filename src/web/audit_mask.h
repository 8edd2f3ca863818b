/* SPDX-License-Identifier: Apache-2.0 */
/* audit_mask.h - definitions without what may be somebody's credentials.
 *
 * Floor 4 (web). Audit rows are kept for ever, are exported, and are sealed into a chain: nothing
 * in them may open a door. Who may not edit a monitor sees no more of it either. Results live in
 * the request's arena. Worker thread.
 */
#pragma once
#include "web/req.h"

/* Values of headers, bodies and what is sent are masks; whether one changed is still told. Both
 * are definitions, or "" for none; *change is replaced. */
NP_NODISCARD np_err amask_monitor(struct wreq *q, np_str change[2]);
/* A monitor or a revision of one, as the API shows it, for who asks: masked unless they may edit
 * it. NULL without memory. */
np_str amask_shown(struct wreq *q, np_str json);
/* The open fields of a channel as people see them who may not edit it. */
NP_NODISCARD np_err amask_channel(struct wreq *q, const char *kind, np_str *config);
