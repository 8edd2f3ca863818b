/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/chunkcol.h"

enum col_form {
	COL_SAME,  /* value */
	COL_STEPS, /* first, difference */
	COL_BITS,  /* least, width, packed bits */
	COL_LEAST, /* least, varints above it */
	COL_DELTA, /* first, zigzag differences */
	COL_FORM_N
};

struct col_stats {
	int64_t least;
	uint64_t spread; /* greatest - least */
	bool same, steps;
	size_t least_bytes, delta_bytes; /* of the varints */
};

static uint64_t col_zigzag(uint64_t difference)
{
	return difference << 1 ^ (uint64_t) - (int64_t)(difference >> 63);
}

static uint64_t col_unzigzag(uint64_t z)
{
	return z >> 1 ^ (uint64_t) - (int64_t)(z & 1);
}

static size_t col_varint_len(uint64_t v)
{
	size_t n = 1;
	while (v >= 0x80) {
		v >>= 7;
		n++;
	}
	return n;
}

static unsigned col_width(uint64_t spread)
{
	return spread == 0 ? 0 : 64U - (unsigned)__builtin_clzll(spread);
}

static struct col_stats col_look(const int64_t *v, size_t n)
{
	struct col_stats s = { .least = v[0], .same = true, .steps = true };
	int64_t greatest = v[0];
	for (size_t i = 1; i < n; i++) {
		uint64_t d = (uint64_t)v[i] - (uint64_t)v[i - 1];
		s.least = v[i] < s.least ? v[i] : s.least;
		greatest = v[i] > greatest ? v[i] : greatest;
		s.same = s.same && d == 0;
		s.steps = s.steps && d == (uint64_t)v[1] - (uint64_t)v[0];
		s.delta_bytes += col_varint_len(col_zigzag(d));
	}
	s.spread = (uint64_t)greatest - (uint64_t)s.least;
	for (size_t i = 0; i < n; i++)
		s.least_bytes += col_varint_len((uint64_t)v[i] - (uint64_t)s.least);
	return s;
}

static enum col_form col_choose(const struct col_stats *s, size_t n)
{
	size_t bits = 1 + (n * col_width(s->spread) + 7) / 8;
	if (s->same)
		return COL_SAME;
	if (s->steps)
		return COL_STEPS;
	if (bits <= s->least_bytes && bits <= s->delta_bytes)
		return COL_BITS;
	return s->least_bytes <= s->delta_bytes ? COL_LEAST : COL_DELTA;
}

static void col_put_bits(const int64_t *v, size_t n, const struct col_stats *s, struct buf *out)
{
	unsigned width = col_width(s->spread);
	unsigned used = 0; /* bits in `byte` */
	uint8_t byte = 0;
	(void)buf_add_u8(out, (uint8_t)width);
	for (size_t i = 0; i < n; i++) {
		uint64_t x = (uint64_t)v[i] - (uint64_t)s->least;
		for (unsigned left = width; left > 0;) {
			unsigned take = left < 8 - used ? left : 8 - used;
			byte |= (uint8_t)((x & ((1U << take) - 1)) << used);
			x >>= take;
			left -= take;
			used += take;
			if (used == 8) {
				(void)buf_add_u8(out, byte);
				byte = 0;
				used = 0;
			}
		}
	}
	if (used > 0)
		(void)buf_add_u8(out, byte);
}

static void col_put(const int64_t *v, size_t n, const struct col_stats *s, struct buf *out)
{
	enum col_form form = col_choose(s, n);
	(void)buf_add_u8(out, (uint8_t)form);
	(void)buf_add_zigzag(out, form == COL_BITS || form == COL_LEAST ? s->least : v[0]);
	if (form == COL_STEPS)
		(void)buf_add_varint(out, col_zigzag((uint64_t)v[1] - (uint64_t)v[0]));
	if (form == COL_BITS)
		col_put_bits(v, n, s, out);
	for (size_t i = 0; form == COL_LEAST && i < n; i++)
		(void)buf_add_varint(out, (uint64_t)v[i] - (uint64_t)s->least);
	for (size_t i = 1; form == COL_DELTA && i < n; i++)
		(void)buf_add_varint(out, col_zigzag((uint64_t)v[i] - (uint64_t)v[i - 1]));
}

np_err chunkcol_pack(const int64_t *v, size_t n, struct buf *out)
{
	NP_CLEANUP(buf_done) struct buf col;
	struct col_stats s;
	assert(n > 0);
	s = col_look(v, n);
	buf_init(&col, out->max);
	col_put(v, n, &s, &col);
	np_err e = buf_failed(&col);
	if (e < 0)
		return e;
	(void)buf_add_varint(out, col.n);
	(void)buf_add(out, buf_str(&col));
	return buf_failed(out);
}

np_err chunkcol_open(np_str *rest, struct chunkcol *ret)
{
	struct cur c = { .rest = *rest };
	struct chunkcol k = { 0 };
	uint64_t len = 0, step = 0;
	int64_t base = 0;
	np_str bytes;
	np_err e = cur_varint(&c, &len);
	if (e == NP_OK && len > c.rest.n)
		e = NP_E_CORRUPT;
	if (e == NP_OK)
		e = cur_bytes(&c, len, &bytes);
	if (e < 0)
		return e;
	k.cur.rest = bytes;
	e = cur_u8(&k.cur, &k.form);
	if (e == NP_OK)
		e = cur_zigzag(&k.cur, &base);
	if (e == NP_OK && k.form == COL_STEPS)
		e = cur_varint(&k.cur, &step);
	if (e == NP_OK && k.form == COL_BITS)
		e = cur_u8(&k.cur, &k.width);
	if (e < 0 || k.form >= COL_FORM_N || k.width > 64)
		return NP_E_CORRUPT;
	k.step = col_unzigzag(step);
	k.base = (uint64_t)base;
	if (k.form == COL_STEPS)
		k.base -= k.step;
	k.bits = k.cur.rest;
	*ret = k;
	*rest = c.rest;
	return NP_OK;
}

static np_err col_next_bits(struct chunkcol *c, uint64_t *ret)
{
	uint64_t x = 0;
	if (c->bit + c->width > c->bits.n * 8)
		return NP_E_CORRUPT;
	for (unsigned got = 0; got < c->width;) {
		unsigned at = (unsigned)(c->bit % 8);
		unsigned left = c->width - got;
		unsigned take = left < 8 - at ? left : 8 - at;
		uint64_t byte = (uint8_t)c->bits.p[c->bit / 8];
		x |= (byte >> at & ((1U << take) - 1)) << got;
		got += take;
		c->bit += take;
	}
	*ret = x;
	return NP_OK;
}

np_err chunkcol_next(struct chunkcol *c, int64_t *ret)
{
	uint64_t x = 0;
	np_err e = NP_OK;
	if (c->form == COL_BITS)
		e = col_next_bits(c, &x);
	else if (c->form == COL_LEAST || (c->form == COL_DELTA && c->bit > 0))
		e = cur_varint(&c->cur, &x);
	if (e < 0)
		return NP_E_CORRUPT;
	if (c->form == COL_DELTA) {
		c->base += c->bit > 0 ? col_unzigzag(x) : 0;
		c->bit = 1; /* the first value is there already */
		x = 0;
	} else if (c->form == COL_STEPS) {
		c->base += c->step;
	}
	*ret = (int64_t)(c->base + x);
	return NP_OK;
}
