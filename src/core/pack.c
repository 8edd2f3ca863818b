/* SPDX-License-Identifier: Apache-2.0 */
#include "core/pack.h"

#include "base/str.h"

#define PACK_SUM_SIZE 4

/* Keeps the first failure. */
static void note(struct pack *p, np_err e)
{
	if (e < 0 && p->err == NP_OK)
		p->err = e;
}

static void pack_u8(struct pack *p, uint8_t *v)
{
	if (p->out != NULL)
		note(p, buf_add_u8(p->out, *v));
	else if (p->err == NP_OK)
		note(p, cur_u8(&p->in, v));
}

void pack_enum(struct pack *p, uint8_t *v, uint32_t limit)
{
	pack_u8(p, v);
	if (*v >= limit) {
		note(p, NP_E_CORRUPT);
		*v = 0;
	}
}

void pack_bool(struct pack *p, bool *v)
{
	uint8_t byte = p->out != NULL && *v;
	pack_enum(p, &byte, 2);
	*v = byte == 1;
}

void pack_u32(struct pack *p, uint32_t *v)
{
	if (p->out != NULL)
		note(p, buf_add_le32(p->out, *v));
	else if (p->err == NP_OK)
		note(p, cur_le32(&p->in, v));
}

void pack_u64(struct pack *p, uint64_t *v)
{
	if (p->out != NULL)
		note(p, buf_add_le64(p->out, *v));
	else if (p->err == NP_OK)
		note(p, cur_le64(&p->in, v));
}

void pack_i32(struct pack *p, int32_t *v)
{
	uint32_t u = (uint32_t)*v;
	pack_u32(p, &u);
	*v = (int32_t)u;
}

void pack_i64(struct pack *p, int64_t *v)
{
	uint64_t u = (uint64_t)*v;
	pack_u64(p, &u);
	*v = (int64_t)u;
}

void pack_count(struct pack *p, uint32_t *v, uint32_t max)
{
	pack_u32(p, v);
	if (*v > max) {
		note(p, NP_E_CORRUPT);
		*v = 0;
	}
}

static uint32_t checksum(np_str s)
{
	uint64_t h = UINT64_C(14695981039346656037);
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * UINT64_C(1099511628211);
	return (uint32_t)(h ^ h >> 32);
}

void pack_begin(struct pack *p, struct buf *out, uint8_t version)
{
	*p = (struct pack){ .out = out, .version = version };
	pack_u8(p, &version);
}

void pack_seal(struct pack *p, size_t start)
{
	uint32_t sum = checksum(str_sub(buf_str(p->out), start, p->out->n));
	pack_u32(p, &sum);
}

np_err pack_open(struct pack *p, np_str bytes, uint8_t oldest, uint8_t newest)
{
	*p = (struct pack){ 0 };
	if (bytes.n < PACK_SUM_SIZE + 1)
		return NP_E_CORRUPT;
	np_str body = str_sub(bytes, 0, bytes.n - PACK_SUM_SIZE);
	struct cur tail = { .rest = str_sub(bytes, body.n, bytes.n) };
	uint32_t sum = 0;
	np_err e = cur_le32(&tail, &sum);
	if (e < 0)
		return e;
	if (sum != checksum(body))
		return NP_E_CORRUPT;
	p->in.rest = body;
	pack_u8(p, &p->version);
	return p->version >= oldest && p->version <= newest ? NP_OK : NP_E_VERSION;
}

np_err pack_end(const struct pack *p)
{
	if (p->err < 0)
		return p->err;
	return p->in.rest.n == 0 ? NP_OK : NP_E_CORRUPT;
}
