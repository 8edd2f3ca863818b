/* SPDX-License-Identifier: Apache-2.0 */
/* link.h - a hiredis connection on our loop that comes back by itself.
 *
 * Floor 3 (redis), for aredis.c and sub.c. One loop's thread. Connects, says
 * AUTH, then calls `up`; after a loss calls `down` and tries again after the
 * back-off. Exactly one `down` for every failed attempt and every loss.
 */
#pragma once
#include <hiredis/async.h>

#include "net/loop.h"
#include "redis/redis.h"

struct link_ops {
	void (*up)(void *owner);
	void (*down)(void *owner, const char *why);
};

struct link;
NP_NODISCARD struct link *link_new(struct loop *l, const struct redis_conf *conf,
				   const struct link_ops *ops, void *owner);
void link_free(struct link *k); /* pending answers come as NULL first; then no more calls */
/* The connection while it is up, else NULL. */
redisAsyncContext *link_peek(const struct link *k);
/* Give this connection up (no answer): down, then again after the back-off. */
void link_reset(struct link *k, const char *why);
/* Send one command; NP_E_CLOSED when not up. */
NP_NODISCARD np_err link_send(struct link *k, const struct redis_args *a, redisCallbackFn *fn,
			      void *ctx);
