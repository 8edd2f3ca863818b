/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include "ca/brake.h"
#include "ca/rules.h"

static const uint8_t key_a[32] = { 1 }, key_b[32] = { 2 };

static void a_token_makes_one_checker(void **state)
{
	(void)state;
	static const struct {
		struct rules_token t;
		uint8_t key; /* first byte of who asks */
		enum rules_verdict want;
	} rows[] = {
		{ { .found = false }, 1, RULES_UNKNOWN },
		{ { .found = true, .alive = true, .source_ok = true }, 1, RULES_ENROL },
		{ { .found = true, .alive = false, .source_ok = true }, 1, RULES_EXPIRED },
		{ { .found = true, .alive = true, .source_ok = false }, 1, RULES_SOURCE },
		{ { true, true, true, true, { 1 }, true, false }, 1, RULES_REPEAT },
		{ { true, true, true, true, { 1 }, true, false }, 2, RULES_USED },
		{ { true, true, true, true, { 1 }, true, true }, 1, RULES_BANNED },
		{ { true, true, true, true, { 1 }, true, true }, 2, RULES_USED },
		{ { true, true, true, true, { 1 }, false, false }, 1, RULES_USED },
		{ { true, false, true, true, { 1 }, true, false }, 1, RULES_EXPIRED },
		{ { true, true, false, true, { 1 }, true, false }, 1, RULES_SOURCE },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++)
		if (rules_join(&rows[i].t, rows[i].key == 1 ? key_a : key_b) != rows[i].want)
			fail_msg("row %zu", i);
}

static void a_renewal_needs_a_certificate_in_force(void **state)
{
	(void)state;
	static const struct {
		struct rules_checker c;
		const char *serial;
		uint8_t key;
		enum rules_verdict want;
	} rows[] = {
		{ { .found = false }, "aa", 2, RULES_UNKNOWN },
		{ { true, true, "r", "aa", "" }, "aa", 2, RULES_BANNED },
		{ { true, false, "r", "aa", "" }, "aa", 2, RULES_RENEW },
		{ { true, false, "r", "aa", "bb" }, "aa", 2, RULES_RENEW },
		{ { true, false, "r", "aa", "bb" }, "bb", 2, RULES_PROMOTE },
		{ { true, false, "r", "bb", "" }, "aa", 2, RULES_SUPERSEDED },
		{ { true, false, "r", "aa", "" }, "", 2, RULES_SUPERSEDED },
		{ { true, false, "other", "aa", "" }, "aa", 2, RULES_REGION },
		{ { true, false, "r", "aa", "" }, "aa", 1, RULES_SAME_KEY },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct ident peer = { .region = "r", .key_sha256 = { 1 } };
		(void)snprintf(peer.serial, sizeof peer.serial, "%s", rows[i].serial);
		if (rules_renew(&rows[i].c, &peer, rows[i].key == 1 ? key_a : key_b) !=
		    rows[i].want)
			fail_msg("row %zu", i);
	}
}

static void every_refusal_says_why(void **state)
{
	(void)state;
	for (int v = 0; v < RULES_N; v++) {
		assert_true(strlen(rules_name((enum rules_verdict)v)) > 0);
		if (rules_is_refusal((enum rules_verdict)v))
			assert_true(strlen(rules_sentence((enum rules_verdict)v)) > 10);
	}
	assert_false(rules_is_refusal(RULES_PROMOTE));
	assert_true(rules_is_refusal(RULES_UNKNOWN));
}

static void refusals_slow_an_address_down_and_are_forgiven(void **state)
{
	(void)state;
	struct brake *b = np_zalloc(sizeof *b);
	struct addr a, other, six, near, far, mapped;
	assert_ok(addr_parse_ip(NP_STR("203.0.113.1"), &a));
	assert_ok(addr_parse_ip(NP_STR("203.0.113.2"), &other));
	assert_ok(addr_parse_ip(NP_STR("2001:db8:1:2::1"), &six));
	assert_ok(addr_parse_ip(NP_STR("2001:db8:1:2:ffff::9"), &near));
	assert_ok(addr_parse_ip(NP_STR("2001:db8:1:3::1"), &far));
	assert_ok(addr_parse_ip(NP_STR("::ffff:203.0.113.1"), &mapped));
	int64_t now = 1000000;
	for (int i = 0; i < BRAKE_BURST; i++) {
		assert_int_equal(brake_wait_s(b, &a, now), 0);
		brake_refused(b, &a, now);
		brake_refused(b, &six, now);
	}
	assert_int_equal(brake_wait_s(b, &a, now), BRAKE_REFILL_MS / 1000);
	assert_int_equal(brake_wait_s(b, &other, now), 0);
	assert_int_equal(brake_wait_s(b, &mapped, now), 0);
	assert_true(brake_wait_s(b, &near, now) > 0); /* one /64 is one customer */
	assert_int_equal(brake_wait_s(b, &far, now), 0);
	assert_int_equal(brake_wait_s(b, &a, now + BRAKE_REFILL_MS), 0);
	for (int i = 0; i < 1000; i++)
		brake_refused(b, &a, now);
	assert_true(brake_wait_s(b, &a, now) <= 2 * BRAKE_BURST * BRAKE_REFILL_MS / 1000);
	free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_token_makes_one_checker),
		cmocka_unit_test(a_renewal_needs_a_certificate_in_force),
		cmocka_unit_test(every_refusal_says_why),
		cmocka_unit_test(refusals_slow_an_address_down_and_are_forgiven),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
