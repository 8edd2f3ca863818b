/* SPDX-License-Identifier: Apache-2.0 */
/* chunkcol.h - a column of 64-bit numbers in the shortest of a few simple forms.
 *
 * Floor 3 (wire), for chunk.c. All the same; an arithmetic series; packed bits or
 * varints above the least value; differences. Wraps around instead of overflowing.
 */
#pragma once
#include "base/buf.h"

/* Appends length, form and content. */
NP_NODISCARD np_err chunkcol_pack(const int64_t *v, size_t n, struct buf *out);

struct chunkcol {
	uint8_t form;
	uint8_t width;  /* of packed bits */
	uint64_t base;  /* same value, least value, last value */
	uint64_t step;  /* last difference */
	struct cur cur; /* varints */
	np_str bits;
	size_t bit; /* offset of the next value */
};
/* Takes one column off the front of *rest. */
NP_NODISCARD np_err chunkcol_open(np_str *rest, struct chunkcol *ret);
NP_NODISCARD np_err chunkcol_next(struct chunkcol *c, int64_t *ret);
