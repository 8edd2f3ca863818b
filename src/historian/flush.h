/* SPDX-License-Identifier: Apache-2.0 */
/* flush.h - one transaction: what was read goes into chunks and roll-ups, the cursor moves.
 *
 * Floor 4 (historian). Exactly once: the cursor that the intake started from must
 * still stand in the database, and moves in the same transaction. The worker's thread.
 */
#pragma once
#include "historian/intake.h"
#include "historian/rolls.h"

#define FLUSH_ARENA_MAX ((size_t)512 * 1024 * 1024)
#define FLUSH_MS (30 * NP_SEC_MS) /* deadline of the whole */

struct flush_counts {
	uint64_t results;    /* new in chunks */
	uint64_t duplicates; /* of the same slot and attempt: the first counts */
	uint64_t refused;    /* by the owner */
	uint64_t unplaced; /* no partition for the slot, no monitor, chunk full: only in the log */
};
/* NP_OK: committed. NP_E_FENCED: the cursor is elsewhere; start over from it. NP_E_DB_GONE: unknown;
 * start over from the cursor too. */
NP_NODISCARD np_err flush_run(struct pg_conn *c, struct intake *in, struct flush_counts *ret);

/* ---- between the files of a flush ---- */
struct flush_mon {
	uint64_t no, org;
	int64_t from_us, to_us; /* created; deleted, or as far as the log is read */
	int64_t since_us;       /* its seconds are to be counted again from here */
};
struct flush {
	struct pg_conn *c;
	struct intake *in;
	struct store_range range;
	struct arena *a;
	struct rolls tier[STORE_TIER_N];
	struct flush_mon *mon; /* ascending */
	size_t mon_n;
	struct store_days days;
	struct flush_counts counts;
};
const struct flush_mon *flush_mon_find(const struct flush *f, uint64_t no);
/* chunks.c: items into chunks; what is new in them also into the 5-minute windows. */
NP_NODISCARD np_err chunks_flush(struct flush *f);
/* seconds.c: exact seconds of every 5-minute window that may have changed. */
NP_NODISCARD np_err seconds_flush(struct flush *f);
