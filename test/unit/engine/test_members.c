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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_slot_belongs_to_who_served_then),
		cmocka_unit_test(exactly_one_of_many),
		cmocka_unit_test(known_numbers_change_nothing),
		cmocka_unit_test(history_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
