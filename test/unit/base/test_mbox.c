/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mbox.h"

static bool readable(const struct mbox *m)
{
	struct pollfd p = { .fd = mbox_fd(m), .events = POLLIN };
	return poll(&p, 1, 0) == 1;
}

static void first_in_first_out_up_to_its_capacity(void **state)
{
	(void)state;
	static char cells[5];
	struct mbox *m = mbox_new(3);
	for (int round = 0; round < 4; round++) {
		assert_false(readable(m));
		for (size_t i = 0; i < 3; i++)
			assert_ok(mbox_send(m, &cells[i]));
		assert_err(mbox_send(m, &cells[3]), NP_E_LIMIT);
		assert_err(mbox_send_wait(m, &cells[3], clock_mono_ms() - 5), NP_E_TIMEOUT);
		assert_int_equal(mbox_len(m), 3);
		for (size_t i = 0; i < 3; i++) {
			assert_true(readable(m));
			assert_ptr_equal(mbox_try_recv(m), &cells[i]);
		}
		assert_null(mbox_try_recv(m));
		assert_null(mbox_recv(m, clock_mono_ms() - 1));
	}
	mbox_free(m, NULL);
}

static void closing_lets_what_is_there_out(void **state)
{
	(void)state;
	static char cell;
	struct mbox *m = mbox_new(3);
	assert_ok(mbox_send(m, &cell));
	mbox_close(m);
	assert_err(mbox_send(m, &cell), NP_E_CLOSED);
	assert_err(mbox_send_wait(m, &cell, INT64_MAX), NP_E_CLOSED);
	assert_ptr_equal(mbox_recv(m, INT64_MAX), &cell);
	assert_null(mbox_recv(m, INT64_MAX));
	mbox_free(m, NULL);
}

static void freeing_drops_what_is_left(void **state)
{
	(void)state;
	struct mbox *m = mbox_new(2);
	assert_ok(mbox_send(m, malloc(3)));
	assert_ok(mbox_send(m, malloc(3)));
	mbox_free(m, free);
	mbox_free(NULL, free);
}

enum { MESSAGES = 20000, SENDERS = 2 };

static void *send_many(void *arg)
{
	struct mbox *m = arg;
	for (int i = 0; i < MESSAGES; i++) {
		int *msg = malloc(sizeof *msg);
		*msg = i;
		np_err e = mbox_send_wait(m, msg, INT64_MAX);
		assert(e == NP_OK); /* not cmocka's: another thread */
	}
	return NULL;
}

static void threads_lose_nothing(void **state)
{
	(void)state;
	struct mbox *m = mbox_new(7);
	pthread_t senders[SENDERS];
	int64_t sum = 0;
	for (int i = 0; i < SENDERS; i++)
		assert_int_equal(pthread_create(&senders[i], NULL, send_many, m), 0);
	for (int i = 0; i < SENDERS * MESSAGES; i++) {
		NP_CLEANUP(np_free_ptr) int *msg = mbox_recv(m, clock_mono_ms() + T_PATIENCE_MS);
		assert_non_null(msg);
		sum += *msg;
	}
	for (int i = 0; i < SENDERS; i++)
		assert_int_equal(pthread_join(senders[i], NULL), 0);
	assert_true(sum == (int64_t)SENDERS * MESSAGES * (MESSAGES - 1) / 2);
	assert_int_equal(mbox_len(m), 0);
	mbox_free(m, NULL);
}

static void *close_it(void *arg)
{
	mbox_close(arg);
	return NULL;
}

static void closing_wakes_who_waits(void **state)
{
	(void)state;
	struct mbox *m = mbox_new(1);
	pthread_t t;
	assert_int_equal(pthread_create(&t, NULL, close_it, m), 0);
	assert_null(mbox_recv(m, INT64_MAX));
	assert_int_equal(pthread_join(t, NULL), 0);
	mbox_free(m, NULL);
}

static np_err make(void *arg)
{
	(void)arg;
	struct mbox *m = mbox_new(4);
	np_err e = m ? NP_OK : NP_E_NOMEM;
	mbox_free(m, NULL);
	return e;
}

static void survives_no_memory(void **state)
{
	(void)state;
	t_under_oom(make, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_in_first_out_up_to_its_capacity),
		cmocka_unit_test(closing_lets_what_is_there_out),
		cmocka_unit_test(freeing_drops_what_is_left),
		cmocka_unit_test(threads_lose_nothing),
		cmocka_unit_test(closing_wakes_who_waits),
		cmocka_unit_test(survives_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
