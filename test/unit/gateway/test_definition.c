/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/definition.h"
#include "unit/t.h"

static np_err read_def(const char *json, struct gw_monitor **ret)
{
	struct gw_monitor *m = world_monitor_new(1);
	assert_non_null(m);
	m->kind = MON_HTTP;
	np_err e = definition_read(str_from_c(json), m);
	if (e == NP_OK && ret)
		*ret = m;
	else
		world_monitor_free(m);
	return e;
}

static void times_are_milliseconds_and_have_defaults(void **state)
{
	(void)state;
	struct gw_monitor *m = NULL;
	assert_ok(read_def("{\"target\":\"http://x/\",\"interval_s\":7.5,\"timeout_s\":0.25,"
			   "\"retries\":0,\"retry_interval_s\":1}",
			   &m));
	assert_int_equal(m->interval_ms, 7500);
	assert_int_equal(m->timeout_ms, 250);
	assert_int_equal(m->retries, 0);
	assert_int_equal(m->retry_interval_ms, 1000);
	assert_string_equal(m->options, "");
	world_monitor_free(m);
	assert_ok(read_def("{\"target\":\"http://x/\"}", &m));
	assert_int_equal(m->interval_ms, MON_INTERVAL_MS);
	assert_int_equal(m->timeout_ms, mon_default_timeout_ms(MON_INTERVAL_MS));
	assert_int_equal(m->retries, MON_RETRIES);
	world_monitor_free(m);
}

static void options_and_assertions_go_as_they_are(void **state)
{
	(void)state;
	struct gw_monitor *m = NULL;
	assert_ok(read_def(
		"{\"target\":\"t\",\"options\":{\"a\": [1, 2]},\"assertions\":[{\"b\":\"\\u00e9\"}]}",
		&m));
	assert_string_equal(m->options, "{\"a\":[1,2]}");
	assert_string_equal(m->assertions, "[{\"b\":\"\xc3\xa9\"}]");
	assert_int_equal(m->bytes, 1 + strlen(m->options) + strlen(m->assertions));
	world_monitor_free(m);
}

static void paused_is_nobodys(void **state)
{
	(void)state;
	assert_err(read_def("{\"target\":\"t\",\"paused\":true}", NULL), NP_E_NOTFOUND);
	assert_ok(read_def("{\"target\":\"t\",\"paused\":false}", NULL));
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	static const char *const rows[] = {
		"",
		"[]",
		"{}",
		"{\"target\":5}",
		"{\"target\":\"\"}",
		"{\"target\":\"t\",\"interval_s\":\"60\"}",
		"{\"target\":\"t\",\"interval_s\":0}",
		"{\"target\":\"t\",\"interval_s\":-1}",
		"{\"target\":\"t\",\"timeout_s\":1e300}",
		"{\"target\":\"t\",\"retries\":99}",
		"{\"target\":\"t\",\"retries\":-1}",
	};
	for (size_t i = 0; i < NP_LEN(rows); i++)
		assert_err(read_def(rows[i], NULL), NP_E_INVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_milliseconds_and_have_defaults),
		cmocka_unit_test(options_and_assertions_go_as_they_are),
		cmocka_unit_test(paused_is_nobodys),
		cmocka_unit_test(nonsense_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
