/* SPDX-License-Identifier: Apache-2.0 */
/* presence.h - which checkers are heard from, and who therefore serves a region.
 *
 * Floor 4 (engine). What the folder hears, engine-wide, outside of any shard's state:
 * it decides which inputs are made (silence, memberships), never how they fold. Our own
 * absence is nobody's silence. The folder's thread.
 */
#pragma once
#include "engine/members.h"
#include "engine/msg.h"

#define PRESENCE_SILENT_US VOTE_SILENT_US
#define PRESENCE_CHECKERS_MAX ((size_t)1 << 20)
#define PRESENCE_VERSION_MAX 32
#define PRESENCE_LAGS 32
#define PRESENCE_SEEN_MAX 256
#define PRESENCE_SEEN_US (5 * NP_SEC_US) /* at the least between two writes of one */

struct presence_one {
	uint64_t checker;
	uint32_t region;
	int64_t heard_us; /* our clock; 0: not yet */
	uint32_t oldest_ms;
	int64_t skew_us, seen_us; /* when its row was written */
	bool connected, told_silent, seen_dirty;
	bool in_line; /* the folder is to tell its held shards */
	uint64_t results;
	uint32_t lag_us[PRESENCE_LAGS], lag_n; /* check end to fold, the latest */
	char version[PRESENCE_VERSION_MAX + 1];
	/* from the registry */
	bool known, banned, draining;
	uint64_t hash, org;
	uint32_t own_region;
};

struct presence;
NP_NODISCARD struct presence *presence_new(void);
void presence_free(struct presence *p); /* NULL is fine */

struct presence_word { /* one sign of life */
	uint64_t checker;
	uint32_t region, oldest_ms;
	int64_t now_us;
};
/* NULL: no memory. */
struct presence_one *presence_hear(struct presence *p, const struct presence_word *w);
void presence_describe(struct presence_one *one, const Np__I1__Heard *h);
void presence_result(struct presence_one *one, int64_t lag_us);
/* Known to have voted before we came: as if heard now. */
void presence_seed(struct presence *p, uint64_t checker, uint32_t region, int64_t now_us);
void presence_register(struct presence *p, const struct msg *checkers);
void presence_shift(struct presence *p, int64_t away_us);
size_t presence_len(const struct presence *p);

/* Checkers that fell silent since they were last asked for; at most `max`. */
size_t presence_silent(struct presence *p, int64_t now_us, const struct presence_one **ret,
		       size_t max);
/* Has anything happened that may change a membership? Asking resets it. */
bool presence_take_change(struct presence *p);

/* The next membership of every region whose members change, given through `fn`. */
struct presence_plan {
	const struct members *now; /* as the coordinator's shard has them */
	int64_t now_us;
	void (*fn)(void *ctx, const Np__I1__MembershipInput *m);
	void *ctx;
};
NP_NODISCARD np_err presence_plan(struct presence *p, const struct presence_plan *plan);
/* Who has something new, or was written down long enough ago, for np.checker_seen: in turn, at
 * most PRESENCE_SEEN_MAX a call. NULL: nobody. */
struct msg *presence_seen(struct presence *p, int64_t now_us);
