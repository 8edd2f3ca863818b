/* SPDX-License-Identifier: Apache-2.0 */
/* txcols.h - the columns of one statement of a commit, and the transaction they go into.
 *
 * Floor 4 (engine), for tx*.c only. A failure is remembered in the transaction.
 */
#pragma once
#include "engine/group.h"
#include "engine/sql.h"

#define COLS_MAX 20

struct cols {
	size_t n;
	struct pg_array at[COLS_MAX];
};
struct tx {
	const struct group *g;
	const struct fx *x;
	struct pg_batch *tx;
	np_err err;
};

void cols_init(struct cols *c, const enum pg_type *types, size_t n);
/* The statement, if it has rows; the columns are used up. */
void cols_add(struct tx *k, enum sql s, struct cols *c);
/* Elements: an empty text and a time of 0 are NULL; no JSON is {}. */
void cols_text(struct pg_array *a, np_str s);
void cols_c(struct pg_array *a, const char *s);
void cols_json(struct pg_array *a, np_str json);
void cols_time(struct pg_array *a, int64_t us);

/* txrows.c: what people see: incidents, events, notices, outcomes, refusals, members. */
void txrows_add(struct tx *k);
/* txaudit.c: an audit row for everything that the owner of a shard decided. */
void txaudit_add(struct tx *k);
