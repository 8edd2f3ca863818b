/* SPDX-License-Identifier: Apache-2.0 */
/* What lies over the table of states: flapping, escalation, quiet hours, parents. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "core/pack.h"
#include "scene.h"

/* ---- flapping ---- */

/* Down for long enough to open or relapse, then back, every `period`. */
static void flap(uint32_t times, int64_t down_us, int64_t up_us)
{
	for (uint32_t i = 0; i < times; i++) {
		s.span_n = 0;
		sim_down(&s, s.now_us, s.now_us + down_us);
		pass(down_us + up_us);
	}
}

static void four_failures_in_an_hour_are_flapping(void **state NP_UNUSED)
{
	start(3);
	flap(3, 2 * NP_MIN_US, 8 * NP_MIN_US);
	assert_int_equal(s.opened, 3);
	assert_false(s.st.inc.flapping);
	flap(1, 2 * NP_MIN_US, 8 * NP_MIN_US);
	assert_true(s.st.inc.flapping);
	assert_int_equal(s.notices[STEP_N_FLAPPING], 1);
	/* The first `opened` is not held; the incident that is open stays open. */
	assert_int_equal(s.notices[STEP_N_OPENED], 4);
	assert_int_equal(s.closed, 3);
	flap(3, 2 * NP_MIN_US, 8 * NP_MIN_US);
	assert_int_equal(s.opened, 4);
	assert_int_equal(s.notices[STEP_N_FLAPPING], 1);
	assert_int_equal(s.notices[STEP_N_REMINDER], 0);
	/* Quiet for half an hour: it ends, and the incident closes by itself. */
	pass(31 * NP_MIN_US);
	assert_false(s.st.inc.flapping);
	assert_int_equal(s.closed, 4);
	assert_int_equal(s.st.inc.state, STEP_UP);
	assert_int_equal(s.reason, STEP_CLOSE_RECOVERED);
}

static void failures_far_apart_are_not_flapping(void **state NP_UNUSED)
{
	start(3);
	flap(5, 2 * NP_MIN_US, 23 * NP_MIN_US);
	assert_int_equal(s.opened, 5);
	assert_int_equal(s.notices[STEP_N_FLAPPING], 0);
}

/* Blips alone never alert; when they come again and again, that is told, once. */
static void blips_may_flap_without_an_incident(void **state NP_UNUSED)
{
	struct mst_event up = region_event(MST_RESULT, 1);
	start(1);
	s.checker[0].dead = true; /* the test speaks for it */
	for (uint32_t i = 0; i < 5; i++) {
		for (uint32_t k = 0; k < 4; k++) {
			pass(5 * NP_SEC_US);
			up.result = (struct vote_attempt){ .revision = 1,
							   .slot_us = s.now_us,
							   .start_us = s.now_us,
							   .received_us = s.now_us,
							   .status = k < 2 ? RES_FAIL : RES_OK };
			sim_apply(&s, up);
		}
	}
	assert_int_equal(s.opened, 0);
	assert_int_equal(s.st.inc.blips, 5);
	assert_int_equal(s.notices[STEP_N_FLAPPING], 1);
}

static void pausing_forgets_flapping(void **state NP_UNUSED)
{
	start(3);
	flap(4, 2 * NP_MIN_US, 8 * NP_MIN_US);
	assert_true(s.st.inc.flapping);
	sim_command(&s, CMD_PAUSE);
	assert_false(s.st.inc.flapping);
	assert_false(tmr_is_armed(&s.st.inc.timers, TMR_FLAP_OFF));
	come_back();
	sim_command(&s, CMD_UNPAUSE);
	pass(5 * NP_MIN_US);
	flap(1, 2 * NP_MIN_US, 8 * NP_MIN_US);
	assert_false(s.st.inc.flapping);
}

/* ---- escalation ---- */

static void levels(uint32_t n, const int64_t *min)
{
	sim_init(&s, 3, 60000, 1);
	struct mst_event ev = { .kind = MST_RULES };
	s.def.level_n = n;
	for (uint32_t i = 0; i < n; i++)
		s.def.level_ms[i] = min[i] * NP_MIN_MS;
	s.def.revision++;
	sim_apply(&s, ev);
	sim_run(&s, UP_AT);
}

static void levels_speak_one_after_the_other(void **state NP_UNUSED)
{
	levels(2, (const int64_t[]){ 15, 30 });
	go_down();
	int64_t told_us = s.opened_notice_us;
	sim_run(&s, told_us + 15 * NP_MIN_US - NP_SEC_US);
	assert_int_equal(s.notices[STEP_N_ESCALATION], 0);
	pass(2 * NP_SEC_US);
	assert_int_equal(s.level, 1);
	sim_run(&s, told_us + 30 * NP_MIN_US + 2 * NP_SEC_US);
	assert_int_equal(s.level, 2);
	pass(5 * NP_HOUR_US);
	assert_int_equal(s.notices[STEP_N_ESCALATION], 2);
	/* Another incident begins at the first level again. */
	come_back();
	pass(5 * NP_MIN_US);
	sim_down(&s, s.now_us, FOREVER);
	pass(20 * NP_MIN_US);
	assert_int_equal(s.opened, 2);
	assert_int_equal(s.notices[STEP_N_ESCALATION], 3);
	assert_int_equal(s.level, 1);
}

static void acknowledging_stops_escalation(void **state NP_UNUSED)
{
	levels(2, (const int64_t[]){ 15, 30 });
	go_down();
	pass(16 * NP_MIN_US);
	assert_int_equal(s.level, 1);
	sim_command(&s, CMD_ACKNOWLEDGE);
	pass(3 * NP_HOUR_US);
	assert_int_equal(s.level, 1);
	/* Given back: the next level has its whole wait. */
	sim_command(&s, CMD_UNACKNOWLEDGE);
	pass(14 * NP_MIN_US);
	assert_int_equal(s.level, 1);
	pass(2 * NP_MIN_US);
	assert_int_equal(s.level, 2);
}

static void a_held_level_waits_and_is_not_lost(void **state NP_UNUSED)
{
	struct mst_event on = { .kind = MST_QUIET }, off = { .kind = MST_QUIET };
	on.window.on = true;
	levels(1, (const int64_t[]){ 15 });
	go_down();
	sim_apply(&s, on);
	pass(2 * NP_HOUR_US);
	assert_int_equal(s.notices[STEP_N_ESCALATION], 0);
	assert_int_equal(s.held[STEP_N_ESCALATION], 1); /* recorded once, not each minute */
	sim_apply(&s, off);
	pass(2 * NP_MIN_US);
	assert_int_equal(s.notices[STEP_N_ESCALATION], 1);
}

static void recovering_waits_with_the_next_level(void **state NP_UNUSED)
{
	levels(1, (const int64_t[]){ 15 });
	go_down();
	sim_command(&s, CMD_RESOLVE); /* by hand, still failing: quiet for ten minutes */
	assert_true(s.st.inc.by_hand);
	pass(11 * NP_MIN_US);
	assert_int_equal(s.notices[STEP_N_REOPENED], 1);
	pass(16 * NP_MIN_US);
	assert_int_equal(s.notices[STEP_N_ESCALATION], 1);
}

static void a_held_opening_starts_no_escalation(void **state NP_UNUSED)
{
	struct mst_event on = { .kind = MST_MAINTENANCE }, off = { .kind = MST_MAINTENANCE };
	on.window.on = true;
	levels(1, (const int64_t[]){ 15 });
	sim_apply(&s, on);
	go_down();
	pass(NP_HOUR_US);
	assert_int_equal(s.notices[STEP_N_ESCALATION] + s.held[STEP_N_ESCALATION], 0);
	sim_apply(&s, off);
	assert_int_equal(s.notices[STEP_N_OPENED], 1);
	pass(14 * NP_MIN_US);
	assert_int_equal(s.notices[STEP_N_ESCALATION], 0);
	pass(2 * NP_MIN_US);
	assert_int_equal(s.notices[STEP_N_ESCALATION], 1);
}

static void no_reminders_still_leaves_something_due(void **state NP_UNUSED)
{
	sim_init(&s, 3, 60000, 1);
	struct mst_event ev = { .kind = MST_RULES };
	s.def.reminder_ms = 0;
	s.def.revision++;
	sim_apply(&s, ev);
	sim_run(&s, UP_AT);
	go_down();
	pass(5 * NP_HOUR_US);
	assert_int_equal(s.notices[STEP_N_REMINDER] + s.held[STEP_N_REMINDER], 0);
	assert_true(tmr_is_armed(&s.st.inc.timers, TMR_REMINDER));
}

/* ---- quiet hours ---- */

static void quiet_hours_hold_the_opening(void **state NP_UNUSED)
{
	struct mst_event on = { .kind = MST_QUIET }, off = { .kind = MST_QUIET };
	start(3);
	on.window.on = true;
	on.window.until_us = s.now_us + 4 * NP_HOUR_US;
	sim_apply(&s, on);
	go_down();
	assert_int_equal(s.notices[STEP_N_OPENED], 0);
	assert_int_equal(s.st.inc.quiet_until_us, on.window.until_us);
	pass(3 * NP_HOUR_US);
	assert_int_equal(s.notices[STEP_N_REMINDER], 0);
	sim_apply(&s, off);
	assert_int_equal(s.notices[STEP_N_OPENED], 1);
	come_back();
	pass(5 * NP_MIN_US);
	assert_int_equal(s.notices[STEP_N_RESOLVED], 1);
}

static void down_and_up_within_quiet_hours_wakes_nobody(void **state NP_UNUSED)
{
	struct mst_event on = { .kind = MST_QUIET }, off = { .kind = MST_QUIET };
	start(3);
	on.window.on = true;
	sim_apply(&s, on);
	go_down();
	come_back();
	pass(10 * NP_MIN_US);
	assert_int_equal(s.closed, 1);
	sim_apply(&s, off);
	pass(NP_HOUR_US);
	assert_int_equal(s.notices[STEP_N_OPENED], 0);
}

/* ---- parents ---- */

static void a_first_failure_checks_the_parent(void **state NP_UNUSED)
{
	sim_init(&s, 3, 60000, 1);
	s.def.has_parent = true;
	sim_run(&s, UP_AT);
	assert_int_equal(s.parent_checks, 0);
	sim_down(&s, s.now_us, FOREVER);
	pass(2 * NP_MIN_US);
	assert_in_range(s.parent_checks, 1, 3); /* once a region at most, and no cascade */
}

/* ---- suspect regions ---- */

static void speak(uint32_t region, enum res_status status)
{
	struct mst_event ev = region_event(MST_RESULT, region);
	pass(5 * NP_SEC_US);
	ev.result = (struct vote_attempt){ .revision = s.def.revision,
					   .slot_us = s.now_us,
					   .start_us = s.now_us,
					   .received_us = s.now_us,
					   .status = status };
	sim_apply(&s, ev);
}

/* What it says while it is suspect counts for nothing, not even as "failed before". */
static void a_suspect_region_holds_nothing_back(void **state NP_UNUSED)
{
	struct mst_event ev = region_event(MST_SUSPECT, 1);
	ev.on = true;
	sim_init(&s, 3, 60000, 1);
	s.def.quorum = MON_Q_ANY;
	sim_apply(&s, ev);
	s.checker[0].dead = true;
	s.queue_n = 0;
	speak(1, RES_FAIL);
	speak(1, RES_FAIL);
	pass(NP_MIN_US);
	assert_int_equal(s.st.inc.state, STEP_UP);
	/* Trusted again with its failure: now it counts, and falling silent does not take it back. */
	speak(1, RES_FAIL);
	ev.on = false;
	sim_apply(&s, ev);
	assert_int_equal(s.st.inc.verdict, VD_DOWN);
	sim_apply(&s, region_event(MST_SILENT, 1));
	assert_int_equal(s.st.inc.verdict, VD_HELD);
}

/* ---- stored states of before ---- */

static void an_older_state_is_read(void **state NP_UNUSED)
{
	enum { CHECKSUM = 4, NEW = 1 + 8 + 8 + 4 + 4 };
	struct buf now, old;
	struct mst back;
	struct pack p;
	start(3);
	go_down();
	buf_init(&now, MST_ENCODED_MAX);
	buf_init(&old, MST_ENCODED_MAX);
	mst_encode(&s.st, &now);
	pack_begin(&p, &old, 1);
	assert_int_equal(buf_add(&old, str_sub(buf_str(&now), 1, now.n - CHECKSUM - NEW)), NP_OK);
	pack_seal(&p, 0);
	assert_int_equal(mst_decode(buf_str(&old), &back), NP_OK);
	assert_memory_equal(&back, &s.st, sizeof back); /* nothing new was set */
	buf_done(&now);
	buf_done(&old);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(four_failures_in_an_hour_are_flapping),
		cmocka_unit_test(failures_far_apart_are_not_flapping),
		cmocka_unit_test(blips_may_flap_without_an_incident),
		cmocka_unit_test(pausing_forgets_flapping),
		cmocka_unit_test(levels_speak_one_after_the_other),
		cmocka_unit_test(acknowledging_stops_escalation),
		cmocka_unit_test(a_held_level_waits_and_is_not_lost),
		cmocka_unit_test(recovering_waits_with_the_next_level),
		cmocka_unit_test(a_held_opening_starts_no_escalation),
		cmocka_unit_test(no_reminders_still_leaves_something_due),
		cmocka_unit_test(quiet_hours_hold_the_opening),
		cmocka_unit_test(down_and_up_within_quiet_hours_wakes_nobody),
		cmocka_unit_test(a_first_failure_checks_the_parent),
		cmocka_unit_test(a_suspect_region_holds_nothing_back),
		cmocka_unit_test(an_older_state_is_read),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
