/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <jansson.h>

#include "web/series.h"

static const uint32_t regions[2] = { 4, 7 };
static const np_str region_names[2] = { { "ams1", 4 }, { "fra1", 4 } };

static struct series *make(uint32_t points, bool phases)
{
	const struct series_cfg cfg = { .from_us = 1000 * NP_SEC_US,
					.step_us = 10 * NP_SEC_US,
					.points = points,
					.region = regions,
					.region_n = 2,
					.phases = phases };
	struct series *s = series_new(&cfg);
	assert_non_null(s);
	return s;
}

static json_t *written(const struct series *s)
{
	struct buf out;
	struct jsonw w;
	buf_init(&out, 1 << 20);
	jsonw_init(&w, &out);
	jsonw_obj(&w);
	series_write(s, region_names, &w);
	jsonw_obj_end(&w);
	json_t *j = json_loadb(out.p, out.n, 0, NULL);
	assert_non_null(j);
	buf_done(&out);
	return j;
}

static double at(const json_t *j, const char *key, size_t i)
{
	return json_number_value(json_array_get(json_object_get(j, key), i));
}

static struct res_record passing(int64_t at_s, int64_t duration_us)
{
	struct res_record r = RES_RECORD_INIT;
	r.slot_us = at_s * NP_SEC_US;
	r.duration_us = duration_us;
	r.status = RES_OK;
	r.phase_us[RES_P_DNS] = duration_us / 10;
	return r;
}

static void percentiles_of_single_results_are_exact(void **state)
{
	struct series *s = make(3, true);
	(void)state;
	for (int64_t i = 100; i >= 1; i--) { /* any order */
		struct res_record r = passing(1000 + i % 10, i * 1000);
		assert_ok(series_add(s, i % 2 ? 4 : 7, &r));
	}
	struct res_record f = passing(1021, 77000);
	f.status = RES_FAIL;
	assert_ok(series_add(s, 4, &f));
	struct res_record out = passing(1030, 1), before = passing(999, 1);
	assert_ok(series_add(s, 4, &out));
	assert_ok(series_add(s, 4, &before));
	series_end(s);
	json_t *j = written(s);
	assert_int_equal(json_integer_value(json_object_get(j, "n")), 3);
	assert_true(at(j, "p50_ms", 0) == 50.0 && at(j, "p95_ms", 0) == 95.0 &&
		    at(j, "p99_ms", 0) == 99.0);
	assert_true(json_is_null(json_array_get(json_object_get(j, "p50_ms"), 1)));
	assert_true(at(j, "ok", 0) == 100 && at(j, "fail", 2) == 1 && at(j, "ok", 2) == 0);
	const json_t *ams = json_array_get(json_object_get(j, "regions"), 0);
	assert_true(at(ams, "p50_ms", 0) == 49.0);
	assert_true(at(json_object_get(j, "phases"), "dns_ms", 0) >= 5.0);
	json_decref(j);
	series_free(s);
}

static void rollups_merge_into_columns(void **state)
{
	struct series *s = make(2, false);
	struct hist h[2] = { { 0 }, { 0 } };
	(void)state;
	for (int i = 0; i < 100; i++) {
		hist_add(&h[0], 10000);
		hist_add(&h[1], 40000);
	}
	struct series_rollup row = { .at_us = 1000 * NP_SEC_US,
				     .passes = 200,
				     .fail = 1,
				     .n = 2,
				     .region = regions,
				     .hist = h };
	assert_ok(series_add_rollup(s, &row));
	row.at_us = 1005 * NP_SEC_US; /* the same column */
	assert_ok(series_add_rollup(s, &row));
	row.at_us = 1010 * NP_SEC_US;
	row.n = 1;
	assert_ok(series_add_rollup(s, &row));
	row.at_us = 1000 * NP_SEC_US;
	assert_err(series_add_rollup(s, &row), NP_E_INVAL);
	series_end(s);
	json_t *j = written(s);
	assert_true(at(j, "ok", 0) == 400 && at(j, "fail", 0) == 2 && at(j, "ok", 1) == 200);
	double p95 = at(j, "p95_ms", 0), only = at(j, "p95_ms", 1);
	assert_true(p95 > 36 && p95 < 44);
	assert_true(only > 9 && only < 11);
	assert_true(json_is_null(json_object_get(j, "phases")));
	const json_t *fra = json_array_get(json_object_get(j, "regions"), 1);
	assert_true(json_is_null(json_array_get(json_object_get(fra, "p50_ms"), 1)));
	json_decref(j);
	series_free(s);
}

static np_err grow(void *arg)
{
	(void)arg;
	const struct series_cfg cfg = {
		.step_us = 1, .points = 5000 / 5, .region = regions, .region_n = 2
	};
	NP_CLEANUP(series_free_p) struct series *s = series_new(&cfg);
	if (!s)
		return NP_E_NOMEM;
	np_err e = NP_OK;
	struct res_record r = passing(0, 5);
	for (int i = 0; e == NP_OK && i < 10000; i++)
		e = series_add(s, 4, &r);
	return e;
}

static void gives_up_without_memory(void **state)
{
	(void)state;
	t_under_oom(grow, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(percentiles_of_single_results_are_exact),
		cmocka_unit_test(rollups_merge_into_columns),
		cmocka_unit_test(gives_up_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
