/* SPDX-License-Identifier: Apache-2.0 */
/* page.h - lists: limit, opaque cursor, {items, next}.
 *
 * Floor 4 (web). A cursor is the key of the last row that was given: a number
 * and a text. Worker thread.
 */
#pragma once
#include "web/req.h"

#define PAGE_LIMIT 100
#define PAGE_LIMIT_MAX 1000
#define PAGE_CURSOR_MAX 512

struct page {
	int32_t limit;
	bool after; /* a cursor was given */
	int64_t num;
	np_str text;
};

/* From `limit` and `cursor`; wrong ones go to q->problems. */
void page_read(struct wreq *q, struct page *ret);
/* cursor <-> key; decode answers NP_E_INVAL for anything that encode did not make. */
NP_NODISCARD np_err page_decode(struct arena *a, np_str cursor, struct page *ret);
np_str page_encode(struct arena *a, int64_t num, np_str text);
/* Rows are (json, num bigint, text): at most limit + 1, the last one only shows that there is
 * more. Writes the whole answer. */
void page_write(struct wreq *q, const struct page *p, const struct pg_res *rows);
/* Each row's JSON goes through `shown` (NULL: stays) first: what may be seen; no memory: NULL. */
NP_NODISCARD np_err page_write_shown(struct wreq *q, const struct page *p,
				     const struct pg_res *rows,
				     np_str (*shown)(struct wreq *q, np_str json));
