/* SPDX-License-Identifier: Apache-2.0 */
/* spoolrig.h - a spool in a folder of its own, and an other side that follows the contract.
 *
 * The other side holds cursors, applies the gap rule, stores every item at most
 * once and counts losses. An item's slot names it.
 */
#pragma once
#include "t.h"

#include "base/buf.h"
#include "checker/spool.h"

#define ITEMS_MAX 60000
#define EPOCHS_MAX 320

struct srig {
	struct loop *loop;
	struct metrics *metrics;
	struct spool *spool;
	char dir[128];
	int64_t start_ms;
	int64_t max_bytes;
	size_t segment_max;
};

struct far_epoch {
	uint64_t epoch;
	uint64_t last[NP_SHARDS];
	bool end[NP_SHARDS];
};

struct far {
	struct far_epoch e[EPOCHS_MAX];
	size_t n;
	uint8_t stored[ITEMS_MAX]; /* by item: how often */
	uint64_t lost;             /* numbers */
	uint64_t stored_n;
};

void srig_up(struct srig *r);
NP_NODISCARD np_err srig_open(struct srig *r, struct buf *why);
void srig_reopen(struct srig *r); /* a clean stop and a start */
void srig_down(struct srig *r);
void srig_empty_dir(const char *dir);
void srig_add(struct srig *r, uint32_t id);      /* in the shard id % 16 */
void srig_add_to_0(struct srig *r, uint32_t id); /* all in one shard */

struct far *far_new(void);
struct far_epoch *far_of(struct far *f, uint64_t epoch);
/* One batch of the shard. False: there was none. */
bool srig_send(struct srig *r, struct far *f, uint32_t shard, size_t max, bool ack);
/* Until nothing is unanswered. */
void srig_drain(struct srig *r, struct far *f);
void srig_nothing_twice(const struct far *f);
