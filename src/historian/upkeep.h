/* SPDX-License-Identifier: Apache-2.0 */
/* upkeep.h - duties by the clock: partitions ahead, old ones gone.
 *
 * Floor 4 (historian). One historian at a time does them, by a lease row. The
 * worker's thread.
 */
#pragma once
#include "historian/store.h"

#define UPKEEP_EVERY_MS (10 * NP_MIN_MS)
#define UPKEEP_DAYS_AHEAD 7

struct upkeep_keep {
	int32_t log_days, chunk_days, rollup_5m_days, rollup_1h_days;
};
/* Once, if the duty is ours. A lock that is held is tried again next time. */
NP_NODISCARD np_err upkeep_run(struct pg_conn *c, const char *owner,
			       const struct upkeep_keep *keep);
