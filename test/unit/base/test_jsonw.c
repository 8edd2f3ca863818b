/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <math.h>
#include <string.h>

#include <jansson.h>

#include "base/crypt.h"
#include "base/jsonw.h"

static void writes_commas_where_they_belong(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	struct jsonw w;
	const uint8_t id[16] = { 0x01, 0x8f };
	buf_init(&b, 1000);
	jsonw_init(&w, &b);
	jsonw_obj(&w);
	jsonw_kc(&w, "a", "x");
	jsonw_kc(&w, "none", NULL);
	jsonw_key(&w, "list");
	jsonw_arr(&w);
	jsonw_i64(&w, INT64_MIN);
	jsonw_u64(&w, UINT64_MAX);
	jsonw_dbl(&w, 1.25, 2);
	jsonw_dbl(&w, (double)NAN, 2);
	jsonw_dbl(&w, (double)-INFINITY, 0);
	jsonw_obj(&w);
	jsonw_obj_end(&w);
	jsonw_raw(&w, NP_STR("[1]"));
	jsonw_arr_end(&w);
	jsonw_kbool(&w, "t", true);
	jsonw_ktime(&w, "at", 1772366400000000);
	jsonw_ktime(&w, "never", 0);
	jsonw_key(&w, "id");
	jsonw_uuid(&w, id);
	jsonw_ki64(&w, "n", 3);
	jsonw_kstr(&w, "s", NP_STR("y"));
	jsonw_obj_end(&w);
	assert_ok(buf_failed(&b));
	assert_str(buf_str(&b),
		   "{\"a\":\"x\",\"none\":null,\"list\":[-9223372036854775808,18446744073709551615,"
		   "1.25,null,null,{},[1]],\"t\":true,\"at\":\"2026-03-01T12:00:00Z\","
		   "\"never\":null,\"id\":\"018f0000-0000-0000-0000-000000000000\",\"n\":3,"
		   "\"s\":\"y\"}");
}

static void escapes_for_json_and_html(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	struct jsonw w;
	buf_init(&b, 1000);
	jsonw_init(&w, &b);
	jsonw_str(&w, NP_STR("\"\\\n\r\t\x01</script>&\xe2\x80\xa8\xc3\xa9\xff"));
	assert_str(buf_str(&b), "\"\\\"\\\\\\n\\r\\t\\u0001\\u003c/script\\u003e\\u0026\\u2028"
				"\xc3\xa9\xef\xbf\xbd\"");
}

static void any_bytes_make_valid_json(void **state)
{
	(void)state;
	for (int i = 0; i < 3000; i++) {
		NP_CLEANUP(buf_done) struct buf b;
		struct jsonw w;
		char bytes[40];
		size_t n = rnd_u64() % sizeof bytes;
		rnd_bytes(bytes, sizeof bytes);
		buf_init(&b, 1000);
		jsonw_init(&w, &b);
		jsonw_str(&w, (np_str){ bytes, n });
		assert_ok(buf_failed(&b));
		json_error_t why;
		json_t *j = json_loadb(b.p, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, &why);
		assert_non_null(j);
		if (str_is_utf8((np_str){ bytes, n }))
			assert_memory_equal(json_string_value(j), bytes, n);
		json_decref(j);
	}
}

static np_err write_some(void *arg)
{
	(void)arg;
	NP_CLEANUP(buf_done) struct buf b;
	struct jsonw w;
	buf_init(&b, 10000);
	jsonw_init(&w, &b);
	jsonw_arr(&w);
	for (int i = 0; i < 100; i++)
		jsonw_str(&w, NP_STR("some text"));
	jsonw_arr_end(&w);
	return buf_failed(&b);
}

static void survives_no_memory(void **state)
{
	(void)state;
	t_under_oom(write_some, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_commas_where_they_belong),
		cmocka_unit_test(escapes_for_json_and_html),
		cmocka_unit_test(any_bytes_make_valid_json),
		cmocka_unit_test(survives_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
