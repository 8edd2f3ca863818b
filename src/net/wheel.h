/* SPDX-License-Identifier: Apache-2.0 */
/* wheel.h - tens of thousands of coarse deadlines at constant cost.
 *
 * Floor 2 (net). A hashed timing wheel of intrusive nodes: setting, moving and
 * clearing are a few pointer writes, and memory is the node. Pure: the caller
 * brings the time. Deadlines fire up to one tick late, never early.
 */
#pragma once
#include "base/np.h"

#define WHEEL_SLOTS 512

struct wheel_node {
	struct wheel_node *next, *prev; /* NULL: not set */
	int64_t at_ms;
	void (*fn)(struct wheel_node *node); /* fill before the first set; node is cleared then */
};
struct wheel {
	struct wheel_node slots[WHEEL_SLOTS]; /* list heads */
	int64_t tick_ms;
	int64_t tick; /* last tick that was run */
	size_t n;
};

void wheel_init(struct wheel *w, int64_t tick_ms, int64_t now_ms);
void wheel_set(struct wheel *w, struct wheel_node *node, int64_t at_ms); /* set or move */
void wheel_clear(struct wheel *w, struct wheel_node *node);              /* not set: nothing */
bool wheel_is_set(const struct wheel_node *node);
/* Call fn of everything due; callbacks may set and clear any node. */
void wheel_run(struct wheel *w, int64_t now_ms);
