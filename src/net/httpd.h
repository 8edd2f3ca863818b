/* SPDX-License-Identifier: Apache-2.0 */
/* httpd.h - the HTTP/1.1 server that gateway, ca and web share.
 *
 * Floor 2 (net). One loop's thread throughout. Absolute deadlines, limits,
 * keep-alive, pipelining (one request at a time per connection), HEAD through
 * GET, OPTIONS and 405 from the table of routes.
 *
 * A handler answers now or later, exactly once: with httpd_reply*,
 * httpd_stream_begin, httpd_upgrade or httpd_abort. Until then the request and
 * its arena stay valid whatever happens to the client (an answer to one that is
 * gone is dropped), so a worker thread may read the request and use its arena
 * as long as the loop's thread leaves it alone. After the answer it is gone.
 */
#pragma once
#include "base/arena.h"
#include "base/metrics.h"
#include "net/http.h"
#include "net/listen.h"

#define HTTPD_HEAD_MS 10000 /* from connect, or the first byte of a request, to its head */
#define HTTPD_BODY_MS 10000 /* plus 1 s per HTTPD_BODY_RATE bytes of body */
#define HTTPD_BODY_RATE ((size_t)32 * 1024)
#define HTTPD_IDLE_MS 75000
#define HTTPD_ARENA_MAX ((size_t)4 * 1024 * 1024) /* per request; body aside */
#define HTTPD_PARAMS_MAX 8
#define HTTPD_SEGMENTS_MAX 32
#define HTTPD_RESP_FIELDS_MAX 32
#define HTTPD_STREAM_MAX ((size_t)1024 * 1024) /* backlog of a stream */
#define HTTPD_REPLY_MAX ((size_t)64 * 1024 * 1024)

struct httpd;
struct httpd_req;
struct httpd_stream;

typedef void (*httpd_handler)(struct httpd_req *r, void *ctx); /* ctx of httpd_cfg */

struct httpd_route {
	const char *method;  /* "GET" also answers HEAD; NULL: any method */
	const char *pattern; /* "/api/v1/monitors/{}/checks"; last segment "*": the rest */
	size_t body_max;     /* 0: a body is refused with 413 */
	httpd_handler fn;
};
struct httpd_cfg {
	const struct httpd_route *routes; /* static; first match wins */
	size_t n_routes;
	httpd_handler fallback; /* no route's path matched; NULL: 404 as problem+json */
	/* Sets fields of every answer to a request, also of those that the server gives itself (405,
	 * 413, …); may be NULL. */
	void (*fields)(struct httpd_req *r, void *ctx);
	/* Before every handler (authentication): false = it has answered. */
	bool (*before)(struct httpd_req *r, void *ctx);
	/* After every answer, for access counts; may be NULL. */
	void (*after)(void *ctx, const struct httpd_req *r, uint16_t status, int64_t took_us);
	void *ctx;
	const char *server; /* value of the Server field; NULL: none */
};
NP_NODISCARD struct httpd *httpd_new(struct loop *l, const struct httpd_cfg *cfg);
/* Listen on one more address. cfg->on_conn is ours; on_refused and its ctx may be set. */
NP_NODISCARD np_err httpd_listen(struct httpd *h, const struct listen_cfg *cfg,
				 struct buf *ret_why);
/* Real address of the i-th listener. */
void httpd_addr(const struct httpd *h, size_t i, struct addr *ret);
/* Graceful: no new connections, idle ones closed, running requests finish with
 * `Connection: close`, streams are closed. `done` (may be NULL) when the last is gone or the
 * deadline passed. */
void httpd_stop(struct httpd *h, int64_t deadline_mono_ms, loop_fn done, void *ctx);
/* At once; not from inside a handler. Requests that are not yet answered must still be answered (into the void). */
void httpd_free(struct httpd *h); /* NULL is fine */
size_t httpd_conns(const struct httpd *h);
size_t httpd_handshakes(const struct httpd *h); /* under way, all listeners */
/* Close at once every connection whose client certificate `match` says yes to; their requests
 * are gone (httpd_on_gone) and must still be answered. Upgraded ones are not ours any more. */
void httpd_drop(struct httpd *h, bool (*match)(void *ctx, const struct ident *id), void *ctx);

/* ---- the request ---------------------------------------------------------- */
np_str httpd_method(const struct httpd_req *r);
np_str httpd_path(const struct httpd_req *r); /* as sent, without the query */
/* i-th "{}" of the pattern, decoded (a segment with %2F holds a slash); or the rest for "*". */
np_str httpd_param(const struct httpd_req *r, size_t i);
/* First query parameter of that name, decoded. False: absent. */
bool httpd_query(struct httpd_req *r, const char *name, np_str *ret);
/* Iterate all, to refuse unknown ones: start with *pos = 0. */
bool httpd_query_next(struct httpd_req *r, size_t *pos, np_str *ret_key, np_str *ret_value);
np_str httpd_header(const struct httpd_req *r, const char *name); /* {NULL,0}: absent */
const struct http_head *httpd_head(const struct httpd_req *r);
bool httpd_cookie(const struct httpd_req *r, const char *name, np_str *ret);
np_str httpd_body(const struct httpd_req *r);
const struct addr *httpd_peer(const struct httpd_req *r);
const struct ident *httpd_ident(const struct httpd_req *r); /* NULL: no client certificate */
struct arena *httpd_arena(struct httpd_req *r);
const struct httpd_route *httpd_route(const struct httpd_req *r); /* NULL in the fallback */
void httpd_set_user(struct httpd_req *r, void *user);             /* for the handler's own state */
void *httpd_user(const struct httpd_req *r);
bool httpd_is_gone(const struct httpd_req *r); /* the client left: stop working for it */
/* Tell me when the client leaves before the answer (loop's thread). */
void httpd_on_gone(struct httpd_req *r, void (*fn)(struct httpd_req *r, void *ctx), void *ctx);

/* ---- the answer ------------------------------------------------------------ */
/* Add a field. NP_E_INVAL: name or value cannot stand in one (CR, LF, …); NP_E_LIMIT.
 * Content-Type, -Length, Transfer-Encoding, Connection, Date, Server are not yours (NP_E_INVAL). */
np_err httpd_set(struct httpd_req *r, const char *name, np_str value);
/* Complete answers; `type` NULL: no Content-Type. Body is copied (static: must outlive h). */
void httpd_reply(struct httpd_req *r, uint16_t status, const char *type, np_str body);
void httpd_reply_static(struct httpd_req *r, uint16_t status, const char *type, np_str body);
/* RFC 9457 problem+json {type:"about:blank", title, status, detail}. */
void httpd_problem(struct httpd_req *r, uint16_t status, np_str detail);
/* Close the connection without an answer (banned peers). */
void httpd_abort(struct httpd_req *r);
/* No keep-alive after this answer: call before it. */
void httpd_close(struct httpd_req *r);

/* Streaming: chunked for HTTP/1.1. on_close comes once, unless httpd_stream_end was called first;
 * the stream is gone then. on_drain (may be NULL): the socket took everything. NULL: client is
 * gone, or it was HEAD; the request is answered in either case. */
struct httpd_stream_ops {
	void (*on_close)(void *ctx);
	void (*on_drain)(void *ctx);
};
NP_NODISCARD struct httpd_stream *httpd_stream_begin(struct httpd_req *r, uint16_t status,
						     const char *type,
						     const struct httpd_stream_ops *ops, void *ctx);
/* NP_E_LIMIT: the client is too slow, nothing was queued (coalesce, or end the stream). */
NP_NODISCARD np_err httpd_stream_write(struct httpd_stream *s, np_str bytes);
size_t httpd_stream_backlog(const struct httpd_stream *s);
void httpd_stream_end(struct httpd_stream *s); /* last chunk, then keep-alive or close */

/* 101 and the bare connection: set its handler there and then. *ret_early: bytes the client sent
 * behind its head, valid until the caller returns to the loop. NULL: client is gone, or did not
 * ask for `protocol` (answered with 426 then). */
NP_NODISCARD struct conn *httpd_upgrade(struct httpd_req *r, const char *protocol,
					np_str *ret_early);
