/* SPDX-License-Identifier: Apache-2.0 */
/* conn.h - one stream connection on a loop, plain or TLS.
 *
 * Floor 2 (net). Owned by whoever got it (listener or dial callback, httpd
 * upgrade); one thread, the loop's. Input is pushed to on_read from a buffer
 * shared by the whole loop: take it all, there and then. Output is copied into
 * a queue with a stated maximum and written once per turn of the loop. An idle
 * connection holds no buffers. TCP_NODELAY is always set.
 *
 * Life: on_close comes at most once, when the connection ended by itself; the
 * owner then (in the callback or later) calls conn_free. After conn_free or
 * conn_finish no callback comes. Both may be called inside any callback.
 */
#pragma once
#include "net/addr.h"
#include "net/ident.h"
#include "net/loop.h"

#define CONN_WRITE_MAX_DEFAULT ((size_t)1024 * 1024)
#define CONN_READ_CHUNK ((size_t)64 * 1024) /* most that one on_read brings */
#define CONN_HANDSHAKE_MS 10000
#define CONN_STALL_MS 30000 /* output queued and none of it taken for so long: closed */
#define CONN_LINGER_MS 2000

struct conn;
struct conn_ops {
	void (*on_read)(void *ctx, np_str bytes); /* required */
	/* NP_E_CLOSED: peer closed; NP_E_TIMEOUT, NP_E_PROTO, NP_E_IO, … */
	void (*on_close)(void *ctx, np_err why); /* required */
	void (*on_drain)(void *ctx);             /* queue became empty; may be NULL */
	void (*on_deadline)(void *ctx);          /* conn_deadline passed; may be NULL (closes) */
};
/* Who hears of it from now on. `ops` is static const. Hand-over = another call. */
void conn_handler(struct conn *c, const struct conn_ops *ops, void *ctx);

/* Queue a copy. NP_E_LIMIT: would pass the maximum, nothing was queued (drop, coalesce or
 * close: the owner's choice). NP_E_CLOSED: no more output possible. */
NP_NODISCARD np_err conn_write(struct conn *c, np_str bytes);
/* Same without the copy: the memory must outlive the connection (embedded files). */
NP_NODISCARD np_err conn_write_static(struct conn *c, np_str bytes);
size_t conn_backlog(const struct conn *c); /* bytes queued and not yet taken by the kernel */
void conn_write_max(struct conn *c, size_t max);

/* Back-pressure: no on_read until resumed (what is being delivered is still to be taken). */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);

/* One coarse absolute deadline, for the owner's use; 0 clears. */
void conn_deadline(struct conn *c, int64_t deadline_mono_ms);

/* Give it up: flush, half-close, swallow input up to CONN_LINGER_MS, free. Not the owner's any
 * more. */
void conn_finish(struct conn *c);
/* Close at once, drop what is queued. NULL is fine. */
void conn_free(struct conn *c);

const struct addr *conn_peer(const struct conn *c);
/* Who the peer proved to be; NULL on plain connections and without client certificate. */
const struct ident *conn_ident(const struct conn *c);
bool conn_is_tls(const struct conn *c);

/* ---- for listen.c and dial.c ------------------------------------------------- */
/* A connected plain socket becomes a connection; fd is taken on success. */
NP_NODISCARD np_err conn_plain(struct loop *l, int fd, const struct addr *peer,
			       struct conn **ret_conn);
/* With a handshake to do first: fd and *ssl are taken on success. on_open comes later, once:
 * NP_OK: handler to be set there and then; error: the conn is freed after the callback. No
 * callback comes after conn_free. */
struct conn_tls_cfg {
	int fd;
	const struct addr *peer;
	SSL *ssl; /* from tls_session */
	int64_t deadline_mono_ms;
	void (*on_open)(void *ctx, struct conn *c, np_err e, const char *why);
	void *ctx;
};
NP_NODISCARD np_err conn_tls(struct loop *l, const struct conn_tls_cfg *cfg,
			     struct conn **ret_conn);
/* fn when the connection is freed, whoever owned it then. */
void conn_on_gone(struct conn *c, loop_fn fn, void *ctx);
