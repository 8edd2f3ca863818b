/* SPDX-License-Identifier: Apache-2.0 */
/* aredis.h - one Redis connection on an event loop: commands pipelined, answers in order.
 *
 * Floor 3 (redis). Belongs to the loop's thread. Reconnects by itself with
 * back-off; every command gets exactly one callback: its answer, or NP_E_CLOSED
 * when the connection was lost (whether it ran is unknown). Nothing is queued
 * while there is no connection: the caller keeps what it must keep.
 */
#pragma once
#include "net/loop.h"
#include "redis/redis.h"

#define AREDIS_PENDING_MAX 65536                    /* commands without an answer */
#define AREDIS_BYTES_MAX ((size_t)64 * 1024 * 1024) /* of them, not yet answered */
#define AREDIS_ANSWER_MS 5000 /* commands pending and none answered for that long: replaced */

struct aredis_cfg {
	struct redis_conf conf;
	void (*connected)(void *ctx);             /* also after each reconnect; may be NULL */
	void (*lost)(void *ctx, const char *why); /* also for a failed connect; may be NULL */
	void *ctx;
	uint32_t answer_ms; /* 0: AREDIS_ANSWER_MS */
};

struct aredis;
/* Starts connecting. NULL on no memory. */
NP_NODISCARD struct aredis *aredis_new(struct loop *l, const struct aredis_cfg *cfg);
/* Pending commands get NP_E_CANCELED first. NULL is fine; not from inside its callbacks. */
void aredis_free(struct aredis *r);
bool aredis_is_up(const struct aredis *r);
size_t aredis_pending(const struct aredis *r);

/* `reply` is borrowed for the call and NULL unless Redis answered; `e` is as in redis_cmd. */
typedef void (*aredis_fn)(void *ctx, np_err e, const struct redis_reply *reply);
/* NP_E_CLOSED: not connected; NP_E_LIMIT: too much pending. No callback then. fn may be NULL. */
NP_NODISCARD np_err aredis_cmd(struct aredis *r, const struct redis_args *a, aredis_fn fn,
			       void *ctx);
NP_NODISCARD np_err aredis_xadd(struct aredis *r, np_str key, np_str record, aredis_fn fn,
				void *ctx);
NP_NODISCARD np_err aredis_publish(struct aredis *r, np_str channel, np_str message);
