/* SPDX-License-Identifier: Apache-2.0 */
#include "pg/params.h"

#include "base/str.h"
#include "pg/bytes.h"

void pg_params_init(struct pg_params *p)
{
	p->n = 0;
	p->err = NP_OK;
	buf_init(&p->bytes, PG_PARAMS_BYTES_MAX);
}

void pg_params_done(struct pg_params *p)
{
	buf_done(&p->bytes);
	p->n = 0;
}

void pg_params_reset(struct pg_params *p)
{
	buf_reset(&p->bytes);
	p->n = 0;
	p->err = NP_OK;
}

np_err pg_params_failed(const struct pg_params *p)
{
	return p->err < 0 ? p->err : buf_failed(&p->bytes);
}

/* Takes note of a value whose `len` bytes stand at the end of the buffer. */
static void params_note(struct pg_params *p, uint32_t oid, int32_t len)
{
	size_t bytes = len > 0 ? (size_t)len : 0;
	if (p->err < 0 || buf_failed(&p->bytes) < 0)
		return;
	if (p->n == PG_PARAMS_MAX) {
		p->err = NP_E_LIMIT;
		return;
	}
	p->at[p->n++] = (struct pg_param){ .oid = oid, .len = len, .off = p->bytes.n - bytes };
}

static void params_add(struct pg_params *p, enum pg_type type, np_str v)
{
	if (v.n > INT32_MAX) {
		p->err = NP_E_LIMIT;
		return;
	}
	if (v.n > 0)
		buf_add(&p->bytes, v);
	params_note(p, pg_array_elem_oid(type), (int32_t)v.n);
}

void pg_params_null(struct pg_params *p, enum pg_type type)
{
	params_note(p, pg_array_elem_oid(type), -1);
}

static void params_be64(struct pg_params *p, enum pg_type type, uint64_t v)
{
	char b[8];
	pg_put64(b, v);
	params_add(p, type, (np_str){ b, sizeof b });
}

void pg_params_i64(struct pg_params *p, int64_t v)
{
	params_be64(p, PG_INT8, (uint64_t)v);
}

void pg_params_i32(struct pg_params *p, int32_t v)
{
	char b[4];
	pg_put32(b, (uint32_t)v);
	params_add(p, PG_INT4, (np_str){ b, sizeof b });
}

void pg_params_i16(struct pg_params *p, int16_t v)
{
	char b[2];
	pg_put16(b, (uint16_t)v);
	params_add(p, PG_INT2, (np_str){ b, sizeof b });
}

void pg_params_f64(struct pg_params *p, double v)
{
	uint64_t bits;
	memcpy(&bits, &v, sizeof bits);
	params_be64(p, PG_FLOAT8, bits);
}

void pg_params_bool(struct pg_params *p, bool v)
{
	params_add(p, PG_BOOL, (np_str){ v ? "\1" : "\0", 1 });
}

void pg_params_text(struct pg_params *p, np_str v)
{
	params_add(p, PG_TEXT, v);
}

void pg_params_c(struct pg_params *p, const char *v)
{
	if (v == NULL)
		pg_params_null(p, PG_TEXT);
	else
		pg_params_text(p, str_from_c(v));
}

void pg_params_bytea(struct pg_params *p, np_str v)
{
	params_add(p, PG_BYTEA, v);
}

void pg_params_jsonb(struct pg_params *p, np_str json)
{
	if (json.n >= INT32_MAX) {
		p->err = NP_E_LIMIT;
		return;
	}
	buf_add_u8(&p->bytes, 1); /* version of the binary form */
	buf_add(&p->bytes, json);
	params_note(p, pg_array_elem_oid(PG_JSONB), (int32_t)json.n + 1);
}

void pg_params_uuid(struct pg_params *p, const uint8_t id[16])
{
	params_add(p, PG_UUID, (np_str){ (const char *)id, 16 });
}

void pg_params_time(struct pg_params *p, int64_t wall_us)
{
	params_be64(p, PG_TIMESTAMPTZ, (uint64_t)pg_array_time_to_pg(wall_us));
}

void pg_params_array(struct pg_params *p, const struct pg_array *a)
{
	size_t before = p->bytes.n;
	np_err e = buf_failed(&a->bytes);
	if (e < 0) {
		p->err = e;
		return;
	}
	pg_array_encode(a, &p->bytes);
	params_note(p, pg_array_oid(a->type), (int32_t)(p->bytes.n - before));
}
