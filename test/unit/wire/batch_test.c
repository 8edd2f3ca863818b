/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/str.h"
#include "results.pb-c.h"
#include "wire/batch.h"
#include "wire/pballoc.h"

#define NOW_US ((int64_t)1780000000 * NP_SEC_US)

static struct arena *arena;
static struct buf out, item;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(BATCH_ARENA_MAX);
	buf_init(&out, 2 * BATCH_BYTES_MAX);
	buf_init(&item, BATCH_BYTES_MAX);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	buf_done(&out);
	buf_done(&item);
	return 0;
}

static struct res_record fine(uint64_t monitor)
{
	struct res_record r = RES_RECORD_INIT;
	r.monitor = monitor;
	r.revision = 1;
	r.slot_us = NOW_US;
	r.start_us = NOW_US + 5;
	r.duration_us = 1234;
	r.phase_us[RES_P_DNS] = 0;
	r.phase_us[RES_P_CONNECT] = 200;
	r.status = RES_OK;
	r.code = 200;
	return r;
}

static void begin(struct batch_head h)
{
	arena_reset(arena);
	buf_reset(&out);
	assert_int_equal(batch_put_head(&out, &h), NP_OK);
}

static void add_result(const struct res_record *r)
{
	buf_reset(&item);
	assert_int_equal(batch_item_result(&item, r), NP_OK);
	assert_int_equal(batch_put_item(&out, buf_str(&item)), NP_OK);
}

static void add_lost(struct batch_lost l)
{
	buf_reset(&item);
	assert_int_equal(batch_item_lost(&item, &l), NP_OK);
	assert_int_equal(batch_put_item(&out, buf_str(&item)), NP_OK);
}

static void add_raw_result(const Np__V1__Result *m)
{
	Np__V1__Item it = NP__V1__ITEM__INIT;
	it.kind_case = NP__V1__ITEM__KIND_RESULT;
	it.result = (Np__V1__Result *)(uintptr_t)m;
	buf_reset(&item);
	assert_int_equal(pballoc_pack(&it.base, &item), NP_OK);
	assert_int_equal(batch_put_item(&out, buf_str(&item)), NP_OK);
}

static const struct batch *decode(void)
{
	struct batch *b = NULL;
	assert_int_equal(batch_decode(arena, buf_str(&out), &b), NP_OK);
	return b;
}

static np_err decode_err(void)
{
	struct batch *b = NULL;
	return batch_decode(arena, buf_str(&out), &b);
}

static const struct batch_head head = { .epoch = 9, .shard = 1, .first_seq = 10 };

static void what_is_put_in_comes_out(void **state)
{
	(void)state;
	struct batch_head h = head;
	h.end = true;
	h.oldest_ms = 1500;
	begin(h);
	struct res_record r = fine(17);
	r.status = RES_FAIL;
	r.cls = RES_C_RESET;
	r.text = NP_STR("the server reset the connection");
	r.address = NP_STR("192.0.2.1:443");
	r.skipped = 3;
	r.attempt = 2;
	r.cert_expires_s = 1790000000;
	add_result(&r);
	add_lost((struct batch_lost){
		.count = 5, .from_us = 1, .to_us = 2, .why = BATCH_W_DAMAGED });
	r = fine(33);
	add_result(&r);
	const struct batch *b = decode();
	const struct batch_head *g = batch_head(b);
	assert_int_equal(g->epoch, 9);
	assert_int_equal(g->shard, 1);
	assert_int_equal(g->first_seq, 10);
	assert_true(g->end);
	assert_int_equal(g->oldest_ms, 1500);
	assert_int_equal(g->items, 3);
	assert_int_equal(g->numbers, 7);
	assert_int_equal(g->invalid, 0);
	const struct batch_item *i = batch_item(b, 0);
	assert_null(i->invalid);
	assert_int_equal(i->kind, BATCH_RESULT);
	assert_int_equal(i->seq, 10);
	assert_true(str_eq_c(i->result.text, "the server reset the connection"));
	assert_true(str_eq_c(i->result.address, "192.0.2.1:443"));
	assert_int_equal(i->result.duration_us, 1234);
	assert_int_equal(i->result.phase_us[RES_P_DNS], 0);
	assert_int_equal(i->result.phase_us[RES_P_CONNECT], 200);
	assert_int_equal(i->result.phase_us[RES_P_TLS], -1);
	assert_int_equal(i->result.attempt, 2);
	i = batch_item(b, 1);
	assert_int_equal(i->kind, BATCH_LOST);
	assert_int_equal(i->seq, 11);
	assert_int_equal(i->count, 5);
	assert_int_equal(i->lost.why, BATCH_W_DAMAGED);
	assert_int_equal(batch_item(b, 2)->seq, 16);
}

static void item_bytes_are_those_that_came(void **state)
{
	(void)state;
	begin(head);
	struct res_record r = fine(17);
	add_result(&r);
	const struct batch *b = decode();
	assert_true(str_eq(batch_item_bytes(b, 0), buf_str(&item)));
	struct batch_item alone;
	assert_int_equal(batch_item_decode(arena, batch_item_bytes(b, 0), &alone), NP_OK);
	assert_int_equal(alone.result.monitor, 17);
}

static void an_empty_batch_is_fine(void **state)
{
	(void)state;
	begin(head);
	assert_int_equal(batch_head(decode())->numbers, 0);
}

static void refuses_envelopes_out_of_range(void **state)
{
	(void)state;
	static const struct batch_head rows[] = {
		{ .epoch = 0, .shard = 1, .first_seq = 1 },
		{ .epoch = 1, .shard = 1, .first_seq = 0 },
		{ .epoch = 1, .shard = NP_SHARDS, .first_seq = 1 },
		{ .epoch = 1, .shard = UINT32_MAX, .first_seq = 1 },
		{ .epoch = BATCH_EPOCH_MAX + 1, .shard = 1, .first_seq = 1 },
		{ .epoch = 1, .shard = 1, .first_seq = BATCH_SEQ_MAX + 1 },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		begin(rows[i]);
		assert_int_equal(decode_err(), NP_E_PROTO);
	}
}

static void numbers_never_overflow(void **state)
{
	(void)state;
	begin(head);
	add_lost((struct batch_lost){
		.count = BATCH_SEQ_MAX - 9, .to_us = 2, .why = BATCH_W_DAMAGED });
	assert_int_equal(batch_head(decode())->numbers, BATCH_SEQ_MAX - 9);
	begin(head);
	add_lost((struct batch_lost){
		.count = BATCH_SEQ_MAX - 8, .to_us = 2, .why = BATCH_W_DAMAGED });
	assert_int_equal(decode_err(), NP_E_PROTO);
	begin(head);
	add_lost((struct batch_lost){ .count = UINT64_MAX, .to_us = 2, .why = BATCH_W_DAMAGED });
	add_lost((struct batch_lost){ .count = 5, .to_us = 2, .why = BATCH_W_DAMAGED });
	assert_int_equal(decode_err(), NP_E_PROTO);
	begin(head);
	add_lost((struct batch_lost){ .count = 0, .to_us = 2, .why = BATCH_W_DAMAGED });
	assert_int_equal(decode_err(), NP_E_PROTO);
}

static void invalid_items_keep_their_numbers_and_say_why(void **state)
{
	(void)state;
	begin(head);
	struct res_record r = fine(17);
	add_result(&r);
	r = fine(18); /* shard 2 */
	add_result(&r);
	add_lost((struct batch_lost){
		.count = 4, .from_us = 5, .to_us = 2, .why = BATCH_W_DAMAGED });
	assert_int_equal(batch_put_item(&out, (np_str){ NULL, 0 }), NP_OK);
	r = fine(17);
	add_result(&r);
	const struct batch *b = decode();
	assert_int_equal(batch_head(b)->invalid, 3);
	assert_null(batch_item(b, 0)->invalid);
	assert_string_equal(batch_item(b, 1)->invalid, "monitor is of another shard");
	assert_non_null(batch_item(b, 2)->invalid);
	assert_non_null(batch_item(b, 3)->invalid);
	assert_int_equal(batch_item(b, 3)->seq, 16);
	assert_null(batch_item(b, 4)->invalid);
	assert_int_equal(batch_item(b, 4)->seq, 17);
}

static void every_field_out_of_range_spoils_its_item_only(void **state)
{
	(void)state;
	char bad[] = "caf\xe9", ok[] = "fine";
	char text301[302];
	memset(text301, 'x', 301);
	text301[301] = '\0';
	for (int i = 0; i < 12; i++) {
		Np__V1__Result m = NP__V1__RESULT__INIT;
		m.monitor = 17;
		m.revision = 1;
		m.slot_us = NOW_US;
		m.start_us = NOW_US;
		m.duration_us = 100;
		m.status = RES_FAIL;
		m.error_class = RES_C_RESET;
		m.error_text = ok;
		switch (i) {
		case 1:
			m.monitor = 0;
			break;
		case 2:
			m.revision = 0;
			break;
		case 3:
			m.status = 5;
			break;
		case 4:
			m.status = UINT32_MAX;
			break;
		case 5:
			m.error_class = 60000;
			break;
		case 6:
			m.error_text = bad;
			break;
		case 7:
			m.error_text = text301;
			break;
		case 8:
			m.slot_us = -1;
			break;
		case 9:
			m.duration_us = UINT32_MAX;
			break;
		case 10:
			m.code = UINT32_MAX;
			break;
		case 11:
			m.monitor = UINT64_MAX - 14;
			break; /* same shard */
		default:
			break;
		}
		begin(head);
		add_raw_result(&m);
		const struct batch *b = decode();
		if (i == 0)
			assert_null(batch_item(b, 0)->invalid);
		else
			assert_non_null(batch_item(b, 0)->invalid);
	}
}

static void a_nul_in_a_text_is_seen(void **state)
{
	(void)state;
	begin(head);
	struct res_record r = fine(17);
	r.status = RES_FAIL;
	r.cls = RES_C_RESET;
	r.text = NP_STR("abcdef");
	add_result(&r);
	size_t at = str_find(buf_str(&out), NP_STR("abcdef"));
	out.p[at + 3] = '\0';
	const struct batch *b = decode();
	assert_string_equal(batch_item(b, 0)->invalid, res_field_name(RES_F_TEXT));
	assert_int_equal(batch_item(b, 0)->result.text.n, 6);
}

static void too_many_and_too_long_are_limits(void **state)
{
	(void)state;
	begin(head);
	for (size_t i = 0; i < BATCH_ITEMS_MAX; i++)
		assert_int_equal(batch_put_item(&out, (np_str){ NULL, 0 }), NP_OK);
	assert_int_equal(batch_head(decode())->items, BATCH_ITEMS_MAX);
	assert_int_equal(batch_put_item(&out, (np_str){ NULL, 0 }), NP_OK);
	assert_int_equal(decode_err(), NP_E_LIMIT);
	begin(head);
	char big[1000];
	memset(big, 'x', sizeof big);
	while (out.n <= BATCH_BYTES_MAX) /* an unknown field, to be skipped */
		assert_int_equal(pballoc_put_bytes(&out, 100, (np_str){ big, sizeof big }), NP_OK);
	assert_int_equal(decode_err(), NP_E_LIMIT);
}

static void a_full_batch_fits_the_arena(void **state)
{
	(void)state;
	begin(head);
	struct res_record r = fine(17);
	r.status = RES_FAIL;
	r.cls = RES_C_RESET;
	char text[180];
	memset(text, 'x', sizeof text);
	r.text = (np_str){ text, sizeof text };
	for (size_t i = 0; i < BATCH_ITEMS_MAX; i++)
		add_result(&r);
	assert_true(out.n <= BATCH_BYTES_MAX);
	int64_t t = clock_mono_us();
	assert_int_equal(batch_head(decode())->invalid, 0);
	print_message("1000 items decoded in %lld us\n", (long long)(clock_mono_us() - t));
}

static void damaged_bytes_never_crash_and_later_fields_are_skipped(void **state)
{
	(void)state;
	begin(head);
	struct res_record r = fine(17);
	add_result(&r);
	assert_int_equal(pballoc_put_bytes(&out, 90, NP_STR("from the future")), NP_OK);
	assert_int_equal(batch_head(decode())->items, 1);
	np_str whole = buf_str(&out);
	struct batch *b = NULL;
	for (size_t n = 0; n < whole.n; n++)
		(void)!batch_decode(arena, (np_str){ whole.p, n }, &b);
	for (size_t i = 0; i < whole.n; i++)
		for (int bit = 0; bit < 8; bit++) {
			out.p[i] = (char)(out.p[i] ^ 1 << bit);
			(void)!batch_decode(arena, whole, &b);
			arena_reset(arena);
			out.p[i] = (char)(out.p[i] ^ 1 << bit);
		}
}

static void encoding_clips_long_sentences_between_characters(void **state)
{
	(void)state;
	begin(head);
	char text[RES_TEXT_MAX];
	for (size_t i = 0; i + 1 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xa9", 2);
	struct res_record r = fine(17);
	r.status = RES_FAIL;
	r.cls = RES_C_RESET;
	r.text = (np_str){ text, 401 & ~1U };
	add_result(&r);
	const struct batch *b = decode();
	assert_null(batch_item(b, 0)->invalid);
	assert_int_equal(batch_item(b, 0)->result.text.n, BATCH_TEXT_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_in_comes_out),
		cmocka_unit_test(item_bytes_are_those_that_came),
		cmocka_unit_test(an_empty_batch_is_fine),
		cmocka_unit_test(refuses_envelopes_out_of_range),
		cmocka_unit_test(numbers_never_overflow),
		cmocka_unit_test(invalid_items_keep_their_numbers_and_say_why),
		cmocka_unit_test(every_field_out_of_range_spoils_its_item_only),
		cmocka_unit_test(a_nul_in_a_text_is_seen),
		cmocka_unit_test(too_many_and_too_long_are_limits),
		cmocka_unit_test(a_full_batch_fits_the_arena),
		cmocka_unit_test(damaged_bytes_never_crash_and_later_fields_are_skipped),
		cmocka_unit_test(encoding_clips_long_sentences_between_characters),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
