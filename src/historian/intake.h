/* SPDX-License-Identifier: Apache-2.0 */
/* intake.h - what was read from one shard's log and is not yet written.
 *
 * Floor 4 (historian). Log rows go in by position, results come out as items. It
 * may be thrown away at any time: the cursor in the database says where to read
 * again. The worker's thread.
 */
#pragma once
#include "historian/store.h"
#include "wire/chunk.h"

#define INTAKE_ITEMS 20000                         /* from here on it is full */
#define INTAKE_TEXT_MAX ((size_t)64 * 1024 * 1024) /* texts of items */
#define INTAKE_ROW_MAX ((size_t)64 * 1024 * 1024)  /* one log row, decoded */
#define INTAKE_STEP_US NP_HOUR_US                  /* time that one flush covers at most */

struct intake_item {
	uint64_t monitor;
	uint32_t region;
	uint32_t batch; /* index */
	uint64_t seq;
	size_t order; /* of arrival: the first of its slot and attempt counts */
	struct chunk_row row;
};
struct intake_batch { /* to ask which of its items the owner refused */
	uint64_t checker, epoch, first, last;
};

struct intake;
NP_NODISCARD struct intake *intake_new(uint32_t shard);
void intake_free(struct intake *in); /* NULL is fine */
/* Empty, going on from this cursor. */
void intake_start(struct intake *in, const struct store_cursor *from);
/* Does a row of that time still fit, or must be written first what is there? */
bool intake_fits(const struct intake *in, int64_t at_us);
/* The log row behind the newest one. NP_E_CORRUPT, NP_E_PROTO: not readable, it is passed over.
 * NP_E_NOMEM, NP_E_LIMIT: nothing was taken. */
NP_NODISCARD np_err intake_row(struct intake *in, const struct store_cursor *at, np_str inputs);
/* No row in between: only time passed, up to `at_us` or one step. */
void intake_pass_time(struct intake *in, int64_t at_us);

uint32_t intake_shard(const struct intake *in);
struct store_cursor intake_from(const struct intake *in); /* what is written */
struct store_cursor intake_to(const struct intake *in);   /* what is read */
size_t intake_len(const struct intake *in);
/* In any order; the caller may sort and overwrite them. */
struct intake_item *intake_items(struct intake *in);
size_t intake_batches(const struct intake *in, const struct intake_batch **ret);
