/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"
#include "wire/batch.h"
#include "wire/batchjson.h"

static const char *const whole =
	"{\"epoch\":\"117000000000000001\",\"shard\":1,\"firstSeq\":\"10\",\"items\":["
	"{\"result\":{\"monitor\":17,\"revision\":1,\"slot_us\":\"1780000000000000\","
	"\"startUs\":1780000000000005,\"durationUs\":100,\"status\":3,\"errorClass\":5,"
	"\"errorText\":\"it reset\",\"dnsUs1\":1}},"
	"{\"lost\":{\"count\":4,\"fromUs\":1,\"to_us\":2.0,\"why\":\"2\"}},{}],\"oldestMs\":7}";

static np_err read_c(const char *text, struct buf *pb, struct buf *why)
{
	buf_reset(pb);
	buf_reset(why);
	return batchjson_read(str_from_c(text), pb, why);
}

static void both_names_and_both_number_forms_are_read(void **state)
{
	(void)state;
	struct buf pb, why;
	buf_init(&pb, BATCHJSON_MAX);
	buf_init(&why, 1000);
	struct arena *a = arena_new(BATCH_ARENA_MAX);
	assert_int_equal(read_c(whole, &pb, &why), NP_OK);
	struct batch *b = NULL;
	assert_int_equal(batch_decode(a, buf_str(&pb), &b), NP_OK);
	assert_int_equal(batch_head(b)->epoch, 117000000000000001);
	assert_int_equal(batch_head(b)->oldest_ms, 7);
	assert_int_equal(batch_head(b)->numbers, 6);
	assert_null(batch_item(b, 0)->invalid);
	assert_true(str_eq_c(batch_item(b, 0)->result.text, "it reset"));
	assert_int_equal(batch_item(b, 0)->result.phase_us[RES_P_DNS], 0);
	assert_int_equal(batch_item(b, 1)->lost.to_us, 2);
	assert_non_null(batch_item(b, 2)->invalid);
	buf_done(&pb);
	buf_done(&why);
	arena_free(a);
}

static void there_and_back_is_the_same_message(void **state)
{
	(void)state;
	struct buf pb, again, text, why;
	buf_init(&pb, BATCHJSON_MAX);
	buf_init(&again, BATCHJSON_MAX);
	buf_init(&text, BATCHJSON_MAX);
	buf_init(&why, 1000);
	assert_int_equal(read_c(whole, &pb, &why), NP_OK);
	assert_int_equal(batchjson_write(buf_str(&pb), &text), NP_OK);
	assert_true(str_find(buf_str(&text), NP_STR("\"firstSeq\":\"10\"")) != SIZE_MAX);
	assert_true(str_find(buf_str(&text), NP_STR("\"dnsUs1\":1")) != SIZE_MAX);
	assert_int_equal(batchjson_read(buf_str(&text), &again, &why), NP_OK);
	struct buf text2;
	buf_init(&text2, BATCHJSON_MAX);
	assert_int_equal(batchjson_write(buf_str(&again), &text2), NP_OK);
	assert_true(str_eq(buf_str(&text), buf_str(&text2)));
	buf_done(&pb);
	buf_done(&again);
	buf_done(&text);
	buf_done(&text2);
	buf_done(&why);
}

static void refuses_what_is_not_a_batch_and_says_where(void **state)
{
	(void)state;
	static const struct {
		const char *text, *why;
	} rows[] = {
		{ "", "not JSON" },
		{ "{} x", "not JSON" },
		{ "[]", "not an object" },
		{ "7", "not JSON" },
		{ "{\"epoch\":1,\"epoch\":2}", "not JSON" },
		{ "{\"first_seq\":1,\"firstSeq\":2}", "both its names" },
		{ "{\"tenant\":1}", "not known" },
		{ "{\"Epoch\":1}", "not known" },
		{ "{\"epoch\":-1}", "epoch: not a whole number" },
		{ "{\"epoch\":1.5}", "epoch: not a whole number" },
		{ "{\"epoch\":1e300}", "epoch: not a whole number" },
		{ "{\"epoch\":\"0x1\"}", "epoch: not a whole number" },
		{ "{\"epoch\":\"\"}", "epoch: not a whole number" },
		{ "{\"epoch\":true}", "epoch: not a whole number" },
		{ "{\"epoch\":99999999999999999999}", "not JSON" },
		{ "{\"epoch\":\"18446744073709551616\"}", "epoch: not a whole number" },
		{ "{\"shard\":4294967296}", "shard: larger than 32 bits" },
		{ "{\"end\":1}", "end: neither true nor false" },
		{ "{\"items\":{}}", "items: not a list" },
		{ "{\"items\":[{},null]}", "items[1]: not an object" },
		{ "{\"items\":[{},{\"result\":{\"errorText\":5}}]}",
		  "items[1].result.error_text: not a text" },
		{ "{\"items\":[{\"result\":{},\"lost\":{}}]}", "more than one kind" },
		{ "{\"items\":[{\"result\":[]}]}", "items[0].result: not an object" },
		{ "{\"epoch\":\"\xff\"}", "not JSON" },
	};
	struct buf pb, why;
	buf_init(&pb, BATCHJSON_MAX);
	buf_init(&why, 1000);
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		assert_int_equal(read_c(rows[i].text, &pb, &why), NP_E_PROTO);
		if (str_find(buf_str(&why), str_from_c(rows[i].why)) == SIZE_MAX)
			fail_msg("%s: %s", rows[i].text, buf_c(&why));
	}
	buf_done(&pb);
	buf_done(&why);
}

static void null_is_absent_and_nul_spoils_the_item_only(void **state)
{
	(void)state;
	struct buf pb, why;
	buf_init(&pb, BATCHJSON_MAX);
	buf_init(&why, 1000);
	struct arena *a = arena_new(BATCH_ARENA_MAX);
	assert_int_equal(read_c("{\"epoch\":1,\"shard\":1,\"first_seq\":1,\"end\":null,\"items\":["
				"{\"lost\":null,\"result\":{\"monitor\":17,\"revision\":1,"
				"\"slot_us\":1780000000000000,\"start_us\":1780000000000000,"
				"\"status\":3,\"error_class\":5,\"error_text\":\"a\\u0000b\"}}]}",
				&pb, &why),
			 NP_OK);
	struct batch *b = NULL;
	assert_int_equal(batch_decode(a, buf_str(&pb), &b), NP_OK);
	assert_string_equal(batch_item(b, 0)->invalid, res_field_name(RES_F_TEXT));
	buf_done(&pb);
	buf_done(&why);
	arena_free(a);
}

static void answers_come_back(void **state)
{
	(void)state;
	Np__V1__Ack ack = NP__V1__ACK__INIT;
	ack.epoch = UINT64_MAX;
	ack.n = 12;
	Np__V1__Ack *acks[] = { &ack };
	uint64_t seqs[] = { 4, 1ULL << 60 };
	char why[] = "slot";
	Np__V1__Reject rej = NP__V1__REJECT__INIT;
	rej.n_seqs = 2;
	rej.seqs = seqs;
	rej.reason = why;
	Np__V1__Reject *rejects[] = { &rej };
	Np__V1__PostAnswer m = NP__V1__POST_ANSWER__INIT;
	m.n_acks = 1;
	m.acks = acks;
	m.n_rejects = 1;
	m.rejects = rejects;
	struct buf text;
	buf_init(&text, 10000);
	struct arena *a = arena_new(BATCH_ARENA_MAX);
	assert_int_equal(batchjson_write_answer(&m, &text), NP_OK);
	assert_string_equal(buf_c(&text),
			    "{\"acks\":[{\"epoch\":\"18446744073709551615\",\"n\":\"12\"}],"
			    "\"rejects\":[{\"seqs\":[\"4\",\"1152921504606846976\"],"
			    "\"reason\":\"slot\"}]}");
	Np__V1__PostAnswer *back = NULL;
	assert_int_equal(batchjson_read_answer(a, buf_str(&text), &back), NP_OK);
	assert_true(back->acks[0]->epoch == UINT64_MAX);
	assert_true(back->rejects[0]->seqs[1] == 1ULL << 60);
	buf_done(&text);
	arena_free(a);
}

static void too_long_a_text_is_a_limit(void **state)
{
	(void)state;
	struct buf big, pb, why;
	buf_init(&big, BATCHJSON_MAX + 10);
	buf_init(&pb, BATCHJSON_MAX);
	buf_init(&why, 1000);
	while (big.n <= BATCHJSON_MAX)
		assert_int_equal(buf_add_byte(&big, ' '), NP_OK);
	assert_int_equal(batchjson_read(buf_str(&big), &pb, &why), NP_E_LIMIT);
	buf_done(&big);
	buf_done(&pb);
	buf_done(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_names_and_both_number_forms_are_read),
		cmocka_unit_test(there_and_back_is_the_same_message),
		cmocka_unit_test(refuses_what_is_not_a_batch_and_says_where),
		cmocka_unit_test(null_is_absent_and_nul_spoils_the_item_only),
		cmocka_unit_test(answers_come_back),
		cmocka_unit_test(too_long_a_text_is_a_limit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
