/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/upkeep.h"

#include "base/clock.h"
#include "base/log.h"

static np_err upkeep_drop(struct pg_conn *c, const char *what, int32_t days)
{
	int64_t dropped = 0;
	np_err e = store_partitions_drop(c, what, days, &dropped);
	if (e == NP_OK && dropped > 0)
		np_log(NP_INFO, "historian.dropped", KV_C("table", what), KV_I64("days", dropped));
	return e;
}

static np_err upkeep_partitions(struct pg_conn *c, const struct upkeep_keep *keep)
{
	np_err e = store_partitions_make(c, UPKEEP_DAYS_AHEAD);
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

/* Batches of one table until nothing is left of it or the time is over; one batch at least. */
static np_err upkeep_table(struct pg_conn *c, const char *what, int32_t days, int64_t until_ms,
			   struct upkeep_done *done)
{
	struct store_forgot f = { 0 };
	int64_t gone = 0;
	np_err e;
	do {
		pg_conn_deadline(c, clock_mono_ms() + UPKEEP_STATEMENT_MS);
		e = store_forget(c, what, days, UPKEEP_BATCH, &f);
		if (e < 0)
			break;
		gone += f.gone;
	} while (f.looked >= UPKEEP_BATCH && clock_mono_ms() < until_ms);
	done->gone += gone;
	done->more = done->more || (e == NP_OK && f.looked >= UPKEEP_BATCH);
	if (gone > 0)
		np_log(NP_INFO, "historian.forgotten", KV_C("table", what), KV_I64("rows", gone));
	return e;
}

/* A table that refuses does not keep the others from their turn. */
static np_err upkeep_forget(struct pg_conn *c, const struct upkeep_keep *keep,
			    struct upkeep_done *done)
{
	const struct {
		const char *what;
		int32_t days;
	} tables[] = {
		{ "rejected", keep->log_days },
		{ "inbox", keep->command_days },
		{ "state_change", keep->state_days },
		{ "notice", keep->incident_days },
		{ "incident_event", keep->incident_days },
		{ "drill_run", keep->drill_days },
		{ "audit_signed", keep->head_days },
	};
	int64_t until_ms = clock_mono_ms() + UPKEEP_FORGET_MS;
	np_err first = NP_OK;
	for (size_t i = 0; i < NP_LEN(tables); i++) {
		np_err e = upkeep_table(c, tables[i].what, tables[i].days, until_ms, done);
		if (e < 0 && e != NP_E_DB)
			return e;
		first = first < 0 ? first : e;
	}
	return first;
}

np_err upkeep_run(struct pg_conn *c, const char *owner, const struct upkeep_keep *keep,
		  struct upkeep_done *ret)
{
	bool ours = false;
	*ret = (struct upkeep_done){ 0 };
	np_err e = store_lease(c, "partitions", owner, 2 * UPKEEP_EVERY_MS, &ours);
	if (e < 0 || !ours)
		return e;
	e = upkeep_partitions(c, keep);
	return e == NP_OK ? upkeep_forget(c, keep, ret) : e;
}
