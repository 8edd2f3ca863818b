/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

np_str str_from_c(const char *s)
{
	return s ? (np_str){ s, strlen(s) } : (np_str){ NULL, 0 };
}

bool str_eq(np_str a, np_str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool str_eq_c(np_str a, const char *b)
{
	return str_eq(a, str_from_c(b));
}

static unsigned char lower(char c)
{
	unsigned char u = (unsigned char)c;
	return u >= 'A' && u <= 'Z' ? (unsigned char)(u + ('a' - 'A')) : u;
}

bool str_eq_nocase(np_str a, np_str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (lower(a.p[i]) != lower(b.p[i]))
			return false;
	return true;
}

bool str_starts(np_str s, np_str prefix)
{
	return s.n >= prefix.n && str_eq(str_sub(s, 0, prefix.n), prefix);
}

bool str_ends(np_str s, np_str suffix)
{
	return s.n >= suffix.n && str_eq(str_sub(s, s.n - suffix.n, s.n), suffix);
}

int str_cmp(np_str a, np_str b)
{
	size_t shorter = a.n < b.n ? a.n : b.n;
	int order = shorter > 0 ? memcmp(a.p, b.p, shorter) : 0;
	if (order != 0)
		return order;
	return (a.n > b.n) - (a.n < b.n);
}

size_t str_find(np_str haystack, np_str needle)
{
	if (needle.n == 0)
		return 0;
	if (haystack.n < needle.n)
		return SIZE_MAX;
	const char *at = memmem(haystack.p, haystack.n, needle.p, needle.n);
	return at ? (size_t)(at - haystack.p) : SIZE_MAX;
}

size_t str_find_byte(np_str s, char c)
{
	const char *at = s.n > 0 ? memchr(s.p, c, s.n) : NULL;
	return at ? (size_t)(at - s.p) : SIZE_MAX;
}

np_str str_sub(np_str s, size_t from, size_t to)
{
	if (to > s.n)
		to = s.n;
	if (from >= to)
		return (np_str){ NULL, 0 };
	return (np_str){ s.p + from, to - from };
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

np_str str_trim(np_str s)
{
	size_t from = 0;
	size_t to = s.n;
	while (from < to && is_space(s.p[from]))
		from++;
	while (to > from && is_space(s.p[to - 1]))
		to--;
	return str_sub(s, from, to);
}

bool str_cut(np_str s, char sep, np_str *ret_head, np_str *ret_tail)
{
	size_t at = str_find_byte(s, sep);
	if (at == SIZE_MAX) {
		*ret_head = s;
		*ret_tail = (np_str){ NULL, 0 };
		return false;
	}
	*ret_head = str_sub(s, 0, at);
	*ret_tail = str_sub(s, at + 1, s.n);
	return true;
}

/* ---- numbers ---------------------------------------------------------------- */

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many digits stand at the head of s from `from` on. */
static size_t digits_at(np_str s, size_t from)
{
	size_t n = 0;
	while (from + n < s.n && is_digit(s.p[from + n]))
		n++;
	return n;
}

np_err str_to_u64(np_str s, uint64_t *ret)
{
	if (s.n == 0 || digits_at(s, 0) != s.n)
		return NP_E_INVAL;
	uint64_t v = 0;
	for (size_t i = 0; i < s.n; i++) {
		uint64_t digit = (uint64_t)(s.p[i] - '0');
		if (__builtin_mul_overflow(v, UINT64_C(10), &v) ||
		    __builtin_add_overflow(v, digit, &v))
			return NP_E_RANGE;
	}
	*ret = v;
	return NP_OK;
}

np_err str_to_i64(np_str s, int64_t *ret)
{
	bool minus = s.n > 0 && s.p[0] == '-';
	uint64_t v = 0;
	np_err e = str_to_u64(minus ? str_sub(s, 1, s.n) : s, &v);
	if (e < 0)
		return e;
	if (v > (uint64_t)INT64_MAX + (minus ? 1 : 0))
		return NP_E_RANGE;
	*ret = minus ? (int64_t)(0 - v) : (int64_t)v;
	return NP_OK;
}

/* -?digits[.digits][e[+-]digits], and nothing of what strtod takes besides. */
static bool is_decimal(np_str s)
{
	size_t at = s.n > 0 && s.p[0] == '-' ? 1 : 0;
	size_t n = digits_at(s, at);
	if (n == 0)
		return false;
	at += n;
	if (at < s.n && s.p[at] == '.') {
		n = digits_at(s, ++at);
		if (n == 0)
			return false;
		at += n;
	}
	if (at < s.n && (s.p[at] == 'e' || s.p[at] == 'E')) {
		at++;
		if (at < s.n && (s.p[at] == '+' || s.p[at] == '-'))
			at++;
		n = digits_at(s, at);
		if (n == 0)
			return false;
		at += n;
	}
	return at == s.n;
}

np_err str_to_double(np_str s, double *ret)
{
	char text[128]; /* strtod wants a terminated string; nobody needs more digits */
	if (!is_decimal(s))
		return NP_E_INVAL;
	if (s.n >= sizeof text)
		return NP_E_RANGE;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	double v = strtod(text, NULL);
	if (isinf(v))
		return NP_E_RANGE;
	*ret = v;
	return NP_OK;
}

static const struct {
	const char *name;
	int64_t ms;
} units[] = {
	{ "d", NP_MIN_MS * 60 * 24 },
	{ "h", NP_MIN_MS * 60 },
	{ "m", NP_MIN_MS },
	{ "s", NP_SEC_MS },
	{ "ms", 1 },
};

/* Index of the unit that s is, or NP_LEN(units). */
static size_t unit_of(np_str s)
{
	size_t i = 0;
	while (i < NP_LEN(units) && !str_eq_c(s, units[i].name))
		i++;
	return i;
}

np_err str_to_ms(np_str s, int64_t *ret_ms)
{
	int64_t sum = 0;
	size_t next_unit = 0; /* "1h30m": each unit once, the larger first */
	if (s.n == 0)
		return NP_E_INVAL;
	while (s.n > 0) {
		size_t digits = digits_at(s, 0);
		size_t unit_end = digits;
		while (unit_end < s.n && !is_digit(s.p[unit_end]))
			unit_end++;
		size_t unit = unit_of(str_sub(s, digits, unit_end));
		if (digits == 0 || unit < next_unit || unit >= NP_LEN(units))
			return NP_E_INVAL;
		int64_t part = 0;
		np_err e = str_to_i64(str_sub(s, 0, digits), &part);
		if (e < 0)
			return e;
		if (__builtin_mul_overflow(part, units[unit].ms, &part) ||
		    __builtin_add_overflow(sum, part, &sum))
			return NP_E_RANGE;
		next_unit = unit + 1;
		s = str_sub(s, unit_end, s.n);
	}
	*ret_ms = sum;
	return NP_OK;
}

/* ---- UTF-8 -------------------------------------------------------------------- */

size_t str_utf8_next(np_str s, uint32_t *ret_code)
{
	if (s.n == 0)
		return 0;
	unsigned char first = (unsigned char)s.p[0];
	if (first < 0x80) {
		*ret_code = first;
		return 1;
	}
	static const struct {
		unsigned char mask, lead;
		uint32_t least; /* smaller codes have a shorter form */
	} forms[] = { { 0xe0, 0xc0, 0x80 }, { 0xf0, 0xe0, 0x800 }, { 0xf8, 0xf0, 0x10000 } };
	for (size_t i = 0; i < NP_LEN(forms); i++) {
		size_t n = i + 2;
		if ((first & forms[i].mask) != forms[i].lead)
			continue;
		if (s.n < n)
			return 0;
		uint32_t code = first & (unsigned char)~forms[i].mask;
		for (size_t k = 1; k < n; k++) {
			unsigned char c = (unsigned char)s.p[k];
			if ((c & 0xc0) != 0x80)
				return 0;
			code = code << 6 | (c & 0x3f);
		}
		if (code < forms[i].least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
			return 0;
		*ret_code = code;
		return n;
	}
	return 0;
}

bool str_is_utf8(np_str s)
{
	while (s.n > 0) {
		uint32_t code = 0;
		size_t n = str_utf8_next(s, &code);
		if (n == 0 || code == 0)
			return false;
		s = str_sub(s, n, s.n);
	}
	return true;
}

np_str str_clip_utf8(np_str s, size_t max)
{
	if (s.n <= max)
		return s;
	size_t cut = max;
	for (int back = 0; back < 3 && cut > 0 && ((unsigned char)s.p[cut] & 0xc0) == 0x80; back++)
		cut--;
	return str_sub(s, 0, cut);
}

/* ---- hexadecimal, base64url, UUID ------------------------------------------------- */

void str_hex(const uint8_t *bytes, size_t n, char *ret)
{
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < n; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
}

static int hex_value(char c)
{
	unsigned char u = lower(c);
	if (u >= '0' && u <= '9')
		return u - '0';
	return u >= 'a' && u <= 'f' ? u - 'a' + 10 : -1;
}

np_err str_unhex(np_str hex, uint8_t *ret, size_t ret_size)
{
	if (hex.n != 2 * ret_size)
		return NP_E_INVAL;
	for (size_t i = 0; i < hex.n; i++)
		if (hex_value(hex.p[i]) < 0)
			return NP_E_INVAL;
	for (size_t i = 0; i < ret_size; i++) {
		unsigned int high = (unsigned int)hex_value(hex.p[2 * i]);
		unsigned int low = (unsigned int)hex_value(hex.p[2 * i + 1]);
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return NP_OK;
}

size_t str_b64url(const uint8_t *bytes, size_t n, char *ret)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	size_t out = 0;
	uint32_t bits = 0;
	unsigned int held = 0;
	for (size_t i = 0; i < n; i++) {
		bits = (bits << 8 | bytes[i]) & 0xffff;
		for (held += 8; held >= 6; held -= 6)
			ret[out++] = digits[bits >> (held - 6) & 63];
	}
	if (held > 0)
		ret[out++] = digits[bits << (6 - held) & 63];
	return out;
}

static int b64url_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (is_digit(c))
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

np_err str_unb64url(np_str text, uint8_t *ret, size_t ret_size, size_t *ret_n)
{
	static const int unused_bits[] = { 0, 0, 15, 3 }; /* by length modulo 4; must be zero */
	size_t tail = text.n % 4;
	size_t n = text.n / 4 * 3 + (tail > 0 ? tail - 1 : 0);
	for (size_t i = 0; i < text.n; i++)
		if (b64url_value(text.p[i]) < 0)
			return NP_E_INVAL;
	if (tail == 1 || (text.n > 0 && (b64url_value(text.p[text.n - 1]) & unused_bits[tail])))
		return NP_E_INVAL;
	if (n > ret_size)
		return NP_E_LIMIT;
	uint32_t bits = 0;
	unsigned int held = 0;
	size_t out = 0;
	for (size_t i = 0; i < text.n; i++) {
		bits = (bits << 6 | (uint32_t)b64url_value(text.p[i])) & 0xffff;
		held += 6;
		if (held >= 8) {
			held -= 8;
			ret[out++] = (uint8_t)(bits >> held);
		}
	}
	assert(out == n);
	*ret_n = n;
	return NP_OK;
}

void str_uuid(const uint8_t id[16], char ret[36])
{
	size_t out = 0;
	for (size_t i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			ret[out++] = '-';
		str_hex(id + i, 1, ret + out);
		out += 2;
	}
}

np_err str_to_uuid(np_str s, uint8_t ret_id[16])
{
	char hex[32];
	size_t n = 0;
	if (s.n != 36)
		return NP_E_INVAL;
	for (size_t i = 0; i < s.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		if (dash != (s.p[i] == '-'))
			return NP_E_INVAL;
		if (!dash)
			hex[n++] = s.p[i];
	}
	return str_unhex((np_str){ hex, n }, ret_id, 16);
}
