/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/vote.h"

#define T0 (INT64_C(1700000000) * NP_SEC_US)
#define MINUTE NP_MIN_US

static struct mon_def rules(void)
{
	struct mon_def d = mon_defaults(60000);
	d.no = 1;
	d.revision = 3;
	d.region_n = 1;
	d.region[0] = 1;
	return d;
}

static struct vote_change fold(const struct mon_def *d, struct vote *v, int64_t slot_us,
			       uint32_t attempt, enum res_status s)
{
	int64_t at_us = slot_us + attempt * 5 * NP_SEC_US;
	struct vote_attempt a = {
		.revision = d->revision,
		.slot_us = slot_us,
		.attempt = attempt,
		.start_us = at_us,
		.duration_us = NP_MS_US,
		.received_us = at_us + NP_MS_US,
		.status = s,
		.cls = res_is_pass(s) ? RES_C_NONE : RES_C_REFUSED,
	};
	return vote_fold(d, v, &a, at_us + 2 * NP_MS_US, at_us + 2 * NP_MS_US);
}

/* One letter an attempt (o ok, d degraded, f fail, u unknown, '-' a slot without result, '.' ten of
 * them) against what the region says afterwards. */
static void a_vote_follows_its_attempts(void **state NP_UNUSED)
{
	static const struct {
		const char *attempts;
		enum vote_say say;
		bool fresh;
	} rows[] = {
		{ "", VOTE_NONE, true },      { "o", VOTE_OK, true },
		{ "d", VOTE_OK, true },       { "f", VOTE_NONE, true },
		{ "ff", VOTE_FAIL, true },    { "of", VOTE_OK, true },
		{ "off", VOTE_FAIL, true },   { "fof", VOTE_OK, true },
		{ "ffo", VOTE_FAIL, true },   { "ffoo", VOTE_OK, true },
		{ "ffofo", VOTE_FAIL, true }, { "ffdo", VOTE_OK, true },
		{ "ou", VOTE_NONE, true },    { "ffu", VOTE_NONE, true },
		{ "fuf", VOTE_NONE, true },   { "ffuo", VOTE_OK, true },
		{ "o--", VOTE_OK, true },     { "o.", VOTE_OK, false },
		{ "ff.o", VOTE_OK, true },    { "ff.f", VOTE_NONE, true },
		{ "f.f", VOTE_NONE, true },   { "o.f", VOTE_NONE, true },
		{ "o.ff", VOTE_FAIL, true },  { "oofuff", VOTE_FAIL, true },
	};
	const struct mon_def d = rules();
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct vote v = { 0 };
		int64_t slot_us = T0;
		for (const char *p = rows[i].attempts; *p != '\0'; p++) {
			slot_us += *p == '.' ? 10 * MINUTE : MINUTE;
			if (*p != '-' && *p != '.')
				(void)fold(&d, &v, slot_us, 0,
					   *p == 'o'   ? RES_OK
					   : *p == 'd' ? RES_DEGRADED
					   : *p == 'f' ? RES_FAIL
						       : RES_UNKNOWN);
		}
		if (v.say != rows[i].say ||
		    vote_is_stale(&d, &v, slot_us + NP_SEC_US) == rows[i].fresh)
			fail_msg("\"%s\" says %s", rows[i].attempts,
				 vote_say_name((enum vote_say)v.say));
	}
}

static void only_newer_attempts_vote(void **state NP_UNUSED)
{
	const struct mon_def d = rules();
	struct vote v = { 0 };
	assert_int_equal(fold(&d, &v, T0, 1, RES_OK).took, VOTE_TOOK);
	assert_int_equal(fold(&d, &v, T0, 1, RES_FAIL).took, VOTE_LATE);
	assert_int_equal(fold(&d, &v, T0, 0, RES_FAIL).took, VOTE_LATE);
	assert_int_equal(fold(&d, &v, T0 - MINUTE, 5, RES_FAIL).took, VOTE_LATE);
	assert_int_equal(fold(&d, &v, T0, 2, RES_OK).took, VOTE_TOOK);
	assert_int_equal(v.passes, 2);
}

static void future_slots_touch_nothing(void **state NP_UNUSED)
{
	const struct mon_def d = rules();
	struct vote v = { 0 };
	(void)fold(&d, &v, T0, 0, RES_OK);
	struct vote before = v;
	struct vote_attempt a = { .revision = 3,
				  .slot_us = T0 + 60 * MINUTE,
				  .start_us = T0,
				  .received_us = T0,
				  .status = RES_UNKNOWN,
				  .cls = RES_C_CLOCK };
	assert_int_equal(vote_fold(&d, &v, &a, T0, T0).took, VOTE_AHEAD);
	assert_memory_equal(&v, &before, sizeof v);
	a.slot_us = T0 + 5 * NP_SEC_US;
	a.status = RES_OK;
	assert_int_equal(vote_fold(&d, &v, &a, T0, T0).took, VOTE_TOOK);
}

static void older_revisions_never_vote(void **state NP_UNUSED)
{
	const struct mon_def d = rules();
	struct vote v = { 0 };
	struct vote_attempt a = {
		.revision = 2, .slot_us = T0, .start_us = T0, .received_us = T0, .status = RES_OK
	};
	assert_int_equal(vote_fold(&d, &v, &a, T0, T0).took, VOTE_OLD_REVISION);
	assert_int_equal(v.say, VOTE_NONE);
}

static void a_vote_ends_after_two_and_a_half_intervals(void **state NP_UNUSED)
{
	const struct mon_def d = rules();
	struct vote v = { 0 };
	(void)fold(&d, &v, T0, 0, RES_OK);
	int64_t end_us = vote_expires_us(&d, &v);
	assert_int_equal(end_us - v.heard_us, 150 * NP_SEC_US + 10 * NP_SEC_US);
	assert_false(vote_is_stale(&d, &v, end_us - 1));
	assert_true(vote_is_stale(&d, &v, end_us));
}

static void old_spooled_attempts_are_not_fresh(void **state NP_UNUSED)
{
	const struct mon_def d = rules();
	struct vote v = { 0 };
	struct vote_attempt a = { .revision = 3,
				  .slot_us = T0,
				  .start_us = T0,
				  .received_us = T0 + 60 * MINUTE,
				  .status = RES_OK };
	(void)vote_fold(&d, &v, &a, T0 + 60 * MINUTE, T0 + 60 * MINUTE);
	assert_true(vote_is_stale(&d, &v, T0 + 60 * MINUTE));
}

static void our_absence_ages_no_vote(void **state NP_UNUSED)
{
	const struct mon_def d = rules();
	struct vote v = { 0 };
	(void)fold(&d, &v, T0, 0, RES_OK);
	int64_t end_us = vote_expires_us(&d, &v);
	vote_shift(&v, T0 + NP_SEC_US, T0 + 61 * NP_SEC_US);
	assert_int_equal(vote_expires_us(&d, &v), end_us + MINUTE);
}

static void a_failure_outlives_our_absence(void **state NP_UNUSED)
{
	const struct mon_def d = rules();
	struct vote v = { 0 };
	int64_t back_us = T0 + 60 * MINUTE;
	(void)fold(&d, &v, T0, 0, RES_FAIL);
	(void)fold(&d, &v, T0, 1, RES_FAIL);
	struct vote_attempt a = { .revision = 3,
				  .slot_us = back_us,
				  .start_us = back_us,
				  .received_us = back_us,
				  .status = RES_OK };
	struct vote_change ch = vote_fold(&d, &v, &a, back_us, T0 + MINUTE);
	assert_int_equal(ch.after, VOTE_FAIL); /* one pass is not enough, as if we had been there */
}

static void extras_keep_their_distance(void **state NP_UNUSED)
{
	const struct mon_def d = rules();
	struct vote v = { 0 };
	assert_true(vote_may_ask(&d, &v, T0));
	v.asked_us = T0;
	assert_false(vote_may_ask(&d, &v, T0 + 4 * NP_SEC_US));
	assert_true(vote_may_ask(&d, &v, T0 + 5 * NP_SEC_US));
	(void)fold(&d, &v, T0 + MINUTE, 0, RES_OK);
	assert_true(vote_may_ask(&d, &v, T0 + MINUTE + NP_SEC_US));
	/* right after a failure an extra would make two in a row of one moment */
	(void)fold(&d, &v, T0 + 2 * MINUTE, 0, RES_FAIL);
	assert_false(vote_may_ask(&d, &v, T0 + 2 * MINUTE + NP_SEC_US));
	assert_true(vote_may_ask(&d, &v, T0 + 2 * MINUTE + 6 * NP_SEC_US));
}

static void an_asked_attempt_asks_nobody(void **state NP_UNUSED)
{
	const struct mon_def d = rules();
	struct vote v = { 0 };
	(void)fold(&d, &v, T0, 0, RES_OK);
	v.asked_us = T0 + 4 * NP_SEC_US;
	struct vote_change ch = fold(&d, &v, T0, 1, RES_FAIL);
	assert_true(ch.first_fail && ch.by_ask);
	ch = fold(&d, &v, T0 + MINUTE, 0, RES_OK);
	assert_true(ch.first_pass && !ch.by_ask);
}

static void the_quorum_is_dated_by_starts(void **state NP_UNUSED)
{
	const struct mon_def d = rules();
	struct vote v = { 0 };
	(void)fold(&d, &v, T0, 0, RES_FAIL);
	(void)fold(&d, &v, T0, 1, RES_FAIL);
	assert_int_equal(v.first_fail_us, T0);
	assert_int_equal(v.failed_us, T0 + 5 * NP_SEC_US);
	assert_true(v.said_fail);
	vote_clear(&v);
	assert_false(v.said_fail);
	assert_int_equal(fold(&d, &v, T0, 1, RES_OK).took, VOTE_LATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vote_follows_its_attempts),
		cmocka_unit_test(only_newer_attempts_vote),
		cmocka_unit_test(future_slots_touch_nothing),
		cmocka_unit_test(older_revisions_never_vote),
		cmocka_unit_test(a_vote_ends_after_two_and_a_half_intervals),
		cmocka_unit_test(old_spooled_attempts_are_not_fresh),
		cmocka_unit_test(our_absence_ages_no_vote),
		cmocka_unit_test(a_failure_outlives_our_absence),
		cmocka_unit_test(extras_keep_their_distance),
		cmocka_unit_test(an_asked_attempt_asks_nobody),
		cmocka_unit_test(the_quorum_is_dated_by_starts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
