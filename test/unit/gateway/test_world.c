/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "core/assign.h"
#include "gateway/world.h"
#include "unit/t.h"

struct told {
	struct world *w;
	size_t changed, banned, settled;
};
static struct loop *loop;
static struct told told;

static void on_changed(void *ctx, struct gw_checker *c, uint64_t monitor)
{
	(void)c, (void)monitor;
	((struct told *)ctx)->changed++;
}

static void on_settled(void *ctx)
{
	((struct told *)ctx)->settled++;
}

static void on_banned(void *ctx, struct gw_checker *c)
{
	(void)c;
	((struct told *)ctx)->banned++;
}

static int setup(void **state)
{
	(void)state;
	loop = loop_new(NULL);
	told = (struct told){ 0 };
	const struct world_cfg cfg = { .loop = loop,
				       .changed = on_changed,
				       .settled = on_settled,
				       .banned = on_banned,
				       .ctx = &told };
	told.w = world_new(&cfg);
	return loop && told.w ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	world_stop(told.w);
	loop_free(loop);
	world_free(told.w);
	return 0;
}

static void put_region(uint32_t id, uint64_t org)
{
	struct world_region_row r = { .id = id, .org = org, .name = "eu" };
	assert_ok(world_put_region(told.w, &r));
}

static void put_checker(uint64_t id, uint32_t region, enum gw_state state)
{
	struct world_checker_row r = { .id = id, .org = 1, .region_id = region, .state = state };
	memcpy(r.uuid, &id, sizeof id);
	r.uuid[15] = 7;
	assert_ok(world_put_checker(told.w, &r));
}

static void put_members(uint32_t region, uint64_t number, uint64_t first, size_t n)
{
	struct world_membership_row r = { .region_id = region, .number = number, .n = n };
	r.members = np_calloc(n + 1, sizeof *r.members);
	assert_non_null(r.members);
	for (size_t i = 0; i < n; i++)
		r.members[i] = first + i;
	assert_ok(world_put_membership(told.w, &r));
	free(r.members); /* taken, or an old number */
}

static void put_monitor(uint64_t id, uint32_t revision, uint32_t region, uint64_t pinned)
{
	struct gw_monitor *m = world_monitor_new(1);
	assert_non_null(m);
	m->id = id;
	m->org = 1;
	m->revision = revision;
	m->pinned = pinned;
	m->region_id[0] = region;
	assert_ok(world_put_monitor(told.w, &m));
	assert_null(m);
}

static struct gw_checker *owner(uint64_t monitor, uint32_t region)
{
	struct gw_slot *s = world_slot(told.w, monitor, world_region(told.w, region));
	return s ? s->owner : NULL;
}

static void settle(void)
{
	world_settle(told.w);
	while (!world_is_settled(told.w))
		loop_run_for(loop, 10);
}

/* What core/assign.h says of the same members. */
static uint64_t expected(uint64_t monitor, uint64_t first, size_t n)
{
	uint64_t hash[64];
	for (size_t i = 0; i < n; i++)
		hash[i] = world_checker(told.w, first + i)->hash;
	return first + (uint64_t)asg_pick(monitor, hash, n);
}

static void owners_are_those_of_the_rendezvous_hash(void **state)
{
	(void)state;
	put_region(1, 1);
	for (uint64_t i = 1; i <= 5; i++)
		put_checker(i, 1, GW_ACTIVE);
	for (uint64_t m = 1; m <= 200; m++)
		put_monitor(m, 1, 1, 0);
	settle();
	assert_null(owner(1, 1)); /* nobody is a member yet */
	put_members(1, 1, 1, 5);
	settle();
	size_t owned = 0;
	for (uint64_t m = 1; m <= 200; m++)
		assert_int_equal(owner(m, 1)->id, expected(m, 1, 5));
	for (uint64_t i = 1; i <= 5; i++)
		owned += world_checker(told.w, i)->n_owned;
	assert_int_equal(owned, 200);
}

static void who_leaves_moves_only_its_own(void **state)
{
	(void)state;
	uint64_t before[201];
	owners_are_those_of_the_rendezvous_hash(state);
	for (uint64_t m = 1; m <= 200; m++)
		before[m] = owner(m, 1)->id;
	size_t left = world_checker(told.w, 5)->n_owned;
	told.changed = 0;
	put_members(1, 2, 1, 4);
	settle();
	for (uint64_t m = 1; m <= 200; m++)
		if (before[m] != 5)
			assert_int_equal(owner(m, 1)->id, before[m]);
	assert_int_equal(told.changed, 2 * left); /* the one that lost it, the one that got it */
	assert_int_equal(world_checker(told.w, 5)->n_owned, 0);
	put_members(1, 1, 1, 5); /* an older number changes nothing */
	settle();
	assert_int_equal(world_region(told.w, 1)->n_members, 4);
}

static void pinned_wins_while_it_is_a_member(void **state)
{
	(void)state;
	put_region(1, 1);
	for (uint64_t i = 1; i <= 3; i++)
		put_checker(i, 1, GW_ACTIVE);
	put_members(1, 1, 1, 3);
	put_monitor(7, 1, 1, 3);
	put_monitor(8, 1, 1, 99);
	settle();
	assert_int_equal(owner(7, 1)->id, 3);
	assert_int_equal(owner(8, 1)->id, expected(8, 1, 3));
	put_members(1, 2, 1, 2);
	settle();
	assert_int_equal(owner(7, 1)->id, expected(7, 1, 2));
}

static void a_new_definition_stays_where_it_was(void **state)
{
	(void)state;
	owners_are_those_of_the_rendezvous_hash(state);
	uint64_t was = owner(9, 1)->id;
	size_t on_shard = world_checker(told.w, was)->on_shard[9];
	told.changed = 0;
	put_monitor(9, 2, 1, 0);
	assert_int_equal(owner(9, 1)->id, was); /* before it is picked again, too */
	settle();
	assert_int_equal(owner(9, 1)->id, was);
	assert_true(told.changed > 0);
	assert_int_equal(world_monitor(told.w, 9)->revision, 2);
	assert_int_equal(world_checker(told.w, was)->on_shard[9], on_shard);
	world_del_monitor(told.w, 9);
	assert_null(world_monitor(told.w, 9));
	assert_int_equal(world_checker(told.w, was)->on_shard[9], on_shard - 1);
}

static void a_member_whose_row_comes_later_joins_then(void **state)
{
	(void)state;
	put_region(1, 1);
	put_checker(1, 1, GW_ACTIVE);
	put_members(1, 1, 1, 2);
	for (uint64_t m = 1; m <= 50; m++)
		put_monitor(m, 1, 1, 0);
	settle();
	assert_int_equal(world_checker(told.w, 1)->n_owned, 50);
	put_checker(2, 1, GW_ACTIVE);
	settle();
	for (uint64_t m = 1; m <= 50; m++)
		assert_int_equal(owner(m, 1)->id, expected(m, 1, 2));
}

static void a_ban_is_told_once(void **state)
{
	(void)state;
	put_region(1, 1);
	put_checker(1, 1, GW_ACTIVE);
	put_checker(1, 1, GW_BANNED);
	put_checker(1, 1, GW_BANNED);
	assert_int_equal(told.banned, 1);
	put_checker(2, 1, GW_BANNED); /* banned before we ever saw it */
	assert_int_equal(world_checker(told.w, 2)->state, GW_BANNED);
}

static void private_needs_the_right_and_an_own_region(void **state)
{
	(void)state;
	put_region(1, 1);
	put_region(2, 9);
	put_checker(1, 1, GW_ACTIVE);
	put_members(1, 1, 1, 1);
	put_monitor(5, 1, 1, 0);
	put_monitor(6, 1, 2, 0);
	settle();
	struct gw_slot *own = world_slot(told.w, 5, world_region(told.w, 1));
	struct gw_slot *foreign = world_slot(told.w, 6, world_region(told.w, 2));
	assert_false(world_private_ok(told.w, own));
	uint64_t *orgs = np_calloc(2, sizeof *orgs);
	assert_non_null(orgs);
	orgs[0] = 1;
	orgs[1] = 9;
	told.changed = 0;
	world_put_private(told.w, &orgs, 2);
	assert_null(orgs);
	assert_int_equal(told.changed, 1); /* who runs it hears */
	assert_true(world_private_ok(told.w, own));
	assert_false(world_private_ok(told.w, foreign));
}

/* 10^8 hashes: on a worker, while the loop goes on; later changes cost little. */
static void ten_thousand_by_ten_thousand(void **state)
{
	(void)state;
	enum { N = 10000 };
	put_region(1, 1);
	for (uint64_t i = 1; i <= N; i++)
		put_checker(i, 1, GW_ACTIVE);
	for (uint64_t m = 1; m <= N; m++)
		put_monitor(m, 1, 1, 0);
	put_members(1, 1, 1, N);
	int64_t t = clock_mono_us();
	world_settle(told.w);
	int64_t on_loop = clock_mono_us() - t;
	assert_false(world_is_settled(told.w));
	put_monitor(N + 1, 1, 1, 0); /* changes meanwhile are picked after */
	while (!world_is_settled(told.w) || !told.settled)
		loop_run_for(loop, 50);
	settle();
	size_t owned = 0;
	for (uint64_t i = 1; i <= N; i++)
		owned += world_checker(told.w, i)->n_owned;
	assert_int_equal(owned, N + 1);
	print_message("10,000 by 10,000: %lld us on the loop, %lld ms in all\n", (long long)on_loop,
		      (long long)(clock_mono_us() - t) / 1000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(owners_are_those_of_the_rendezvous_hash, setup,
						teardown),
		cmocka_unit_test_setup_teardown(who_leaves_moves_only_its_own, setup, teardown),
		cmocka_unit_test_setup_teardown(pinned_wins_while_it_is_a_member, setup, teardown),
		cmocka_unit_test_setup_teardown(a_new_definition_stays_where_it_was, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_member_whose_row_comes_later_joins_then, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_ban_is_told_once, setup, teardown),
		cmocka_unit_test_setup_teardown(private_needs_the_right_and_an_own_region, setup,
						teardown),
		cmocka_unit_test_setup_teardown(ten_thousand_by_ten_thousand, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
