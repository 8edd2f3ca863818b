/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <string.h>

#include "base/args.h"

static const struct arg_opt opts[] = {
	{ "http", "ADDR:PORT", "where the dashboard listens", "127.0.0.1:8080" },
	{ "data", "DIR", "where everything is kept", NULL },
	{ "json", NULL, "machine output", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse test [options] NAME",
	.about = "A test.",
	.opts = opts,
	.n = NP_LEN(opts),
	.min_pos = 1,
	.max_pos = 2,
};

static np_err parse(const char *const *line, struct args **ret, struct buf *why)
{
	char *argv[8];
	int argc = 0;
	while (line[argc])
		argc++;
	memcpy(argv, line, ((size_t)argc + 1) * sizeof *argv);
	return args_parse(&spec, argc, argv, ret, why);
}

static void takes_options_in_any_order(void **state)
{
	(void)state;
	static const char *const lines[][8] = {
		{ "test", "--data", "d", "x", "--json", NULL },
		{ "test", "x", "--json", "--data=d", NULL },
		{ "test", "--json", "--data=d", "--", "x", NULL },
	};
	for (size_t i = 0; i < NP_LEN(lines); i++) {
		NP_CLEANUP(buf_done) struct buf why;
		struct args *a = NULL;
		const char *const *pos = NULL;
		buf_init(&why, 500);
		assert_ok(parse(lines[i], &a, &why));
		assert_string_equal(args_str(a, "http"), "127.0.0.1:8080");
		assert_string_equal(args_str(a, "data"), "d");
		assert_true(args_flag(a, "json"));
		assert_int_equal(args_pos(a, &pos), 1);
		assert_string_equal(pos[0], "x");
		args_free(a);
	}
}

static void what_looks_like_an_option_may_be_a_value(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf why;
	const char *const line[] = { "test", "--data=", "-", "--", "--json", NULL };
	struct args *a = NULL;
	const char *const *pos = NULL;
	buf_init(&why, 500);
	assert_ok(parse(line, &a, &why));
	assert_string_equal(args_str(a, "data"), "");
	assert_false(args_flag(a, "json"));
	assert_int_equal(args_pos(a, &pos), 2);
	assert_string_equal(pos[0], "-");
	assert_string_equal(pos[1], "--json");
	args_free(a);
}

static void says_what_is_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *line[6];
		const char *why;
	} rows[] = {
		{ { "test", "--what", "x", NULL },
		  "unknown option --what; --help lists what there is" },
		{ { "test", "--dat", "x", NULL },
		  "unknown option --dat; --help lists what there is" },
		{ { "test", "-x", NULL }, "unknown option -x; --help lists what there is" },
		{ { "test", "x", "--data", NULL }, "option --data needs a value" },
		{ { "test", "x", "--json=1", NULL }, "option --json takes no value" },
		{ { "test", "x", "--json", "--json", NULL }, "option --json is given twice" },
		{ { "test", NULL }, "an argument is missing; usage: netpulse test [options] NAME" },
		{ { "test", "a", "b", "c", NULL },
		  "unexpected argument \"c\"; usage: netpulse test [options] NAME" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		NP_CLEANUP(buf_done) struct buf why;
		struct args *a = NULL;
		buf_init(&why, 500);
		assert_err(parse(rows[i].line, &a, &why), NP_E_INVAL);
		assert_string_equal(buf_c(&why), rows[i].why);
		assert_null(a);
	}
}

static void help_is_not_an_error(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf why;
	const char *const line[] = { "test", "--help", NULL };
	struct args *a = NULL;
	buf_init(&why, 500);
	assert_err(parse(line, &a, &why), NP_E_CANCELED);
	assert_null(a);
	args_free(NULL);
}

static np_err parse_one(void *arg)
{
	const char *const line[] = { "test", "x", NULL };
	(void)arg;
	NP_CLEANUP(buf_done) struct buf why;
	struct args *a = NULL;
	buf_init(&why, 500);
	np_err e = parse(line, &a, &why);
	args_free(a);
	return e;
}

static void survives_no_memory(void **state)
{
	(void)state;
	t_under_oom(parse_one, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_options_in_any_order),
		cmocka_unit_test(what_looks_like_an_option_may_be_a_value),
		cmocka_unit_test(says_what_is_wrong),
		cmocka_unit_test(help_is_not_an_error),
		cmocka_unit_test(survives_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
