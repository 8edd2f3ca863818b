/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#define MONITOR 16
#define MIN NP_MIN_US

static bool had(struct world *w, uint64_t checker, int64_t slot_us, uint64_t pinned)
{
	return members_was_assigned(w->s->members, &(struct members_ask){ .region = WORLD_REGION,
									  .checker = checker,
									  .monitor = MONITOR,
									  .pinned = pinned,
									  .slot_us = slot_us });
}

/* Checker 1 alone, then 2 alone, then both. */
static void a_slot_belongs_to_who_served_then(void **state NP_UNUSED)
{
	struct world w;
	world_init(&w, 0);
	int64_t t = w.now_us, late = t + 20 * MIN;
	assert_false(had(&w, 1, t, 0));
	assert_ok(world_fold(&w, world_members(&w, 1, (uint64_t[]){ 1 }, 1)));
	w.now_us += 10 * MIN;
	assert_ok(world_fold(&w, world_members(&w, 2, (uint64_t[]){ 2 }, 1)));
	assert_true(had(&w, 1, t, 0));
	assert_true(had(&w, 1, t - MIN, 0)); /* before the first nobody else had it */
	assert_false(had(&w, 2, t, 0));
	assert_true(had(&w, 2, late, 0));
	assert_false(had(&w, 1, late, 0));
	/* while an assignment travels both count */
	assert_true(had(&w, 1, w.now_us + MEMBERS_HANDOVER_US, 0));
	assert_true(had(&w, 2, w.now_us - MEMBERS_HANDOVER_US, 0));
	assert_false(had(&w, 1, w.now_us + MEMBERS_HANDOVER_US + 1, 0));
	assert_false(had(&w, 2, w.now_us - MEMBERS_HANDOVER_US - 1, 0));
	world_done(&w);
}

static void exactly_one_of_many(void **state NP_UNUSED)
{
	struct world w;
	world_init(&w, 0);
	const uint64_t all[] = { 1, 2, 3, 4, 5 };
	assert_ok(world_fold(&w, world_members(&w, 1, all, NP_LEN(all))));
	size_t n = 0;
	for (size_t i = 0; i < NP_LEN(all); i++)
		n += had(&w, all[i], w.now_us, 0);
	assert_int_equal(n, 1);
	for (size_t i = 0; i < NP_LEN(all); i++)
		assert_true(had(&w, all[i], w.now_us, all[i])); /* pinned */
	assert_false(had(&w, 6, w.now_us, 6)); /* pinned to one who is no member: by hash */
	world_done(&w);
}

static void known_numbers_change_nothing(void **state NP_UNUSED)
{
	struct world w;
	world_init(&w, 0);
	assert_ok(world_fold(&w, world_members(&w, 2, (uint64_t[]){ 1 }, 1)));
	assert_ok(world_fold(&w, world_members(&w, 2, (uint64_t[]){ 2 }, 1)));
	assert_ok(world_fold(&w, world_members(&w, 1, (uint64_t[]){ 3 }, 1)));
	assert_true(membership_has(members_newest(w.s->members, WORLD_REGION), 1));
	world_done(&w);
}

static void history_is_bounded(void **state NP_UNUSED)
{
	struct world w;
	world_init(&w, 0);
	for (uint64_t i = 1; i <= 3 * MEMBERS_HISTORY_MAX; i++) {
		w.now_us += MIN;
		assert_ok(world_fold(&w, world_members(&w, i, (uint64_t[]){ i }, 1)));
	}
	uint64_t newest = 3 * MEMBERS_HISTORY_MAX;
	assert_true(had(&w, newest, w.now_us, 0));
	assert_true(had(&w, newest - MEMBERS_HISTORY_MAX + 1, 0, 0)); /* the oldest kept */
	world_done(&w);
}

/* Some of 1 … 40, by the bits of a number. */
static size_t some(uint64_t bits, uint64_t ret[40])
{
	size_t n = 0;
	for (uint64_t i = 0; i < 40; i++)
		if (bits >> i & 1)
			ret[n++] = i + 1;
	return n;
}

/* What stands in the log of a change gives what the whole list would have given. */
static void a_change_is_as_good_as_the_list(void **state NP_UNUSED)
{
	struct world w;
	struct members *m = members_new();
	uint64_t bits = UINT64_C(0x5ad3f0e1c), list[40];
	assert_non_null(m);
	world_init(&w, 0);
	for (uint64_t number = 1; number <= 50; number++) {
		size_t n = some(bits, list);
		assert_ok(world_fold(&w, world_members(&w, number, list, n)));
		const struct membership *whole = members_newest(w.s->members, WORLD_REGION);
		struct members_short s;
		assert_ok(
			members_shorten(WORLD_REGION, members_newest(m, WORLD_REGION), whole, &s));
		assert_true(s.msg.n_left + 2 * s.msg.n_members <= 2 * n);
		assert_ok(members_add(m, &s.msg));
		members_short_done(&s);
		const struct membership *got = members_newest(m, WORLD_REGION);
		assert_int_equal(got->number, number);
		assert_int_equal(got->n, n);
		assert_memory_equal(got->no, whole->no, n * sizeof *got->no);
		assert_memory_equal(got->hash, whole->hash, n * sizeof *got->hash);
		bits ^= (bits << 7 | 1) & number * UINT64_C(0x9e3779b97f4a7c15);
	}
	members_free(m);
	world_done(&w);
}

static void a_change_needs_the_one_before_it(void **state NP_UNUSED)
{
	struct members *m = members_new();
	uint64_t one[] = { 1 };
	Np__I1__MembershipInput in = NP__I1__MEMBERSHIP_INPUT__INIT;
	assert_non_null(m);
	in.region = WORLD_REGION;
	in.number = 5;
	in.members = in.hashes = one;
	in.n_members = in.n_hashes = 1;
	in.after = 4;
	assert_int_equal(members_add(m, &in), NP_E_CORRUPT);
	in.after = 0;
	in.left = one;
	in.n_left = 1;
	assert_int_equal(members_add(m, &in), NP_E_INVAL);
	in.n_left = 0;
	assert_ok(members_add(m, &in));
	in.number = 7;
	in.after = 6;
	assert_int_equal(members_add(m, &in), NP_E_CORRUPT);
	members_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_belongs_to_who_served_then),
		cmocka_unit_test(exactly_one_of_many),
		cmocka_unit_test(known_numbers_change_nothing),
		cmocka_unit_test(history_is_bounded),
		cmocka_unit_test(a_change_is_as_good_as_the_list),
		cmocka_unit_test(a_change_needs_the_one_before_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
