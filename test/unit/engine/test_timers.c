/* SPDX-License-Identifier: Apache-2.0 */
#include "../t.h"

#include "engine/timers.h"

#define NODES 200

static uint64_t next(uint64_t *x)
{
	*x = *x * 6364136223846793005u + 1442695040888963407u;
	return *x >> 33;
}

static int64_t earliest(const struct timers_node *nodes)
{
	int64_t least = 0;
	for (size_t i = 0; i < NODES; i++)
		if (nodes[i].due_us != 0 && (least == 0 || nodes[i].due_us < least))
			least = nodes[i].due_us;
	return least;
}

/* Setting, moving and taking out in any order: the first is the earliest. */
static void first_is_the_earliest(void **state NP_UNUSED)
{
	struct timers t = { 0 };
	struct timers_node nodes[NODES] = { 0 };
	uint64_t x = 7;
	for (size_t i = 0; i < 20000; i++) {
		struct timers_node *n = &nodes[next(&x) % NODES];
		int64_t due = next(&x) % 4 == 0 ? 0 : (int64_t)(1 + next(&x) % 1000);
		assert_ok(timers_set(&t, n, due));
		assert_int_equal(n->due_us, due);
		const struct timers_node *first = timers_first(&t);
		assert_int_equal(first ? first->due_us : 0, earliest(nodes));
	}
	timers_done(&t);
}

static void takes_out_what_is_not_in(void **state NP_UNUSED)
{
	struct timers t = { 0 };
	struct timers_node n = { 0 };
	assert_ok(timers_set(&t, &n, 0));
	assert_null(timers_first(&t));
	timers_done(&t);
}

static void no_memory_leaves_it_out(void **state NP_UNUSED)
{
	struct timers t = { 0 };
	struct timers_node n = { 0 };
	np_oom_at(1);
	assert_err(timers_set(&t, &n, 5), NP_E_NOMEM);
	np_oom_at(0);
	assert_int_equal(n.due_us, 0);
	assert_null(timers_first(&t));
	timers_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_is_the_earliest),
		cmocka_unit_test(takes_out_what_is_not_in),
		cmocka_unit_test(no_memory_leaves_it_out),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
