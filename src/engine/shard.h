/* SPDX-License-Identifier: Apache-2.0 */
/* shard.h - the folded state of one shard: monitors, cursors, memberships, bans.
 *
 * Floor 4 (engine). Everything in it is a fold of the shard's log (fold.h). Owned
 * by one thread at a time: the keeper loads it, then hands it over to the folder
 * as a whole.
 */
#pragma once
#include "base/map.h"
#include "engine/cursor.h"
#include "engine/members.h"
#include "engine/mon.h"

#define SHARD_MONITORS_MAX ((size_t)1 << 20)
#define SHARD_CHECKERS_MAX ((size_t)1 << 20)
/* TimerInput.kind: checker `monitor` of `region` was not heard from for a minute. */
#define SHARD_TIMER_SILENT 200
/* TimerInput.kind: our own absence holds nothing any longer. */
#define SHARD_TIMER_HOLD 201

#define SHARD_SUSPECTS_MAX 256

struct shard_ban {
	uint64_t checker, registry_gen;
	uint32_t region;
	int64_t at_us;
};

struct shard_hold { /* our own absence */
	bool on;
	bool folded; /* the backlog is through: who has nothing older to send may go on */
	int64_t since_us, at_us, folded_us;
};

/* Sees every event of every monitor before it is applied: for those who fold the log again. */
struct shard_tap {
	np_err (*event)(void *ctx, const struct mon *m, const struct mst_event *ev);
	void *ctx;
};

struct shard {
	uint32_t no;
	int64_t now_us; /* of the log: never decreasing */
	uint64_t pos;   /* of the newest log row that is folded in */
	uint64_t registry_gen;
	struct map *monitors; /* number -> struct mon */
	struct cursors *cursors;
	struct members *members;
	struct map *bans;      /* checker -> struct shard_ban */
	struct map *caught_up; /* while held: checkers with nothing older to send */
	struct timers timers;  /* nodes of the monitors */
	struct shard_hold hold;
	uint32_t suspect[SHARD_SUSPECTS_MAX]; /* regions whose votes do not count now */
	size_t suspect_n;
	const struct shard_tap *tap; /* borrowed; NULL: nobody */
};

NP_NODISCARD struct shard *shard_new(uint32_t no);
void shard_free(struct shard *s); /* NULL is fine */

struct mon *shard_monitor(const struct shard *s, uint64_t no); /* NULL: unknown */
/* Known, or new and all zero but its number. NULL on no memory or past the maximum. */
NP_NODISCARD struct mon *shard_monitor_make(struct shard *s, uint64_t no);
void shard_monitor_drop(struct shard *s, uint64_t no);
struct mon *shard_next_monitor(const struct shard *s, size_t *pos); /* from 0; NULL: no more */

bool shard_is_banned(const struct shard *s, uint64_t checker);
NP_NODISCARD np_err shard_put_ban(struct shard *s, const struct shard_ban *b);
bool shard_is_suspect(const struct shard *s, uint32_t region);
void shard_set_suspect(struct shard *s, uint32_t region, bool on); /* past the maximum: not kept */
bool shard_is_caught_up(const struct shard *s, uint64_t checker);
NP_NODISCARD np_err shard_put_caught_up(struct shard *s, uint64_t checker);
void shard_clear_caught_up(struct shard *s);

/* After every change of m->st: its place among the timers. */
NP_NODISCARD np_err shard_retime(struct shard *s, struct mon *m);
/* The timer that is due next: its monitor, or NULL. Held monitors have none. */
struct mon *shard_next_timer(const struct shard *s, enum tmr_kind *ret_kind, int64_t *ret_due_us);
/* Checker that runs m in def.region[index] under the newest membership; 0: nobody known. */
uint64_t shard_runner(const struct shard *s, struct mon *m, uint32_t index);
/* Did this checker have m in def.region[index] at that slot? */
bool shard_was_assigned(const struct shard *s, struct mon *m, uint32_t index, uint64_t checker,
			int64_t slot_us);
