/* SPDX-License-Identifier: Apache-2.0 */
/* runner.h - every monitor at its slots, with retries, one attempt at a time.
 *
 * Floor 4 (checker). Slots stand on the wall clock's grid and are waited for on
 * the monotonic one; a wall clock that jumps moves the waiting, not the grid.
 * At most `concurrency` attempts at once: further ones wait in a queue, and a
 * slot that waits for a whole interval ends as `unknown`, class overload. One
 * loop's thread.
 */
#pragma once
#include "base/metrics.h"
#include "checker/canary.h"
#include "checker/check.h"

#define RUNNER_CONCURRENCY 256
#define RUNNER_MONITORS_MAX 200000

struct runner;
struct runner_cfg {
	struct check_env *env;
	struct canary *canary;
	struct metrics *metrics;
	uint32_t concurrency; /* 0: default */
	/* The record's texts live until the call returns. */
	void (*result)(void *ctx, uint32_t shard, const struct res_record *r);
	void (*slow)(void *ctx, uint32_t shard, const struct res_record *r); /* slot, attempt */
	void *ctx;
};
NP_NODISCARD np_err runner_new(const struct runner_cfg *cfg, struct runner **ret_runner);
void runner_free(struct runner *r); /* attempts under way are dropped; NULL is fine */

/* Takes the definition. A revision that is not known checks at once; a known one changes nothing
 * but its place among the regions. */
void runner_set(struct runner *r, struct check_def *def);
void runner_remove(struct runner *r, uint64_t monitor);
/* What is not set between the two is removed. */
void runner_full_begin(struct runner *r);
void runner_full_end(struct runner *r);
/* Check now: one more attempt of the newest slot, unless one is under way or waiting. */
void runner_check_now(struct runner *r, uint64_t monitor);
/* No new attempts any more. */
void runner_stop(struct runner *r);
size_t runner_monitors(const struct runner *r);
size_t runner_in_flight(const struct runner *r);
/* Tests: what the wall clock says minus what the monotonic one says has changed by that much. */
void runner_clock_moved(struct runner *r, int64_t by_us);
