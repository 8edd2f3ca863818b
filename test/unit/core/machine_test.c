/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the table of states, one scenario each, in the small world of sim.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene.h"

static void created_is_pending_then_up(void **state NP_UNUSED)
{
	sim_init(&s, 3, 60000, 1);
	assert_int_equal(s.st.inc.state, STEP_PENDING);
	pass(NP_SEC_US);
	assert_int_equal(s.st.inc.state, STEP_UP);
}

static void created_without_data_becomes_nodata(void **state NP_UNUSED)
{
	sim_init(&s, 3, 60000, 1);
	all_dead(true);
	s.queue_n = 0;
	pass(61 * NP_SEC_US);
	assert_int_equal(s.st.inc.state, STEP_NODATA);
	assert_int_equal(s.notices[STEP_N_NODATA], 1);
}

static void silence_is_told_once_in_six_hours(void **state NP_UNUSED)
{
	start(3);
	for (int i = 0; i < 3; i++) {
		all_dead(true);
		pass(10 * NP_MIN_US);
		assert_int_equal(s.st.inc.state, STEP_NODATA);
		all_dead(false);
		pass(10 * NP_MIN_US);
		assert_int_equal(s.st.inc.state, STEP_UP);
	}
	assert_int_equal(s.notices[STEP_N_NODATA], 1);
	assert_int_equal(s.notices[STEP_N_DATA_BACK], 1);
	pass(6 * NP_HOUR_US);
	all_dead(true);
	pass(10 * NP_MIN_US);
	assert_int_equal(s.notices[STEP_N_NODATA], 2);
	assert_int_equal(s.opened, 0);
}

static void silence_by_word_ends_votes_at_once(void **state NP_UNUSED)
{
	start(3);
	sim_apply(&s, region_event(MST_SILENT, 1));
	sim_apply(&s, region_event(MST_SILENT, 2));
	assert_int_equal(s.st.inc.verdict, VD_NODATA);
	pass(61 * NP_SEC_US); /* results came again meanwhile */
	assert_int_equal(s.st.inc.state, STEP_UP);
}

static void silence_never_resolves(void **state NP_UNUSED)
{
	start(3);
	go_down();
	come_back(); /* nobody sees it */
	all_dead(true);
	pass(3 * NP_HOUR_US);
	assert_int_equal(s.st.inc.state, STEP_DOWN);
	assert_int_equal(s.closed, 0);
	assert_int_equal(s.notices[STEP_N_STALE], 1);
	assert_true(s.notices[STEP_N_REMINDER] >= 2);
	all_dead(false);
	pass(10 * NP_MIN_US);
	assert_int_equal(s.closed, 1);
}

static void two_silent_failures_hold(void **state NP_UNUSED)
{
	start(3);
	go_down();
	come_back();
	s.checker[0].dead = s.checker[1].dead = true;
	sim_apply(&s, region_event(MST_SILENT, 1));
	sim_apply(&s, region_event(MST_SILENT, 2));
	pass(10 * NP_MIN_US); /* the third says OK: not enough */
	assert_int_equal(s.closed, 0);
}

static void a_relapse_is_the_same_incident(void **state NP_UNUSED)
{
	start(3);
	go_down();
	come_back();
	while (s.st.inc.state != STEP_RECOVERING)
		pass(NP_SEC_US);
	sim_down(&s, s.now_us, s.now_us + 2 * NP_MIN_US);
	pass(NP_MIN_US);
	assert_int_equal(s.st.inc.state, STEP_DOWN);
	pass(10 * NP_MIN_US);
	assert_int_equal(s.opened, 1);
	assert_int_equal(s.closed, 1);
	assert_int_equal(s.notices[STEP_N_OPENED], 1);
	assert_int_equal(s.notices[STEP_N_RESOLVED], 1);
}

static void a_ban_withdraws_evidence(void **state NP_UNUSED)
{
	sim_init(&s, 3, 60000, 1);
	s.def.quorum = MON_Q_ANY;
	sim_run(&s, UP_AT);
	/* region 1 alone says FAIL, through a checker of ill will */
	for (uint32_t a = 0; a < 12 && s.opened == 0; a++) {
		struct mst_event ev = region_event(MST_RESULT, 1);
		ev.result = (struct vote_attempt){ .revision = 1,
						   .slot_us = s.now_us,
						   .start_us = s.now_us,
						   .received_us = s.now_us,
						   .status = RES_FAIL,
						   .cls = RES_C_REFUSED };
		sim_apply(&s, ev);
		s.checker[0].dead = true;
		pass(3 * NP_SEC_US);
	}
	assert_int_equal(s.opened, 1);
	sim_apply(&s, region_event(MST_BAN, 1));
	pass(5 * NP_MIN_US);
	assert_int_equal(s.closed, 0); /* f' still counts it */
	s.checker[0].dead = false;     /* another checker of that region takes over */
	pass(5 * NP_MIN_US);
	assert_int_equal(s.closed, 1);
	assert_int_equal(s.reason, STEP_CLOSE_WITHDRAWN);
}

static void dropping_the_failing_regions_withdraws(void **state NP_UNUSED)
{
	sim_init(&s, 5, 60000, 1);
	s.def.quorum = MON_Q_NUMBER;
	s.def.quorum_n = 1;
	sim_run(&s, UP_AT);
	s.st.vote[4].say = VOTE_FAIL; /* as if region 5 had failed */
	s.st.vote[4].said_fail = true;
	s.st.vote[4].failed_us = s.st.vote[4].first_fail_us = s.now_us - NP_MIN_US;
	s.checker[4].dead = true;
	while (s.opened == 0 && s.now_us < UP_AT + 5 * NP_MIN_US) {
		struct mst_event ev = region_event(MST_RESULT, 5);
		ev.result = (struct vote_attempt){ .revision = 1,
						   .slot_us = s.now_us,
						   .start_us = s.now_us,
						   .received_us = s.now_us,
						   .status = RES_FAIL,
						   .cls = RES_C_RESET };
		sim_apply(&s, ev);
		pass(2 * NP_SEC_US);
	}
	assert_int_equal(s.opened, 1);
	s.def.region_n = 4;
	s.def.revision = 2;
	sim_apply(&s, (struct mst_event){ .kind = MST_RULES });
	assert_int_equal(s.st.inc.state, STEP_RECOVERING);
	pass(5 * NP_MIN_US);
	assert_int_equal(s.reason, STEP_CLOSE_WITHDRAWN);
}

static void a_new_target_clears_votes_and_keeps_the_incident(void **state NP_UNUSED)
{
	start(3);
	go_down();
	s.def.target_hash = 2;
	s.def.revision = 2;
	sim_apply(&s, (struct mst_event){ .kind = MST_RULES });
	assert_int_equal(s.st.vote[0].say, VOTE_NONE);
	assert_int_equal(s.st.inc.state, STEP_DOWN);
	come_back();
	pass(5 * NP_MIN_US);
	assert_int_equal(s.closed, 1);
}

static void old_generations_do_nothing(void **state NP_UNUSED)
{
	start(3);
	go_down();
	struct mst before = s.st;
	struct mst_event ev = { .kind = MST_TIMER };
	ev.timer.kind = TMR_REMINDER;
	ev.timer.generation = s.st.inc.timers.of[TMR_REMINDER].generation - 1;
	sim_apply(&s, ev);
	assert_int_equal(s.step.n, 0);
	assert_memory_equal(&before.inc, &s.st.inc, sizeof before.inc);
}

static void a_tie_is_held_and_never_opens(void **state NP_UNUSED)
{
	start(2);
	for (int i = 0; i < 100; i++) {
		struct mst_event ev = region_event(MST_RESULT, 1);
		ev.result = (struct vote_attempt){ .revision = 1,
						   .slot_us = s.now_us,
						   .start_us = s.now_us,
						   .received_us = s.now_us,
						   .status = RES_FAIL,
						   .cls = RES_C_RESET };
		s.checker[0].dead = true;
		sim_apply(&s, ev);
		pass(10 * NP_SEC_US);
	}
	assert_int_equal(s.st.inc.verdict, VD_HELD);
	assert_int_equal(s.st.inc.state, STEP_UP);
	assert_true(s.st.inc.partial);
	assert_int_equal(s.opened, 0);
}

static void maintenance_holds_the_alert_and_tells_later(void **state NP_UNUSED)
{
	struct mst_event on = { .kind = MST_MAINTENANCE, .on = true },
			 off = { .kind = MST_MAINTENANCE };
	start(3);
	sim_apply(&s, on);
	go_down();
	int64_t true_time_us = s.opened_at_us;
	assert_int_equal(s.notices[STEP_N_OPENED], 0);
	assert_int_equal(s.held[STEP_N_OPENED], 1);
	pass(2 * NP_HOUR_US);
	assert_int_equal(s.notices[STEP_N_REMINDER], 0);
	assert_int_equal(s.held[STEP_N_REMINDER], 2);
	sim_apply(&s, off);
	assert_int_equal(s.notices[STEP_N_OPENED], 1);
	assert_int_equal(s.opened_at_us, true_time_us);
	pass(NP_HOUR_US);
	assert_int_equal(s.notices[STEP_N_REMINDER], 1);
}

static void set_parent(enum inc_parent p)
{
	struct mst_event ev = { .kind = MST_PARENT };
	ev.parent.state = p;
	sim_apply(&s, ev);
}

static void a_down_parent_suppresses(void **state NP_UNUSED)
{
	start(3);
	set_parent(INC_PARENT_DOWN);
	go_down();
	assert_int_equal(s.notices[STEP_N_OPENED], 0);
	assert_true(s.st.inc.suppressed);
	set_parent(INC_PARENT_OK);
	pass(30 * NP_SEC_US);
	assert_int_equal(s.notices[STEP_N_OPENED], 0);
	pass(NP_MIN_US);
	assert_int_equal(s.notices[STEP_N_OPENED], 1);
}

static void a_suspect_parent_is_waited_for(void **state NP_UNUSED)
{
	start(3);
	set_parent(INC_PARENT_SUSPECT);
	sim_down(&s, s.now_us, FOREVER);
	pass(5 * NP_MIN_US);
	assert_int_equal(s.st.inc.state, STEP_SUSPECT);
	set_parent(INC_PARENT_OK);
	pass(NP_MIN_US);
	assert_int_equal(s.st.inc.state, STEP_DOWN);
}

static void our_absence_is_not_theirs(void **state NP_UNUSED)
{
	start(3);
	int64_t left_us = s.now_us;
	s.now_us += NP_HOUR_US; /* nobody was there to fold anything */
	struct mst_event hold = { .kind = MST_HOLD };
	hold.hold.absent_us = left_us;
	sim_apply(&s, hold);
	assert_int_equal(s.st.inc.state, STEP_UP);
	struct mst_event stale = { .kind = MST_TIMER }; /* too eager: must not be lost */
	stale.timer.kind = TMR_STALE;
	stale.timer.generation = s.st.inc.timers.of[TMR_STALE].generation;
	sim_apply(&s, stale);
	s.now_us += 5 * NP_SEC_US;
	sim_apply(&s, (struct mst_event){ .kind = MST_RESUME });
	assert_int_equal(s.st.inc.verdict, VD_UP);
	assert_false(s.st.frozen);
	pass(30 * NP_SEC_US);
	assert_int_equal(s.st.inc.state, STEP_UP);
	assert_int_equal(s.notices[STEP_N_NODATA], 0);
}

static void a_scheduled_failure_asks_the_others(void **state NP_UNUSED)
{
	start(3);
	struct mst_event ev = region_event(MST_RESULT, 1);
	ev.result = (struct vote_attempt){ .revision = 1,
					   .slot_us = s.now_us,
					   .start_us = s.now_us,
					   .received_us = s.now_us,
					   .status = RES_FAIL,
					   .cls = RES_C_REFUSED };
	uint32_t before = s.asks;
	sim_apply(&s, ev);
	assert_int_equal(s.asks, before + 2);
}

static void damaged_states_are_refused(void **state NP_UNUSED)
{
	struct buf b;
	struct mst back;
	start(3);
	go_down();
	buf_init(&b, MST_ENCODED_MAX);
	mst_encode(&s.st, &b);
	assert_int_equal(mst_decode(buf_str(&b), &back), NP_OK);
	for (size_t i = 0; i < b.n; i++) {
		b.p[i] = (char)(b.p[i] ^ 0x20);
		assert_true(mst_decode(buf_str(&b), &back) < 0);
		b.p[i] = (char)(b.p[i] ^ 0x20);
		assert_true(mst_decode((np_str){ b.p, i }, &back) < 0);
	}
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(created_is_pending_then_up),
		cmocka_unit_test(created_without_data_becomes_nodata),
		cmocka_unit_test(silence_is_told_once_in_six_hours),
		cmocka_unit_test(silence_by_word_ends_votes_at_once),
		cmocka_unit_test(silence_never_resolves),
		cmocka_unit_test(two_silent_failures_hold),
		cmocka_unit_test(a_relapse_is_the_same_incident),
		cmocka_unit_test(a_ban_withdraws_evidence),
		cmocka_unit_test(dropping_the_failing_regions_withdraws),
		cmocka_unit_test(a_new_target_clears_votes_and_keeps_the_incident),
		cmocka_unit_test(old_generations_do_nothing),
		cmocka_unit_test(a_tie_is_held_and_never_opens),
		cmocka_unit_test(maintenance_holds_the_alert_and_tells_later),
		cmocka_unit_test(a_down_parent_suppresses),
		cmocka_unit_test(a_suspect_parent_is_waited_for),
		cmocka_unit_test(our_absence_is_not_theirs),
		cmocka_unit_test(a_scheduled_failure_asks_the_others),
		cmocka_unit_test(damaged_states_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
