/* SPDX-License-Identifier: Apache-2.0 */
#include "core/histogram.h"

#define HIST_VERSION 1
#define HIST_PER_OCTAVE 5

/* 2^(i/5) and 2^((i+1/2)/5) times 2^32. */
static const uint64_t edges[HIST_PER_OCTAVE] = {
	UINT64_C(4294967296), UINT64_C(4933621868), UINT64_C(5667243324),
	UINT64_C(6509953083), UINT64_C(7477972398),
};
static const uint64_t middles[HIST_PER_OCTAVE] = {
	UINT64_C(4603231970), UINT64_C(5287724992), UINT64_C(6074001000),
	UINT64_C(6977194957), UINT64_C(8014692369),
};

static uint32_t bucket_of(uint64_t us)
{
	uint32_t octave = 63 - (uint32_t)__builtin_clzll(us);
	uint64_t mantissa = us << 32 >> octave; /* [1, 2) times 2^32 */
	uint32_t sub = 0;
	while (sub + 1 < HIST_PER_OCTAVE && mantissa >= edges[sub + 1])
		sub++;
	return octave * HIST_PER_OCTAVE + sub;
}

static int64_t scaled(const uint64_t *table, uint32_t bucket)
{
	uint64_t m = table[bucket % HIST_PER_OCTAVE];
	return (int64_t)((m << bucket / HIST_PER_OCTAVE) >> 32);
}

static uint32_t add32(uint32_t a, uint32_t b)
{
	uint32_t sum = 0;
	return __builtin_add_overflow(a, b, &sum) ? UINT32_MAX : sum;
}

static uint64_t add64(uint64_t a, uint64_t b)
{
	uint64_t sum = 0;
	return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

static void widen(struct hist *h, int64_t min_us, int64_t max_us)
{
	if (h->count == 0 || min_us < h->min_us)
		h->min_us = min_us;
	if (h->count == 0 || max_us > h->max_us)
		h->max_us = max_us;
}

void hist_add(struct hist *h, int64_t us)
{
	const int64_t top = (INT64_C(1) << HIST_OCTAVES) - 1;
	int64_t v = us < 1 ? 1 : us;
	uint32_t b = bucket_of((uint64_t)(v > top ? top : v));
	widen(h, v, v);
	h->of[b] = add32(h->of[b], 1);
	h->count = add64(h->count, 1);
	h->sum_us = add64(h->sum_us, (uint64_t)v);
}

void hist_merge(struct hist *to, const struct hist *more)
{
	if (more->count == 0)
		return;
	widen(to, more->min_us, more->max_us);
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		to->of[i] = add32(to->of[i], more->of[i]);
	to->count = add64(to->count, more->count);
	to->sum_us = add64(to->sum_us, more->sum_us);
}

int64_t hist_at(const struct hist *h, uint32_t per_10000)
{
	uint64_t total = 0, seen = 0;
	for (size_t i = 0; i < HIST_BUCKETS; i++)
		total += h->of[i];
	if (total == 0)
		return -1;
	uint64_t share = per_10000 < 10000 ? per_10000 : 10000;
	uint64_t rank = (total * share + 9999) / 10000; /* total < 2^40: no overflow */
	int64_t at = h->max_us;
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		seen += h->of[i];
		if (seen >= rank && h->of[i] > 0) {
			at = scaled(middles, i);
			break;
		}
	}
	if (at < h->min_us)
		return h->min_us;
	return at > h->max_us ? h->max_us : at;
}

int64_t hist_mean_us(const struct hist *h)
{
	return h->count == 0 ? -1 : (int64_t)(h->sum_us / h->count);
}

void hist_encode(const struct hist *h, struct buf *out)
{
	uint32_t gap = 0;
	buf_add_u8(out, HIST_VERSION);
	buf_add_varint(out, h->count);
	buf_add_varint(out, h->sum_us);
	buf_add_varint(out, (uint64_t)h->min_us);
	buf_add_varint(out, (uint64_t)h->max_us);
	/* (buckets skipped, count) pairs of what is not empty, to the end of input */
	for (uint32_t i = 0; i < HIST_BUCKETS; i++) {
		if (h->of[i] == 0) {
			gap++;
			continue;
		}
		buf_add_varint(out, gap);
		buf_add_varint(out, h->of[i]);
		gap = 0;
	}
}

static np_err decode_head(struct cur *c, struct hist *h)
{
	uint64_t v[4] = { 0 };
	for (size_t i = 0; i < NP_LEN(v); i++) {
		np_err e = cur_varint(c, &v[i]);
		if (e < 0)
			return e;
	}
	if (v[2] > v[3] || v[3] > INT64_MAX)
		return NP_E_CORRUPT;
	h->count = v[0];
	h->sum_us = v[1];
	h->min_us = (int64_t)v[2];
	h->max_us = (int64_t)v[3];
	return NP_OK;
}

static np_err decode_buckets(struct cur *c, struct hist *h)
{
	uint64_t at = 0, total = 0;
	while (c->rest.n > 0) {
		uint64_t gap = 0, n = 0;
		np_err e = cur_varint(c, &gap);
		if (e == NP_OK)
			e = cur_varint(c, &n);
		if (e < 0)
			return e;
		if (gap >= HIST_BUCKETS || at + gap >= HIST_BUCKETS || n == 0 || n > UINT32_MAX)
			return NP_E_CORRUPT;
		at += gap;
		h->of[at++] = (uint32_t)n;
		total += n;
	}
	return total <= h->count ? NP_OK : NP_E_CORRUPT; /* less when buckets saturated */
}

np_err hist_decode(np_str bytes, struct hist *ret)
{
	struct cur c = { .rest = bytes };
	struct hist h = { 0 };
	uint8_t version = 0;
	np_err e = cur_u8(&c, &version);
	if (e < 0)
		return e;
	if (version != HIST_VERSION)
		return NP_E_VERSION;
	e = decode_head(&c, &h);
	if (e == NP_OK)
		e = decode_buckets(&c, &h);
	if (e == NP_OK)
		*ret = h;
	return e;
}
