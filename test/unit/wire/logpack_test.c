/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include "base/crypt.h"
#include "wire/logpack.h"

#define ROWS 40
#define FIRST 1000

static struct logpack_row row_of(uint64_t i)
{
	static const char text[] = "the quick brown fox jumps over the lazy dog, again and again";
	return (struct logpack_row){ .pos = FIRST + i,
				     .at_us = 1767225600000000 + (int64_t)(i * 1000 * (i % 3)),
				     .items = (uint32_t)(i % 5),
				     .inputs = { text, i % sizeof text } };
}

static np_err make(void *ctx)
{
	struct buf *out = ctx;
	NP_CLEANUP(logpack_done) struct logpack p;
	np_err e = NP_OK;
	logpack_init(&p);
	buf_reset(out);
	for (uint64_t i = 0; i < ROWS && e == NP_OK; i++) {
		struct logpack_row row = row_of(i);
		e = logpack_add(&p, &row);
	}
	return e < 0 ? e : logpack_block(&p, out);
}

static void rows_come_back_byte_for_byte(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	NP_CLEANUP(logpack_close) struct logpack_iter it = { .raw = NULL };
	struct logpack_row row;
	buf_init(&b, 1 << 20);
	assert_ok(make(&b));
	assert_ok(logpack_open(buf_str(&b), FIRST, &it));
	for (uint64_t i = 0; i < ROWS; i++) {
		struct logpack_row want = row_of(i);
		assert_ok(logpack_next(&it, &row));
		assert_int_equal(row.pos, want.pos);
		assert_int_equal(row.at_us, want.at_us);
		assert_int_equal(row.items, want.items);
		assert_true(str_eq(row.inputs, want.inputs));
	}
	assert_err(logpack_next(&it, &row), NP_E_NOTFOUND);
}

static void an_empty_block_has_no_rows(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	NP_CLEANUP(logpack_done) struct logpack p;
	NP_CLEANUP(logpack_close) struct logpack_iter it = { .raw = NULL };
	struct logpack_row row;
	logpack_init(&p);
	buf_init(&b, 4096);
	assert_ok(logpack_block(&p, &b));
	assert_ok(logpack_open(buf_str(&b), 1, &it));
	assert_err(logpack_next(&it, &row), NP_E_NOTFOUND);
}

/* Whatever bit flips: refused, or (never) the very same rows. */
static void damage_is_refused(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 1 << 20);
	assert_ok(make(&b));
	for (size_t bit = 0; bit < 8 * b.n; bit++) {
		struct logpack_iter it = { .raw = NULL };
		b.p[bit / 8] = (char)(b.p[bit / 8] ^ 1 << bit % 8);
		/* the two bits of the zlib header that only say how hard it tried */
		np_err e = logpack_open(buf_str(&b), FIRST, &it);
		if (e == NP_OK)
			fail_msg("bit %zu", bit);
		b.p[bit / 8] = (char)(b.p[bit / 8] ^ 1 << bit % 8);
		logpack_close(&it);
	}
	for (size_t n = 0; n < b.n; n++) {
		struct logpack_iter it = { .raw = NULL };
		assert_true(logpack_open(str_sub(buf_str(&b), 0, n), FIRST, &it) < 0);
	}
	(void)buf_add_byte(&b, 'x');
	struct logpack_iter it = { .raw = NULL };
	assert_err(logpack_open(buf_str(&b), FIRST, &it), NP_E_CORRUPT);
}

static void no_memory_is_an_error(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 1 << 20);
	t_under_oom(make, &b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rows_come_back_byte_for_byte),
		cmocka_unit_test(an_empty_block_has_no_rows),
		cmocka_unit_test(damage_is_refused),
		cmocka_unit_test(no_memory_is_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
