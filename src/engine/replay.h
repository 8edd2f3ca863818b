/* SPDX-License-Identifier: Apache-2.0 */
/* replay.h - the log folded again: restart, take-over, and proof of what is stored.
 *
 * Floor 4 (engine); `netpulse replay` uses it too. Straight-line and blocking.
 */
#pragma once
#include "engine/fold.h"
#include "pg/pg.h"

#define REPLAY_ROW_MAX ((size_t)64 * 1024 * 1024) /* memory for one log row, decoded */
#define REPLAY_ROWS 64                            /* read at a time */

/* Called after each input was folded; `in` is borrowed. A failure stops the replay. */
struct replay_watch {
	np_err (*input)(void *ctx, struct shard *s, const Np__I1__Input *in);
	void *ctx;
};

/* Fold one row of the log (position s->pos + 1) into s. `w` may be NULL. NP_E_CORRUPT: it does
 * not follow on this state. */
NP_NODISCARD np_err replay_row(struct shard *s, np_str row, const struct replay_watch *w);
/* The newest usable snapshot, or nothing, then the log up to `to`. *ret_items counts inputs. */
/* What of the stored bytes is damaged, when a load ends with NP_E_CORRUPT or NP_E_VERSION. */
enum replay_hurt {
	REPLAY_WHOLE,
	REPLAY_SNAPSHOT, /* the one at `pos` does not read */
	REPLAY_HOLE,     /* row `pos` is missing, the next is `other` */
	REPLAY_ROW,      /* row `pos` does not read, or does not follow */
	REPLAY_END,      /* the log ends at `pos`, the shard is at `other` */
	REPLAY_HURT_N
};
struct replay_damage {
	enum replay_hurt hurt;
	uint64_t pos, other;
};
#define REPLAY_DAMAGE_TEXT 128
void replay_damage_text(const struct replay_damage *d, char ret[REPLAY_DAMAGE_TEXT]);
struct replay_to {
	uint32_t shard;
	uint64_t to;         /* position */
	bool from_the_start; /* without a snapshot: the whole log that there is */
	const struct replay_watch *watch;
	const struct shard_tap *tap;  /* may be NULL */
	struct replay_damage *damage; /* may be NULL; written when there is some */
};
/* A shard as of the newest snapshot not later than that, or an empty one: to fold on from there.
 * NP_E_VERSION, NP_E_CORRUPT: that snapshot does not read. */
NP_NODISCARD np_err replay_before(struct pg_conn *c, uint32_t shard, int64_t before_us,
				  struct shard **ret);
NP_NODISCARD np_err replay_load(struct pg_conn *c, const struct replay_to *r,
				struct shard **ret_shard, size_t *ret_inputs);
