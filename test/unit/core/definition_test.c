/* SPDX-License-Identifier: Apache-2.0 */
/* Targets, options, assertions and whole monitors from JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "core/monitor_json.h"

static void targets_by_kind(void **state NP_UNUSED)
{
	static const struct {
		enum mon_kind kind;
		const char *text;
		const char *host; /* NULL: refused */
		uint16_t port;
	} rows[] = {
		{ MON_HTTP, "http://example.org", "example.org", 80 },
		{ MON_HTTP, "https://example.org/a?b=c", "example.org", 443 },
		{ MON_HTTP, "HTTPS://example.org:8443?x", "example.org", 8443 },
		{ MON_HTTP, "http://[::1]:8080/", "::1", 8080 },
		{ MON_HTTP, "http://127.0.0.1:80", "127.0.0.1", 80 },
		{ MON_HTTP, "http://user:pw@example.org/", NULL, 0 },
		{ MON_HTTP, "http://example.org/#top", NULL, 0 },
		{ MON_HTTP, "ftp://example.org/", NULL, 0 },
		{ MON_HTTP, "example.org", NULL, 0 },
		{ MON_HTTP, "http://", NULL, 0 },
		{ MON_HTTP, "http:///path", NULL, 0 },
		{ MON_HTTP, "http://exa mple.org", NULL, 0 },
		{ MON_HTTP, "http://example.org\\@evil.org", NULL, 0 },
		{ MON_HTTP, "http://example.org:0", NULL, 0 },
		{ MON_HTTP, "http://example.org:65536", NULL, 0 },
		{ MON_HTTP, "http://example.org:", NULL, 0 },
		{ MON_HTTP, "http://ex\xc3\xa4mple.org", NULL, 0 },
		{ MON_HTTP, "http://-bad.org", NULL, 0 },
		{ MON_HTTP, "http://1.2.3.4.5", NULL, 0 },
		{ MON_HTTP, "http://256.1.1.1", NULL, 0 },
		{ MON_HTTP, "http://0177.0.0.1", NULL, 0 },
		{ MON_HTTP, "http://2130706433", NULL, 0 },
		{ MON_TCP, "db.example.org:5432", "db.example.org", 5432 },
		{ MON_TCP, "[2001:db8::1]:22", "2001:db8::1", 22 },
		{ MON_TCP, "2001:db8::1:22", NULL, 0 },
		{ MON_TCP, "example.org", NULL, 0 },
		{ MON_TCP, "[::1", NULL, 0 },
		{ MON_TCP, "[::1]x", NULL, 0 },
		{ MON_TLS, "example.org", "example.org", 443 },
		{ MON_TLS, "example.org:993", "example.org", 993 },
		{ MON_ICMP, "router_1.lan", "router_1.lan", 0 },
		{ MON_ICMP, "fe80::1", "fe80::1", 0 },
		{ MON_ICMP, "example.org:80", NULL, 0 },
		{ MON_ICMP, "http://example.org", NULL, 0 },
		{ MON_DNS, "example.org.", "example.org.", 0 },
		{ MON_DNS, "_dmarc.example.org", "_dmarc.example.org", 0 },
		{ MON_DNS, "192.0.2.1", NULL, 0 },
		{ MON_DNS, "", NULL, 0 },
		{ MON_DNS, "a..b", NULL, 0 },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct tgt t = { 0 };
		const char *why = NULL;
		np_err e = tgt_parse(rows[i].kind, str_from_c(rows[i].text), &t, &why);
		if (rows[i].host == NULL ? e != NP_E_INVAL || why == NULL
					 : e != NP_OK || !str_eq_c(t.host, rows[i].host) ||
						   t.port != rows[i].port)
			fail_msg("row %zu \"%s\": %d %s", i, rows[i].text, e, why ? why : "");
	}
}

static void ipv6_by_rows(void **state NP_UNUSED)
{
	static const char *const good[] = { "::",
					    "::1",
					    "1::",
					    "1:2:3:4:5:6:7:8",
					    "::ffff:1.2.3.4",
					    "1:2:3:4:5:6:1.2.3.4",
					    "fe80::abcd" };
	static const char *const bad[] = {
		"",        ":",   ":::",      "1:2:3:4:5:6:7",      "1:2:3:4:5:6:7:8:9", "1::2::3",
		"12345::", "g::", "::1%eth0", "1:2:3:4:5:6:7::8:9", "1.2.3.4::"
	};
	for (size_t i = 0; i < NP_LEN(good); i++)
		if (!tgt_is_ipv6(str_from_c(good[i])))
			fail_msg("%s", good[i]);
	for (size_t i = 0; i < NP_LEN(bad); i++)
		if (tgt_is_ipv6(str_from_c(bad[i])))
			fail_msg("%s", bad[i]);
}

static const np_str region_names[] = { { "eu-west", 7 }, { "us-east", 7 }, { "ap-south", 8 } };
static const uint32_t region_numbers[] = { 11, 12, 13 };
static const struct monj_regions regions = { region_names, region_numbers, 3 };

static json_t *parse(const char *text)
{
	json_error_t e;
	json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, &e);
	if (j == NULL)
		fail_msg("%s: %s", text, e.text);
	return j;
}

static void the_least_monitor_gets_every_default(void **state NP_UNUSED)
{
	struct problem_list p = { 0 };
	struct monj m;
	json_t *j = parse("{\"name\":\"a\",\"kind\":\"http\",\"target\":\"http://localhost:1\"}");
	assert_int_equal(monj_read(j, &regions, &m, &p), NP_OK);
	assert_int_equal(m.def.interval_ms, 60000);
	assert_int_equal(m.def.timeout_ms, 10000);
	assert_int_equal(m.def.retries, 2);
	assert_int_equal(m.def.retry_interval_ms, 5000);
	assert_int_equal(m.def.fail_after, 2);
	assert_int_equal(m.def.recover_after, 2);
	assert_int_equal(m.def.confirm_ms, 10000);
	assert_int_equal(m.def.recover_ms, 20000);
	assert_int_equal(m.def.quorum, MON_Q_MAJORITY);
	assert_int_equal(m.def.region_n, 3);
	assert_int_equal(m.def.region[2], 13);
	assert_false(m.regions_given);
	assert_true(str_eq_c(m.options.method, "GET") && m.options.verify);
	m.def.no = m.def.revision = 1;
	assert_int_equal(mon_validate(&m.def), MON_F_OK);
	json_decref(j);
}

#define HEAD "{\"name\":\"a\",\"kind\":\"http\",\"target\":\"http://h\","
#define DNS "{\"name\":\"a\",\"kind\":\"dns\",\"target\":\"example.org\","
#define TCP "{\"name\":\"a\",\"kind\":\"tcp\",\"target\":\"h:1\","

static const struct {
	const char *json, *path; /* path NULL: fine */
} field_rows[] = {
	{ "[]", "" },
	{ "{\"kind\":\"http\",\"target\":\"http://h\"}", "name" },
	{ "{\"name\":\" a\",\"kind\":\"http\",\"target\":\"http://h\"}", "name" },
	{ "{\"name\":\"a\",\"kind\":\"ftp\",\"target\":\"http://h\"}", "kind" },
	{ "{\"name\":\"a\",\"kind\":\"http\",\"target\":7}", "target" },
	{ "{\"name\":\"a\",\"kind\":\"tcp\",\"target\":\"h\"}", "target" },
	{ HEAD "\"intervall\":5}", "intervall" },
	{ HEAD "\"interval_s\":4.9}", "interval_s" },
	{ HEAD "\"interval_s\":5}", NULL },
	{ HEAD "\"interval_s\":\"60\"}", "interval_s" },
	{ HEAD "\"interval_s\":10,\"timeout_s\":8}", NULL },
	{ HEAD "\"interval_s\":10,\"timeout_s\":8.1}", "timeout_s" },
	{ HEAD "\"interval_s\":1e300}", "interval_s" },
	{ HEAD "\"retries\":11}", "retries" },
	{ HEAD "\"retries\":1.5}", "retries" },
	{ HEAD "\"retry_interval_s\":0.5}", "retry_interval_s" },
	{ HEAD "\"fail_after\":0}", "fail_after" },
	{ HEAD "\"recover_after\":-1}", "recover_after" },
	{ HEAD "\"confirm_s\":0,\"recover_s\":0}", NULL },
	{ HEAD "\"confirm_s\":-1}", "confirm_s" },
	{ HEAD "\"quorum\":\"most\"}", "quorum" },
	{ HEAD "\"quorum\":3}", NULL },
	{ HEAD "\"quorum\":4}", "quorum" },
	{ HEAD "\"quorum\":2,\"regions\":[\"eu-west\"]}", "quorum" },
	{ HEAD "\"regions\":[]}", "regions" },
	{ HEAD "\"regions\":[\"mars\"]}", "regions[0]" },
	{ HEAD "\"regions\":[\"eu-west\",\"eu-west\"]}", "regions[1]" },
	{ HEAD "\"regions\":null,\"tags\":null}", NULL },
	{ HEAD "\"paused\":\"yes\"}", "paused" },
	{ HEAD "\"tags\":[\"\"]}", "tags" },
	{ HEAD "\"channels\":[\"c1\"]}", NULL },
	{ HEAD "\"options\":[]}", "options" },
	{ HEAD "\"options\":{\"send\":\"x\"}}", "options.send" },
	{ HEAD "\"options\":{\"method\":\"get\"}}", "options.method" },
	{ HEAD "\"options\":{\"method\":\"POST\",\"body\":\"x\"}}", NULL },
	{ HEAD "\"options\":{\"body\":\"x\"}}", "options.body" },
	{ HEAD "\"options\":{\"headers\":{\"X-A\":\"b\"}}}", NULL },
	{ HEAD "\"options\":{\"headers\":{\"X A\":\"b\"}}}", "options.headers.X A" },
	{ HEAD "\"options\":{\"headers\":{\"Host\":\"b\"}}}", "options.headers.Host" },
	{ HEAD "\"options\":{\"headers\":{\"X\":\"a\\r\\nY: b\"}}}", "options.headers.X" },
	{ HEAD "\"options\":{\"follow_redirects\":false}}", NULL },
	{ HEAD "\"options\":{\"follow_redirects\":21}}", "options.follow_redirects" },
	{ TCP "\"options\":{\"send\":\"a\",\"expect\":\"b\"}}", NULL },
	{ TCP "\"options\":{\"method\":\"GET\"}}", "options.method" },
	{ DNS "\"options\":{\"record\":\"MX\",\"resolver\":\"9.9.9.9:53\"}}", NULL },
	{ DNS "\"options\":{\"record\":\"SRV\"}}", "options.record" },
	{ DNS "\"options\":{\"resolver\":\"dns.example\"}}", "options.resolver" },
	{ DNS "\"options\":{\"expect\":\"192.0.2.1\"}}", "options.expect" },
	{ DNS "\"options\":{\"expect\":[\"192.0.2.1\"]}}", NULL },
	{ HEAD "\"assertions\":[{\"source\":\"status\",\"op\":\"eq\",\"value\":200}]}", NULL },
	{ HEAD "\"assertions\":[{\"source\":\"status\",\"op\":\"eq\",\"value\":\"x\"}]}",
	  "assertions[0].value" },
	{ HEAD "\"assertions\":[{\"source\":\"colour\",\"op\":\"eq\",\"value\":1}]}",
	  "assertions[0].source" },
	{ HEAD "\"assertions\":[{\"source\":\"status\",\"op\":\"like\",\"value\":1}]}",
	  "assertions[0].op" },
	{ HEAD "\"assertions\":[{\"source\":\"body\",\"op\":\"lt\",\"value\":1}]}",
	  "assertions[0].source" },
	{ HEAD "\"assertions\":[{\"source\":\"body\",\"op\":\"contains\"}]}",
	  "assertions[0].value" },
	{ HEAD "\"assertions\":[{\"source\":\"answers\",\"op\":\"eq\",\"value\":\"a\"}]}",
	  "assertions[0].source" },
	{ HEAD "\"assertions\":[{\"source\":\"header:\",\"op\":\"exists\"}]}",
	  "assertions[0].source" },
	{ HEAD "\"assertions\":[{\"source\":\"header:ETag\",\"op\":\"exists\"}]}", NULL },
	{ HEAD "\"assertions\":[{\"source\":\"body\",\"op\":\"contains\",\"value\":\"a\","
	       "\"soft\":1}]}",
	  "assertions[0].soft" },
	{ HEAD "\"assertions\":[7]}", "assertions[0]." },
	{ HEAD "\"severity\":\"critical\"}", NULL },
	{ HEAD "\"severity\":\"awful\"}", "severity" },
	{ HEAD "\"reminder_s\":0}", NULL },
	{ HEAD "\"reminder_s\":59}", "reminder_s" },
	{ HEAD "\"escalation\":[{\"after_s\":900,\"channels\":[\"a\"]}]}", NULL },
	{ HEAD "\"escalation\":{}}", "escalation" },
	{ HEAD "\"escalation\":[7]}", "escalation" },
	{ HEAD "\"escalation\":[{\"channels\":[\"a\"]}]}", "escalation[0].after_s" },
	{ HEAD "\"escalation\":[{\"after_s\":900}]}", "escalation[0].channels" },
	{ HEAD "\"escalation\":[{\"after_s\":900,\"channels\":[\"a\"]},"
	       "{\"after_s\":900,\"channels\":[\"b\"]}]}",
	  "escalation[1].after_s" },
	{ HEAD "\"quiet\":{\"zone\":\"Europe/Berlin\",\"from\":\"22:00\",\"to\":\"07:00\"}}",
	  NULL },
	{ HEAD "\"quiet\":{\"zone\":\"../etc/passwd\",\"from\":\"22:00\",\"to\":\"07:00\"}}",
	  "quiet.zone" },
	{ HEAD "\"quiet\":{\"zone\":\"Europe/\",\"from\":\"22:00\",\"to\":\"07:00\"}}",
	  "quiet.zone" },
	{ HEAD "\"quiet\":{\"zone\":\"UTC\",\"from\":\"24:00\",\"to\":\"07:00\"}}", "quiet.from" },
	{ HEAD "\"quiet\":{\"zone\":\"UTC\",\"from\":\"7:00\",\"to\":\"07:00\"}}", "quiet.from" },
	{ HEAD "\"quiet\":{\"zone\":\"UTC\",\"from\":\"07:00\",\"to\":\"07:00\"}}", "quiet.to" },
	{ HEAD "\"quiet\":{\"zone\":\"UTC\",\"from\":\"22:00\",\"to\":\"07:00\","
	       "\"days\":[\"mon\",\"mon\"]}}",
	  "quiet.days" },
	{ HEAD "\"quiet\":{\"zone\":\"UTC\",\"from\":\"22:00\",\"to\":\"07:00\","
	       "\"days\":[]}}",
	  "quiet.days" },
	{ HEAD "\"quiet\":7}", "quiet" },
	{ HEAD "\"parent\":\"0b0e8e0e-0000-4000-8000-000000000001\"}", NULL },
	{ HEAD "\"parent\":\"router\"}", "parent" },
};

static void each_wrong_field_is_named(void **state NP_UNUSED)
{
	for (size_t i = 0; i < NP_LEN(field_rows); i++) {
		struct problem_list p = { 0 };
		struct monj m;
		json_t *j = parse(field_rows[i].json);
		np_err e = monj_read(j, &regions, &m, &p);
		if (field_rows[i].path == NULL
			    ? e != NP_OK
			    : e != NP_E_INVAL || strcmp(p.item[0].path, field_rows[i].path) != 0)
			fail_msg("row %zu %s: %d %s: %s", i, field_rows[i].json, e, p.item[0].path,
				 p.item[0].text);
		json_decref(j);
	}
}

static void every_problem_is_listed(void **state NP_UNUSED)
{
	struct problem_list p = { 0 };
	struct monj m;
	json_t *j = parse("{\"name\":\"\",\"kind\":\"x\",\"target\":\"\",\"interval_s\":1,"
			  "\"retries\":99,\"extra\":1}");
	assert_int_equal(monj_read(j, &regions, &m, &p), NP_E_INVAL);
	assert_int_equal(p.n, 6);
	json_decref(j);
}

static void what_is_written_reads_back(void **state NP_UNUSED)
{
	struct problem_list p = { 0 };
	struct monj m, back;
	struct jsonw w;
	struct buf out;
	json_t *j =
		parse(HEAD "\"interval_s\":7.5,\"quorum\":2,\"regions\":[\"us-east\",\"ap-south\"],"
			   "\"tags\":[\"a\"],\"assertions\":[{\"source\":\"status\",\"op\":\"eq\","
			   "\"value\":200}],\"options\":{\"verify\":false},\"severity\":\"minor\","
			   "\"reminder_s\":0,\"escalation\":[{\"after_s\":900,\"channels\":"
			   "[\"x\"]}],\"quiet\":{\"zone\":\"Asia/Tokyo\",\"from\":\"22:05\","
			   "\"to\":\"07:00\",\"days\":[\"tue\",\"sun\"]},\"parent\":"
			   "\"0b0e8e0e-0000-4000-8000-000000000001\"}");
	assert_int_equal(monj_read(j, &regions, &m, &p), NP_OK);
	buf_init(&out, 8192);
	jsonw_init(&w, &out);
	jsonw_obj(&w);
	monj_write(&w, &m, &region_names[1]);
	jsonw_obj_end(&w);
	json_t *k = parse(buf_c(&out));
	assert_int_equal(monj_read(k, &regions, &back, &p), NP_OK);
	assert_memory_equal(&m.def, &back.def, sizeof m.def);
	assert_int_equal(back.assertions.n, 1);
	assert_false(back.options.verify);
	assert_int_equal(back.def.level_n, 1);
	assert_int_equal(json_array_size(alertj_level_channels(&back.alert, 0)), 1);
	assert_int_equal(back.alert.quiet.from_min, 22 * 60 + 5);
	assert_int_equal(back.alert.quiet.days, 1 << 1 | ALERTJ_SUN);
	assert_true(str_eq_c(back.alert.quiet.zone, "Asia/Tokyo"));
	assert_true(back.def.has_parent);
	json_decref(j);
	json_decref(k);
	buf_done(&out);
}

/* ---- assertions over facts ---- */

static const struct {
	const char *json, *said; /* said NULL: passes */
} asrt_rows[] = {
	{ "{\"source\":\"status\",\"op\":\"eq\",\"value\":503}", NULL },
	{ "{\"source\":\"status\",\"op\":\"eq\",\"value\":200}", "status is 503, wanted 200" },
	{ "{\"source\":\"status\",\"op\":\"lt\",\"value\":\"500\"}",
	  "status is 503, wanted less than 500" },
	{ "{\"source\":\"status\",\"op\":\"matches\",\"value\":\"5??\"}", NULL },
	{ "{\"source\":\"body\",\"op\":\"contains\",\"value\":\"ok\"}", NULL },
	{ "{\"source\":\"body\",\"op\":\"contains\",\"value\":\"fine\"}",
	  "body has 25 bytes, wanted it to contain \"fine\"" },
	{ "{\"source\":\"body\",\"op\":\"not_contains\",\"value\":\"ok\"}",
	  "body has 25 bytes, wanted it not to contain \"ok\"" },
	{ "{\"source\":\"header:content-type\",\"op\":\"matches\",\"value\":\"text/*\"}", NULL },
	{ "{\"source\":\"header:set-cookie\",\"op\":\"eq\",\"value\":\"b=2\"}", NULL },
	{ "{\"source\":\"header:set-cookie\",\"op\":\"ne\",\"value\":\"b=2\"}",
	  "header set-cookie is \"a=1\", wanted anything but \"b=2\"" },
	{ "{\"source\":\"header:etag\",\"op\":\"exists\"}",
	  "header etag is missing, wanted it to be there" },
	{ "{\"source\":\"header:etag\",\"op\":\"absent\"}", NULL },
	{ "{\"source\":\"header:age\",\"op\":\"gt\",\"value\":10}", NULL },
	{ "{\"source\":\"json:a.b[1].c\",\"op\":\"eq\",\"value\":true}", NULL },
	{ "{\"source\":\"json:$.a.n\",\"op\":\"ge\",\"value\":7}", NULL },
	{ "{\"source\":\"json:a.n\",\"op\":\"eq\",\"value\":\"7\"}", NULL },
	{ "{\"source\":\"json:a.list\",\"op\":\"eq\",\"value\":\"y\"}", NULL },
	{ "{\"source\":\"json:a.zzz\",\"op\":\"eq\",\"value\":1}",
	  "JSON value a.zzz is missing, wanted 1" },
	{ "{\"source\":\"json:a.b[9]\",\"op\":\"absent\"}", NULL },
	{ "{\"source\":\"latency_ms\",\"op\":\"le\",\"value\":120}",
	  "latency in ms is 120.5, wanted at most 120" },
	{ "{\"source\":\"cert_days\",\"op\":\"ge\",\"value\":14}",
	  "days left of the certificate is -3, wanted at least 14" },
};

static void assertions_by_rows(void **state NP_UNUSED)
{
	static const struct asrt_header headers[] = {
		{ { "Content-Type", 12 }, { "text/html", 9 } },
		{ { "Set-Cookie", 10 }, { "a=1", 3 } },
		{ { "Set-Cookie", 10 }, { "b=2", 3 } },
		{ { "Age", 3 }, { " 12 ", 4 } },
	};
	json_t *body = parse("{\"a\":{\"b\":[0,{\"c\":true}],\"n\":7,\"list\":[\"x\",\"y\"]}}");
	const struct asrt_facts f = {
		.status = 503,
		.body = NP_STR("everything is ok here\r\n\r\n"),
		.json = body,
		.header = headers,
		.header_n = NP_LEN(headers),
		.latency_us = 120500,
		.has_cert = true,
		.cert_days = -3,
	};
	for (size_t i = 0; i < NP_LEN(asrt_rows); i++) {
		struct asrt_list l;
		struct problem_list p = { 0 };
		struct buf said;
		json_t *list = json_pack("[o]", parse(asrt_rows[i].json));
		buf_init(&said, 1024);
		asrt_read(MON_HTTP, list, &l, &p);
		if (problem_any(&p))
			fail_msg("row %zu: %s %s", i, p.item[0].path, p.item[0].text);
		enum asrt_outcome o = asrt_eval(&l, &f, &said);
		if (asrt_rows[i].said == NULL
			    ? o != ASRT_PASS
			    : o != ASRT_HARD_FAIL || !str_eq_c(buf_str(&said), asrt_rows[i].said))
			fail_msg("row %zu %s: %d \"%s\"", i, asrt_rows[i].json, (int)o,
				 buf_c(&said));
		buf_done(&said);
		json_decref(list);
	}
	json_decref(body);
}

static void the_worst_assertion_speaks(void **state NP_UNUSED)
{
	struct asrt_list l;
	struct problem_list p = { 0 };
	struct buf said;
	const struct asrt_facts f = { .latency_us = 5000000, .status = 500 };
	json_t *j = parse("[{\"source\":\"latency_ms\",\"op\":\"lt\",\"value\":1000,\"soft\":true},"
			  "{\"source\":\"status\",\"op\":\"lt\",\"value\":400}]");
	buf_init(&said, 1024);
	asrt_read(MON_HTTP, j, &l, &p);
	assert_int_equal(asrt_eval(&l, &f, &said), ASRT_HARD_FAIL);
	assert_true(str_eq_c(buf_str(&said), "status is 500, wanted less than 400"));
	l.n = 1;
	assert_int_equal(asrt_eval(&l, &f, NULL), ASRT_SOFT_FAIL);
	buf_done(&said);
	json_decref(j);
}

static void globs_by_rows(void **state NP_UNUSED)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} rows[] = {
		{ "", "", true },
		{ "*", "", true },
		{ "?", "", false },
		{ "a*c", "abbbc", true },
		{ "a*c", "abbb", false },
		{ "*b*", "abc", true },
		{ "a?c", "abc", true },
		{ "\\*", "*", true },
		{ "\\*", "a", false },
		{ "a**b", "ab", true },
		{ "*a*b*c", "xxaxxbxxc", true },
		{ "abc", "ab", false },
		{ "\\", "\\", true },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++)
		if (asrt_glob(str_from_c(rows[i].pattern), str_from_c(rows[i].text)) !=
		    rows[i].matches)
			fail_msg("\"%s\" over \"%s\"", rows[i].pattern, rows[i].text);
}

static void a_target_alone_says_what_it_is(void **state)
{
	static const struct {
		const char *text;
		enum mon_kind kind;
		bool https;
	} rows[] = {
		{ "https://shop.example/", MON_HTTP, false },
		{ "HTTP://shop.example", MON_HTTP, false },
		{ "db.example:5432", MON_TCP, false },
		{ "10.0.0.7:22", MON_TCP, false },
		{ "[2001:db8::7]:443", MON_TCP, false },
		{ "2001:db8::7", MON_ICMP, false },
		{ "shop.example/cart?x=1:2", MON_HTTP, true },
		{ "shop.example", MON_ICMP, false },
		{ "10.0.0.7/24", MON_ICMP, false },
		{ ":80", MON_ICMP, false },
		{ "a:123456", MON_ICMP, false },
		{ "", MON_ICMP, false },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		bool https = !rows[i].https;
		assert_int_equal(tgt_guess(str_from_c(rows[i].text), &https), rows[i].kind);
		assert_int_equal(https, rows[i].https);
	}
}

static void one_problem_is_told_once(void **state)
{
	struct problem_list l = { 0 };
	(void)state;
	problem_add(&l, "", "kind", "is needed");
	problem_add(&l, "", "target", "is needed");
	problem_add(&l, "", "kind", "is needed");
	problem_add(&l, "", "kind", "is another one");
	assert_int_equal(l.n, 3);
	assert_int_equal(l.more, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_target_alone_says_what_it_is),
		cmocka_unit_test(one_problem_is_told_once),
		cmocka_unit_test(targets_by_kind),
		cmocka_unit_test(ipv6_by_rows),
		cmocka_unit_test(the_least_monitor_gets_every_default),
		cmocka_unit_test(each_wrong_field_is_named),
		cmocka_unit_test(every_problem_is_listed),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(assertions_by_rows),
		cmocka_unit_test(the_worst_assertion_speaks),
		cmocka_unit_test(globs_by_rows),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
