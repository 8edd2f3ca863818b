/* SPDX-License-Identifier: Apache-2.0 */
/* chunk.h - results of one monitor in one region, packed: np.chunk.packed.
 *
 * Floor 3 (wire). Column by column, each in the form that comes out shortest for it
 * (wire/chunkcol.h); made by the historian, read by whoever shows history. Reading
 * allocates nothing and may be given any bytes. Any thread.
 */
#pragma once
#include "core/result.h"
#include "wire/chunkcol.h"

#define CHUNK_SPAN_US (10 * NP_MIN_US) /* slots [slot_at, slot_at + this) are in one chunk */
#define CHUNK_ROWS_MAX 8192            /* of one chunk */
#define CHUNK_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define CHUNK_TEXTS_MAX 1000 /* distinct texts and addresses; what is over is left out */
#define CHUNK_COLUMNS 18

struct chunk_row {
	struct res_record r; /* r.monitor is not stored: 0 when read */
	int64_t received_us; /* at the gateway */
};

/* Appends the packed form of rows (in their order; the historian sorts by slot and attempt).
 * NP_E_LIMIT over CHUNK_ROWS_MAX or the buffer's maximum, NP_E_NOMEM. */
NP_NODISCARD np_err chunk_pack(const struct chunk_row *rows, size_t n, struct buf *out);

/* Reading: borrowed from `packed`, which must outlive it and the texts of the rows. */
struct chunk_iter {
	size_t n;    /* rows in all */
	size_t next; /* number of the row that comes next */
	np_str texts;
	size_t text_n;
	struct chunkcol col[CHUNK_COLUMNS];
};
/* NP_E_CORRUPT; NP_E_VERSION: made by a newer program. */
NP_NODISCARD np_err chunk_open(np_str packed, struct chunk_iter *ret);
/* The next row; false behind the last one or at damage (then it->next < it->n). */
bool chunk_next(struct chunk_iter *it, struct chunk_row *ret);
