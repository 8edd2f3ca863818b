/* SPDX-License-Identifier: Apache-2.0 */
/* say.h - what is published at the moment it is folded, before any commit.
 *
 * Floor 4 (engine). Results for the screen (one message a tick, by organisation, with each
 * shard's token and number), "check now" to regions, rewinds to gateways. Nothing that
 * anybody could act on as a fact. The folder's thread; entries borrow the open group's
 * memory until say_flush.
 */
#pragma once
#include "base/metrics.h"
#include "engine/fx.h"
#include "redis/redis.h"
#include "wire/seal.h"

#define SAY_RESULTS_FULL 4000 /* of one message */

struct say;
struct say_cfg {
	struct redis *redis;
	const struct seal *seal;
	const char *engine;
	struct metrics *metrics;
};
NP_NODISCARD struct say *say_new(const struct say_cfg *cfg);
void say_free(struct say *s); /* NULL is fine */
void say_set_token(struct say *s, uint32_t shard, uint64_t token);
void say_set_behind(struct say *s, bool behind);        /* told by say_flush, each second */
uint64_t say_live(const struct say *s, uint32_t shard); /* number of its newest message */

void say_result(struct say *s, struct fx_result *r);
void say_job(struct say *s, const struct fx_job *j);
void say_rewind(struct say *s, np_str gateway, const Np__I1__AckRecord *rewind);
bool say_is_full(const struct say *s);
/* Publish. What was added is forgotten, told or not. */
/* Only what is queued, now. */
void say_send(struct say *s);
void say_flush(struct say *s);
/* Forget what was added: its group is thrown away. */
void say_clear(struct say *s);
