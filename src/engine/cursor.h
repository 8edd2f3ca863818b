/* SPDX-License-Identifier: Apache-2.0 */
/* cursor.h - how far each checker's sequence is folded, and the gap rule over that.
 *
 * Floor 4 (engine). One set per shard, part of the folded state: a cursor per
 * (checker, epoch) and, per checker, the epoch below which all are closed. Judging
 * changes nothing; only what was logged moves a cursor. Owned by one thread.
 */
#pragma once
#include "wire/batch.h"

#define CURSOR_CHECKERS_MAX ((size_t)1 << 20)
#define CURSOR_EPOCHS_MAX 256 /* open epochs of one checker on one shard */

enum cursor_verdict {
	CURSOR_FOLD,   /* new: fold all but the first `skip` numbers */
	CURSOR_KNOWN,  /* nothing new in it: only acknowledge `n` */
	CURSOR_GAP,    /* numbers are missing before it: send again from `n` */
	CURSOR_CLOSED, /* its epoch is closed: acknowledge and drop */
	CURSOR_FULL,   /* too many open epochs: refuse */
};

struct cursor_says {
	enum cursor_verdict verdict;
	uint64_t skip; /* FOLD: leading numbers that are there already */
	uint64_t n;    /* last number that is there once this is done; GAP: first that is missing */
};

struct cursors;
NP_NODISCARD struct cursors *cursors_new(void);
void cursors_free(struct cursors *c); /* NULL is fine */

struct cursor_says cursors_judge(const struct cursors *c, uint64_t checker,
				 const struct batch_head *h);
/* The batch was folded: everything up to its end is there; its `end` closes the epoch. */
NP_NODISCARD np_err cursors_advance(struct cursors *c, uint64_t checker,
				    const struct batch_head *h);
uint64_t cursors_closed_below(const struct cursors *c, uint64_t checker); /* 0: none */
uint64_t cursors_last(const struct cursors *c, uint64_t checker, uint64_t epoch);

/* Snapshots: what is there, and putting it back. */
struct cursor_row {
	uint64_t checker, epoch, last; /* closed: epoch is closed_below, last unused */
	bool closed;
};
void cursors_each(const struct cursors *c, void (*fn)(void *ctx, const struct cursor_row *row),
		  void *ctx);
NP_NODISCARD np_err cursors_put(struct cursors *c, const struct cursor_row *row);
