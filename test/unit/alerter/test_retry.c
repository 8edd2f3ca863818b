/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/retry.h"

#include "unit/t.h"

static const struct retry_pace usual;

static void pauses_double_from_five_seconds_to_a_quarter_of_an_hour(void **state)
{
	static const struct {
		uint32_t n;
		int64_t ms;
	} rows[] = {
		{ 1, 5000 },   { 2, 10000 },  { 3, 20000 },   { 7, 320000 },
		{ 8, 640000 }, { 9, 900000 }, { 50, 900000 }, { 4000000000U, 900000 },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		int64_t low = retry_after_ms(usual, rows[i].n, 0),
			high = retry_after_ms(usual, rows[i].n, UINT32_MAX);
		assert_int_equal(low, rows[i].ms * 8 / 10);
		assert_in_range(high, (uintmax_t)(rows[i].ms * 12 / 10 - 2),
				(uintmax_t)(rows[i].ms * 12 / 10));
	}
}

static void answers_have_one_meaning(void **state)
{
	static const struct {
		long status;
		enum outcome want;
	} http[] = {
		{ 200, OUTCOME_SENT },  { 204, OUTCOME_SENT },  { 299, OUTCOME_SENT },
		{ 302, OUTCOME_RETRY }, { 400, OUTCOME_DEAD },  { 404, OUTCOME_DEAD },
		{ 408, OUTCOME_RETRY }, { 429, OUTCOME_RETRY }, { 500, OUTCOME_RETRY },
		{ 503, OUTCOME_RETRY }, { 0, OUTCOME_RETRY },
	};
	static const struct {
		long code;
		enum outcome want;
	} smtp[] = {
		{ 250, OUTCOME_SENT }, { 421, OUTCOME_RETRY }, { 450, OUTCOME_RETRY },
		{ 550, OUTCOME_DEAD }, { 0, OUTCOME_RETRY },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(http); i++)
		assert_int_equal(retry_of_http(http[i].status, NULL), http[i].want);
	for (size_t i = 0; i < NP_LEN(smtp); i++)
		assert_int_equal(retry_of_smtp(smtp[i].code), smtp[i].want);
}

static void gives_up_after_a_day_and_not_before(void **state)
{
	(void)state;
	assert_int_equal(retry_give_up(OUTCOME_RETRY, 0, RETRY_FOR_US - 1), OUTCOME_RETRY);
	assert_int_equal(retry_give_up(OUTCOME_RETRY, 0, RETRY_FOR_US), OUTCOME_DEAD);
	assert_int_equal(retry_give_up(OUTCOME_UNCERTAIN, 0, RETRY_FOR_US), OUTCOME_DEAD);
	assert_int_equal(retry_give_up(OUTCOME_SENT, 0, 2 * RETRY_FOR_US), OUTCOME_SENT);
}

static void breaker_opens_after_three_and_closes_with_any_answer(void **state)
{
	struct breaker b = { 0 };
	(void)state;
	b = breaker_after(b, usual, OUTCOME_RETRY, 1000);
	b = breaker_after(b, usual, OUTCOME_RETRY, 1000);
	assert_false(breaker_is_open(b, 1000));
	b = breaker_after(b, usual, OUTCOME_UNCERTAIN, 1000);
	assert_true(breaker_is_open(b, 1000));
	assert_true(breaker_is_open(b, 1000 + BREAKER_MIN_MS - 1));
	assert_false(breaker_is_open(b, 1000 + BREAKER_MIN_MS));
	for (int i = 0; i < 100; i++)
		b = breaker_after(b, usual, OUTCOME_RETRY, 0);
	assert_int_equal(b.until_ms, BREAKER_MAX_MS);
	assert_int_equal(breaker_after(b, usual, OUTCOME_DEAD, 5).failures, 0);
	assert_int_equal(breaker_after(b, usual, OUTCOME_SENT, 5).failures, 0);
}

static void what_a_service_asks_for_is_honoured_within_reason(void **state)
{
	(void)state;
	assert_int_equal(retry_pause_ms(5000, 0), 5000);
	assert_int_equal(retry_pause_ms(5000, 2), 5000);
	assert_int_equal(retry_pause_ms(5000, 30), 30000);
	assert_int_equal(retry_pause_ms(5000, INT64_MAX), RETRY_ASKED_MAX_MS);
}

static void a_kind_may_try_again_where_others_give_up(void **state)
{
	(void)state;
	assert_int_equal(retry_of_http(422, NULL), OUTCOME_DEAD);
	assert_int_equal(retry_of_http(422, "409 422"), OUTCOME_RETRY);
	assert_int_equal(retry_of_http(42, "409 422"), OUTCOME_RETRY);
	assert_int_equal(retry_of_http(404, "409 422"), OUTCOME_DEAD);
}

static void paces_scale_the_breaker_too(void **state)
{
	struct breaker b = { 0 };
	const struct retry_pace quick = { .first_ms = 10, .max_ms = 90 };
	(void)state;
	for (int i = 0; i < BREAKER_FAILURES; i++)
		b = breaker_after(b, quick, OUTCOME_RETRY, 1000);
	assert_int_equal(b.until_ms, 1020);
	for (int i = 0; i < 20; i++)
		b = breaker_after(b, quick, OUTCOME_RETRY, 1000);
	assert_int_equal(b.until_ms, 1030);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_double_from_five_seconds_to_a_quarter_of_an_hour),
		cmocka_unit_test(answers_have_one_meaning),
		cmocka_unit_test(gives_up_after_a_day_and_not_before),
		cmocka_unit_test(breaker_opens_after_three_and_closes_with_any_answer),
		cmocka_unit_test(what_a_service_asks_for_is_honoured_within_reason),
		cmocka_unit_test(a_kind_may_try_again_where_others_give_up),
		cmocka_unit_test(paces_scale_the_breaker_too),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
