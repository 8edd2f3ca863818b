/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/logpack.h"

#include <zlib.h>

#include "base/str.h"

/* A block: 3 letters, version, length of what follows uncompressed, zlib stream. */
#define LOGPACK_VERSION 1
#define LOGPACK_LEVEL 6

void logpack_init(struct logpack *p)
{
	*p = (struct logpack){ .n = 0 };
	buf_init(&p->raw, LOGPACK_RAW_MAX);
}

void logpack_done(struct logpack *p)
{
	buf_done(&p->raw);
}

np_err logpack_add(struct logpack *p, const struct logpack_row *row)
{
	size_t before = p->raw.n;
	assert(p->n == 0 || row->pos == p->first_pos + p->n);
	(void)buf_add_zigzag(&p->raw, row->at_us - p->at_us);
	(void)buf_add_varint(&p->raw, row->items);
	(void)buf_add_varint(&p->raw, row->inputs.n);
	np_err e = buf_add(&p->raw, row->inputs);
	if (e < 0) {
		p->raw.n = before;
		p->raw.err = NP_OK;
		return e;
	}
	if (p->n == 0)
		p->first_pos = row->pos;
	p->at_us = row->at_us;
	p->n++;
	return NP_OK;
}

np_err logpack_block(const struct logpack *p, struct buf *out)
{
	np_str raw = buf_str(&p->raw);
	uLongf n = compressBound(raw.n);
	char *to = NULL;
	(void)buf_add(out, NP_STR("NPL"));
	(void)buf_add_u8(out, LOGPACK_VERSION);
	np_err e = buf_add_le32(out, (uint32_t)raw.n);
	if (e == NP_OK)
		e = buf_reserve(out, n, &to);
	if (e < 0)
		return e;
	if (compress2((Bytef *)to, &n, (const Bytef *)(raw.n > 0 ? raw.p : ""), raw.n,
		      LOGPACK_LEVEL) != Z_OK)
		return NP_E_NOMEM;
	buf_commit(out, n);
	return NP_OK;
}

static np_err inflate_all(np_str from, char *to, size_t want)
{
	uLongf n = want;
	uLong used = from.n;
	int rc = uncompress2((Bytef *)to, &n, (const Bytef *)from.p, &used);
	if (rc == Z_MEM_ERROR)
		return NP_E_NOMEM;
	return rc == Z_OK && n == want && used == from.n ? NP_OK : NP_E_CORRUPT;
}

np_err logpack_open(np_str block, uint64_t first_pos, struct logpack_iter *ret)
{
	struct cur head = { block };
	uint8_t version = 0;
	uint32_t n = 0;
	np_str letters;
	if (cur_bytes(&head, 3, &letters) < 0 || !str_eq_c(letters, "NPL") ||
	    cur_u8(&head, &version) < 0)
		return NP_E_CORRUPT;
	if (version != LOGPACK_VERSION)
		return NP_E_VERSION;
	if (cur_le32(&head, &n) < 0 || n > LOGPACK_RAW_MAX)
		return NP_E_CORRUPT;
	char *raw = np_zalloc((size_t)n + 1);
	if (!raw)
		return NP_E_NOMEM;
	np_err e = inflate_all(head.rest, raw, n);
	if (e < 0) {
		free(raw);
		return e;
	}
	*ret = (struct logpack_iter){ .raw = raw, .rest = { raw, n }, .pos = first_pos };
	return NP_OK;
}

void logpack_close(struct logpack_iter *it)
{
	free(it->raw);
	*it = (struct logpack_iter){ .raw = NULL };
}

np_err logpack_next(struct logpack_iter *it, struct logpack_row *ret)
{
	struct cur c = { it->rest };
	struct logpack_row row = { .pos = it->pos };
	int64_t later = 0;
	uint64_t items = 0, n = 0;
	if (it->rest.n == 0)
		return NP_E_NOTFOUND;
	if (cur_zigzag(&c, &later) < 0 || cur_varint(&c, &items) < 0 || items > UINT32_MAX ||
	    cur_varint(&c, &n) < 0 || n > c.rest.n || cur_bytes(&c, (size_t)n, &row.inputs) < 0 ||
	    __builtin_add_overflow(it->at_us, later, &row.at_us))
		return NP_E_CORRUPT;
	row.items = (uint32_t)items;
	it->at_us = row.at_us;
	it->rest = c.rest;
	it->pos++;
	*ret = row;
	return NP_OK;
}
