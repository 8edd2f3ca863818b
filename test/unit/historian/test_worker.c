/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <poll.h>

#include "base/clock.h"
#include "historian/worker.h"
#include "lib/servers.h"

static struct worker *worker_of(struct metrics *m, const char *name)
{
	struct worker_cfg cfg = {
		.database = world_conf(), .name = name, .metrics = m, .keep = WORLD_KEEP
	};
	struct worker *k = NULL;
	assert_int_equal(worker_start(&cfg, &k), NP_OK);
	return k;
}

static int64_t ask(struct world *w, const char *sql)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	assert_int_equal(pg_conn_ready(w->admin, clock_mono_ms() + T_PATIENCE_MS), NP_OK);
	assert_int_equal(pg_exec(w->admin, sql, NULL, &r), NP_OK);
	return pg_res_i64(r, 0, 0);
}

static void until(struct metrics *m, const char *name, int64_t least)
{
	struct metric *x = metrics_get(m, METRIC_COUNTER, name, "", "");
	int64_t end = clock_mono_ms() + T_PATIENCE_MS;
	while (metric_value(x) < least) {
		assert_true(clock_mono_ms() < end);
		poll(NULL, 0, 5);
	}
}

#define UNREAD                                                                               \
	"SELECT count(*) FROM np.log l LEFT JOIN np.historian_cursor c ON c.shard = l.shard" \
	" WHERE l.pos > coalesce(c.pos, 0)"

/* A worker writes when it stops, "if that is quick": what it has not written, the next one does. */
static void write_the_rest(struct world *w, struct metrics *m)
{
	struct metric *rows =
		metrics_get(m, METRIC_COUNTER, "netpulse_historian_log_rows_total", "", "");
	int64_t left, end = clock_mono_ms() + T_PATIENCE_MS;
	while ((left = ask(w, UNREAD)) > 0) {
		int64_t before = metric_value(rows);
		assert_true(clock_mono_ms() < end);
		struct worker *k = worker_of(m, "rest");
		until(m, "netpulse_historian_log_rows_total", before + left);
		worker_stop(k);
	}
}

static void it_reads_writes_and_stops(void **state NP_UNUSED)
{
	struct world *w = world_new(21);
	struct metrics *m = metrics_new("historian");
	struct worker *k;
	for (size_t i = 0; i < 300; i++)
		world_step(w);
	k = worker_of(m, "h1");
	until(m, "netpulse_historian_log_rows_total", 300);
	while (!worker_is_ready(k))
		poll(NULL, 0, 5);
	assert_int_equal(ask(w, "SELECT count(*) FROM np.lease WHERE owner = 'h1'"), 17);
	worker_stop(k);
	assert_int_equal(ask(w, "SELECT count(*) FROM np.lease"), 0);
	write_the_rest(w, m);
	world_check(w);
	metrics_free(m);
	world_free(w);
}

/* Rows keep coming while the database and the pool are killed under it. */
static void it_survives_the_loss_of_the_database(void **state NP_UNUSED)
{
	struct world *w = world_new(22);
	struct metrics *m = metrics_new("historian");
	struct worker *k = worker_of(m, "h1");
	for (size_t i = 0; i < 200; i++) {
		world_step(w);
		if (i == 50)
			srv_ctl("restart", "pgbouncer");
		if (i == 100) {
			srv_ctl("kill", "pg");
			srv_ctl("start", "pg");
		}
	}
	until(m, "netpulse_historian_log_rows_total", 200);
	worker_stop(k);
	write_the_rest(w, m);
	world_check(w);
	metrics_free(m);
	world_free(w);
}

static void two_share_the_work_without_doubling(void **state NP_UNUSED)
{
	struct world *w = world_new(23);
	struct metrics *m1 = metrics_new("historian"), *m2 = metrics_new("historian");
	struct worker *a = worker_of(m1, "a"), *b = worker_of(m2, "b");
	for (size_t i = 0; i < 200; i++)
		world_step(w);
	worker_stop(a);
	int64_t end = clock_mono_ms() + T_PATIENCE_MS;
	while (ask(w, "SELECT count(*) FROM np.lease WHERE owner = 'b'") < NP_SHARDS) {
		assert_true(clock_mono_ms() < end); /* b takes what a gave back */
		poll(NULL, 0, 50);
	}
	worker_stop(b);
	write_the_rest(w, m2);
	world_check(w);
	metrics_free(m1);
	metrics_free(m2);
	world_free(w);
}

static void partitions_are_made_and_dropped(void **state NP_UNUSED)
{
	struct world *w = world_new(24);
	struct upkeep_keep keep = WORLD_KEEP;
	assert_int_equal(
		pg_exec_script(w->admin,
			       "SELECT np.make_partitions(current_date - 40, current_date - 20);"
			       "DROP TABLE np.chunk_" /* one ahead is missing */ "x"),
		NP_E_DB);
	assert_int_equal(
		pg_exec_script(w->admin,
			       "SELECT np.make_partitions(current_date - 40, current_date - 20)"),
		NP_OK);
	(void)world_upkeep(w, &keep);
	assert_int_equal(
		ask(w, "SELECT count(*) FROM pg_inherits WHERE inhparent = 'np.chunk'::regclass"),
		9 + 11);
	assert_int_equal(
		ask(w,
		    "SELECT count(*) FROM pg_inherits WHERE inhparent = 'np.rollup_5m'::regclass"),
		9);
	assert_int_equal(
		ask(w,
		    "SELECT count(*) FROM pg_inherits WHERE inhparent = 'np.rollup_1h'::regclass"),
		9 + 21);
	/* somebody else's duty for now */
	assert_int_equal(pg_exec_script(w->admin, "UPDATE np.lease SET owner = 'other'"), NP_OK);
	keep.rollup_1h_days = 2;
	(void)world_upkeep(w, &keep);
	assert_int_equal(
		ask(w,
		    "SELECT count(*) FROM pg_inherits WHERE inhparent = 'np.rollup_1h'::regclass"),
		9 + 21);
	world_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(partitions_are_made_and_dropped),
		cmocka_unit_test(it_reads_writes_and_stops),
		cmocka_unit_test(it_survives_the_loss_of_the_database),
		cmocka_unit_test(two_share_the_work_without_doubling),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
