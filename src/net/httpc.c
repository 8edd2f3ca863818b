/* SPDX-License-Identifier: Apache-2.0 */
#include "net/httpc.h"

#include "base/clock.h"
#include "base/str.h"

#define HTTPC_TIMEOUT_MS 10000
#define HTTPC_REQ_MAX (HTTPC_BODY_MAX + HTTP_HEAD_MAX)

struct httpc {
	struct loop *l;
	struct dial *dial;
	struct conn *c;
	struct loop_timer *deadline;
	struct http_msg *msg;
	struct buf out; /* the request */
	bool upgrade, is_head;
	httpc_fn fn;
	void *ctx;
};

static void httpc_free(struct httpc *h)
{
	dial_cancel(h->dial);
	conn_free(h->c);
	loop_timer_free(h->deadline);
	http_free(h->msg);
	buf_done(&h->out);
	free(h);
}

void httpc_cancel(struct httpc *h)
{
	if (h)
		httpc_free(h);
}

/* The callee may not touch h; what the result borrows lives until it returns. */
static void finish(struct httpc *h, struct httpc_result res)
{
	res.conn = res.err == NP_OK ? res.conn : NULL;
	if (res.conn)
		h->c = NULL;
	h->fn(h->ctx, &res);
	httpc_free(h);
}

static void failed(struct httpc *h, np_err e, const char *why)
{
	finish(h, (struct httpc_result){ .err = e, .why = why });
}

static void deadline_cb(void *ctx)
{
	failed(ctx, NP_E_TIMEOUT, "no answer in time");
}

static void answered(struct httpc *h, np_str early)
{
	const struct http_head *head = http_head(h->msg);
	bool upgraded = h->upgrade && head->status == 101;
	finish(h, (struct httpc_result){ .err = NP_OK,
					 .why = "",
					 .head = head,
					 .body = http_body(h->msg),
					 .conn = upgraded ? h->c : NULL,
					 .early = upgraded ? early : (np_str){ NULL, 0 } });
}

/* True: the whole answer is there. */
static bool head_done(struct httpc *h)
{
	uint16_t status = http_head(h->msg)->status;
	http_body_max(h->msg, HTTPC_BODY_MAX);
	if (h->is_head)
		http_no_body(h->msg);
	return status == 101 || !http_head(h->msg)->has_body;
}

static void on_read(void *ctx, np_str bytes)
{
	struct httpc *h = ctx;
	for (;;) {
		size_t used = 0;
		enum http_rc rc = http_feed(h->msg, bytes, &used);
		bytes = str_sub(bytes, used, bytes.n);
		if (rc == HTTP_HEAD_DONE && head_done(h))
			rc = HTTP_DONE;
		uint16_t status = http_head(h->msg)->status;
		if (rc == HTTP_DONE && status >= 100 && status < 200 && status != 101) {
			http_reset(h->msg); /* 100 Continue and the like */
		} else if (rc == HTTP_DONE) {
			answered(h, bytes);
			return;
		} else if (rc == HTTP_BAD) {
			failed(h, NP_E_PROTO, http_bad_why(h->msg));
			return;
		}
		if (bytes.n == 0 && rc != HTTP_HEAD_DONE)
			return;
	}
}

static void on_close(void *ctx, np_err why)
{
	struct httpc *h = ctx;
	if (why == NP_E_CLOSED && http_eof(h->msg) == HTTP_DONE)
		answered(h, (np_str){ NULL, 0 });
	else
		failed(h, why,
		       why == NP_E_CLOSED ? "the server closed the connection" : np_err_text(why));
}

static const struct conn_ops httpc_ops = { on_read, on_close, NULL, NULL };

static void dialed(void *ctx, np_err e, struct conn *c, const char *why)
{
	struct httpc *h = ctx;
	h->dial = NULL;
	if (e < 0) {
		failed(h, e, why);
		return;
	}
	h->c = c;
	conn_handler(c, &httpc_ops, h);
	e = conn_write(c, buf_str(&h->out));
	buf_done(&h->out);
	if (e < 0)
		failed(h, e, np_err_text(e));
}

static np_err build(struct httpc *h, const struct httpc_req *req)
{
	struct buf *out = &h->out;
	np_str host = str_from_c(req->to.host);
	bool v6 = str_find_byte(host, ':') != SIZE_MAX && host.p[0] != '[';
	if (!http_name_ok(str_from_c(req->method)) || req->path[0] != '/' ||
	    !http_value_ok(str_from_c(req->path)) ||
	    str_find_byte(str_from_c(req->path), ' ') != SIZE_MAX)
		return NP_E_INVAL;
	(void)buf_printf(out, "%s %s HTTP/1.1\r\nHost: %s%.*s%s:%u\r\n", req->method, req->path,
			 v6 ? "[" : "", NP_FMT(host), v6 ? "]" : "", req->to.port);
	for (size_t i = 0; i < req->n_fields; i++) {
		const struct http_field *f = &req->fields[i];
		if (!http_name_ok(f->name) || !http_value_ok(f->value))
			return NP_E_INVAL;
		(void)buf_printf(out, "%.*s: %.*s\r\n", NP_FMT(f->name), NP_FMT(f->value));
	}
	if (req->upgrade)
		(void)buf_printf(out, "Upgrade: %s\r\nConnection: Upgrade\r\n", req->upgrade);
	else
		(void)buf_add_c(out, "Connection: close\r\n");
	if (req->type)
		(void)buf_printf(out, "Content-Type: %s\r\n", req->type);
	if (req->body.n > 0 || strcmp(req->method, "POST") == 0)
		(void)buf_printf(out, "Content-Length: %zu\r\n", req->body.n);
	(void)buf_add_c(out, "\r\n");
	(void)buf_add(out, req->body);
	return buf_failed(out);
}

np_err httpc_start(struct loop *l, const struct httpc_req *req, httpc_fn fn, void *ctx,
		   struct httpc **ret)
{
	struct httpc *h = np_zalloc(sizeof *h);
	if (!h)
		return NP_E_NOMEM;
	*h = (struct httpc){ .l = l,
			     .fn = fn,
			     .ctx = ctx,
			     .upgrade = req->upgrade != NULL,
			     .is_head = strcmp(req->method, "HEAD") == 0 };
	buf_init(&h->out, HTTPC_REQ_MAX);
	h->msg = http_new(HTTP_KIND_RESPONSE);
	h->deadline = loop_timer_new(l, deadline_cb, h);
	np_err e = h->msg && h->deadline ? build(h, req) : NP_E_NOMEM;
	if (e == NP_OK) {
		struct dial_cfg to = req->to;
		to.timeout_ms = to.timeout_ms ? to.timeout_ms : HTTPC_TIMEOUT_MS;
		loop_timer_at(h->deadline, clock_mono_ms() + to.timeout_ms);
		e = dial_start(l, &to, dialed, h, &h->dial);
	}
	if (e < 0)
		httpc_free(h);
	else
		*ret = h;
	return e;
}
