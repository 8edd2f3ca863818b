/* SPDX-License-Identifier: Apache-2.0 */
/* upkeep.h - duties by the clock: partitions ahead, old ones gone, old rows gone.
 *
 * Floor 4 (historian). One historian at a time does them, by a lease row. The
 * worker's thread: history waits meanwhile, so rows go in batches of a bounded
 * time, and what is left over goes soon after.
 */
#pragma once
#include "historian/store.h"

#define UPKEEP_EVERY_MS (10 * NP_MIN_MS)
#define UPKEEP_AGAIN_MS (5 * NP_SEC_MS) /* when rows were left over */
#define UPKEEP_DAYS_AHEAD 7
#define UPKEEP_BATCH 2000          /* rows a statement */
#define UPKEEP_FORGET_MS NP_SEC_MS /* a turn */
#define UPKEEP_STATEMENT_MS (10 * NP_SEC_MS)

/* How long each is kept. Refused items stay as long as the log that holds them. */
struct upkeep_keep {
	int32_t log_days, chunk_days, rollup_5m_days, rollup_1h_days;
	int32_t incident_days; /* after its end: events, notices, attempts */
	int32_t state_days;    /* changes of state */
	int32_t command_days;  /* decided commands of people */
	int32_t drill_days;
	int32_t head_days; /* every signed head; then the last of each hour */
};
struct upkeep_done {
	int64_t gone; /* rows */
	bool more;
};
/* Once, if the duty is ours. A lock that is held is tried again next time. */
NP_NODISCARD np_err upkeep_run(struct pg_conn *c, const char *owner, const struct upkeep_keep *keep,
			       struct upkeep_done *ret);
