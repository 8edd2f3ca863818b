/* SPDX-License-Identifier: Apache-2.0 */
/* Wheel, queue of output, loop: the small parts. */
#include "unit/t.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/crypt.h"
#include "net/loop.h"
#include "net/outq.h"

/* ---- wheel --------------------------------------------------------------------------- */

struct timed {
	struct wheel_node node;
	int64_t want_ms, fired_ms;
	int fired;
	struct wheel *again; /* set once more from the callback */
};

static int64_t fake_now;

static void on_time(struct wheel_node *node)
{
	struct timed *t = NP_CONTAINER_OF(node, struct timed, node);
	t->fired++;
	t->fired_ms = fake_now;
	if (t->again) {
		struct wheel *w = np_take(t->again);
		t->want_ms = fake_now + 5;
		wheel_set(w, &t->node, t->want_ms);
	}
}

static void the_wheel_is_never_early_and_at_most_a_tick_late(void **state)
{
	(void)state;
	static struct wheel w;
	static struct timed t[2000];
	const int64_t tick = 100;
	fake_now = 12345;
	wheel_init(&w, tick, fake_now);
	memset(t, 0, sizeof t);
	for (size_t i = 0; i < NP_LEN(t); i++) {
		t[i].node.fn = on_time;
		t[i].want_ms = fake_now + (int64_t)(rnd_u64() % 120000); /* beyond one round too */
		wheel_set(&w, &t[i].node, t[i].want_ms);
	}
	for (size_t i = 0; i < NP_LEN(t); i += 3)
		wheel_clear(&w, &t[i].node);
	for (size_t i = 1; i < NP_LEN(t); i += 3)
		t[i].again = &w;
	while (fake_now < 12345 + 130000) {
		fake_now += (int64_t)(rnd_u64() % 70) + 1;
		wheel_run(&w, fake_now);
	}
	assert_int_equal(w.n, 0);
	for (size_t i = 0; i < NP_LEN(t); i++) {
		assert_int_equal(t[i].fired, i % 3 == 0 ? 0 : i % 3 == 1 ? 2 : 1);
		if (i % 3 == 0)
			continue;
		assert_true(t[i].fired_ms >= t[i].want_ms);
		assert_true(t[i].fired_ms <= t[i].want_ms + 2 * tick + 70);
	}
}

static void a_wheel_that_slept_long_catches_up(void **state)
{
	(void)state;
	static struct wheel w;
	struct timed t = { .node.fn = on_time }, late = { .node.fn = on_time };
	wheel_init(&w, 100, 0);
	wheel_set(&w, &t.node, 500);
	wheel_set(&w, &late.node, 100000000);
	fake_now = 99000000;
	wheel_run(&w, fake_now);
	assert_int_equal(t.fired, 1);
	assert_int_equal(late.fired, 0);
	assert_true(wheel_is_set(&late.node));
	wheel_clear(&w, &late.node);
	wheel_clear(&w, &late.node);
	assert_int_equal(w.n, 0);
}

/* ---- queue of output ------------------------------------------------------------------- */

static const char borrowed[] = "borrowed bytes that are not copied";

static void the_queue_keeps_order_whatever_is_sent(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		struct outq q;
		struct buf want, got;
		outq_init(&q, 1 << 20);
		buf_init(&want, 1 << 20);
		buf_init(&got, 1 << 20);
		for (int i = 0; i < 40; i++) {
			char piece[3000];
			size_t n = rnd_u64() % (round % 2 ? 30 : sizeof piece);
			memset(piece, 'a' + i % 26, sizeof piece);
			np_str s = i % 5 == 4 ? (np_str){ borrowed, sizeof borrowed }
					      : (np_str){ piece, n };
			assert_ok(i % 5 == 4 ? outq_add_static(&q, s) : outq_add(&q, s));
			(void)buf_add(&want, s);
			while (q.n > 0 && rnd_u64() % 2) {
				struct iovec iov[4];
				int slices = outq_iov(&q, iov, 4);
				assert_true(slices > 0 && iov[0].iov_len > 0);
				size_t take = rnd_u64() % iov[0].iov_len + 1;
				(void)buf_add(&got, (np_str){ iov[0].iov_base, take });
				outq_sent(&q, take);
			}
		}
		while (q.n > 0) {
			struct iovec iov;
			assert_int_equal(outq_iov(&q, &iov, 1), 1);
			(void)buf_add(&got, (np_str){ iov.iov_base, iov.iov_len });
			outq_sent(&q, iov.iov_len);
		}
		assert_null(q.head);
		assert_true(str_eq(buf_str(&want), buf_str(&got)));
		outq_done(&q);
		buf_done(&want);
		buf_done(&got);
	}
}

static void a_full_queue_takes_nothing(void **state)
{
	(void)state;
	struct outq q;
	outq_init(&q, 10);
	assert_ok(outq_add(&q, NP_STR("12345678")));
	assert_err(outq_add(&q, NP_STR("abc")), NP_E_LIMIT);
	assert_err(outq_add_static(&q, NP_STR("abc")), NP_E_LIMIT);
	assert_int_equal(q.n, 8);
	assert_ok(outq_add(&q, NP_STR("ab")));
	outq_done(&q);
}

static np_err fill_queue(void *arg)
{
	struct outq q;
	(void)arg;
	static char big[40000];
	outq_init(&q, 1 << 20);
	np_err e = outq_add(&q, NP_STR("small"));
	size_t before = q.n;
	if (e == NP_OK && (e = outq_add(&q, (np_str){ big, sizeof big })) < 0)
		assert_int_equal(q.n, before);
	if (e == NP_OK)
		e = outq_add_static(&q, NP_STR("x"));
	outq_done(&q);
	return e;
}

static void the_queue_survives_no_memory(void **state)
{
	(void)state;
	t_under_oom(fill_queue, NULL);
}

/* ---- loop --------------------------------------------------------------------------------- */

struct seen {
	struct loop *l;
	int n, runs;
	int64_t at_ms;
	pthread_t ran_on;
};

static void count(void *ctx)
{
	struct seen *s = ctx;
	s->n++;
	s->at_ms = clock_mono_ms();
}

static void run_job(void *ctx)
{
	struct seen *s = ctx;
	__atomic_store_n(&s->ran_on, pthread_self(), __ATOMIC_RELAXED);
	__atomic_add_fetch(&s->runs, 1, __ATOMIC_RELAXED);
}

static void timers_keep_their_deadline(void **state)
{
	(void)state;
	struct seen s = { .n = 0 }, past = { .n = 0 };
	struct loop *l = loop_new(NULL);
	struct loop_timer *t = loop_timer_new(l, count, &s), *p = loop_timer_new(l, count, &past);
	int64_t at = clock_mono_ms() + 30;
	loop_timer_at(t, at);
	loop_timer_at(p, at - 10000);
	assert_true(loop_timer_is_set(t));
	loop_run_for(l, 150);
	assert_int_equal(s.n, 1);
	assert_int_equal(past.n, 1);
	assert_true(s.at_ms >= at);
	assert_false(loop_timer_is_set(t));
	loop_timer_at(t, clock_mono_ms() + 10);
	loop_timer_stop(t);
	loop_run_for(l, 30);
	assert_int_equal(s.n, 1);
	loop_timer_free(t);
	loop_timer_free(p);
	loop_free(l);
}

static void work_runs_elsewhere_and_has_a_limit(void **state)
{
	(void)state;
	const struct loop_cfg cfg = { .work_max = 3 };
	struct loop *l = loop_new(&cfg);
	struct seen s = { .n = 0 };
	for (int i = 0; i < 3; i++)
		assert_ok(loop_work(l, run_job, count, &s));
	assert_err(loop_work(l, run_job, count, &s), NP_E_LIMIT);
	assert_int_equal(loop_work_pending(l), 3);
	RUN_UNTIL(l, s.n >= 3);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.runs, 3);
	assert_false(pthread_equal(s.ran_on, pthread_self()));
	assert_int_equal(loop_work_pending(l), 0);
	loop_free(l);
}

static void a_settled_loop_has_no_work_under_way_and_takes_none(void **state)
{
	(void)state;
	struct loop *l = loop_new(NULL);
	struct seen s = { .n = 0 };
	for (int i = 0; i < 50; i++)
		assert_ok(loop_work(l, run_job, count, &s));
	loop_settle(l);
	assert_int_equal(s.n, 50);
	assert_int_equal(s.runs, 50);
	assert_int_equal(loop_work_pending(l), 0);
	assert_err(loop_work(l, run_job, count, &s), NP_E_LIMIT);
	loop_free(l);
}

static void *wake_from_thread(void *arg)
{
	loop_wake_send(arg);
	return NULL;
}

static void any_thread_wakes_the_loop(void **state)
{
	(void)state;
	struct seen s = { .n = 0 };
	pthread_t th;
	struct loop *l = loop_new(NULL);
	struct loop_wake *w = loop_wake_new(l, count, &s);
	assert_int_equal(pthread_create(&th, NULL, wake_from_thread, w), 0);
	RUN_UNTIL(l, s.n > 0);
	assert_int_equal(pthread_join(th, NULL), 0);
	assert_int_equal(s.n, 1);
	loop_wake_free(w);
	loop_free(l);
}

static void stop(void *ctx)
{
	struct seen *s = ctx;
	s->n++;
	loop_stop(s->l);
}

static void a_signal_stops_gracefully(void **state)
{
	(void)state;
	struct seen s = { .n = 0 }, hup = { .n = 0 }, late = { .n = 0 };
	s.l = loop_new(NULL);
	assert_ok(loop_on_stop(s.l, stop, &s));
	assert_ok(loop_on_reload(s.l, count, &hup));
	struct loop_timer *keep = loop_timer_new(s.l, count, &late);
	loop_timer_at(keep, clock_mono_ms() + 10 * T_PATIENCE_MS);
	assert_int_equal(raise(SIGHUP), 0);
	assert_int_equal(raise(SIGPIPE), 0); /* ignored */
	RUN_UNTIL(s.l, hup.n > 0);
	assert_int_equal(hup.n, 1);
	assert_int_equal(raise(SIGTERM), 0);
	assert_ok(loop_run(s.l));
	assert_int_equal(s.n, 1);
	assert_int_equal(late.n, 0);
	loop_timer_free(keep);
	loop_free(s.l);
}

static void ready(void *ctx, int events)
{
	struct seen *s = ctx;
	s->n++;
	assert_int_equal(events, LOOP_READ);
}

static void watches_a_descriptor_that_is_not_ours(void **state)
{
	(void)state;
	struct seen s = { .n = 0 };
	int fds[2];
	struct loop_poll *p = NULL;
	struct loop *l = loop_new(NULL);
	assert_int_equal(pipe(fds), 0);
	assert_ok(loop_poll_new(l, fds[0], ready, &s, &p));
	loop_poll_set(p, LOOP_READ);
	loop_run_for(l, 5);
	assert_int_equal(s.n, 0);
	assert_int_equal(write(fds[1], "x", 1), 1);
	loop_run_for(l, 5);
	assert_true(s.n > 0);
	int before = s.n;
	loop_poll_set(p, 0);
	loop_run_for(l, 5);
	assert_int_equal(s.n, before);
	loop_poll_free(p);
	close(fds[0]);
	close(fds[1]);
	loop_free(l);
}

static void the_limit_of_descriptors_is_raised(void **state)
{
	(void)state;
	uint64_t limit = 0;
	assert_ok(loop_raise_fds(&limit));
	assert_true(limit > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_wheel_is_never_early_and_at_most_a_tick_late),
		cmocka_unit_test(a_wheel_that_slept_long_catches_up),
		cmocka_unit_test(the_queue_keeps_order_whatever_is_sent),
		cmocka_unit_test(a_full_queue_takes_nothing),
		cmocka_unit_test(the_queue_survives_no_memory),
		cmocka_unit_test(timers_keep_their_deadline),
		cmocka_unit_test(work_runs_elsewhere_and_has_a_limit),
		cmocka_unit_test(a_settled_loop_has_no_work_under_way_and_takes_none),
		cmocka_unit_test(any_thread_wakes_the_loop),
		cmocka_unit_test(a_signal_stops_gracefully),
		cmocka_unit_test(watches_a_descriptor_that_is_not_ours),
		cmocka_unit_test(the_limit_of_descriptors_is_raised),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
