/* SPDX-License-Identifier: Apache-2.0 */
#include "redistest.h"

static const struct {
	const char *text;
	np_err err;
	uint64_t ms, seq;
} ids[] = {
	{ "0-0", NP_OK, 0, 0 },     { "1700000000000-12", NP_OK, 1700000000000, 12 },
	{ "12", NP_E_INVAL, 0, 0 }, { "a-1", NP_E_INVAL, 0, 0 },
	{ "1-", NP_E_INVAL, 0, 0 },
};

static void ids_parse_compare_and_follow(void **state NP_UNUSED)
{
	for (size_t i = 0; i < NP_LEN(ids); i++) {
		struct redis_id id = { 0 };
		assert_int_equal(redis_id_parse(str_from_c(ids[i].text), &id), ids[i].err);
		assert_int_equal(id.ms, ids[i].ms);
		assert_int_equal(id.seq, ids[i].seq);
	}
	struct redis_id last = { .ms = 5, .seq = UINT64_MAX };
	assert_true(redis_id_cmp(last, redis_id_next(last)) < 0);
	assert_int_equal(redis_id_next(last).ms, 6);
	assert_int_equal(redis_id_cmp(last, last), 0);
}

static void info_lines_are_found(void **state NP_UNUSED)
{
	np_str info = NP_STR("# Memory\r\nused_memory:123\r\nmaxmemory:456\r\n");
	uint64_t v = 0;
	assert_int_equal(redis_reply_info_u64(info, "maxmemory", &v), NP_OK);
	assert_int_equal(v, 456);
	assert_int_equal(redis_reply_info_u64(info, "memory", &v), NP_E_NOTFOUND);
}

static void answers_keep_their_shape(void **state NP_UNUSED)
{
	struct redis *r = redis_up();
	struct redis_reply *reply = NULL;
	struct redis_args a;
	redis_args_init(&a, "SET");
	redis_args_c(&a, "k");
	redis_args_add(&a, NP_STR("a\0b"));
	assert_int_equal(redis_cmd(r, &a, NULL), NP_OK);
	redis_args_init(&a, "MGET");
	redis_args_c(&a, "k");
	redis_args_c(&a, "none");
	assert_int_equal(redis_cmd(r, &a, &reply), NP_OK);
	assert_int_equal(redis_reply_len(reply), 2);
	assert_true(str_eq(redis_reply_str(redis_reply_at(reply, 0)), NP_STR("a\0b")));
	assert_true(redis_reply_is_nil(redis_reply_at(reply, 1)));
	assert_null(redis_reply_at(reply, 2));
	redis_reply_free(reply);
	redis_free(r);
}

static void errors_are_told_apart(void **state NP_UNUSED)
{
	struct redis *r = redis_up();
	assert_int_equal(redis_say(r, "NOSUCH", NULL, NULL), NP_E_PROTO);
	assert_int_equal(redis_say(r, "ACL", "SETUSER", "weak"), NP_OK);
	assert_true(redis_is_up(r));
	redis_free(r);
	struct redis_conf f = conf();
	f.password_file = srv_path("np_web.redis");
	r = redis_new(&f);
	assert_int_equal(redis_ready(r, soon()), NP_E_AUTH);
	redis_free(r);
}

struct seen {
	size_t n;
	struct redis_id last;
	char order[64];
};

static void on_entry(void *ctx, size_t which, struct redis_id id, np_str record)
{
	struct seen *s = ctx;
	assert_int_equal(record.n, 1);
	s->order[s->n++] = which == 0 ? record.p[0] : (char)(record.p[0] - 32);
	s->last = id;
}

static void streams_are_read_in_order_and_trimmed(void **state NP_UNUSED)
{
	struct redis *r = redis_up();
	struct seen s = { 0 };
	struct redis_xread x = { .key = { NP_STR("s0"), NP_STR("s1") },
				 .n = 2,
				 .count = 3,
				 .entry = on_entry,
				 .ctx = &s };
	struct redis_id id;
	for (size_t i = 0; i < 5; i++) {
		assert_int_equal(redis_xadd(r, NP_STR("s0"), (np_str){ &"abcde"[i], 1 }, &id),
				 NP_OK);
		assert_int_equal(redis_xadd(r, NP_STR("s1"), (np_str){ &"vwxyz"[i], 1 }, NULL),
				 NP_OK);
	}
	assert_int_equal(redis_xread(r, &x), NP_OK);
	assert_string_equal(s.order, "abcVWX");
	assert_int_equal(redis_xread(r, &x), NP_OK);
	assert_string_equal(s.order, "abcVWXdeYZ");
	assert_int_equal(redis_id_cmp(x.after[0], id), 0);
	assert_int_equal(redis_xread(r, &x), NP_OK);
	assert_int_equal(s.n, 10);
	assert_int_equal(redis_xtrim_queue(r, NP_STR("s0"), x.after[0]), NP_OK);
	assert_int_equal(redis_xtrim_queue(r, NP_STR("s1"), (struct redis_id){ 0 }), NP_OK);
	assert_int_equal(redis_flush(r), NP_OK);
	memset(&s, 0, sizeof s);
	memset(x.after, 0, sizeof x.after);
	x.count = 100;
	assert_int_equal(redis_xread(r, &x), NP_OK);
	assert_string_equal(s.order, "VWXYZ");
	redis_free(r);
}

static void a_blocking_read_waits_beyond_the_deadline(void **state NP_UNUSED)
{
	struct redis *r = redis_up();
	struct seen s = { 0 };
	struct redis_xread x = {
		.key = { NP_STR("empty") }, .n = 1, .block_ms = 150, .entry = on_entry, .ctx = &s
	};
	int64_t start = clock_mono_ms();
	redis_deadline(r, start + 50);
	assert_int_equal(redis_xread(r, &x), NP_OK);
	assert_true(clock_mono_ms() - start >= 100);
	assert_true(redis_is_up(r));
	redis_free(r);
}

static void the_first_error_of_a_pipeline_is_told(void **state NP_UNUSED)
{
	struct redis *r = redis_up();
	struct redis_args a;
	for (int i = 0; i < 300; i++) {
		redis_args_init(&a, i == 100 ? "NOSUCH" : "INCR");
		redis_args_c(&a, "counter");
		assert_int_equal(redis_queue(r, &a), NP_OK);
	}
	assert_int_equal(redis_flush(r), NP_E_PROTO);
	NP_CLEANUP(redis_reply_free_p) struct redis_reply *reply = NULL;
	redis_args_init(&a, "GET");
	redis_args_c(&a, "counter");
	assert_int_equal(redis_cmd(r, &a, &reply), NP_OK);
	assert_int_equal(redis_reply_int(reply), 299);
	redis_free(r);
}

static void out_of_memory_is_no_space(void **state NP_UNUSED)
{
	struct redis *r = redis_up();
	uint64_t used = 0, max = 0;
	struct redis_args a;
	assert_int_equal(redis_memory(r, &used, &max), NP_OK);
	assert_true(used > 0);
	assert_int_equal(max, 256 << 20);
	redis_args_init(&a, "CONFIG");
	redis_args_c(&a, "SET");
	redis_args_c(&a, "maxmemory");
	redis_args_c(&a, "1mb");
	assert_int_equal(redis_cmd(r, &a, NULL), NP_OK);
	assert_int_equal(redis_xadd(r, NP_STR("full"), NP_STR("x"), NULL), NP_E_NOSPACE);
	a.n--;
	redis_args_c(&a, "256mb");
	assert_int_equal(redis_cmd(r, &a, NULL), NP_OK);
	assert_int_equal(redis_xadd(r, NP_STR("full"), NP_STR("x"), NULL), NP_OK);
	redis_free(r);
}

static void comes_back_after_a_kill(void **state NP_UNUSED)
{
	struct redis *r = redis_up();
	uint64_t before = redis_generation(r);
	srv_ctl("kill", "redis");
	assert_int_equal(redis_say(r, "PING", NULL, NULL), NP_E_CLOSED);
	assert_int_equal(redis_say(r, "PING", NULL, NULL), NP_E_CLOSED);
	assert_int_equal(redis_ready(r, clock_mono_ms() + 300), NP_E_CLOSED);
	srv_ctl("start", "redis");
	assert_int_equal(redis_ready(r, soon()), NP_OK);
	assert_int_not_equal(redis_generation(r), before);
	assert_int_equal(redis_say(r, "PING", NULL, NULL), NP_OK);
	redis_free(r);
}

static void a_stopped_server_ends_at_the_deadline(void **state NP_UNUSED)
{
	struct redis *r = redis_up();
	int64_t start = clock_mono_ms();
	srv_ctl("pause", "redis");
	redis_deadline(r, clock_mono_ms() + 150);
	assert_int_equal(redis_say(r, "PING", NULL, NULL), NP_E_TIMEOUT);
	assert_int_equal(redis_ready(r, clock_mono_ms() + 150), NP_E_CLOSED);
	assert_true(clock_mono_ms() - start >= 250);
	srv_ctl("resume", "redis");
	assert_int_equal(redis_ready(r, soon()), NP_OK);
	redis_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_parse_compare_and_follow),
		cmocka_unit_test(info_lines_are_found),
		cmocka_unit_test(answers_keep_their_shape),
		cmocka_unit_test(errors_are_told_apart),
		cmocka_unit_test(streams_are_read_in_order_and_trimmed),
		cmocka_unit_test(a_blocking_read_waits_beyond_the_deadline),
		cmocka_unit_test(the_first_error_of_a_pipeline_is_told),
		cmocka_unit_test(out_of_memory_is_no_space),
		cmocka_unit_test(comes_back_after_a_kill),
		cmocka_unit_test(a_stopped_server_ends_at_the_deadline),
	};
	return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
