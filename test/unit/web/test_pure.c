/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <zlib.h>

#include "base/crypt.h"
#include "base/str.h"
#include "core/result.h"
#include "core/step.h"
#include "web/drill_token.h"
#include "web/files.h"
#include "web/guard.h"
#include "web/gz.h"
#include "web/input.h"
#include "web/limiter.h"
#include "web/liverow.h"
#include "web/page.h"
#include "web/prob.h"
#include "web/shown.h"
#include "web/sse.h"
#include "web/tap.h"
#include "web/who.h"

static void accepts_what_the_client_says(void **state)
{
	static const struct {
		const char *header;
		bool gzip;
	} rows[] = {
		{ "", false },          { "gzip", true },
		{ "GZIP", true },       { "br, gzip", true },
		{ "gzip;q=0", false },  { "gzip; q=0.000", false },
		{ "gzip;q=0.5", true }, { "identity", false },
		{ "xgzip", false },     { "deflate , gzip ;q=1", true },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++)
		assert_int_equal(gz_accepts(str_from_c(rows[i].header), "gzip"), rows[i].gzip);
}

static void gzip_unpacks_to_the_same(void **state)
{
	static char text[50000], back[50000];
	struct buf packed;
	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)('a' + i * i % 17);
	buf_init(&packed, 1 << 20);
	assert_ok(gz_pack((np_str){ text, sizeof text }, &packed));
	assert_true(packed.n < sizeof text / 10);
	z_stream z = { .next_in = (Bytef *)packed.p,
		       .avail_in = (uInt)packed.n,
		       .next_out = (Bytef *)back,
		       .avail_out = sizeof back };
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	inflateEnd(&z);
	assert_memory_equal(text, back, sizeof text);
	buf_done(&packed);
}

static void cursors_come_back_as_they_went(void **state)
{
	static const struct {
		int64_t num;
		const char *text;
	} rows[] = { { 0, "" },
		     { -5, "x" },
		     { INT64_MAX, "\xc3\xa9" },
		     { INT64_MIN, "a\x1f"
				  "b" } };
	struct arena *a = arena_new(1 << 16);
	struct page p;
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		np_str c = page_encode(a, rows[i].num, str_from_c(rows[i].text));
		assert_ok(page_decode(a, c, &p));
		assert_true(p.after);
		assert_int_equal(p.num, rows[i].num);
		assert_str(p.text, rows[i].text);
	}
	static const char *const bad[] = { "", "!", "AAAA", "eA", "MTIz", "____" };
	for (size_t i = 0; i < NP_LEN(bad); i++)
		assert_err(page_decode(a, str_from_c(bad[i]), &p), NP_E_INVAL);
	arena_free(a);
}

static void origin_must_be_the_host(void **state)
{
	static const struct {
		const char *origin, *host;
		bool same;
	} rows[] = {
		{ "http://a:1", "a:1", true },
		{ "https://A", "a", true },
		{ "", "a", false },
		{ "null", "null", false },
		{ "http://a", "a:80", false },
		{ "http://", "", false },
		{ "http://a.evil", "a", false },
		{ "ftp://a", "a", false },
		{ "a", "a", false },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++)
		assert_int_equal(who_origin_is(str_from_c(rows[i].origin),
					       str_from_c(rows[i].host)),
				 rows[i].same);
}

static void limits_failures_of_one_address(void **state)
{
	struct limiter *l = limiter_new();
	struct addr one, other;
	(void)state;
	assert_ok(addr_parse_ip(NP_STR("192.0.2.1"), &one));
	assert_ok(addr_parse_ip(NP_STR("192.0.2.2"), &other));
	for (int i = 0; i < LIMITER_FAILS; i++) {
		assert_int_equal(limiter_wait_s(l, &one, 1000000), 0);
		limiter_failed(l, &one, 1000000);
	}
	assert_true(limiter_wait_s(l, &one, 1000000) > 0);
	assert_int_equal(limiter_wait_s(l, &one, 1000000 + LIMITER_WINDOW_MS), 0);
	limiter_failed(l, &one, 1000000 + LIMITER_WINDOW_MS); /* counts from one again */
	assert_int_equal(limiter_wait_s(l, &one, 1000000 + LIMITER_WINDOW_MS), 0);
	limiter_free(l);
}

static void hears_only_the_owner_of_a_shard(void **state)
{
	static const struct {
		uint64_t token, live;
		enum tap_verdict want;
	} rows[] = {
		{ 3, 7, TAP_TAKE },   { 3, 8, TAP_TAKE }, { 3, 10, TAP_GAP },   { 3, 11, TAP_TAKE },
		{ 2, 12, TAP_STALE }, { 4, 1, TAP_TAKE }, { 3, 12, TAP_STALE }, { 4, 2, TAP_TAKE },
	};
	struct tap_shard s = { 0 };
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++)
		assert_int_equal(tap_stamp(&s, rows[i].token, rows[i].live), rows[i].want);
}

static void reads_event_ids(void **state)
{
	uint64_t n = 0;
	(void)state;
	assert_ok(sse_parse_id(NP_STR("ab.12"), "ab", &n));
	assert_int_equal(n, 12);
	assert_err(sse_parse_id(NP_STR("cd.12"), "ab", &n), NP_E_NOTFOUND);
	static const char *const bad[] = { "",     "ab",    "ab.",   ".1",
					   "ab.x", "ab.-1", "ab.1 ", "ab.99999999999999999999999" };
	for (size_t i = 0; i < NP_LEN(bad); i++)
		assert_true(sse_parse_id(str_from_c(bad[i]), "ab", &n) < 0);
}

static void paths_stay_inside(void **state)
{
	static const char *const good[] = { "index.html", "assets/a-1_b.js", "a/b/c.css" };
	static const char *const bad[] = { "",       "/",    "..",  "../x",  "a/../b", "a//b",
					   ".git/x", "a/.b", "a b", "a%2fb", "a\\b",   "a/" };
	(void)state;
	for (size_t i = 0; i < NP_LEN(good); i++)
		assert_true(files_path_ok(str_from_c(good[i])));
	for (size_t i = 0; i < NP_LEN(bad); i++)
		assert_false(files_path_ok(str_from_c(bad[i])));
	assert_string_equal(files_type(NP_STR("a.js")), "text/javascript; charset=utf-8");
	assert_string_equal(files_type(NP_STR("a.exe")), "application/octet-stream");
	assert_true(files_is_hashed(NP_STR("assets/x")));
	assert_false(files_is_hashed(NP_STR("index.html")));
}

static void json_is_read_strictly(void **state)
{
	static const char *const bad[] = { "",
					   "x",
					   "[]",
					   "1",
					   "null",
					   "{\"a\":1,\"a\":2}",
					   "{} {}",
					   "{\"a\":\"\\u0000\"}",
					   "{\"a\":\"\xff\"}",
					   "{\"a\":1,}",
					   "{'a':1}" };
	struct buf why;
	(void)state;
	buf_init(&why, 512);
	for (size_t i = 0; i < NP_LEN(bad); i++) {
		buf_reset(&why);
		assert_null(in_parse(str_from_c(bad[i]), &why));
		assert_true(why.n > 0);
	}
	json_t *ok = in_parse(NP_STR(" {\"a\": {\"b\": [1]}} "), &why);
	assert_non_null(ok);
	json_decref(ok);
	buf_done(&why);
	assert_true(in_is_one_of("a bc d", NP_STR("bc")));
	assert_false(in_is_one_of("a bc d", NP_STR("b")));
	assert_false(in_is_one_of("", NP_STR("")));
}

static void says_which_addresses_are_refused(void **state)
{
	static const struct {
		const char *host;
		bool mine, others; /* refused with and without private_ok */
	} rows[] = {
		{ "93.184.216.34", false, false },
		{ "example.org", false, false },
		{ "127.0.0.1", false, true },
		{ "10.1.2.3", false, true },
		{ "::1", false, true },
		{ "::ffff:10.0.0.1", false, true },
		{ "localhost", false, true },
		{ "a.LOCALHOST.", false, true },
		{ "169.254.169.254", true, true },
		{ "224.0.0.1", true, true },
		{ "0.0.0.0", true, true },
		{ "fe80::1", true, true },
		{ "notlocalhost", false, false },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct problem_list mine = { 0 }, others = { 0 };
		guard_host(str_from_c(rows[i].host), true, "target", &mine);
		guard_host(str_from_c(rows[i].host), false, "target", &others);
		assert_int_equal(problem_any(&mine), rows[i].mine);
		assert_int_equal(problem_any(&others), rows[i].others);
	}
}

static void problems_are_whole(void **state)
{
	struct problem_list list = { 0 };
	struct buf out;
	(void)state;
	buf_init(&out, 4096);
	problem_add(&list, "options.", "method", "is \"odd\"");
	prob_write(&out, 422, NP_STR("No <b>."), "ab", &list);
	json_t *j = json_loadb(out.p, out.n, 0, NULL);
	assert_non_null(j);
	assert_int_equal(json_integer_value(json_object_get(j, "status")), 422);
	const json_t *one = json_array_get(json_object_get(j, "errors"), 0);
	assert_string_equal(json_string_value(json_object_get(one, "field")), "options.method");
	json_decref(j);
	buf_done(&out);
	const char *detail;
	assert_int_equal(prob_of(NP_E_NOTFOUND, &detail), 404);
	assert_int_equal(prob_of(NP_E_DB_GONE, &detail), 503);
	assert_int_equal(prob_of(NP_E_NOMEM, &detail), 500);
}

static void live_rows_read_as_json(void **state)
{
	struct liverow_result r = { .region = 2,
				    .status = RES_FAIL,
				    .cls = RES_C_TIMEOUT,
				    .slot_us = 1700000000123456,
				    .duration_us = 12345 };
	struct liverow_state s = {
		.state = STEP_DOWN, .failing = 2, .assigned = 3, .since_us = 1700000000000000
	};
	uint8_t id[16] = { 1 };
	struct buf out;
	(void)state;
	buf_init(&out, 4096);
	liverow_put_result(&r, &out);
	assert_str(buf_str(&out),
		   "[\"00000000-0000-0000-0000-000000000000\",2,1700000000123,0,\"f\","
		   "12.3,0,0,0,\"timeout\"]");
	buf_reset(&out);
	liverow_put_state(id, &s, &out);
	json_t *j = json_loadb(out.p, out.n, 0, NULL);
	assert_string_equal(json_string_value(json_object_get(j, "state")), "down");
	json_decref(j);
	buf_done(&out);
	assert_int_equal(liverow_letter(RES_OK), 'o');
	assert_int_equal(liverow_letter(99), 'u');
}

static void checks_sort_newest_first_and_whole_first(void **state)
{
	struct shown a[4] = { { .slot_us = 1, .region = 1 },
			      { .slot_us = 2, .region = 2 },
			      { .slot_us = 2, .region = 2, .whole = true },
			      { .slot_us = 2, .region = 1, .attempt = 1 } };
	(void)state;
	qsort(a, 4, sizeof *a, shown_cmp);
	assert_int_equal(a[0].region, 1);
	assert_true(a[1].whole);
	assert_true(shown_is_same(&a[1], &a[2]));
	assert_int_equal(a[3].slot_us, 1);
}

static void a_drills_sink_believes_only_its_key(void **state NP_UNUSED)
{
	static const char *const no[] = {
		"", "t=", "t=1,v1=00", "v1=00,t=1", "t=x,v1=", "t=-1,v1="
	};
	const np_str key = NP_STR("key"), body = NP_STR("{}");
	const int64_t now_us = INT64_C(4000000000) * NP_SEC_US; /* beyond 31 bits of seconds */
	char hex[2 * CRYPT_SHA256_LEN + 1], sign[128];
	uint8_t mac[CRYPT_SHA256_LEN];
	crypt_hmac_sha256(key, NP_STR("4000000000.{}"), mac);
	str_hex(mac, sizeof mac, hex);
	(void)snprintf(sign, sizeof sign, "t=4000000000,v1=%.64s", hex);
	np_str good = str_from_c(sign);
	assert_true(drill_token_signed(key, good, body, now_us));
	assert_true(drill_token_signed(key, good, body, now_us + DRILL_SKEW_S * NP_SEC_US));
	assert_false(drill_token_signed(key, good, body, now_us + (DRILL_SKEW_S + 1) * NP_SEC_US));
	assert_false(drill_token_signed(key, good, body, now_us - (DRILL_SKEW_S + 1) * NP_SEC_US));
	assert_false(drill_token_signed(NP_STR("kez"), good, body, now_us));
	assert_false(drill_token_signed(key, good, NP_STR("{ }"), now_us));
	for (size_t i = 0; i < NP_LEN(no); i++)
		assert_false(drill_token_signed(key, str_from_c(no[i]), body, now_us));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_what_the_client_says),
		cmocka_unit_test(a_drills_sink_believes_only_its_key),
		cmocka_unit_test(gzip_unpacks_to_the_same),
		cmocka_unit_test(cursors_come_back_as_they_went),
		cmocka_unit_test(origin_must_be_the_host),
		cmocka_unit_test(limits_failures_of_one_address),
		cmocka_unit_test(hears_only_the_owner_of_a_shard),
		cmocka_unit_test(reads_event_ids),
		cmocka_unit_test(paths_stay_inside),
		cmocka_unit_test(json_is_read_strictly),
		cmocka_unit_test(says_which_addresses_are_refused),
		cmocka_unit_test(problems_are_whole),
		cmocka_unit_test(live_rows_read_as_json),
		cmocka_unit_test(checks_sort_newest_first_and_whole_first),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
