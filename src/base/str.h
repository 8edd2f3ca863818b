/* SPDX-License-Identifier: Apache-2.0 */
/* str.h - looking at text slices: compare, cut, parse numbers, validate.
 *
 * Floor 1 (base). Never allocates, never writes past what it is given; every
 * parser takes the whole slice or answers an error. Any thread.
 */
#pragma once
#include "base/np.h"

/* Borrow a C string (NULL is the empty slice). */
np_str str_from_c(const char *s);
bool str_eq(np_str a, np_str b);
bool str_eq_c(np_str a, const char *b);
/* ASCII case ignored, as for header names and host names. */
bool str_eq_nocase(np_str a, np_str b);
bool str_starts(np_str s, np_str prefix);
bool str_ends(np_str s, np_str suffix);
/* Bytewise order, as memcmp with length as the tie-break: <0, 0, >0. */
int str_cmp(np_str a, np_str b);
/* Offset of the first occurrence, or SIZE_MAX. */
size_t str_find(np_str haystack, np_str needle);
size_t str_find_byte(np_str s, char c);
/* Bytes [from, to), clipped to the slice. */
np_str str_sub(np_str s, size_t from, size_t to);
/* Without leading and trailing space, tab, CR, LF. */
np_str str_trim(np_str s);
/* Cut at the first `sep`: true when found; *ret_head is before, *ret_tail after.
 * Not found: head = s, tail empty, false. */
bool str_cut(np_str s, char sep, np_str *ret_head, np_str *ret_tail);

/* Whole slice as a decimal number: NP_E_INVAL, or NP_E_RANGE when it does not fit. */
NP_NODISCARD np_err str_to_u64(np_str s, uint64_t *ret);
NP_NODISCARD np_err str_to_i64(np_str s, int64_t *ret);
NP_NODISCARD np_err str_to_double(np_str s, double *ret);
/* "10s", "5m", "250ms", "2h", "1d", "1h30m" -> milliseconds. */
NP_NODISCARD np_err str_to_ms(np_str s, int64_t *ret_ms);

/* The code point at the head of s and its length in bytes; 0: end, or not UTF-8. */
size_t str_utf8_next(np_str s, uint32_t *ret_code);
/* Valid UTF-8 without NUL (RFC 3629: no surrogates, no overlong forms). */
bool str_is_utf8(np_str s);
/* Largest prefix of at most `max` bytes that does not cut a UTF-8 sequence. */
np_str str_clip_utf8(np_str s, size_t max);

/* Hexadecimal, lower case. `ret` holds 2*n bytes and is not terminated. */
void str_hex(const uint8_t *bytes, size_t n, char *ret);
NP_NODISCARD np_err str_unhex(np_str hex, uint8_t *ret, size_t ret_size);
/* base64url without padding (RFC 4648 §5). Room: (n*4+2)/3 bytes; yields the length written. */
size_t str_b64url(const uint8_t *bytes, size_t n, char *ret);
NP_NODISCARD np_err str_unb64url(np_str text, uint8_t *ret, size_t ret_size, size_t *ret_n);

/* UUID (RFC 9562) as 16 bytes <-> 36 characters (not terminated). */
void str_uuid(const uint8_t id[16], char ret[36]);
NP_NODISCARD np_err str_to_uuid(np_str s, uint8_t ret_id[16]);
