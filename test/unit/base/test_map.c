/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <stdlib.h>

#include "base/crypt.h"
#include "base/map.h"

enum { KEYS = 500 };

/* Against the plainest model: an array of what should be there. */
static void behaves_like_an_array(void **state)
{
	(void)state;
	static char cells[KEYS * 2];
	void *model[KEYS] = { NULL };
	size_t live = 0;
	struct map *m = map_new(KEYS);
	for (int i = 0; i < 60000; i++) {
		uint64_t key = rnd_u64() % KEYS;
		void *value = &cells[rnd_u64() % sizeof cells];
		if (rnd_u64() % 3 > 0) {
			void *old = NULL;
			assert_ok(map_put(m, key, value, &old));
			assert_ptr_equal(old, model[key]);
			live += model[key] ? 0 : 1;
			model[key] = value;
		} else {
			assert_ptr_equal(map_del(m, key), model[key]);
			live -= model[key] ? 1 : 0;
			model[key] = NULL;
		}
		assert_ptr_equal(map_get(m, key), model[key]);
		assert_int_equal(map_len(m), live);
	}
	size_t pos = 0;
	size_t seen = 0;
	uint64_t key = 0;
	void *value = NULL;
	while (map_next(m, &pos, &key, &value)) {
		assert_ptr_equal(model[key], value);
		seen++;
	}
	assert_int_equal(seen, live);
	map_free(m, NULL);
}

static void deleting_while_iterating_sees_each_once(void **state)
{
	(void)state;
	static char cell;
	struct map *m = map_new(1000);
	for (uint64_t k = 0; k < 1000; k++)
		assert_ok(map_put(m, k << 40, &cell, NULL));
	size_t pos = 0;
	size_t seen = 0;
	uint64_t key = 0;
	void *value = NULL;
	while (map_next(m, &pos, &key, &value)) {
		seen++;
		assert_ptr_equal(map_del(m, key), &cell);
	}
	assert_int_equal(seen, 1000);
	assert_int_equal(map_len(m), 0);
	map_free(m, NULL);
}

static void stops_at_its_maximum(void **state)
{
	(void)state;
	static char cell;
	struct map *m = map_new(2);
	assert_null(map_get(m, 1));
	assert_null(map_del(m, 1));
	assert_ok(map_put(m, 0, &cell, NULL));
	assert_ok(map_put(m, UINT64_MAX, &cell, NULL));
	assert_err(map_put(m, 3, &cell, NULL), NP_E_LIMIT);
	assert_ok(map_put(m, 0, &cell, NULL)); /* replacing is no growth */
	map_free(m, NULL);
	map_free(NULL, NULL);
}

static np_err fill(void *arg)
{
	(void)arg;
	struct map *m = map_new(1000);
	np_err e = m ? NP_OK : NP_E_NOMEM;
	for (uint64_t k = 0; e == NP_OK && k < 200; k++) {
		void *cell = np_zalloc(8);
		e = cell ? map_put(m, k, cell, NULL) : NP_E_NOMEM;
		if (e < 0)
			free(cell);
	}
	map_free(m, free);
	return e;
}

static void survives_no_memory(void **state)
{
	(void)state;
	t_under_oom(fill, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(behaves_like_an_array),
		cmocka_unit_test(deleting_while_iterating_sees_each_once),
		cmocka_unit_test(stops_at_its_maximum),
		cmocka_unit_test(survives_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
