/* SPDX-License-Identifier: Apache-2.0 */
/* A Batch as JSON: whatever reads becomes a message that protobuf reads too, or at least a sentence. */
#include <stdlib.h>

#include "wire/batch.h"
#include "wire/batchjson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf pb, why, text;
	buf_init(&pb, BATCHJSON_MAX);
	buf_init(&why, 4096);
	buf_init(&text, BATCHJSON_MAX);
	np_err e = batchjson_read((np_str){ (const char *)data, size }, &pb, &why);
	if (e == NP_E_PROTO && why.n == 0)
		abort();
	if (e == NP_OK) {
		struct arena *a = arena_new(BATCH_ARENA_MAX);
		struct batch *b = NULL;
		(void)!batch_decode(a, buf_str(&pb), &b);
		if (batchjson_write(buf_str(&pb), &text) == NP_E_PROTO)
			abort();
		arena_free(a);
	}
	buf_done(&pb);
	buf_done(&why);
	buf_done(&text);
	return 0;
}
