/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "base/crypt.h"
#include "base/jsonw.h"
#include "base/str.h"
#include "net/httpd_impl.h"

#define PROBLEM_MAX ((size_t)8 * 1024)
#define PROBLEM_TYPE "application/problem+json"
#define CHUNK_EXTRA ((size_t)24) /* size line and the two line ends */

static bool is_ours(const char *name)
{
	static const char *const names[] = { "content-length", "transfer-encoding",
					     "connection",     "date",
					     "server",         "keep-alive",
					     "content-type" };
	for (size_t i = 0; i < NP_LEN(names); i++)
		if (str_eq_nocase(str_from_c(name), str_from_c(names[i])))
			return true;
	return false;
}

np_err httpd_set(struct httpd_req *r, const char *name, np_str value)
{
	if (!http_name_ok(str_from_c(name)) || !http_value_ok(value) || is_ours(name))
		return NP_E_INVAL;
	if (r->n_fields == HTTPD_RESP_FIELDS_MAX)
		return NP_E_LIMIT;
	struct http_field f = { arena_str(r->arena, str_from_c(name)),
				value.n ? arena_str(r->arena, value) : (np_str){ "", 0 } };
	if (!f.name.p || !f.value.p)
		return NP_E_NOMEM;
	r->fields[r->n_fields++] = f;
	return NP_OK;
}

/* ---- heads ---------------------------------------------------------------------------- */

/* "Sun, 06 Nov 1994 08:49:37 GMT" */
static void add_date(struct buf *out)
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	int64_t now_us = clock_wall_us();
	struct clock_date d = clock_date_of(now_us);
	char hms[9];
	clock_hms(now_us, hms);
	(void)buf_printf(out, "Date: %s, %02d %s %04d %s GMT\r\n",
			 days[(uint64_t)(now_us / NP_DAY_US) % 7], d.day, months[d.month - 1],
			 d.year, hms);
}

static void add_status(struct buf *out, uint16_t status)
{
	(void)buf_printf(out, "HTTP/1.1 %u %s\r\n", status, http_status_text(status));
}

/* Everything but the line that says how the body is framed. */
static void add_head(struct buf *out, const struct httpd_req *r, uint16_t status, const char *type)
{
	add_status(out, status);
	add_date(out);
	if (r->h->cfg.server)
		(void)buf_printf(out, "Server: %s\r\n", r->h->cfg.server);
	if (type && http_value_ok(str_from_c(type)))
		(void)buf_printf(out, "Content-Type: %s\r\n", type);
	for (size_t i = 0; i < r->n_fields; i++)
		(void)buf_printf(out, "%.*s: %.*s\r\n", NP_FMT(r->fields[i].name),
				 NP_FMT(r->fields[i].value));
	if (r->close || r->h->stopping)
		(void)buf_add_c(out, "Connection: close\r\n");
	else if (http_head(r->msg)->minor == 0)
		(void)buf_add_c(out, "Connection: keep-alive\r\n");
}

static bool has_no_body(uint16_t status)
{
	return status == 204 || status == 304 || status < 200;
}

typedef np_err (*write_fn)(struct conn *c, np_str bytes);

static void reply(struct httpd_req *r, uint16_t status, const char *type, np_str body,
		  write_fn write_body)
{
	struct httpd_link *k = r->link;
	if (!k) {
		httpd_answered(r, status);
		return;
	}
	struct buf *out = &r->h->scratch;
	buf_reset(out);
	add_head(out, r, status, type);
	if (!has_no_body(status))
		(void)buf_printf(out, "Content-Length: %zu\r\n", body.n);
	(void)buf_add_c(out, "\r\n");
	bool with_body = !has_no_body(status) && !str_eq_c(r->method, "HEAD");
	np_err e = buf_failed(out);
	if (e == NP_OK)
		e = conn_write(k->c, buf_str(out));
	if (e == NP_OK && with_body)
		e = write_body(k->c, body);
	if (e < 0) {
		/* Half an answer must not look like one. */
		k->req = NULL;
		r->link = NULL;
		httpd_link_drop(k);
	}
	httpd_answered(r, status);
}

void httpd_reply(struct httpd_req *r, uint16_t status, const char *type, np_str body)
{
	reply(r, status, type, body, conn_write);
}

void httpd_reply_static(struct httpd_req *r, uint16_t status, const char *type, np_str body)
{
	reply(r, status, type, body, conn_write_static);
}

#define ID_FIELD "X-Request-Id"
#define ID_MAX 33

static void fresh_id(char ret[ID_MAX])
{
	uint8_t raw[(ID_MAX - 1) / 2];
	rnd_bytes(raw, sizeof raw);
	str_hex(raw, sizeof raw, ret);
	ret[ID_MAX - 1] = '\0';
}

/* The one that a handler gave this request already, or a new one. */
static np_str id_of(struct httpd_req *r, char scratch[ID_MAX])
{
	for (size_t i = 0; i < r->n_fields; i++)
		if (str_eq_c(r->fields[i].name, ID_FIELD))
			return r->fields[i].value;
	fresh_id(scratch);
	/* Without room for the field it stands in the body alone. */
	(void)httpd_set(r, ID_FIELD, str_from_c(scratch));
	return str_from_c(scratch);
}

static void add_problem(struct buf *out, uint16_t status, np_str detail, np_str id)
{
	struct jsonw w;
	jsonw_init(&w, out);
	jsonw_obj(&w);
	jsonw_kc(&w, "type", "about:blank");
	jsonw_kc(&w, "title", http_status_text(status));
	jsonw_ki64(&w, "status", status);
	jsonw_kstr(&w, "detail", detail);
	jsonw_kstr(&w, "request_id", id);
	jsonw_obj_end(&w);
}

void httpd_problem(struct httpd_req *r, uint16_t status, np_str detail)
{
	char id[ID_MAX];
	NP_CLEANUP(buf_done) struct buf body;
	buf_init(&body, PROBLEM_MAX);
	add_problem(&body, status, str_clip_utf8(detail, PROBLEM_MAX / 8), id_of(r, id));
	httpd_reply(r, status, PROBLEM_TYPE, buf_str(&body));
}

void httpd_refuse(struct httpd_link *k, uint16_t status, const char *why)
{
	char id[ID_MAX];
	NP_CLEANUP(buf_done) struct buf body;
	struct buf *out = &k->h->scratch;
	buf_init(&body, PROBLEM_MAX);
	fresh_id(id);
	add_problem(&body, status, str_from_c(why), str_from_c(id));
	buf_reset(out);
	add_status(out, status);
	add_date(out);
	(void)buf_printf(out,
			 "Content-Type: " PROBLEM_TYPE "\r\nContent-Length: %zu\r\n" ID_FIELD
			 ": %s\r\nConnection: close\r\n\r\n",
			 body.n, id);
	(void)buf_add(out, buf_str(&body));
	if (conn_write(k->c, buf_str(out)) < 0)
		httpd_link_drop(k);
	else
		httpd_link_finish(k);
}

void httpd_abort(struct httpd_req *r)
{
	struct httpd_link *k = r->link;
	if (k) {
		k->req = NULL;
		r->link = NULL;
		httpd_link_drop(k);
	}
	httpd_answered(r, 0);
}

/* ---- streams ------------------------------------------------------------------------------ */

struct httpd_stream *httpd_stream_begin(struct httpd_req *r, uint16_t status, const char *type,
					const struct httpd_stream_ops *ops, void *ctx)
{
	struct httpd_link *k = r->link;
	if (!k || str_eq_c(r->method, "HEAD")) {
		reply(r, status, type, (np_str){ NULL, 0 }, conn_write);
		return NULL;
	}
	struct httpd_stream *s = np_zalloc(sizeof *s);
	struct buf *out = &r->h->scratch;
	bool chunked = http_head(r->msg)->minor > 0;
	r->close = r->close || !chunked;
	buf_reset(out);
	add_head(out, r, status, type);
	(void)buf_add_c(out, chunked ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
	if (!s || buf_failed(out) < 0 || conn_write(k->c, buf_str(out)) < 0) {
		free(s);
		httpd_abort(r);
		return NULL;
	}
	*s = (struct httpd_stream){
		.link = k, .ops = ops, .ctx = ctx, .chunked = chunked, .close = r->close
	};
	k->stream = s;
	httpd_answered(r, status);
	return s;
}

np_err httpd_stream_write(struct httpd_stream *s, np_str bytes)
{
	struct httpd_link *k = s->link;
	if (bytes.n == 0)
		return NP_OK; /* an empty chunk would end it */
	if (conn_backlog(k->c) + bytes.n + CHUNK_EXTRA > HTTPD_STREAM_MAX)
		return NP_E_LIMIT;
	if (!s->chunked)
		return conn_write(k->c, bytes);
	struct buf *out = &k->h->scratch;
	buf_reset(out);
	(void)buf_printf(out, "%zx\r\n", bytes.n);
	(void)buf_add(out, bytes);
	(void)buf_add_c(out, "\r\n");
	np_err e = buf_failed(out);
	return e < 0 ? e : conn_write(k->c, buf_str(out));
}

size_t httpd_stream_backlog(const struct httpd_stream *s)
{
	return conn_backlog(s->link->c);
}

void httpd_stream_end(struct httpd_stream *s)
{
	struct httpd_link *k = s->link;
	bool ok = !s->chunked || conn_write(k->c, NP_STR("0\r\n\r\n")) == NP_OK;
	bool close = s->close || k->h->stopping;
	k->stream = NULL;
	free(s);
	if (!ok)
		httpd_link_drop(k);
	else if (close)
		httpd_link_finish(k);
	else {
		conn_deadline(k->c, loop_now_ms(k->h->l) + HTTPD_IDLE_MS);
		httpd_link_next(k);
	}
}

void httpd_stream_gone(struct httpd_stream *s)
{
	const struct httpd_stream_ops *ops = s->ops;
	void *ctx = s->ctx;
	free(s);
	if (ops->on_close)
		ops->on_close(ctx);
}

void httpd_stream_drained(struct httpd_stream *s)
{
	if (s->ops->on_drain)
		s->ops->on_drain(s->ctx);
}

/* ---- upgrade ------------------------------------------------------------------------------- */

struct conn *httpd_upgrade(struct httpd_req *r, const char *protocol, np_str *ret_early)
{
	struct httpd_link *k = r->link;
	struct httpd *h = r->h;
	const struct http_head *head = http_head(r->msg);
	if (!k) {
		httpd_answered(r, 101);
		return NULL;
	}
	if (!head->upgrade || !str_eq_nocase(http_field(head, "upgrade"), str_from_c(protocol))) {
		(void)httpd_set(r, "Upgrade", str_from_c(protocol));
		httpd_problem(r, 426, NP_STR("this path speaks another protocol: see Upgrade"));
		return NULL;
	}
	buf_reset(&h->scratch);
	add_status(&h->scratch, 101);
	(void)buf_printf(&h->scratch, "Upgrade: %s\r\nConnection: Upgrade\r\n\r\n", protocol);
	if (conn_write(k->c, buf_str(&h->scratch)) < 0) {
		httpd_abort(r);
		return NULL;
	}
	buf_reset(&h->early);
	if (k->running)
		(void)buf_add(&h->early, k->rest);
	(void)buf_add(&h->early, buf_str(&k->stash));
	*ret_early = buf_str(&h->early);
	k->req = NULL;
	r->link = NULL;
	struct conn *c = httpd_link_release(k);
	httpd_answered(r, 101);
	conn_deadline(c, 0);
	conn_write_max(c, CONN_WRITE_MAX_DEFAULT);
	return c;
}
