/* SPDX-License-Identifier: Apache-2.0 */
/* What people do to monitors and incidents, in the small world of sim.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scene.h"

static void acknowledging_stops_reminders_until_it_lapses(void **state NP_UNUSED)
{
	start(3);
	go_down();
	sim_command(&s, CMD_ACKNOWLEDGE);
	assert_int_equal(s.step.refusal, STEP_DONE);
	sim_command(&s, CMD_ACKNOWLEDGE);
	assert_int_equal(s.step.refusal, STEP_ALREADY_ACKED);
	assert_int_equal(s.notices[STEP_N_ACKNOWLEDGED], 1);
	pass(23 * NP_HOUR_US);
	assert_int_equal(s.notices[STEP_N_REMINDER], 0);
	assert_true(s.st.inc.acked);
	pass(2 * NP_HOUR_US);
	assert_false(s.st.inc.acked);
	assert_true(s.notices[STEP_N_REMINDER] >= 1);
}

static void unacknowledging_starts_them_again(void **state NP_UNUSED)
{
	start(3);
	go_down();
	sim_command(&s, CMD_UNACKNOWLEDGE);
	assert_int_equal(s.step.refusal, STEP_NOT_ACKED);
	sim_command(&s, CMD_ACKNOWLEDGE);
	sim_command(&s, CMD_UNACKNOWLEDGE);
	pass(NP_HOUR_US + NP_MIN_US);
	assert_int_equal(s.notices[STEP_N_REMINDER], 1);
}

static void resolved_by_hand_while_down_reopens(void **state NP_UNUSED)
{
	start(3);
	go_down();
	sim_command(&s, CMD_ACKNOWLEDGE);
	sim_command(&s, CMD_RESOLVE);
	assert_int_equal(s.step.refusal, STEP_DONE);
	assert_int_equal(s.closed, 0);
	sim_command(&s, CMD_RESOLVE);
	assert_int_equal(s.step.refusal, STEP_ALREADY_RESOLVED);
	pass(9 * NP_MIN_US);
	assert_int_equal(s.notices[STEP_N_REOPENED], 0);
	pass(2 * NP_MIN_US);
	assert_int_equal(s.notices[STEP_N_REOPENED], 1);
	assert_false(s.st.inc.acked);
	assert_int_equal(s.opened, 1);
}

static void resolved_by_hand_and_recovered_closes_quietly(void **state NP_UNUSED)
{
	start(3);
	go_down();
	sim_command(&s, CMD_RESOLVE);
	come_back();
	pass(5 * NP_MIN_US);
	assert_int_equal(s.closed, 1);
	assert_int_equal(s.notices[STEP_N_REOPENED], 0);
}

static void resolved_by_hand_without_data_closes(void **state NP_UNUSED)
{
	start(3);
	go_down();
	all_dead(true);
	pass(10 * NP_MIN_US);
	sim_command(&s, CMD_RESOLVE);
	assert_int_equal(s.closed, 1);
	assert_int_equal(s.reason, STEP_CLOSE_BY_HAND);
	assert_int_equal(s.st.inc.state, STEP_NODATA);
	all_dead(false);
	come_back();
	pass(10 * NP_MIN_US);
	assert_int_equal(s.st.inc.state, STEP_UP);
}

static void a_closed_episode_holds_nothing(void **state NP_UNUSED)
{
	sim_init(&s, 3, 60000, 1);
	s.def.quorum = MON_Q_ANY;
	sim_run(&s, UP_AT);
	go_down();
	all_dead(true);
	pass(10 * NP_MIN_US);
	sim_command(&s, CMD_RESOLVE);
	come_back();
	s.checker[1].dead = s.checker[2].dead = false; /* the first stays away for good */
	pass(10 * NP_MIN_US);
	assert_int_equal(s.st.inc.state, STEP_UP);
}

static void pausing_closes_and_unpausing_starts_anew(void **state NP_UNUSED)
{
	start(3);
	go_down();
	sim_command(&s, CMD_PAUSE);
	assert_int_equal(s.st.inc.state, STEP_PAUSED);
	assert_int_equal(s.reason, STEP_CLOSE_PAUSED);
	assert_int_equal(s.notices[STEP_N_RESOLVED], 1);
	pass(NP_HOUR_US);
	assert_int_equal(s.opened, 1);
	sim_command(&s, CMD_UNPAUSE);
	assert_int_equal(s.st.inc.state, STEP_PENDING);
	assert_int_equal(s.st.vote[0].say, VOTE_NONE);
	pass(5 * NP_MIN_US);
	assert_int_equal(s.opened, 2); /* still down: a new incident */
}

static void deleted_is_the_end(void **state NP_UNUSED)
{
	start(3);
	go_down();
	sim_command(&s, CMD_DELETE);
	assert_int_equal(s.reason, STEP_CLOSE_DELETED);
	sim_command(&s, CMD_UNPAUSE);
	assert_int_equal(s.step.refusal, STEP_IS_DELETED);
	pass(NP_HOUR_US);
	assert_int_equal(s.opened, 1);
}

static void paused_in_the_rules_is_a_pause(void **state NP_UNUSED)
{
	start(3);
	s.def.paused = true;
	s.def.revision = 2;
	sim_apply(&s, (struct mst_event){ .kind = MST_RULES });
	assert_int_equal(s.st.inc.state, STEP_PAUSED);
	s.def.paused = false;
	s.def.revision = 3;
	sim_apply(&s, (struct mst_event){ .kind = MST_RULES });
	assert_int_equal(s.st.inc.state, STEP_PENDING);
	pass(5 * NP_MIN_US);
	assert_int_equal(s.st.inc.state, STEP_UP);
}

/* Region 1 is asked and fails after the gap: the others are not asked on its account. */
static void a_check_now_causes_no_further_one(void **state NP_UNUSED)
{
	start(3);
	pass(10 * NP_SEC_US);
	sim_command(&s, CMD_CHECK_NOW);
	struct mst_event ev = region_event(MST_RESULT, 1);
	s.now_us += 6 * NP_SEC_US;
	ev.result = (struct vote_attempt){ .revision = 1,
					   .slot_us = s.st.vote[0].slot_us,
					   .attempt = s.st.vote[0].attempt + 1,
					   .start_us = s.now_us - 6 * NP_SEC_US,
					   .duration_us = 6 * NP_SEC_US,
					   .received_us = s.now_us,
					   .status = RES_FAIL,
					   .cls = RES_C_TIMEOUT };
	uint32_t before = s.asks;
	sim_apply(&s, ev);
	assert_int_equal(s.st.vote[0].fails, 1);
	assert_int_equal(s.asks, before);
}

static void check_now_by_a_person_asks_everybody_once(void **state NP_UNUSED)
{
	start(3);
	pass(10 * NP_SEC_US);
	sim_command(&s, CMD_CHECK_NOW);
	assert_int_equal(s.step.refusal, STEP_DONE);
	assert_int_equal(s.step.action[0].kind, STEP_CHECK_NOW);
	assert_int_equal(s.step.action[0].check.mask, 7);
	sim_command(&s, CMD_CHECK_NOW);
	assert_int_equal(s.step.refusal, STEP_TOO_SOON);
}

static void commands_without_incident_are_refused(void **state NP_UNUSED)
{
	static const enum cmd_kind need[] = { CMD_ACKNOWLEDGE, CMD_UNACKNOWLEDGE, CMD_RESOLVE,
					      CMD_REOPEN, CMD_NOTE };
	start(3);
	for (size_t i = 0; i < NP_LEN(need); i++) {
		sim_command(&s, need[i]);
		assert_int_equal(s.step.refusal, STEP_NO_INCIDENT);
	}
	sim_command(&s, CMD_UNPAUSE);
	assert_int_equal(s.step.refusal, STEP_NOT_PAUSED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(acknowledging_stops_reminders_until_it_lapses),
		cmocka_unit_test(unacknowledging_starts_them_again),
		cmocka_unit_test(resolved_by_hand_while_down_reopens),
		cmocka_unit_test(resolved_by_hand_and_recovered_closes_quietly),
		cmocka_unit_test(resolved_by_hand_without_data_closes),
		cmocka_unit_test(a_closed_episode_holds_nothing),
		cmocka_unit_test(pausing_closes_and_unpausing_starts_anew),
		cmocka_unit_test(deleted_is_the_end),
		cmocka_unit_test(paused_in_the_rules_is_a_pause),
		cmocka_unit_test(a_check_now_causes_no_further_one),
		cmocka_unit_test(check_now_by_a_person_asks_everybody_once),
		cmocka_unit_test(commands_without_incident_are_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
