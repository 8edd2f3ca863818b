/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/conf.h"
#include "base/file.h"

static const struct conf_item items[] = {
	{ .key = "http.listen", .kind = CONF_STR, .fallback = "127.0.0.1:8080" },
	{ .key = "http.deadline", .kind = CONF_MS, .min = 100, .max = 60000, .fallback = "10s" },
	{ .key = "database", .kind = CONF_STR, .required = true },
	{ .key = "workers", .kind = CONF_INT, .min = 1, .max = 64, .fallback = "4" },
	{ .key = "verbose", .kind = CONF_BOOL, .fallback = "false" },
	{ .key = "names", .kind = CONF_LIST, .fallback = "a, b" },
	{ .key = "optional", .kind = CONF_STR },
};

static char dir[] = "/tmp/np-test-conf-XXXXXX";
static char path[64];

static np_err load(const char *text, struct conf **ret, struct buf *why)
{
	assert_ok(file_write_atomic(path, str_from_c(text), 0600));
	return conf_load(path, items, NP_LEN(items), ret, why);
}

static void defaults_stand_in(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf why;
	NP_CLEANUP(conf_free_p) struct conf *c = NULL;
	const char *const *names = NULL;
	buf_init(&why, 1000);
	assert_ok(load("database: d\nhttp:\n", &c, &why));
	assert_string_equal(conf_str(c, "http.listen"), "127.0.0.1:8080");
	assert_int_equal(conf_int(c, "http.deadline"), 10000);
	assert_int_equal(conf_int(c, "workers"), 4);
	assert_false(conf_bool(c, "verbose"));
	assert_null(conf_str(c, "optional"));
	assert_int_equal(conf_list(c, "names", &names), 2);
	assert_string_equal(names[1], "b");
}

static void the_file_wins(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf why;
	NP_CLEANUP(conf_free_p) struct conf *c = NULL;
	const char *const *names = NULL;
	buf_init(&why, 1000);
	assert_ok(load("database: d\nhttp:\n  listen: '[::1]:1'\n  deadline: 250ms\nworkers: 64\n"
		       "verbose: true\nnames: [x, \"\", z]\n",
		       &c, &why));
	assert_string_equal(conf_str(c, "http.listen"), "[::1]:1");
	assert_int_equal(conf_int(c, "http.deadline"), 250);
	assert_int_equal(conf_int(c, "workers"), 64);
	assert_true(conf_bool(c, "verbose"));
	assert_int_equal(conf_list(c, "names", &names), 3);
	assert_string_equal(names[1], "");
	assert_string_equal(names[2], "z");
}

static void says_what_is_wrong_and_where(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why; /* after "PATH" */
	} rows[] = {
		{ "", ": database: is missing" },
		{ "database: d\nworker: 3", ", line 2: worker: is not a known key" },
		{ "database: d\nhttp:\n  port: 3", ", line 3: http.port: is not a known key" },
		{ "database: d\nhttp: 3", ", line 2: http: must be a group of keys" },
		{ "database: 3", ", line 1: database: must be text (put numbers in quotes)" },
		{ "database: d\nworkers: 65", ", line 2: workers: out of range: from 1 to 64" },
		{ "database: d\nworkers: 5m", ", line 2: workers: must be a whole number" },
		{ "database: d\nhttp: {deadline: 1h}",
		  ", line 2: http.deadline: out of range: from 100 to 60000 milliseconds" },
		{ "database: d\nhttp: {deadline: 10}",
		  ", line 2: http.deadline: must be a time such as 250ms, 30s or 5m" },
		{ "database: d\nverbose: yes", ", line 2: verbose: must be true or false" },
		{ "database: d\nnames: x", ", line 2: names: must be a list of texts" },
		{ "database: d\nnames: [1]", ", line 2: names: must be a list of texts" },
		{ "http.listen: a\ndatabase: d\nhttp: {listen: b}",
		  ", line 3: http.listen: is there twice" },
		{ "- a", ", line 1: must be a mapping of keys" },
		{ "a: [", ", line 2: did not find expected node content" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		NP_CLEANUP(buf_done) struct buf why;
		struct conf *c = NULL;
		buf_init(&why, 1000);
		np_err e = load(rows[i].text, &c, &why);
		if (e == NP_OK)
			print_error("row %zu was taken\n", i);
		assert_true(e < 0);
		assert_true(str_starts(buf_str(&why), str_from_c(path)));
		assert_string_equal(buf_c(&why) + strlen(path), rows[i].why);
	}
}

static void a_missing_file_is_told(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf why;
	struct conf *c = NULL;
	buf_init(&why, 1000);
	assert_err(conf_load("/nonexistent/x.yaml", items, NP_LEN(items), &c, &why), NP_E_NOTFOUND);
	assert_string_equal(buf_c(&why), "/nonexistent/x.yaml: cannot be read: not found");
}

static np_err load_one(void *arg)
{
	(void)arg;
	NP_CLEANUP(buf_done) struct buf why;
	NP_CLEANUP(conf_free_p) struct conf *c = NULL;
	buf_init(&why, 1000);
	return conf_load(path, items, NP_LEN(items), &c, &why);
}

static void survives_no_memory(void **state)
{
	(void)state;
	struct conf *c = NULL;
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 1000);
	assert_ok(load("database: d\nhttp: {listen: b}\nnames: [c, d]", &c, &why));
	conf_free(c);
	t_under_oom(load_one, NULL);
	conf_free(NULL);
}

static int setup(void **state)
{
	(void)state;
	if (!mkdtemp(dir))
		return -1;
	memcpy(path, dir, sizeof dir);
	memcpy(path + sizeof dir - 1, "/c.yaml", sizeof "/c.yaml");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	return unlink(path) == 0 && rmdir(dir) == 0 ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_stand_in),
		cmocka_unit_test(the_file_wins),
		cmocka_unit_test(says_what_is_wrong_and_where),
		cmocka_unit_test(a_missing_file_is_told),
		cmocka_unit_test(survives_no_memory),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
