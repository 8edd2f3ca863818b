/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>

#include "base/str.h"
#include "core/why.h"

#define NOON (INT64_C(1700049600) * NP_SEC_US) /* 2023-11-15 12:00:00 UTC */

static const np_str names[] = { { "fra1", 4 }, { "ams1", 4 }, { "iad1", 4 } };

struct scene {
	struct mon_def def;
	struct mst st;
	struct why_facts facts;
};

/* Three regions, all OK 14 s ago. */
static struct scene healthy(void)
{
	struct scene s = { .def = mon_defaults(0) };
	s.def.no = s.def.revision = 1;
	s.def.region_n = s.st.region_n = 3;
	s.st.revision = 1;
	s.st.inc.state = STEP_UP;
	s.st.inc.verdict = VD_UP;
	for (uint32_t i = 0; i < 3; i++) {
		s.def.region[i] = s.st.region[i] = i + 1;
		s.st.vote[i] = (struct vote){ .say = VOTE_OK,
					      .status = RES_OK,
					      .passes = 1,
					      .heard_us = NOON - 14 * NP_SEC_US,
					      .first_pass_us = NOON - NP_HOUR_US,
					      .start_us = NOON - 14 * NP_SEC_US };
	}
	s.facts = (struct why_facts){ .now_us = NOON, .region_name = names };
	return s;
}

static void fails(struct scene *s, uint32_t i)
{
	struct vote *v = &s->st.vote[i];
	v->say = VOTE_FAIL;
	v->said_fail = true;
	v->status = RES_FAIL;
	v->cls = RES_C_RESET;
	v->fails = 2;
	v->passes = 0;
	v->first_fail_us = NOON - 53 * NP_SEC_US;
	v->failed_us = NOON - 48 * NP_SEC_US;
}

static void says(const struct scene *s, const char *wanted)
{
	struct why w;
	struct buf out;
	buf_init(&out, 4096);
	why_of(&s->def, &s->st, &s->facts, &w);
	why_sentence(&w, &s->facts, &out);
	if (!str_eq_c(buf_str(&out), wanted))
		fail_msg("said \"%s\"", buf_c(&out));
	buf_done(&out);
}

static void down(struct scene *s)
{
	fails(s, 0);
	fails(s, 1);
	s->st.inc.state = STEP_DOWN;
	s->st.inc.verdict = VD_DOWN;
	s->st.inc.open = s->st.inc.told = true;
	s->st.inc.ordinal = 1;
	s->st.inc.opened_us = NOON - 48 * NP_SEC_US;
}

#define TWO \
	"fra1: TCP reset since 11:59:07 UTC; ams1: TCP reset since 11:59:07 UTC; iad1 OK 14 s ago."

static void up_and_partial(void **state NP_UNUSED)
{
	struct scene s = healthy();
	says(&s, "No alert: 3 of 3 regions say OK. fra1, ams1 and iad1 OK 14 s ago.");
	fails(&s, 0);
	says(&s, "No alert: 1 of 3 regions fails (needs 2). fra1: TCP reset since 11:59:07 UTC; "
		 "ams1 and iad1 OK 14 s ago.");
	s.facts.channels_known = true;
	says(&s, "No alert: 1 of 3 regions fails (needs 2). fra1: TCP reset since 11:59:07 UTC; "
		 "ams1 and iad1 OK 14 s ago. No channel is attached: nobody is told.");
}

static void waiting_and_looking(void **state NP_UNUSED)
{
	struct scene s = healthy();
	fails(&s, 0);
	fails(&s, 1);
	s.st.inc.state = STEP_SUSPECT;
	s.st.inc.timers.of[TMR_CONFIRM].due_us = NOON + 7 * NP_SEC_US;
	says(&s, "2 of 3 fail; alert at 12:00:07 UTC unless it recovers. " TWO);
	s.st.inc.look.asked_us = NOON;
	says(&s, "2 of 3 fail; every region looks once more before an alert. " TWO);
}

static void down_in_its_variants(void **state NP_UNUSED)
{
	struct scene s = healthy();
	down(&s);
	says(&s, "Alert sent, down since 11:59:12 UTC: 2 of 3 regions fail (needs 2). " TWO);
	s.st.inc.acked = true;
	s.st.inc.acked_us = NOON - NP_SEC_US;
	s.facts.acked_by = NP_STR("ops@example.org");
	says(&s,
	     "Alert sent, down since 11:59:12 UTC: 2 of 3 regions fail (needs 2). Reminders held: "
	     "acknowledged by ops@example.org at 11:59:59 UTC. " TWO);
	s.st.inc.by_hand = true;
	s.st.inc.by_hand_us = NOON;
	s.st.inc.timers.of[TMR_REOPEN].due_us = NOON + 10 * NP_MIN_US;
	says(&s,
	     "Resolved by hand at 12:00:00 UTC while still failing; reopens at 12:10:00 UTC unless it "
	     "recovers. " TWO);
	s = healthy();
	down(&s);
	s.st.inc.told = false;
	s.st.inc.maintenance = true;
	says(&s, "Down since 11:59:12 UTC, alert held: maintenance. " TWO);
}

static void recovering(void **state NP_UNUSED)
{
	struct scene s = healthy();
	s.st.inc.state = STEP_RECOVERING;
	s.st.inc.open = s.st.inc.told = true;
	s.st.inc.up_us = NOON - 5 * NP_SEC_US;
	s.st.inc.timers.of[TMR_RECOVER].due_us = NOON + 15 * NP_SEC_US;
	says(&s,
	     "Recovering since 11:59:55 UTC: 3 of 3 OK; resolved at 12:00:15 UTC unless it fails again. "
	     "fra1, ams1 and iad1 OK 14 s ago.");
}

static void no_data_and_off(void **state NP_UNUSED)
{
	struct scene s = healthy();
	s.st.vote[0].ended = s.st.vote[1].ended = true;
	s.st.inc.state = STEP_NODATA;
	s.st.inc.verdict_us = NOON - 10 * NP_SEC_US;
	says(&s,
	     "No data since 11:59:50 UTC: only 1 of 3 regions can speak. fra1: silent since 11:59:46 UTC; "
	     "ams1: silent since 11:59:46 UTC; iad1 OK 14 s ago.");
	s.st.inc.state = STEP_PAUSED;
	s.st.inc.since_us = NOON;
	says(&s, "Paused since 12:00:00 UTC: no checks, no alerts.");
}

static void held_by_whom_and_until_when(void **state NP_UNUSED)
{
	struct scene s = healthy();
	down(&s);
	s.st.inc.told = false;
	s.st.inc.maintenance = true;
	s.st.inc.maintenance_until_us = NOON + NP_HOUR_US;
	says(&s, "Down since 11:59:12 UTC, alert held: maintenance until 13:00:00 UTC. " TWO);
	s.st.inc.maintenance = false;
	s.st.inc.suppressed = true;
	says(&s, "Down since 11:59:12 UTC, alert held: what it depends on is down. " TWO);
	s.st.inc.suppressed = false;
	s.st.inc.quiet = true;
	s.st.inc.quiet_until_us = NOON + 2 * NP_HOUR_US;
	says(&s, "Down since 11:59:12 UTC, alert held: quiet hours until 14:00:00 UTC. " TWO);
	s.st.inc.told = true;
	says(&s, "Alert sent, down since 11:59:12 UTC: 2 of 3 regions fail (needs 2). " TWO
		 " Reminders held: quiet hours until 14:00:00 UTC.");
	s.st.inc.quiet = false;
	s.st.inc.flapping = true;
	s.st.inc.timers.of[TMR_FLAP_OFF].due_us = NOON + 30 * NP_MIN_US;
	says(&s, "Alert sent, down since 11:59:12 UTC: 2 of 3 regions fail (needs 2). " TWO
		 " Reminders held: it is flapping until 12:30:00 UTC.");
	s.st.inc.state = STEP_RECOVERING;
	s.st.inc.up_us = NOON;
	says(&s, "Recovering since 12:00:00 UTC: 1 of 3 OK; kept open because it is flapping. " TWO
		 " Reminders held: it is flapping until 12:30:00 UTC.");
}

static void regions_that_do_not_count(void **state NP_UNUSED)
{
	struct scene s = healthy();
	fails(&s, 0);
	s.st.vote[0].suspect = true;
	s.st.vote[1].ended = s.st.vote[1].banned = true;
	says(&s, "No alert: 1 of 3 regions says OK. fra1: suspect, does not count; "
		 "ams1: its checker was banned; iad1 OK 14 s ago.");
	s = healthy();
	s.def.quorum = MON_Q_NUMBER;
	s.def.quorum_n = 3;
	fails(&s, 0);
	s.st.vote[1].ended = true;
	says(&s,
	     "No alert: 1 of 3 regions fails (needs 3). fra1: TCP reset since 11:59:07 UTC; "
	     "ams1: silent since 11:59:46 UTC; iad1 OK 14 s ago. The quorum needs 3, only 2 can "
	     "speak.");
}

static void what_else_is_worth_saying(void **state NP_UNUSED)
{
	struct scene s = healthy();
	down(&s);
	s.facts.channels_known = true;
	s.facts.channels = 2;
	s.facts.channels_dead = 1;
	s.facts.channels_unsure = 1;
	says(&s,
	     "Alert sent, down since 11:59:12 UTC: 2 of 3 regions fail (needs 2). " TWO
	     " Delivery to 1 of 2 channels is dead. Whether 1 of 2 channels got it is uncertain.");
	s.facts.channels_dead = 0;
	s.facts.channels_unsure = 0;
	s.facts.channels_digest = 1;
	says(&s, "Alert sent, down since 11:59:12 UTC: 2 of 3 regions fail (needs 2). " TWO
		 " 1 of 2 channels hears it in a digest.");
	s.facts.channels_digest = 0;
	s.facts.channels_dead = 2;
	says(&s, "Alert sent, down since 11:59:12 UTC: 2 of 3 regions fail (needs 2). " TWO
		 " Delivery to every channel is dead.");
	s = healthy();
	s.st.revision = 2;
	s.st.inc.rules_us = NOON - NP_SEC_US;
	says(&s, "No alert: 3 of 3 regions say OK. fra1, ams1 and iad1 OK 14 s ago. "
		 "The rules just changed.");
	s = healthy();
	down(&s);
	s.st.vote[0].ended = s.st.vote[1].ended = true;
	s.st.inc.verdict = VD_NODATA;
	says(&s,
	     "Alert sent, down since 11:59:12 UTC, and no data now: only 1 of 3 regions can speak. "
	     "fra1: silent since 11:59:46 UTC (failing before); ams1: silent since 11:59:46 UTC (failing "
	     "before); iad1 OK 14 s ago.");
}

/* Nobody to tell: then nothing was sent, whatever the rules decided. */
static void without_a_channel_nothing_was_sent(void **state NP_UNUSED)
{
	struct scene s = healthy();
	down(&s);
	s.facts.channels_known = true;
	s.facts.channels = 0;
	says(&s, "Down since 11:59:12 UTC: 2 of 3 regions fail (needs 2). " TWO
		 " No channel is attached: nobody is told.");
}

static void json_is_whole(void **state NP_UNUSED)
{
	struct scene s = healthy();
	struct why w;
	struct buf out;
	struct jsonw j;
	buf_init(&out, 16384);
	down(&s);
	why_of(&s.def, &s.st, &s.facts, &w);
	jsonw_init(&j, &out);
	why_json(&w, &s.facts, &j);
	assert_int_equal(buf_failed(&out), NP_OK);
	json_t *v = json_loadb(out.p, out.n, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(v);
	assert_string_equal(json_string_value(json_object_get(v, "code")), "alerted");
	const json_t *e = json_object_get(v, "evidence");
	assert_int_equal(json_integer_value(json_object_get(e, "need")), 2);
	assert_int_equal(json_array_size(json_object_get(e, "regions")), 3);
	json_decref(v);
	buf_done(&out);
}

static void stored_evidence_speaks_too(void **state NP_UNUSED)
{
	struct scene s = healthy();
	struct vd_evidence e;
	struct buf out;
	down(&s);
	mst_evidence(&s.def, &s.st, NOON, &e);
	buf_init(&out, 4096);
	why_evidence_sentence(&e, &s.facts, &out);
	if (!str_eq_c(buf_str(&out), "2 of 3 regions fail (needs 2). " TWO))
		fail_msg("%s", buf_c(&out));
	buf_done(&out);
}

/* What is read tomorrow says the day, and neither "just" nor "ago". */
static void what_is_kept_stays_true(void **state NP_UNUSED)
{
	struct scene s = healthy();
	s.facts.kept = true;
	s.facts.rules_changed = true;
	says(&s, "No alert: 3 of 3 regions say OK. fra1, ams1 and iad1 OK at 11:59:46 UTC.");
	down(&s);
	s.st.inc.opened_us = NOON - NP_DAY_US;
	s.st.inc.told = false;
	s.st.inc.quiet = true;
	s.st.inc.quiet_until_us = NOON + 19 * NP_HOUR_US;
	says(&s, "Down since 2023-11-14 12:00:00 UTC, alert held: quiet hours until 2023-11-16 "
		 "07:00:00 UTC. fra1: TCP reset since 11:59:07 UTC; ams1: TCP reset since "
		 "11:59:07 UTC; iad1 OK at 11:59:46 UTC.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(up_and_partial),
		cmocka_unit_test(waiting_and_looking),
		cmocka_unit_test(down_in_its_variants),
		cmocka_unit_test(recovering),
		cmocka_unit_test(no_data_and_off),
		cmocka_unit_test(held_by_whom_and_until_when),
		cmocka_unit_test(regions_that_do_not_count),
		cmocka_unit_test(what_else_is_worth_saying),
		cmocka_unit_test(without_a_channel_nothing_was_sent),
		cmocka_unit_test(json_is_whole),
		cmocka_unit_test(stored_evidence_speaks_too),
		cmocka_unit_test(what_is_kept_stays_true),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
