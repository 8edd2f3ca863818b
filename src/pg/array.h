/* SPDX-License-Identifier: Apache-2.0 */
/* array.h - one-dimensional arrays in binary format, built element by element.
 *
 * Floor 2 (pg). For `unnest($1::bigint[], …)`: keep one array per column and
 * append row by row. Caller's storage; a failure is remembered and travels
 * into the parameters. One thread.
 */
#pragma once
#include "base/buf.h"

enum pg_type {
	PG_BOOL,
	PG_INT2,
	PG_INT4,
	PG_INT8,
	PG_FLOAT8,
	PG_TEXT,
	PG_BYTEA,
	PG_TIMESTAMPTZ,
	PG_UUID,
	PG_JSONB,
	PG_TYPE_N
};

#define PG_ARRAY_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct pg_array {
	struct buf bytes; /* elements, each with its length in front */
	uint32_t n;
	enum pg_type type;
	bool has_null;
};

void pg_array_init(struct pg_array *a, enum pg_type type);
void pg_array_done(struct pg_array *a);

/* The element must fit the array's type (asserted). */
void pg_array_null(struct pg_array *a);
void pg_array_int(struct pg_array *a, int64_t v); /* INT2, INT4, INT8: asserted to fit */
void pg_array_bool(struct pg_array *a, bool v);
void pg_array_str(struct pg_array *a, np_str v); /* TEXT, BYTEA, JSONB */
void pg_array_uuid(struct pg_array *a, const uint8_t id[16]);
void pg_array_time(struct pg_array *a, int64_t wall_us);

/* For params.c and result.c: numbers of PostgreSQL's types, its epoch, network byte order. */
uint32_t pg_array_oid(enum pg_type elem); /* of the array type */
uint32_t pg_array_elem_oid(enum pg_type elem);
void pg_array_encode(const struct pg_array *a, struct buf *out);
int64_t pg_array_time_to_pg(int64_t wall_us);
int64_t pg_array_time_of_pg(int64_t pg_us);
