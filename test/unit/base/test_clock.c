/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/crypt.h"

static void writes_rfc3339(void **state)
{
	(void)state;
	static const struct {
		int64_t us;
		const char *text;
	} rows[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ -1, "1969-12-31T23:59:59.999999Z" },
		{ 951782400 * NP_SEC_US, "2000-02-29T00:00:00Z" },
		{ 1772366400123456, "2026-03-01T12:00:00.123456Z" },
		{ 1772366400000001, "2026-03-01T12:00:00.000001Z" },
		{ 253402300799 * NP_SEC_US, "9999-12-31T23:59:59Z" },
		{ INT64_MAX, "9999-12-31T23:59:59.999999Z" },
		{ INT64_MIN, "0000-01-01T00:00:00Z" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		char text[CLOCK_RFC3339_MAX];
		assert_int_equal(clock_rfc3339(rows[i].us, text), strlen(rows[i].text));
		assert_string_equal(text, rows[i].text);
	}
}

static void reads_rfc3339(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		int64_t us;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01t00:00:00z", 0 },
		{ "1970-01-01T02:00:00+02:00", 0 },
		{ "1969-12-31T19:30:00-04:30", 0 },
		{ "1970-01-01T00:00:00.5Z", 500000 },
		{ "1970-01-01T00:00:00.123456789Z", 123456 },
		{ "2000-02-29T00:00:00Z", 951782400 * NP_SEC_US },
	};
	for (size_t i = 0; i < NP_LEN(good); i++) {
		int64_t us = -7;
		assert_ok(clock_from_rfc3339(str_from_c(good[i].text), &us));
		assert_true(us == good[i].us);
	}
	static const char *const bad[] = {
		"",
		"2026-03-01",
		"2026-03-01T12:00:00",
		"2026-3-01T12:00:00Z",
		"2026-02-29T12:00:00Z",
		"1900-02-29T00:00:00Z",
		"2026-13-01T12:00:00Z",
		"2026-00-01T12:00:00Z",
		"2026-03-00T12:00:00Z",
		"2026-03-01T24:00:00Z",
		"2026-03-01T12:60:00Z",
		"2026-03-01T12:00:60Z",
		"2026-03-01T12:00:00.Z",
		"2026-03-01T12:00:00+2:00",
		"2026-03-01T12:00:00+02",
		"2026-03-01T12:00:00Zx",
		"2026-03-01 12:00:00Z",
		"2026-03-01T12:00:00.1234567890Z",
		"+026-03-01T12:00:00Z",
	};
	for (size_t i = 0; i < NP_LEN(bad); i++) {
		int64_t us = -7;
		assert_err(clock_from_rfc3339(str_from_c(bad[i]), &us), NP_E_INVAL);
		assert_int_equal(us, -7);
	}
}

static void agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int i = 0; i < 5000; i++) {
		int64_t us = (int64_t)(rnd_u64() % (UINT64_C(253402300800) * 1000000));
		char text[CLOCK_RFC3339_MAX];
		char hms[9];
		char want[16];
		struct tm tm;
		time_t s = (time_t)(us / NP_SEC_US);
		assert_non_null(gmtime_r(&s, &tm));
		struct clock_date d = clock_date_of(us);
		assert_int_equal(d.year, tm.tm_year + 1900);
		assert_int_equal(d.month, tm.tm_mon + 1);
		assert_int_equal(d.day, tm.tm_mday);
		clock_hms(us, hms);
		assert_true(strftime(want, sizeof want, "%H:%M:%S", &tm) > 0);
		assert_string_equal(hms, want);
		int64_t back = 0;
		size_t n = clock_rfc3339(us, text);
		assert_ok(clock_from_rfc3339((np_str){ text, n }, &back));
		assert_true(back == us);
	}
}

static void days_begin_at_midnight_utc(void **state)
{
	(void)state;
	assert_true(clock_day_start_us(0) == 0);
	assert_true(clock_day_start_us(NP_DAY_US - 1) == 0);
	assert_true(clock_day_start_us(NP_DAY_US) == NP_DAY_US);
	assert_true(clock_day_start_us(-1) == -NP_DAY_US);
	assert_true(clock_day_start_us(-NP_DAY_US) == -NP_DAY_US);
	assert_true(clock_day_start_us(INT64_MIN) == INT64_MIN);
}

static void clocks_run_forward(void **state)
{
	(void)state;
	int64_t a = clock_mono_us();
	int64_t b = clock_mono_us();
	assert_true(b >= a && clock_mono_ms() >= a / 1000);
	assert_true(clock_wall_us() > INT64_C(1700000000000000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_rfc3339),
		cmocka_unit_test(reads_rfc3339),
		cmocka_unit_test(agrees_with_the_c_library),
		cmocka_unit_test(days_begin_at_midnight_utc),
		cmocka_unit_test(clocks_run_forward),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
