/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/resolv.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <sys/time.h>

#define RESOLV_SOCKS_MAX 32
#define RESOLV_TRY_MS 2000
#define RESOLV_TRIES 3
#define RESOLV_EDNS 1232

struct sock {
	struct resolv *r;
	int fd;
	struct loop_poll *poll; /* NULL: free place */
};

struct resolv {
	struct loop *loop;
	ares_channel chan;
	struct loop_timer *timer;
	struct sock sock[RESOLV_SOCKS_MAX];
	uint32_t busy; /* inside c-ares: it must not be destroyed there */
	bool doomed;
};

struct resolv_q {
	resolv_addrs_fn addrs; /* one of the two */
	resolv_answer_fn answer;
	void *ctx;
	bool canceled;
};

static void destroy(struct resolv *r)
{
	r->busy++; /* callbacks of the last queries must not come here again */
	if (r->chan)
		ares_destroy(r->chan);
	for (size_t i = 0; i < RESOLV_SOCKS_MAX; i++)
		loop_poll_free(r->sock[i].poll);
	loop_timer_free(r->timer);
	free(r);
}

static void arm(struct resolv *r)
{
	struct timeval tv;
	if (!ares_timeout(r->chan, NULL, &tv)) {
		loop_timer_stop(r->timer);
		return;
	}
	int64_t ms = (int64_t)tv.tv_sec * 1000 + (tv.tv_usec + 999) / 1000;
	loop_timer_at(r->timer, loop_now_ms(r->loop) + ms);
}

static void enter(struct resolv *r)
{
	r->busy++;
}

static void leave(struct resolv *r)
{
	if (--r->busy > 0)
		return;
	if (r->doomed)
		destroy(r);
	else
		arm(r);
}

static void on_timer(void *ctx)
{
	struct resolv *r = ctx;
	enter(r);
	ares_process_fd(r->chan, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
	leave(r);
}

static void on_poll(void *ctx, int events)
{
	struct sock *s = ctx;
	struct resolv *r = s->r;
	int fd = s->fd;
	enter(r);
	ares_process_fd(r->chan, events & LOOP_READ ? fd : ARES_SOCKET_BAD,
			events & LOOP_WRITE ? fd : ARES_SOCKET_BAD);
	leave(r);
}

static struct sock *sock_of(struct resolv *r, int fd)
{
	struct sock *room = NULL;
	for (size_t i = 0; i < RESOLV_SOCKS_MAX; i++) {
		if (r->sock[i].poll && r->sock[i].fd == fd)
			return &r->sock[i];
		if (!r->sock[i].poll && !room)
			room = &r->sock[i];
	}
	return room;
}

static void on_sock_state(void *ctx, ares_socket_t fd, int readable, int writable)
{
	struct resolv *r = ctx;
	struct sock *s = sock_of(r, fd);
	if (!s)
		return; /* more sockets than c-ares ever uses: the query times out */
	if (!readable && !writable) {
		loop_poll_free(s->poll);
		s->poll = NULL;
		return;
	}
	if (!s->poll) {
		*s = (struct sock){ .r = r, .fd = fd };
		if (loop_poll_new(r->loop, fd, on_poll, s, &s->poll) < 0)
			return;
	}
	loop_poll_set(s->poll, (readable ? LOOP_READ : 0) | (writable ? LOOP_WRITE : 0));
}

static int open_channel(struct resolv *r, const struct resolv_cfg *cfg)
{
	struct ares_options o = {
		.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES | ARES_FLAG_EDNS |
			 (cfg->raw ? ARES_FLAG_NOCHECKRESP : 0),
		.timeout = RESOLV_TRY_MS,
		.tries = RESOLV_TRIES,
		.ednspsz = RESOLV_EDNS,
		.sock_state_cb = on_sock_state,
		.sock_state_cb_data = r,
	};
	int mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_EDNSPSZ |
		   ARES_OPT_SOCK_STATE_CB;
	int rc = ares_init_options(&r->chan, &o, mask);
	if (rc == ARES_SUCCESS && cfg->servers)
		rc = ares_set_servers_ports_csv(r->chan, cfg->servers);
	return rc;
}

np_err resolv_new(struct loop *l, const struct resolv_cfg *cfg, struct resolv **ret_resolv,
		  struct buf *ret_why)
{
	struct resolv *r = np_zalloc(sizeof *r);
	if (!r)
		return NP_E_NOMEM;
	r->loop = l;
	r->timer = loop_timer_new(l, on_timer, r);
	int rc = r->timer ? open_channel(r, cfg) : ARES_ENOMEM;
	if (rc != ARES_SUCCESS) {
		if (ret_why)
			buf_printf(ret_why, "cannot use name servers %s: %s",
				   cfg->servers ? cfg->servers : "of the system",
				   ares_strerror(rc));
		destroy(r);
		return rc == ARES_ENOMEM ? NP_E_NOMEM : NP_E_INVAL;
	}
	*ret_resolv = r;
	return NP_OK;
}

void resolv_free(struct resolv *r)
{
	if (!r)
		return;
	if (r->busy > 0)
		r->doomed = true;
	else
		destroy(r);
}

static void on_addrinfo(void *arg, int status, int timeouts, struct ares_addrinfo *res)
{
	(void)timeouts;
	struct resolv_q *q = arg;
	struct addr list[RESOLV_ADDRS_MAX];
	size_t n = 0;
	if (res) {
		for (struct ares_addrinfo_node *a = res->nodes; a && n < NP_LEN(list);
		     a = a->ai_next)
			if (a->ai_family == AF_INET || a->ai_family == AF_INET6)
				addr_from_sa(a->ai_addr, &list[n++]);
		ares_freeaddrinfo(res);
	}
	/* c-ares' own end (channel destroyed) is nobody's answer */
	if (!q->canceled && status != ARES_EDESTRUCTION)
		q->addrs(q->ctx, status == ARES_SUCCESS && n == 0 ? ARES_ENODATA : status, list, n);
	free(q);
}

static void on_answer(void *arg, int status, int timeouts, unsigned char *msg, int len)
{
	(void)timeouts;
	struct resolv_q *q = arg;
	np_str m = { (const char *)msg, msg && len > 0 ? (size_t)len : 0 };
	if (!q->canceled && status != ARES_EDESTRUCTION)
		q->answer(q->ctx, status, m);
	free(q);
}

np_err resolv_addrs(struct resolv *r, const char *host, resolv_addrs_fn fn, void *ctx,
		    struct resolv_q **ret_q)
{
	struct resolv_q *q = np_zalloc(sizeof *q);
	if (!q)
		return NP_E_NOMEM;
	q->addrs = fn;
	q->ctx = ctx;
	*ret_q = q;
	struct ares_addrinfo_hints hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM };
	enter(r);
	ares_getaddrinfo(r->chan, host, NULL, &hints, on_addrinfo, q);
	leave(r);
	return NP_OK;
}

np_err resolv_query(struct resolv *r, const struct resolv_ask *ask, struct resolv_q **ret_q)
{
	struct resolv_q *q = np_zalloc(sizeof *q);
	if (!q)
		return NP_E_NOMEM;
	q->answer = ask->fn;
	q->ctx = ask->ctx;
	*ret_q = q;
	enter(r);
	ares_query(r->chan, ask->name, ns_c_in, ask->type, on_answer, q);
	leave(r);
	return NP_OK;
}

void resolv_cancel(struct resolv_q *q)
{
	if (q)
		q->canceled = true;
}
