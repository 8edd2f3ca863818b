/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <string.h>

#include "base/buf.h"
#include "base/crypt.h"

static void holds_its_maximum_and_no_more(void **state)
{
	(void)state;
	for (size_t max = 0; max < 200; max++) {
		NP_CLEANUP(buf_done) struct buf b;
		buf_init(&b, max);
		for (size_t i = 0; i < max; i++)
			assert_ok(buf_add_byte(&b, 'x'));
		assert_err(buf_add_byte(&b, 'y'), NP_E_LIMIT);
		assert_int_equal(b.n, max);
		assert_int_equal(strlen(buf_c(&b)), max);
	}
}

static void a_failure_sticks_until_reset(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 4);
	assert_ok(buf_add_c(&b, "abc"));
	assert_err(buf_add_c(&b, "de"), NP_E_LIMIT);
	assert_str(buf_str(&b), "abc");
	assert_err(buf_add_byte(&b, 'd'), NP_E_LIMIT);
	assert_err(buf_failed(&b), NP_E_LIMIT);
	buf_reset(&b);
	assert_ok(buf_failed(&b));
	assert_ok(buf_printf(&b, "%d%s", 12, "ab"));
	assert_str(buf_str(&b), "12ab");
	assert_err(buf_printf(&b, "%d", 1), NP_E_LIMIT);
	assert_string_equal(buf_c(&b), "12ab");
}

static void reserve_commit_drop(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	char *p = NULL;
	buf_init(&b, 1000);
	assert_string_equal(buf_c(&b), "");
	assert_ok(buf_reserve(&b, 100, &p));
	memcpy(p, "hello world", 11);
	buf_commit(&b, 11);
	buf_drop(&b, 6);
	assert_str(buf_str(&b), "world");
	buf_drop(&b, 5);
	assert_int_equal(b.n, 0);
	buf_drop(&b, 0);
	assert_err(buf_reserve(&b, 1001, &p), NP_E_LIMIT);
}

static void numbers_come_back(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 1000);
	for (int i = 0; i < 3000; i++) {
		uint64_t want = rnd_u64() >> rnd_u64() % 64;
		uint64_t v = 0;
		int64_t z = 0;
		uint8_t v8 = 0;
		uint16_t v16 = 0;
		uint32_t v32 = 0;
		np_str rest;
		buf_reset(&b);
		(void)buf_add_u8(&b, (uint8_t)want);
		(void)buf_add_le16(&b, (uint16_t)want);
		(void)buf_add_le32(&b, (uint32_t)want);
		(void)buf_add_le64(&b, want);
		(void)buf_add_varint(&b, want);
		(void)buf_add_zigzag(&b, (int64_t)want);
		(void)buf_add_zigzag(&b, -(int64_t)(want >> 1));
		(void)buf_add_c(&b, "end");
		assert_ok(buf_failed(&b));
		struct cur c = { buf_str(&b) };
		assert_ok(cur_u8(&c, &v8));
		assert_ok(cur_le16(&c, &v16));
		assert_ok(cur_le32(&c, &v32));
		assert_true(v8 == (uint8_t)want && v16 == (uint16_t)want && v32 == (uint32_t)want);
		assert_ok(cur_le64(&c, &v));
		assert_true(v == want);
		assert_ok(cur_varint(&c, &v));
		assert_true(v == want);
		assert_ok(cur_zigzag(&c, &z));
		assert_true(z == (int64_t)want);
		assert_ok(cur_zigzag(&c, &z));
		assert_true(z == -(int64_t)(want >> 1));
		assert_ok(cur_bytes(&c, 3, &rest));
		assert_str(rest, "end");
		assert_err(cur_u8(&c, &v8), NP_E_CORRUPT);
	}
}

static void known_bytes(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 100);
	(void)buf_add_be32(&b, 0x01020304);
	(void)buf_add_le32(&b, 0x01020304);
	(void)buf_add_varint(&b, 300);
	(void)buf_add_zigzag(&b, -1);
	(void)buf_add_zigzag(&b, INT64_MIN);
	static const unsigned char want[] = { 1,    2,    3,    4,    4,    3,    2,
					      1,    0xac, 2,    0x01, 0xff, 0xff, 0xff,
					      0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01 };
	assert_int_equal(b.n, sizeof want);
	assert_memory_equal(b.p, want, sizeof want);
}

static void cut_input_is_corrupt_and_moves_nothing(void **state)
{
	(void)state;
	uint64_t v = 7;
	np_str s;
	struct cur c = { NP_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02") };
	assert_err(cur_varint(&c, &v), NP_E_CORRUPT); /* 65 bits */
	assert_int_equal(c.rest.n, 10);
	c.rest = NP_STR("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	assert_err(cur_varint(&c, &v), NP_E_CORRUPT);
	c.rest = NP_STR("\x80");
	assert_err(cur_varint(&c, &v), NP_E_CORRUPT);
	assert_err(cur_le64(&c, &v), NP_E_CORRUPT);
	assert_err(cur_bytes(&c, 2, &s), NP_E_CORRUPT);
	assert_err(cur_bytes(&c, SIZE_MAX, &s), NP_E_CORRUPT);
	assert_int_equal(c.rest.n, 1);
	assert_int_equal(v, 7);
}

static np_err fill(void *arg)
{
	(void)arg;
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 100000);
	for (int i = 0; i < 5000; i++)
		(void)buf_printf(&b, "%d,", i);
	return buf_failed(&b);
}

static void survives_no_memory(void **state)
{
	(void)state;
	t_under_oom(fill, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(holds_its_maximum_and_no_more),
		cmocka_unit_test(a_failure_sticks_until_reset),
		cmocka_unit_test(reserve_commit_drop),
		cmocka_unit_test(numbers_come_back),
		cmocka_unit_test(known_bytes),
		cmocka_unit_test(cut_input_is_corrupt_and_moves_nothing),
		cmocka_unit_test(survives_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
