/* SPDX-License-Identifier: Apache-2.0 */
#include "pgtest.h"

static const struct {
	const char *state;
	np_err err;
} states[] = {
	{ NULL, NP_E_DB_GONE },    { "", NP_E_DB_GONE },       { "08006", NP_E_DB_GONE },
	{ "57P01", NP_E_DB_GONE }, { "57P03", NP_E_DB_GONE },  { "57014", NP_E_DB_GONE },
	{ "53300", NP_E_DB_GONE }, { "55P03", NP_E_DB_GONE },  { "40001", NP_E_DB_GONE },
	{ "40P01", NP_E_DB_GONE }, { "25P03", NP_E_DB_GONE },  { "NP001", NP_E_ALREADY },
	{ "NP002", NP_E_FENCED },  { "NP003", NP_E_REGISTRY }, { "23505", NP_E_EXISTS },
	{ "23502", NP_E_DB },      { "22P02", NP_E_DB },       { "42P01", NP_E_DB },
	{ "42501", NP_E_DB },
};

static void states_mean_what_one_may_do(void **state NP_UNUSED)
{
	for (size_t i = 0; i < NP_LEN(states); i++)
		assert_int_equal(pg_err_of(states[i].state), states[i].err);
}

static void errors_of_statements_leave_the_connection_usable(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	assert_int_equal(pg_exec(c, "SELECT 1 FROM nowhere", NULL, NULL), NP_E_DB);
	assert_string_equal(pg_conn_error(c)->sqlstate, "42P01");
	assert_int_equal(ask_i64(c, "SELECT 1::bigint"), 1);
	pg_conn_free(c);
}

static void errors_about_values_do_not_show_them(void **state NP_UNUSED)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	pg_params_init(&p);
	pg_params_c(&p, "hunter2");
	assert_int_equal(pg_exec(c, "SELECT $1::text::bigint", &p, NULL), NP_E_DB);
	assert_string_equal(pg_conn_error(c)->sqlstate, "22P02");
	assert_null(strstr(pg_conn_error(c)->message, "hunter2"));
	pg_conn_free(c);
}

static void the_tenant_lasts_one_transaction(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	const char *now =
		"SELECT coalesce(nullif(current_setting('np.tenant', true), ''), '0')::bigint";
	assert_int_equal(pg_tx_begin(c, 42), NP_OK);
	assert_true(pg_conn_in_tx(c));
	assert_int_equal(ask_i64(c, now), 42);
	assert_int_equal(pg_tx_commit(c), NP_OK);
	assert_int_equal(ask_i64(c, now), 0);
	assert_int_equal(pg_tx_begin(c, 0), NP_OK);
	assert_int_equal(ask_i64(c, now), 0);
	pg_tx_rollback(c);
	assert_false(pg_conn_in_tx(c));
	pg_conn_free(c);
}

static void a_failed_transaction_does_not_commit(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	assert_int_equal(pg_tx_begin(c, 1), NP_OK);
	assert_int_equal(pg_exec(c, "SELECT 1/0", NULL, NULL), NP_E_DB);
	assert_int_equal(pg_tx_commit(c), NP_E_DB);
	assert_false(pg_conn_in_tx(c));
	pg_conn_free(c);
}

static void the_deadline_cancels_a_statement(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	int64_t start = clock_mono_ms();
	pg_conn_deadline(c, start + 100);
	assert_int_equal(pg_exec(c, "SELECT pg_sleep(600)", NULL, NULL), NP_E_DB_GONE);
	assert_string_equal(pg_conn_error(c)->sqlstate, "57014");
	assert_true(clock_mono_ms() - start >= 90);
	assert_int_equal(pg_conn_ready(c, soon()), NP_OK);
	/* and the server does not go on with it */
	while (ask_i64(c, "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
			  " AND query LIKE '%pg_sleep(600)%' AND pid <> pg_backend_pid()") > 0)
		assert_true(clock_mono_ms() - start < T_PATIENCE_MS);
	pg_conn_free(c);
}

static void a_killed_server_is_gone_and_comes_back(void **state NP_UNUSED)
{
	struct pg_conf f = conf_direct();
	struct pg_conn *c = conn_up(&f);
	srv_ctl("kill", "pg");
	assert_int_equal(pg_exec(c, "SELECT 1", NULL, NULL), NP_E_DB_GONE);
	assert_false(pg_conn_is_up(c));
	assert_int_equal(pg_conn_ready(c, clock_mono_ms() + 300), NP_E_DB_GONE);
	srv_ctl("start", "pg");
	assert_int_equal(pg_conn_ready(c, soon()), NP_OK);
	assert_int_equal(ask_i64(c, "SELECT 1::bigint"), 1);
	pg_conn_free(c);
}

static void a_connection_that_died_idle_is_replaced(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	srv_ctl("restart", "pgbouncer");
	assert_int_equal(pg_conn_ready(c, soon()), NP_OK);
	assert_int_equal(ask_i64(c, "SELECT 1::bigint"), 1);
	pg_conn_free(c);
}

static void a_server_that_hangs_ends_at_the_deadline(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	srv_ctl("pause", "pgbouncer");
	assert_int_equal(pg_conn_ready(c, clock_mono_ms() + 200), NP_OK);
	assert_int_equal(pg_exec(c, "SELECT 1", NULL, NULL), NP_E_DB_GONE);
	assert_int_equal(pg_conn_ready(c, clock_mono_ms() + 200), NP_E_DB_GONE);
	srv_ctl("resume", "pgbouncer");
	assert_int_equal(pg_conn_ready(c, soon()), NP_OK);
	pg_conn_free(c);
}

static void a_wrong_password_says_so(void **state NP_UNUSED)
{
	struct pg_conf f = conf_direct();
	struct pg_conn *c;
	f.password_file = srv_path("np_web.db");
	c = pg_conn_new(&f);
	assert_int_equal(pg_conn_ready(c, soon()), NP_E_DB_GONE);
	assert_non_null(strstr(pg_conn_error(c)->message, "password authentication failed"));
	pg_conn_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(states_mean_what_one_may_do),
		cmocka_unit_test(errors_of_statements_leave_the_connection_usable),
		cmocka_unit_test(errors_about_values_do_not_show_them),
		cmocka_unit_test(the_tenant_lasts_one_transaction),
		cmocka_unit_test(a_failed_transaction_does_not_commit),
		cmocka_unit_test(the_deadline_cancels_a_statement),
		cmocka_unit_test(a_killed_server_is_gone_and_comes_back),
		cmocka_unit_test(a_connection_that_died_idle_is_replaced),
		cmocka_unit_test(a_server_that_hangs_ends_at_the_deadline),
		cmocka_unit_test(a_wrong_password_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
