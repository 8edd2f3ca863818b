/* SPDX-License-Identifier: Apache-2.0 */
#include "pg/batch.h"
#include "pgtest.h"

static int setup(void **state NP_UNUSED)
{
	struct pg_conf f = conf_direct();
	struct pg_conn *c = conn_up(&f);
	assert_int_equal(
		pg_exec_script(c,
			       "CREATE TABLE t (id bigint PRIMARY KEY, x text);"
			       "GRANT ALL ON t TO np_web;"
			       "CREATE FUNCTION fence(n bigint) RETURNS void LANGUAGE plpgsql AS $$"
			       " BEGIN IF EXISTS (SELECT FROM t WHERE id = n) THEN"
			       " RAISE EXCEPTION 'there' USING ERRCODE = 'NP001'; END IF; END $$;"),
		NP_OK);
	pg_conn_free(c);
	return 0;
}

static void add_row(struct pg_batch *b, int64_t id)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, id);
	pg_params_c(&p, "row");
	assert_int_equal(pg_batch_add(b, "INSERT INTO t VALUES ($1, $2)", &p), NP_OK);
	assert_int_equal(p.n, 0);
}

static void add_fence(struct pg_batch *b, int64_t id)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, id);
	assert_int_equal(pg_batch_add(b, "SELECT fence($1)", &p), NP_OK);
}

static void commits_whole(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	struct pg_batch *b = pg_batch_new();
	for (int64_t i = 0; i < 50; i++)
		add_row(b, 100 + i);
	assert_int_equal(pg_batch_len(b), 50);
	assert_int_equal(pg_batch_run(c, b, NULL), NP_OK);
	assert_false(pg_conn_in_tx(c));
	assert_int_equal(ask_i64(c, "SELECT count(*) FROM t WHERE id BETWEEN 100 AND 149"), 50);
	pg_batch_free(b);
	pg_conn_free(c);
}

static void names_the_first_that_failed_and_keeps_nothing(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	struct pg_batch *b = pg_batch_new();
	size_t at = 0;
	add_row(b, 200);
	add_row(b, 201);
	add_row(b, 200);
	add_row(b, 202);
	assert_int_equal(pg_batch_run(c, b, &at), NP_E_EXISTS);
	assert_int_equal(at, 2);
	assert_string_equal(pg_conn_error(c)->sqlstate, "23505");
	assert_false(pg_conn_in_tx(c));
	assert_int_equal(ask_i64(c, "SELECT count(*) FROM t WHERE id BETWEEN 200 AND 202"), 0);
	pg_batch_free(b);
	pg_conn_free(c);
}

static void the_same_bytes_again_are_already_there(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	struct pg_batch *b = pg_batch_new();
	size_t at = 99;
	add_fence(b, 300);
	add_row(b, 300);
	assert_int_equal(pg_batch_run(c, b, NULL), NP_OK);
	assert_int_equal(pg_batch_run(c, b, &at), NP_E_ALREADY);
	assert_int_equal(at, 0);
	pg_batch_free(b);
	pg_conn_free(c);
}

static void is_sent_again_after_a_lost_server(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	struct pg_batch *b = pg_batch_new();
	int tries;
	np_err e;
	add_fence(b, 400);
	add_row(b, 400);
	srv_ctl("kill", "pg");
	pg_conn_deadline(c,
			 clock_mono_ms() + 1000); /* the pooler keeps us waiting for the server */
	e = pg_batch_run(c, b, NULL);
	assert_int_equal(e, NP_E_DB_GONE);
	srv_ctl("start", "pg");
	for (tries = 0; tries < 100 && e == NP_E_DB_GONE; tries++) {
		e = pg_conn_ready(c, soon());
		if (e == NP_OK)
			e = pg_batch_run(c, b, NULL);
	}
	assert_int_equal(e, NP_OK);
	assert_in_range(tries, 1, 20); /* the pooler's refusals do not make it spin */
	assert_int_equal(pg_batch_run(c, b, NULL), NP_E_ALREADY);
	pg_batch_free(b);
	pg_conn_free(c);
}

/* More than the sockets' buffers in both directions: must not wait for each other. */
static void large_batches_do_not_stall(void **state NP_UNUSED)
{
	enum { BIG = 2000000 };
	struct pg_conf f = conf_pooled();
	struct pg_conn *c = conn_up(&f);
	struct pg_batch *b = pg_batch_new();
	char *text = np_zalloc(BIG);
	memset(text, 'x', BIG);
	for (int i = 0; i < 10; i++) {
		NP_CLEANUP(pg_params_done) struct pg_params p;
		pg_params_init(&p);
		pg_params_text(&p, (np_str){ text, BIG });
		assert_int_equal(pg_batch_add(b, "SELECT $1", &p), NP_OK);
	}
	assert_true(pg_batch_bytes(b) > 10 * BIG);
	assert_int_equal(pg_batch_run(c, b, NULL), NP_OK);
	free(text);
	pg_batch_free(b);
	pg_conn_free(c);
}

static void a_lock_that_is_held_is_worth_another_try(void **state NP_UNUSED)
{
	struct pg_conf f = conf_pooled();
	struct pg_conn *holder = conn_up(&f);
	struct pg_conn *c = conn_up(&f);
	struct pg_batch *b = pg_batch_new();
	size_t at = 0;
	assert_int_equal(pg_tx_begin(holder, 0), NP_OK);
	run(holder, "INSERT INTO t VALUES (500, 'held')");
	assert_int_equal(pg_batch_add(b, "SELECT set_config('lock_timeout', '50ms', true)", NULL),
			 NP_OK);
	add_row(b, 500);
	assert_int_equal(pg_batch_run(c, b, &at), NP_E_DB_GONE);
	assert_int_equal(at, 1);
	assert_string_equal(pg_conn_error(c)->sqlstate, "55P03");
	pg_tx_rollback(holder);
	assert_int_equal(pg_batch_run(c, b, NULL), NP_OK);
	pg_batch_free(b);
	pg_conn_free(c);
	pg_conn_free(holder);
}

static void a_commit_that_fails_is_told_apart(void **state NP_UNUSED)
{
	struct pg_conf f = conf_direct();
	struct pg_conn *c = conn_up(&f);
	struct pg_batch *b = pg_batch_new();
	size_t at = 0;
	assert_int_equal(
		pg_exec_script(c,
			       "CREATE TABLE d (id bigint UNIQUE DEFERRABLE INITIALLY DEFERRED)"),
		NP_OK);
	assert_int_equal(pg_batch_add(b, "INSERT INTO d VALUES (1), (1)", NULL), NP_OK);
	assert_int_equal(pg_batch_run(c, b, &at), NP_E_EXISTS);
	assert_int_equal(at, PG_BATCH_AT_COMMIT);
	assert_int_equal(ask_i64(c, "SELECT count(*) FROM d"), 0);
	pg_batch_free(b);
	pg_conn_free(c);
}

static void has_a_limit(void **state NP_UNUSED)
{
	struct pg_batch *b = pg_batch_new();
	for (size_t i = 0; i < PG_BATCH_STMTS_MAX; i++)
		assert_int_equal(pg_batch_add(b, "SELECT 1", NULL), NP_OK);
	assert_int_equal(pg_batch_add(b, "SELECT 1", NULL), NP_E_LIMIT);
	pg_batch_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(commits_whole),
		cmocka_unit_test(names_the_first_that_failed_and_keeps_nothing),
		cmocka_unit_test(the_same_bytes_again_are_already_there),
		cmocka_unit_test(is_sent_again_after_a_lost_server),
		cmocka_unit_test(large_batches_do_not_stall),
		cmocka_unit_test(a_lock_that_is_held_is_worth_another_try),
		cmocka_unit_test(a_commit_that_fails_is_told_apart),
		cmocka_unit_test(has_a_limit),
	};
	return cmocka_run_group_tests(tests, setup, NULL);
}
