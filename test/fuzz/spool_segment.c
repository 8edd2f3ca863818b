/* SPDX-License-Identifier: Apache-2.0 */
/* A spool file: reading ends, never reads past its bytes, and what is read survives being written. */
#include <stdlib.h>

#include "checker/segment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void same_again(const struct seg_rec *r)
{
	struct buf b;
	struct seg_rec again = { 0 };
	size_t pos = 0;
	buf_init(&b, SEG_REC_LEN + SEG_ITEM_MAX);
	if (seg_put_rec(&b, r) < 0)
		abort();
	/* alone at the end of a file an empty content is fine, a damaged one is torn */
	if (seg_next(buf_str(&b), &pos, &again) != SEG_REC || pos != b.n || again.seq != r->seq ||
	    again.shard != r->shard || again.item.n != r->item.n)
		abort();
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	np_str bytes = { (const char *)data, size };
	struct seg_rec r = { 0 };
	size_t pos = 0, before = 0;
	enum seg_rc rc;
	(void)!seg_check_head(bytes);
	while ((rc = seg_next(bytes, &pos, &r)) != SEG_END && rc != SEG_TAIL) {
		if (pos <= before || pos > size)
			abort();
		before = pos;
		if (rc == SEG_REC && r.kind == SEG_ITEM && r.shard >= NP_SHARDS)
			abort();
		if (rc == SEG_REC && (r.kind == SEG_SEAL || r.item.p))
			same_again(&r);
	}
	return 0;
}
