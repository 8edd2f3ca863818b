/* SPDX-License-Identifier: Apache-2.0 */
/* Zones by hand: what the clocks do. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/zonefile.h"
#include "core/civil.h"
#include "core/zone.h"

static struct zone *zone(const char *name)
{
	struct buf b;
	struct zone *z = NULL;
	buf_init(&b, ZONE_BYTES_MAX);
	assert_int_equal(zonefile_read(str_from_c(name), &b), NP_OK);
	assert_int_equal(zone_parse(buf_str(&b), &z), NP_OK);
	buf_done(&b);
	return z;
}

static int64_t utc(const char *text)
{
	int64_t us = 0;
	assert_int_equal(clock_from_rfc3339(str_from_c(text), &us), NP_OK);
	return us;
}

static int64_t local(const char *text)
{
	int64_t s = 0;
	assert_int_equal(civil_parse(str_from_c(text), &s, NULL), NP_OK);
	return s;
}

static const char *shown(int64_t us, char ret[CLOCK_RFC3339_MAX])
{
	clock_rfc3339(us, ret);
	return ret;
}

static void zone_shows_the_offset_of_a_moment(void **state)
{
	static const struct {
		const char *zone, *at;
		int32_t offset_min;
		bool dst;
		const char *abbr;
	} rows[] = {
		{ "Europe/Berlin", "2026-01-15T12:00:00Z", 60, false, "CET" },
		{ "Europe/Berlin", "2026-03-29T00:59:59Z", 60, false, "CET" },
		{ "Europe/Berlin", "2026-03-29T01:00:00Z", 120, true, "CEST" },
		{ "Europe/Berlin", "2026-10-25T00:59:59Z", 120, true, "CEST" },
		{ "Europe/Berlin", "2026-10-25T01:00:00Z", 60, false, "CET" },
		{ "Europe/Berlin", "2150-07-01T00:00:00Z", 120, true, "CEST" },
		{ "Europe/Berlin", "2150-12-31T23:59:59Z", 60, false, "CET" },
		{ "America/New_York", "2026-03-08T06:59:59Z", -300, false, "EST" },
		{ "America/New_York", "2026-03-08T07:00:00Z", -240, true, "EDT" },
		{ "America/New_York", "2090-11-05T05:59:59Z", -240, true, "EDT" },
		{ "Australia/Lord_Howe", "2026-04-04T14:59:59Z", 660, true, "+11" },
		{ "Australia/Lord_Howe", "2026-04-04T15:00:00Z", 630, false, "+1030" },
		{ "Australia/Lord_Howe", "2060-01-01T00:00:00Z", 660, true, "+11" },
		{ "Africa/Casablanca", "2026-02-15T01:59:59Z", 60, false, "+01" },
		{ "Africa/Casablanca", "2026-02-15T02:00:00Z", 0, true, "+00" },
		{ "Africa/Casablanca", "2026-03-22T02:00:00Z", 60, false, "+01" },
		{ "Asia/Kolkata", "2026-03-22T02:00:00Z", 330, false, "IST" },
		{ "America/Nuuk", "2030-07-01T00:00:00Z", -60, true, "-01" },
		{ "Europe/Dublin", "2045-07-01T00:00:00Z", 60, false, "IST" },
		{ "UTC", "2026-03-22T02:00:00Z", 0, false, "UTC" },
		{ "Europe/Berlin", "1890-01-01T00:00:00Z", 53, false, "LMT" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct zone *z = zone(rows[i].zone);
		int64_t at = civil_floor(utc(rows[i].at), NP_SEC_US);
		struct zone_span s = zone_span(z, at);
		assert_int_equal(s.offset_s / 60, rows[i].offset_min);
		assert_string_equal(s.abbr, rows[i].abbr);
		assert_true(s.from_s <= at && at < s.to_s);
		if (strcmp(rows[i].zone, "Europe/Dublin") != 0 &&
		    strcmp(rows[i].zone, "Africa/Casablanca") != 0)
			assert_int_equal(s.dst, rows[i].dst);
		zone_free(z);
	}
}

static void zone_finds_the_instants_of_a_local_time(void **state)
{
	static const struct {
		const char *zone, *local;
		enum zone_kind kind;
		const char *at, *other;
	} rows[] = {
		{ "Europe/Berlin", "2026-03-29T01:59:59", ZONE_ONCE, "2026-03-29T00:59:59Z",
		  "2026-03-29T00:59:59Z" },
		{ "Europe/Berlin", "2026-03-29T02:00:00", ZONE_GAP, "2026-03-29T01:00:00Z",
		  "2026-03-29T01:00:00Z" },
		{ "Europe/Berlin", "2026-03-29T02:30:00", ZONE_GAP, "2026-03-29T01:30:00Z",
		  "2026-03-29T01:00:00Z" },
		{ "Europe/Berlin", "2026-03-29T03:00:00", ZONE_ONCE, "2026-03-29T01:00:00Z",
		  "2026-03-29T01:00:00Z" },
		{ "Europe/Berlin", "2026-10-25T01:59:59", ZONE_ONCE, "2026-10-24T23:59:59Z",
		  "2026-10-24T23:59:59Z" },
		{ "Europe/Berlin", "2026-10-25T02:30:00", ZONE_FOLD, "2026-10-25T00:30:00Z",
		  "2026-10-25T01:30:00Z" },
		{ "Europe/Berlin", "2026-10-25T03:00:00", ZONE_ONCE, "2026-10-25T02:00:00Z",
		  "2026-10-25T02:00:00Z" },
		{ "Europe/Berlin", "2099-03-29T02:30:00", ZONE_GAP, "2099-03-29T01:30:00Z",
		  "2099-03-29T01:00:00Z" },
		{ "America/New_York", "2026-11-01T01:30:00", ZONE_FOLD, "2026-11-01T05:30:00Z",
		  "2026-11-01T06:30:00Z" },
		{ "Australia/Lord_Howe", "2026-04-05T01:45:00", ZONE_FOLD, "2026-04-04T14:45:00Z",
		  "2026-04-04T15:15:00Z" },
		{ "Australia/Lord_Howe", "2026-10-04T02:15:00", ZONE_GAP, "2026-10-03T15:45:00Z",
		  "2026-10-03T15:30:00Z" },
		{ "Africa/Casablanca", "2026-03-22T02:30:00", ZONE_GAP, "2026-03-22T02:30:00Z",
		  "2026-03-22T02:00:00Z" },
		/* A whole day that never was. */
		{ "Pacific/Apia", "2011-12-30T10:00:00", ZONE_GAP, "2011-12-30T20:00:00Z",
		  "2011-12-30T10:00:00Z" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct zone *z = zone(rows[i].zone);
		struct zone_instant at = zone_instant(z, local(rows[i].local));
		char a[CLOCK_RFC3339_MAX], b[CLOCK_RFC3339_MAX];
		assert_int_equal(at.kind, rows[i].kind);
		assert_string_equal(shown(at.at_s * NP_SEC_US, a), rows[i].at);
		assert_string_equal(shown(at.other_s * NP_SEC_US, b), rows[i].other);
		zone_free(z);
	}
}

static void zone_names_stay_in_their_folder(void **state)
{
	static const char *const good[] = { "UTC", "Europe/Berlin", "Etc/GMT+3",
					    "America/Argentina/Ushuaia", "EST5EDT" };
	static const char *const bad[] = {
		"",
		"utc",
		"posix/UTC",
		"right/UTC",
		"localtime",
		"../etc/passwd",
		"Europe/../../etc/passwd",
		"/etc/passwd",
		"Europe//Berlin",
		"Europe/",
		"Europe/Berlin.bak",
		"Eu rope",
		"A\nB",
		"zone.tab",
		"Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(good); i++)
		assert_true(zonefile_name_ok(str_from_c(good[i])));
	for (size_t i = 0; i < NP_LEN(bad); i++)
		assert_false(zonefile_name_ok(str_from_c(bad[i])));
	struct buf b;
	buf_init(&b, ZONE_BYTES_MAX);
	assert_int_equal(zonefile_read(NP_STR("Europe"), &b), NP_E_NOTFOUND);
	assert_int_equal(zonefile_read(NP_STR("Europe/Atlantis"), &b), NP_E_NOTFOUND);
	assert_int_equal(zonefile_read(NP_STR("../UTC"), &b), NP_E_INVAL);
	buf_done(&b);
}

static void zone_refuses_what_is_damaged(void **state)
{
	struct buf b;
	struct zone *z = NULL;
	(void)state;
	buf_init(&b, ZONE_BYTES_MAX);
	assert_int_equal(zonefile_read(NP_STR("Europe/Berlin"), &b), NP_OK);
	for (size_t n = 0; n < b.n; n++)
		assert_int_equal(zone_parse(str_sub(buf_str(&b), 0, n), &z), NP_E_CORRUPT);
	for (uint64_t n = 1; n <= 5; n++) {
		np_oom_at(n);
		assert_int_equal(zone_parse(buf_str(&b), &z), NP_E_NOMEM);
	}
	np_oom_at(0);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(zone_shows_the_offset_of_a_moment),
		cmocka_unit_test(zone_finds_the_instants_of_a_local_time),
		cmocka_unit_test(zone_names_stay_in_their_folder),
		cmocka_unit_test(zone_refuses_what_is_damaged),
	};
	return cmocka_run_group_tests_name("core.zone", tests, NULL, NULL);
}
