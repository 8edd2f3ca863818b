/* SPDX-License-Identifier: Apache-2.0 */
/* spool.h - results that are kept on disk until they are acknowledged.
 *
 * Floor 4 (checker). Every item takes the next number of its (epoch, shard) and
 * goes to an append-only file, written and fsynced by the worker pool a few ms
 * later; sending does not wait for that. What cannot be kept or read back stays
 * in the sequence as a `lost`. One process per folder, one loop's thread.
 */
#pragma once
#include "base/buf.h"
#include "base/metrics.h"
#include "net/loop.h"

#define SPOOL_MAX_BYTES_DEFAULT ((int64_t)256 * 1024 * 1024)
#define SPOOL_LINGER_MS 4
#define SPOOL_KEEP_ACKED_MS (10 * NP_MIN_MS)
#define SPOOL_SEGMENT_MAX ((size_t)1024 * 1024)
#define SPOOL_UNWRITTEN_MAX ((size_t)4 * 1024 * 1024) /* while the disk stalls */
#define SPOOL_EPOCHS_MAX 4096                         /* that can be read */
#define SPOOL_EPOCHS_KEPT 256 /* older ones become a loss of the present one at a start */

struct spool;
struct spool_cfg {
	struct loop *loop;
	const char *dir;    /* made when missing */
	int64_t max_bytes;  /* 0: default */
	size_t segment_max; /* 0: default */
	int64_t start_ms;   /* wall clock: the epoch's larger part */
	uint16_t random;    /* its smaller part */
	struct metrics *metrics;
	void (*more)(void *ctx); /* there may be something to send */
	void *ctx;
};
/* Reads what is there: blocking, at start only. NP_E_BUSY: another process has the folder;
 * NP_E_VERSION: made by a newer program. On failure *ret_why gets one sentence. */
NP_NODISCARD np_err spool_open(const struct spool_cfg *cfg, struct spool **ret_spool,
			       struct buf *ret_why);
/* Writes and fsyncs what is left. NULL is fine. */
void spool_close(struct spool *s);
uint64_t spool_epoch(const struct spool *s);

/* Keep an encoded np.v1.Item; yields its number. Cannot fail: what finds no room is `lost`. */
uint64_t spool_add(struct spool *s, uint32_t shard, int64_t slot_us, np_str item);

struct spool_batch {
	uint64_t epoch, first_seq, last_seq; /* last_seq = first_seq - 1 in an empty one */
	uint32_t shard;
	size_t items;
	bool end;
};
/* The next items of the shard to send, appended to `items` as batch_put_item makes them.
 * False: nothing now. Oldest epochs first; a younger one waits until the older is answered. */
bool spool_next(struct spool *s, uint32_t shard, size_t items_max, struct spool_batch *ret,
		struct buf *items);
void spool_ack(struct spool *s, uint64_t epoch, uint32_t shard, uint64_t n);
void spool_rewind(struct spool *s, uint64_t epoch, uint32_t shard, uint64_t n);
/* Everything not answered is to be sent again; SPOOL_ALL_SHARDS: all of it. */
#define SPOOL_ALL_SHARDS NP_SHARDS
void spool_unsend(struct spool *s, uint32_t shard);
/* One number that nobody can take: it becomes a `lost` (unreadable to the gateway). */
void spool_give_up(struct spool *s, uint64_t epoch, uint32_t shard, uint64_t seq);
/* From WELCOME. Epochs under it that were never sent are renumbered above. */
void spool_closed_below(struct spool *s, const uint64_t below[NP_SHARDS]);

/* Age of the oldest unsent item; 0: none. */
uint32_t spool_oldest_ms(const struct spool *s, int64_t wall_us);
struct spool_held {
	uint64_t epoch, first_seq, last_seq;
	uint32_t shard;
};
/* What is not answered, oldest epochs first; yields how many entries were written. */
size_t spool_held(const struct spool *s, struct spool_held *ret, size_t max);
uint64_t spool_unanswered(const struct spool *s); /* numbers */
