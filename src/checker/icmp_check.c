/* SPDX-License-Identifier: Apache-2.0 */
/* An ICMP check: one echo request a second until one is answered or the time is over. */
#include <errno.h>

#include "base/clock.h"
#include "checker/icmp.h"
#include "checker/reach.h"

#define ICMP_AGAIN_MS 1000

struct icmpc {
	struct check_run *run;
	struct reach reach;
	struct icmp_wait *wait;
	struct loop_timer *timer;
	int64_t sent_us;
};

static void on_heard(void *ctx, int err)
{
	struct icmpc *c = ctx;
	struct check_run *run = c->run;
	if (err) {
		char at[ADDR_TEXT_MAX];
		(void)addr_print_ip(&c->reach.addr, at);
		check_fail(run, RES_C_UNREACHABLE, "a router says that %s cannot be reached", at);
		return;
	}
	check_phase(run, RES_P_FIRST_BYTE, clock_mono_us() - c->sent_us);
	struct asrt_facts f = { 0 };
	check_conclude(run, &f);
}

static void send_one(void *ctx)
{
	struct icmpc *c = ctx;
	struct check_run *run = c->run;
	c->sent_us = clock_mono_us();
	int err = icmp_send(c->wait);
	if (err) {
		struct say_verdict v =
			say_connect(run->arena, err, true, &c->reach.addr, check_elapsed_us(run));
		check_end(run, v.status, v.cls, v.text);
		return;
	}
	loop_timer_at(c->timer, loop_now_ms(run->env->loop) + ICMP_AGAIN_MS);
}

static void on_resolved(struct reach *r)
{
	struct icmpc *c = r->ctx;
	struct check_run *run = c->run;
	struct icmp *icmp = run->env->icmp;
	int family = r->addr.u.sa.sa_family;
	if (family != AF_UNSPEC)
		check_address(run, &r->addr, false);
	if (!r->ok) {
		check_end(run, r->why.status, r->why.cls, r->why.text);
		return;
	}
	if (!icmp || !icmp_can(icmp, family)) {
		check_unknown(run, RES_C_PRIVILEGE,
			      "this checker may not send ICMP%s echo requests: start it with "
			      "CAP_NET_RAW, or widen net.ipv4.ping_group_range",
			      family == AF_INET6 ? "v6" : "");
		return;
	}
	c->timer = loop_timer_new(run->env->loop, send_one, c);
	if (!c->timer || icmp_wait_new(icmp, &r->addr, on_heard, c, &c->wait) < 0) {
		check_unknown(run, RES_C_OVERLOAD, "this checker is out of memory");
		return;
	}
	check_stage(run, "waiting for an echo from", run->res.address);
	send_one(c);
}

static void start(struct check_run *run)
{
	const struct check_def *d = run->def;
	struct icmpc *c = arena_alloc(run->arena, sizeof *c);
	if (!c) {
		check_unknown(run, RES_C_OVERLOAD, "this checker is out of memory");
		return;
	}
	c->run = run;
	run->state = c;
	c->reach = (struct reach){ .run = run,
				   .host = d->tgt.host,
				   .is_ip = d->tgt.is_ip,
				   .only_resolve = true,
				   .done = on_resolved,
				   .ctx = c,
				   .fd = -1 };
	reach_start(&c->reach);
}

static void cancel(struct check_run *run)
{
	struct icmpc *c = run->state;
	reach_cancel(&c->reach);
	icmp_wait_free(c->wait);
	c->wait = NULL;
	loop_timer_free(c->timer);
	c->timer = NULL;
}

const struct check_ops icmp_ops = { .name = "icmp", .start = start, .cancel = cancel };
