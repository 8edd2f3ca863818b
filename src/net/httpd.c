/* SPDX-License-Identifier: Apache-2.0 */
#include "net/httpd.h"

#include "base/clock.h"
#include "base/str.h"
#include "net/httpd_impl.h"

#define STASH_PAUSE CONN_READ_CHUNK /* stop reading beyond; one more chunk may still come */

/* ---- requests ------------------------------------------------------------------------ */

static void unref(struct httpd *h)
{
	if (--h->refs > 0)
		return;
	buf_done(&h->scratch);
	buf_done(&h->early);
	free(h);
}

static void httpd_req_free(struct httpd_req *r)
{
	struct httpd *h = r->h;
	http_free(r->msg);
	arena_free(r->arena);
	free(r);
	unref(h);
}

static void fill_peer(struct httpd_req *r, const struct conn *c)
{
	const struct ident *id = conn_ident(c);
	r->peer = *conn_peer(c);
	r->has_ident = id != NULL;
	if (id)
		r->ident = *id;
}

/* Which handler; an answer that needs no body is decided here. */
static void find_route(struct httpd_req *r)
{
	const struct http_head *head = http_head(r->msg);
	np_err e = route_split(r->arena, r->path, &r->segments);
	if (e == NP_OK)
		e = route_find(&r->h->cfg, r->arena, r->method, &r->segments, &r->match);
	if (e == NP_E_NOMEM)
		r->early_status = 503;
	else if (e < 0)
		r->early_status = 400;
	else if (!r->match.route && r->match.path_known)
		r->early_status = str_eq_c(r->method, "OPTIONS") ? 204 : 405;
	else if (!r->match.route && (!r->h->cfg.fallback || head->has_body))
		r->early_status = 404;
	size_t body_max = r->match.route ? r->match.route->body_max : 0;
	if (!r->early_status && head->content_length > 0 &&
	    (uint64_t)head->content_length > body_max)
		r->early_status = 413;
	http_body_max(r->msg, body_max);
}

static struct httpd_req *req_new(struct httpd_link *k)
{
	struct httpd_req *r = np_zalloc(sizeof *r);
	if (!r)
		return NULL;
	r->arena = arena_new(HTTPD_ARENA_MAX);
	if (!r->arena) {
		free(r);
		return NULL;
	}
	r->h = k->h;
	r->h->refs++;
	r->link = k;
	r->msg = np_take(k->msg);
	r->started_us = clock_mono_us();
	const struct http_head *head = http_head(r->msg);
	r->method = head->method;
	r->close = !head->keep_alive;
	(void)str_cut(head->target, '?', &r->path, &r->query);
	fill_peer(r, k->c);
	find_route(r);
	return r;
}

static bool takes_body(const struct httpd_req *r)
{
	return r->match.route && r->match.route->body_max > 0;
}

static void answer_early(struct httpd_req *r)
{
	const char *why = "there is nothing at this path";
	if (r->early_status == 405 || r->early_status == 204) {
		NP_CLEANUP(buf_done) struct buf allow;
		buf_init(&allow, 512);
		route_allow(&r->h->cfg, &r->segments, &allow);
		(void)httpd_set(r, "Allow", buf_str(&allow));
		why = "this path does not know that method";
	} else if (r->early_status == 413) {
		why = takes_body(r) ? "the body is larger than this path takes"
				    : "this path takes no body: send none, not even {}";
	} else if (r->early_status == 400) {
		why = "malformed path";
	} else if (r->early_status == 503) {
		why = "out of memory";
	}
	if (r->early_status == 204)
		httpd_reply(r, 204, NULL, (np_str){ NULL, 0 });
	else
		httpd_problem(r, r->early_status, str_from_c(why));
}

static void dispatch(struct httpd_req *r)
{
	struct httpd *h = r->h;
	conn_deadline(r->link->c, 0);
	r->dispatched = true;
	if (h->stopping)
		r->close = true;
	if (h->cfg.fields)
		h->cfg.fields(r, h->cfg.ctx);
	if (r->early_status) {
		answer_early(r);
		return;
	}
	if (h->cfg.before && !h->cfg.before(r, h->cfg.ctx))
		return;
	httpd_handler fn = r->match.route ? r->match.route->fn : h->cfg.fallback;
	fn(r, h->cfg.ctx);
}

/* ---- one connection --------------------------------------------------------------------- */

static void link_free(struct httpd_link *k)
{
	struct httpd *h = k->h;
	k->prev->next = k->next;
	k->next->prev = k->prev;
	h->n_links--;
	http_free(k->msg);
	buf_done(&k->stash);
	free(k);
	if (h->stopping && h->n_links == 0 && h->stop_done)
		loop_timer_at(h->stop_timer, 0); /* not from inside the callbacks of a link */
}

/* Everything that hangs from it hears of the end; `c` was dealt with. */
static void link_end(struct httpd_link *k)
{
	if (k->dead)
		return;
	k->dead = true;
	k->c = NULL;
	struct httpd_req *r = np_take(k->req);
	struct httpd_stream *s = np_take(k->stream);
	if (r) {
		r->link = NULL;
		if (!r->dispatched)
			httpd_req_free(r);
		else if (r->on_gone)
			r->on_gone(r, r->on_gone_ctx);
	}
	if (s)
		httpd_stream_gone(s);
	if (!k->running)
		link_free(k);
}

void httpd_link_drop(struct httpd_link *k)
{
	struct conn *c = np_take(k->c);
	link_end(k);
	conn_free(c);
}

void httpd_link_finish(struct httpd_link *k)
{
	struct conn *c = np_take(k->c);
	link_end(k);
	if (c)
		conn_finish(c);
}

struct conn *httpd_link_release(struct httpd_link *k)
{
	struct conn *c = np_take(k->c);
	link_end(k);
	return c;
}

static bool can_go(const struct httpd_link *k)
{
	return !k->dead && !(k->req && k->req->dispatched) && !k->stream &&
	       conn_backlog(k->c) < HTTPD_BUSY_BACKLOG;
}

static void want_body(struct httpd_link *k)
{
	const struct http_head *head = http_head(k->req->msg);
	size_t size = head->content_length >= 0 ? (size_t)head->content_length
						: k->req->match.route->body_max;
	int64_t extra_ms = (int64_t)(size / HTTPD_BODY_RATE) * NP_SEC_MS;
	conn_deadline(k->c, loop_now_ms(k->h->l) + HTTPD_BODY_MS + extra_ms);
	if (head->expect_continue && conn_write(k->c, NP_STR("HTTP/1.1 100 Continue\r\n\r\n")) < 0)
		httpd_link_drop(k);
}

static void head_done(struct httpd_link *k)
{
	k->used = true;
	k->req = req_new(k);
	if (!k->req) {
		httpd_link_drop(k);
		return;
	}
	bool has_body = http_head(k->req->msg)->has_body;
	if (has_body && k->req->early_status) {
		k->req->close = true; /* the body stays unread */
		dispatch(k->req);
	} else if (!has_body) {
		dispatch(k->req);
	} else if (!k->req->match.route || k->req->match.route->body_max == 0) {
		k->req->early_status = 413;
		k->req->close = true;
		dispatch(k->req);
	} else {
		want_body(k);
	}
}

/* Feed the parser once; yields the bytes taken. */
static size_t step(struct httpd_link *k, np_str bytes)
{
	size_t used = 0;
	struct http_msg *msg = k->req ? k->req->msg : k->msg;
	if (!msg) {
		msg = k->msg = http_new(HTTP_KIND_REQUEST);
		if (!msg) {
			httpd_link_drop(k);
			return bytes.n;
		}
		if (k->used)
			conn_deadline(k->c, loop_now_ms(k->h->l) + HTTPD_HEAD_MS);
	}
	enum http_rc rc = http_feed(msg, bytes, &used);
	k->rest = str_sub(bytes, used, bytes.n);
	switch (rc) {
	case HTTP_MORE:
		return bytes.n;
	case HTTP_HEAD_DONE:
		head_done(k);
		return used;
	case HTTP_DONE:
		dispatch(k->req);
		return used;
	case HTTP_BAD:
		break;
	}
	httpd_refuse(k, http_bad_status(msg), http_bad_why(msg));
	return bytes.n;
}

static void run(struct httpd_link *k, np_str bytes)
{
	k->running = true;
	while (bytes.n > 0 && can_go(k))
		bytes = str_sub(bytes, step(k, bytes), bytes.n);
	k->running = false;
	if (k->dead) {
		link_free(k);
		return;
	}
	if (buf_add(&k->stash, bytes) < 0)
		httpd_link_drop(k);
	else if (k->stash.n > STASH_PAUSE)
		conn_pause(k->c);
}

void httpd_link_next(struct httpd_link *k)
{
	if (k->running || k->stash.n == 0 || !can_go(k))
		return;
	struct buf taken = k->stash; /* the feeding loop may stash again */
	buf_init(&k->stash, taken.max);
	conn_resume(k->c);
	run(k, buf_str(&taken));
	buf_done(&taken);
}

void httpd_answered(struct httpd_req *r, uint16_t status)
{
	struct httpd_link *k = r->link;
	struct httpd *h = r->h;
	bool close = r->close || h->stopping;
	if (h->cfg.after)
		h->cfg.after(h->cfg.ctx, r, status, clock_mono_us() - r->started_us);
	if (k)
		k->req = NULL;
	httpd_req_free(r);
	if (!k || k->stream)
		return;
	if (close) {
		httpd_link_finish(k);
		return;
	}
	conn_deadline(k->c, loop_now_ms(k->h->l) + HTTPD_IDLE_MS);
	httpd_link_next(k);
}

/* ---- what the connection tells ------------------------------------------------------------- */

static void on_read(void *ctx, np_str bytes)
{
	struct httpd_link *k = ctx;
	if (can_go(k) && k->stash.n == 0) {
		run(k, bytes);
		return;
	}
	if (buf_add(&k->stash, bytes) < 0)
		httpd_link_drop(k);
	else if (k->stash.n > STASH_PAUSE)
		conn_pause(k->c);
}

static void on_close(void *ctx, np_err why)
{
	struct httpd_link *k = ctx;
	/* A client that half-closes still wants the answer that is on its way. */
	if (why == NP_E_CLOSED && conn_backlog(k->c) > 0 && !k->stream)
		httpd_link_finish(k);
	else
		httpd_link_drop(k);
}

static void on_drain(void *ctx)
{
	struct httpd_link *k = ctx;
	if (k->stream)
		httpd_stream_drained(k->stream);
	else
		httpd_link_next(k);
}

static void on_deadline(void *ctx)
{
	struct httpd_link *k = ctx;
	bool within = k->req || (k->msg && !http_is_idle(k->msg));
	if (within)
		httpd_refuse(k, 408, "the request took too long to arrive");
	else
		httpd_link_finish(k);
}

static const struct conn_ops link_ops = { on_read, on_close, on_drain, on_deadline };

static void on_conn(void *ctx, struct conn *c)
{
	struct httpd_door *door = ctx;
	struct httpd *h = door->h;
	struct httpd_link *k = np_zalloc(sizeof *k);
	if (!k) {
		conn_free(c);
		return;
	}
	k->h = h;
	k->c = c;
	k->next = &h->links;
	k->prev = h->links.prev;
	k->prev->next = k->next->prev = k;
	h->n_links++;
	buf_init(&k->stash, STASH_PAUSE + CONN_READ_CHUNK);
	conn_write_max(c, HTTPD_REPLY_MAX + HTTPD_STREAM_MAX);
	conn_handler(c, &link_ops, k);
	conn_deadline(c, loop_now_ms(h->l) + HTTPD_HEAD_MS);
}

/* ---- the server ------------------------------------------------------------------------------ */

struct httpd *httpd_new(struct loop *l, const struct httpd_cfg *cfg)
{
	struct httpd *h = np_zalloc(sizeof *h);
	if (!h)
		return NULL;
	h->l = l;
	h->cfg = *cfg;
	h->links.next = h->links.prev = &h->links;
	h->refs = 1;
	buf_init(&h->scratch, HTTPD_STREAM_MAX + HTTP_HEAD_MAX);
	buf_init(&h->early, 2 * CONN_READ_CHUNK);
	return h;
}

static void on_refused(void *ctx, const struct addr *peer, const char *why)
{
	const struct httpd_door *door = ctx;
	if (door->on_refused)
		door->on_refused(door->ctx, peer, why);
}

np_err httpd_listen(struct httpd *h, const struct listen_cfg *cfg, struct buf *ret_why)
{
	if (h->n_doors == HTTPD_LISTENERS_MAX)
		return NP_E_LIMIT;
	struct httpd_door *door = &h->doors[h->n_doors];
	*door = (struct httpd_door){ .h = h, .on_refused = cfg->on_refused, .ctx = cfg->ctx };
	struct listen_cfg own = *cfg;
	own.on_conn = on_conn;
	own.on_refused = on_refused;
	own.ctx = door;
	np_err e = listener_new(h->l, &own, &door->listener, ret_why);
	if (e == NP_OK)
		h->n_doors++;
	return e;
}

void httpd_addr(const struct httpd *h, size_t i, struct addr *ret)
{
	assert(i < h->n_doors);
	listener_addr(h->doors[i].listener, ret);
}

size_t httpd_conns(const struct httpd *h)
{
	return h->n_links;
}

size_t httpd_handshakes(const struct httpd *h)
{
	size_t n = 0;
	for (size_t i = 0; i < h->n_doors; i++)
		n += listener_handshakes(h->doors[i].listener);
	return n;
}

void httpd_drop(struct httpd *h, bool (*match)(void *ctx, const struct ident *id), void *ctx)
{
	for (struct httpd_link *k = h->links.next, *next; k != &h->links; k = next) {
		next = k->next;
		const struct ident *id = k->c ? conn_ident(k->c) : NULL;
		if (id && match(ctx, id))
			httpd_link_drop(k);
	}
}

static void close_listeners(struct httpd *h)
{
	for (size_t i = 0; i < h->n_doors; i++)
		listener_free(np_take(h->doors[i].listener));
	h->n_doors = 0;
}

static void stop_cb(void *ctx)
{
	struct httpd *h = ctx;
	loop_fn done = h->stop_done;
	h->stop_done = NULL;
	if (done)
		done(h->stop_ctx);
}

/* Idle ones and streams go now; what is being received or answered may finish. */
static void stop_link(struct httpd_link *k)
{
	if (k->stream || (!k->req && (!k->msg || http_is_idle(k->msg))))
		httpd_link_finish(k);
	else if (k->req)
		k->req->close = true;
}

void httpd_stop(struct httpd *h, int64_t deadline_mono_ms, loop_fn done, void *ctx)
{
	close_listeners(h);
	h->stop_done = done;
	h->stop_ctx = ctx;
	h->stopping = true;
	h->stop_timer = loop_timer_new(h->l, stop_cb, h);
	if (!h->stop_timer) {
		stop_cb(h);
		return;
	}
	for (struct httpd_link *k = h->links.next, *next; k != &h->links; k = next) {
		next = k->next;
		stop_link(k);
	}
	loop_timer_at(h->stop_timer, h->n_links == 0 ? 0 : deadline_mono_ms);
}

void httpd_free(struct httpd *h)
{
	if (!h)
		return;
	close_listeners(h);
	h->stop_done = NULL;
	while (h->links.next != &h->links) {
		struct httpd_link *k = h->links.next;
		assert(!k->running); /* not from inside a handler */
		httpd_link_drop(k);
		assert(h->links.next != k);
	}
	loop_timer_free(np_take(h->stop_timer));
	unref(h);
}
