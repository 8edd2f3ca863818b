/* SPDX-License-Identifier: Apache-2.0 */
/* What other rules would have made of the same attempts. */
#include "unit/t.h"

#include "core/whatif.h"

#define T0 (INT64_C(1773144000) * NP_SEC_US)
#define INPUTS 4000

static struct whatif_input input[INPUTS];
static struct whatif got;

struct trouble {
	int64_t from_s, to_s;
	uint32_t regions; /* mask by position */
};

static struct mon_def definition(void)
{
	struct mon_def d = mon_defaults(60000);
	d.no = d.revision = 1;
	d.kind = MON_HTTP;
	d.target_hash = 1;
	d.region_n = 3;
	for (uint32_t i = 0; i < 3; i++)
		d.region[i] = i + 1;
	return d;
}

/* Three regions, one attempt every 20 s, a retry 5 s after each failure. */
static size_t history(const struct trouble *t, size_t n, int64_t hours)
{
	size_t count = 0;
	for (int64_t s = 0; s < hours * 3600; s += 5) {
		uint32_t i = (uint32_t)(s / 20 % 3);
		bool fails = false;
		for (size_t k = 0; k < n; k++)
			fails = fails ||
				(s >= t[k].from_s && s < t[k].to_s && t[k].regions >> i & 1);
		if (s % 20 != 0 && (!fails || s % 20 == 15))
			continue;
		assert_true(count < INPUTS);
		struct whatif_input *in = &input[count++];
		*in = (struct whatif_input){ .at_us = T0 + s * NP_SEC_US };
		in->ev.kind = MST_RESULT;
		in->ev.region = i + 1;
		in->ev.result = (struct vote_attempt){
			.revision = 9,
			.slot_us = T0 + (s - s % 20) * NP_SEC_US,
			.attempt = (uint32_t)(s % 20 / 5),
			.start_us = in->at_us,
			.received_us = in->at_us,
			.status = fails ? RES_FAIL : RES_OK,
			.cls = fails ? RES_C_REFUSED : RES_C_NONE,
		};
	}
	return count;
}

static void run(const struct mon_def *d, size_t n, int64_t hours)
{
	const struct whatif_range all = { T0, T0 + hours * NP_HOUR_US };
	assert_int_equal(mon_validate(d), MON_F_OK);
	assert_ok(whatif_run(d, input, n, &all, &got));
}

static void counts_incidents_and_alerts(void **state NP_UNUSED)
{
	static const struct trouble t[] = { { 3600, 4200, 7 },
					    { 7200, 7500, 3 },
					    { 9000, 9600, 1 } };
	struct mon_def d = definition();
	size_t n = history(t, NP_LEN(t), 4);
	run(&d, n, 4);
	assert_int_equal(got.incidents, 2); /* one region alone is none */
	assert_int_equal(got.alerts, 2);
	assert_int_equal(got.n, 2);
	assert_in_range(got.list[0].opened_us, T0 + 3600 * NP_SEC_US, T0 + 3660 * NP_SEC_US);
	assert_in_range(got.list[0].closed_us, T0 + 4200 * NP_SEC_US, T0 + 4320 * NP_SEC_US);
	assert_true(got.list[0].told_us > got.list[0].opened_us);
	assert_true(got.observed_us > 4 * NP_HOUR_US - NP_MIN_US);
}

static void other_rules_give_other_counts(void **state NP_UNUSED)
{
	static const struct trouble t[] = { { 3600, 4200, 7 },
					    { 7200, 7500, 3 },
					    { 9000, 9600, 1 } };
	struct mon_def any = definition(), all = definition(), slow = definition();
	size_t n = history(t, NP_LEN(t), 4);
	any.quorum = MON_Q_ANY;
	run(&any, n, 4);
	assert_int_equal(got.incidents, 3);
	all.quorum = MON_Q_ALL;
	run(&all, n, 4);
	assert_int_equal(got.incidents, 1);
	slow.confirm_ms = 400000; /* longer than the second trouble */
	run(&slow, n, 4);
	assert_int_equal(got.incidents, 1);
	assert_true(got.guessed > 0); /* nobody looked at just that moment */
}

static void commands_of_the_past_apply(void **state NP_UNUSED)
{
	static const struct trouble t[] = { { 3600, 20000, 7 } };
	struct mon_def d = definition();
	size_t n = history(t, 1, 4);
	run(&d, n, 4);
	assert_int_equal(got.notices, 1 + 2); /* reminders each hour, still open */
	assert_int_equal(got.list[0].closed_us, 0);
	size_t at = 0;
	while (input[at].at_us < T0 + 5000 * NP_SEC_US)
		at++;
	struct whatif_input ack = { .at_us = input[at].at_us, .ev = { .kind = MST_COMMAND } };
	ack.ev.command.kind = CMD_ACKNOWLEDGE;
	memmove(&input[at + 1], &input[at], (n - at) * sizeof *input);
	input[at] = ack;
	run(&d, n + 1, 4);
	assert_int_equal(got.notices, 2); /* opened, acknowledged */
}

static void only_the_range_counts(void **state NP_UNUSED)
{
	static const struct trouble t[] = { { 1800, 2400, 7 }, { 7200, 7800, 7 } };
	struct mon_def d = definition();
	size_t n = history(t, NP_LEN(t), 4);
	const struct whatif_range late = { T0 + NP_HOUR_US, T0 + 3 * NP_HOUR_US };
	assert_ok(whatif_run(&d, input, n, &late, &got));
	assert_int_equal(got.incidents, 1);
	assert_true(got.observed_us <= 2 * NP_HOUR_US);
	assert_ok(whatif_run(&d, input, 0, &late, &got));
	assert_int_equal(got.incidents, 0);
	assert_true(got.observed_us == 0);
}

static void says_it_in_a_sentence(void **state NP_UNUSED)
{
	static const struct {
		int64_t incidents, alerts;
		const char *says;
	} rows[] = {
		{ 5, 4, "3 incidents, 2 alerts fewer" },
		{ 2, 2, "no difference" },
		{ 1, 2, "1 incident more, as many alerts" },
		{ 2, 1, "as many incidents, 1 alert more" },
		{ 3, 1, "1 incident fewer, 1 alert more" },
	};
	struct whatif after = { .incidents = 2, .alerts = 2 };
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct buf out;
		buf_init(&out, 200);
		whatif_sentence(rows[i].incidents, rows[i].alerts, &after, &out);
		assert_str(buf_str(&out), rows[i].says);
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_incidents_and_alerts),
		cmocka_unit_test(other_rules_give_other_counts),
		cmocka_unit_test(commands_of_the_past_apply),
		cmocka_unit_test(only_the_range_counts),
		cmocka_unit_test(says_it_in_a_sentence),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
