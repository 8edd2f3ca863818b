/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/spec.h"

#include "unit/t.h"

static void conditions_become_assertions(void **state)
{
	static const struct {
		const char *text, *json;
	} rows[] = {
		{ "[STATUS] == 200", "{\"op\":\"eq\",\"source\":\"status\",\"value\":200}" },
		{ "[STATUS] < 300", "{\"op\":\"lt\",\"source\":\"status\",\"value\":300}" },
		{ "[BODY] == pat(*ok*)",
		  "{\"op\":\"matches\",\"source\":\"body\",\"value\":\"*ok*\"}" },
		{ "[BODY] != pat(*bad*)",
		  "{\"op\":\"not_matches\",\"source\":\"body\",\"value\":\"*bad*\"}" },
		{ "[BODY].data[0].id == 1",
		  "{\"op\":\"eq\",\"source\":\"json:data[0].id\",\"value\":1}" },
		{ "[RESPONSE_TIME] <= 300ms",
		  "{\"op\":\"le\",\"source\":\"latency_ms\",\"value\":300}" },
		{ "[RESPONSE_TIME] < 250",
		  "{\"op\":\"lt\",\"source\":\"latency_ms\",\"value\":250}" },
		{ "[CERTIFICATE_EXPIRATION] > 48h",
		  "{\"op\":\"gt\",\"source\":\"cert_days\",\"value\":2.0}" },
		{ "[CONNECTED] == true", "true" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		NP_CLEANUP(buf_done) struct buf why;
		buf_init(&why, 1024);
		json_t *a = spec_condition(str_from_c(rows[i].text), &why);
		char *text =
			a != NULL ? json_dumps(a, JSON_SORT_KEYS | JSON_COMPACT | JSON_ENCODE_ANY)
				  : NULL;
		assert_non_null(text);
		assert_string_equal(text, rows[i].json);
		free(text);
		json_decref(a);
	}
}

static void conditions_that_are_not_known_are_refused(void **state)
{
	static const char *const rows[] = {
		"",
		"[STATUS]",
		"[STATUS] 200",
		"== 200",
		"[STATUS] ==",
		"[IP] == 127.0.0.1",
		"[STATUS] == any(200, 429)",
		"[STATUS] < pat(*)",
		"[CERTIFICATE_EXPIRATION] > soon",
		"[RESPONSE_TIME] < fast",
		"[CONNECTED] == false",
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		NP_CLEANUP(buf_done) struct buf why;
		buf_init(&why, 1024);
		assert_null(spec_condition(str_from_c(rows[i]), &why));
		assert_true(why.n > 0);
	}
}

static void items_become_monitors(void **state)
{
	static const struct {
		const char *in, *out;
	} rows[] = {
		{ "{\"name\":\"a\",\"url\":\"https://x.org\",\"interval\":\"1m\"}",
		  "{\"interval_s\":60,\"kind\":\"http\",\"name\":\"a\",\"target\":\"https://x.org\"}" },
		{ "{\"name\":\"a\",\"url\":\"tcp://x.org:25\",\"group\":\"mail\"}",
		  "{\"kind\":\"tcp\",\"name\":\"a\",\"tags\":[\"mail\"],\"target\":\"x.org:25\"}" },
		{ "{\"name\":\"a\",\"url\":\"icmp://x.org\",\"enabled\":false}",
		  "{\"kind\":\"icmp\",\"name\":\"a\",\"paused\":true,\"target\":\"x.org\"}" },
		{ "{\"name\":\"a\",\"url\":\"9.9.9.9\",\"dns\":{\"query-name\":\"x.org\",\"query-type\":\"MX\"}}",
		  "{\"kind\":\"dns\",\"name\":\"a\",\"options\":{\"record\":\"MX\",\"resolver\":\"9.9.9.9\"},\"target\":\"x.org\"}" },
		{ "{\"name\":\"a\",\"url\":\"https://x.org\",\"method\":\"POST\",\"client\":{\"timeout\":\"500ms\",\"insecure\":true}}",
		  "{\"kind\":\"http\",\"name\":\"a\",\"options\":{\"method\":\"POST\",\"verify\":false},\"target\":\"https://x.org\","
		  "\"timeout_s\":0.5}" },
		{ "{\"name\":\"a\",\"interval_s\":30,\"unknown\":1}",
		  "{\"interval_s\":30,\"name\":\"a\",\"unknown\":1}" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		NP_CLEANUP(buf_done) struct buf why;
		NP_CLEANUP(buf_done) struct buf field;
		json_t *in = json_loads(rows[i].in, 0, NULL), *out = NULL;
		buf_init(&why, 1024);
		buf_init(&field, 1024);
		assert_ok(spec_item(in, &out, &field, &why));
		char *text =
			json_dumps(out, JSON_SORT_KEYS | JSON_COMPACT | JSON_REAL_PRECISION(6));
		assert_string_equal(text, rows[i].out);
		free(text);
		json_decref(in);
		json_decref(out);
	}
}

static void wrong_shorthands_name_their_key(void **state)
{
	static const struct {
		const char *in, *field;
	} rows[] = {
		{ "{\"url\":\"gopher://x\"}", "url" },
		{ "{\"interval\":\"soon\"}", "interval" },
		{ "{\"interval\":{}}", "interval" },
		{ "{\"enabled\":\"yes\"}", "enabled" },
		{ "{\"conditions\":\"x\"}", "conditions" },
		{ "{\"conditions\":[\"[STATUS] == 200\",\"x\"]}", "conditions/1" },
		{ "{\"client\":{\"oauth2\":1}}", "client" },
		{ "{\"dns\":{}}", "dns" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		NP_CLEANUP(buf_done) struct buf why;
		NP_CLEANUP(buf_done) struct buf field;
		json_t *in = json_loads(rows[i].in, 0, NULL), *out = NULL;
		buf_init(&why, 1024);
		buf_init(&field, 1024);
		assert_err(spec_item(in, &out, &field, &why), NP_E_INVAL);
		assert_str(buf_str(&field), rows[i].field);
		assert_true(why.n > 0);
		json_decref(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(conditions_become_assertions),
		cmocka_unit_test(conditions_that_are_not_known_are_refused),
		cmocka_unit_test(items_become_monitors),
		cmocka_unit_test(wrong_shorthands_name_their_key),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
