/* SPDX-License-Identifier: Apache-2.0 */
/* committer.h - the thread that sends finished transactions, in order, one at a time.
 *
 * Floor 4 (engine). A lost connection: the same bytes again, for as long as it takes. Any
 * other error: that group and all of its era behind it are handed back, not committed.
 * After a commit it tells gateways and the web (post.h).
 */
#pragma once
#include "base/metrics.h"
#include "engine/msg.h"
#include "pg/pg.h"
#include "redis/redis.h"
#include "wire/seal.h"

#define COMMITTER_QUEUE 64      /* groups waiting */
#define COMMITTER_CALL_MS 10000 /* one commit */

struct committer_cfg {
	struct pg_conf db;
	struct redis_conf redis;
	const struct seal *seal;
	const char *engine;
	struct mbox *in, *folder; /* MSG_GROUP, there and back; MSG_BEHIND */
	struct metrics *metrics;
};
struct committer;
NP_NODISCARD struct committer *committer_new(const struct committer_cfg *cfg);
void committer_free(struct committer *c); /* NULL is fine */
/* Until its mbox is closed and empty. */
void committer_run(struct committer *c);
/* Any thread: what cannot be committed at once is given up, nothing of it was acknowledged. */
void committer_stop(struct committer *c);
