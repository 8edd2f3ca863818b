/* SPDX-License-Identifier: Apache-2.0 */
/* folderin.h - the folder's insides, shared by folder*.c.
 *
 * Floor 4 (engine).
 */
#pragma once
#include <stdatomic.h>

#include "engine/folder.h"
#include "engine/presence.h"
#include "engine/say.h"
#include "wire/batch.h"

#define FOLDER_HEARD_MAX 128 /* signs of life folded as one input */

enum slot_state {
	SLOT_NONE,    /* not ours */
	SLOT_DOUBT,   /* memory thrown away; waits for its groups to end */
	SLOT_LOADING, /* the keeper has been asked */
	SLOT_HELD,
};
struct slot { /* one shard, as far as this process is concerned */
	enum slot_state state;
	struct shard *s; /* HELD only */
	uint64_t token;
	int64_t lease_ms;      /* ours until then, monotonic */
	bool muted;            /* the lease ran out: silent until it is renewed */
	bool leaving;          /* silent; goes when nothing of it is under way */
	struct redis_id read;  /* newest record that was dealt with */
	bool drained;          /* nothing was left in the last turn */
	bool blocked;          /* a record of this turn must be read again, so must all behind it */
	size_t given;          /* records in this turn */
	bool parked;           /* the next record needs rows that were asked for */
	size_t in_flight;      /* groups with it that have not ended */
	int64_t snapshot_ms;   /* next one due */
	size_t snapshot_items; /* since the last */
};

struct folder_metrics {
	struct metric *items, *records, *bad, *rejects, *duplicates, *banned, *timers,
		*timer_lag_us, *in_flight, *held, *reloads, *snapshot_us, *reconnects, *checkers,
		*fold_us, *rows, *bytes, *mail[2];
};

struct overlay;
struct folder {
	struct folder_cfg cfg;
	struct redis *redis;
	struct say *say;
	struct presence *presence;
	struct overlay *overlay;
	struct slot slot[NP_SHARDS];
	struct fx_facts facts;
	struct map *channels;
	struct group *open; /* in the making; NULL: none */
	uint64_t serial, era;
	size_t in_flight, in_flight_bytes;
	struct fx_list rows; /* messages with rows not folded yet: struct pending */
	struct arena *arena; /* of one record */
	struct map *asked;   /* monitor -> revision that was asked for, a while */
	int64_t asked_ms;
	/* After a commit was refused for its content: one input a group until then, monotonic. */
	int64_t careful_ms;
	struct map *poison; /* keys of inputs that cannot be stored */
	/* Who was heard of since the last turn, while a shard is held. */
	struct presence_one *heard[FOLDER_HEARD_MAX];
	size_t heard_n;
	/* Clocks, monotonic. */
	int64_t turn_us; /* streams were last read */
	uint64_t redis_generation;
	uint32_t compare;    /* shards whose overlays are looked at in the next turns */
	int64_t snapshot_ms; /* no other one by the clock until then */
	int64_t second_ms, seen_ms, plan_ms, tally_ms, pump_us;
	size_t record_bytes; /* average, for how many to read at once */
	bool behind;         /* the committer says that its database is away */
	int64_t moved_us;    /* a group ended last, or the first one was sent */
	atomic_bool stopping;
	atomic_uint held;
	struct folder_metrics m;
};
struct pending {
	struct fx_row row;
	struct msg *msg;
	size_t next; /* row to be folded */
};

/* ---- folder.c ---- */
/* Publish, hear the other threads and hand over what is due: between records, too. */
void folder_pump(struct folder *f);
/* May another input be folded now? */
bool folder_has_room(const struct folder *f);
struct fold_what {
	struct slot *slot;
	Np__I1__Input *input;      /* at_us is filled in */
	const struct batch *batch; /* of a batch input */
	size_t items;
	const char *key; /* what it is, for finding poison */
};
/* Log and fold one input. false: the group is thrown away, with its shards' memory. */
bool folder_fold(struct folder *f, const struct fold_what *w);
/* The open group, and this shard's part of it. NULL: no memory. */
struct group_part *folder_part(struct folder *f, struct slot *slot);
/* Throw the open group and its shards' memory away. */
void folder_doubt(struct folder *f);
bool folder_is_poison(const struct folder *f, const char *key);
void folder_note_poison(struct folder *f, const char *key);
uint32_t slot_no(const struct folder *f, const struct slot *slot);
static inline bool slot_is_live(const struct slot *slot)
{
	return slot->state == SLOT_HELD && !slot->muted && !slot->leaving;
}

/* ---- foldermsg.c ---- */
void foldermsg_drain(struct folder *f);
void foldermsg_rows(struct folder *f);
/* This group cannot be stored, or not now: one input at a time for a while, and when it held
 * but one, that one is remembered. */
void foldermsg_blame(struct folder *f, const struct group *g);
/* Fold a membership that is newer than the shard's newest; what is logged of it is the change.
 * false: not folded. */
bool foldermsg_members(struct folder *f, struct slot *slot, const Np__I1__MembershipInput *m);
/* Our own absence begins anew for this shard. */
void foldermsg_hold(struct folder *f, struct slot *slot, int64_t since_us);

/* ---- foldertake.c ---- */
/* Deal with one record. false: not now, it must be read again. */
bool foldertake_record(struct folder *f, struct slot *slot, np_str record);

/* ---- folderread.c ---- */
/* One turn: true when the streams were read. */
bool folderread_turn(struct folder *f, uint32_t block_ms);

/* ---- folderduty.c ---- */
/* Fire what was due by then; at most some at a time. */
void folderduty_timers(struct folder *f, struct slot *slot, int64_t until_us);
void folderduty_turn(struct folder *f);
/* A sign of life may end a hold: it is folded with the others of this turn. */
void folderduty_heard(struct folder *f, struct presence_one *one);
