/* SPDX-License-Identifier: Apache-2.0 */
/* store_why.h - SQL for the reasons of a monitor's state.
 *
 * Floor 4 (web). Worker thread, in the tenant's transaction.
 */
#pragma once
#include "web/req.h"

struct stw_row {
	int64_t no;
	int32_t revision;
	np_str definition, core, why, state, acked_by;
	int64_t channels, channels_dead, channels_unsure, channels_digest;
};
/* Texts live in the arena. NP_E_NOTFOUND. */
NP_NODISCARD np_err stw_now(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			    struct stw_row *ret);
/* JSON of the state that held at that moment; "" when nothing was recorded before it. */
NP_NODISCARD np_err stw_past(struct wreq *q, struct pg_conn *c, int64_t at_us, np_str *ret);
