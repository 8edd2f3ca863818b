/* SPDX-License-Identifier: Apache-2.0 */
/* msg.h - what the engine's threads say to each other.
 *
 * Floor 4 (engine). keeper -> folder: shards, leases, rows; folder -> keeper: wishes;
 * committer -> folder: groups that ended. A message is owned by whoever holds it; all
 * it carries lives in its arena, or moves with it.
 */
#pragma once
#include "base/arena.h"
#include "base/map.h"
#include "base/mbox.h"
#include "engine/group.h"

#define MSG_ARENA_MAX ((size_t)256 * 1024 * 1024)
#define MSG_QUEUE 4096 /* waiting for the folder or the keeper */
#define MSG_ALL_SHARDS UINT32_MAX

enum msg_kind {
	/* to the folder */
	MSG_SHARD,    /* loaded: shard, token, and as rows what to fold first */
	MSG_LOST,     /* shard: somebody else's now */
	MSG_YIELD,    /* shard: another engine is to have it; finish with it */
	MSG_LEASE,    /* mask is ours until until_ms */
	MSG_ROWS,     /* rows: inputs from tables; answered: the shard that asked */
	MSG_CHECKERS, /* checkers that are new or changed */
	MSG_CHANNELS, /* channels: facts for texts */
	MSG_GROUP,    /* a commit ended */
	MSG_BEHIND,   /* on: the database is away; commits wait */
	MSG_PARENTS,  /* parent: what is somebody's parent, and how it is */
	MSG_TRUST,    /* region: those that are suspect */
	MSG_WINDOWS,  /* window: maintenance of every organisation */
	/* to the keeper */
	MSG_LOAD,  /* mask: load these again */
	MSG_WANT,  /* shard knows less than a record: read these */
	MSG_SEEN,  /* seen: rows of np.checker_seen */
	MSG_NUDGE, /* nudge: poll this now */
	MSG_TALLY, /* tally: rows of np.region_tally */
};

struct msg_row {
	uint32_t shard; /* or MSG_ALL_SHARDS */
	Np__I1__Input *input;
};
struct msg_checker {
	uint64_t no, hash, org;
	uint32_t region;
	bool banned, draining;
};
struct msg_want {
	uint64_t monitor;
	uint32_t revision; /* that was seen */
};
struct msg_seen {
	uint64_t checker, org, results;
	uint32_t region, oldest_ms, lag_p95_us;
	int64_t heard_us, skew_us;
	bool connected;
	np_str version;
};
struct msg_parent {
	uint8_t id[16], incident[16]; /* incident: with INC_PARENT_DOWN */
	uint64_t org;
	uint32_t state; /* enum inc_parent */
};
struct msg_window {
	uint64_t org;
	struct window window;
	bool all;                     /* every monitor of the organisation */
	const uint8_t (*monitor)[16]; /* ascending: msg_by_id */
	size_t monitor_n;
	const np_str *tag;
	size_t tag_n;
	bool asked; /* the folder's: `now` is an answer */
	struct window_now now;
};
struct msg_tally {
	uint32_t shard, region, checked, odd;
};
enum msg_nudge { MSG_N_INBOX = 1, MSG_N_REGISTRY = 2, MSG_N_CHANNELS = 4 };

struct msg {
	enum msg_kind kind;
	struct arena *arena;
	uint32_t shard_no, mask; /* mask: bit per shard */
	struct shard *shard;     /* MSG_SHARD */
	uint64_t token, gen;
	int64_t until_ms; /* monotonic */
	bool on;
	uint32_t nudge;
	struct group *group;
	struct map *channels;
	size_t n, cap;
	union {
		struct msg_row *row;
		struct msg_checker *checker;
		struct msg_want *want;
		struct msg_seen *seen;
		struct msg_parent *parent;
		struct msg_tally *tally;
		uint32_t *region;
		struct msg_window *window;
	};
};

NP_NODISCARD struct msg *msg_new(enum msg_kind kind);
void msg_free(struct msg *m);                /* with all that it still carries; NULL is fine */
void msg_drop(void *m);                      /* the same, for mbox_free */
int msg_by_id(const void *a, const void *b); /* ids, for qsort and bsearch */
/* Room for one more entry of this size, zeroed; NULL: no memory. */
void *msg_grow(struct msg *m, size_t size);
/* One more row, with an Input that is initialised and lives in the message. */
NP_NODISCARD np_err msg_add_row(struct msg *m, uint32_t shard, Np__I1__Input **ret_input);
/* Gives the message away, waiting for room; false: the other side is gone, the message freed. */
bool msg_send(struct mbox *to, struct msg *m);
