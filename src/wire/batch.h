/* SPDX-License-Identifier: Apache-2.0 */
/* batch.h - np.v1.Batch: made by checkers, read from untrusted bytes, folded by engines.
 *
 * Floor 3 (wire). Decoding answers for the envelope as a whole (readable or not) and
 * for every item singly: fine, or the reason it is invalid. Invalid items keep
 * their sequence numbers. A loss counts for `count` numbers: cursors count
 * numbers, not items. Decoded texts point into the arena. Any thread, one per batch.
 */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "core/result.h"

#define BATCH_BYTES_MAX ((size_t)256 * 1024) /* encoded */
#define BATCH_ITEMS_MAX 1000
#define BATCH_ITEM_MAX ((size_t)4096)             /* encoded; longer ones are invalid */
#define BATCH_ARENA_MAX ((size_t)4 * 1024 * 1024) /* holds any acceptable batch, decoded */
#define BATCH_TEXT_MAX 300 /* bytes of error_text; encoding clips, decoding refuses */
#define BATCH_SEQ_MAX ((uint64_t)1 << 62) /* last sequence number there can be */
#define BATCH_EPOCH_MAX ((uint64_t)INT64_MAX)

enum batch_why {
	BATCH_W_DAMAGED = 1,
	BATCH_W_SPOOL_FULL,
	BATCH_W_UNREADABLE,
	BATCH_W_SPOOL_GONE,
	BATCH_WHY_N
};

struct batch_head {
	uint64_t epoch;     /* > 0 */
	uint32_t shard;     /* < NP_SHARDS */
	uint64_t first_seq; /* > 0 */
	bool end;
	uint32_t oldest_ms;
	/* found by decoding; ignored by encoding */
	size_t items;
	uint64_t numbers; /* that the items stand for */
	size_t invalid;   /* items */
};
struct batch_lost {
	uint64_t count; /* > 0 */
	int64_t from_us, to_us;
	enum batch_why why;
};
enum batch_kind { BATCH_NOTHING = 0, BATCH_RESULT = 1, BATCH_LOST = 2 };
struct batch_item {
	size_t index;        /* in the batch, from 0 */
	uint64_t seq, count; /* numbers seq … seq+count-1 */
	const char *
		invalid; /* NULL: fine; else why, a literal ("slot", "monitor is of another shard") */
	enum batch_kind kind;
	struct res_record
		result;         /* BATCH_RESULT; when invalid: only to look at, fields may be off */
	struct batch_lost lost; /* BATCH_LOST */
};

/* ---- reading ------------------------------------------------------------------ */
struct batch; /* lives in the arena */
/* NP_E_PROTO: not a readable envelope (also: epoch, shard or first_seq out of range, numbers
 * past BATCH_SEQ_MAX, a loss of 0). NP_E_LIMIT: longer than BATCH_BYTES_MAX, more items than
 * BATCH_ITEMS_MAX, or more memory than the arena has. `bytes` must outlive the batch. */
NP_NODISCARD np_err batch_decode(struct arena *a, np_str bytes, struct batch **ret);
const struct batch_head *batch_head(const struct batch *b);
/* The i-th item (i < items). */
const struct batch_item *batch_item(const struct batch *b, size_t i);
/* Its own bytes within the batch: for evidence, and for batch_put_item. */
np_str batch_item_bytes(const struct batch *b, size_t i);
/* One item alone (from a spool, say); seq is 0. NP_E_PROTO: unreadable. Else as above. */
NP_NODISCARD np_err batch_item_decode(struct arena *a, np_str item, struct batch_item *ret);

/* ---- making: a head, then items one after the other --------------------------- */
NP_NODISCARD np_err batch_put_head(struct buf *out, const struct batch_head *h);
NP_NODISCARD np_err batch_put_item(struct buf *out, np_str item); /* an encoded np.v1.Item */
/* Append an encoded np.v1.Item (what a spool keeps). The text is clipped to BATCH_TEXT_MAX. */
NP_NODISCARD np_err batch_item_result(struct buf *out, const struct res_record *r);
NP_NODISCARD np_err batch_item_lost(struct buf *out, const struct batch_lost *l);
