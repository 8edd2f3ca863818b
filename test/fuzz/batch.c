/* SPDX-License-Identifier: Apache-2.0 */
/* A Batch as protobuf: what decodes has its numbers in order, and its JSON form reads back as a
 * batch with the same head. */
#include <stdlib.h>

#include "base/str.h"
#include "wire/batch.h"
#include "wire/batchjson.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_numbers(const struct batch *b)
{
	const struct batch_head *h = batch_head(b);
	uint64_t next = h->first_seq;
	size_t invalid = 0;
	for (size_t i = 0; i < h->items; i++) {
		const struct batch_item *it = batch_item(b, i);
		if (it->seq != next || it->count == 0 || next > BATCH_SEQ_MAX)
			abort();
		next += it->count;
		invalid += it->invalid != NULL;
		if (!it->invalid && it->kind == BATCH_RESULT && !str_is_utf8(it->result.text))
			abort();
	}
	if (invalid != h->invalid || next - h->first_seq != h->numbers)
		abort();
}

static void check_json(struct arena *a, np_str bytes, const struct batch *b)
{
	struct buf text, back, why;
	struct batch *c = NULL;
	buf_init(&text, BATCHJSON_MAX);
	buf_init(&back, BATCHJSON_MAX);
	buf_init(&why, 4096);
	if (batchjson_write(bytes, &text) == NP_OK &&
	    batchjson_read(buf_str(&text), &back, &why) == NP_OK &&
	    batch_decode(a, buf_str(&back), &c) == NP_OK &&
	    batch_head(c)->epoch != batch_head(b)->epoch)
		abort();
	buf_done(&text);
	buf_done(&back);
	buf_done(&why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *a = arena_new(2 * BATCH_ARENA_MAX);
	struct batch *b = NULL;
	np_str in = { (const char *)data, size };
	if (batch_decode(a, in, &b) == NP_OK) {
		check_numbers(b);
		check_json(a, in, b);
	}
	arena_free(a);
	return 0;
}
