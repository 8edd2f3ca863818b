/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <string.h>

#include "base/arena.h"

static void gives_zeroed_aligned_memory(void **state)
{
	(void)state;
	NP_CLEANUP(arena_free_p) struct arena *a = arena_new(1 << 20);
	assert_non_null(a);
	for (int round = 0; round < 3; round++) {
		for (size_t size = 0; size < 700; size += 7) {
			unsigned char *p = arena_alloc(a, size);
			assert_non_null(p);
			assert_int_equal((uintptr_t)p % 16, 0);
			for (size_t i = 0; i < size; i++)
				assert_int_equal(p[i], 0);
			memset(p, 0xaa, size);
		}
		arena_reset(a);
	}
}

static void stops_at_its_maximum(void **state)
{
	(void)state;
	NP_CLEANUP(arena_free_p) struct arena *a = arena_new(10000);
	size_t got = 0;
	while (arena_alloc(a, 100))
		got += 100;
	assert_true(got > 8000 && got <= 10000);
	arena_reset(a);
	assert_non_null(arena_alloc(a, 100));
	volatile size_t huge = SIZE_MAX - 3;
	assert_null(arena_alloc(a, huge));
	assert_null(arena_calloc(a, huge, 2));
	assert_null(arena_alloc(a, 10001));
}

static void copies_text(void **state)
{
	(void)state;
	NP_CLEANUP(arena_free_p) struct arena *a = arena_new(4096);
	np_str s = arena_str(a, NP_STR("hello"));
	assert_str(s, "hello");
	assert_int_equal(s.p[5], 0);
	assert_string_equal(arena_c(a, (np_str){ NULL, 0 }), "");
	assert_str(arena_printf(a, "%s-%d", "x", 42), "x-42");
	char big[5000];
	memset(big, 'x', sizeof big);
	assert_null(arena_str(a, (np_str){ big, sizeof big }).p);
	assert_null(arena_printf(a, "%.*s", 5000, big).p);
}

static np_err fill(void *arg)
{
	(void)arg;
	NP_CLEANUP(arena_free_p) struct arena *a = arena_new(1 << 20);
	for (int i = 0; a && i < 100; i++)
		if (!arena_alloc(a, 1000))
			return NP_E_NOMEM;
	return a ? NP_OK : NP_E_NOMEM;
}

static void survives_no_memory(void **state)
{
	(void)state;
	t_under_oom(fill, NULL);
	arena_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gives_zeroed_aligned_memory),
		cmocka_unit_test(stops_at_its_maximum),
		cmocka_unit_test(copies_text),
		cmocka_unit_test(survives_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
