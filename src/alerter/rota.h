/* SPDX-License-Identifier: Apache-2.0 */
/* rota.h - whom a notice to an on-call rota reaches.
 *
 * Floor 4 (alerter). Decided when it is sent, and kept (np.notice.via): a repeat goes
 * to the same person, `acknowledged` and `resolved` to whoever heard the opening.
 * The courier's thread: reads the database and a zone's file.
 */
#pragma once
#include "alerter/outbox.h"

/* Nothing for other kinds of channels. Else the notice's channel_kind, config and secret become
 * those of the member's channel; texts in the arena. NP_E_NOTFOUND: nobody can be found, and
 * *ret_why says why. */
NP_NODISCARD np_err rota_resolve(struct pg_conn *c, struct arena *a, int64_t now_us,
				 struct notice *n, const char **ret_why);
