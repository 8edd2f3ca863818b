/* SPDX-License-Identifier: Apache-2.0 */
/* peer_impl.h - what the two files of a stream share.
 *
 * Floor 4 (gateway), inside of peer.h only.
 */
#pragma once
#include "gateway/peer.h"
#include "net/conn.h"

#define PEER_DIRTY_MAX WORLD_MONITORS_MAX

struct peer {
	struct gw *g;
	struct conn *c;
	struct gw_checker *checker;
	struct frame_in in;
	struct pend *pends;
	struct peer *next, *prev;
	int64_t opened_ms, heard_ms, paused_until_ms, not_after_us;
	int64_t slow_second;
	uint32_t slow_n; /* SLOW frames in that second */
	bool hello;      /* it said HELLO: it may speak */
	/* what its ASSIGNs still have to tell */
	uint64_t *dirty;
	size_t n_dirty, cap_dirty, told;
	uint64_t generation;
	bool full, marked, broken;
	struct peer *marked_next;
};
struct peers {
	struct peer *first, *marked;
	struct peer *look; /* whose turn it is in peers_tick; NULL: the first */
	size_t n;
};

/* g->frame holds frames: send them. False: the stream is closed and gone. */
NP_NODISCARD bool peer_send(struct peer *p);

/* passign.c: everything anew (after HELLO). False: closed. */
NP_NODISCARD bool passign_full(struct peer *p);
/* As much as the backlog allows. False: closed. */
NP_NODISCARD bool passign_go_on(struct peer *p);
