/* SPDX-License-Identifier: Apache-2.0 */
#include "core/zone.h"

#include "base/buf.h"
#include "base/str.h"
#include "core/civil.h"
#include "core/zone_rule.h"

#define HEADER_N 44
#define TYPE_N 6
#define TYPES_MAX 256
#define TIMES_MAX 8192
#define CHARS_MAX 1024
#define FOOTER_MAX 128
#define OFFSET_MAX (26 * 3600) /* RFC 8536: -25:59:59 to 26:00:00 may stand there */

struct type {
	int32_t offset_s;
	uint8_t dst, abbr;
};

struct zone {
	struct zone_rule rule;
	bool has_rule;
	size_t times_n, types_n, chars_n;
	int64_t *time;  /* ascending */
	uint8_t *index; /* of the type that begins there */
	struct type *type;
	char *chars;
};

void zone_free(struct zone *z)
{
	if (z == NULL)
		return;
	free(z->time);
	free(z->index);
	free(z->type);
	free(z->chars);
	free(z);
}

void zone_free_p(struct zone **z)
{
	zone_free(*z);
	*z = NULL;
}

/* ---- reading ---- */

struct head {
	char version;
	size_t utc_n, std_n, leaps_n, times_n, types_n, chars_n;
};

static uint64_t big_endian(const char *p, size_t n)
{
	uint64_t v = 0;
	for (size_t i = 0; i < n; i++)
		v = v << 8 | (uint8_t)p[i];
	return v;
}

static np_err read_head(struct cur *c, struct head *ret)
{
	np_str h;
	if (cur_bytes(c, HEADER_N, &h) < 0 || !str_starts(h, NP_STR("TZif")))
		return NP_E_CORRUPT;
	ret->version = h.p[4];
	size_t *const field[] = { &ret->utc_n,   &ret->std_n,   &ret->leaps_n,
				  &ret->times_n, &ret->types_n, &ret->chars_n };
	for (size_t i = 0; i < NP_LEN(field); i++)
		*field[i] = (size_t)big_endian(h.p + 20 + 4 * i, 4);
	bool fits = ret->types_n >= 1 && ret->types_n <= TYPES_MAX && ret->times_n <= TIMES_MAX &&
		    ret->chars_n >= 1 && ret->chars_n <= CHARS_MAX && ret->leaps_n <= TIMES_MAX &&
		    ret->utc_n <= TYPES_MAX && ret->std_n <= TYPES_MAX;
	return fits ? NP_OK : NP_E_CORRUPT;
}

static size_t block_size(const struct head *h, size_t time_n)
{
	return h->times_n * (time_n + 1) + h->types_n * TYPE_N + h->chars_n +
	       h->leaps_n * (time_n + 4) + h->std_n + h->utc_n;
}

static np_err read_times(struct zone *z, np_str times, np_str indices, size_t time_n)
{
	for (size_t i = 0; i < z->times_n; i++) {
		uint64_t raw = big_endian(times.p + i * time_n, time_n);
		z->time[i] = time_n == 4 ? (int64_t)(int32_t)(uint32_t)raw : (int64_t)raw;
		z->index[i] = (uint8_t)indices.p[i];
		if (z->index[i] >= z->types_n || (i > 0 && z->time[i] <= z->time[i - 1]))
			return NP_E_CORRUPT;
	}
	return NP_OK;
}

static np_err read_types(struct zone *z, np_str types)
{
	for (size_t i = 0; i < z->types_n; i++) {
		const char *p = types.p + i * TYPE_N;
		struct type t = { (int32_t)(uint32_t)big_endian(p, 4), (uint8_t)p[4],
				  (uint8_t)p[5] };
		if (t.offset_s <= -OFFSET_MAX || t.offset_s > OFFSET_MAX || t.dst > 1 ||
		    t.abbr >= z->chars_n)
			return NP_E_CORRUPT;
		z->type[i] = t;
	}
	return NP_OK;
}

static np_err make_room(struct zone *z, const struct head *h)
{
	z->times_n = h->times_n;
	z->types_n = h->types_n;
	z->chars_n = h->chars_n;
	z->time = np_calloc(h->times_n + 1, sizeof *z->time);
	z->index = np_calloc(h->times_n + 1, sizeof *z->index);
	z->type = np_calloc(h->types_n, sizeof *z->type);
	z->chars = np_calloc(h->chars_n + 1, 1); /* a NUL after the last */
	return z->time && z->index && z->type && z->chars ? NP_OK : NP_E_NOMEM;
}

static np_err read_block(struct zone *z, struct cur *c, const struct head *h, size_t time_n)
{
	np_str block, rest;
	if (h->leaps_n > 0)
		return NP_E_VERSION;
	if (cur_bytes(c, block_size(h, time_n), &block) < 0)
		return NP_E_CORRUPT;
	np_err e = make_room(z, h);
	if (e < 0)
		return e;
	np_str times = str_sub(block, 0, h->times_n * time_n);
	rest = str_sub(block, times.n, block.n);
	np_str indices = str_sub(rest, 0, h->times_n);
	rest = str_sub(rest, indices.n, rest.n);
	np_str types = str_sub(rest, 0, h->types_n * TYPE_N);
	rest = str_sub(rest, types.n, rest.n);
	memcpy(z->chars, rest.p, h->chars_n);
	e = read_times(z, times, indices, time_n);
	return e < 0 ? e : read_types(z, types);
}

/* "\nRULE\n"; an empty rule says nothing about what comes after the last entry. */
static np_err read_footer(struct zone *z, np_str s)
{
	np_str first, rule, rest;
	if (!str_cut(s, '\n', &first, &rest) || first.n > 0 || !str_cut(rest, '\n', &rule, &rest) ||
	    rule.n > FOOTER_MAX)
		return NP_E_CORRUPT;
	if (rule.n == 0)
		return NP_OK;
	z->has_rule = true;
	return zone_rule_parse(rule, &z->rule);
}

static np_err read_file(struct zone *z, np_str tzif)
{
	struct cur c = { tzif };
	struct head h;
	np_str skipped;
	np_err e = read_head(&c, &h);
	if (e < 0)
		return e;
	if (h.version == '\0')
		return read_block(z, &c, &h, 4);
	if (h.version < '2' || h.version > '4')
		return NP_E_CORRUPT;
	/* The first block is for readers that know no 64 bits. */
	if (cur_bytes(&c, block_size(&h, 4), &skipped) < 0)
		return NP_E_CORRUPT;
	e = read_head(&c, &h);
	if (e == NP_OK)
		e = read_block(z, &c, &h, 8);
	return e < 0 ? e : read_footer(z, c.rest);
}

np_err zone_parse(np_str tzif, struct zone **ret)
{
	if (tzif.n > ZONE_BYTES_MAX)
		return NP_E_CORRUPT;
	NP_CLEANUP(zone_free_p) struct zone *z = np_zalloc(sizeof *z);
	if (z == NULL)
		return NP_E_NOMEM;
	np_err e = read_file(z, tzif);
	if (e == NP_OK)
		*ret = np_take(z);
	return e;
}

/* ---- using ---- */

static int64_t clamp(int64_t v)
{
	if (v < CIVIL_MIN_S + 4 * CIVIL_DAY_S)
		return CIVIL_MIN_S + 4 * CIVIL_DAY_S;
	return v > CIVIL_MAX_S - 4 * CIVIL_DAY_S ? CIVIL_MAX_S - 4 * CIVIL_DAY_S : v;
}

/* How many entries are at or before at_s? */
static size_t passed(const struct zone *z, int64_t at_s)
{
	size_t low = 0, high = z->times_n;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (z->time[mid] <= at_s)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct zone_span of_type(const struct zone *z, size_t type)
{
	const struct type *t = &z->type[type];
	struct zone_span s = { .offset_s = t->offset_s, .dst = t->dst != 0 };
	(void)snprintf(s.abbr, sizeof s.abbr, "%s", z->chars + t->abbr);
	return s;
}

struct zone_span zone_span(const struct zone *z, int64_t at_s)
{
	int64_t at = clamp(at_s);
	size_t n = passed(z, at);
	struct zone_span s;
	if (z->has_rule && n == z->times_n) {
		s = zone_rule_span(&z->rule, at);
		if (n > 0 && s.from_s < z->time[n - 1])
			s.from_s = z->time[n - 1];
		return s;
	}
	/* Before the first entry type 0 holds. */
	s = of_type(z, n > 0 ? z->index[n - 1] : 0);
	s.from_s = n > 0 ? z->time[n - 1] : INT64_MIN;
	s.to_s = n < z->times_n ? z->time[n] : INT64_MAX;
	return s;
}

static int32_t zone_offset(const struct zone *z, int64_t at_s)
{
	return zone_span(z, at_s).offset_s;
}

int64_t zone_local(const struct zone *z, int64_t at_s)
{
	return clamp(at_s) + zone_offset(z, at_s);
}

struct zone_instant zone_instant(const struct zone *z, int64_t local_s)
{
	struct zone_instant ret = { .kind = ZONE_ONCE };
	int64_t local = clamp(local_s);
	size_t found = 0;
	/* All stretches that could show this local time, whatever their offset is. */
	struct zone_span s = zone_span(z, local - OFFSET_MAX);
	int64_t gap_at = local - s.offset_s;
	for (size_t i = 0; i < TIMES_MAX; i++) {
		int64_t at = local - s.offset_s;
		if (at >= s.from_s && at < s.to_s) {
			if (found == 0)
				ret.at_s = at;
			ret.other_s = at;
			found++;
		}
		if (s.to_s > local + OFFSET_MAX)
			break;
		struct zone_span next = zone_span(z, s.to_s);
		if (found == 0 && at >= s.to_s && local - next.offset_s < s.to_s) {
			gap_at = at;
			ret.other_s = s.to_s;
		}
		s = next;
	}
	if (found == 0) {
		ret.kind = ZONE_GAP;
		ret.at_s = gap_at;
	} else if (ret.other_s != ret.at_s) {
		ret.kind = ZONE_FOLD;
	}
	return ret;
}
