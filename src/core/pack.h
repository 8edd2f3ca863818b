/* SPDX-License-Identifier: Apache-2.0 */
/* pack.h - one description of a binary layout for both directions.
 *
 * Floor 2 (core). A layout function calls pack_*() on every field: with `out`
 * set it writes them (little endian), with `in` set it reads and checks them.
 * The first failure sticks. pack_seal/pack_open add version and checksum. Any thread.
 */
#pragma once
#include "base/buf.h"

struct pack {
	struct buf *out; /* writing */
	struct cur in;   /* reading, when out is NULL */
	np_err err;
	uint8_t version; /* of what is written, or was found */
};

void pack_enum(struct pack *p, uint8_t *v, uint32_t limit); /* refuses >= limit */
void pack_bool(struct pack *p, bool *v);                    /* refuses other than 0, 1 */
void pack_u32(struct pack *p, uint32_t *v);
void pack_i32(struct pack *p, int32_t *v);
void pack_u64(struct pack *p, uint64_t *v);
void pack_i64(struct pack *p, int64_t *v);
/* A count: refuses > max. */
void pack_count(struct pack *p, uint32_t *v, uint32_t max);

/* Writing: version byte first, checksum of [start, end) last. */
void pack_begin(struct pack *p, struct buf *out, uint8_t version);
void pack_seal(struct pack *p, size_t start);
/* Reading: checks checksum, then that the version is one of oldest..newest (p->version says
 * which); afterwards pack_end() says whether all was used. */
NP_NODISCARD np_err pack_open(struct pack *p, np_str bytes, uint8_t oldest, uint8_t newest);
NP_NODISCARD np_err pack_end(const struct pack *p);
