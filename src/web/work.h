/* SPDX-License-Identifier: Apache-2.0 */
/* work.h - the worker's half of a request: identity, permission, transaction, handler.
 *
 * Floor 4 (web). Worker thread.
 */
#pragma once
#include "web/req.h"

void work_run(void *wreq); /* q->fn, or q->later when q->waiting */
