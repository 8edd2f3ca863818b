/* SPDX-License-Identifier: Apache-2.0 */
#include "pg/array.h"

#include "pg/bytes.h"

static const struct {
	uint32_t elem, array;
} pg_oids[] = {
	[PG_BOOL] = { 16, 1000 },    [PG_INT2] = { 21, 1005 },          [PG_INT4] = { 23, 1007 },
	[PG_INT8] = { 20, 1016 },    [PG_FLOAT8] = { 701, 1022 },       [PG_TEXT] = { 25, 1009 },
	[PG_BYTEA] = { 17, 1001 },   [PG_TIMESTAMPTZ] = { 1184, 1185 }, [PG_UUID] = { 2950, 2951 },
	[PG_JSONB] = { 3802, 3807 },
};
static_assert(NP_LEN(pg_oids) == PG_TYPE_N, "a pair of numbers for every type");

uint32_t pg_array_oid(enum pg_type elem)
{
	return pg_oids[elem].array;
}

uint32_t pg_array_elem_oid(enum pg_type elem)
{
	return pg_oids[elem].elem;
}

/* PostgreSQL counts from 2000-01-01. */
#define PG_EPOCH_US INT64_C(946684800000000)

int64_t pg_array_time_to_pg(int64_t wall_us)
{
	if (wall_us == INT64_MAX || wall_us < INT64_MIN + PG_EPOCH_US)
		return wall_us == INT64_MAX ? INT64_MAX : INT64_MIN;
	return wall_us - PG_EPOCH_US;
}

int64_t pg_array_time_of_pg(int64_t pg_us)
{
	if (pg_us == INT64_MIN || pg_us > INT64_MAX - PG_EPOCH_US)
		return pg_us == INT64_MIN ? INT64_MIN : INT64_MAX;
	return pg_us + PG_EPOCH_US;
}

void pg_array_init(struct pg_array *a, enum pg_type type)
{
	assert(type < PG_TYPE_N);
	*a = (struct pg_array){ .type = type };
	buf_init(&a->bytes, PG_ARRAY_BYTES_MAX);
}

void pg_array_done(struct pg_array *a)
{
	buf_done(&a->bytes);
	a->n = 0;
}

static void array_elem(struct pg_array *a, const void *p, size_t n)
{
	char *to = NULL;
	if (buf_reserve(&a->bytes, 4 + n, &to) < 0)
		return; /* the buffer remembers */
	pg_put32(to, (uint32_t)n);
	if (n > 0)
		memcpy(to + 4, p, n);
	buf_commit(&a->bytes, 4 + n);
	a->n++;
}

void pg_array_null(struct pg_array *a)
{
	char minus_one[4];
	pg_put32(minus_one, UINT32_MAX);
	if (buf_add(&a->bytes, (np_str){ minus_one, 4 }) < 0)
		return;
	a->n++;
	a->has_null = true;
}

void pg_array_int(struct pg_array *a, int64_t v)
{
	char b[8];
	switch (a->type) {
	case PG_INT2:
		assert(v >= INT16_MIN && v <= INT16_MAX);
		pg_put16(b, (uint16_t)v);
		array_elem(a, b, 2);
		return;
	case PG_INT4:
		assert(v >= INT32_MIN && v <= INT32_MAX);
		pg_put32(b, (uint32_t)v);
		array_elem(a, b, 4);
		return;
	case PG_INT8:
		pg_put64(b, (uint64_t)v);
		array_elem(a, b, 8);
		return;
	case PG_BOOL:
	case PG_FLOAT8:
	case PG_TEXT:
	case PG_BYTEA:
	case PG_TIMESTAMPTZ:
	case PG_UUID:
	case PG_JSONB:
	case PG_TYPE_N:
		break;
	}
	assert(!"an array of integers");
}

void pg_array_bool(struct pg_array *a, bool v)
{
	assert(a->type == PG_BOOL);
	array_elem(a, v ? "\1" : "\0", 1);
}

void pg_array_str(struct pg_array *a, np_str v)
{
	char *to = NULL;
	assert(a->type == PG_TEXT || a->type == PG_BYTEA || a->type == PG_JSONB);
	if (a->type != PG_JSONB) {
		array_elem(a, v.p, v.n);
		return;
	}
	/* jsonb: a version byte in front of the text */
	if (buf_reserve(&a->bytes, 5 + v.n, &to) < 0)
		return;
	pg_put32(to, (uint32_t)v.n + 1);
	to[4] = 1;
	if (v.n > 0)
		memcpy(to + 5, v.p, v.n);
	buf_commit(&a->bytes, 5 + v.n);
	a->n++;
}

void pg_array_uuid(struct pg_array *a, const uint8_t id[16])
{
	assert(a->type == PG_UUID);
	array_elem(a, id, 16);
}

void pg_array_time(struct pg_array *a, int64_t wall_us)
{
	char b[8];
	assert(a->type == PG_TIMESTAMPTZ);
	pg_put64(b, (uint64_t)pg_array_time_to_pg(wall_us));
	array_elem(a, b, sizeof b);
}

/* dimensions, has-null flag, element type, and per dimension length and lower bound */
void pg_array_encode(const struct pg_array *a, struct buf *out)
{
	buf_add_be32(out, a->n > 0 ? 1 : 0);
	buf_add_be32(out, a->has_null ? 1 : 0);
	buf_add_be32(out, pg_oids[a->type].elem);
	if (a->n == 0)
		return;
	buf_add_be32(out, a->n);
	buf_add_be32(out, 1);
	buf_add(out, buf_str(&a->bytes));
}
