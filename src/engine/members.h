/* SPDX-License-Identifier: Apache-2.0 */
/* members.h - who served a region when: numbered memberships, kept with their history.
 *
 * Floor 4 (engine). Part of a shard's folded state. A result counts if its slot lay
 * inside the sender's assignment: it was picked under a membership in force within
 * MEMBERS_HANDOVER_US of the slot (an assignment takes that long to reach everybody).
 * Owned by one thread.
 */
#pragma once
#include "internal.pb-c.h"
#include "base/np.h"

#define MEMBERS_HANDOVER_US (10 * NP_SEC_US)
#define MEMBERS_REGIONS_MAX 10000
#define MEMBERS_HISTORY_MAX 64  /* memberships of a region that are kept */
#define MEMBERS_KEPT_MAX 200000 /* members in all of them together */
#define MEMBERS_MAX 20000       /* of one region at one time */

struct membership {
	uint64_t number;
	int64_t from_us;
	uint64_t org;
	size_t n;
	uint64_t *no;   /* checker numbers, ascending */
	uint64_t *hash; /* aligned */
};

struct members;
NP_NODISCARD struct members *members_new(void);
void members_free(struct members *m); /* NULL is fine */

/* Known and older numbers change nothing. NP_E_INVAL: not a membership; NP_E_CORRUPT: it changes
 * one that is not the newest. */
NP_NODISCARD np_err members_add(struct members *m, const Np__I1__MembershipInput *in);
/* The newest of a region, or NULL. Borrowed until the next add. */
const struct membership *members_newest(const struct members *m, uint32_t region);
bool membership_has(const struct membership *m, uint64_t checker);
/* Checker that runs a monitor under this membership; pinned 0: by hash. 0: nobody. */
uint64_t membership_pick(const struct membership *m, uint64_t monitor, uint64_t pinned);

struct members_ask {
	uint32_t region;
	uint64_t checker, monitor, pinned;
	int64_t slot_us;
};
bool members_was_assigned(const struct members *m, const struct members_ask *ask);

/* The shortest message for `one`: what changed since `base` (NULL: nothing to compare with), or
 * all of it. Borrows of `one`; members_short_done frees the rest. */
struct members_short {
	Np__I1__MembershipInput msg;
	uint64_t *own;
};
NP_NODISCARD np_err members_shorten(uint32_t region, const struct membership *base,
				    const struct membership *one, struct members_short *ret);
void members_short_done(struct members_short *s);

/* For snapshots: oldest first within a region. */
void members_each(const struct members *m,
		  void (*fn)(void *ctx, uint32_t region, const struct membership *one), void *ctx);
