/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <math.h>
#include <string.h>

#include "base/crypt.h"
#include "base/yaml.h"

static struct yaml_doc *parsed(const char *text)
{
	NP_CLEANUP(buf_done) struct buf why;
	struct yaml_doc *d = NULL;
	buf_init(&why, 1000);
	np_err e = yaml_parse(str_from_c(text), &d, &why);
	if (e < 0)
		print_error("%s\n", buf_c(&why));
	assert_ok(e);
	return d;
}

static void scalars_follow_the_core_schema(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *json;
	} rows[] = {
		{ "", "null" },
		{ "# only a remark\n", "null" },
		{ "~", "null" },
		{ "null", "null" },
		{ "true", "true" },
		{ "FALSE", "false" },
		{ "yes", "\"yes\"" },
		{ "on", "\"on\"" },
		{ "5", "5" },
		{ "-5", "-5" },
		{ "+5", "5" },
		{ "0x1F", "31" },
		{ "0o17", "15" },
		{ "5m", "\"5m\"" },
		{ "60s", "\"60s\"" },
		{ "1:30", "\"1:30\"" },
		{ "1_000", "\"1_000\"" },
		{ "1.5", "1.5" },
		{ ".5", "0.5" },
		{ "1.", "1.0" },
		{ "-.5e1", "-5.0" },
		{ "1.e1", "10.0" },
		{ ".", "\".\"" },
		{ "+", "\"+\"" },
		{ "-", "[null]" },
		{ "+-5", "\"+-5\"" },
		{ "'5'", "\"5\"" },
		{ "\"true\"", "\"true\"" },
		{ "1.2.3", "\"1.2.3\"" },
		{ "1e", "\"1e\"" },
		{ "e5", "\"e5\"" },
		{ ".e5", "\".e5\"" },
		{ "0x", "\"0x\"" },
		{ "0xg", "\"0xg\"" },
		{ "2026-03-01", "\"2026-03-01\"" },
		{ "[a, 1, {b: c}]", "[\"a\",1,{\"b\":\"c\"}]" },
		{ "a: 1\nb:\n  - x\n  -\n", "{\"a\":1,\"b\":[\"x\",null]}" },
		{ "1: x\ntrue: y", "{\"1\":\"x\",\"true\":\"y\"}" },
		{ "a: |\n  l1\n  l2\n", "{\"a\":\"l1\\nl2\\n\"}" },
		{ "first\n---\nsecond", "\"first\"" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		NP_CLEANUP(yaml_free_p) struct yaml_doc *d = parsed(rows[i].yaml);
		json_t *want = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
		if (!json_equal(want, yaml_root(d)))
			print_error("row %zu: %s\n", i, rows[i].yaml);
		assert_true(json_equal(want, yaml_root(d)));
		json_decref(want);
	}
}

static void says_which_line_is_wrong(void **state)
{
	(void)state;
	static const struct {
		const char *yaml, *why;
	} rows[] = {
		{ "a: 1\na: 2", "line 2: the key \"a\" is there twice" },
		{ "x:\n  - &n 1", "line 2: anchors and tags are not supported" },
		{ "x: !!str 1", "line 1: anchors and tags are not supported" },
		{ "x: !t [1]", "line 1: anchors and tags are not supported" },
		{ "a: 1\nx: *n", "line 2: aliases are not supported" },
		{ "? [a]\n: b", "line 1: a key must be text" },
		{ "a: \"x\\0y\"", "line 1: text with a NUL byte" },
		{ "\"x\\0y\": 1", "line 1: a key with a NUL byte" },
		{ "a: 9223372036854775808", "line 1: number out of range" },
		{ "a: 0x8000000000000000", "line 1: number out of range" },
		{ "a: 1e999", "line 1: number out of range" },
		{ "a: .inf", "line 1: number out of range" },
		{ "a: 1\n b: 2", "line 2: mapping values are not allowed in this context" },
		{ "a: [1", "line 2: did not find expected ',' or ']'" },
		{ "a: \xff", "line 1: invalid leading UTF-8 octet" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		NP_CLEANUP(buf_done) struct buf why;
		struct yaml_doc *d = NULL;
		buf_init(&why, 1000);
		np_err e = yaml_parse(str_from_c(rows[i].yaml), &d, &why);
		assert_true(e == NP_E_INVAL || e == NP_E_RANGE);
		assert_null(d);
		assert_string_equal(buf_c(&why), rows[i].why);
	}
}

static void depth_has_a_limit(void **state)
{
	(void)state;
	char text[YAML_DEPTH_MAX + 1];
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 1000);
	memset(text, '[', sizeof text);
	struct yaml_doc *d = NULL;
	assert_err(yaml_parse((np_str){ text, sizeof text }, &d, &why), NP_E_LIMIT);
	assert_string_equal(buf_c(&why), "line 1: nested too deeply");
}

static void knows_the_line_of_each_value(void **state)
{
	(void)state;
	NP_CLEANUP(yaml_free_p)
	struct yaml_doc *d = parsed("monitors:\n"
				    "  - name: a\n"
				    "    interval: 5m\n"
				    "  - name: b\n"
				    "    interval:\n"
				    "      nested: x\n"
				    "a/b: 1\n"
				    "c~d: 2\n"
				    "\"\": 3\n");
	static const struct {
		const char *pointer;
		uint32_t line;
	} rows[] = {
		{ "", 1 },
		{ "/monitors", 2 },
		{ "/monitors/0", 2 },
		{ "/monitors/0/interval", 3 },
		{ "/monitors/1/name", 4 },
		{ "/monitors/1/interval/nested", 6 },
		{ "/a~1b", 7 },
		{ "/c~0d", 8 },
		{ "/", 9 },
		{ "/monitors/2", 0 },
		{ "/none", 0 },
		{ "monitors", 0 },
		{ "/monitors/0/", 0 },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++)
		assert_int_equal(yaml_line(d, rows[i].pointer), rows[i].line);
}

static np_err parse_some(void *arg)
{
	NP_CLEANUP(buf_done) struct buf why;
	NP_CLEANUP(yaml_free_p) struct yaml_doc *d = NULL;
	buf_init(&why, 1000);
	return yaml_parse(str_from_c(arg), &d, &why);
}

static void survives_no_memory(void **state)
{
	(void)state;
	char text[] = "monitors:\n  - name: a\n    list: [1, 2.5, true, ~]\n  - {b: {c: d}}\n";
	t_under_oom(parse_some, text);
}

/* Damaged documents: an answer each time, and no sanitizer complains. */
static void any_bytes_get_an_answer(void **state)
{
	(void)state;
	static const char seed[] =
		"a: [1, 2.5, {b: 'c'}]\nd:\n  - |\n   x\n  - \"y\\x41\"\n&x *y: !z ~";
	for (int i = 0; i < 20000; i++) {
		NP_CLEANUP(buf_done) struct buf why;
		NP_CLEANUP(yaml_free_p) struct yaml_doc *d = NULL;
		char text[sizeof seed];
		buf_init(&why, 1000);
		memcpy(text, seed, sizeof seed);
		for (uint64_t k = rnd_u64() % 4; k > 0; k--)
			text[rnd_u64() % (sizeof text - 1)] = (char)rnd_u64();
		np_err e = yaml_parse((np_str){ text, rnd_u64() % sizeof text }, &d, &why);
		assert_true((e == NP_OK) == (d != NULL));
		assert_true((e == NP_OK) == (why.n == 0));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(scalars_follow_the_core_schema),
		cmocka_unit_test(says_which_line_is_wrong),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(knows_the_line_of_each_value),
		cmocka_unit_test(survives_no_memory),
		cmocka_unit_test(any_bytes_get_an_answer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
