/* SPDX-License-Identifier: Apache-2.0 */
#include "../t.h"

#include "engine/presence.h"

#define REGION 3
#define T0 (1700000000 * NP_SEC_US)

struct fixture {
	struct presence *p;
	struct members *m;
	size_t plans;
};

static int setup(void **state)
{
	static struct fixture f;
	f = (struct fixture){ .p = presence_new(), .m = members_new() };
	*state = &f;
	return f.p && f.m ? 0 : -1;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	presence_free(f->p);
	members_free(f->m);
	return 0;
}

static void enrol(struct fixture *f, uint64_t checker, bool banned, bool draining)
{
	struct msg *m = msg_new(MSG_CHECKERS);
	struct msg_checker *k = msg_grow(m, sizeof *k);
	*k = (struct msg_checker){ .no = checker,
				   .hash = checker * 31 + 1,
				   .org = 1,
				   .region = REGION,
				   .banned = banned,
				   .draining = draining };
	presence_register(f->p, m);
	msg_free(m);
}

static void hear(struct fixture *f, uint64_t checker, int64_t at_us)
{
	assert_non_null(presence_hear(f->p, &(struct presence_word){ .checker = checker,
								     .region = REGION,
								     .now_us = at_us }));
}

static void take(void *ctx, const Np__I1__MembershipInput *m)
{
	struct fixture *f = ctx;
	f->plans++;
	assert_ok(members_add(f->m, m));
}

/* Plan, and compare the members with a list that ends in 0. */
static void expect(struct fixture *f, int64_t at_us, const uint64_t *want)
{
	(void)presence_take_change(f->p);
	assert_ok(presence_plan(
		f->p,
		&(struct presence_plan){ .now = f->m, .now_us = at_us, .fn = take, .ctx = f }));
	const struct membership *now = members_newest(f->m, REGION);
	size_t n = 0;
	for (; want[n]; n++)
		assert_true(now && membership_has(now, want[n]));
	assert_int_equal(now ? now->n : 0, n);
}
#define LIST(...) ((const uint64_t[]){ __VA_ARGS__, 0 })

static void who_is_heard_serves(void **state)
{
	struct fixture *f = *state;
	enrol(f, 1, false, false);
	enrol(f, 2, false, false);
	expect(f, T0, LIST(0));
	hear(f, 1, T0);
	assert_true(presence_take_change(f->p));
	expect(f, T0, LIST(1));
	hear(f, 2, T0 + NP_SEC_US);
	expect(f, T0 + 2 * NP_SEC_US, LIST(1, 2));
	hear(f, 1, T0 + 50 * NP_SEC_US);
	expect(f, T0 + 70 * NP_SEC_US, LIST(1)); /* 2 was silent for a minute */
	assert_int_equal(f->plans, 3);
}

static void the_last_one_stays(void **state)
{
	struct fixture *f = *state;
	enrol(f, 1, false, false);
	enrol(f, 2, false, false);
	hear(f, 1, T0);
	hear(f, 2, T0 + NP_SEC_US);
	expect(f, T0 + NP_SEC_US, LIST(1, 2));
	expect(f, T0 + 500 * NP_SEC_US, LIST(2)); /* the one that was heard last */
	expect(f, T0 + 9000 * NP_SEC_US, LIST(2));
}

static void the_banned_never_serve(void **state)
{
	struct fixture *f = *state;
	enrol(f, 1, false, false);
	enrol(f, 2, false, false);
	hear(f, 1, T0);
	hear(f, 2, T0);
	expect(f, T0, LIST(1, 2));
	enrol(f, 1, true, false);
	hear(f, 1, T0 + 1);
	expect(f, T0 + 2, LIST(2)); /* at once, however young the membership is */
	enrol(f, 2, true, false);
	expect(f, T0 + 3, LIST(0)); /* not even as the last one */
}

static void the_draining_serve_only_alone(void **state)
{
	struct fixture *f = *state;
	enrol(f, 1, false, true);
	hear(f, 1, T0);
	expect(f, T0, LIST(1));
	enrol(f, 2, false, false);
	hear(f, 2, T0 + NP_SEC_US);
	expect(f, T0 + 2 * NP_SEC_US, LIST(2));
}

static void the_unknown_do_not_serve(void **state)
{
	struct fixture *f = *state;
	hear(f, 1, T0);
	expect(f, T0, LIST(0));
	enrol(f, 1, false, false);
	assert_true(presence_take_change(f->p));
	expect(f, T0, LIST(1));
}

static void members_settle(void **state)
{
	struct fixture *f = *state;
	for (uint64_t i = 1; i <= 3; i++)
		enrol(f, i, false, false);
	hear(f, 1, T0);
	expect(f, T0, LIST(1));
	hear(f, 2, T0 + 1000);
	expect(f, T0 + 1000, LIST(1)); /* not twice within a second … */
	assert_true(presence_take_change(f->p));
	hear(f, 3, T0 + NP_SEC_US);
	expect(f, T0 + NP_SEC_US, LIST(1, 2, 3)); /* … then both at once */
	assert_int_equal(f->plans, 2);
}

static void silence_is_told_once(void **state)
{
	struct fixture *f = *state;
	const struct presence_one *silent[4];
	hear(f, 1, T0);
	hear(f, 2, T0 + 30 * NP_SEC_US);
	assert_int_equal(presence_silent(f->p, T0 + 59 * NP_SEC_US, silent, 4), 0);
	assert_int_equal(presence_silent(f->p, T0 + 60 * NP_SEC_US, silent, 4), 1);
	assert_int_equal(silent[0]->checker, 1);
	assert_int_equal(presence_silent(f->p, T0 + 61 * NP_SEC_US, silent, 4), 0);
	hear(f, 1, T0 + 70 * NP_SEC_US);
	assert_int_equal(presence_silent(f->p, T0 + 200 * NP_SEC_US, silent, 4), 2);
}

/* Our own absence is nobody's silence. */
static void absence_shifts(void **state)
{
	struct fixture *f = *state;
	const struct presence_one *silent[4];
	hear(f, 1, T0);
	presence_shift(f->p, 100 * NP_SEC_US);
	assert_int_equal(presence_silent(f->p, T0 + 159 * NP_SEC_US, silent, 4), 0);
	assert_int_equal(presence_silent(f->p, T0 + 160 * NP_SEC_US, silent, 4), 1);
}

#define WITH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH(who_is_heard_serves),      WITH(the_last_one_stays),
		WITH(the_banned_never_serve),   WITH(the_draining_serve_only_alone),
		WITH(the_unknown_do_not_serve), WITH(members_settle),
		WITH(silence_is_told_once),     WITH(absence_shifts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
