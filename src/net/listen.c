/* SPDX-License-Identifier: Apache-2.0 */
#include "net/listen.h"

#include <errno.h>
#include <netdb.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"

#define LISTEN_BACKLOG 4096
#define LISTEN_PAUSE_MS 200 /* after descriptors ran out */

/* An accepted connection whose handshake is not over. */
struct pending {
	struct listener *s;
	struct conn *c;
	struct pending *next, *prev;
};

struct listener {
	struct loop *l;
	struct listen_cfg cfg;
	int fd;
	struct loop_poll *poll;
	struct loop_timer *resume; /* after EMFILE */
	struct pending pending;    /* list head */
	size_t n_pending, n_conns;
	size_t refs; /* of connections, and one of the owner */
	bool closed;
};

/* ---- accepting ----------------------------------------------------------------------- */

static void unref(struct listener *s)
{
	if (--s->refs == 0)
		free(s);
}

static void update(struct listener *s)
{
	if (s->closed)
		return;
	bool room = s->n_conns < s->cfg.conns_max && s->n_pending < s->cfg.handshakes_max &&
		    !loop_timer_is_set(s->resume);
	loop_poll_set(s->poll, room ? LOOP_READ : 0);
}

static void conn_gone(void *ctx)
{
	struct listener *s = ctx;
	s->n_conns--;
	update(s);
	unref(s);
}

static void pending_free(struct pending *p)
{
	p->prev->next = p->next;
	p->next->prev = p->prev;
	p->s->n_pending--;
	free(p);
}

static void open_cb(void *ctx, struct conn *c, np_err e, const char *why)
{
	struct pending *p = ctx;
	struct listener *s = p->s;
	pending_free(p);
	if (e == NP_OK)
		s->cfg.on_conn(s->cfg.ctx, c);
	else if (s->cfg.on_refused)
		s->cfg.on_refused(s->cfg.ctx, conn_peer(c), why);
	update(s);
}

static np_err start_tls(struct listener *s, int fd, const struct addr *peer, struct conn **ret)
{
	struct pending *p = np_zalloc(sizeof *p);
	if (!p)
		return NP_E_NOMEM;
	SSL *ssl = NULL;
	np_err e = tls_session(s->cfg.tls, fd, NULL, &ssl);
	if (e == NP_OK) {
		const struct conn_tls_cfg cfg = {
			.fd = fd,
			.peer = peer,
			.ssl = ssl,
			.deadline_mono_ms = loop_now_ms(s->l) + CONN_HANDSHAKE_MS,
			.on_open = open_cb,
			.ctx = p,
		};
		e = conn_tls(s->l, &cfg, ret);
		if (e < 0)
			tls_session_free(ssl);
	}
	if (e < 0) {
		free(p);
		return e;
	}
	p->s = s;
	p->c = *ret;
	p->next = &s->pending;
	p->prev = s->pending.prev;
	p->prev->next = p->next->prev = p;
	s->n_pending++;
	return NP_OK;
}

static void take(struct listener *s, int fd, const struct addr *peer)
{
	struct conn *c = NULL;
	np_err e = s->cfg.tls ? start_tls(s, fd, peer, &c) : conn_plain(s->l, fd, peer, &c);
	if (e < 0) {
		close(fd);
		return;
	}
	s->n_conns++;
	s->refs++;
	conn_on_gone(c, conn_gone, s);
	if (!s->cfg.tls)
		s->cfg.on_conn(s->cfg.ctx, c);
}

/* False: nothing more for now. */
static bool accept_one(struct listener *s)
{
	union {
		struct sockaddr sa;
		struct sockaddr_in6 in6;
	} from;
	socklen_t len = sizeof from;
	int fd = accept4(s->fd, &from.sa, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		struct addr peer;
		addr_from_sa(&from.sa, &peer);
		take(s, fd, &peer);
		return true;
	}
	if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
		/* The listener stays readable: without a pause this would spin. */
		loop_timer_at(s->resume, loop_now_ms(s->l) + LISTEN_PAUSE_MS);
		return false;
	}
	return errno == ECONNABORTED || errno == EINTR;
}

static void poll_cb(void *ctx, int events)
{
	struct listener *s = ctx;
	(void)events;
	s->refs++; /* callbacks may free the listener */
	for (int i = 0; i < LISTEN_ACCEPTS_PER_TURN && !s->closed; i++) {
		if (s->n_conns >= s->cfg.conns_max || s->n_pending >= s->cfg.handshakes_max)
			break;
		if (!accept_one(s))
			break;
	}
	update(s);
	unref(s);
}

static void resume_cb(void *ctx)
{
	update(ctx);
}

/* ---- binding ---------------------------------------------------------------------------- */

static np_err say_bind(struct buf *why, int error, const char *address)
{
	if (error == EADDRINUSE) {
		(void)buf_printf(why,
				 "%s is taken by another program: stop it or choose another port",
				 address);
		return NP_E_EXISTS;
	}
	if (error == EACCES) {
		(void)buf_printf(why,
				 "no right to listen on %s: ports below 1024 need root or "
				 "CAP_NET_BIND_SERVICE",
				 address);
		return NP_E_PERM;
	}
	if (error == EADDRNOTAVAIL) {
		(void)buf_printf(why, "%s is not an address of this machine", address);
		return NP_E_NOTFOUND;
	}
	(void)buf_printf(why, "cannot listen on %s: %s", address, strerror(error));
	return np_err_from_errno(error);
}

/* errno of the failure, 0 when fine. */
static int bind_one(const struct addrinfo *ai, int *ret_fd)
{
	NP_CLEANUP(np_close_fd)
	int fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return errno;
	int on = 1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 || listen(fd, LISTEN_BACKLOG) < 0)
		return errno;
	*ret_fd = fd;
	fd = -1;
	return 0;
}

/* A socket file that an earlier run left behind is ours to replace: its folder is 0700. */
static np_err bind_unix(const char *path, int *ret_fd, struct buf *why)
{
	NP_CLEANUP(np_close_fd)
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof sa.sun_path) {
		(void)buf_printf(why, "the path %s is longer than a Unix socket's may be", path);
		return NP_E_LIMIT;
	}
	memcpy(sa.sun_path, path, strlen(path) + 1);
	(void)unlink(path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&sa, sizeof sa) < 0 ||
	    listen(fd, LISTEN_BACKLOG) < 0)
		return say_bind(why, errno, path);
	*ret_fd = fd;
	fd = -1;
	return NP_OK;
}

static np_err bind_address(const char *address, int *ret_fd, struct buf *why)
{
	if (str_starts(str_from_c(address), NP_STR("unix:")))
		return bind_unix(address + 5, ret_fd, why);
	np_str host;
	uint16_t port;
	char host_c[256], port_c[8];
	np_err e = addr_split(str_from_c(address), &host, &port);
	if (e < 0 || host.n >= sizeof host_c) {
		(void)buf_printf(why, "'%s' is not an address: write HOST:PORT or [IPV6]:PORT",
				 address);
		return NP_E_INVAL;
	}
	(void)snprintf(host_c, sizeof host_c, "%.*s", NP_FMT(host));
	(void)snprintf(port_c, sizeof port_c, "%u", port);
	struct addrinfo *list = NULL;
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
					.ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	int rc = getaddrinfo(host_c, port_c, &hints, &list); /* at start: may block */
	if (rc != 0) {
		(void)buf_printf(why, "cannot find the address of %s: %s", host_c,
				 gai_strerror(rc));
		return NP_E_NOTFOUND;
	}
	int error = EADDRNOTAVAIL;
	for (struct addrinfo *ai = list; ai && error != 0; ai = ai->ai_next)
		error = bind_one(ai, ret_fd);
	freeaddrinfo(list);
	return error ? say_bind(why, error, address) : NP_OK;
}

np_err listener_new(struct loop *l, const struct listen_cfg *cfg, struct listener **ret,
		    struct buf *ret_why)
{
	struct listener *s = np_zalloc(sizeof *s);
	if (!s)
		return NP_E_NOMEM;
	s->l = l;
	s->cfg = *cfg;
	s->cfg.address = NULL; /* the caller's */
	if (s->cfg.conns_max == 0)
		s->cfg.conns_max = LISTEN_CONNS_MAX;
	if (s->cfg.handshakes_max == 0)
		s->cfg.handshakes_max = LISTEN_HANDSHAKES_MAX;
	s->pending.next = s->pending.prev = &s->pending;
	s->refs = 1;
	s->fd = -1;
	np_err e = bind_address(cfg->address, &s->fd, ret_why);
	if (e == NP_OK) {
		s->resume = loop_timer_new(l, resume_cb, s);
		e = s->resume ? loop_poll_new(l, s->fd, poll_cb, s, &s->poll) : NP_E_NOMEM;
	}
	if (e < 0) {
		listener_free(s);
		return e;
	}
	update(s);
	*ret = s;
	return NP_OK;
}

void listener_free(struct listener *s)
{
	if (!s)
		return;
	assert(!s->closed);
	s->closed = true;
	loop_poll_free(s->poll);
	loop_timer_free(s->resume);
	np_close_fd(&s->fd);
	while (s->pending.next != &s->pending) {
		struct pending *p = s->pending.next;
		struct conn *c =
			p->c; /* NOLINT(clang-analyzer-unix.Malloc): freed ones left the ring */
		assert(p->prev == &s->pending && p->s == s);
		pending_free(p);
		conn_free(c); /* gives its reference back */
		assert(s->refs > 0);
	}
	unref(s);
}

void listener_addr(const struct listener *s, struct addr *ret)
{
	struct sockaddr_in6 in6;
	socklen_t len = sizeof in6;
	*ret = (struct addr){ .u.sa.sa_family = AF_UNSPEC };
	if (getsockname(s->fd, (struct sockaddr *)&in6, &len) == 0)
		addr_from_sa((struct sockaddr *)&in6, ret);
}

size_t listener_handshakes(const struct listener *s)
{
	return s->n_pending;
}

size_t listener_conns(const struct listener *s)
{
	return s->n_conns;
}
