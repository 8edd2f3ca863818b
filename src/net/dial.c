/* SPDX-License-Identifier: Apache-2.0 */
#include "net/dial.h"

#include <errno.h>
#include <netdb.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

#define DIAL_TIMEOUT_MS 10000

struct dial {
	struct loop *l;
	char *host, *tls_name;
	uint16_t port;
	struct tls *tls;
	dial_fn fn;
	void *ctx;
	struct loop_timer *deadline;
	int64_t deadline_ms;
	uv_getaddrinfo_t *resolving; /* owns itself once canceled */
	struct addrinfo *list, *next;
	int fd; /* connecting */
	struct loop_poll *poll;
	struct addr peer;
	struct conn *handshaking;
	np_err last;
	const char *last_why;
};

static void dial_free(struct dial *d)
{
	if (d->resolving) {
		d->resolving->data = NULL; /* its callback frees it */
		(void)uv_cancel((uv_req_t *)d->resolving);
	}
	loop_timer_free(d->deadline);
	loop_poll_free(d->poll);
	np_close_fd(&d->fd);
	conn_free(d->handshaking);
	uv_freeaddrinfo(d->list);
	free(d->host);
	free(d->tls_name);
	free(d);
}

static void finish(struct dial *d, np_err e, struct conn *c, const char *why)
{
	dial_fn fn = d->fn;
	void *ctx = d->ctx;
	dial_free(d);
	fn(ctx, e, c, why);
}

void dial_cancel(struct dial *d)
{
	if (d)
		dial_free(d);
}

static void deadline_cb(void *ctx)
{
	finish(ctx, NP_E_TIMEOUT, NULL, "no answer in time");
}

static void connect_next(struct dial *d);

static void failed(struct dial *d, np_err e, const char *why)
{
	d->last = e;
	d->last_why = why;
	loop_poll_free(np_take(d->poll));
	np_close_fd(&d->fd);
	connect_next(d);
}

static void open_cb(void *ctx, struct conn *c, np_err e, const char *why)
{
	struct dial *d = ctx;
	d->handshaking = NULL; /* freed by conn.c on failure, ours to hand over else */
	if (e == NP_E_PROTO)
		e = NP_E_AUTH;
	finish(d, e, e == NP_OK ? c : NULL, why);
}

static void start_tls(struct dial *d)
{
	SSL *ssl = NULL;
	np_err e = tls_session(d->tls, d->fd, d->tls_name ? d->tls_name : d->host, &ssl);
	if (e == NP_OK) {
		const struct conn_tls_cfg cfg = {
			.fd = d->fd,
			.peer = &d->peer,
			.ssl = ssl,
			.deadline_mono_ms = d->deadline_ms + CONN_HANDSHAKE_MS, /* ours is first */
			.on_open = open_cb,
			.ctx = d,
		};
		e = conn_tls(d->l, &cfg, &d->handshaking);
		if (e < 0)
			tls_session_free(ssl);
	}
	if (e < 0)
		finish(d, e, NULL, np_err_text(e));
	else
		d->fd = -1;
}

static void connected(struct dial *d)
{
	loop_poll_free(np_take(d->poll));
	if (d->tls) {
		start_tls(d);
		return;
	}
	struct conn *c = NULL;
	np_err e = conn_plain(d->l, d->fd, &d->peer, &c);
	if (e == NP_OK)
		d->fd = -1;
	finish(d, e, c, np_err_text(e));
}

static void poll_cb(void *ctx, int events)
{
	struct dial *d = ctx;
	int error = 0;
	socklen_t len = sizeof error;
	(void)events;
	if (getsockopt(d->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (error == ECONNREFUSED)
		failed(d, NP_E_CLOSED, "connection refused");
	else if (error)
		failed(d, np_err_from_errno(error), "cannot connect");
	else
		connected(d);
}

/* False: this address will not do. */
static bool connect_one(struct dial *d, const struct addrinfo *ai)
{
	NP_CLEANUP(np_close_fd)
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	addr_from_sa(ai->ai_addr, &d->peer);
	addr_set_port(&d->peer, d->port);
	if (connect(fd, &d->peer.u.sa, addr_len(&d->peer)) < 0 && errno != EINPROGRESS) {
		d->last = np_err_from_errno(errno);
		d->last_why = "cannot connect";
		return false;
	}
	if (loop_poll_new(d->l, fd, poll_cb, d, &d->poll) < 0)
		return false;
	loop_poll_set(d->poll, LOOP_WRITE);
	d->fd = fd;
	fd = -1;
	return true;
}

static void connect_next(struct dial *d)
{
	while (d->next) {
		const struct addrinfo *ai = d->next;
		d->next = ai->ai_next;
		if (connect_one(d, ai))
			return;
	}
	finish(d, d->last, NULL, d->last_why);
}

static void resolved_cb(uv_getaddrinfo_t *req, int status, struct addrinfo *list)
{
	struct dial *d = req->data;
	free(req);
	if (!d) {
		uv_freeaddrinfo(list);
		return;
	}
	d->resolving = NULL;
	d->list = d->next = list;
	d->last = NP_E_NOTFOUND;
	d->last_why = "the host name has no address";
	if (status < 0)
		d->next = NULL;
	connect_next(d);
}

static np_err resolve(struct dial *d)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	d->resolving = np_zalloc(sizeof *d->resolving);
	if (!d->resolving)
		return NP_E_NOMEM;
	d->resolving->data = d;
	int rc = uv_getaddrinfo(loop_uv(d->l), d->resolving, resolved_cb, d->host, NULL, &hints);
	if (rc == 0)
		return NP_OK;
	free(np_take(d->resolving));
	return NP_E_NOTFOUND;
}

np_err dial_start(struct loop *l, const struct dial_cfg *cfg, dial_fn fn, void *ctx,
		  struct dial **ret_dial)
{
	np_str host = str_from_c(cfg->host);
	struct addr numeric;
	if (addr_parse_ip(host, &numeric) < 0 && !addr_is_hostname(host))
		return NP_E_INVAL;
	struct dial *d = np_zalloc(sizeof *d);
	if (!d)
		return NP_E_NOMEM;
	*d = (struct dial){
		.l = l, .port = cfg->port, .tls = cfg->tls, .fn = fn, .ctx = ctx, .fd = -1
	};
	int64_t timeout_ms = cfg->timeout_ms ? cfg->timeout_ms : DIAL_TIMEOUT_MS;
	d->deadline_ms = clock_mono_ms() + timeout_ms;
	d->host = np_strdup(host);
	d->tls_name = cfg->tls_name ? np_strdup(str_from_c(cfg->tls_name)) : NULL;
	d->deadline = loop_timer_new(l, deadline_cb, d);
	np_err e = d->host && d->deadline && (d->tls_name || !cfg->tls_name) ? NP_OK : NP_E_NOMEM;
	if (e == NP_OK) {
		loop_timer_at(d->deadline, d->deadline_ms);
		e = resolve(d);
	}
	if (e < 0) {
		dial_free(d);
		return e;
	}
	*ret_dial = d;
	return NP_OK;
}
