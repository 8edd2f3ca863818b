/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "pg/pool.h"
#include "pgtest.h"

static void takes_turns_and_says_busy(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_pool *p = pg_pool_new(&f, 2);
	struct pg_conn *a = NULL, *b = NULL, *c = NULL;
	assert_int_equal(pg_pool_take(p, soon(), &a), NP_OK);
	assert_int_equal(pg_pool_take(p, soon(), &b), NP_OK);
	assert_int_equal(pg_pool_take(p, clock_mono_ms() + 20, &c), NP_E_BUSY);
	assert_int_equal(pg_pool_busy(p), 2);
	pg_pool_give(p, &a);
	assert_null(a);
	assert_int_equal(pg_pool_take(p, soon(), &c), NP_OK);
	pg_pool_give(p, &b);
	pg_pool_give(p, &c);
	assert_int_equal(pg_pool_busy(p), 0);
	assert_true(pg_pool_is_up(p));
	pg_pool_free(p);
}

static void what_is_given_back_in_a_transaction_is_rolled_back(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_pool *p = pg_pool_new(&f, 1);
	struct pg_conn *c = NULL;
	assert_int_equal(pg_pool_take(p, soon(), &c), NP_OK);
	assert_int_equal(pg_tx_begin(c, 7), NP_OK);
	pg_pool_give(p, &c);
	assert_int_equal(pg_pool_take(p, soon(), &c), NP_OK);
	assert_false(pg_conn_in_tx(c));
	pg_pool_give(p, &c);
	pg_pool_free(p);
}

static np_err fail_inside(struct pg_conn *c, void *ctx)
{
	np_err e = pg_exec(c, "SELECT set_config('np.x', '1', true)", NULL, NULL);
	(void)ctx;
	return e < 0 ? e : pg_exec(c, "SELECT no_such_function()", NULL, NULL);
}

static np_err read_tenant(struct pg_conn *c, void *ctx)
{
	*(int64_t *)ctx = ask_i64(c, "SELECT current_setting('np.tenant')::bigint");
	return NP_OK;
}

static void run_is_one_transaction_of_a_tenant(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_pool *p = pg_pool_new(&f, 1);
	struct pg_error err = { 0 };
	int64_t tenant = 0;
	struct pg_pool_tx tx = {
		.tenant = 12, .deadline_ms = soon(), .fn = read_tenant, .ctx = &tenant
	};
	assert_int_equal(pg_pool_run(p, &tx, &err), NP_OK);
	assert_int_equal(tenant, 12);
	tx.fn = fail_inside;
	assert_int_equal(pg_pool_run(p, &tx, &err), NP_E_DB);
	assert_string_equal(err.sqlstate, "42883");
	pg_pool_free(p);
}

static void without_a_database_it_answers_fast_and_heals(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_pool *p = pg_pool_new(&f, 3);
	struct pg_conn *c = NULL;
	struct pg_error err = { 0 };
	int64_t start;
	srv_ctl("kill", "pgbouncer");
	assert_int_equal(pg_pool_take_why(p, soon(), &c, &err), NP_E_DB_GONE);
	assert_true(err.message[0] != 0);
	assert_false(pg_pool_is_up(p));
	start = clock_mono_ms();
	for (int i = 0; i < 3; i++)
		assert_int_equal(pg_pool_take(p, soon(), &c), NP_E_DB_GONE);
	assert_true(clock_mono_ms() - start < T_PATIENCE_MS); /* none waited for its deadline */
	srv_ctl("start", "pgbouncer");
	start = clock_mono_ms();
	while (pg_pool_take(p, soon(), &c) != NP_OK)
		assert_true(clock_mono_ms() - start < T_PATIENCE_MS);
	assert_true(pg_pool_is_up(p));
	pg_pool_give(p, &c);
	pg_pool_free(p);
}

enum { THREADS = 8, TURNS = 50 };

static void *worker(void *ctx)
{
	struct pg_pool *p = ctx;
	for (int i = 0; i < TURNS; i++) {
		struct pg_conn *c = NULL;
		if (pg_pool_take(p, soon(), &c) != NP_OK || pg_tx_begin(c, 1) != NP_OK ||
		    pg_exec(c, "SELECT 1", NULL, NULL) != NP_OK || pg_tx_commit(c) != NP_OK)
			return NULL;
		pg_pool_give(p, &c);
	}
	return p;
}

static void many_threads_share_few_connections(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_pool *p = pg_pool_new(&f, 3);
	pthread_t t[THREADS];
	for (size_t i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&t[i], NULL, worker, p), 0);
	for (size_t i = 0; i < THREADS; i++) {
		void *done = NULL;
		pthread_join(t[i], &done);
		assert_ptr_equal(done, p);
	}
	pg_pool_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_turns_and_says_busy),
		cmocka_unit_test(what_is_given_back_in_a_transaction_is_rolled_back),
		cmocka_unit_test(run_is_one_transaction_of_a_tenant),
		cmocka_unit_test(without_a_database_it_answers_fast_and_heals),
		cmocka_unit_test(many_threads_share_few_connections),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
