/* SPDX-License-Identifier: Apache-2.0 */
/* A TCP check: connect; with `send`, say that; with `expect` or an assertion over the reply,
 * read until it is satisfied, the peer ends, or the attempt's time is over. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "checker/reach.h"

#define TCP_REPLY_MAX ((size_t)64 * 1024)

struct tcp {
	struct check_run *run;
	struct reach reach;
	int fd;
	struct loop_poll *poll;
	size_t sent;
	struct buf reply;
	bool wants_reply;
	int64_t sent_us; /* when the wait for the first byte began */
	int64_t first_us;
};

static void conclude(struct tcp *t)
{
	NP_CLEANUP(buf_done) struct buf reply = t->reply;
	buf_init(&t->reply, TCP_REPLY_MAX);
	if (t->first_us)
		check_phase(t->run, RES_P_TRANSFER, clock_mono_us() - t->first_us);
	struct asrt_facts f = { .reply = buf_str(&reply) };
	check_conclude(t->run, &f);
}

static void broke(struct tcp *t, int errno_value)
{
	char at[ADDR_TEXT_MAX];
	(void)addr_print(&t->reach.addr, at);
	if (errno_value == ECONNRESET || errno_value == EPIPE)
		check_fail(t->run, RES_C_RESET, "%s reset the connection", at);
	else
		check_fail(t->run, RES_C_CLOSED, "the connection to %s broke: system error %d", at,
			   errno_value);
}

static bool satisfied(const struct tcp *t)
{
	const struct check_def *d = t->run->def;
	np_str reply = buf_str(&t->reply);
	if (reply.n == 0)
		return false;
	if (d->options.expect.n && str_find(reply, d->options.expect) == SIZE_MAX)
		return false;
	struct asrt_facts f = { .reply = reply };
	return !asrt_has_source(d->assertions, ASRT_REPLY) ||
	       asrt_eval(d->assertions, &f, NULL) != ASRT_HARD_FAIL;
}

/* The peer ended, or there is no more room: what came must do. */
static void ended(struct tcp *t, bool full)
{
	char at[ADDR_TEXT_MAX];
	(void)addr_print(&t->reach.addr, at);
	np_str expect = t->run->def->options.expect;
	if (t->reply.n == 0)
		check_fail(t->run, RES_C_CLOSED, "%s closed the connection without a reply", at);
	else if (expect.n && str_find(buf_str(&t->reply), expect) == SIZE_MAX)
		check_fail(t->run, RES_C_ASSERTION, "the reply does not contain \"%.*s\"%s",
			   NP_FMT(str_clip_utf8(expect, 80)), full ? " in its first 64 KiB" : "");
	else
		conclude(t);
}

static void on_readable(struct tcp *t)
{
	char *p;
	size_t room = TCP_REPLY_MAX - t->reply.n;
	if (room == 0 || buf_reserve(&t->reply, room < 4096 ? room : 4096, &p) < 0) {
		ended(t, true);
		return;
	}
	ssize_t n = recv(t->fd, p, room < 4096 ? room : 4096, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		broke(t, errno);
		return;
	}
	if (n > 0 && !t->first_us) {
		t->first_us = clock_mono_us();
		check_phase(t->run, RES_P_FIRST_BYTE, t->first_us - t->sent_us);
	}
	buf_commit(&t->reply, (size_t)n);
	if (n == 0)
		ended(t, false);
	else if (satisfied(t))
		conclude(t);
}

static void wait_reply(struct tcp *t)
{
	if (!t->wants_reply) {
		conclude(t);
		return;
	}
	t->sent_us = clock_mono_us();
	check_stage(t->run, "waiting for the reply of", t->run->stage_what);
	loop_poll_set(t->poll, LOOP_READ);
}

static void on_writable(struct tcp *t)
{
	np_str rest = t->run->def->options.send;
	rest = str_sub(rest, t->sent, rest.n);
	ssize_t n = send(t->fd, rest.p, rest.n, MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < 0) {
		broke(t, errno);
		return;
	}
	t->sent += (size_t)n;
	if (t->sent == t->run->def->options.send.n)
		wait_reply(t);
}

static void on_poll(void *ctx, int events)
{
	(void)events;
	struct tcp *t = ctx;
	if (t->sent < t->run->def->options.send.n)
		on_writable(t);
	else
		on_readable(t);
}

static void on_reached(struct reach *r)
{
	struct tcp *t = r->ctx;
	struct check_run *run = t->run;
	if (r->addr.u.sa.sa_family != AF_UNSPEC)
		check_address(run, &r->addr, true);
	if (!r->ok) {
		check_end(run, r->why.status, r->why.cls, r->why.text);
		return;
	}
	if (run->def->options.send.n == 0 && !t->wants_reply) {
		conclude(t);
		return;
	}
	t->fd = r->fd;
	r->fd = -1;
	if (loop_poll_new(run->env->loop, t->fd, on_poll, t, &t->poll) < 0) {
		check_unknown(run, RES_C_OVERLOAD, "this checker is out of memory");
		return;
	}
	if (run->def->options.send.n == 0)
		wait_reply(t);
	else
		loop_poll_set(t->poll, LOOP_WRITE);
}

static void start(struct check_run *run)
{
	const struct check_def *d = run->def;
	struct tcp *t = arena_alloc(run->arena, sizeof *t);
	if (!t) {
		check_unknown(run, RES_C_OVERLOAD, "this checker is out of memory");
		return;
	}
	t->run = run;
	t->fd = -1;
	run->state = t;
	buf_init(&t->reply, TCP_REPLY_MAX);
	t->wants_reply = d->options.expect.n > 0 || asrt_has_source(d->assertions, ASRT_REPLY);
	t->reach = (struct reach){ .run = run,
				   .host = d->tgt.host,
				   .port = d->tgt.port,
				   .is_ip = d->tgt.is_ip,
				   .done = on_reached,
				   .ctx = t,
				   .fd = -1 };
	reach_start(&t->reach);
}

static void cancel(struct check_run *run)
{
	struct tcp *t = run->state;
	reach_cancel(&t->reach);
	loop_poll_free(t->poll);
	t->poll = NULL;
	np_close_fd(&t->fd);
	buf_done(&t->reply);
}

const struct check_ops tcp_ops = { .name = "tcp", .start = start, .cancel = cancel };
