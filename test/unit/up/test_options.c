/* SPDX-License-Identifier: Apache-2.0 */
#include "up/options.h"

#include "unit/t.h"

static np_err parse(const char *const *words, struct up_options *o, struct buf *why)
{
	char *argv[16] = { (char *)(uintptr_t) "up" };
	int n = 1;
	for (; words[n - 1] != NULL; n++)
		argv[n] = (char *)(uintptr_t)words[n - 1];
	return up_options_parse(n, argv, o, why);
}

static void defaults_are_loopback_and_three_regions(void **state)
{
	struct up_options o;
	NP_CLEANUP(buf_done) struct buf why;
	(void)state;
	buf_init(&why, 1024);
	assert_ok(parse((const char *const[]){ "--data", "/x", NULL }, &o, &why));
	assert_string_equal(o.http, "127.0.0.1:8080");
	assert_string_equal(o.gateway, "127.0.0.1:8443");
	assert_string_equal(o.enrol, "127.0.0.1:8444");
	assert_int_equal(o.n_regions, 3);
	assert_string_equal(o.regions[2], "ap-south");
	assert_null(o.metrics);
	up_options_done(&o);
}

static void what_is_wrong_is_said(void **state)
{
	static const struct {
		const char *words[5];
		const char *say;
	} rows[] = {
		{ { "--data", "here" }, "absolute" },
		{ { "--data", "/x", "--http", "8080" }, "ADDR:PORT" },
		{ { "--data", "/x", "--gateway", "1.2.3.4:0" }, "ADDR:PORT" },
		{ { "--data", "/x", "--gateway", "1.2.3.4:70000" }, "ADDR:PORT" },
		{ { "--data", "/x", "--regions", "a,,b" }, "region name" },
		{ { "--data", "/x", "--regions", "-a" }, "region name" },
		{ { "--data", "/x", "--regions", "a,b,a" }, "twice" },
		{ { "--data", "/x", "--regions", "" }, "at least one" },
		{ { "--data", "/x", "--trusted-proxies", "10.0.0.1/8" }, "network" },
		{ { "--data", "/x", "--trusted-proxies", "10.0.0.1," }, "network" },
		{ { "--data", "/x", "--smtp", "http://h" }, "smtp://" },
		{ { "--data", "/x", "--smtp", "smtp://u:p@h" }, "--smtp-secret" },
		{ { "--data", "/x", "--smtp-secret", "pw" }, "@FILE" },
		{ { "--data", "/x", "--smtp-secret", "@f" }, "without --smtp" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct up_options o;
		NP_CLEANUP(buf_done) struct buf why;
		buf_init(&why, 1024);
		assert_err(parse(rows[i].words, &o, &why), NP_E_INVAL);
		if (str_find(buf_str(&why), str_from_c(rows[i].say)) == SIZE_MAX)
			fail_msg("row %zu says \"%s\"", i, buf_c(&why));
		up_options_done(&o);
	}
}

static void a_long_path_would_break_sockets(void **state)
{
	char path[200] = "/";
	struct up_options o;
	NP_CLEANUP(buf_done) struct buf why;
	(void)state;
	buf_init(&why, 1024);
	memset(path + 1, 'x', UP_PATH_MAX);
	assert_err(parse((const char *const[]){ "--data", path, NULL }, &o, &why), NP_E_INVAL);
	up_options_done(&o);
	path[UP_PATH_MAX] = '\0';
	buf_reset(&why);
	assert_ok(parse((const char *const[]){ "--data", path, NULL }, &o, &why));
	up_options_done(&o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_loopback_and_three_regions),
		cmocka_unit_test(what_is_wrong_is_said),
		cmocka_unit_test(a_long_path_would_break_sockets),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
