/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/upkeep.h"

#include "base/log.h"

static np_err upkeep_drop(struct pg_conn *c, const char *what, int32_t days)
{
	int64_t dropped = 0;
	np_err e = store_partitions_drop(c, what, days, &dropped);
	if (e == NP_OK && dropped > 0)
		np_log(NP_INFO, "historian.dropped", KV_C("table", what), KV_I64("days", dropped));
	return e;
}

np_err upkeep_run(struct pg_conn *c, const char *owner, const struct upkeep_keep *keep)
{
	bool ours = false;
	np_err e = store_lease(c, "partitions", owner, 2 * UPKEEP_EVERY_MS, &ours);
	if (e < 0 || !ours)
		return e;
	e = store_partitions_make(c, UPKEEP_DAYS_AHEAD);
	if (e == NP_OK)
		e = upkeep_drop(c, "log", keep->log_days);
	if (e == NP_OK)
		e = upkeep_drop(c, "log_packed", keep->log_days);
	if (e == NP_OK)
		e = upkeep_drop(c, "chunk", keep->chunk_days);
	if (e == NP_OK)
		e = upkeep_drop(c, "rollup_5m", keep->rollup_5m_days);
	if (e == NP_OK)
		e = upkeep_drop(c, "rollup_1h", keep->rollup_1h_days);
	return e;
}
