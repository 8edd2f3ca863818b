/* SPDX-License-Identifier: Apache-2.0 */
/* pack_store.h - statements of repacking.
 *
 * Floor 4 (historian). Inside the transaction that the caller opened.
 */
#pragma once
#include "historian/pack.h"

struct pack_cursor {
	uint64_t pos;   /* everything up to here is packed */
	int64_t at_us;  /* time of that row */
	uint64_t limit; /* nobody reads rows up to here any more */
};
/* Locks the cursor's row until the end: two historians cannot pack the same. */
NP_NODISCARD np_err pack_store_cursor(struct pg_conn *c, uint32_t shard, struct pack_cursor *ret);
/* pos, at, items, bytes of the next rows up to the limit and older than `before_us`. */
NP_NODISCARD np_err pack_store_rows(struct pg_conn *c, uint32_t shard, const struct pack_cursor *at,
				    int64_t before_us, struct pg_res **ret);

struct pack_block {
	uint32_t shard;
	uint64_t from_pos, to_pos;
	int64_t at_us, to_at_us;
	int64_t items;
	np_str block;
};
/* pos, at, items, inputs of the rows that make the block. */
NP_NODISCARD np_err pack_store_inputs(struct pg_conn *c, const struct pack_block *b,
				      struct pg_res **ret);
/* The block in, its n rows out, the cursor on. NP_E_FENCED: there are not n of them. */
NP_NODISCARD np_err pack_store_move(struct pg_conn *c, const struct pack_block *b, size_t n);
