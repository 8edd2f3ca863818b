/* SPDX-License-Identifier: Apache-2.0 */
/* stream.h - random histories of one monitor, played, shrunk, printed as a scenario.
 *
 * Test code. A history is a list of moves; equal seeds give equal histories.
 */
#pragma once
#include "core/promise.h"

#define STREAM_MOVES 150
#define STREAM_REGIONS 5
#define STREAM_START (INT64_C(1773144000) * NP_SEC_US) /* 2026-03-10 12:00:00 UTC */

struct stream_move {
	int64_t wait_us;
	struct mst_event ev; /* MST_EVENT_N: only time passes */
	uint8_t rules;       /* of MST_RULES: which of the definitions */
};

struct stream_world {
	struct mon_def def;
	struct mst st;
	struct step step;
	struct promise promise;
	int64_t now_us;
	uint64_t steps, hash;
	uint32_t opened, closed, sent[STEP_NOTICE_N];
};

uint64_t stream_draw(uint64_t *rng, uint64_t below);
void stream_make(uint64_t seed, struct stream_move moves[STREAM_MOVES]);
/* The monitor is created; then one move at a time. NULL, or what was broken. */
const char *stream_start(struct stream_world *w, bool store);
const char *stream_step(struct stream_world *w, const struct stream_move *m, bool store);
/* Play it: NULL, or what was broken. store: the state goes through its stored form each time. */
const char *stream_play(const struct stream_move *moves, size_t n, bool store,
			struct stream_world *w);
/* The same outcome with as few moves as can be; yields their number. */
size_t stream_shrink(struct stream_move *moves, size_t n,
		     const char *(*play)(const struct stream_move *, size_t));
/* After it: everything that holds is lifted, then three hours of results that pass or fail. */
const char *stream_then(struct stream_world *w, bool pass);
/* As YAML for doc/scenarios.md; then: an expectation of the end, or NULL. */
void stream_print(const struct stream_move *moves, size_t n, const char *name, const char *then,
		  struct buf *out);
