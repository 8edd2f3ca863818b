/* SPDX-License-Identifier: Apache-2.0 */
/* slots.h - hanging slots into regions and buckets; inside of world.h.
 *
 * Floor 4 (gateway). The loop's thread.
 */
#pragma once
#include "gateway/world.h"

struct world {
	struct world_cfg cfg;
	struct map *regions, *checkers, *uuids, *monitors;
	uint64_t *private_orgs;
	size_t n_private;
	struct gw_region *unsettled; /* list */
	size_t planning;             /* regions */
	bool stopped;
};

void slot_join_region(struct gw_slot *s, struct gw_region *r);
void slot_leave_region(struct gw_slot *s);
/* Both sides hear of it through `changed`. */
void slot_own(struct world *w, struct gw_slot *s, struct gw_checker *c);
void slots_unsettle(struct world *w, struct gw_region *r);
/* settle.c */
void settle_region(struct world *w, struct gw_region *r);
