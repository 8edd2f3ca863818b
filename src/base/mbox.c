/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct mbox {
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied; /* not empty any more; not full any more */
	void **ring;
	size_t cap, head, n;
	int fd; /* counter 1 while n > 0, else 0 */
	bool closed;
};

static void must(int rc)
{
	assert(rc == 0); /* only a bug of ours makes these fail */
	(void)rc;
}

static void init_sync(struct mbox *m)
{
	pthread_condattr_t attr;
	must(pthread_mutex_init(&m->lock, NULL));
	must(pthread_condattr_init(&attr));
	must(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
	must(pthread_cond_init(&m->filled, &attr));
	must(pthread_cond_init(&m->emptied, &attr));
	must(pthread_condattr_destroy(&attr));
}

struct mbox *mbox_new(size_t capacity)
{
	assert(capacity > 0);
	struct mbox *m = np_zalloc(sizeof *m);
	if (!m)
		return NULL;
	m->ring = np_calloc(capacity, sizeof *m->ring);
	m->fd = m->ring ? eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) : -1;
	if (m->fd < 0) {
		free(m->ring);
		free(m);
		return NULL;
	}
	m->cap = capacity;
	init_sync(m);
	return m;
}

/* Under the lock: takes the oldest; NULL when empty. */
static void *pop(struct mbox *m)
{
	if (m->n == 0)
		return NULL;
	void *msg = m->ring[m->head];
	m->head = (m->head + 1) % m->cap;
	m->n--;
	if (m->n == 0) {
		uint64_t v;
		ssize_t got = read(m->fd, &v, sizeof v);
		assert(got == (ssize_t)sizeof v);
	}
	must(pthread_cond_signal(&m->emptied));
	return msg;
}

/* Under the lock. */
static np_err push(struct mbox *m, void *msg)
{
	if (m->closed)
		return NP_E_CLOSED;
	if (m->n == m->cap)
		return NP_E_LIMIT;
	m->ring[(m->head + m->n) % m->cap] = msg;
	m->n++;
	if (m->n == 1) {
		const uint64_t one = 1;
		ssize_t put = write(m->fd, &one, sizeof one);
		assert(put == (ssize_t)sizeof one);
	}
	must(pthread_cond_signal(&m->filled));
	return NP_OK;
}

/* Under the lock: waits for a signal; false when the deadline is past. */
static bool wait_until(struct mbox *m, pthread_cond_t *cond, int64_t deadline_mono_ms)
{
	if (deadline_mono_ms < 0)
		deadline_mono_ms = 0;
	const struct timespec ts = {
		.tv_sec = deadline_mono_ms / 1000,
		.tv_nsec = deadline_mono_ms % 1000 * 1000000,
	};
	int rc = pthread_cond_timedwait(cond, &m->lock, &ts);
	assert(rc == 0 || rc == ETIMEDOUT);
	return rc == 0;
}

void mbox_free(struct mbox *m, void (*drop)(void *msg))
{
	if (!m)
		return;
	for (void *msg = pop(m); msg; msg = pop(m))
		if (drop)
			drop(msg);
	must(pthread_cond_destroy(&m->filled));
	must(pthread_cond_destroy(&m->emptied));
	must(pthread_mutex_destroy(&m->lock));
	np_close_fd(&m->fd);
	free(m->ring);
	free(m);
}

np_err mbox_send(struct mbox *m, void *msg)
{
	assert(msg);
	must(pthread_mutex_lock(&m->lock));
	np_err e = push(m, msg);
	must(pthread_mutex_unlock(&m->lock));
	return e;
}

np_err mbox_send_wait(struct mbox *m, void *msg, int64_t deadline_mono_ms)
{
	assert(msg);
	must(pthread_mutex_lock(&m->lock));
	np_err e = push(m, msg);
	while (e == NP_E_LIMIT) {
		bool in_time = wait_until(m, &m->emptied, deadline_mono_ms);
		e = push(m, msg);
		if (e == NP_E_LIMIT && !in_time)
			e = NP_E_TIMEOUT;
	}
	must(pthread_mutex_unlock(&m->lock));
	return e;
}

void *mbox_try_recv(struct mbox *m)
{
	must(pthread_mutex_lock(&m->lock));
	void *msg = pop(m);
	must(pthread_mutex_unlock(&m->lock));
	return msg;
}

void *mbox_recv(struct mbox *m, int64_t deadline_mono_ms)
{
	must(pthread_mutex_lock(&m->lock));
	void *msg = pop(m);
	bool in_time = true;
	while (!msg && !m->closed && in_time) {
		in_time = wait_until(m, &m->filled, deadline_mono_ms);
		msg = pop(m);
	}
	must(pthread_mutex_unlock(&m->lock));
	return msg;
}

void mbox_close(struct mbox *m)
{
	must(pthread_mutex_lock(&m->lock));
	m->closed = true;
	must(pthread_cond_broadcast(&m->filled));
	must(pthread_cond_broadcast(&m->emptied));
	must(pthread_mutex_unlock(&m->lock));
}

size_t mbox_len(struct mbox *m)
{
	must(pthread_mutex_lock(&m->lock));
	size_t n = m->n;
	must(pthread_mutex_unlock(&m->lock));
	return n;
}

int mbox_fd(const struct mbox *m)
{
	return m->fd;
}
