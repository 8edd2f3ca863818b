/* SPDX-License-Identifier: Apache-2.0 */
/* world.h - what a gateway knows of the registry: regions, checkers, monitors, who runs what.
 *
 * Floor 4 (gateway). All of it in memory, on the loop's thread, fed by feed.h. A slot
 * is one monitor in one region; it hangs in its region's list and in the bucket of
 * the checker that runs it. Changes are merged first and settled after: settling
 * picks owners (world_settle) and tells `changed` once per slot and checker.
 */
#pragma once
#include "base/map.h"
#include "core/monitor.h"
#include "net/ident.h"
#include "net/loop.h"

#define WORLD_CHECKERS_MAX 1000000
#define WORLD_MONITORS_MAX 1000000
#define WORLD_REGIONS_MAX 10000
#define WORLD_MEMBERS_MAX 100000 /* of one region */
#define WORLD_NAME_MAX 32
#define WORLD_VERSION_MAX 64

struct peer;
struct gw_checker;
struct gw_monitor;
struct gw_region;

struct gw_slot {
	struct gw_monitor *mon;
	struct gw_region *region;
	struct gw_checker *owner; /* NULL: nobody */
	struct gw_slot *region_next, *region_prev;
	struct gw_slot *owned_next, *owned_prev;
	uint8_t index; /* position of the region among the monitor's */
	bool fresh;    /* owner is to be picked */
};
struct gw_monitor {
	uint64_t id, org, pinned;
	uint32_t revision;
	enum mon_kind kind;
	uint32_t interval_ms, timeout_ms, retries, retry_interval_ms;
	bool load;
	char *target, *options, *assertions; /* owned */
	size_t bytes;                        /* of the three */
	size_t n;
	uint32_t region_id[MON_REGIONS_MAX];
	struct gw_slot slot[]; /* n */
};
struct gw_region {
	uint32_t id;
	uint64_t org;
	char name[WORLD_NAME_MAX + 1];
	uint64_t membership; /* newest number; 0: none yet */
	uint64_t *members;   /* checker numbers */
	size_t n_members;
	struct gw_slot *slots;
	size_t n_slots;
	size_t peers;         /* streams of its checkers */
	bool replan;          /* members changed: every slot is to be picked again */
	bool unsettled;       /* in the list of regions to look at */
	bool planning;        /* on a worker */
	bool unsettled_again; /* changed while a worker was at it */
	struct gw_region *unsettled_next;
};
enum gw_state { GW_ACTIVE, GW_DRAINING, GW_BANNED };
struct gw_checker {
	uint64_t id, org, hash;
	uint8_t uuid[16];
	struct gw_region *region;
	enum gw_state state;
	char serial[IDENT_SERIAL_MAX + 1], next_serial[IDENT_SERIAL_MAX + 1];
	int64_t not_after_us, next_not_after_us;
	char used_serial[IDENT_SERIAL_MAX + 1]; /* still to be reported; "": nothing */
	struct gw_checker *used_next;
	bool member;           /* of its region, by the newest membership */
	struct peer *peer;     /* its stream; NULL: none */
	struct gw_slot *owned; /* bucket */
	size_t n_owned;
	uint32_t on_shard[NP_SHARDS]; /* of the bucket */
	uint64_t closed_below[NP_SHARDS];
	uint8_t unanswered[NP_SHARDS]; /* batches, by pend.h */
	/* presence, told by presence.h */
	int64_t heard_us, skew_us;
	uint32_t oldest_ms;
	bool hello, gone, in_heard, in_urgent;
	char version[WORLD_VERSION_MAX + 1];
};

struct world_cfg {
	struct loop *loop;
	/* What `c` runs changed by this monitor: compare world_slot_of(), then upsert or remove. */
	void (*changed)(void *ctx, struct gw_checker *c, uint64_t monitor);
	void (*settled)(void *ctx); /* a round of changes is complete */
	void (*banned)(void *ctx, struct gw_checker *c);
	void *ctx;
};
struct world;
NP_NODISCARD struct world *world_new(const struct world_cfg *cfg);
void world_stop(struct world *w); /* what workers still pick is thrown away */
void world_free(struct world *w); /* after the loop; NULL is fine */

struct gw_region *world_region(const struct world *w, uint32_t id);
struct gw_checker *world_checker(const struct world *w, uint64_t id);
struct gw_checker *world_checker_by_uuid(const struct world *w, const uint8_t uuid[16]);
struct gw_monitor *world_monitor(const struct world *w, uint64_t id);
/* The slot of that monitor in that region, or NULL. */
struct gw_slot *world_slot(const struct world *w, uint64_t monitor, const struct gw_region *r);
bool world_private_ok(const struct world *w, const struct gw_slot *s);
size_t world_checkers(const struct world *w);
size_t world_monitors(const struct world *w);

/* ---- merging (feed.c) --------------------------------------------------------- */
struct world_checker_row {
	uint64_t id, org;
	uint32_t region_id;
	uint8_t uuid[16];
	enum gw_state state;
	char serial[IDENT_SERIAL_MAX + 1], next_serial[IDENT_SERIAL_MAX + 1];
	int64_t not_after_us, next_not_after_us;
};
struct world_region_row {
	uint32_t id;
	uint64_t org;
	char name[WORLD_NAME_MAX + 1];
};
struct world_membership_row {
	uint32_t region_id;
	uint64_t number;
	uint64_t *members; /* taken */
	size_t n;
};
/* All: NP_E_NOMEM, NP_E_LIMIT; what was there stays. */
NP_NODISCARD np_err world_put_region(struct world *w, const struct world_region_row *row);
NP_NODISCARD np_err world_put_checker(struct world *w, const struct world_checker_row *row);
NP_NODISCARD np_err world_put_membership(struct world *w, struct world_membership_row *row);
/* Takes the monitor on success. */
NP_NODISCARD np_err world_put_monitor(struct world *w, struct gw_monitor **m);
void world_del_monitor(struct world *w, uint64_t id);
/* Organisations whose monitors may reach private addresses, ascending; takes the list. */
void world_put_private(struct world *w, uint64_t **orgs, size_t n);
/* Pick the owners that are to be picked; large regions on a worker. */
void world_settle(struct world *w);
bool world_is_settled(const struct world *w); /* no worker is at it */

NP_NODISCARD struct gw_monitor *world_monitor_new(size_t regions);
void world_monitor_free(struct gw_monitor *m); /* NULL is fine; not while in a world */
