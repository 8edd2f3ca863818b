/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - a shard, and inputs for it, made in one line each.
 *
 * Inputs live in the world's arena until world_done. Time is a number that the test moves.
 */
#pragma once
#include "../t.h"

#include "engine/fold.h"

struct world {
	struct arena *arena;
	struct shard *s;
	struct fx *fx; /* NULL: no effects */
	int64_t now_us;
	uint64_t seq; /* of the one checker's batches */
};

#define WORLD_REGION 7
#define WORLD_CHECKER 70
#define WORLD_EPOCH 1000

void world_init(struct world *w, uint32_t shard);
void world_done(struct world *w);
/* Fold an input at now_us. */
np_err world_fold(struct world *w, Np__I1__Input *in);

Np__I1__Input *world_input(struct world *w, Np__I1__Input__KindCase kind);
Np__I1__Input *world_define(struct world *w, uint64_t monitor, uint32_t revision, const char *more);
Np__I1__Input *world_delete(struct world *w, uint64_t monitor, uint32_t revision);
Np__I1__Input *world_members(struct world *w, uint64_t number, const uint64_t *checkers, size_t n);
Np__I1__Input *world_ban(struct world *w, uint64_t checker);
Np__I1__Input *world_timer(struct world *w, uint64_t monitor, uint32_t kind, uint64_t generation);
Np__I1__Input *world_resume(struct world *w, int64_t since_us, int64_t until_us);
Np__I1__Input *world_heard(struct world *w, uint64_t checker, uint32_t oldest_ms);
Np__I1__Input *world_command(struct world *w, uint64_t monitor, const char *command,
			     const char *body);

struct world_batch {
	uint64_t checker, epoch, first, skip;
	bool end;
	size_t n;
	const struct res_record *r; /* n results */
};
Np__I1__Input *world_batch(struct world *w, const struct world_batch *b);
/* One result of the one checker, next in its sequence, slot now. */
np_err world_result(struct world *w, uint64_t monitor, enum res_status status);
struct res_record world_record(const struct world *w, uint64_t monitor, enum res_status status);

/* Are two shards the same, monitor by monitor, byte by byte? */
void world_assert_same(const struct shard *a, const struct shard *b);
