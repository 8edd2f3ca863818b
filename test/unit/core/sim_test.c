/* SPDX-License-Identifier: Apache-2.0 */
/* The figures that the rules promise, in a small world: 60 s interval, 3 regions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim.h"

#define WARM_US (10 * NP_MIN_US)
#define PHASES 60

static int by_value(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

struct world {
	uint32_t n;
	int64_t interval_ms;
	bool hang;
};

/* The target goes down at PHASES moments spread over an interval, for down_us. */
static void seconds_to_alert(struct world w, int64_t down_us, int64_t ret[PHASES],
			     uint32_t *ret_told)
{
	static struct sim s;
	*ret_told = 0;
	for (int p = 0; p < PHASES; p++) {
		sim_init(&s, w.n, w.interval_ms, (uint64_t)p + 1);
		s.hang = w.hang;
		int64_t at_us = SIM_START_US + WARM_US + w.interval_ms * NP_MS_US * p / PHASES;
		sim_down(&s, at_us, at_us + down_us);
		sim_run(&s, at_us + down_us + 10 * NP_MIN_US);
		ret[p] = s.opened_notice_us > 0 ? s.opened_notice_us - at_us : INT64_MAX;
		*ret_told += s.notices[STEP_N_OPENED];
		assert_int_equal(s.st.inc.state, STEP_UP);
		assert_int_equal(s.opened, s.closed);
	}
	qsort(ret, PHASES, sizeof *ret, by_value);
}

static void refusing_target_alerts_in_time(void **state NP_UNUSED)
{
	int64_t took[PHASES];
	uint32_t told = 0;
	seconds_to_alert((struct world){ 3, 60000, false }, 5 * NP_MIN_US, took, &told);
	print_message("3 regions, 60 s: median %.1f s, worst %.1f s\n",
		      (double)took[PHASES / 2] / 1e6, (double)took[PHASES - 1] / 1e6);
	assert_int_equal(told, PHASES);
	assert_true(took[PHASES / 2] <= 23 * NP_SEC_US);
	assert_true(took[PHASES - 1] <= 32 * NP_SEC_US);
}

static void five_regions_are_quicker(void **state NP_UNUSED)
{
	int64_t took[PHASES];
	uint32_t told = 0;
	seconds_to_alert((struct world){ 5, 60000, false }, 5 * NP_MIN_US, took, &told);
	print_message("5 regions, 60 s: worst %.1f s\n", (double)took[PHASES - 1] / 1e6);
	assert_true(took[PHASES - 1] <= 25 * NP_SEC_US);
	seconds_to_alert((struct world){ 3, 40000, false }, 5 * NP_MIN_US, took, &told);
	print_message("3 regions, 40 s: worst %.1f s\n", (double)took[PHASES - 1] / 1e6);
	assert_true(took[PHASES - 1] <= 25 * NP_SEC_US);
}

static void hanging_target_alerts(void **state NP_UNUSED)
{
	int64_t took[PHASES];
	uint32_t told = 0;
	/* Two attempts and the last look each wait for the timeout of 10 s. */
	seconds_to_alert((struct world){ 3, 60000, true }, 5 * NP_MIN_US, took, &told);
	print_message("hanging: median %.1f s, worst %.1f s\n", (double)took[PHASES / 2] / 1e6,
		      (double)took[PHASES - 1] / 1e6);
	assert_int_equal(told, PHASES);
	assert_true(took[PHASES - 1] <= 75 * NP_SEC_US);
}

static void short_blips_never_alert(void **state NP_UNUSED)
{
	static const int64_t lengths_s[] = { 1, 5, 8, 10 };
	int64_t took[PHASES];
	for (size_t i = 0; i < NP_LEN(lengths_s); i++) {
		uint32_t told = 0;
		seconds_to_alert((struct world){ 3, 60000, false }, lengths_s[i] * NP_SEC_US, took,
				 &told);
		assert_int_equal(told, 0);
	}
}

static void longer_blips_alert_sometimes(void **state NP_UNUSED)
{
	int64_t took[PHASES];
	uint32_t twelve = 0, twenty = 0;
	seconds_to_alert((struct world){ 3, 60000, false }, 12 * NP_SEC_US, took, &twelve);
	seconds_to_alert((struct world){ 3, 60000, false }, 20 * NP_SEC_US, took, &twenty);
	print_message("blips: 12 s alerts in %u %%, 20 s in %u %% of phases\n",
		      twelve * 100 / PHASES, twenty * 100 / PHASES);
	assert_true(twelve * 100 / PHASES <= 20);
	assert_true(twenty * 100 / PHASES >= 40 && twenty * 100 / PHASES <= 75);
}

static void resolves_within_80_seconds(void **state NP_UNUSED)
{
	static struct sim s;
	int64_t worst_us = 0;
	for (int p = 0; p < PHASES; p++) {
		sim_init(&s, 3, 60000, (uint64_t)p + 1);
		int64_t at_us = SIM_START_US + WARM_US,
			back_us = at_us + 7 * NP_MIN_US + p * NP_SEC_US;
		sim_down(&s, at_us, back_us);
		sim_run(&s, back_us + 10 * NP_MIN_US);
		assert_int_equal(s.closed, 1);
		assert_int_equal(s.notices[STEP_N_RESOLVED], 1);
		assert_int_equal(s.reason, STEP_CLOSE_RECOVERED);
		assert_true(s.closed_at_us >= back_us);
		int64_t took_us = s.resolved_notice_us - back_us;
		worst_us = took_us > worst_us ? took_us : worst_us;
	}
	print_message("back -> resolved: worst %.1f s\n", (double)worst_us / 1e6);
	assert_true(worst_us <= 80 * NP_SEC_US);
}

static void three_healthy_hours_are_up(void **state NP_UNUSED)
{
	static struct sim s;
	sim_init(&s, 3, 60000, 5);
	sim_run(&s, SIM_START_US + 3 * NP_HOUR_US);
	assert_int_equal(s.st.inc.state, STEP_UP);
	assert_int_equal(s.opened, 0);
	for (size_t i = 0; i < STEP_NOTICE_N; i++)
		assert_int_equal(s.notices[i], 0);
}

static void three_hours_down_are_told_and_reminded(void **state NP_UNUSED)
{
	static struct sim s;
	sim_init(&s, 3, 60000, 5);
	sim_down(&s, SIM_START_US, SIM_START_US + 24 * NP_HOUR_US);
	sim_run(&s, SIM_START_US + 3 * NP_HOUR_US);
	assert_int_equal(s.st.inc.state, STEP_DOWN);
	assert_int_equal(s.notices[STEP_N_OPENED], 1);
	assert_int_equal(s.notices[STEP_N_REMINDER], 2);
	assert_int_equal(s.notices[STEP_N_RESOLVED], 0);
}

static void one_per_cent_loss_is_no_incident(void **state NP_UNUSED)
{
	static struct sim s;
	for (uint64_t seed = 1; seed <= 10; seed++) {
		sim_init(&s, 3, 60000, seed);
		s.loss_per_mille = 10;
		sim_run(&s, SIM_START_US + NP_DAY_US);
		assert_int_equal(s.opened, 0);
	}
}

static void ten_per_cent_loss_is_about_no_incident(void **state NP_UNUSED)
{
	static struct sim s;
	uint32_t opened = 0;
	uint32_t blips = 0;
	for (uint64_t seed = 1; seed <= 100; seed++) {
		sim_init(&s, 3, 60000, seed);
		s.loss_per_mille = 100;
		sim_run(&s, SIM_START_US + NP_DAY_US);
		opened += s.opened;
		blips += s.st.inc.blips;
	}
	print_message("10 %% loss: %u incidents, %u averted in 100 days\n", opened, blips);
	assert_true(opened <= 6 && blips > 50); /* the last look averts nearly all */
}

static void storing_the_state_changes_nothing(void **state NP_UNUSED)
{
	static struct sim plain, stored;
	for (uint64_t seed = 1; seed <= 5; seed++) {
		struct sim *both[] = { &plain, &stored };
		for (size_t i = 0; i < 2; i++) {
			sim_init(both[i], 3, 30000, seed);
			both[i]->recode = i == 1;
			both[i]->loss_per_mille = 200;
			sim_down(both[i], SIM_START_US + WARM_US, SIM_START_US + 2 * WARM_US);
			sim_run(both[i], SIM_START_US + 4 * WARM_US);
		}
		assert_true(plain.opened > 0);
		assert_true(plain.hash == stored.hash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refusing_target_alerts_in_time),
		cmocka_unit_test(five_regions_are_quicker),
		cmocka_unit_test(hanging_target_alerts),
		cmocka_unit_test(short_blips_never_alert),
		cmocka_unit_test(longer_blips_alert_sometimes),
		cmocka_unit_test(resolves_within_80_seconds),
		cmocka_unit_test(three_healthy_hours_are_up),
		cmocka_unit_test(three_hours_down_are_told_and_reminded),
		cmocka_unit_test(one_per_cent_loss_is_no_incident),
		cmocka_unit_test(ten_per_cent_loss_is_about_no_incident),
		cmocka_unit_test(storing_the_state_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
