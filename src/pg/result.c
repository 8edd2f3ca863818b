/* SPDX-License-Identifier: Apache-2.0 */
#include "pg/result.h"

#include <libpq-fe.h>

#include "base/str.h"
#include "pg/bytes.h"

/* A pg_res is libpq's PGresult under another name: nothing beside it to keep. */
static const PGresult *res_pq(const struct pg_res *r)
{
	return (const PGresult *)(const void *)r;
}

void pg_res_free(struct pg_res *r)
{
	PQclear((PGresult *)(void *)r);
}

void pg_res_free_p(struct pg_res **r)
{
	pg_res_free(*r);
	*r = NULL;
}

size_t pg_res_rows(const struct pg_res *r)
{
	return (size_t)PQntuples(res_pq(r));
}

static size_t pg_res_cols(const struct pg_res *r)
{
	return (size_t)PQnfields(res_pq(r));
}

uint64_t pg_res_affected(const struct pg_res *r)
{
	uint64_t n = 0;
	/* PQcmdTuples only reads, its parameter merely lacks the const. */
	union {
		const struct pg_res *in;
		PGresult *out;
	} u = { .in = r };
	np_err e = str_to_u64(str_from_c(PQcmdTuples(u.out)), &n);
	return e < 0 ? 0 : n;
}

bool pg_res_null(const struct pg_res *r, size_t row, size_t col)
{
	assert(row < pg_res_rows(r) && col < pg_res_cols(r));
	return PQgetisnull(res_pq(r), (int)row, (int)col) == 1;
}

static np_str res_raw(const struct pg_res *r, size_t row, size_t col)
{
	assert(row < pg_res_rows(r) && col < pg_res_cols(r));
	return (np_str){ PQgetvalue(res_pq(r), (int)row, (int)col),
			 (size_t)PQgetlength(res_pq(r), (int)row, (int)col) };
}

static uint32_t res_type(const struct pg_res *r, size_t col)
{
	return PQftype(res_pq(r), (int)col);
}

static int64_t res_int(np_str v)
{
	switch (v.n) {
	case 0:
		return 0; /* NULL */
	case 2:
		return (int16_t)pg_get16(v.p);
	case 4:
		return (int32_t)pg_get32(v.p);
	case 8:
		return (int64_t)pg_get64(v.p);
	default:
		assert(!"an integer column");
		return 0;
	}
}

#define OID_XID8 5069
#define OID_OID 26
#define OID_FLOAT4 700

int64_t pg_res_i64(const struct pg_res *r, size_t row, size_t col)
{
	uint32_t t = res_type(r, col);
	assert(t == pg_array_elem_oid(PG_INT8) || t == pg_array_elem_oid(PG_INT4) ||
	       t == pg_array_elem_oid(PG_INT2) || t == OID_XID8 || t == OID_OID);
	return res_int(res_raw(r, row, col));
}

double pg_res_f64(const struct pg_res *r, size_t row, size_t col)
{
	np_str v = res_raw(r, row, col);
	uint64_t bits;
	double d = 0;
	assert(res_type(r, col) == pg_array_elem_oid(PG_FLOAT8) || res_type(r, col) == OID_FLOAT4);
	if (v.n == 4) {
		uint32_t half = pg_get32(v.p);
		float f;
		memcpy(&f, &half, sizeof f);
		return (double)f;
	}
	if (v.n == 8) {
		bits = pg_get64(v.p);
		memcpy(&d, &bits, sizeof d);
	}
	return d;
}

bool pg_res_bool(const struct pg_res *r, size_t row, size_t col)
{
	np_str v = res_raw(r, row, col);
	assert(res_type(r, col) == pg_array_elem_oid(PG_BOOL));
	return v.n == 1 && v.p[0] != 0;
}

np_str pg_res_str(const struct pg_res *r, size_t row, size_t col)
{
	np_str v = res_raw(r, row, col);
	if (res_type(r, col) == pg_array_elem_oid(PG_JSONB) && v.n > 0)
		return str_sub(v, 1, v.n); /* without its version byte */
	return v;
}

int64_t pg_res_time(const struct pg_res *r, size_t row, size_t col)
{
	np_str v = res_raw(r, row, col);
	assert(res_type(r, col) == pg_array_elem_oid(PG_TIMESTAMPTZ));
	return v.n == 8 ? pg_array_time_of_pg((int64_t)pg_get64(v.p)) : 0;
}

void pg_res_uuid(const struct pg_res *r, size_t row, size_t col, uint8_t ret_id[16])
{
	np_str v = res_raw(r, row, col);
	assert(res_type(r, col) == pg_array_elem_oid(PG_UUID));
	if (v.n == 16)
		memcpy(ret_id, v.p, 16);
}

/* Walks a one-dimensional array: *v is what is left, behind the header. */
static size_t res_array_open(np_str *v)
{
	size_t n;
	if (v->n < 20) /* empty arrays have no dimension */
		return 0;
	assert(pg_get32(v->p) == 1);
	n = pg_get32(v->p + 12);
	*v = str_sub(*v, 20, v->n);
	return n;
}

/* One element; false when the bytes end. NULL elements come as the empty text. */
static bool res_array_next(np_str *v, np_str *ret)
{
	uint32_t len;
	if (v->n < 4)
		return false;
	len = pg_get32(v->p);
	*v = str_sub(*v, 4, v->n);
	if (len == UINT32_MAX)
		len = 0;
	if (len > v->n)
		return false;
	*ret = (np_str){ v->p, len };
	*v = str_sub(*v, len, v->n);
	return true;
}

size_t pg_res_ints(const struct pg_res *r, size_t row, size_t col, int64_t *ret, size_t max)
{
	uint32_t t = res_type(r, col);
	np_str v = res_raw(r, row, col);
	np_str elem;
	size_t n = res_array_open(&v);
	assert(t == pg_array_oid(PG_INT8) || t == pg_array_oid(PG_INT4) ||
	       t == pg_array_oid(PG_INT2));
	for (size_t i = 0; i < n && i < max && res_array_next(&v, &elem); i++)
		ret[i] = res_int(elem);
	return n;
}

size_t pg_res_strs(const struct pg_res *r, size_t row, size_t col, np_str *ret, size_t max)
{
	uint32_t t = res_type(r, col);
	np_str v = res_raw(r, row, col);
	np_str elem;
	size_t n = res_array_open(&v);
	assert(t == pg_array_oid(PG_TEXT) || t == pg_array_oid(PG_BYTEA));
	for (size_t i = 0; i < n && i < max && res_array_next(&v, &elem); i++)
		ret[i] = elem;
	return n;
}
