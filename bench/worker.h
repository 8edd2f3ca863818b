/* SPDX-License-Identifier: Apache-2.0 */
/* worker.h - a fleet of workers: each an identity, a connection, one monitor pinned to it.
 *
 * Speaks what checkers speak (framed stream, or POST over a kept connection) with
 * results made up on the spot. What is not answered within 2 s is sent again. The
 * fleet owns its workers; one loop's thread.
 */
#pragma once
#include "base/arena.h"
#include "ids.h"
#include "net/conn.h"
#include "net/http.h"
#include "net/tls.h"
#include "record.h"
#include "wire/frame.h"

#define WORKER_WINDOW 8 /* batches unanswered */
#define WORKER_CONNECTING_DEFAULT 200

enum worker_state { WORKER_DOWN, WORKER_CONNECTING, WORKER_UPGRADING, WORKER_GREETING, WORKER_UP };

struct worker_batch { /* enough to make the same bytes again */
	uint64_t first_seq;
	uint32_t count;
	int64_t slot_us, end_us, sent_ms;
};
struct fleet;
struct worker {
	struct fleet *f;
	const struct id_one *id;
	struct conn *c, *opening;
	struct loop_poll *poll;
	int fd;
	enum worker_state state;
	bool assigned, slow;
	struct http_msg *http; /* while upgrading, or of a POST */
	struct frame_in in;
	struct buf drip; /* of a slow one: bytes still to go */
	uint64_t next_seq;
	int64_t last_slot_us, retry_ms, paused_ms, pinged_ms;
	struct worker_batch window[WORKER_WINDOW];
	size_t head, n; /* of the window */
};

struct fleet_cfg {
	struct loop *loop;
	struct tls *tls;
	struct addr gateway;
	const char *name; /* in the gateway's certificate */
	bool post;        /* POST /v1/results instead of the stream */
	uint32_t per_batch;
	/* Not 0: slots so far apart from `since_us` on, and latencies that vary. */
	int64_t interval_us, since_us;
	uint32_t connecting; /* at a time */
	struct record *acks;
	void (*acked)(void *ctx, struct worker *w); /* its window has room again */
	void *ctx;
};
struct fleet_count {
	uint64_t offered, accepted, rejected, rewinds, pauses, resent, lost_links, refused, odd;
	size_t up, assigned, connecting, waiting; /* waiting: results without an answer */
};
struct fleet {
	struct fleet_cfg cfg;
	struct worker *w;
	size_t n, turn; /* turn: where connecting goes on */
	uint64_t epoch;
	struct arena *arena;
	struct buf item, batch, frame;
	struct loop_timer *tick, *drip;
	uint64_t ticks;
	struct fleet_count count;
};

NP_NODISCARD np_err fleet_init(struct fleet *f, const struct fleet_cfg *cfg, const struct ids *ids);
void fleet_done(struct fleet *f);
void fleet_connect(struct fleet *f); /* those that are down, `connecting` at a time, for ever */
/* Make a batch and send it. False: not up, or its window is full. */
bool worker_offer(struct worker *w);
void worker_drop(struct worker *w);             /* cut its connection; it comes back */
void fleet_slow(struct fleet *f, size_t every); /* each n-th reads and writes a byte at a time */
bool worker_is_ready(const struct worker *w);

/* For the fleet (fleet.c), which keeps the time of all its workers. */
NP_NODISCARD np_err worker_begin(struct worker *w);             /* connect */
NP_NODISCARD np_err worker_put(struct worker *w, np_str bytes); /* now, or by drops */
void worker_resend(struct worker *w, uint64_t from_seq);
void worker_lost(struct worker *w); /* its connection; it comes back after a while */
void worker_down(struct worker *w);
