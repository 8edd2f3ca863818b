/* SPDX-License-Identifier: Apache-2.0 */
/* segment.h - the bytes of a spool file: a header, then checksummed records.
 *
 * Floor 4 (checker). Pure: makes bytes, reads bytes in any state of damage. A
 * record names the one before it (shard and number), so that a record whose own
 * head is destroyed is still missed by its neighbour; the seal of a finished
 * segment names the last number of every shard. Any thread.
 */
#pragma once
#include "base/buf.h"

#define SEG_HEAD_LEN 64
#define SEG_REC_LEN 48    /* head of a record */
#define SEG_ITEM_MAX 4096 /* content of a record */
#define SEG_VERSION 1
#define SEG_NO_SHARD 255
#define SEG_NAME_MAX 64

enum seg_kind { SEG_ITEM = 1, SEG_SEAL = 2 };

struct seg_rec {
	enum seg_kind kind;
	uint32_t shard;
	uint64_t seq;
	int64_t slot_us;
	uint32_t prev_shard; /* SEG_NO_SHARD: the first record of its epoch */
	uint64_t prev_seq;
	np_str item;              /* SEG_ITEM; {NULL,0} when only its content is damaged */
	uint64_t last[NP_SHARDS]; /* SEG_SEAL */
};

np_err seg_put_head(struct buf *out, uint64_t epoch, uint64_t number);
/* NP_E_VERSION: made by a newer program. NP_E_CORRUPT: no head; the records may be fine. */
NP_NODISCARD np_err seg_check_head(np_str bytes);
np_err seg_put_rec(struct buf *out, const struct seg_rec *rec);

enum seg_rc {
	SEG_REC,  /* *ret is a record (perhaps with damaged content) */
	SEG_SKIP, /* damage: bytes up to the next readable record were skipped */
	SEG_TAIL, /* damage or a torn write, and no readable record behind it */
	SEG_END,  /* the clean end */
};
/* Next record at *pos (start at SEG_HEAD_LEN); moves it. After SEG_TAIL *pos is where to cut. */
NP_NODISCARD enum seg_rc seg_next(np_str bytes, size_t *pos, struct seg_rec *ret);

/* "<epoch>-<number>.seg" in hexadecimal, NUL-terminated. */
void seg_name(uint64_t epoch, uint64_t number, char ret[SEG_NAME_MAX]);
bool seg_name_parse(np_str name, uint64_t *ret_epoch, uint64_t *ret_number);
