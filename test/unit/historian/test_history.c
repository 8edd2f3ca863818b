/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include "base/clock.h"
#include "historian/flush.h"
#include "lib/servers.h"

static int64_t soon(void)
{
	return clock_mono_ms() + T_PATIENCE_MS;
}

/* What the worker does, but cut where the dice say: read some rows, perhaps forget them. */
static np_err read_some(struct world *w, struct intake *in, size_t rows)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	struct store_cursor to = intake_to(in);
	np_err e = store_log(w->c, intake_shard(in), &to, (uint32_t)rows, &res);
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(res); i++) {
		struct store_cursor at = { (uint64_t)pg_res_i64(res, i, 0),
					   pg_res_time(res, i, 1) };
		if (!intake_fits(in, at.at_us)) {
			intake_pass_time(in, at.at_us);
			break;
		}
		e = intake_row(in, &at, pg_res_str(res, i, 2));
	}
	return e;
}

static struct intake *start(struct world *w, size_t shard)
{
	struct intake *in = intake_new(world_shard(shard));
	struct store_cursor from;
	assert_non_null(in);
	assert_int_equal(pg_conn_ready(w->c, soon()), NP_OK);
	assert_int_equal(store_cursor_read(w->c, world_shard(shard), &from), NP_OK);
	intake_start(in, &from);
	return in;
}

static void flush_some(struct world *w, size_t shard, size_t rows, bool forget)
{
	struct flush_counts n = { 0 };
	struct intake *in = start(w, shard);
	np_err e;
	assert_int_equal(read_some(w, in, rows), NP_OK);
	if (!forget) {
		e = flush_run(w->c, in, &n);
		if (e < 0)
			fail_msg("flush: %s %s", pg_conn_error(w->c)->sqlstate,
				 pg_conn_error(w->c)->message);
	}
	intake_free(in);
}

static void flush_all(struct world *w)
{
	for (size_t k = 0; k < WORLD_SHARDS; k++) {
		struct store_cursor at = { 0 };
		while (at.pos < w->pos[k]) {
			flush_some(w, k, 1000, false);
			assert_int_equal(store_cursor_read(w->c, world_shard(k), &at), NP_OK);
		}
	}
}

static void history_equals_the_log(void **state NP_UNUSED)
{
	for (uint64_t seed = 1; seed <= 3; seed++) {
		struct world *w = world_new(seed);
		for (size_t i = 0; i < 300; i++) {
			world_step(w);
			if (world_roll(w, 4) == 0)
				flush_some(w, world_roll(w, WORLD_SHARDS), 1 + world_roll(w, 40),
					   world_roll(w, 3) == 0);
		}
		flush_all(w);
		assert_true(w->duplicates > 0 && w->refused > 0 && w->incident_n > 0);
		world_check(w);
		world_free(w);
	}
}

static void two_at_once_write_once(void **state NP_UNUSED)
{
	struct world *w = world_new(11);
	struct flush_counts n = { 0 };
	struct intake *a, *b;
	for (size_t i = 0; i < 40; i++)
		world_step(w);
	a = start(w, 0);
	b = start(w, 0);
	assert_int_equal(read_some(w, a, 5), NP_OK);
	assert_int_equal(read_some(w, b, 9), NP_OK);
	assert_int_equal(flush_run(w->c, a, &n), NP_OK);
	assert_int_equal(flush_run(w->c, b, &n), NP_E_FENCED);
	intake_free(a);
	intake_free(b);
	flush_all(w);
	world_check(w);
	world_free(w);
}

static void a_killed_database_costs_nothing(void **state NP_UNUSED)
{
	struct world *w = world_new(12);
	struct flush_counts n = { 0 };
	struct intake *in;
	for (size_t i = 0; i < 60; i++)
		world_step(w);
	flush_some(w, 0, 10, false);
	in = start(w, 0);
	assert_int_equal(read_some(w, in, 10), NP_OK);
	srv_ctl("kill", "pg");
	srv_ctl("kill", "pgbouncer"); /* it would keep us waiting for the server */
	assert_int_equal(flush_run(w->c, in, &n), NP_E_DB_GONE);
	srv_ctl("start", "pg");
	srv_ctl("start", "pgbouncer");
	intake_free(in);
	/* the pooler may still say no for a moment */
	for (int64_t end = soon(); clock_mono_ms() < end;)
		if (pg_conn_ready(w->c, soon()) == NP_OK &&
		    pg_exec(w->c, "SELECT 1", NULL, NULL) == NP_OK)
			break;
	flush_all(w);
	world_check(w);
	world_free(w);
}

static void what_has_no_place_is_counted(void **state NP_UNUSED)
{
	struct world *w = world_new(13);
	struct flush_counts n = { 0 };
	struct intake *in;
	for (size_t i = 0; i < 40; i++)
		world_step(w);
	assert_int_equal(pg_exec_script(w->admin, "DELETE FROM np.monitor WHERE id % 16 = 3"),
			 NP_OK);
	in = start(w, 0);
	assert_int_equal(read_some(w, in, 1000), NP_OK);
	assert_true(intake_len(in) > 0);
	assert_int_equal(flush_run(w->c, in, &n), NP_OK);
	assert_int_equal(n.results, 0);
	assert_true(n.unplaced > 0);
	intake_free(in);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(history_equals_the_log),

		cmocka_unit_test(two_at_once_write_once),
		cmocka_unit_test(a_killed_database_costs_nothing),
		cmocka_unit_test(what_has_no_place_is_counted),

	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
