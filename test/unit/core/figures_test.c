/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic of the domain: schedules, assignment, uptime, histograms, records, roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "core/access.h"
#include "core/assign.h"
#include "core/histogram.h"
#include "core/monitor.h"
#include "core/result.h"
#include "core/schedule.h"
#include "core/uptime.h"

#define T0 (INT64_C(1700000000) * NP_SEC_US)

static uint64_t draw(uint64_t *rng, uint64_t below)
{
	*rng += UINT64_C(0x9e3779b97f4a7c15);
	return mon_hash(*rng) % below;
}

/* ---- schedule ---- */

static void slots_are_on_their_grid(void **state NP_UNUSED)
{
	uint64_t rng = 1;
	for (int i = 0; i < 2000; i++) {
		int64_t interval_us = ((int64_t)draw(&rng, 600) + 5) * NP_SEC_US;
		uint32_t n = (uint32_t)draw(&rng, 16) + 1, at = (uint32_t)draw(&rng, n);
		int64_t t = T0 + (int64_t)draw(&rng, NP_DAY_US);
		int64_t phase_us = sched_phase_us(draw(&rng, UINT64_MAX), at, n, interval_us);
		int64_t next_us = sched_next_us(t, phase_us, interval_us);
		assert_true(phase_us >= 0 && phase_us < interval_us);
		assert_true(next_us > t && next_us <= t + interval_us);
		assert_int_equal(next_us % interval_us, phase_us);
		assert_int_equal(sched_next_us(next_us, phase_us, interval_us),
				 next_us + interval_us);
		assert_int_equal(sched_at_or_before_us(next_us, phase_us, interval_us), next_us);
		assert_int_equal(sched_count(t, t + 7 * interval_us, phase_us, interval_us), 7);
	}
	assert_true(sched_next_us(-5, 3, 10) == 3);
}

static void regions_spread_evenly(void **state NP_UNUSED)
{
	int64_t a = sched_phase_us(42, 0, 3, NP_MIN_US), b = sched_phase_us(42, 1, 3, NP_MIN_US);
	assert_int_equal((b - a + NP_MIN_US) % NP_MIN_US, 20 * NP_SEC_US);
}

/* ---- assignment ---- */

static void a_leaver_moves_only_its_own(void **state NP_UNUSED)
{
	uint64_t member[12], less[11];
	uint32_t share[12] = { 0 };
	for (size_t i = 0; i < 12; i++) {
		uint8_t uuid[16] = { (uint8_t)i, 9 };
		member[i] = asg_member_hash(uuid);
	}
	memcpy(less, member, sizeof less);
	for (uint64_t m = 1; m <= 6000; m++) {
		int before = asg_pick(m, member, 12), after = asg_pick(m, less, 11);
		assert_in_range(before, 0, 11);
		share[before]++;
		if (before != 11)
			assert_int_equal(after, before);
	}
	for (size_t i = 0; i < 12; i++) /* 500 each, give or take */
		assert_in_range(share[i], 400, 600);
}

static void order_and_pins(void **state NP_UNUSED)
{
	const uint64_t a[] = { 5, 6, 7 }, b[] = { 7, 5, 6 };
	for (uint64_t m = 0; m < 100; m++)
		assert_true(a[asg_pick(m, a, 3)] == b[asg_pick(m, b, 3)]);
	assert_int_equal(asg_pick(1, a, 0), -1);
	assert_int_equal(asg_pick_pinned(1, a, 3, 7), 2);
	assert_int_equal(asg_pick_pinned(1, a, 3, 9), asg_pick(1, a, 3));
}

/* ---- uptime ---- */

static void each_moment_counts_once(void **state NP_UNUSED)
{
	const struct upt_span spans[] = {
		{ 0, 100, UPT_UP },       { 20, 50, UPT_DOWN },     { 40, 60, UPT_UNKNOWN },
		{ 45, 47, UPT_EXCLUDED }, { 70, 80, UPT_DEGRADED }, { 90, 90, UPT_DOWN },
	};
	struct upt_sum s;
	assert_int_equal(upt_fold(spans, NP_LEN(spans), 0, 110, &s), NP_OK);
	assert_int_equal(s.us[UPT_EXCLUDED], 2);
	assert_int_equal(s.us[UPT_UNKNOWN], 18 + 10);
	assert_int_equal(s.us[UPT_DOWN], 20);
	assert_int_equal(s.us[UPT_DEGRADED], 10);
	assert_int_equal(s.us[UPT_UP], 50);
	assert_int_equal(upt_uptime_milli(&s), 75000);
	assert_int_equal(upt_fold(spans, 1, 5, 4, &s), NP_E_INVAL);
}

/* Any cut of the time, and any order of the spans, gives the same sum. */
static void cutting_changes_nothing(void **state NP_UNUSED)
{
	for (uint64_t seed = 1; seed <= 300; seed++) {
		uint64_t rng = seed;
		struct upt_span spans[12], turned[12];
		struct upt_sum whole, first, second;
		for (size_t i = 0; i < 12; i++) {
			int64_t from = (int64_t)draw(&rng, 1000);
			spans[i] = (struct upt_span){ from, from + (int64_t)draw(&rng, 300),
						      (enum upt_state)draw(&rng, UPT_N) };
			turned[11 - i] = spans[i];
		}
		int64_t cut = (int64_t)draw(&rng, 1000);
		assert_int_equal(upt_fold(spans, 12, 0, 1000, &whole), NP_OK);
		assert_int_equal(upt_fold(turned, 12, 0, cut, &first), NP_OK);
		assert_int_equal(upt_fold(turned, 12, cut, 1000, &second), NP_OK);
		upt_add(&first, &second);
		if (memcmp(&whole, &first, sizeof whole) != 0)
			fail_msg("seed %llu", (unsigned long long)seed);
	}
}

static void percentages_round_down(void **state NP_UNUSED)
{
	static const struct {
		int64_t up, down, unknown;
		const char *text;
	} rows[] = {
		{ 0, 0, 10, "no data" },
		{ NP_DAY_US, 0, 0, "100 % of observed time; 100 % observed" },
		{ 99999999, 1, 0, "99.999 % of observed time; 100 % observed" },
		{ 365 * NP_DAY_US * 100, 1, 1, "99.999 % of observed time; 99.999 % observed" },
		{ 99953, 47, 909, "99.953 % of observed time; 99.099 % observed" },
		{ 0, 5, 0, "0 % of observed time; 100 % observed" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct upt_sum s = { .us = { [UPT_UP] = rows[i].up,
					     [UPT_DOWN] = rows[i].down,
					     [UPT_UNKNOWN] = rows[i].unknown } };
		char text[UPT_SENTENCE_MAX];
		upt_sentence(&s, text);
		assert_string_equal(text, rows[i].text);
	}
}

/* ---- histogram ---- */

static void percentiles_are_near(void **state NP_UNUSED)
{
	for (int64_t v = 1; v < INT64_C(130000000); v = v * 9 / 8 + 1) {
		struct hist h = { 0 };
		hist_add(&h, 1);
		hist_add(&h, v);
		hist_add(&h, INT64_C(134000000));
		int64_t at = hist_at(&h, 5000), off = at > v ? at - v : v - at;
		if (off > 1 && (double)off > 0.076 * (double)v)
			fail_msg("%lld shown as %lld", (long long)v, (long long)at);
	}
}

static void merging_is_adding(void **state NP_UNUSED)
{
	uint64_t rng = 3;
	struct hist all = { 0 }, parts[3] = { 0 }, merged = { 0 }, back;
	struct buf b;
	for (int i = 0; i < 3000; i++) {
		int64_t v = (int64_t)draw(&rng, UINT64_C(1) << draw(&rng, 28));
		hist_add(&all, v);
		hist_add(&parts[i % 3], v);
	}
	for (int i = 2; i >= 0; i--)
		hist_merge(&merged, &parts[i]);
	assert_memory_equal(&all, &merged, sizeof all);
	buf_init(&b, HIST_ENCODED_MAX);
	hist_encode(&all, &b);
	assert_int_equal(hist_decode(buf_str(&b), &back), NP_OK);
	assert_memory_equal(&all, &back, sizeof all);
	for (size_t i = 0; i < 5; i++) /* the head is cut */
		assert_true(hist_decode((np_str){ b.p, i }, &back) < 0);
	assert_true(hist_decode((np_str){ b.p, b.n - 1 }, &back) < 0);
	buf_done(&b);
	struct hist none = { 0 };
	assert_int_equal(hist_at(&none, 5000), -1);
	assert_int_equal(hist_mean_us(&none), -1);
}

/* ---- records and roles ---- */

static struct res_record good(void)
{
	struct res_record r = RES_RECORD_INIT;
	r.monitor = r.revision = 1;
	r.slot_us = r.start_us = T0;
	r.status = RES_OK;
	return r;
}

static void each_range_is_checked(void **state NP_UNUSED)
{
	struct res_record r = good();
	assert_int_equal(res_validate(&r), RES_F_OK);
#define WRONG(change, field)                               \
	do {                                               \
		r = good();                                \
		change;                                    \
		assert_int_equal(res_validate(&r), field); \
	} while (0)
	WRONG(r.monitor = 0, RES_F_MONITOR);
	WRONG(r.revision = 0, RES_F_REVISION);
	WRONG(r.slot_us = 0, RES_F_SLOT);
	WRONG(r.slot_us = INT64_MAX, RES_F_SLOT);
	WRONG(r.attempt = RES_ATTEMPT_MAX + 1, RES_F_ATTEMPT);
	WRONG(r.start_us = -1, RES_F_START);
	WRONG(r.duration_us = -1, RES_F_DURATION);
	WRONG(r.phase_us[2] = -2, RES_F_PHASES);
	WRONG(r.status = RES_NONE, RES_F_STATUS);
	WRONG(r.status = RES_STATUS_N, RES_F_STATUS);
	WRONG(r.status = RES_FAIL, RES_F_CLASS);
	WRONG(r.cls = RES_C_DNS, RES_F_CLASS);
	WRONG(r.cls = RES_CLASS_N, RES_F_CLASS);
	WRONG(r.code = -1, RES_F_CODE);
	WRONG(r.skipped = RES_SKIPPED_MAX + 1, RES_F_SKIPPED);
	WRONG(r.text = NP_STR("\xff"), RES_F_TEXT);
	WRONG(r.text = NP_STR("a\0b"), RES_F_TEXT);
	WRONG(r.address = NP_STR("\xc3"), RES_F_ADDRESS);
	WRONG(r.cert_expires_s = -1, RES_F_CERT);
#undef WRONG
}

static void names_go_both_ways(void **state NP_UNUSED)
{
	for (int i = RES_OK; i < RES_STATUS_N; i++) {
		enum res_status s = RES_NONE;
		np_str name = str_from_c(res_status_name((enum res_status)i));
		assert_int_equal(res_status_from_name(name, &s), NP_OK);
		assert_int_equal(s, i);
	}
	for (int i = 0; i < RES_CLASS_N; i++) {
		enum res_class c = RES_C_NONE;
		np_str name = str_from_c(res_class_name((enum res_class)i));
		assert_int_equal(res_class_from_name(name, &c), NP_OK);
		assert_int_equal(c, i);
	}
}

static void roles_and_scopes_both_must_allow(void **state NP_UNUSED)
{
	assert_true(acc_may(ACC_VIEWER, ACC_S_ALL, ACC_SEE));
	assert_false(acc_may(ACC_VIEWER, ACC_S_ALL, ACC_MONITOR_EDIT));
	assert_true(acc_may(ACC_EDITOR, ACC_S_ALL, ACC_MONITOR_EDIT));
	assert_false(acc_may(ACC_OWNER, ACC_S_READ, ACC_MONITOR_EDIT));
	uint32_t bit = 0;
	for (size_t i = 0; acc_scope_name(i); i++) {
		assert_int_equal(acc_scope_from_name(str_from_c(acc_scope_name(i)), &bit), NP_OK);
		assert_int_equal(bit, 1u << i);
	}
	assert_int_equal(bit, ACC_S_ADMIN);
	assert_int_equal(acc_scope_from_name(NP_STR("all"), &bit), NP_E_NOTFOUND);
	assert_false(acc_may(ACC_NOBODY, ACC_S_ALL, ACC_SEE));
	assert_false(acc_may(ACC_ADMIN, ACC_S_ALL, ACC_ORG_DELETE));
	for (int a = 0; a < ACC_ACTION_N; a++)
		for (int r = ACC_VIEWER; r < ACC_OWNER; r++) /* a higher role may all of a lower */
			assert_true(!acc_may((enum acc_role)r, ACC_S_ALL, (enum acc_action)a) ||
				    acc_may((enum acc_role)(r + 1), ACC_S_ALL, (enum acc_action)a));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_on_their_grid),
		cmocka_unit_test(regions_spread_evenly),
		cmocka_unit_test(a_leaver_moves_only_its_own),
		cmocka_unit_test(order_and_pins),
		cmocka_unit_test(each_moment_counts_once),
		cmocka_unit_test(cutting_changes_nothing),
		cmocka_unit_test(percentages_round_down),
		cmocka_unit_test(percentiles_are_near),
		cmocka_unit_test(merging_is_adding),
		cmocka_unit_test(each_range_is_checked),
		cmocka_unit_test(names_go_both_ways),
		cmocka_unit_test(roles_and_scopes_both_must_allow),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
