/* SPDX-License-Identifier: Apache-2.0 */
/* profile.h - when which worker makes a result.
 *
 * steady: evenly, RATE a second. spike: QUIET seconds of silence, then all within a
 * second, again and again. burst: the same, all at one instant. max: each worker
 * goes on as soon as it has its answer. storm: the first tenth goes on steadily while
 * all others reconnect at once. slow: steady, a tenth a byte at a time. One loop's thread.
 */
#pragma once
#include "worker.h"

enum profile_kind {
	PROFILE_STEADY,
	PROFILE_SPIKE,
	PROFILE_BURST,
	PROFILE_MAX,
	PROFILE_STORM,
	PROFILE_SLOW,
	PROFILE_N
};
struct profile_cfg {
	enum profile_kind kind;
	double rate;      /* results (batches) a second of all workers; steady, storm, slow */
	int64_t quiet_ms; /* spike, burst */
	int64_t run_ms;
	uint32_t inflight;       /* max: batches of one worker */
	void (*over)(void *ctx); /* all was offered */
	void *ctx;
};
struct profile {
	struct profile_cfg cfg;
	struct fleet *f;
	struct loop_timer *timer;
	bool running;
	int64_t from_us, to_us; /* wall */
	int64_t start_us;       /* monotonic; of the schedule in work */
	int64_t end_us;         /* monotonic; of the profile */
	uint64_t due;           /* sends made in this schedule */
	size_t senders;         /* the first so many workers */
	int64_t storm_back_ms;  /* storm: until all were back; 0: not all */
	uint64_t missed;        /* no room in the window, or not connected */
	struct record late;     /* µs behind the schedule, int64 */
};

NP_NODISCARD np_err profile_kind_from_name(const char *name, enum profile_kind *ret);
NP_NODISCARD np_err profile_init(struct profile *p, const struct profile_cfg *cfg, struct fleet *f);
void profile_done(struct profile *p);
void profile_start(struct profile *p);
void profile_end(struct profile *p);                     /* before its time, or again: nothing */
void profile_acked(struct profile *p, struct worker *w); /* max goes on by it */
