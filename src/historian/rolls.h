/* SPDX-License-Identifier: Apache-2.0 */
/* rolls.h - roll-up rows in the making: what is added to each window.
 *
 * Floor 4 (historian). One table per tier and flush, in the flush's arena. All of a
 * row is a sum, so that the larger windows grow by what the small ones grow. The
 * worker's thread.
 */
#pragma once
#include "base/arena.h"
#include "core/histogram.h"
#include "core/result.h"
#include "core/uptime.h"
#include "historian/store.h"

#define ROLLS_MONITORS_MAX 1000000

struct roll_hist {
	struct roll_hist *next; /* regions ascending */
	uint32_t region;
	struct hist h;
};
struct roll {
	struct roll *next;       /* of the table */
	struct roll *of_monitor; /* of the same monitor */
	uint64_t monitor, org;
	int64_t at_us;
	int64_t count[RES_STATUS_N]; /* by status */
	int64_t s[UPT_N];            /* seconds by state */
	bool exact;                  /* 5m: s is what it shall be, not what is added */
	bool stored;                 /* there is such a row */
	bool changed;                /* to be written */
	struct roll_hist *hist;
};
struct rolls {
	struct arena *a;
	struct map *of_monitor; /* number -> newest roll of it */
	struct roll *first, **last;
	size_t n;
};

NP_NODISCARD np_err rolls_init(struct rolls *t, struct arena *a);
void rolls_done(struct rolls *t); /* usable with NP_CLEANUP; the rows go with the arena */
/* The window of that monitor, made when it is not there. NULL on no memory. */
NP_NODISCARD struct roll *rolls_get(struct rolls *t, uint64_t monitor, uint64_t org, int64_t at_us);
/* Adds one result. */
NP_NODISCARD np_err rolls_result(struct rolls *t, struct roll *r, uint32_t region,
				 const struct res_record *res);
/* Reads the stored rows, turns exact seconds into differences, and adds all differences to the
 * windows of `wide_us` of `wider` (NULL: none); then r holds what is to be stored. */
NP_NODISCARD np_err rolls_merge(struct pg_conn *c, enum store_tier tier, struct rolls *t,
				struct rolls *wider, int64_t wide_us);
/* Writes those that changed. */
NP_NODISCARD np_err rolls_write(struct pg_conn *c, enum store_tier tier, const struct rolls *t);
