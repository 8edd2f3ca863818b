/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - log rows that nobody reads any more, many of them into one.
 *
 * Floor 4 (historian). A row may move when the historian has read it, when two later
 * snapshots exist (so that no engine reads it again) and when it is ten minutes old. A block
 * never crosses a UTC day. Moving is one transaction: the block in, the rows out. The
 * worker's thread.
 */
#pragma once
#include "historian/store.h"

#define PACK_AGE_US (10 * NP_MIN_US)
#define PACK_RAW ((size_t)2 * 1024 * 1024) /* of inputs: a full block */
#define PACK_ITEMS 1000                    /* a block worth making, after an hour */
#define PACK_WAIT_US NP_HOUR_US
#define PACK_ROWS 4096                /* looked at, and in a block, at most */
#define PACK_IDLE_MS (60 * NP_SEC_MS) /* nothing to do: look again after this */
#define PACK_TURN_MS (20 * NP_SEC_MS) /* deadline of a turn */

struct pack_row {
	uint64_t pos;
	int64_t at_us;
	int64_t items;
	size_t bytes;
};
/* How many of these rows (consecutive or not, oldest first) make a block now; 0: wait. Pure. */
size_t pack_plan(const struct pack_row *row, size_t n, int64_t now_us);

/* At most one block of a shard. *ret_rows: moved; 0: nothing to do for now. NP_E_FENCED: the rows
 * changed meanwhile, nothing was moved. */
NP_NODISCARD np_err pack_turn(struct pg_conn *c, uint32_t shard, int64_t now_us, size_t *ret_rows);
