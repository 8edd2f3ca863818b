/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <jansson.h>

#include "web/past.h"

#define H (NP_HOUR_US)

static void adds_up_by_time(void **state)
{
	struct upt_span spans[] = {
		{ 0, 2 * H, UPT_UNKNOWN },
		{ 2 * H, 10 * H, UPT_UP },
		{ 7 * H, 8 * H, UPT_DOWN },
	};
	int64_t opened[] = { 7 * H };
	const struct past p = { spans, NP_LEN(spans), opened, 1 };
	struct upt_sum sum;
	(void)state;
	assert_ok(past_sum(&p, 0, 10 * H, &sum));
	assert_int_equal(sum.us[UPT_DOWN], H);
	assert_int_equal(sum.us[UPT_UP], 7 * H);
	assert_int_equal(sum.us[UPT_UNKNOWN], 2 * H);
	assert_int_equal(upt_uptime_milli(&sum), 87500);
	assert_int_equal(past_incidents(&p, 0, 10 * H), 1);
	assert_int_equal(past_incidents(&p, 8 * H, 10 * H), 0);
	assert_ok(past_sum(&p, 5 * H, 5 * H, &sum));
	assert_int_equal(upt_uptime_milli(&sum), UPT_NO_DATA);
}

/* More spans than the arithmetic takes at once: by days, with the same sum. */
static void takes_many_spans(void **state)
{
	enum { N = 20000 };
	static struct upt_span spans[N];
	const struct past p = { spans, N, NULL, 0 };
	struct upt_sum sum;
	(void)state;
	for (int64_t i = 0; i < N; i++)
		spans[i] = (struct upt_span){ i * NP_MIN_US, (i + 1) * NP_MIN_US,
					      i % 2 ? UPT_UP : UPT_UNKNOWN };
	assert_ok(past_sum(&p, 0, N * NP_MIN_US, &sum));
	assert_int_equal(sum.us[UPT_UP], N / 2 * NP_MIN_US);
	assert_int_equal(sum.us[UPT_UNKNOWN], N / 2 * NP_MIN_US);
}

static void writes_a_window(void **state)
{
	struct upt_span spans[] = { { 0, 3000 * NP_SEC_US, UPT_UP }, { 0, NP_SEC_US, UPT_DOWN } };
	const struct past p = { spans, 2, NULL, 0 };
	struct buf out;
	struct jsonw w;
	(void)state;
	buf_init(&out, 4096);
	jsonw_init(&w, &out);
	assert_ok(past_write(&p, &(struct past_window){ "24h", 0, 3000 * NP_SEC_US }, &w));
	json_t *j = json_loadb(out.p, out.n, 0, NULL);
	double up = json_number_value(json_object_get(j, "uptime"));
	assert_true(up > 99.9659 && up < 99.9661); /* 99.96666 rounded down */
	assert_true(json_number_value(json_object_get(j, "down_s")) == 1.0);
	json_decref(j);
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up_by_time),
		cmocka_unit_test(takes_many_spans),
		cmocka_unit_test(writes_a_window),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
