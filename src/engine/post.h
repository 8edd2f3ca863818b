/* SPDX-License-Identifier: Apache-2.0 */
/* post.h - what goes to Redis once a group is committed.
 *
 * Floor 4 (engine). Answers to gateways, states and incidents to the web, caches, nudges,
 * and the queue cut off. All of it may get lost: who misses it asks again or polls.
 * The committer's thread.
 */
#pragma once
#include "engine/group.h"
#include "redis/redis.h"
#include "wire/seal.h"

struct post {
	struct redis *redis;
	const struct seal *seal;
	const char *engine; /* its name */
	struct buf text;    /* scratch */
	np_err err;         /* first failure of the running group */
	size_t queued;
};
void post_init(struct post *p, struct redis *redis, const struct seal *seal, const char *engine);
void post_done(struct post *p);
/* Everything of one group; at_us is the moment it was committed. */
NP_NODISCARD np_err post_group(struct post *p, struct group *g, int64_t at_us);
