/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/crypt.h"

static void compares_bytes_and_length(void **state)
{
	(void)state;
	assert_true(str_eq(NP_STR(""), (np_str){ NULL, 0 }));
	assert_true(str_eq_c(NP_STR("ab"), "ab"));
	assert_false(str_eq_c(NP_STR("ab"), "abc"));
	assert_true(str_eq_nocase(NP_STR("Host"), NP_STR("hOST")));
	assert_false(str_eq_nocase(NP_STR("@"), NP_STR("`"))); /* differ by the case bit only */
	assert_true(str_cmp(NP_STR("a"), NP_STR("b")) < 0);
	assert_true(str_cmp(NP_STR("a"), NP_STR("ab")) < 0);
	assert_true(str_cmp(NP_STR("\xff"), NP_STR("a")) > 0);
	assert_int_equal(str_cmp(NP_STR("x"), NP_STR("x")), 0);
	assert_true(str_starts(NP_STR("abc"), NP_STR("ab")));
	assert_true(str_starts(NP_STR("abc"), NP_STR("")));
	assert_false(str_starts(NP_STR("a"), NP_STR("ab")));
	assert_true(str_ends(NP_STR("abc"), NP_STR("bc")));
	assert_false(str_ends(NP_STR("c"), NP_STR("bc")));
}

static void finds_and_cuts(void **state)
{
	(void)state;
	np_str head;
	np_str tail;
	assert_int_equal(str_find(NP_STR("hello"), NP_STR("ll")), 2);
	assert_true(str_find(NP_STR("hello"), NP_STR("x")) == SIZE_MAX);
	assert_int_equal(str_find(NP_STR("hello"), NP_STR("")), 0);
	assert_true(str_find_byte((np_str){ NULL, 0 }, 'x') == SIZE_MAX);
	assert_true(str_cut(NP_STR("a=b=c"), '=', &head, &tail));
	assert_str(head, "a");
	assert_str(tail, "b=c");
	assert_true(str_cut(NP_STR("a="), '=', &head, &tail));
	assert_str(tail, "");
	assert_false(str_cut(NP_STR("abc"), '=', &head, &tail));
	assert_str(head, "abc");
	assert_int_equal(tail.n, 0);
	assert_str(str_trim(NP_STR(" \t\r\n a b \n")), "a b");
	assert_str(str_trim(NP_STR("  ")), "");
	assert_str(str_sub(NP_STR("abc"), 1, 99), "bc");
	assert_str(str_sub(NP_STR("abc"), 2, 1), "");
}

static void reads_numbers_whole_or_not(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		np_err e;
		int64_t v;
	} rows[] = {
		{ "0", NP_OK, 0 },
		{ "-0", NP_OK, 0 },
		{ "0042", NP_OK, 42 },
		{ "9223372036854775807", NP_OK, INT64_MAX },
		{ "-9223372036854775808", NP_OK, INT64_MIN },
		{ "9223372036854775808", NP_E_RANGE, 0 },
		{ "-9223372036854775809", NP_E_RANGE, 0 },
		{ "99999999999999999999999", NP_E_RANGE, 0 },
		{ "", NP_E_INVAL, 0 },
		{ "-", NP_E_INVAL, 0 },
		{ "+1", NP_E_INVAL, 0 },
		{ "1 ", NP_E_INVAL, 0 },
		{ "0x1", NP_E_INVAL, 0 },
		{ "--1", NP_E_INVAL, 0 },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		int64_t v = 77;
		assert_err(str_to_i64(str_from_c(rows[i].text), &v), rows[i].e);
		assert_int_equal(v, rows[i].e == NP_OK ? rows[i].v : 77);
	}
	uint64_t u = 0;
	assert_ok(str_to_u64(NP_STR("18446744073709551615"), &u));
	assert_true(u == UINT64_MAX);
	assert_err(str_to_u64(NP_STR("18446744073709551616"), &u), NP_E_RANGE);
	assert_err(str_to_u64(NP_STR("-1"), &u), NP_E_INVAL);
}

static void numbers_survive_printing(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		char text[32];
		int64_t want = (int64_t)(rnd_u64() >> rnd_u64() % 64);
		int64_t got = 0;
		if (i & 1)
			want = -want;
		int n = snprintf(text, sizeof text, "%lld", (long long)want);
		assert_ok(str_to_i64((np_str){ text, (size_t)n }, &got));
		assert_true(got == want);
	}
}

static void reads_decimals_strictly(void **state)
{
	(void)state;
	static const char *const bad[] = { "",    ".",   "1.",  ".5", "1e", "e5",    "1e+",
					   "inf", "nan", "0x1", "1 ", "+1", "1.2.3", "- 1" };
	double v = 0;
	assert_ok(str_to_double(NP_STR("-12.50e1"), &v));
	assert_true(fabs(v + 125.0) < 1e-9);
	assert_ok(str_to_double(NP_STR("1E-3"), &v));
	assert_true(fabs(v - 0.001) < 1e-12);
	for (size_t i = 0; i < NP_LEN(bad); i++)
		assert_err(str_to_double(str_from_c(bad[i]), &v), NP_E_INVAL);
	assert_err(str_to_double(NP_STR("1e999"), &v), NP_E_RANGE);
	char many[300];
	memset(many, '1', sizeof many);
	assert_err(str_to_double((np_str){ many, sizeof many }, &v), NP_E_RANGE);
}

static void reads_durations(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		np_err e;
		int64_t ms;
	} rows[] = {
		{ "250ms", NP_OK, 250 },
		{ "10s", NP_OK, 10000 },
		{ "5m", NP_OK, 300000 },
		{ "2h", NP_OK, 7200000 },
		{ "1d", NP_OK, 86400000 },
		{ "1h30m", NP_OK, 5400000 },
		{ "0s", NP_OK, 0 },
		{ "", NP_E_INVAL, 0 },
		{ "10", NP_E_INVAL, 0 },
		{ "s", NP_E_INVAL, 0 },
		{ "10 s", NP_E_INVAL, 0 },
		{ "-1s", NP_E_INVAL, 0 },
		{ "1s1m", NP_E_INVAL, 0 },
		{ "1s1s", NP_E_INVAL, 0 },
		{ "1.5s", NP_E_INVAL, 0 },
		{ "5M", NP_E_INVAL, 0 },
		{ "9223372036854775807d", NP_E_RANGE, 0 },
		{ "99999999999999999999s", NP_E_RANGE, 0 },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		int64_t ms = 77;
		assert_err(str_to_ms(str_from_c(rows[i].text), &ms), rows[i].e);
		assert_int_equal(ms, rows[i].e == NP_OK ? rows[i].ms : 77);
	}
}

static void knows_utf8(void **state)
{
	(void)state;
	static const struct {
		np_str s;
		bool ok;
	} rows[] = {
		{ { "", 0 }, true },
		{ { "plain", 5 }, true },
		{ { "\xc3\xa9", 2 }, true },
		{ { "\xe2\x82\xac", 3 }, true },
		{ { "\xf0\x9f\x98\x80", 4 }, true },
		{ { "\xf4\x8f\xbf\xbf", 4 }, true },
		{ { "a\0b", 3 }, false },
		{ { "\x80", 1 }, false },
		{ { "\xc0\x80", 2 }, false },     /* overlong NUL */
		{ { "\xe0\x80\xaf", 3 }, false }, /* overlong / */
		{ { "\xf0\x80\x80\x80", 4 }, false },
		{ { "\xed\xa0\x80", 3 }, false },     /* surrogate */
		{ { "\xf4\x90\x80\x80", 4 }, false }, /* past U+10FFFF */
		{ { "\xe2\x82", 2 }, false },         /* cut */
		{ { "\xff", 1 }, false },
		{ { "\xe2\x28\xa1", 3 }, false },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++)
		assert_int_equal(str_is_utf8(rows[i].s), rows[i].ok);
}

static void clips_between_characters(void **state)
{
	(void)state;
	np_str s = NP_STR("a\xe2\x82\xac\xf0\x9f\x98\x80z");
	for (size_t max = 0; max <= s.n + 1; max++) {
		np_str cut = str_clip_utf8(s, max);
		assert_true(cut.n <= max || cut.n == s.n);
		assert_true(str_is_utf8(cut));
		assert_true(max < 3 || cut.n + 3 >= (max < s.n ? max : s.n));
	}
}

static void encodings_round_trip(void **state)
{
	(void)state;
	for (size_t n = 0; n < 70; n++) {
		uint8_t bytes[70];
		uint8_t back[70];
		char text[140];
		size_t back_n = 0;
		rnd_bytes(bytes, n);
		str_hex(bytes, n, text);
		assert_ok(str_unhex((np_str){ text, 2 * n }, back, n));
		assert_memory_equal(bytes, back, n);
		size_t len = str_b64url(bytes, n, text);
		assert_int_equal(len, (n * 4 + 2) / 3);
		assert_ok(str_unb64url((np_str){ text, len }, back, sizeof back, &back_n));
		assert_int_equal(back_n, n);
		assert_memory_equal(bytes, back, n);
		if (n > 0)
			assert_err(str_unb64url((np_str){ text, len }, back, n - 1, &back_n),
				   NP_E_LIMIT);
	}
}

static void encodings_refuse_what_is_not_theirs(void **state)
{
	(void)state;
	uint8_t out[8];
	size_t n = 0;
	assert_err(str_unhex(NP_STR("0g"), out, 1), NP_E_INVAL);
	assert_err(str_unhex(NP_STR("000"), out, 1), NP_E_INVAL);
	assert_ok(str_unhex(NP_STR("FF"), out, 1));
	assert_int_equal(out[0], 255);
	static const char *const bad[] = { "A", "AB==", "A+", "A/", "AB", "AAB", "A A" };
	for (size_t i = 0; i < NP_LEN(bad); i++)
		assert_err(str_unb64url(str_from_c(bad[i]), out, sizeof out, &n), NP_E_INVAL);
	assert_ok(str_unb64url(NP_STR("Zm8"), out, sizeof out, &n));
	assert_memory_equal(out, "fo", 2);
}

static void uuids_round_trip(void **state)
{
	(void)state;
	uint8_t id[16];
	uint8_t back[16];
	char text[36];
	rnd_uuid(id);
	str_uuid(id, text);
	assert_ok(str_to_uuid((np_str){ text, 36 }, back));
	assert_memory_equal(id, back, 16);
	assert_ok(str_to_uuid(NP_STR("00112233-4455-6677-8899-AABBCCDDEEFF"), back));
	str_uuid(back, text);
	assert_str(((np_str){ text, 36 }), "00112233-4455-6677-8899-aabbccddeeff");
	static const char *const bad[] = {
		"",
		"00112233-4455-6677-8899-aabbccddeef",
		"001122334455-6677-8899-aabbccddeeff--",
		"0011223-34455-6677-8899-aabbccddeeff",
		"0011223g-4455-6677-8899-aabbccddeeff",
		"{0112233-4455-6677-8899-aabbccddeef}",
	};
	for (size_t i = 0; i < NP_LEN(bad); i++)
		assert_err(str_to_uuid(str_from_c(bad[i]), back), NP_E_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_bytes_and_length),
		cmocka_unit_test(finds_and_cuts),
		cmocka_unit_test(reads_numbers_whole_or_not),
		cmocka_unit_test(numbers_survive_printing),
		cmocka_unit_test(reads_decimals_strictly),
		cmocka_unit_test(reads_durations),
		cmocka_unit_test(knows_utf8),
		cmocka_unit_test(clips_between_characters),
		cmocka_unit_test(encodings_round_trip),
		cmocka_unit_test(encodings_refuse_what_is_not_theirs),
		cmocka_unit_test(uuids_round_trip),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
