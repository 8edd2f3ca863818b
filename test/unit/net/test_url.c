/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include "base/buf.h"
#include "net/url.h"

static void cuts_what_is_a_url(void **state)
{
	(void)state;
	static const struct {
		const char *text, *host;
		unsigned port;
		bool tls;
		const char *path, *query;
	} rows[] = {
		{ "http://a", "a", 80, false, "", "" },
		{ "https://a.example/", "a.example", 443, true, "/", "" },
		{ "HTTPS://A.example:8443/x/y?z=1#f", "A.example", 8443, true, "/x/y", "z=1" },
		{ "http://[::1]:8080/", "::1", 8080, false, "/", "" },
		{ "http://[2001:db8::1]", "2001:db8::1", 80, false, "", "" },
		{ "http://127.0.0.1?a", "127.0.0.1", 80, false, "", "a" },
		{ "http://a/%20b", "a", 80, false, "/%20b", "" },
		{ "http://a/?", "a", 80, false, "/", "" },
		{ "http://a/x@y:z", "a", 80, false, "/x@y:z", "" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct url u;
		if (url_parse(str_from_c(rows[i].text), &u) < 0)
			fail_msg("%s", rows[i].text);
		assert_str(u.host, rows[i].host);
		assert_int_equal(u.port, rows[i].port);
		assert_int_equal(u.tls, rows[i].tls);
		assert_str(u.path, rows[i].path);
		assert_str(u.query, rows[i].query);
	}
}

static void refuses_what_is_not(void **state)
{
	(void)state;
	static const char *const bad[] = {
		"",
		"a",
		"//a",
		"ftp://a",
		"file:///etc/passwd",
		"http:/a",
		"http://",
		"http:///x",
		"http://user@a/",
		"http://user:pw@a/",
		"http://a:b/",
		"http://a:/",
		"http://a:0/",
		"http://a:65536/",
		"http://a:1:2/",
		"http://[::1",
		"http://[::1]x/",
		"http://[1.2.3.4]/",
		"http://::1/",
		"http://a b/",
		"http://a/ b",
		"http://a/\n",
		"http://a/%",
		"http://a/%2",
		"http://a/%zz",
		"http://a/\xc3\xa9",
		"http://a/<x>",
		"http://a/\"",
		"http://a\\b/",
		"http://-a/",
		"http://a../",
		"http://a/[x]",
		"javascript:alert(1)",
	};
	struct url u;
	for (size_t i = 0; i < NP_LEN(bad); i++)
		if (url_parse(str_from_c(bad[i]), &u) == NP_OK)
			fail_msg("%s", bad[i]);
	assert_err(url_parse((np_str){ "http://a/\0", 10 }, &u), NP_E_INVAL);
	static char big[URL_MAX + 1];
	memset(big, 'a', sizeof big);
	memcpy(big, "http://a/", 9);
	assert_ok(url_parse((np_str){ big, URL_MAX }, &u));
	assert_err(url_parse((np_str){ big, URL_MAX + 1 }, &u), NP_E_LIMIT);
}

static void decodes_escapes_or_says_no(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		bool plus;
		const char *want; /* NULL: refused */
	} rows[] = {
		{ "abc", false, "abc" },  { "", false, "" },      { "a%2Fb", false, "a/b" },
		{ "a+b", false, "a+b" },  { "a+b", true, "a b" }, { "%41%62", true, "Ab" },
		{ "%", false, NULL },     { "%4", false, NULL },  { "%4g", false, NULL },
		{ "a%00b", false, NULL },
	};
	struct arena *a = arena_new(4096);
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		np_str out;
		np_err e = url_decode(a, str_from_c(rows[i].text), rows[i].plus, &out);
		assert_int_equal(e, rows[i].want ? NP_OK : NP_E_INVAL);
		if (rows[i].want)
			assert_str(out, rows[i].want);
	}
	arena_free(a);
}

static void walks_a_query(void **state)
{
	(void)state;
	np_str rest = NP_STR("&a=1&&b&=c&d=e=f&"), k, v;
	struct buf out;
	buf_init(&out, 100);
	while (url_query_next(&rest, &k, &v))
		(void)buf_printf(&out, "[%.*s|%.*s]", NP_FMT(k), NP_FMT(v));
	assert_str(buf_str(&out), "[a|1][b|][|c][d|e=f]");
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cuts_what_is_a_url),
		cmocka_unit_test(refuses_what_is_not),
		cmocka_unit_test(decodes_escapes_or_says_no),
		cmocka_unit_test(walks_a_query),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
