/* SPDX-License-Identifier: Apache-2.0 */
/* group.h - one commit: inputs of several shards in fold order, and what follows from them.
 *
 * Floor 4 (engine). The folder fills it; group_close makes the transaction, and from
 * then on nothing in it changes: the committer sends it, verbatim again if need be, and
 * hands it back with how it ended. Owned by one of the two threads at a time.
 */
#pragma once
#include "engine/fx.h"
#include "pg/batch.h"
#include "redis/args.h"

#define GROUP_LOG_MAX ((size_t)24 * 1024 * 1024) /* inputs of one shard */
#define GROUP_ITEMS_FULL 20000                   /* it is sent when it has this many */
#define GROUP_BYTES_FULL ((size_t)4 * 1024 * 1024)
#define GROUP_CHECKERS_MAX 4096 /* with batches in one group; more: it is full */
#define GROUP_KEY_MAX 48

struct group_part { /* one shard */
	bool used;
	struct shard *shard; /* until closed */
	uint64_t token, gen; /* of the fence; gen as of the newest input */
	uint64_t from, to;   /* positions */
	int64_t now_us;
	size_t items;
	struct buf log; /* field `inputs` of LogRow, over and over */
	bool has_snapshot, read;
	struct buf snapshot;
	struct redis_id last; /* of the stream, when `read` */
	uint64_t live;        /* number of its newest live message */
};

struct group_ack {
	struct fx_row row;
	np_str gateway;
	Np__I1__AckRecord msg;
};

/* What an input is, for finding the one that cannot be stored. */
struct group_key {
	char text[GROUP_KEY_MAX];
};

enum group_end { GROUP_OPEN, GROUP_DONE, GROUP_FAILED, GROUP_DISCARDED };

struct group {
	uint64_t era; /* of the folder's memory */
	struct fx *fx;
	struct group_part part[NP_SHARDS];
	struct fx_list acks; /* of struct group_ack, in the fx's arena */
	size_t inputs, items, bytes;
	size_t checker_n;
	uint64_t checker[GROUP_CHECKERS_MAX]; /* whose batches are in it */
	struct group_key key;                 /* of the newest input */
	int64_t opened_us;                    /* monotonic */
	/* made by group_close */
	struct pg_batch *tx;   /* NULL: nothing to commit */
	Np__I1__LiveMsg after; /* states, incidents, notes: to be told after the commit */
	/* how it ended */
	enum group_end end;
	np_err err;
	char sqlstate[6];
};

NP_NODISCARD struct group *group_new(uint64_t serial, uint64_t era, const struct fx_facts *facts);
void group_free(struct group *g); /* NULL is fine */
bool group_is_empty(const struct group *g);
bool group_is_full(const struct group *g);

struct group_part *group_part(struct group *g, struct shard *s, uint64_t token);
/* Append an input to its shard's row. Before it is folded. */
NP_NODISCARD np_err group_log(struct group *g, struct group_part *p, const Np__I1__Input *in,
			      size_t items);
NP_NODISCARD np_err group_note_checker(struct group *g, uint64_t checker);
bool group_has_checker(const struct group *g, uint64_t checker);
/* A zeroed answer to one request; texts in it must live in the fx's arena. NULL: no memory. */
struct group_ack *group_ack(struct group *g, np_str gateway);
/* All of it is folded: positions, rows, transaction, messages. NP_OK, or the group and the
 * memory of its shards are to be thrown away. */
NP_NODISCARD np_err group_close(struct group *g);
