/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <string.h>

#include "base/crypt.h"
#include "base/embed.h"

static void every_file_is_found_whole(void **state)
{
	(void)state;
	static const struct embed_table *const tables[] = { &embed_schema_table, &embed_web_table,
							    &embed_api_table };
	for (size_t t = 0; t < NP_LEN(tables); t++) {
		for (size_t i = 0; i < tables[t]->n; i++) {
			const struct embed_file *f = &tables[t]->files[i];
			uint8_t sum[CRYPT_SHA256_LEN];
			char etag[18];
			assert_ptr_equal(embed_find(tables[t], str_from_c(f->path)), f);
			assert_int_equal(f->p[f->n], 0);
			crypt_sha256((np_str){ (const char *)f->p, f->n }, sum);
			etag[0] = etag[17] = '"';
			str_hex(sum, 8, etag + 1);
			assert_str(((np_str){ etag, sizeof etag }), f->etag);
		}
		assert_null(embed_find(tables[t], NP_STR("")));
		assert_null(embed_find(tables[t], NP_STR("no/such/file")));
		assert_null(embed_find(tables[t], NP_STR("../meson.build")));
	}
}

static void migrations_stand_in_their_order(void **state)
{
	(void)state;
	size_t n = 0;
	const struct embed_file *f = embed_schema(&n);
	for (size_t i = 0; i < n; i++) {
		assert_true(str_ends(str_from_c(f[i].path), NP_STR(".sql")));
		assert_true(i == 0 || strcmp(f[i - 1].path, f[i].path) < 0);
	}
	(void)embed_web(&n);
	assert_int_equal(n, embed_web_table.n);
	(void)embed_api(&n);
	assert_int_equal(n, embed_api_table.n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_file_is_found_whole),
		cmocka_unit_test(migrations_stand_in_their_order),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
