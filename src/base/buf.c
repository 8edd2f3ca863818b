/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum { BUF_FIRST = 64 }; /* bytes of the first allocation */

void buf_init(struct buf *b, size_t max)
{
	assert(max < SIZE_MAX / 2);
	*b = (struct buf){ .max = max };
}

void buf_done(struct buf *b)
{
	free(b->p);
	*b = (struct buf){ .max = b->max };
}

void buf_reset(struct buf *b)
{
	b->n = 0;
	b->err = NP_OK;
}

static np_err fail(struct buf *b, np_err e)
{
	if (b->err == NP_OK)
		b->err = e;
	return b->err;
}

/* Room for n more bytes and for the NUL that buf_c writes. */
static np_err room(struct buf *b, size_t n)
{
	assert(b->n <= b->max);
	if (b->err < 0)
		return b->err;
	if (n > b->max - b->n)
		return fail(b, NP_E_LIMIT);
	size_t want = b->n + n + 1;
	if (want <= b->cap)
		return NP_OK;
	size_t cap = b->cap > 0 ? b->cap : BUF_FIRST;
	while (cap < want)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	char *p = np_reallocarray(b->p, cap, 1);
	if (!p)
		return fail(b, NP_E_NOMEM);
	b->p = p;
	b->cap = cap;
	return NP_OK;
}

np_err buf_add(struct buf *b, np_str s)
{
	np_err e = room(b, s.n);
	if (e < 0 || s.n == 0)
		return e;
	memcpy(b->p + b->n, s.p, s.n);
	b->n += s.n;
	return NP_OK;
}

np_err buf_add_c(struct buf *b, const char *s)
{
	return buf_add(b, str_from_c(s));
}

np_err buf_add_byte(struct buf *b, char c)
{
	return buf_add(b, (np_str){ &c, 1 });
}

np_err buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list first;
	va_list second;
	va_start(first, fmt);
	va_copy(second, first);
	int n = vsnprintf(NULL, 0, fmt, first);
	va_end(first);
	np_err e = n < 0 ? fail(b, NP_E_INVAL) : room(b, (size_t)n);
	if (e == NP_OK && n > 0) {
		(void)vsnprintf(b->p + b->n, (size_t)n + 1, fmt, second);
		b->n += (size_t)n;
	}
	va_end(second);
	return e;
}

np_err buf_reserve(struct buf *b, size_t n, char **ret_p)
{
	np_err e = room(b, n);
	if (e == NP_OK)
		*ret_p = b->p + b->n;
	return e;
}

void buf_commit(struct buf *b, size_t n)
{
	assert(n == 0 || n < b->cap - b->n);
	b->n += n;
}

void buf_drop(struct buf *b, size_t n)
{
	assert(n <= b->n);
	b->n -= n;
	if (n > 0 && b->n > 0)
		memmove(b->p, b->p + n, b->n);
}

static np_err add_le(struct buf *b, uint64_t v, size_t n)
{
	char bytes[8];
	for (size_t i = 0; i < n; i++)
		bytes[i] = (char)(v >> 8 * i & 0xff);
	return buf_add(b, (np_str){ bytes, n });
}

np_err buf_add_u8(struct buf *b, uint8_t v)
{
	return add_le(b, v, 1);
}

np_err buf_add_le16(struct buf *b, uint16_t v)
{
	return add_le(b, v, 2);
}

np_err buf_add_le32(struct buf *b, uint32_t v)
{
	return add_le(b, v, 4);
}

np_err buf_add_le64(struct buf *b, uint64_t v)
{
	return add_le(b, v, 8);
}

np_err buf_add_be32(struct buf *b, uint32_t v)
{
	return add_le(b, __builtin_bswap32(v), 4);
}

np_err buf_add_varint(struct buf *b, uint64_t v)
{
	char bytes[10];
	size_t n = 0;
	while (v >= 0x80) {
		bytes[n++] = (char)(uint8_t)(v | 0x80);
		v >>= 7;
	}
	bytes[n++] = (char)(uint8_t)v;
	return buf_add(b, (np_str){ bytes, n });
}

np_err buf_add_zigzag(struct buf *b, int64_t v)
{
	return buf_add_varint(b, (uint64_t)v << 1 ^ (v < 0 ? UINT64_MAX : 0));
}

np_str buf_str(const struct buf *b)
{
	return (np_str){ b->p, b->n };
}

const char *buf_c(struct buf *b)
{
	if (b->n == 0)
		return "";
	assert(b->n < b->cap); /* room() keeps a byte for it */
	b->p[b->n] = '\0';
	return b->p;
}

np_err buf_failed(const struct buf *b)
{
	return b->err;
}

/* ---- reading back ---------------------------------------------------------------- */

static np_err cur_le(struct cur *c, size_t n, uint64_t *ret)
{
	if (c->rest.n < n)
		return NP_E_CORRUPT;
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v |= (uint64_t)(unsigned char)c->rest.p[i] << 8 * i;
	c->rest = str_sub(c->rest, n, c->rest.n);
	*ret = v;
	return NP_OK;
}

np_err cur_u8(struct cur *c, uint8_t *ret)
{
	uint64_t v = 0;
	np_err e = cur_le(c, 1, &v);
	if (e == NP_OK)
		*ret = (uint8_t)v;
	return e;
}

np_err cur_le16(struct cur *c, uint16_t *ret)
{
	uint64_t v = 0;
	np_err e = cur_le(c, 2, &v);
	if (e == NP_OK)
		*ret = (uint16_t)v;
	return e;
}

np_err cur_le32(struct cur *c, uint32_t *ret)
{
	uint64_t v = 0;
	np_err e = cur_le(c, 4, &v);
	if (e == NP_OK)
		*ret = (uint32_t)v;
	return e;
}

np_err cur_le64(struct cur *c, uint64_t *ret)
{
	return cur_le(c, 8, ret);
}

np_err cur_varint(struct cur *c, uint64_t *ret)
{
	uint64_t v = 0;
	for (size_t i = 0; i < c->rest.n && i < 10; i++) {
		uint64_t byte = (unsigned char)c->rest.p[i];
		if (i == 9 && byte > 1) /* bits past the 64th */
			return NP_E_CORRUPT;
		v |= (byte & 0x7f) << 7 * i;
		if (byte < 0x80) {
			c->rest = str_sub(c->rest, i + 1, c->rest.n);
			*ret = v;
			return NP_OK;
		}
	}
	return NP_E_CORRUPT;
}

np_err cur_zigzag(struct cur *c, int64_t *ret)
{
	uint64_t v = 0;
	np_err e = cur_varint(c, &v);
	if (e == NP_OK)
		*ret = (int64_t)(v >> 1 ^ (v & 1 ? UINT64_MAX : 0));
	return e;
}

np_err cur_bytes(struct cur *c, size_t n, np_str *ret)
{
	if (c->rest.n < n)
		return NP_E_CORRUPT;
	*ret = str_sub(c->rest, 0, n);
	c->rest = str_sub(c->rest, n, c->rest.n);
	return NP_OK;
}
