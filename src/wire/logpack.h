/* SPDX-License-Identifier: Apache-2.0 */
/* logpack.h - many consecutive rows of one shard's log in one compressed block.
 *
 * Floor 3 (wire). np.log_packed holds these: the historian writes them, whoever folds
 * an old log reads them. A block is whole or refused: its length and a checksum are in
 * it. Rows are given back byte for byte. One owner, any thread.
 */
#pragma once
#include "base/buf.h"

#define LOGPACK_RAW_MAX ((size_t)96 * 1024 * 1024) /* rows of one block, uncompressed */

struct logpack_row {
	uint64_t pos;
	int64_t at_us;
	uint32_t items;
	np_str inputs;
};

/* ---- writing: rows one after the other, then the block ---- */
struct logpack {
	struct buf raw;
	int64_t at_us; /* of the newest row */
	uint64_t first_pos, n;
};
void logpack_init(struct logpack *p);
void logpack_done(struct logpack *p); /* usable with NP_CLEANUP */
/* The position behind the newest one (asserted). NP_E_LIMIT: it does not fit. */
NP_NODISCARD np_err logpack_add(struct logpack *p, const struct logpack_row *row);
NP_NODISCARD np_err logpack_block(const struct logpack *p, struct buf *out);

/* ---- reading ---- */
struct logpack_iter {
	char *raw;
	np_str rest;
	uint64_t pos;
	int64_t at_us;
};
/* NP_E_CORRUPT: damaged; NP_E_VERSION: made by a newer program; NP_E_NOMEM. */
NP_NODISCARD np_err logpack_open(np_str block, uint64_t first_pos, struct logpack_iter *ret);
void logpack_close(struct logpack_iter *it); /* all zero is fine; usable with NP_CLEANUP */
/* inputs are borrowed until the close. NP_E_NOTFOUND: no more; NP_E_CORRUPT. */
NP_NODISCARD np_err logpack_next(struct logpack_iter *it, struct logpack_row *ret);
