/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "pg/migrate.h"
#include "pgtest.h"

static const struct migration table[] = {
	{ 1, "one", "CREATE TABLE one (id int); INSERT INTO one VALUES (1)" },
	{ 2, "two", "ALTER TABLE one ADD x text" },
	{ 3, "three", "CREATE TABLE three (id int); INSERT INTO three VALUES (3)" },
};

static struct pg_conn *owner(void)
{
	struct pg_conf f = conf_direct();
	return conn_up(&f);
}

static void reset(struct pg_conn *c)
{
	assert_int_equal(pg_exec_script(c, "DROP TABLE IF EXISTS one, three, public.np_migration"),
			 NP_OK);
}

static void each_is_applied_once(void **state NP_UNUSED)
{
	struct pg_conn *c = owner();
	struct buf why;
	size_t done = 99;
	buf_init(&why, 500);
	reset(c);
	assert_int_equal(migrate_check(c, table, 3, &why), NP_E_VERSION);
	buf_reset(&why);
	assert_int_equal(migrate_run(c, table, 2, &done, &why), NP_OK);
	assert_int_equal(done, 2);
	assert_int_equal(migrate_check(c, table, 2, &why), NP_OK);
	assert_int_equal(migrate_check(c, table, 3, &why), NP_E_VERSION);
	assert_string_equal(buf_c(&why),
			    "The database is at migration 2 of 3: apply the migrations first");
	buf_reset(&why);
	assert_int_equal(migrate_run(c, table, 3, &done, &why), NP_OK);
	assert_int_equal(done, 1);
	assert_int_equal(migrate_run(c, table, 3, &done, &why), NP_OK);
	assert_int_equal(done, 0);
	assert_int_equal(ask_i64(c, "SELECT count(*) FROM one"), 1);
	buf_done(&why);
	pg_conn_free(c);
}

static void a_newer_database_is_refused(void **state NP_UNUSED)
{
	struct pg_conn *c = owner();
	struct buf why;
	size_t done = 0;
	buf_init(&why, 500);
	reset(c);
	assert_int_equal(migrate_run(c, table, 3, &done, &why), NP_OK);
	assert_int_equal(migrate_run(c, table, 2, &done, &why), NP_E_VERSION);
	assert_non_null(strstr(buf_c(&why), "at migration 3, this program knows 2"));
	buf_reset(&why);
	assert_int_equal(migrate_check(c, table, 2, &why), NP_E_VERSION);
	buf_done(&why);
	pg_conn_free(c);
}

static void another_text_is_refused(void **state NP_UNUSED)
{
	struct migration other[3] = { table[0], table[1], table[2] };
	struct pg_conn *c = owner();
	struct buf why;
	size_t done = 0;
	buf_init(&why, 500);
	reset(c);
	assert_int_equal(migrate_run(c, table, 2, &done, &why), NP_OK);
	other[1].sql = "ALTER TABLE one ADD y text";
	assert_int_equal(migrate_run(c, other, 3, &done, &why), NP_E_VERSION);
	assert_non_null(strstr(buf_c(&why), "Migration 2 (two)"));
	assert_int_equal(ask_i64(c, "SELECT count(*) FROM np_migration"), 2);
	buf_done(&why);
	pg_conn_free(c);
}

static void a_failed_one_leaves_nothing(void **state NP_UNUSED)
{
	struct migration other[2] = { table[0],
				      { 2, "bad", "CREATE TABLE three (id int); SELECT 1/0" } };
	struct pg_conn *c = owner();
	struct buf why;
	size_t done = 0;
	buf_init(&why, 500);
	reset(c);
	assert_int_equal(migrate_run(c, other, 2, &done, &why), NP_E_DB);
	assert_non_null(strstr(buf_c(&why), "Migration 2 (bad) failed and nothing of it was kept"));
	assert_int_equal(ask_i64(c, "SELECT count(*) FROM np_migration"), 1);
	assert_int_equal(ask_i64(c, "SELECT (to_regclass('three') IS NULL)::int"), 1);
	/* a corrected one goes on from there */
	buf_reset(&why);
	assert_int_equal(migrate_run(c, table, 3, &done, &why), NP_OK);
	assert_int_equal(done, 2);
	buf_done(&why);
	pg_conn_free(c);
}

static void *migrate_alone(void *ctx)
{
	struct pg_conn *c = owner();
	struct buf why;
	buf_init(&why, 500);
	if (migrate_run(c, table, 3, ctx, &why) != NP_OK)
		*(size_t *)ctx = 1000;
	buf_done(&why);
	pg_conn_free(c);
	return NULL;
}

static void two_at_once_apply_each_once(void **state NP_UNUSED)
{
	struct pg_conn *c = owner();
	pthread_t t[2];
	size_t done[2] = { 0, 0 };
	reset(c);
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&t[i], NULL, migrate_alone, &done[i]), 0);
	for (size_t i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	assert_int_equal(done[0] + done[1], 3);
	assert_int_equal(ask_i64(c, "SELECT count(*) FROM three"), 1);
	pg_conn_free(c);
}

static void without_a_database_it_says_so(void **state NP_UNUSED)
{
	struct pg_conf f = conf_direct();
	struct pg_conn *c;
	struct buf why;
	size_t done = 0;
	buf_init(&why, 500);
	f.port = 5999;
	c = pg_conn_new(&f);
	assert_int_equal(migrate_run(c, table, 3, &done, &why), NP_E_DB_GONE);
	assert_non_null(strstr(buf_c(&why), "The database cannot be reached: "));
	buf_done(&why);
	pg_conn_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_applied_once),
		cmocka_unit_test(a_newer_database_is_refused),
		cmocka_unit_test(another_text_is_refused),
		cmocka_unit_test(a_failed_one_leaves_nothing),
		cmocka_unit_test(two_at_once_apply_each_once),
		cmocka_unit_test(without_a_database_it_says_so),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
