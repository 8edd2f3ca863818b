/* SPDX-License-Identifier: Apache-2.0 */
#include "redis/aredis.h"
#include "redis/sub.h"
#include "redistest.h"

struct world {
	struct loop *loop;
	size_t connected, lost;
	size_t answers, closed, canceled;
	struct redis_id newest;
	size_t messages;
	char text[256];
};

static void on_connected(void *ctx)
{
	((struct world *)ctx)->connected++;
}

static void on_lost(void *ctx, const char *why)
{
	assert_true(why[0] != 0);
	((struct world *)ctx)->lost++;
}

static void on_message(void *ctx, np_str channel, np_str message)
{
	struct world *w = ctx;
	size_t n = strlen(w->text);
	snprintf(w->text + n, sizeof w->text - n, "%.*s=%.*s ", NP_FMT(channel), NP_FMT(message));
	w->messages++;
}

/* Answers must come in the order of the commands. */
static void on_added(void *ctx, np_err e, const struct redis_reply *reply)
{
	struct world *w = ctx;
	struct redis_id id = { 0 };
	if (e == NP_E_CLOSED || e == NP_E_CANCELED) {
		assert_null(reply);
		w->closed += e == NP_E_CLOSED;
		w->canceled += e == NP_E_CANCELED;
		return;
	}
	assert_int_equal(e, NP_OK);
	assert_int_equal(redis_id_parse(redis_reply_str(reply), &id), NP_OK);
	assert_true(redis_id_cmp(w->newest, id) < 0);
	w->newest = id;
	w->answers++;
}

static int setup(void **state)
{
	struct world *w = np_zalloc(sizeof *w);
	w->loop = loop_new(NULL);
	*state = w;
	return w->loop == NULL;
}

static int teardown(void **state)
{
	struct world *w = *state;
	loop_free(w->loop);
	free(w);
	return 0;
}

#define UNTIL(w, cond)                               \
	for (int64_t end_ = soon(); !(cond);) {      \
		assert_true(clock_mono_ms() < end_); \
		loop_run_for((w)->loop, 5);          \
	}

/* answer_ms: how long the server may be silent (0: as in production). */
static struct aredis *aredis_within(struct world *w, uint32_t answer_ms)
{
	struct aredis_cfg cfg = { .conf = conf(),
				  .connected = on_connected,
				  .lost = on_lost,
				  .ctx = w,
				  .answer_ms = answer_ms };
	struct aredis *r = aredis_new(w->loop, &cfg);
	assert_non_null(r);
	return r;
}

static struct aredis *aredis_of(struct world *w)
{
	return aredis_within(w, 0);
}

static struct sub *sub_within(struct world *w, uint32_t probe_ms)
{
	struct sub_cfg cfg = { .conf = conf(),
			       .message = on_message,
			       .connected = on_connected,
			       .lost = on_lost,
			       .ctx = w,
			       .probe_ms = probe_ms };
	struct sub *s = sub_new(w->loop, &cfg);
	assert_non_null(s);
	return s;
}

static struct sub *sub_of(struct world *w)
{
	return sub_within(w, 0);
}

static void commands_are_answered_in_order(void **state)
{
	struct world *w = *state;
	struct aredis *r = aredis_of(w);
	assert_int_equal(aredis_xadd(r, NP_STR("as"), NP_STR("x"), on_added, w), NP_E_CLOSED);
	UNTIL(w, aredis_is_up(r));
	assert_int_equal(w->connected, 1);
	for (int i = 0; i < 2000; i++)
		assert_int_equal(aredis_xadd(r, NP_STR("as"), NP_STR("x"), on_added, w), NP_OK);
	assert_int_equal(aredis_pending(r), 2000);
	UNTIL(w, w->answers == 2000);
	assert_int_equal(aredis_pending(r), 0);
	aredis_free(r);
}

static void pending_commands_have_a_limit(void **state)
{
	struct world *w = *state;
	struct aredis *r = aredis_of(w);
	char *big = np_zalloc(AREDIS_BYTES_MAX / 4);
	np_str text = { big, AREDIS_BYTES_MAX / 4 };
	UNTIL(w, aredis_is_up(r));
	for (int i = 0; i < 3; i++)
		assert_int_equal(aredis_xadd(r, NP_STR("big"), text, on_added, w), NP_OK);
	assert_int_equal(aredis_xadd(r, NP_STR("big"), text, on_added, w), NP_E_LIMIT);
	aredis_free(r);
	assert_int_equal(w->canceled, 3);
	free(big);
}

static void a_kill_closes_what_is_pending_and_it_comes_back(void **state)
{
	struct world *w = *state;
	struct aredis *r = aredis_of(w);
	UNTIL(w, aredis_is_up(r));
	srv_ctl("pause", "redis");
	for (int i = 0; i < 10; i++)
		assert_int_equal(aredis_xadd(r, NP_STR("as"), NP_STR("x"), on_added, w), NP_OK);
	loop_run_for(w->loop, 20);
	srv_ctl("kill", "redis");
	UNTIL(w, w->lost >= 1);
	assert_int_equal(w->closed, 10);
	assert_false(aredis_is_up(r));
	UNTIL(w, w->lost >= 3); /* tries again, in vain */
	srv_ctl("start", "redis");
	UNTIL(w, aredis_is_up(r));
	assert_int_equal(w->connected, 2);
	assert_int_equal(aredis_xadd(r, NP_STR("as"), NP_STR("x"), on_added, w), NP_OK);
	UNTIL(w, w->answers == 1);
	aredis_free(r);
}

static void a_server_that_answers_nothing_is_left(void **state)
{
	struct world *w = *state;
	struct aredis *r = aredis_within(w, 1000);
	UNTIL(w, aredis_is_up(r));
	srv_ctl("pause", "redis");
	assert_int_equal(aredis_xadd(r, NP_STR("as"), NP_STR("x"), on_added, w), NP_OK);
	UNTIL(w, w->closed == 1);
	UNTIL(w, w->lost == 2); /* connecting gets no answer either */
	srv_ctl("resume", "redis");
	UNTIL(w, aredis_is_up(r));
	aredis_free(r);
}

static void a_wrong_password_is_lost_with_its_reason(void **state)
{
	struct world *w = *state;
	struct aredis_cfg cfg = {
		.conf = conf(), .connected = on_connected, .lost = on_lost, .ctx = w
	};
	cfg.conf.password_file = srv_path("np_web.redis");
	struct aredis *r = aredis_new(w->loop, &cfg);
	UNTIL(w, w->lost == 2);
	assert_int_equal(w->connected, 0);
	aredis_free(r);
}

static void subscriptions_hear_their_channels(void **state)
{
	struct world *w = *state;
	struct redis *r = redis_up();
	struct sub *s = sub_of(w);
	assert_int_equal(sub_add(s, NP_STR("one")), NP_OK);
	assert_int_equal(sub_add(s, NP_STR("two")), NP_OK);
	assert_int_equal(sub_add(s, NP_STR("one")), NP_OK);
	UNTIL(w, sub_is_up(s));
	assert_int_equal(w->connected, 1);
	assert_int_equal(redis_publish(r, NP_STR("one"), NP_STR("a")), NP_OK);
	assert_int_equal(redis_publish(r, NP_STR("two"), NP_STR("b")), NP_OK);
	assert_int_equal(redis_publish(r, NP_STR("three"), NP_STR("c")), NP_OK);
	UNTIL(w, w->messages == 2);
	assert_string_equal(w->text, "one=a two=b ");
	sub_del(s, NP_STR("one"));
	assert_int_equal(sub_add(s, NP_STR("three")), NP_OK);
	UNTIL(w, sub_is_up(s));
	assert_int_equal(redis_publish(r, NP_STR("one"), NP_STR("d")), NP_OK);
	assert_int_equal(redis_publish(r, NP_STR("three"), NP_STR("e")), NP_OK);
	UNTIL(w, w->messages == 3);
	assert_string_equal(w->text, "one=a two=b three=e ");
	sub_free(s);
	redis_free(r);
}

static void subscriptions_come_back_after_a_kill(void **state)
{
	struct world *w = *state;
	struct sub *s = sub_of(w);
	assert_int_equal(sub_add(s, NP_STR("one")), NP_OK);
	UNTIL(w, sub_is_up(s));
	srv_ctl("kill", "redis");
	UNTIL(w, w->lost >= 1);
	assert_false(sub_is_up(s));
	srv_ctl("start", "redis");
	UNTIL(w, sub_is_up(s));
	assert_int_equal(w->connected, 2);
	struct redis *r = redis_up();
	assert_int_equal(redis_publish(r, NP_STR("one"), NP_STR("again")), NP_OK);
	UNTIL(w, w->messages == 1);
	redis_free(r);
	sub_free(s);
}

static void a_silent_subscription_is_replaced(void **state)
{
	struct world *w = *state;
	struct sub *s = sub_within(w, 1000);
	assert_int_equal(sub_add(s, NP_STR("one")), NP_OK);
	UNTIL(w, sub_is_up(s));
	loop_run_for(w->loop, 20);
	srv_ctl("pause", "redis");
	UNTIL(w, w->lost >= 1);
	srv_ctl("resume", "redis");
	UNTIL(w, sub_is_up(s));
	sub_free(s);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(commands_are_answered_in_order),
		TEST(pending_commands_have_a_limit),
		TEST(a_kill_closes_what_is_pending_and_it_comes_back),
		TEST(a_server_that_answers_nothing_is_left),
		TEST(a_wrong_password_is_lost_with_its_reason),
		TEST(subscriptions_hear_their_channels),
		TEST(subscriptions_come_back_after_a_kill),
		TEST(a_silent_subscription_is_replaced),
	};
	return cmocka_run_group_tests(tests, ignore_sigpipe, NULL);
}
