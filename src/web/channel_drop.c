/* SPDX-License-Identifier: Apache-2.0 */
#include "web/channel_drop.h"

#include "base/str.h"
#include "web/store_channel.h"
#include "web/store_policy.h"

NP_NODISCARD np_err chd_lock(struct wreq *q, struct pg_conn *c)
{
	return stp_lock(q, c, true);
}

NP_NODISCARD np_err chd_drop(struct wreq *q, struct pg_conn *c, const char *noun)
{
	np_str who = { 0 };
	np_err e = stc_needed(q, c, &who);
	if (e < 0)
		return e;
	if (who.n == 0)
		return stc_delete(q, c);
	const char *says = arena_c(
		q->arena,
		arena_printf(q->arena, "This %s is needed by %.*s: take it from there first.", noun,
			     NP_FMT(who)));
	return says ? wq_problem(q, 409, says) : NP_E_NOMEM;
}
