/* SPDX-License-Identifier: Apache-2.0 */
#include "pgtest.h"

static int setup(void **state)
{
	struct pg_conf f = conf_direct();
	*state = conn_up(&f);
	return 0;
}

static int teardown(void **state)
{
	pg_conn_free(*state);
	return 0;
}

/* What went in as a parameter comes out as a column. */
static void scalars_survive_the_round_trip(void **state)
{
	static const uint8_t id[16] = { 1, 2, 3, 254, 255 };
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	uint8_t back[16] = { 0 };
	pg_params_init(&p);
	pg_params_i64(&p, INT64_MIN);
	pg_params_i32(&p, -7);
	pg_params_i16(&p, INT16_MAX);
	pg_params_bool(&p, true);
	pg_params_text(&p, NP_STR("h\xc3\xa9llo"));
	pg_params_bytea(&p, NP_STR("a\0b"));
	pg_params_jsonb(&p, NP_STR("{\"a\": [1]}"));
	pg_params_uuid(&p, id);
	pg_params_time(&p, 1772366400123456);
	pg_params_f64(&p, -0.25);
	pg_params_text(&p, NP_STR(""));
	pg_params_null(&p, PG_BYTEA);
	assert_int_equal(pg_exec(*state,
				 "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12,"
				 " $9 = '2026-03-01 12:00:00.123456Z', $5 = 'h\xc3\xa9llo'",
				 &p, &r),
			 NP_OK);
	assert_int_equal(pg_res_i64(r, 0, 0), INT64_MIN);
	assert_int_equal(pg_res_i64(r, 0, 1), -7);
	assert_int_equal(pg_res_i64(r, 0, 2), INT16_MAX);
	assert_true(pg_res_bool(r, 0, 3));
	assert_true(str_eq_c(pg_res_str(r, 0, 4), "h\xc3\xa9llo"));
	assert_true(str_eq(pg_res_str(r, 0, 5), NP_STR("a\0b")));
	assert_true(str_eq_c(pg_res_str(r, 0, 6), "{\"a\": [1]}"));
	pg_res_uuid(r, 0, 7, back);
	assert_memory_equal(back, id, 16);
	assert_int_equal(pg_res_time(r, 0, 8), 1772366400123456);
	assert_true(pg_res_f64(r, 0, 9) < -0.24 && pg_res_f64(r, 0, 9) > -0.26);
	assert_false(pg_res_null(r, 0, 10));
	assert_int_equal(pg_res_str(r, 0, 10).n, 0);
	assert_true(pg_res_null(r, 0, 11));
	assert_true(pg_res_bool(r, 0, 12));
	assert_true(pg_res_bool(r, 0, 13));
}

static void infinite_times_stay_infinite(void **state)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_params_time(&p, INT64_MAX);
	pg_params_time(&p, INT64_MIN);
	assert_int_equal(
		pg_exec(*state, "SELECT $1, $2, $1 = 'infinity', $2 = '-infinity'", &p, &r), NP_OK);
	assert_int_equal(pg_res_time(r, 0, 0), INT64_MAX);
	assert_int_equal(pg_res_time(r, 0, 1), INT64_MIN);
	assert_true(pg_res_bool(r, 0, 2) && pg_res_bool(r, 0, 3));
}

enum { ROWS = 1000 };

static void fill_columns(struct pg_array col[8])
{
	static const enum pg_type type[8] = { PG_INT8,  PG_INT4,        PG_INT2, PG_TEXT,
					      PG_BYTEA, PG_TIMESTAMPTZ, PG_BOOL, PG_UUID };
	for (size_t i = 0; i < 8; i++)
		pg_array_init(&col[i], type[i]);
	for (int64_t i = 0; i < ROWS; i++) {
		uint8_t id[16] = { (uint8_t)i };
		pg_array_int(&col[0], i << 40);
		pg_array_int(&col[1], i);
		pg_array_int(&col[2], -i);
		if (i % 10 == 0)
			pg_array_null(&col[3]);
		else
			pg_array_str(&col[3], NP_STR("text"));
		pg_array_str(&col[4], i % 2 == 0 ? NP_STR("") : NP_STR("\1\2"));
		pg_array_time(&col[5], i * NP_SEC_US);
		pg_array_bool(&col[6], i % 3 == 0);
		pg_array_uuid(&col[7], id);
	}
}

static void arrays_unnest_into_rows(void **state)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	struct pg_array col[8];
	fill_columns(col);
	pg_params_init(&p);
	for (size_t i = 0; i < 8; i++) {
		pg_params_array(&p, &col[i]);
		pg_array_done(&col[i]);
	}
	assert_int_equal(
		pg_exec(*state,
			"SELECT count(*), sum(a)::bigint, sum(b), sum(c), count(d), sum(length(e)),"
			" max(f), count(*) FILTER (WHERE g), count(DISTINCT h)"
			" FROM unnest($1, $2, $3, $4, $5, $6, $7, $8) AS t(a, b, c, d, e, f, g, h)",
			&p, &r),
		NP_OK);
	int64_t sum = (int64_t)ROWS * (ROWS - 1) / 2;
	assert_int_equal(pg_res_i64(r, 0, 0), ROWS);
	assert_int_equal(pg_res_i64(r, 0, 1), sum << 40);
	assert_int_equal(pg_res_i64(r, 0, 2), sum);
	assert_int_equal(pg_res_i64(r, 0, 3), -sum);
	assert_int_equal(pg_res_i64(r, 0, 4), ROWS * 9 / 10);
	assert_int_equal(pg_res_i64(r, 0, 5), ROWS);
	assert_int_equal(pg_res_time(r, 0, 6), (ROWS - 1) * NP_SEC_US);
	assert_int_equal(pg_res_i64(r, 0, 7), 334);
	assert_int_equal(pg_res_i64(r, 0, 8), 256);
}

static void arrays_come_back(void **state)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	int64_t v[4] = { 0 };
	np_str s[2] = { { 0 } };
	assert_int_equal(
		pg_exec(*state,
			"SELECT ARRAY[1,2,3], '{}'::bigint[], ARRAY[9,8,7,6,5,4]::smallint[],"
			" ARRAY['a', NULL, 'ccc']",
			NULL, &r),
		NP_OK);
	assert_int_equal(pg_res_ints(r, 0, 0, v, 4), 3);
	assert_int_equal(v[2], 3);
	assert_int_equal(pg_res_ints(r, 0, 1, v, 4), 0);
	assert_int_equal(pg_res_ints(r, 0, 2, v, 4), 6);
	assert_int_equal(v[3], 6);
	assert_int_equal(pg_res_strs(r, 0, 3, s, 2), 3);
	assert_true(str_eq_c(s[0], "a") && s[1].n == 0);
}

static void empty_arrays_are_arrays(void **state)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	struct pg_array a;
	pg_array_init(&a, PG_INT8);
	pg_params_init(&p);
	pg_params_array(&p, &a);
	assert_int_equal(
		pg_exec(*state, "SELECT cardinality($1), count(*) FROM unnest($1)", &p, &r), NP_OK);
	assert_int_equal(pg_res_i64(r, 0, 0), 0);
	assert_int_equal(pg_res_i64(r, 0, 1), 0);
	pg_array_done(&a);
}

static void too_many_parameters_fail_when_sent(void **state)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	for (size_t i = 0; i <= PG_PARAMS_MAX; i++)
		pg_params_i64(&p, 1);
	assert_int_equal(pg_exec(*state, "SELECT $1", &p, NULL), NP_E_LIMIT);
	assert_true(pg_conn_is_up(*state));
}

static void memory_that_fails_shows_at_the_end(void **state)
{
	for (uint64_t n = 1; n < 6; n++) {
		NP_CLEANUP(pg_params_done) struct pg_params p;
		struct pg_array a;
		np_oom_at(n);
		pg_array_init(&a, PG_TEXT);
		pg_array_str(&a, NP_STR("x"));
		pg_params_init(&p);
		pg_params_array(&p, &a);
		pg_params_text(&p, NP_STR("y"));
		np_oom_at(0);
		np_err e = pg_exec(*state, "SELECT $1, $2", &p, NULL);
		assert_true(e == NP_OK || e == NP_E_NOMEM);
		pg_array_done(&a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_survive_the_round_trip),
		cmocka_unit_test(infinite_times_stay_infinite),
		cmocka_unit_test(arrays_unnest_into_rows),
		cmocka_unit_test(arrays_come_back),
		cmocka_unit_test(empty_arrays_are_arrays),
		cmocka_unit_test(too_many_parameters_fail_when_sent),
		cmocka_unit_test(memory_that_fails_shows_at_the_end),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
