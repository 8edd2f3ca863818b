/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/chunk.h"

#include "base/str.h"

#define CHUNK_VERSION 1

enum chunk_column {
	COL_SLOT,
	COL_ATTEMPT,
	COL_START,    /* after the slot */
	COL_DURATION, /* beyond the sum of the phases */
	COL_RECEIVED, /* after the end */
	COL_REVISION,
	COL_STATUS,
	COL_CLASS,
	COL_CODE,
	COL_SKIPPED,
	COL_CERT,
	COL_TEXT, /* number of a text; 0: none */
	COL_ADDRESS,
	COL_PHASE, /* five of them; +1, 0: did not happen */
	COL_N = COL_PHASE + RES_PHASE_N
};
static_assert(COL_N == CHUNK_COLUMNS, "one chunkcol each");

/* Sum of the phases that happened; wraps like everything that goes into a column. */
static uint64_t chunk_phases(const struct res_record *r)
{
	uint64_t sum = 0;
	for (size_t i = 0; i < RES_PHASE_N; i++)
		if (r->phase_us[i] > 0)
			sum += (uint64_t)r->phase_us[i];
	return sum;
}

static int64_t chunk_value(const struct chunk_row *row, size_t column)
{
	const struct res_record *r = &row->r;
	switch (column) {
	case COL_SLOT:
		return r->slot_us;
	case COL_ATTEMPT:
		return r->attempt;
	case COL_START:
		return (int64_t)((uint64_t)r->start_us - (uint64_t)r->slot_us);
	case COL_DURATION:
		return (int64_t)((uint64_t)r->duration_us - chunk_phases(r));
	case COL_RECEIVED:
		return (int64_t)((uint64_t)row->received_us - (uint64_t)r->start_us -
				 (uint64_t)r->duration_us);
	case COL_REVISION:
		return r->revision;
	case COL_STATUS:
		return r->status;
	case COL_CLASS:
		return r->cls;
	case COL_CODE:
		return r->code;
	case COL_SKIPPED:
		return r->skipped;
	case COL_CERT:
		return r->cert_expires_s;
	default:
		assert(column >= COL_PHASE && column < COL_N);
		return (int64_t)((uint64_t)r->phase_us[column - COL_PHASE] + 1);
	}
}

/* ---- packing ---- */

struct chunk_dict {
	np_str text[CHUNK_TEXTS_MAX];
	size_t n;
};

/* Its number from 1; 0 for nothing, or when there are too many. */
static int64_t dict_add(struct chunk_dict *d, np_str s)
{
	if (s.n == 0)
		return 0;
	for (size_t i = d->n; i > 0; i--)
		if (str_eq(d->text[i - 1], s))
			return (int64_t)i;
	if (d->n == CHUNK_TEXTS_MAX)
		return 0;
	d->text[d->n++] = s;
	return (int64_t)d->n;
}

static np_err dict_put(const struct chunk_dict *d, struct buf *out)
{
	(void)buf_add_varint(out, d->n);
	for (size_t i = 0; i < d->n; i++) {
		(void)buf_add_varint(out, d->text[i].n);
		(void)buf_add(out, d->text[i]);
	}
	return buf_failed(out);
}

struct chunk_work {
	struct chunk_dict dict;
	int64_t v[CHUNK_ROWS_MAX];
	int64_t text[CHUNK_ROWS_MAX];
	int64_t address[CHUNK_ROWS_MAX];
};

static np_err chunk_put_columns(struct chunk_work *w, const struct chunk_row *rows, size_t n,
				struct buf *out)
{
	np_err e = NP_OK;
	for (size_t c = 0; c < COL_N && e == NP_OK; c++) {
		const int64_t *v = c == COL_TEXT ? w->text : c == COL_ADDRESS ? w->address : w->v;
		for (size_t i = 0; v == w->v && i < n; i++)
			w->v[i] = chunk_value(&rows[i], c);
		e = chunkcol_pack(v, n, out);
	}
	return e;
}

np_err chunk_pack(const struct chunk_row *rows, size_t n, struct buf *out)
{
	NP_CLEANUP(np_free_ptr) struct chunk_work *w = NULL;
	if (n > CHUNK_ROWS_MAX)
		return NP_E_LIMIT;
	(void)buf_add_u8(out, CHUNK_VERSION);
	(void)buf_add_varint(out, n);
	if (n == 0)
		return buf_failed(out);
	w = np_zalloc(sizeof *w);
	if (w == NULL)
		return NP_E_NOMEM;
	for (size_t i = 0; i < n; i++) {
		w->text[i] = dict_add(&w->dict, rows[i].r.text);
		w->address[i] = dict_add(&w->dict, rows[i].r.address);
	}
	np_err e = dict_put(&w->dict, out);
	return e < 0 ? e : chunk_put_columns(w, rows, n, out);
}

/* ---- reading ---- */

/* Text number `which` (from 1); empty when it is not there. */
static np_str texts_at(const struct chunk_iter *it, int64_t which)
{
	struct cur c = { .rest = it->texts };
	np_str s = { 0 };
	if (which < 1 || (uint64_t)which > it->text_n)
		return s;
	for (int64_t i = 0; i < which; i++) {
		uint64_t n = 0;
		if (cur_varint(&c, &n) < 0 || cur_bytes(&c, n, &s) < 0)
			return (np_str){ 0 };
	}
	return s;
}

static np_err texts_skip(struct cur *c, struct chunk_iter *it)
{
	uint64_t n = 0, len = 0;
	np_str text;
	np_err e = cur_varint(c, &n);
	if (e == NP_OK && n > CHUNK_TEXTS_MAX)
		e = NP_E_CORRUPT;
	if (e < 0)
		return e;
	it->texts = c->rest;
	it->text_n = n;
	for (uint64_t i = 0; i < n && e == NP_OK; i++) {
		e = cur_varint(c, &len);
		if (e == NP_OK)
			e = cur_bytes(c, len, &text);
	}
	return e;
}

np_err chunk_open(np_str packed, struct chunk_iter *ret)
{
	struct cur c = { .rest = packed };
	struct chunk_iter it = { 0 };
	uint8_t version = 0;
	uint64_t n = 0;
	np_err e = cur_u8(&c, &version);
	if (e == NP_OK && version != CHUNK_VERSION)
		return version > CHUNK_VERSION ? NP_E_VERSION : NP_E_CORRUPT;
	if (e == NP_OK)
		e = cur_varint(&c, &n);
	if (e == NP_OK && n > CHUNK_ROWS_MAX)
		e = NP_E_CORRUPT;
	if (e == NP_OK && n > 0)
		e = texts_skip(&c, &it);
	for (size_t i = 0; i < COL_N && n > 0 && e == NP_OK; i++)
		e = chunkcol_open(&c.rest, &it.col[i]);
	if (e < 0)
		return NP_E_CORRUPT;
	it.n = n;
	*ret = it;
	return NP_OK;
}

static void chunk_fill(const struct chunk_iter *it, const int64_t v[COL_N], struct chunk_row *ret)
{
	struct res_record r = {
		.revision = (uint32_t)v[COL_REVISION],
		.attempt = (uint32_t)v[COL_ATTEMPT],
		.slot_us = v[COL_SLOT],
		.start_us = (int64_t)((uint64_t)v[COL_SLOT] + (uint64_t)v[COL_START]),
		.status = v[COL_STATUS] > 0 && v[COL_STATUS] < RES_STATUS_N
				  ? (enum res_status)v[COL_STATUS]
				  : RES_UNKNOWN,
		.cls = v[COL_CLASS] >= 0 && v[COL_CLASS] < RES_CLASS_N
			       ? (enum res_class)v[COL_CLASS]
			       : RES_C_INTERNAL,
		.code = (int32_t)v[COL_CODE],
		.skipped = (uint32_t)v[COL_SKIPPED],
		.cert_expires_s = v[COL_CERT],
		.text = texts_at(it, v[COL_TEXT]),
		.address = texts_at(it, v[COL_ADDRESS]),
	};
	for (size_t i = 0; i < RES_PHASE_N; i++)
		r.phase_us[i] = (int64_t)((uint64_t)v[COL_PHASE + i] - 1);
	r.duration_us = (int64_t)((uint64_t)v[COL_DURATION] + chunk_phases(&r));
	ret->r = r;
	ret->received_us = (int64_t)((uint64_t)r.start_us + (uint64_t)r.duration_us +
				     (uint64_t)v[COL_RECEIVED]);
}

bool chunk_next(struct chunk_iter *it, struct chunk_row *ret)
{
	int64_t v[COL_N];
	if (it->next >= it->n)
		return false;
	for (size_t i = 0; i < COL_N; i++)
		if (chunkcol_next(&it->col[i], &v[i]) < 0)
			return false;
	chunk_fill(it, v, ret);
	it->next++;
	return true;
}
