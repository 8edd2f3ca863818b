/* SPDX-License-Identifier: Apache-2.0 */
/* buf.h - growing byte buffer with a maximum stated at birth.
 *
 * Floor 1 (base). Owned by one holder. Appending past the maximum answers
 * NP_E_LIMIT and leaves the content as it was; the failure is also remembered
 * (`buf_failed`) and refuses what follows until buf_reset, so that a run of
 * appends needs one check at its end.
 */
#pragma once
#include "base/np.h"

struct buf {
	char *p;    /* content; NULL while empty */
	size_t n;   /* bytes used */
	size_t cap; /* bytes allocated */
	size_t max; /* stated maximum */
	np_err err; /* first failure since init/reset */
};

/* Caller's storage; allocates nothing yet. */
void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);  /* frees; usable with NP_CLEANUP */
void buf_reset(struct buf *b); /* empty again, keeps the memory, clears the failure */

np_err buf_add(struct buf *b, np_str s);
np_err buf_add_c(struct buf *b, const char *s);
np_err buf_add_byte(struct buf *b, char c);
np_err buf_printf(struct buf *b, const char *fmt, ...) NP_PRINTF(2, 3);
/* Room for n more bytes at the end: *ret_p points there; then buf_commit what was written. */
NP_NODISCARD np_err buf_reserve(struct buf *b, size_t n, char **ret_p);
void buf_commit(struct buf *b, size_t n);
/* Drop the first n bytes (n <= b->n). */
void buf_drop(struct buf *b, size_t n);
/* Little-endian and big-endian integers, for our own binary forms. */
np_err buf_add_u8(struct buf *b, uint8_t v);
np_err buf_add_le16(struct buf *b, uint16_t v);
np_err buf_add_le32(struct buf *b, uint32_t v);
np_err buf_add_le64(struct buf *b, uint64_t v);
np_err buf_add_be32(struct buf *b, uint32_t v);
/* LEB128 varint and zigzag, as in protobuf. */
np_err buf_add_varint(struct buf *b, uint64_t v);
np_err buf_add_zigzag(struct buf *b, int64_t v);

/* The content, borrowed until the next change. */
np_str buf_str(const struct buf *b);
/* Content as a C string (a NUL is kept after the content); "" while empty. */
const char *buf_c(struct buf *b);
/* Everything fine since init/reset? Else the first error. */
NP_NODISCARD np_err buf_failed(const struct buf *b);

/* Reading back: a cursor over a slice. All answer NP_E_CORRUPT at the end of input. */
struct cur {
	np_str rest;
};
NP_NODISCARD np_err cur_u8(struct cur *c, uint8_t *ret);
NP_NODISCARD np_err cur_le16(struct cur *c, uint16_t *ret);
NP_NODISCARD np_err cur_le32(struct cur *c, uint32_t *ret);
NP_NODISCARD np_err cur_le64(struct cur *c, uint64_t *ret);
NP_NODISCARD np_err cur_varint(struct cur *c, uint64_t *ret);
NP_NODISCARD np_err cur_zigzag(struct cur *c, int64_t *ret);
NP_NODISCARD np_err cur_bytes(struct cur *c, size_t n, np_str *ret);
