/* SPDX-License-Identifier: Apache-2.0 */
/* A block of the packed log: refused, or rows that pack into the same rows again. */
#include <stdlib.h>

#include "base/str.h"
#include "wire/logpack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same(struct logpack_iter *a, struct logpack *p)
{
	struct buf out;
	struct logpack_iter b;
	struct logpack_row x, y;
	buf_init(&out, LOGPACK_RAW_MAX);
	if (logpack_block(p, &out) < 0 || logpack_open(buf_str(&out), 1, &b) < 0)
		abort();
	while (logpack_next(a, &x) == NP_OK)
		if (logpack_next(&b, &y) < 0 || x.pos != y.pos || x.at_us != y.at_us ||
		    x.items != y.items || !str_eq(x.inputs, y.inputs))
			abort();
	logpack_close(&b);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	np_str block = { (const char *)data, size };
	struct logpack_iter it, again;
	struct logpack_row row;
	struct logpack p;
	/* a block that claims to be huge is only slow */
	if (size > 6 && (data[6] > 2 || (size > 7 && data[7] > 0)))
		return 0;
	if (logpack_open(block, 1, &it) < 0)
		return 0;
	logpack_init(&p);
	while (logpack_next(&it, &row) == NP_OK)
		if (row.at_us < INT64_MIN / 2 || row.at_us > INT64_MAX / 2 ||
		    logpack_add(&p, &row) < 0)
			break;
	logpack_close(&it);
	if (p.n > 0) {
		struct buf out;
		buf_init(&out, LOGPACK_RAW_MAX);
		if (logpack_block(&p, &out) < 0 || logpack_open(buf_str(&out), 1, &again) < 0)
			abort();
		same(&again, &p);
		logpack_close(&again);
		buf_done(&out);
	}
	logpack_done(&p);
	return 0;
}
