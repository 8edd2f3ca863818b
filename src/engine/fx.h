/* SPDX-License-Identifier: Apache-2.0 */
/* fx.h - effects: what follows from folded inputs, as rows waiting for their commit.
 *
 * Floor 4 (engine). One `struct fx` per group (group.h); everything in it lives in
 * its arena and dies with it. A failure (no memory) is remembered: such a group must
 * not be committed. Folding with a NULL fx, as replay does, makes no effects. Owned
 * by the folder until the group is built.
 */
#pragma once
#include "base/arena.h"
#include "base/map.h"
#include "engine/shard.h"

#define FX_ARENA_MAX ((size_t)96 * 1024 * 1024)
#define FX_TEXT_MAX ((size_t)64 * 1024) /* one sentence or JSON form */
#define FX_ORIGIN_ENGINE "engine"

struct fx_row {
	struct fx_row *next;
};
struct fx_list {
	struct fx_row *first, *last;
	size_t n;
};

/* A folded result, as the screen gets it: at once on np:live, after the commit in np:last. */
struct fx_result {
	struct fx_row row, of_mon; /* of_mon: newest first */
	uint64_t org;
	Np__I1__LiveResult msg;
};
/* A monitor that this group touched. */
struct fx_mon {
	struct fx_row row;
	struct mon *mon; /* until the group is built */
	uint64_t no, org;
	uint8_t id[16];
	char strip[MON_STRIP + 1]; /* as of the end of the group */
	uint32_t timers;           /* bit per enum tmr_kind: its row must follow */
	bool store;                /* monitor_state must be written */
	bool show;                 /* and told to the web */
	bool removed, redefined;
	struct fx_incident *incident; /* latest touched */
	struct fx_change *change;     /* latest */
	struct fx_row *results;       /* of_mon of the newest fx_result */
	size_t result_n;
	/* of a stored one, made when the group is closed */
	struct vd_evidence *evidence;
	np_str why, detail, core;
};
struct fx_change { /* np.state_change */
	struct fx_row row;
	const struct mon *mon;
	int64_t at_us;
	enum step_state state;
	bool partial, degraded;
	np_str why, detail;
};
struct fx_incident { /* np.incident: opened in this group, or changed */
	struct fx_row row;
	const struct mon *mon;
	uint8_t id[16];
	bool fresh;   /* opened in this group */
	bool ack_set; /* acked_us and acked_by count (0: taken back) */
	const char *state;
	int64_t opened_us, decided_us, acked_us, closed_us; /* closed_us 0: open */
	np_str acked_by, close_reason, why, detail;
	uint8_t parent[16]; /* incident of its parent; all zero: none */
};
struct fx_event { /* np.incident_event */
	struct fx_row row;
	const struct mon *mon;
	uint8_t incident[16];
	uint32_t number;
	int64_t at_us;
	const char *kind, *state; /* state of the incident afterwards */
	np_str actor, origin, reason, detail;
};
struct fx_notice { /* np.notice: one row per channel that hears it */
	struct fx_row row;
	const struct mon *mon;
	uint8_t subject[16];
	bool of_incident;  /* subject is the incident; else the monitor */
	const char *after; /* only to channels with a row of one of these kinds (JSON array);
			      NULL: all that hear */
	const char *kind;
	uint32_t event;
	int64_t at_us;
	np_str body, channels, held; /* channels {NULL,0}: all of the organisation */
};
struct fx_reject { /* np.rejected */
	struct fx_row row;
	uint64_t checker, epoch, seq, org;
	uint32_t shard;
	int64_t at_us;
	const char *reason;
	np_str item;
};
struct fx_outcome { /* np.inbox */
	struct fx_row row;
	uint8_t id[16];
	uint64_t org;
	uint32_t shard;
	bool applied;
	int64_t at_us;
	np_str reason;
};
struct fx_audit { /* np.audit: acts of our own */
	struct fx_row row;
	uint64_t org;
	int64_t at_us;
	const char *act;
	np_str subject, after;
};
struct fx_job { /* "check now" to a region */
	struct fx_row row;
	uint64_t monitor;
	uint32_t revision, region;
	int64_t asked_us;
};
struct fx_ask { /* np.inbox: "check" to the owner of another monitor */
	struct fx_row row;
	uint64_t org;
	uint8_t monitor[16];
	int64_t at_us;
};
struct fx_membership { /* np.membership */
	struct fx_row row;
	uint64_t org, number;
	uint32_t region;
	int64_t from_us;
	np_str members; /* "{1,2}" */
};

/* What texts want to know and decisions must not: channels by organisation. */
struct fx_facts {
	const struct map *channels; /* org -> number of channels + 1; NULL: unknown */
};

struct fx {
	struct arena *arena;
	uint64_t serial; /* of the group: never the same twice in one process */
	np_err err;
	const struct fx_facts *facts;
	struct fx_list results, mons, changes, incidents, events, notices, rejects, outcomes,
		audits, jobs, memberships, asks;
	size_t duplicates;
	size_t refreshed; /* rows of monitors that nothing happened to */
	struct buf text;  /* scratch */
};

NP_NODISCARD struct fx *fx_new(uint64_t serial, const struct fx_facts *facts);
void fx_free(struct fx *x); /* NULL is fine */

/* Arena memory, zeroed; on failure x->err is set and NULL comes back. */
void *fx_alloc(struct fx *x, size_t size);
np_str fx_copy(struct fx *x, np_str s); /* followed by a NUL */
/* A text that fx_copy made, as a C string for protobuf-c ("" for the empty one). */
char *fx_c(np_str copied);
void fx_push(struct fx_list *l, struct fx_row *row);
/* The entry of a monitor in this group. NULL: no memory. */
struct fx_mon *fx_touch(struct fx *x, struct mon *m);
/* The text that stands in x->text, moved to the arena; x->text is empty again. */
np_str fx_take_text(struct fx *x);
void fx_uuid_text(const uint8_t id[16], struct buf *out);
