/* SPDX-License-Identifier: Apache-2.0 */
/* netpulse-writers: what NetPulse does not do. Each writer has a connection of its own to
 * the database and inserts its results one by one.
 *
 * Connects all of them, then lets all that were let in insert at one instant, then one
 * after the other evenly. Prints one line of JSON. */
#include <errno.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/args.h"
#include "base/clock.h"
#include "base/str.h"
#include "net/loop.h"
#include "record.h"

#define CONNECTING_MAX 200
#define WAIT_MS 60000

static const struct arg_opt opts[] = {
	{ "conninfo", "TEXT", "of libpq", NULL },
	{ "writers", "N", "how many", "10000" },
	{ "rate", "N", "inserts a second, evenly", "1000" },
	{ "seconds", "S", "of the even part", "10" },
};
static const struct arg_spec spec = {
	.usage = "netpulse-writers --conninfo TEXT [options]",
	.about = "Thousands of clients of a database, one insert each.",
	.opts = opts,
	.n = NP_LEN(opts),
};

enum state { DOWN, CONNECTING, IDLE, BUSY, REFUSED };
struct writer {
	PGconn *c;
	enum state state;
	int64_t sent_us;
};
struct writers {
	const char *conninfo;
	struct writer *w;
	size_t n, count[REFUSED + 1];
	int epoll;
	struct record took;
	uint64_t failed, missed;
	char why[200]; /* of the first that was refused */
};

static void set_state(struct writers *s, struct writer *w, enum state to)
{
	s->count[w->state]--;
	s->count[to]++;
	w->state = to;
}

static void watch(struct writers *s, struct writer *w, uint32_t events)
{
	struct epoll_event ev = { .events = events | EPOLLONESHOT,
				  .data.u64 = (uint64_t)(w - s->w) };
	int fd = PQsocket(w->c);
	if (epoll_ctl(s->epoll, EPOLL_CTL_MOD, fd, &ev) < 0 && errno == ENOENT)
		(void)epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &ev);
}

static void refused(struct writers *s, struct writer *w)
{
	if (!s->why[0])
		(void)snprintf(s->why, sizeof s->why, "%s", PQerrorMessage(w->c));
	PQfinish(np_take(w->c));
	set_state(s, w, REFUSED);
}

static void go_on_connecting(struct writers *s, struct writer *w)
{
	PostgresPollingStatusType p = PQconnectPoll(w->c);
	if (p == PGRES_POLLING_FAILED) {
		refused(s, w);
	} else if (p == PGRES_POLLING_OK) {
		set_state(s, w, IDLE);
		(void)PQsetnonblocking(w->c, 1);
	} else {
		watch(s, w, p == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT);
	}
}

static void begin(struct writers *s, struct writer *w)
{
	w->c = PQconnectStart(s->conninfo);
	set_state(s, w, CONNECTING);
	if (!w->c || PQstatus(w->c) == CONNECTION_BAD)
		refused(s, w);
	else
		watch(s, w, EPOLLOUT);
}

static void insert(struct writers *s, struct writer *w)
{
	char no[24];
	const char *values[] = { no };
	(void)snprintf(no, sizeof no, "%zu", (size_t)(w - s->w));
	w->sent_us = clock_mono_us();
	set_state(s, w, BUSY);
	if (PQsendQueryParams(w->c,
			      "INSERT INTO result (worker, at, status, latency_us)"
			      " VALUES ($1::int, now(), 1, 1000)",
			      1, NULL, values, NULL, NULL, 0) != 1)
		s->failed++;
	(void)PQflush(w->c);
	watch(s, w, EPOLLIN);
}

static void go_on_inserting(struct writers *s, struct writer *w)
{
	if (PQconsumeInput(w->c) != 1) {
		s->failed++;
		refused(s, w);
		return;
	}
	if (PQisBusy(w->c)) {
		watch(s, w, EPOLLIN);
		return;
	}
	for (PGresult *r; (r = PQgetResult(w->c)); PQclear(r))
		s->failed += PQresultStatus(r) != PGRES_COMMAND_OK;
	int64_t took = clock_mono_us() - w->sent_us;
	if (record_add(&s->took, &took) < 0)
		s->failed++;
	set_state(s, w, IDLE);
}

static void turn(struct writers *s, int ms)
{
	struct epoll_event ev[256];
	int n = epoll_wait(s->epoll, ev, NP_LEN(ev), ms);
	for (int i = 0; i < n; i++) {
		struct writer *w = &s->w[ev[i].data.u64];
		if (w->state == CONNECTING)
			go_on_connecting(s, w);
		else if (w->state == BUSY)
			go_on_inserting(s, w);
	}
}

/* ---- phases ------------------------------------------------------------------------- */

static void connect_all(struct writers *s)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	size_t next = 0;
	while ((next < s->n || s->count[CONNECTING] > 0) && clock_mono_ms() < until) {
		while (next < s->n && s->count[CONNECTING] < CONNECTING_MAX)
			begin(s, &s->w[next++]);
		turn(s, 10);
	}
}

static void drain(struct writers *s)
{
	int64_t until = clock_mono_ms() + WAIT_MS;
	while (s->count[BUSY] > 0 && clock_mono_ms() < until)
		turn(s, 10);
}

static void burst(struct writers *s)
{
	for (size_t i = 0; i < s->n; i++)
		if (s->w[i].state == IDLE)
			insert(s, &s->w[i]);
	drain(s);
}

static void evenly(struct writers *s, uint64_t rate, uint64_t seconds)
{
	int64_t from = clock_mono_us();
	size_t at = 0;
	for (uint64_t i = 0; i < rate * seconds && s->count[IDLE] + s->count[BUSY] > 0; i++) {
		int64_t due = from + (int64_t)(i * NP_SEC_US / rate);
		while (clock_mono_us() < due)
			turn(s, 1);
		size_t tried = 0;
		while (s->w[at % s->n].state != IDLE && tried++ < s->n)
			at++;
		if (tried > s->n)
			s->missed++;
		else
			insert(s, &s->w[at++ % s->n]);
		turn(s, 0);
	}
	drain(s);
}

/* ---- all of it ------------------------------------------------------------------------ */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void say(struct writers *s, const char *name)
{
	static const double at[] = { .5, .95, .99 };
	static const char *const names[] = { "p50", "p95", "p99" };
	const int64_t *v = (const int64_t *)(const void *)s->took.rows;
	size_t n = s->took.n;
	if (n > 0)
		qsort(s->took.rows, n, s->took.row, by_value);
	(void)printf(", \"%s\": {\"inserted\": %zu, \"max\": %.2f", name, n,
		     n ? (double)v[n - 1] / 1000 : 0);
	for (size_t i = 0; n > 0 && i < NP_LEN(at); i++)
		(void)printf(", \"%s\": %.2f", names[i],
			     (double)v[(size_t)((double)n * at[i])] / 1000);
	(void)printf("}");
	record_done(&s->took);
	record_init(&s->took, sizeof(int64_t));
}

static np_err run(const struct args *a)
{
	struct writers s = { .conninfo = args_str(a, "conninfo") };
	uint64_t n = 0, rate = 0, seconds = 0, fds = 0;
	(void)!loop_raise_fds(&fds);
	np_err e = s.conninfo ? str_to_u64(str_from_c(args_str(a, "writers")), &n) : NP_E_INVAL;
	if (e == NP_OK)
		e = str_to_u64(str_from_c(args_str(a, "rate")), &rate);
	if (e == NP_OK)
		e = str_to_u64(str_from_c(args_str(a, "seconds")), &seconds);
	if (e < 0 || n == 0 || n > 15000 || rate == 0)
		return NP_E_INVAL;
	s.n = s.count[DOWN] = n;
	s.w = np_calloc(n, sizeof *s.w);
	s.epoll = epoll_create1(EPOLL_CLOEXEC);
	record_init(&s.took, sizeof(int64_t));
	if (!s.w || s.epoll < 0)
		return NP_E_NOMEM;
	int64_t from_ms = clock_mono_ms();
	connect_all(&s);
	(void)printf(
		"{\"writers\": %zu, \"connected\": %zu, \"refused\": %zu, \"connect_ms\": %lld",
		s.n, s.count[IDLE], s.count[REFUSED], (long long)(clock_mono_ms() - from_ms));
	burst(&s);
	say(&s, "burst_ms");
	evenly(&s, rate, seconds);
	say(&s, "steady_ms");
	(void)printf(", \"failed\": %llu, \"missed\": %llu, \"why\": \"%.*s\"}\n",
		     (unsigned long long)s.failed, (unsigned long long)s.missed,
		     (int)strcspn(s.why, "\n\""), s.why);
	free(s.w);
	return NP_OK; /* the kernel closes ten thousand connections faster */
}

int main(int argc, char **argv)
{
	NP_CLEANUP(buf_done) struct buf why;
	struct args *args = NULL;
	buf_init(&why, 4096);
	np_err e = args_parse(&spec, argc, argv, &args, &why);
	if (e == NP_E_CANCELED)
		return 0;
	if (e == NP_OK)
		e = run(args);
	if (e < 0)
		(void)fprintf(stderr, "netpulse-writers: %s\n",
			      why.n ? buf_c(&why) : np_err_text(e));
	args_free(args);
	return e < 0;
}
