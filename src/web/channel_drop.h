/* SPDX-License-Identifier: Apache-2.0 */
/* channel_drop.h - a channel, or a rota, goes only when nobody counts on it.
 *
 * Floor 4 (web). Who names it is said in the refusal: an alert that would reach
 * nobody is found before the night. Worker thread.
 */
#pragma once
#include "web/req.h"

/* Nobody begins to name a channel while this transaction lasts. Before any row is read. */
NP_NODISCARD np_err chd_lock(struct wreq *q, struct pg_conn *c);
/* Deletes q->subject; a 409 names who needs it. `noun`: "channel" */
NP_NODISCARD np_err chd_drop(struct wreq *q, struct pg_conn *c, const char *noun);
