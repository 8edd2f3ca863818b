/* SPDX-License-Identifier: Apache-2.0 */
/* The spool in its life: answers, restarts, a full disk, whatever order things happen in. */
#include "spoolrig.h"

#include <stdio.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "base/str.h"

static void numbers_begin_at_one_and_follow_each_other(void **state)
{
	(void)state;
	struct srig r = { 0 };
	struct far *f = far_new();
	srig_up(&r);
	for (uint32_t i = 0; i < 100; i++)
		srig_add(&r, i);
	srig_drain(&r, f);
	assert_int_equal(f->stored_n, 100);
	assert_int_equal(f->lost, 0);
	srig_down(&r);
	free(f);
}

static void what_was_not_answered_comes_again_after_a_restart(void **state)
{
	(void)state;
	struct srig r = { 0 };
	struct far *f = far_new();
	srig_up(&r);
	for (uint32_t i = 0; i < 3000; i++)
		srig_add(&r, i);
	uint64_t first_epoch = spool_epoch(r.spool);
	for (uint32_t i = 0; i < 5; i++)
		(void)srig_send(&r, f, i, 100, true);
	srig_reopen(&r);
	assert_true(spool_epoch(r.spool) > first_epoch);
	for (uint32_t i = 3000; i < 3100; i++)
		srig_add(&r, i);
	srig_drain(&r, f);
	assert_int_equal(f->stored_n, 3100);
	assert_int_equal(f->lost, 0);
	srig_nothing_twice(f);
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		assert_true(far_of(f, first_epoch)->end[i]);
	srig_reopen(&r); /* and then it is forgotten */
	struct spool_held held[8];
	assert_int_equal(spool_held(r.spool, held, 8), 0);
	srig_down(&r);
	free(f);
}

static void epochs_grow_though_the_clock_goes_back(void **state)
{
	(void)state;
	struct srig r = { 0 };
	srig_up(&r);
	srig_add(&r, 1);
	uint64_t before = spool_epoch(r.spool);
	r.start_ms = 1;
	srig_reopen(&r);
	assert_int_equal(spool_epoch(r.spool), before + 1);
	srig_down(&r);
}

static void a_backlog_larger_than_memory_is_read_back(void **state)
{
	(void)state;
	struct srig r = { .segment_max = 64 * 1024 };
	struct far *f = far_new();
	srig_up(&r);
	/* one shard, three times its window */
	for (uint32_t i = 0; i < 15000; i++) {
		srig_add_to_0(&r, i);
		if (i % 500 == 0)
			loop_run_for(r.loop, 5);
	}
	spool_unsend(r.spool, SPOOL_ALL_SHARDS);
	int64_t end = clock_mono_ms() + T_PATIENCE_MS;
	while (spool_unanswered(r.spool) > 0 && clock_mono_ms() < end) {
		while (srig_send(&r, f, 0, 1000, true))
			;
		loop_run_for(r.loop, 3);
	}
	assert_int_equal(far_of(f, spool_epoch(r.spool))->last[0], 15000);
	assert_int_equal(f->lost, 0);
	srig_down(&r);
	free(f);
}

static void a_rewind_before_the_window_is_read_from_disk(void **state)
{
	(void)state;
	struct srig r = { 0 };
	struct far *f = far_new();
	srig_up(&r);
	for (uint32_t i = 0; i < 800; i++)
		srig_add(&r, i);
	srig_drain(&r, f);
	memset(f, 0, sizeof *f); /* the other side lost everything */
	for (uint32_t i = 800; i < 816; i++)
		srig_add(&r, i);
	srig_drain(&r, f);
	assert_int_equal(f->stored_n, 816);
	assert_int_equal(f->lost, 0);
	srig_down(&r);
	free(f);
}

static void a_full_spool_drops_the_oldest_as_lost(void **state)
{
	(void)state;
	struct srig r = { .max_bytes = 512 * 1024, .segment_max = 64 * 1024 };
	struct far *f = far_new();
	srig_up(&r);
	for (uint32_t i = 0; i < 50000; i++) {
		srig_add_to_0(&r, i);
		if (i % 200 == 0)
			loop_run_for(r.loop, 1);
	}
	for (int i = 0; i < 200; i++)
		loop_run_for(r.loop, 2);
	srig_reopen(&r); /* drops are remembered */
	spool_unsend(r.spool, SPOOL_ALL_SHARDS);
	int64_t end = clock_mono_ms() + T_PATIENCE_MS;
	while (spool_unanswered(r.spool) > 0 && clock_mono_ms() < end) {
		while (srig_send(&r, f, 0, 1000, true))
			;
		loop_run_for(r.loop, 3);
	}
	assert_true(f->lost > 10000);
	assert_int_equal(f->stored_n + f->lost, 50000);
	srig_down(&r);
	free(f);
}

static void a_disk_that_refuses_writes_loses_no_process(void **state)
{
	(void)state;
	struct srig r = { .segment_max = 256 * 1024 };
	struct far *f = far_new();
	struct rlimit old, small;
	struct sigaction ign = { .sa_handler = SIG_IGN };
	srig_up(&r);
	assert_int_equal(sigaction(SIGXFSZ, &ign, NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 10000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		srig_add(&r, i);
		if (i % 100 == 0)
			loop_run_for(r.loop, 1);
	}
	for (int i = 0; i < 20; i++)
		loop_run_for(r.loop, 5);
	srig_drain(&r, f); /* what fitted into memory goes out all the same */
	assert_int_equal(f->stored_n + f->lost, 20000);
	assert_true(f->stored_n >= 10000);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	for (uint32_t i = 20000; i < 20100; i++)
		srig_add(&r, i);
	srig_reopen(&r);
	srig_drain(&r, f);
	assert_int_equal(f->stored_n + f->lost, 20100);
	srig_nothing_twice(f);
	srig_down(&r);
	free(f);
}

static void an_unsent_epoch_under_closed_below_is_renumbered(void **state)
{
	(void)state;
	struct srig r = { 0 };
	struct far *f = far_new();
	uint64_t below[NP_SHARDS] = { 0 };
	srig_up(&r);
	for (uint32_t i = 0; i < 100; i++)
		srig_add(&r, i);
	srig_reopen(&r);
	for (uint32_t i = 100; i < 200; i++)
		srig_add(&r, i);
	loop_run_for(r.loop, 20);
	below[3] = spool_epoch(r.spool) + 1000;
	spool_closed_below(r.spool, below);
	for (int i = 0; i < 10; i++)
		loop_run_for(r.loop, 5);
	for (uint32_t i = 200; i < 300; i++)
		srig_add(&r, i);
	assert_true(spool_epoch(r.spool) >= below[3]);
	srig_reopen(&r);
	srig_drain(&r, f);
	assert_int_equal(f->stored_n, 300);
	assert_int_equal(f->lost, 0);
	for (size_t i = 0; i < f->n; i++)
		assert_true(f->e[i].epoch >= below[3]);
	srig_down(&r);
	free(f);
}

/* A checker that is cut off and started again and again. */
static void many_starts_without_an_answer_lose_by_count(void **state)
{
	(void)state;
	struct srig r = { 0 };
	struct far *f = far_new();
	uint32_t added = 0;
	srig_up(&r);
	for (int start = 0; start < 300; start++) {
		for (int i = 0; i < 3; i++)
			srig_add_to_0(&r, added++);
		srig_reopen(&r);
	}
	srig_add_to_0(&r, added++);
	srig_reopen(&r); /* what was given up is remembered */
	srig_drain(&r, f);
	assert_int_equal(f->stored_n + f->lost, added);
	assert_true(f->lost > 0 && f->lost < 200);
	srig_nothing_twice(f);
	srig_down(&r);
	free(f);
}

static void a_number_given_up_is_a_loss(void **state)
{
	(void)state;
	struct srig r = { 0 };
	struct far *f = far_new();
	srig_up(&r);
	for (uint32_t i = 0; i < 160; i++)
		srig_add(&r, i);
	loop_run_for(r.loop, 20);
	spool_give_up(r.spool, spool_epoch(r.spool), 5, 3);
	srig_drain(&r, f);
	assert_int_equal(f->stored_n, 159);
	assert_int_equal(f->lost, 1);
	srig_down(&r);
	free(f);
}

/* Random adds, sends, lost answers, rewinds, reconnects and restarts. */
static void whatever_happens_all_is_stored_once_or_told_lost(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 12; seed++) {
		struct srig r = { .segment_max = seed % 3 ? 8192 : 65536 };
		struct far *f = far_new();
		uint64_t x = seed * 0x9e3779b97f4a7c15;
		uint32_t added = 0;
		srig_up(&r);
		for (int step = 0; step < 1500; step++) {
			x = x * 6364136223846793005 + 1442695040888963407;
			unsigned op = (unsigned)(x >> 33) % 100,
				 shard = (unsigned)(x >> 50) % NP_SHARDS;
			if (op < 50)
				for (unsigned i = 0; i < 1 + op % 20 && added < ITEMS_MAX; i++)
					srig_add(&r, added++);
			else if (op < 80)
				(void)srig_send(&r, f, shard, 1 + op, true);
			else if (op < 90)
				(void)srig_send(&r, f, shard, 50, false); /* the answer is lost */
			else if (op < 94)
				spool_unsend(r.spool, SPOOL_ALL_SHARDS);
			else if (op < 98)
				loop_run_for(r.loop, 1);
			else if (op == 98 && step % 5 == 0)
				srig_reopen(&r);
			else if (op == 99) { /* asked for again from any earlier number */
				struct far_epoch *e = far_of(f, spool_epoch(r.spool));
				uint64_t to = e->last[shard] ? 1 + (x >> 20) % e->last[shard] : 1;
				if (to > 0 && e->last[shard] > 0)
					spool_rewind(r.spool, e->epoch, shard, to);
			}
		}
		srig_drain(&r, f);
		if (f->stored_n != added || f->lost)
			printf("seed %u: added %u stored %d lost %d\n", seed, added,
			       (int)f->stored_n, (int)f->lost);
		assert_int_equal(f->lost, 0);
		assert_int_equal(f->stored_n, added);
		srig_nothing_twice(f);
		srig_down(&r);
		free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_begin_at_one_and_follow_each_other),
		cmocka_unit_test(what_was_not_answered_comes_again_after_a_restart),
		cmocka_unit_test(epochs_grow_though_the_clock_goes_back),
		cmocka_unit_test(a_backlog_larger_than_memory_is_read_back),
		cmocka_unit_test(a_rewind_before_the_window_is_read_from_disk),
		cmocka_unit_test(a_full_spool_drops_the_oldest_as_lost),
		cmocka_unit_test(a_disk_that_refuses_writes_loses_no_process),
		cmocka_unit_test(an_unsent_epoch_under_closed_below_is_renumbered),
		cmocka_unit_test(a_number_given_up_is_a_loss),
		cmocka_unit_test(many_starts_without_an_answer_lose_by_count),
		cmocka_unit_test(whatever_happens_all_is_stored_once_or_told_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
