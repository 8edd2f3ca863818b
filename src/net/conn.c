/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn.h"

#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/conn_io.h"
#include "net/hub.h"
#include "net/outq.h"
#include "net/tls.h"

#define READS_PER_TURN 16 /* then the others are served */

struct conn {
	uv_poll_t poll;
	struct loop *l;
	struct hub *hub;
	const struct conn_io *io;
	struct conn_sock sock;
	const struct conn_ops *ops;
	void *ctx;
	void (*on_open)(void *ctx, struct conn *c, np_err e, const char *why); /* in handshake */
	loop_fn gone_fn;
	void *gone_ctx;
	struct outq out;
	struct hub_node flush, soon, orphan;
	struct wheel_node owner_deadline, own_deadline; /* own: handshake, stall, linger */
	struct addr peer;
	int events;   /* libuv's, watched now */
	bool paused;  /* by the owner */
	bool blocked; /* the kernel took less than was queued */
	bool shut;    /* half-close asked for */
	bool shut_done;
	bool read_eof;
	bool ended;     /* on_close was called */
	bool finishing; /* nobody's any more */
	bool dead;      /* freed by its owner, memory goes when libuv lets go */
};

static void conn_flush_fn(struct hub_node *node);
static void conn_soon_fn(struct hub_node *node);
static void conn_orphan_fn(struct hub_node *node);
static void conn_poll_cb(uv_poll_t *h, int status, int events);

static void watch(struct conn *c)
{
	int want = 0;
	if (!c->dead && !c->ended) {
		if (!c->paused && !c->read_eof && !hub_is_queued(&c->soon))
			want |= UV_READABLE;
		if (c->blocked || c->sock.wants_write)
			want |= UV_WRITABLE;
	}
	if (want == c->events)
		return;
	c->events = want;
	if (want)
		(void)uv_poll_start(&c->poll, want, conn_poll_cb);
	else
		(void)uv_poll_stop(&c->poll);
}

/* The connection ended by itself: say so once. */
static void fail(struct conn *c, np_err why)
{
	if (c->dead || c->ended)
		return;
	c->ended = true;
	hub_del(&c->flush);
	hub_del(&c->soon);
	loop_deadline_clear(c->l, &c->own_deadline);
	loop_deadline_clear(c->l, &c->owner_deadline);
	watch(c);
	if (c->finishing) {
		conn_free(c);
	} else if (c->on_open) {
		c->on_open(c->ctx, c, why,
			   why == NP_E_TIMEOUT ? "no handshake in time"
			   : why == NP_E_PROTO ? tls_why(c->sock.ssl)
					       : np_err_text(why));
		if (!c->dead)
			conn_free(c);
	} else {
		c->ops->on_close(c->ctx, why);
	}
}

/* ---- deadlines -------------------------------------------------------------- */

static void own_deadline_fn(struct wheel_node *node)
{
	fail(NP_CONTAINER_OF(node, struct conn, own_deadline), NP_E_TIMEOUT);
}

static void owner_deadline_fn(struct wheel_node *node)
{
	struct conn *c = NP_CONTAINER_OF(node, struct conn, owner_deadline);
	if (c->ops && c->ops->on_deadline)
		c->ops->on_deadline(c->ctx);
	else
		fail(c, NP_E_TIMEOUT);
}

void conn_deadline(struct conn *c, int64_t deadline_mono_ms)
{
	if (c->dead || c->ended || c->finishing)
		return;
	if (deadline_mono_ms == 0)
		loop_deadline_clear(c->l, &c->owner_deadline);
	else
		loop_deadline(c->l, &c->owner_deadline, deadline_mono_ms);
}

/* ---- output ------------------------------------------------------------------ */

static void want_flush(struct conn *c)
{
	if (!c->blocked && !c->on_open)
		hub_add(c->hub, HUB_FLUSH, &c->flush);
}

static np_err conn_queue(struct conn *c, np_str bytes, np_err (*add)(struct outq *q, np_str bytes))
{
	if (c->dead || c->ended || c->shut)
		return NP_E_CLOSED;
	np_err e = add(&c->out, bytes);
	if (e == NP_OK && bytes.n > 0)
		want_flush(c);
	return e;
}

np_err conn_write(struct conn *c, np_str bytes)
{
	return conn_queue(c, bytes, outq_add);
}

np_err conn_write_static(struct conn *c, np_str bytes)
{
	return conn_queue(c, bytes, outq_add_static);
}

size_t conn_backlog(const struct conn *c)
{
	return c->out.n;
}

void conn_write_max(struct conn *c, size_t max)
{
	c->out.max = max;
}

static np_err write_queue(struct conn *c, bool *ret_progress)
{
	while (c->out.n > 0) {
		struct iovec iov[CONN_IO_IOV_MAX];
		int n = outq_iov(&c->out, iov, CONN_IO_IOV_MAX);
		size_t done = 0;
		np_err e = c->io->write(&c->sock, iov, n, &done);
		if (e < 0)
			return e;
		outq_sent(&c->out, done);
		*ret_progress = true;
	}
	return NP_OK;
}

static void queue_empty(struct conn *c)
{
	if (c->finishing)
		loop_deadline(c->l, &c->own_deadline, loop_now_ms(c->l) + CONN_LINGER_MS);
	else
		loop_deadline_clear(c->l, &c->own_deadline);
	if (c->shut && !c->shut_done) {
		c->io->shutdown(&c->sock);
		c->shut_done = true;
	}
	watch(c);
	if (c->finishing) {
		if (c->read_eof)
			conn_free(c);
	} else if (c->ops && c->ops->on_drain) {
		c->ops->on_drain(c->ctx);
	}
}

static void flush(struct conn *c)
{
	bool progress = false;
	np_err e = write_queue(c, &progress);
	if (e == NP_E_AGAIN) {
		c->blocked = true;
		if (progress || !wheel_is_set(&c->own_deadline))
			loop_deadline(c->l, &c->own_deadline, loop_now_ms(c->l) + CONN_STALL_MS);
		watch(c);
		return;
	}
	c->blocked = false;
	if (e < 0)
		fail(c, e);
	else
		queue_empty(c);
}

static void conn_flush_fn(struct hub_node *node)
{
	flush(NP_CONTAINER_OF(node, struct conn, flush));
}

/* ---- input ------------------------------------------------------------------- */

/* True: nothing more to read for now. */
static bool read_once(struct conn *c)
{
	size_t n = 0;
	char *p = hub_read_buffer(c->hub);
	np_err e = c->io->read(&c->sock, p, HUB_READ_SIZE, &n);
	if (e == NP_E_AGAIN)
		return true;
	if (e == NP_E_CLOSED) {
		c->read_eof = true;
		if (c->finishing && c->out.n > 0) {
			watch(c);
			return true;
		}
	}
	if (e < 0) {
		fail(c, e);
		return true;
	}
	if (!c->finishing)
		c->ops->on_read(c->ctx, (np_str){ p, n });
	/* A socket that gave less than asked for is empty; TLS may have read further. */
	return n < HUB_READ_SIZE && !c->dead && !(c->sock.ssl && SSL_has_pending(c->sock.ssl));
}

static void read_some(struct conn *c)
{
	for (int i = 0; i < READS_PER_TURN; i++) {
		if (c->dead || c->ended || c->paused || c->read_eof)
			return;
		if (read_once(c))
			return;
	}
	/* TLS may hold bytes that no poll would report. */
	if (!c->dead && !c->ended && !c->paused)
		hub_add(c->hub, HUB_SOON, &c->soon);
}

void conn_pause(struct conn *c)
{
	c->paused = true;
	watch(c);
}

void conn_resume(struct conn *c)
{
	if (!c->paused || c->dead || c->ended)
		return;
	c->paused = false;
	hub_add(c->hub, HUB_SOON, &c->soon);
}

/* ---- handshake and events ------------------------------------------------------- */

static void handshake(struct conn *c)
{
	np_err e = c->io->handshake(&c->sock);
	if (e == NP_E_AGAIN) {
		watch(c);
		return;
	}
	if (e < 0) {
		fail(c, e);
		return;
	}
	void (*on_open)(void *, struct conn *, np_err, const char *) = c->on_open;
	c->on_open = NULL;
	loop_deadline_clear(c->l, &c->own_deadline);
	on_open(c->ctx, c, NP_OK, "");
	if (c->dead)
		return;
	assert(c->ops);                      /* the callee sets its handler there and then */
	hub_add(c->hub, HUB_SOON, &c->soon); /* a first request may be in already */
	watch(c);
}

static void conn_soon_fn(struct hub_node *node)
{
	struct conn *c = NP_CONTAINER_OF(node, struct conn, soon);
	if (c->on_open) {
		handshake(c);
		return;
	}
	read_some(c);
	if (!c->dead)
		watch(c);
}

static void conn_poll_cb(uv_poll_t *h, int status, int events)
{
	struct conn *c = h->data;
	if (status < 0) {
		c->events = 0; /* libuv stopped watching */
		/* What came before the error can still be read; reading finds the error too. */
		if (!c->on_open)
			read_some(c);
		if (!c->dead)
			fail(c, conn_io_error(&c->sock));
		return;
	}
	if (c->on_open) {
		hub_add(c->hub, HUB_COSTLY, &c->soon);
		watch(c);
		return;
	}
	bool write_first = c->blocked && (events & UV_WRITABLE);
	if (write_first) {
		c->blocked = false;
		flush(c);
	}
	if (!c->dead && ((events & UV_READABLE) || c->sock.wants_write)) {
		c->sock.wants_write = false;
		read_some(c);
	}
	if (!c->dead)
		watch(c);
}

/* ---- life ---------------------------------------------------------------------- */

static struct conn *conn_make(struct loop *l, int fd, const struct addr *peer, SSL *ssl)
{
	struct hub *hub = hub_of(l);
	struct conn *c = hub ? np_zalloc(sizeof *c) : NULL;
	if (!c)
		return NULL;
	if (uv_poll_init(loop_uv(l), &c->poll, fd) != 0) {
		free(c);
		return NULL;
	}
	int on = 1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	c->poll.data = c;
	c->l = l;
	c->hub = hub;
	c->io = ssl ? &conn_io_tls : &conn_io_plain;
	c->sock = (struct conn_sock){ .fd = fd, .ssl = ssl };
	outq_init(&c->out, CONN_WRITE_MAX_DEFAULT);
	c->flush.fn = conn_flush_fn;
	c->soon.fn = conn_soon_fn;
	c->orphan.fn = conn_orphan_fn;
	c->own_deadline.fn = own_deadline_fn;
	c->owner_deadline.fn = owner_deadline_fn;
	c->peer = *peer;
	return c;
}

np_err conn_plain(struct loop *l, int fd, const struct addr *peer, struct conn **ret_conn)
{
	struct conn *c = conn_make(l, fd, peer, NULL);
	if (!c)
		return NP_E_NOMEM;
	c->paused = true; /* until there is a handler */
	*ret_conn = c;
	return NP_OK;
}

np_err conn_tls(struct loop *l, const struct conn_tls_cfg *cfg, struct conn **ret_conn)
{
	struct conn *c = conn_make(l, cfg->fd, cfg->peer, cfg->ssl);
	if (!c)
		return NP_E_NOMEM;
	c->on_open = cfg->on_open;
	c->ctx = cfg->ctx;
	loop_deadline(l, &c->own_deadline, cfg->deadline_mono_ms);
	if (SSL_is_server(cfg->ssl))
		watch(c);
	else
		hub_add(c->hub, HUB_COSTLY, &c->soon);
	*ret_conn = c;
	return NP_OK;
}

void conn_handler(struct conn *c, const struct conn_ops *ops, void *ctx)
{
	bool first_of_plain = !c->ops && !c->sock.ssl;
	c->ops = ops;
	c->ctx = ctx;
	if (first_of_plain && c->paused) {
		c->paused = false;
		watch(c);
	}
}

void conn_on_gone(struct conn *c, loop_fn fn, void *ctx)
{
	c->gone_fn = fn;
	c->gone_ctx = ctx;
}

/* Half-close after what is queued; reading goes on. */
static void conn_shutdown(struct conn *c)
{
	if (c->shut || c->dead || c->ended)
		return;
	c->shut = true;
	if (!c->blocked)
		hub_add(c->hub, HUB_FLUSH, &c->flush);
}

void conn_finish(struct conn *c)
{
	if (c->dead)
		return;
	if (c->on_open || (c->ended && !c->read_eof)) {
		conn_free(c);
		return;
	}
	c->finishing = true;
	hub_add(c->hub, HUB_ORPHANS, &c->orphan);
	c->ended = false; /* after the peer's half-close output may still leave */
	c->paused = false;
	loop_deadline_clear(c->l, &c->owner_deadline);
	loop_deadline(c->l, &c->own_deadline,
		      loop_now_ms(c->l) + (c->out.n ? CONN_STALL_MS : CONN_LINGER_MS));
	conn_shutdown(c);
	if (!c->read_eof)
		hub_add(c->hub, HUB_SOON, &c->soon);
	watch(c);
}

static void conn_orphan_fn(struct hub_node *node)
{
	conn_free(NP_CONTAINER_OF(node, struct conn, orphan));
}

static void closed_cb(uv_handle_t *h)
{
	free(h->data);
}

void conn_free(struct conn *c)
{
	if (!c || c->dead)
		return;
	c->dead = true;
	hub_del(&c->orphan);
	hub_del(&c->flush);
	hub_del(&c->soon);
	loop_deadline_clear(c->l, &c->own_deadline);
	loop_deadline_clear(c->l, &c->owner_deadline);
	outq_done(&c->out);
	(void)uv_poll_stop(&c->poll);
	uv_close((uv_handle_t *)&c->poll, closed_cb);
	tls_session_free(c->sock.ssl);
	c->sock.ssl = NULL;
	np_close_fd(&c->sock.fd);
	if (c->gone_fn)
		c->gone_fn(c->gone_ctx);
}

const struct addr *conn_peer(const struct conn *c)
{
	return &c->peer;
}

const struct ident *conn_ident(const struct conn *c)
{
	return c->sock.ssl ? tls_ident(c->sock.ssl) : NULL;
}

bool conn_is_tls(const struct conn *c)
{
	return c->sock.ssl != NULL;
}
