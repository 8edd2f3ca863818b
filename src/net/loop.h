/* SPDX-License-Identifier: Apache-2.0 */
/* loop.h - one event loop per thread: timers, signals, fds, wake-ups, worker pool.
 *
 * Floor 2 (net). Thin over libuv. Everything here belongs to the thread that
 * runs the loop, except loop_wake_send, which any thread may call. `_free`
 * functions may be called inside the object's own callback; no callback comes
 * after them. Nothing on a loop may block: that is what loop_work is for.
 */
#pragma once
#include <uv.h>

#include "base/buf.h"
#include "net/wheel.h"

#define LOOP_WORK_MAX_DEFAULT 1024 /* jobs waiting or running */
#define LOOP_THREADS_DEFAULT 4
#define LOOP_THREADS_MAX 64
#define LOOP_FDS_LOW 4096 /* below this a role should warn at start */

struct loop_cfg {
	uint32_t threads;  /* worker pool; 0: default. Set by the first loop of the process. */
	uint32_t work_max; /* 0: default */
};

struct loop;
NP_NODISCARD struct loop *loop_new(const struct loop_cfg *cfg); /* cfg NULL: defaults */
/* Everything made on it must be freed first (asserted); waits for running work. NULL is fine. */
void loop_free(struct loop *l);
/* Until loop_stop, or nothing is left to wait for. NP_E_IO when the system refuses. */
NP_NODISCARD np_err loop_run(struct loop *l);
void loop_stop(struct loop *l); /* loop_run returns after this turn */
/* Tests: run what is ready, waiting at most `ms`. */
void loop_run_for(struct loop *l, int64_t ms);
uv_loop_t *loop_uv(struct loop *l); /* for libraries that plug into libuv */
/* Monotonic clock as of this turn of the loop (same base as clock_mono_ms). */
int64_t loop_now_ms(const struct loop *l);

/* One object that lives as long as the loop, freed with it (the hub of connections). */
void loop_attach(struct loop *l, void *obj, void (*free_fn)(void *obj));
void *loop_attached(const struct loop *l); /* NULL: none yet */

/* Raise the soft limit of descriptors to the hard one. *ret_limit gets what holds now. */
NP_NODISCARD np_err loop_raise_fds(uint64_t *ret_limit);

/* One-shot timer with an absolute deadline (mono ms); a deadline gone by fires next turn. */
struct loop_timer;
typedef void (*loop_fn)(void *ctx);
NP_NODISCARD struct loop_timer *loop_timer_new(struct loop *l, loop_fn fn, void *ctx);
void loop_timer_at(struct loop_timer *t, int64_t deadline_mono_ms); /* set or move */
void loop_timer_stop(struct loop_timer *t);
bool loop_timer_is_set(const struct loop_timer *t);
void loop_timer_free(struct loop_timer *t); /* NULL is fine */

/* Many coarse deadlines (LOOP_WHEEL_MS late at most) at the cost of a list entry each: node is
 * the caller's, fn is called with it. Setting moves; the node must be cleared before it dies. */
#define LOOP_WHEEL_MS 100
void loop_deadline(struct loop *l, struct wheel_node *node, int64_t deadline_mono_ms);
void loop_deadline_clear(struct loop *l, struct wheel_node *node);

/* Graceful stop: fn on SIGTERM and SIGINT, each time. Also ignores SIGPIPE. One per process. */
NP_NODISCARD np_err loop_on_stop(struct loop *l, loop_fn fn, void *ctx);
/* fn on SIGHUP (reload certificates). */
NP_NODISCARD np_err loop_on_reload(struct loop *l, loop_fn fn, void *ctx);

/* run on a pool thread, then done on the loop's thread, always both, in that order.
 * NP_E_LIMIT: too many waiting, shed load; neither is called. */
NP_NODISCARD np_err loop_work(struct loop *l, loop_fn run, loop_fn done, void *ctx);
size_t loop_work_pending(const struct loop *l);
/* For the end: no new work is taken, what is under way comes back. Before anything is freed that
 * a job or its `done` may touch. NULL is fine. */
void loop_settle(struct loop *l);

/* Wake the loop from any thread; several sends may become one call. */
struct loop_wake;
NP_NODISCARD struct loop_wake *loop_wake_new(struct loop *l, loop_fn fn, void *ctx);
void loop_wake_send(struct loop_wake *w); /* any thread */
void loop_wake_free(struct loop_wake *w); /* NULL is fine */

/* Watch a descriptor that stays the caller's (libpq, hiredis, an mbox). Level-triggered. */
enum { LOOP_READ = 1, LOOP_WRITE = 2 };
struct loop_poll;
typedef void (*loop_poll_fn)(void *ctx, int events);
NP_NODISCARD np_err loop_poll_new(struct loop *l, int fd, loop_poll_fn fn, void *ctx,
				  struct loop_poll **ret_poll);
void loop_poll_set(struct loop_poll *p, int events); /* 0: none */
void loop_poll_free(struct loop_poll *p); /* before the descriptor is closed; NULL is fine */
