/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <poll.h>

#include "base/clock.h"
#include "base/str.h"
#include "engine/logread.h"
#include "historian/pack.h"
#include "historian/worker.h"
#include "lib/servers.h"

static int64_t soon(void)
{
	return clock_mono_ms() + T_PATIENCE_MS;
}

static void must(struct world *w, const char *sql)
{
	assert_int_equal(pg_conn_ready(w->admin, soon()), NP_OK);
	if (pg_exec_script(w->admin, sql) < 0)
		fail_msg("%s: %s", sql, pg_conn_error(w->admin)->message);
}

static int64_t ask(struct world *w, const char *sql)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	assert_int_equal(pg_conn_ready(w->admin, soon()), NP_OK);
	assert_int_equal(pg_exec(w->admin, sql, NULL, &r), NP_OK);
	return pg_res_i64(r, 0, 0);
}

/* ---- when is it a block? ---- */

#define DAY INT64_C(1767225600000000) /* a midnight */

static size_t plan(size_t n, int64_t first_us, int64_t step_us, size_t bytes, int64_t now_us)
{
	static struct pack_row row[PACK_ROWS];
	for (size_t i = 0; i < n; i++)
		row[i] = (struct pack_row){ 5 + i, first_us + (int64_t)i * step_us, 10, bytes };
	return pack_plan(row, n, now_us);
}

static void a_block_is_full_or_old_or_its_day_is_over(void **state NP_UNUSED)
{
	int64_t noon = DAY + NP_DAY_US / 2, later = noon + PACK_WAIT_US + NP_MIN_US;
	struct pack_row hole[3] = { { 5, noon, 1, 1 }, { 6, noon, 1, 1 }, { 8, noon, 1, 1 } };
	assert_int_equal(plan(0, noon, 1, 100, later), 0);
	assert_int_equal(plan(99, noon, 1, 100, later), 0);    /* 990 items */
	assert_int_equal(plan(100, noon, 1, 100, later), 100); /* 1,000, and an hour old */
	assert_int_equal(plan(100, noon, 1, 100, later - 2 * NP_MIN_US), 0);
	assert_int_equal(plan(10, noon, 1, PACK_RAW / 4, noon), 4); /* full */
	assert_int_equal(plan(PACK_ROWS, noon, 1, 1, noon), PACK_ROWS);
	assert_int_equal(plan(1, noon, 1, 1, DAY + NP_DAY_US + PACK_AGE_US), 1);
	assert_int_equal(plan(1, noon, 1, 1, DAY + NP_DAY_US + PACK_AGE_US - 1), 0);
	assert_int_equal(plan(10, DAY + NP_DAY_US - 3, 1, 1, DAY + NP_DAY_US),
			 3); /* never across */
	assert_int_equal(pack_plan(hole, 3, noon), 2);
	assert_int_equal(plan(1, noon, 1, 100 * PACK_RAW, noon), 1); /* one that is too large */
}

/* ---- moving ---- */

/* Everything read, snapshots at the end: all may go. The log as it was is kept aside. */
static void ripen(struct world *w)
{
	must(w, "DROP TABLE IF EXISTS public.was; CREATE TABLE public.was AS SELECT * FROM np.log;"
		"UPDATE np.historian_cursor h SET pos = s.pos FROM np.shard s WHERE s.id = h.shard;"
		"INSERT INTO np.snapshot SELECT id, pos - k, now(), '' FROM np.shard,"
		" generate_series(0, 1) k WHERE pos > 1");
}

static void expect_row(const struct pg_res *was, size_t i, const struct logpack_row *row)
{
	assert_int_equal(row->pos, pg_res_i64(was, i, 0));
	assert_int_equal(row->at_us, pg_res_time(was, i, 1));
	assert_int_equal(row->items, pg_res_i64(was, i, 2));
	assert_true(str_eq(row->inputs, pg_res_str(was, i, 3)));
}

static struct pg_res *as_it_was(struct world *w, uint32_t shard)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	struct pg_res *was = NULL;
	pg_params_init(&p);
	pg_params_i16(&p, (int16_t)shard);
	assert_int_equal(pg_conn_ready(w->admin, soon()), NP_OK);
	assert_int_equal(pg_exec(w->admin,
				 "SELECT pos, at, items, inputs FROM public.was WHERE shard = $1"
				 " ORDER BY pos",
				 &p, &was),
			 NP_OK);
	return was;
}

/* The reader yields the log as it was, while `between` is called now and then. */
static void expect_all(struct world *w, void (*between)(struct world *w, uint32_t shard))
{
	for (size_t k = 0; k < WORLD_SHARDS; k++) {
		NP_CLEANUP(pg_res_free_p) struct pg_res *was = as_it_was(w, world_shard(k));
		NP_CLEANUP(logread_done) struct logread r;
		struct logpack_row row;
		pg_conn_deadline(w->admin, soon());
		logread_init(&r, w->admin, world_shard(k), 0, INT64_MIN);
		for (size_t i = 0; i < pg_res_rows(was); i++) {
			if (between && i % 50 == 7)
				between(w, world_shard(k));
			assert_int_equal(logread_next(&r, &row), NP_OK);
			expect_row(was, i, &row);
		}
		assert_int_equal(logread_next(&r, &row), NP_E_NOTFOUND);
	}
}

static size_t pack_one(struct world *w, uint32_t shard)
{
	size_t rows = 0;
	assert_int_equal(pg_conn_ready(w->c, soon()), NP_OK);
	if (pack_turn(w->c, shard, clock_wall_us(), &rows) < 0)
		fail_msg("pack: %s", pg_conn_error(w->c)->message);
	return rows;
}

static void pack_between(struct world *w, uint32_t shard)
{
	(void)pack_one(w, shard);
}

static void steps(struct world *w, size_t n)
{
	for (size_t i = 0; i < n; i++)
		world_step(w);
}

static void nothing_is_lost_and_days_stay_apart(void **state NP_UNUSED)
{
	struct world *w = world_new(31);
	size_t moved = 0, n;
	steps(w, 500);
	for (size_t k = 0; k < WORLD_SHARDS; k++)
		assert_int_equal(pack_one(w, world_shard(k)), 0); /* nobody has read it */
	ripen(w);
	for (size_t k = 0; k < WORLD_SHARDS; k++)
		while ((n = pack_one(w, world_shard(k))) > 0)
			moved += n;
	assert_true(moved > 50);
	assert_int_equal(ask(w, "SELECT count(*) FROM np.log"), 500 - (int64_t)moved);
	assert_int_equal(ask(w, "SELECT count(*) FROM np.log_packed WHERE"
				" date_trunc('day', at, 'UTC') <> date_trunc('day', to_at, 'UTC')"),
			 0);
	assert_int_equal(ask(w, "SELECT sum(items) FROM (SELECT items FROM np.log UNION ALL"
				" SELECT items FROM np.log_packed) x"),
			 ask(w, "SELECT sum(items) FROM public.was"));
	expect_all(w, NULL);
	world_free(w);
}

static void rows_that_somebody_may_read_stay(void **state NP_UNUSED)
{
	struct world *w = world_new(32);
	steps(w, 300);
	ripen(w);
	/* one shard without a second snapshot, the other read only so far */
	must(w,
	     "DELETE FROM np.snapshot WHERE shard = 3 AND pos < (SELECT max(pos) FROM np.snapshot"
	     " WHERE shard = 3); UPDATE np.historian_cursor SET pos = 20 WHERE shard = 4");
	assert_int_equal(pack_one(w, 3), 0);
	while (pack_one(w, 4) > 0)
		;
	assert_int_equal(ask(w, "SELECT min(pos) FROM np.log WHERE shard = 4"), 21);
	assert_int_equal(ask(w, "SELECT max(to_pos) FROM np.log_packed"), 20);
	expect_all(w, NULL);
	world_free(w);
}

static void a_reader_sees_each_row_once_while_rows_move(void **state NP_UNUSED)
{
	struct world *w = world_new(33);
	steps(w, 500);
	ripen(w);
	expect_all(w, pack_between);
	assert_true(ask(w, "SELECT count(*) FROM np.log_packed") > 0);
	expect_all(w, NULL);
	world_free(w);
}

/* The whole role at work, its database killed under it. */
static void kills_lose_nothing(void **state NP_UNUSED)
{
	struct world *w = world_new(34);
	struct metrics *m = metrics_new("historian");
	struct worker_cfg cfg = {
		.database = world_conf(), .name = "p1", .metrics = m, .keep = WORLD_KEEP
	};
	struct worker *k = NULL;
	steps(w, 400);
	ripen(w);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(worker_start(&cfg, &k), NP_OK);
		poll(NULL, 0, (int)world_roll(w, 700));
		srv_ctl("kill", "pg");
		srv_ctl("start", "pg");
		worker_stop(k);
		must(w, "DELETE FROM np.lease");
	}
	assert_int_equal(worker_start(&cfg, &k), NP_OK);
	int64_t end = clock_mono_ms() + 2 * T_PATIENCE_MS;
	while (ask(w, "SELECT count(*) FROM np.log WHERE at < date_trunc('day', now(), 'UTC')") >
	       0) {
		assert_true(clock_mono_ms() < end);
		poll(NULL, 0, 20);
	}
	worker_stop(k);
	expect_all(w, NULL);
	metrics_free(m);
	world_free(w);
}

static void packed_days_are_dropped_whole(void **state NP_UNUSED)
{
	struct world *w = world_new(35);
	struct upkeep_keep keep = WORLD_KEEP;
	must(w, "SELECT np.make_partitions(current_date - 20, current_date - 10)");
	(void)world_upkeep(w, &keep);
	assert_int_equal(
		ask(w, "SELECT count(*) FROM pg_inherits WHERE inhparent ="
		       " 'np.log_packed'::regclass"),
		ask(w, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'np.log'::regclass"));
	assert_int_equal(ask(w, "SELECT count(*) FROM pg_inherits WHERE inhparent ="
				" 'np.log_packed'::regclass"),
			 9);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_block_is_full_or_old_or_its_day_is_over),
		cmocka_unit_test(nothing_is_lost_and_days_stay_apart),
		cmocka_unit_test(rows_that_somebody_may_read_stay),
		cmocka_unit_test(a_reader_sees_each_row_once_while_rows_move),
		cmocka_unit_test(kills_lose_nothing),
		cmocka_unit_test(packed_days_are_dropped_whole),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
