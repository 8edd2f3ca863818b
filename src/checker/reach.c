/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/reach.h"

#include <ares.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static void try_close(struct reach_try *t)
{
	loop_poll_free(t->poll);
	t->poll = NULL;
	np_close_fd(&t->fd);
}

static void stop(struct reach *r)
{
	resolv_cancel(r->q);
	r->q = NULL;
	loop_timer_free(r->timer);
	r->timer = NULL;
	for (size_t i = 0; i < r->n; i++)
		try_close(&r->tries[i]);
	r->n = 0;
}

void reach_cancel(struct reach *r)
{
	stop(r);
	np_close_fd(&r->fd);
}

static void finish(struct reach *r, bool ok)
{
	stop(r);
	r->ok = ok;
	r->done(r);
}

static void won(struct reach *r, struct reach_try *t)
{
	check_phase(r->run, RES_P_CONNECT, clock_mono_us() - r->began_us);
	r->addr = t->to;
	loop_poll_free(t->poll);
	t->poll = NULL;
	r->fd = t->fd;
	t->fd = -1;
	finish(r, true);
}

static void try_next(struct reach *r);

static void lost(struct reach *r, struct reach_try *t, int errno_value, bool local)
{
	/* The first address is the one people know: its failure is the one that is told, unless
	 * it was only ours (no route for IPv6, say). */
	if (!r->why.text.p || r->why.status == RES_UNKNOWN) {
		r->why = say_connect(r->run->arena, errno_value, local, &t->to,
				     clock_mono_us() - r->began_us);
		r->addr = t->to;
	}
	try_close(t);
	r->open--;
	if (r->next < r->n)
		try_next(r);
	else if (r->open == 0)
		finish(r, false);
}

static void on_poll(void *ctx, int events)
{
	(void)events;
	struct reach_try *t = ctx;
	int err = 0;
	socklen_t len = sizeof err;
	if (getsockopt(t->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err == 0)
		won(t->r, t);
	else
		lost(t->r, t, err, false);
}

/* Socket made and connection begun. 0, EINPROGRESS, or why not. */
static int try_open(struct reach_try *t)
{
	int one = 1;
	t->fd = socket(t->to.u.sa.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (t->fd < 0)
		return errno;
	(void)setsockopt(t->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (connect(t->fd, &t->to.u.sa, addr_len(&t->to)) == 0)
		return 0;
	return errno;
}

static void on_next(void *ctx)
{
	struct reach *r = ctx;
	if (r->next < r->n)
		try_next(r);
}

static void arm_next(struct reach *r)
{
	if (r->next >= r->n)
		return;
	if (!r->timer)
		r->timer = loop_timer_new(r->run->env->loop, on_next, r);
	if (r->timer)
		loop_timer_at(r->timer, loop_now_ms(r->run->env->loop) + REACH_NEXT_MS);
}

static void try_next(struct reach *r)
{
	struct reach_try *t = &r->tries[r->next++];
	r->open++;
	int err = try_open(t);
	if (err == 0) {
		won(r, t);
		return;
	}
	if (err != EINPROGRESS) {
		lost(r, t, err, true);
		return;
	}
	if (loop_poll_new(r->run->env->loop, t->fd, on_poll, t, &t->poll) < 0) {
		lost(r, t, ENOMEM, true);
		return;
	}
	loop_poll_set(t->poll, LOOP_WRITE);
	arm_next(r);
}

/* Only what the guard allows is ever connected to. */
static void take_allowed(struct reach *r, const struct addr *list, size_t n)
{
	struct addr_policy pol = { .private_ok = r->run->def->private_ok,
				   .own = &r->run->env->own };
	for (size_t i = 0; i < n; i++) {
		enum addr_class cls;
		struct addr to = list[i];
		addr_set_port(&to, r->port);
		if (!addr_allowed(&to.u.sa, &pol, &cls)) {
			if (r->n == 0 && !r->why.text.p) {
				r->why = say_blocked(r->run->arena, &to, cls);
				r->addr = to;
			}
			continue;
		}
		r->tries[r->n++] = (struct reach_try){ .r = r, .fd = -1, .to = to };
	}
}

static void go(struct reach *r, const struct addr *list, size_t n)
{
	char text[ADDR_TEXT_MAX];
	take_allowed(r, list, n);
	if (r->n == 0) {
		finish(r, false);
		return;
	}
	r->why = (struct say_verdict){ 0 };
	r->addr = r->tries[0].to;
	if (r->only_resolve) {
		finish(r, true);
		return;
	}
	size_t len = addr_print(&r->addr, text);
	check_stage(r->run, "connecting to", arena_str(r->run->arena, (np_str){ text, len }));
	r->began_us = clock_mono_us();
	try_next(r);
}

static void on_addrs(void *ctx, int status, const struct addr *list, size_t n)
{
	struct reach *r = ctx;
	r->q = NULL;
	check_phase(r->run, RES_P_DNS, clock_mono_us() - r->began_us);
	if (status != ARES_SUCCESS) {
		r->why = say_lookup(r->run->arena, status, r->host);
		finish(r, false);
		return;
	}
	go(r, list, n);
}

static void no_memory(struct reach *r)
{
	r->why = (struct say_verdict){ RES_UNKNOWN, RES_C_OVERLOAD,
				       NP_STR("this checker is out of memory") };
	finish(r, false);
}

void reach_start(struct reach *r)
{
	struct addr ip;
	r->fd = -1;
	r->n = r->next = r->open = 0;
	r->ok = false;
	r->why = (struct say_verdict){ 0 };
	if (r->is_ip && addr_parse_ip(r->host, &ip) == NP_OK) {
		go(r, &ip, 1);
		return;
	}
	const char *name = arena_c(r->run->arena, r->host);
	check_stage(r->run, "looking up", r->host);
	r->began_us = clock_mono_us();
	if (!name || resolv_addrs(r->run->env->names, name, on_addrs, r, &r->q) < 0)
		no_memory(r);
}
