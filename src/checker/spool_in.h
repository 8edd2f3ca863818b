/* SPDX-License-Identifier: Apache-2.0 */
/* spool_in.h - inside of the spool: its epochs, its files, its work on the pool.
 *
 * Floor 4 (checker). One job at a time is on the pool; it owns `job` and the
 * descriptor until its `done`. Everything else belongs to the loop's thread.
 */
#pragma once
#include "base/str.h"
#include "checker/segment.h"
#include "checker/spool.h"
#include "checker/stream.h"

#define SPOOL_PATH_MAX 512
#define SPOOL_LOADED_MAX (SPOOL_SEGMENT_MAX * 8)
#define SPOOL_SEGMENTS_MAX 65536
#define SPOOL_STATE_FILE "state"
#define SPOOL_STATE_MAX ((size_t)4 * 1024 * 1024)
#define SPOOL_STATE_MS 1000 /* saved at most so often */
#define SPOOL_LOST_SAVED_MAX 20000

/* What a stretch of records holds, per shard; first 0: nothing. */
struct span {
	uint64_t first[NP_SHARDS], last[NP_SHARDS];
	int64_t from_us, to_us; /* slots */
};

struct seg {
	uint64_t epoch, number;
	uint64_t bytes;
	struct span span;
	int64_t acked_ms; /* mono ms when all of it was answered; 0: not yet */
};

struct epoch {
	uint64_t no;
	bool sent; /* a batch of it left this machine once */
	struct stream stream[NP_SHARDS];
};

enum spool_job_kind { JOB_WRITE, JOB_LOAD, JOB_REMOVE, JOB_STATE };
struct spool_job {
	enum spool_job_kind kind;
	char path[SPOOL_PATH_MAX];
	struct buf bytes; /* to write, or read */
	int fd;           /* JOB_WRITE: the open segment, -1: make it */
	uint64_t offset;
	struct span span;
	uint64_t epoch, number;
	np_err err;
	int64_t took_us;
};

struct spool {
	struct loop *loop;
	const char *dir;
	int lock_fd;
	int64_t max_bytes;
	size_t segment_max;
	void (*more)(void *ctx);
	void *ctx;

	struct epoch *epochs[SPOOL_EPOCHS_MAX]; /* by number; the last is the present one */
	size_t epochs_n;
	struct seg *segs; /* by (epoch, number) */
	size_t segs_n, segs_cap;
	uint64_t bytes;

	/* the file being written */
	int fd; /* -1: none */
	uint64_t file_number, file_size, next_number;
	struct buf unwritten;
	struct span unwritten_span;
	bool seal_after; /* what is being written ends the segment */
	uint32_t prev_shard;
	uint64_t prev_seq;

	bool busy; /* a job is on the pool */
	struct spool_job job;
	struct loop_timer *linger, *tick;
	bool flush_due, state_dirty;
	bool wrote_last; /* a load has its turn after a write */
	bool disk_full;  /* answered segments go at once */
	bool renumber;   /* wait: `below` came while a job was running */
	uint64_t below[NP_SHARDS];
	int64_t state_ms; /* when it was saved last */
	struct metric *m_bytes, *m_items, *m_fsync, *m_lost, *m_errors, *m_dropped;
};

/* spool_store.c: epochs, segments and holes by number. */
struct epoch *spool_epoch_of(const struct spool *s, uint64_t no);
/* Found or made; NULL: no room. */
struct epoch *spool_epoch_make(struct spool *s, uint64_t no);
static inline struct epoch *spool_present(const struct spool *s)
{
	return s->epochs[s->epochs_n - 1];
}
struct seg *spool_seg_make(struct spool *s, uint64_t epoch, uint64_t number);
struct seg *spool_seg_of(const struct spool *s, uint64_t epoch, uint64_t number);
/* Segment on disk that holds this number, or the first one after it; NULL: none. */
const struct seg *spool_seg_with(const struct spool *s, uint64_t epoch, uint32_t shard,
				 uint64_t seq);
void spool_seg_forget(struct spool *s, size_t index);
void spool_span_add(struct span *sp, uint32_t shard, uint64_t seq, int64_t slot_us);
void spool_span_merge(struct span *to, const struct span *more);
/* All numbers of the span are lost, as far as they are not in memory. */
void spool_span_lose(struct spool *s, uint64_t epoch, const struct span *sp, uint32_t why);
/* Fills s->job with the removal of an answered segment, or of the oldest in a full spool. */
bool spool_segs_sweep(struct spool *s);
void spool_epochs_sweep(struct spool *s);
void spool_path(const struct spool *s, const char *name, char ret[SPOOL_PATH_MAX]);

/* spool_scan.c: from bytes to streams. */
void spool_scan(struct spool *s, struct seg *g, np_str bytes, size_t *ret_keep);
void spool_offer(struct spool *s, uint64_t epoch, np_str bytes); /* a loaded segment */

/* The stream that the shard sends from: of the oldest epoch with something left. NULL: none. */
struct stream *spool_active(const struct spool *s, uint32_t shard, struct epoch **ret_epoch);
void spool_renumber(struct spool *s);

/* spool.c */
void spool_on_linger(void *ctx);
void spool_on_tick(void *ctx);

/* spool_job.c */
void spool_kick(struct spool *s);   /* start the most urgent job, if none runs */
void spool_finish(struct spool *s); /* everything to disk, here and now */

/* spool_state.c: answers and holes that must survive a restart. */
void spool_state_read(struct spool *s);
np_err spool_state_encode(const struct spool *s, struct buf *out);
