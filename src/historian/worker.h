/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - the historian's thread: leases, reading, writing, upkeep.
 *
 * Floor 4 (historian). Everything in it is the thread's own; others may only ask
 * whether it works and tell it to stop.
 */
#pragma once
#include "base/metrics.h"
#include "historian/upkeep.h"

#define WORKER_POLL_MS 500
#define WORKER_LEASE_MS (15 * NP_SEC_MS)
#define WORKER_ROWS 64 /* log rows read at a time */
/* Few results: history is fresh. Many: an open chunk is rewritten once a minute. */
#define WORKER_FEW 100 /* of one shard; a flush touches every monitor of it */
#define WORKER_FEW_MS (5 * NP_SEC_MS)
#define WORKER_MANY_MS (50 * NP_SEC_MS)

struct worker_cfg {
	struct pg_conf database;
	const char *name; /* of this instance */
	struct upkeep_keep keep;
	struct metrics *metrics;
};
struct worker;
/* Starts the thread. */
NP_NODISCARD np_err worker_start(const struct worker_cfg *cfg, struct worker **ret);
/* Writes what it has read, if that is quick, and ends. NULL is fine. */
void worker_stop(struct worker *w);
/* Did a round work lately? Any thread. */
bool worker_is_ready(const struct worker *w);
