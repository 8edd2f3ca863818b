/* SPDX-License-Identifier: Apache-2.0 */
/* runner_in.h - inside of the runner: a monitor and its present attempt.
 *
 * Floor 4 (checker). One loop's thread.
 */
#pragma once
#include "base/map.h"
#include "checker/runner.h"
#include "checker/dueheap.h"

struct mon;
struct attempt { /* pooled */
	struct attempt *next;
	struct runner *r;
	struct check_run *run;
	struct mon *mon;
	struct canary_wait wait;
};

struct mon {
	struct runner *r;
	struct due_node node;
	struct check_def *def;
	struct attempt *attempt; /* under way; NULL: none */
	struct mon *queue_next, *queue_prev;
	bool queued;
	bool first;           /* the attempt to come opens a slot of its own */
	bool fresh_slot;      /* queued: attempt 0 of slot_us has not begun */
	bool stale;           /* not named (yet) in a full assignment */
	int64_t slot_us;      /* newest slot, wall; 0: none yet */
	int64_t next_slot_us; /* wall */
	int64_t retry_us;     /* mono; 0: none */
	int64_t due_us;       /* mono: when what is queued should have begun */
	uint32_t next_attempt, retries_left, skipped;
	uint64_t told_address; /* hash */
	int64_t told_cert_s, told_us;
};

struct runner {
	struct runner_cfg cfg;
	struct loop *loop;
	struct map *mons; /* by number */
	struct dueheap *sched;
	struct loop_timer *timer;
	struct mon *queue_head, *queue_tail;
	size_t queued, in_flight;
	struct attempt *pool;
	size_t pooled;
	int64_t offset_us; /* wall - mono */
	bool pumping, stopped;
	struct metric *m_late, *m_in_flight, *m_queued, *m_monitors, *m_skipped;
	struct metric *m_done[MON_KIND_N][RES_STATUS_N];
};

/* runner_time.c */
void runner_plan(struct mon *m); /* put it into the schedule */
void runner_next_slot(struct mon *m, int64_t after_us);
void runner_on_timer(void *ctx);
/* runner_run.c */
void runner_enqueue(struct mon *m, int64_t due_us);
void runner_dequeue(struct mon *m);
void runner_pump(struct runner *r);
void runner_overload(struct mon *m);
void runner_drop_attempt(struct mon *m);
void runner_pool_free(struct runner *r);
