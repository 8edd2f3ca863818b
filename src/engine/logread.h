/* SPDX-License-Identifier: Apache-2.0 */
/* logread.h - the rows of one shard's log in order, wherever they lie: np.log or np.log_packed.
 *
 * Floor 4 (engine); commands use it too. For folding what was long ago: an engine that
 * starts needs only the rows behind its newest snapshot, which are never packed. Rows may
 * be moved while it reads. Straight-line and blocking; memory for one block and a page.
 */
#pragma once
#include "pg/pg.h"
#include "wire/logpack.h"

#define LOGREAD_ROWS 64 /* of np.log, read at a time */

struct logread {
	struct pg_conn *c;
	uint32_t shard;
	uint64_t pos;  /* of the newest row that was given */
	int64_t at_us; /* and its time: only days from there on are looked into */
	/* ---- private ---- */
	struct pg_res *rows, *block;
	size_t row;
	struct logpack_iter it;
	bool in_block;
};

/* Rows behind `pos`, whose time is not before `at_us` (INT64_MIN: any). */
void logread_init(struct logread *r, struct pg_conn *c, uint32_t shard, uint64_t pos,
		  int64_t at_us);
void logread_done(struct logread *r);
/* NP_E_NOTFOUND: no more. ret->inputs is borrowed until the next call. A hole is not an error
 * here: ret->pos tells. NP_E_CORRUPT, NP_E_VERSION: a block does not read. */
NP_NODISCARD np_err logread_next(struct logread *r, struct logpack_row *ret);
