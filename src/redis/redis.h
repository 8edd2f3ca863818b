/* SPDX-License-Identifier: Apache-2.0 */
/* redis.h - one Redis connection for straight-line, blocking use.
 *
 * Floor 3 (redis). Belongs to one thread at a time, never to a loop's thread.
 * Unix socket, AUTH as an ACL user. Connects when asked to be ready and again
 * after a loss, with back-off; what was in flight is lost and said so
 * (NP_E_CLOSED): Redis is transport, the caller sends again. Every call ends
 * by its deadline. The process must ignore SIGPIPE (loop_on_stop does that).
 */
#pragma once
#include "redis/args.h"
#include "redis/reply.h"

#define REDIS_CONNECT_MS_DEFAULT 2000
#define REDIS_BACKOFF_MIN_MS 50
#define REDIS_BACKOFF_MAX_MS 1000
#define REDIS_PIPE_MAX 4096 /* commands queued and not read back */
#define REDIS_WHY_MAX 160

/* Borrowed texts: must outlive the connection. */
struct redis_conf {
	const char *socket;
	const char *user;          /* NULL: default user */
	const char *password_file; /* NULL: no AUTH; read at every connect */
	uint32_t connect_ms;       /* 0: default */
};

struct redis;
NP_NODISCARD struct redis *redis_new(const struct redis_conf *conf); /* does not connect yet */
void redis_free(struct redis *r);                                    /* NULL is fine */
/* Connected: connects when needed, after the back-off. NP_E_CLOSED when not by the deadline
 * (mono ms), NP_E_AUTH when user or password are refused. Sets the deadline of what follows. */
NP_NODISCARD np_err redis_ready(struct redis *r, int64_t deadline_ms);
void redis_deadline(struct redis *r, int64_t deadline_ms);
bool redis_is_up(const struct redis *r);
void redis_drop(struct redis *r);
/* Number of connects so far: another number than before means that state may be gone. */
uint64_t redis_generation(const struct redis *r);
const char *redis_why(const struct redis *r); /* last failure, one line, without values */

/* One command, one round trip. NP_E_NOSPACE: Redis is out of memory (OOM); NP_E_DENIED: the
 * ACL forbids it; NP_E_PROTO: any other error reply; NP_E_AGAIN: loading, busy, read-only;
 * NP_E_CLOSED, NP_E_TIMEOUT: the connection is dropped, whether it ran is unknown.
 * `ret_reply` may be NULL. */
NP_NODISCARD np_err redis_cmd(struct redis *r, const struct redis_args *a,
			      struct redis_reply **ret_reply);
/* Pipelining: queue commands, then read all answers. redis_flush yields the first error
 * (all answers are read anyway, unless the connection is lost). */
NP_NODISCARD np_err redis_queue(struct redis *r, const struct redis_args *a);
NP_NODISCARD np_err redis_flush(struct redis *r);

/* Helpers over the above. */
NP_NODISCARD np_err redis_publish(struct redis *r, np_str channel, np_str message);
/* Field "r". *ret_id may be NULL. */
NP_NODISCARD np_err redis_xadd(struct redis *r, np_str key, np_str record, struct redis_id *ret_id);
/* Forget everything up to and with `last`: XTRIM MINID last+1. Queued, not sent: redis_flush. */
NP_NODISCARD np_err redis_xtrim_queue(struct redis *r, np_str key, struct redis_id last);
/* used_memory of the server, in bytes, and its maxmemory (0: none). */
NP_NODISCARD np_err redis_memory(struct redis *r, uint64_t *ret_used, uint64_t *ret_max);

#define REDIS_STREAMS_MAX 16
struct redis_xread {
	np_str key[REDIS_STREAMS_MAX];
	struct redis_id after[REDIS_STREAMS_MAX]; /* moves to the last entry that was given */
	size_t n;
	uint32_t count;    /* entries per stream at most */
	uint32_t block_ms; /* 0: do not wait */
	/* One entry, in order per stream; `which` is the index of its key. The record is
	 * borrowed for the call. */
	void (*entry)(void *ctx, size_t which, struct redis_id id, np_str record);
	void *ctx;
};
/* Nothing new: NP_OK without a call. The wait may pass the deadline by block_ms. */
NP_NODISCARD np_err redis_xread(struct redis *r, struct redis_xread *x);
