/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <string.h>

#include "base/metrics.h"

static bool has(const struct buf *b, const char *text)
{
	return str_find(buf_str(b), str_from_c(text)) != SIZE_MAX;
}

static void same_name_and_label_is_the_same_series(void **state)
{
	(void)state;
	struct metrics *m = metrics_new("web");
	struct metric *a = metrics_get(m, METRIC_COUNTER, "np_x_total", "kind=\"a\"", "X.");
	struct metric *b = metrics_get(m, METRIC_COUNTER, "np_x_total", "kind=\"b\"", "X.");
	assert_ptr_not_equal(a, b);
	assert_ptr_equal(a, metrics_get(m, METRIC_COUNTER, "np_x_total", "kind=\"a\"", "X."));
	metric_add(a, 3);
	metric_add(a, 4);
	metric_set(b, -2);
	assert_int_equal(metric_value(a), 7);
	NP_CLEANUP(buf_done) struct buf out;
	buf_init(&out, 1 << 20);
	assert_ok(metrics_render(m, &out));
	assert_true(has(&out, "# HELP np_x_total X.\n# TYPE np_x_total counter\n"
			      "np_x_total{role=\"web\",kind=\"a\"} 7\n"
			      "np_x_total{role=\"web\",kind=\"b\"} -2\n"));
	assert_true(has(&out, "process_resident_memory_bytes{role=\"web\"} "));
	assert_false(has(&out, "process_resident_memory_bytes{role=\"web\"} 0\n"));
	assert_false(has(&out, "process_open_fds{role=\"web\"} 0\n"));
	assert_true(has(&out, "netpulse_build_info{role=\"web\",version=\"" NP_VERSION "\"} 1\n"));
	metrics_free(m);
}

static void times_are_shown_in_seconds(void **state)
{
	(void)state;
	struct metrics *m = metrics_new("checker");
	metric_set(metrics_get(m, METRIC_GAUGE_US, "np_skew_seconds", "", "Skew."), -1500000);
	NP_CLEANUP(buf_done) struct buf out;
	buf_init(&out, 1 << 20);
	assert_ok(metrics_render(m, &out));
	assert_true(has(&out, "# TYPE np_skew_seconds gauge\n"
			      "np_skew_seconds{role=\"checker\"} -1.500000\n"));
	metrics_free(m);
}

static void histograms_count_up_to_each_bound(void **state)
{
	(void)state;
	struct metrics *m = metrics_new("engine");
	struct metric *h = metrics_get(m, METRIC_HIST_US, "np_fold_seconds", "", "Fold.");
	static const int64_t seen[] = { -5, 100, 101, 1000000, 61000000 };
	for (size_t i = 0; i < NP_LEN(seen); i++)
		metric_observe_us(h, seen[i]);
	NP_CLEANUP(buf_done) struct buf out;
	buf_init(&out, 1 << 20);
	assert_ok(metrics_render(m, &out));
	assert_true(has(&out, "# TYPE np_fold_seconds histogram\n"
			      "np_fold_seconds_bucket{role=\"engine\",le=\"0.0001\"} 2\n"
			      "np_fold_seconds_bucket{role=\"engine\",le=\"0.00025\"} 3\n"));
	assert_true(has(&out, "le=\"1\"} 4\n"));
	assert_true(has(&out,
			"le=\"60\"} 4\nnp_fold_seconds_bucket{role=\"engine\",le=\"+Inf\"} 5\n"
			"np_fold_seconds_sum{role=\"engine\"} 62.000201\n"
			"np_fold_seconds_count{role=\"engine\"} 5\n"));
	assert_int_equal(metric_value(h), 5);
	metrics_free(m);
}

static void too_many_series_go_to_a_sink(void **state)
{
	(void)state;
	static char names[METRICS_MAX + 2][8];
	struct metrics *m = metrics_new("x");
	struct metric *last[2];
	for (size_t i = 0; i < NP_LEN(names); i++) {
		names[i][0] = 'n';
		str_hex((const uint8_t[]){ (uint8_t)(i >> 8), (uint8_t)i }, 2, names[i] + 1);
		last[i & 1] = metrics_get(m, METRIC_GAUGE, names[i], "", "N.");
		metric_add(last[i & 1], 1);
	}
	assert_ptr_equal(last[0], last[1]);
	NP_CLEANUP(buf_done) struct buf out;
	buf_init(&out, 1 << 20);
	assert_ok(metrics_render(m, &out));
	assert_true(has(&out, "n01ff{role=\"x\"} 1\n"));
	assert_false(has(&out, "n0200"));
	NP_CLEANUP(buf_done) struct buf small;
	buf_init(&small, 100);
	assert_err(metrics_render(m, &small), NP_E_LIMIT);
	metrics_free(m);
}

static void without_memory_there_is_still_a_series(void **state)
{
	(void)state;
	np_oom_at(1);
	assert_null(metrics_new("x"));
	struct metrics *m = metrics_new("x");
	np_oom_at(1);
	struct metric *x = metrics_get(m, METRIC_GAUGE, "np_y", "", "Y.");
	np_oom_at(0);
	metric_set(x, 1);
	assert_ptr_not_equal(x, metrics_get(m, METRIC_GAUGE, "np_y", "", "Y."));
	metrics_free(m);
	metrics_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(same_name_and_label_is_the_same_series),
		cmocka_unit_test(times_are_shown_in_seconds),
		cmocka_unit_test(histograms_count_up_to_each_bound),
		cmocka_unit_test(too_many_series_go_to_a_sink),
		cmocka_unit_test(without_memory_there_is_still_a_series),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
