/* SPDX-License-Identifier: Apache-2.0 */
/* feed.h - what the engines publish, sorted by organisation.
 *
 * Floor 4 (web). Opens the seal, drops what an engine says about a shard that
 * it has lost, sees gaps, wakes the requests whose command was decided. Loop's
 * thread.
 */
#pragma once
#include "web/ctx.h"
#include "web/orgfeed.h"

#define FEED_ORGS_MAX 10000
#define FEED_INCARNATION_MAX 17

NP_NODISCARD struct feed *feed_new(struct web *w, const struct redis_conf *redis);
void feed_free(struct feed *f); /* no readers left; NULL is fine */
/* The feed of an organisation, made when it is not there. NULL: no memory. */
struct orgfeed *feed_org(struct feed *f, uint64_t org);
const char *feed_incarnation(const struct feed *f);
bool feed_is_up(const struct feed *f);     /* subscribed */
bool feed_is_behind(const struct feed *f); /* an engine cannot reach the database */
int64_t feed_heard_ms(const struct feed *f); /* mono ms of the newest message; 0: never */

/* Pure part: what to do with a message that speaks for a shard. */
struct feed_shard {
	uint64_t token, live;
};
enum feed_verdict { FEED_TAKE, FEED_STALE, FEED_GAP };
enum feed_verdict feed_stamp(struct feed_shard *s, uint64_t token, uint64_t live);
