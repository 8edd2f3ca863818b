/* SPDX-License-Identifier: Apache-2.0 */
/* timers.h - a heap of things with a due time, each at most once.
 *
 * Floor 4 (engine). Nodes are embedded in their owners and know their place, so
 * that moving one is cheap: a monitor has one node, due when the earliest of its
 * timers is. Owned by one thread.
 */
#pragma once
#include "base/np.h"

#define TIMERS_MAX ((size_t)4 * 1024 * 1024) /* nodes in one heap */

struct timers_node {
	int64_t due_us; /* 0: not in a heap */
	size_t at;
};

struct timers {
	struct timers_node **heap;
	size_t n, cap;
};

void timers_done(struct timers *t); /* nodes are the caller's */
/* Set, move or (due_us 0) take out. NP_E_NOMEM, NP_E_LIMIT leave the node out. */
NP_NODISCARD np_err timers_set(struct timers *t, struct timers_node *node, int64_t due_us);
/* The earliest, or NULL. */
struct timers_node *timers_first(const struct timers *t);
