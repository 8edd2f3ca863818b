/* SPDX-License-Identifier: Apache-2.0 */
#include "web/req.h"

#include "base/clock.h"
#include "base/str.h"
#include "web/input.h"
#include "web/limiter.h"
#include "web/nudge.h"
#include "web/gz.h"
#include "web/prob.h"
#include "web/routes.h"
#include "web/share.h"
#include "web/waits.h"
#include "web/who.h"
#include "web/work.h"

static void again(void *ctx);
static void done(void *ctx);

static bool is_safe(np_str method)
{
	return str_eq_c(method, "GET") || str_eq_c(method, "HEAD") || str_eq_c(method, "OPTIONS");
}

static void destroy(struct wreq *q)
{
	if (q->route->flags & R_COMMAND)
		waits_del(q->web->waits, q);
	loop_timer_free(q->timer);
	json_decref(q->body);
	buf_done(&q->out);
}

static void fields(struct wreq *q)
{
	/* A value that cannot stand in a field is left out: none of them comes from a peer. */
	if (q->location.n)
		(void)httpd_set(q->http, "Location", q->location);
	if (q->cookie.n)
		(void)httpd_set(q->http, "Set-Cookie", q->cookie);
	if (q->gzip)
		(void)httpd_set(q->http, "Content-Encoding", NP_STR("gzip"));
	if (q->status == 503)
		(void)httpd_set(q->http, "Retry-After", NP_STR("2"));
	if (q->status == 401)
		(void)httpd_set(q->http, "WWW-Authenticate", NP_STR("Bearer"));
}

static void reply(struct wreq *q)
{
	uint16_t status = q->status ? q->status : 200;
	struct httpd_req *r = q->http;
	fields(q);
	httpd_reply(r, status, status == 204 ? NULL : q->type, buf_str(&q->out));
	/* The arena went with the answer; what q owned outside it is gone before. */
}

static void finish(struct wreq *q)
{
	if (q->err == NP_OK)
		nudge_send(q);
	if ((q->route->flags & R_SIGN_IN && q->status == 401) ||
	    (q->route->flags & R_LINK && q->status == 404))
		limiter_failed(q->limiter, &q->client, loop_now_ms(q->web->loop));
	if (q->err == NP_OK && q->route->keep)
		q->route->keep(q);
	if (q->err == NP_OK && q->route->finish) {
		destroy(q); /* what is in the arena stays until the answer */
		q->route->finish(q);
		return;
	}
	struct buf body = q->out; /* outlives q until the server has copied it */
	buf_init(&q->out, 0);
	destroy(q);
	q->out = body;
	reply(q);
	buf_done(&body);
}

static void refuse(struct wreq *q, uint16_t status, const char *detail)
{
	q->err = NP_E_CANCELED;
	q->status = status;
	q->type = PROB_TYPE;
	q->gzip = false;
	buf_reset(&q->out);
	prob_write(&q->out, status, str_from_c(detail), q->id, &q->problems);
	finish(q);
}

#define CROWDED "Too many requests are waiting; try again in a moment."

/* It has entered; whoever gets its place if it needs none follows. */
static void work(struct wreq *q)
{
	while (q) {
		/* Nobody is there to read the answer: what is only asked needs no worker. */
		bool idle = httpd_is_gone(q->http) && is_safe(httpd_method(q->http));
		if (!idle && loop_work(q->web->loop, work_run, done, q) == NP_OK)
			return;
		struct wreq *next = share_leave(q->web->share, q);
		refuse(q, 503, CROWDED);
		q = next;
	}
}

static void start(struct wreq *q)
{
	bool full = false;
	if (share_enter(q->web->share, q, !q->waiting, &full)) {
		work(q);
	} else if (full) {
		(void)httpd_set(q->http, "Retry-After", NP_STR("2"));
		refuse(q, 429, CROWDED);
	}
}

void wq_evict(struct web *w)
{
	for (struct wreq *q = share_evict(w->share); q; q = share_evict(w->share))
		refuse(q, 503, "Stopping.");
}

static void rearm(struct wreq *q)
{
	int64_t now = loop_now_ms(q->web->loop);
	int64_t at = now + q->poll_ms;
	if (q->noted || now >= q->deadline_ms) {
		q->expired = now >= q->deadline_ms;
		q->noted = false;
		start(q);
		return;
	}
	loop_timer_at(q->timer, at < q->deadline_ms ? at : q->deadline_ms);
}

static void again(void *ctx)
{
	struct wreq *q = ctx;
	q->expired = loop_now_ms(q->web->loop) >= q->deadline_ms;
	q->noted = false;
	start(q);
}

/* Back from the worker. */
static void done(void *ctx)
{
	struct wreq *q = ctx;
	work(share_leave(q->web->share, q));
	if (q->err == NP_E_AGAIN && q->waiting && !q->expired) {
		rearm(q);
		return;
	}
	if (q->err == NP_OK && q->later && !q->waiting) {
		nudge_send(q);
		q->waiting = true;
		if (q->route->prepare)
			q->route->prepare(q);
		q->timer = loop_timer_new(q->web->loop, again, q);
		if (!q->timer) {
			q->expired = true;
			start(q);
			return;
		}
		rearm(q);
		return;
	}
	finish(q);
}

void wq_noted(struct wreq *q)
{
	q->noted = true;
	if (q->timer && loop_timer_is_set(q->timer)) {
		loop_timer_stop(q->timer);
		rearm(q);
	}
}

void wq_hurry(struct wreq *q)
{
	q->deadline_ms = 0;
	if (q->timer && loop_timer_is_set(q->timer)) {
		loop_timer_stop(q->timer);
		rearm(q);
	}
}

static const char *origin_of(const struct wreq *q)
{
	if (q->who.by_cookie)
		return "dashboard";
	np_str agent = httpd_header(q->http, "user-agent");
	return str_starts(agent, NP_STR("netpulse-cli/")) ? "cli" : "api";
}

static struct wreq *make(struct web *w, struct httpd_req *r, const struct route *route)
{
	struct wreq *q = arena_alloc(httpd_arena(r), sizeof *q);
	if (!q)
		return NULL;
	*q = (struct wreq){ .web = w,
			    .http = r,
			    .route = route,
			    .arena = httpd_arena(r),
			    .type = "application/json" };
	uint8_t id[16];
	rnd_bytes(id, sizeof id);
	str_hex(id, sizeof id, q->id);
	buf_init(&q->out, WQ_OUT_MAX);
	jsonw_init(&q->json, &q->out);
	q->gzip = gz_accepts(httpd_header(r, "accept-encoding"), "gzip");
	(void)httpd_set(r, "X-Request-Id", str_from_c(q->id));
	(void)httpd_set(r, "Cache-Control", NP_STR("no-store"));
	(void)httpd_set(r, "Vary", NP_STR("Accept-Encoding"));
	return q;
}

/* False: it has answered. */
static bool admit(struct wreq *q)
{
	struct web *w = q->web;
	if (q->route->flags & (R_SIGN_IN | R_LINK)) {
		q->limiter = q->route->flags & R_LINK ? w->links : w->sign_ins;
		fwd_client(&w->forwarded, httpd_head(q->http), httpd_peer(q->http), &q->client);
		int64_t s = limiter_wait_s(q->limiter, &q->client, loop_now_ms(w->loop));
		if (s > 0) {
			(void)httpd_set(q->http, "Retry-After",
					arena_printf(q->arena, "%lld", (long long)s));
			refuse(q, 429, "Too many failed tries from this address; wait a minute.");
			return false;
		}
	}
	bool has = who_credential(w, q->http, &q->credential, &q->who.by_cookie);
	bool open = q->route->flags & R_OPEN;
	if (!open && !has) {
		refuse(q, 401, "Sign in, or send Authorization: Bearer with a token.");
		return false;
	}
	/* Signing in sets a cookie: it too must come from our own page, or from no page at all. */
	bool browser = open ? httpd_header(q->http, "origin").p != NULL : q->who.by_cookie;
	if (browser && !(q->route->flags & R_LINK) && !is_safe(httpd_method(q->http)) &&
	    !who_same_origin(q->http)) {
		refuse(q, 403, "This change came from another site: Origin must equal Host.");
		return false;
	}
	q->origin = origin_of(q);
	in_query_only(q, q->route->query);
	return true;
}

void wq_enter(struct httpd_req *r, void *ctx)
{
	struct web *w = ctx;
	const struct route *route = routes_of(r);
	if (route->direct) {
		route->direct(w, r);
		return;
	}
	struct wreq *q = make(w, r, route);
	if (!q) {
		httpd_problem(r, 503, NP_STR("No memory for this request."));
		return;
	}
	if (route->flags & R_COMMAND) {
		rnd_uuid(q->inbox);
		q->poll_ms = 1000;
		if (waits_add(w->waits, q) < 0) {
			refuse(q, 503, "Too many commands are waiting; try again in a moment.");
			return;
		}
	}
	if (!admit(q))
		return;
	share_ask(w->share, q);
	start(q);
}
