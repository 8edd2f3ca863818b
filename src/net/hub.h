/* SPDX-License-Identifier: Apache-2.0 */
/* hub.h - what the connections of one loop share: a read buffer and three queues.
 *
 * Floor 2 (net), inside only. `flush` runs once per turn before and after the
 * poll (output of a whole turn leaves in one write). `soon` runs in the next
 * turn without waiting. `costly` is for handshakes: a budget of CPU time per
 * turn, first come first served, so that the connected are served in between.
 */
#pragma once
#include "net/loop.h"

#define HUB_READ_SIZE ((size_t)64 * 1024)

struct hub_node {
	struct hub_node *next, *prev; /* NULL: not queued */
	void (*fn)(struct hub_node *node);
};
/* ORPHANS: nobody's any more and lingering; their fn is called when the loop is freed. */
enum hub_queue { HUB_FLUSH, HUB_SOON, HUB_COSTLY, HUB_ORPHANS, HUB_QUEUE_N };

struct hub;
NP_NODISCARD struct hub *hub_of(struct loop *l); /* made at first use; NULL: no memory */
void hub_add(struct hub *h, enum hub_queue q, struct hub_node *node); /* queued already: stays */
void hub_del(struct hub_node *node);
bool hub_is_queued(const struct hub_node *node);
char *hub_read_buffer(struct hub *h); /* HUB_READ_SIZE bytes, for one callback at a time */
