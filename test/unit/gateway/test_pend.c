/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "gateway/pend.h"
#include "unit/t.h"

static struct gw g;
static struct gw_checker checker;

static int setup(void **state)
{
	(void)state;
	g = (struct gw){ .pends = pends_new() };
	checker = (struct gw_checker){ .id = 5 };
	return g.pends ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	pends_free(g.pends);
	return 0;
}

static struct pend *post(uint64_t epoch, uint32_t shard)
{
	const struct batch_head h = { .epoch = epoch, .shard = shard, .first_seq = 1 };
	const struct pend_from from = { .checker = &checker };
	struct pend *p = pend_new(&g, &from, &h);
	assert_non_null(p);
	return p;
}

static void numbers_grow_and_are_found_until_closed(void **state)
{
	(void)state;
	struct pend *a = post(1, 2), *b = post(1, 2);
	assert_int_equal(b->request, a->request + 1);
	assert_ptr_equal(pend_find(&g, a->request), a);
	uint64_t number = a->request;
	pend_close(a);
	assert_null(pend_find(&g, number));
	assert_ptr_equal(pend_find(&g, b->request), b);
	pend_close(b);
	assert_int_equal(pends_len(g.pends), 0);
}

static void at_most_32_of_a_checker_and_shard(void **state)
{
	(void)state;
	struct pend *p[GW_UNANSWERED_MAX];
	for (size_t i = 0; i < NP_LEN(p); i++) {
		assert_false(pend_is_full(&checker, 3));
		p[i] = post(1, 3);
	}
	assert_true(pend_is_full(&checker, 3));
	assert_false(pend_is_full(&checker, 4));
	pend_close(p[7]);
	assert_false(pend_is_full(&checker, 3));
	for (size_t i = 0; i < NP_LEN(p); i++)
		if (i != 7)
			pend_close(p[i]);
	assert_int_equal(checker.unanswered[3], 0);
}

static void memory_stays_until_redis_has_answered(void **state)
{
	(void)state;
	struct pend *p = post(1, 2);
	pend_redis(p, 1000);
	assert_true(pends_bytes(g.pends) >= 1000);
	pend_close(p); /* its answer overtook the queue's */
	assert_true(p->closed);
	pend_redis_done(p); /* frees: the sanitizers would see it */
	assert_int_equal(pends_bytes(g.pends), 0);
}

static void the_oldest_is_overdue_first(void **state)
{
	(void)state;
	struct pend *a = post(1, 2), *b = post(1, 2);
	int64_t now = clock_mono_us();
	assert_null(pend_overdue(&g, now));
	assert_ptr_equal(pend_overdue(&g, now + 11 * NP_SEC_US), a);
	pend_close(a);
	assert_ptr_equal(pend_overdue(&g, now + 11 * NP_SEC_US), b);
	pend_close(b);
	assert_null(pend_overdue(&g, now + 60 * NP_SEC_US));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(numbers_grow_and_are_found_until_closed, setup,
						teardown),
		cmocka_unit_test_setup_teardown(at_most_32_of_a_checker_and_shard, setup, teardown),
		cmocka_unit_test_setup_teardown(memory_stays_until_redis_has_answered, setup,
						teardown),
		cmocka_unit_test_setup_teardown(the_oldest_is_overdue_first, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
