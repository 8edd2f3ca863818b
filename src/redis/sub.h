/* SPDX-License-Identifier: Apache-2.0 */
/* sub.h - subscriptions to Redis channels, on an event loop.
 *
 * Floor 3 (redis). Belongs to the loop's thread. Subscribes again after each
 * reconnect and then says `connected`: messages may have been missed, so read
 * the state they only announce. A silent connection is probed and replaced.
 */
#pragma once
#include "net/loop.h"
#include "redis/redis.h"

#define SUB_CHANNELS_MAX 256
#define SUB_PROBE_MS 5000 /* nothing heard for that long: PING, and a second time: replaced */

struct sub_cfg {
	struct redis_conf conf;
	void (*message)(void *ctx, np_str channel, np_str message); /* borrowed for the call */
	void (*connected)(void *ctx);             /* every channel is subscribed; may be NULL */
	void (*lost)(void *ctx, const char *why); /* may be NULL */
	void *ctx;
	uint32_t probe_ms; /* 0: SUB_PROBE_MS */
};

struct sub;
NP_NODISCARD struct sub *sub_new(struct loop *l, const struct sub_cfg *cfg); /* starts connecting */
void sub_free(struct sub *s); /* NULL is fine; not from inside its callbacks */
/* Known channels are fine. NP_E_LIMIT, NP_E_NOMEM. */
NP_NODISCARD np_err sub_add(struct sub *s, np_str channel);
void sub_del(struct sub *s, np_str channel);
bool sub_is_up(const struct sub *s); /* all subscribed */
