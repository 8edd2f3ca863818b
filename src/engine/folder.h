/* SPDX-License-Identifier: Apache-2.0 */
/* folder.h - the thread that reads the queues, folds, and tells the screen at once.
 *
 * Floor 4 (engine). Owner of every loaded shard's memory and of the group in the making.
 * It waits for nothing but Redis, and for that a few milliseconds at a time: PostgreSQL
 * is the keeper's and the committer's business. On any doubt about what is committed it
 * throws memory away and has it loaded again.
 */
#pragma once
#include "base/metrics.h"
#include "engine/msg.h"
#include "redis/redis.h"
#include "wire/seal.h"

#define FOLDER_INFLIGHT_MAX ((size_t)96 * 1024 * 1024) /* bytes of groups not yet committed */
#define FOLDER_BEHIND_US (2 * NP_SEC_US) /* no commit ended for so long, and some wait */
#define FOLDER_AWAY_US (2 * NP_SEC_US)   /* not reading for longer than this is an absence */

struct folder_cfg {
	struct redis_conf redis;
	const struct seal *seal;
	const char *engine;
	uint32_t want; /* shards */
	int64_t snapshot_ms;
	size_t snapshot_items;
	struct mbox *in, *keeper, *committer;
	struct metrics *metrics;
};
struct folder;
NP_NODISCARD struct folder *folder_new(const struct folder_cfg *cfg);
void folder_free(struct folder *f); /* NULL is fine */
/* Until folder_stop; then what is folded is given to the committer. */
void folder_run(struct folder *f);
void folder_stop(struct folder *f);           /* any thread */
uint32_t folder_held(const struct folder *f); /* any thread: shards that are loaded and read */
