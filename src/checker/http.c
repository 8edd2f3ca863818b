/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/http.h"

#include <stdio.h>

static void on_reached(struct reach *r);
static void on_hop(struct http *h, CURLcode rc);

static void out_of_memory(struct check_run *run)
{
	check_unknown(run, RES_C_OVERLOAD, "this checker is out of memory");
}

/* A failure, with the redirect that led there when one did. */
static void end_with(struct http *h, struct say_verdict v)
{
	if (h->hops > 0 && v.status == RES_FAIL) {
		np_str url = str_clip_utf8(str_from_c(h->url), 120);
		v.text = arena_printf(h->run->arena, "redirected to %.*s: %.*s", NP_FMT(url),
				      NP_FMT(v.text));
	}
	check_end(h->run, v.status, v.cls, v.text);
}

static void hop_start(struct http *h)
{
	h->reach = (struct reach){ .run = h->run,
				   .host = h->tgt.host,
				   .port = h->tgt.port,
				   .is_ip = h->tgt.is_ip,
				   .done = on_reached,
				   .ctx = h };
	h->seen = (struct cert_seen){ .verify = h->run->def->options.verify,
				      .host = arena_c(h->run->arena, h->tgt.host) };
	if (h->seen.host)
		reach_start(&h->reach);
	else
		out_of_memory(h->run);
}

static void on_reached(struct reach *r)
{
	struct http *h = r->ctx;
	if (h->hops == 0 && r->addr.u.sa.sa_family != AF_UNSPEC)
		check_address(h->run, &r->addr, true);
	if (!r->ok) {
		end_with(h, r->why);
		return;
	}
	h->hop_done = on_hop;
	if (httpgo_start(h) < 0)
		out_of_memory(h->run);
}

/* ---- redirects ---------------------------------------------------------------------- */

static bool same_origin(const struct tgt *a, const struct tgt *b)
{
	return a->tls == b->tls && a->port == b->port && str_eq_nocase(a->host, b->host);
}

/* 303 asks for a GET, and so, by everybody's habit, do 301 and 302 after a POST. */
static void next_method(struct http *h, long code)
{
	bool to_get = (code == 303 && !str_eq_c(h->method, "HEAD")) ||
		      ((code == 301 || code == 302) && str_eq_c(h->method, "POST"));
	if (!to_get)
		return;
	h->method = NP_STR("GET");
	h->with_body = false;
}

static void follow(struct http *h, long code, const char *to)
{
	struct tgt next;
	const char *why = NULL;
	np_str url = str_from_c(to), tail;
	(void)str_cut(url, '#', &url, &tail);
	url = arena_str(h->run->arena, url);
	np_str shown = str_clip_utf8(url, 120);
	uint32_t max = h->run->def->options.max_redirects;
	httpgo_stop(h);
	if (h->hops >= max) {
		check_fail(h->run, RES_C_REDIRECT, "more than %u redirects, the last to %.*s", max,
			   NP_FMT(shown));
		return;
	}
	if (!url.p || url.n > HTTP_CHECK_URL_MAX || tgt_parse(MON_HTTP, url, &next, &why) < 0) {
		check_fail(h->run, RES_C_REDIRECT,
			   "redirected to an address that is not usable: %.*s", NP_FMT(shown));
		return;
	}
	next_method(h, code);
	h->foreign = h->foreign || !same_origin(&h->tgt, &next);
	h->tgt = next;
	h->url = url.p;
	h->hops++;
	hop_start(h);
}

/* ---- the final answer --------------------------------------------------------------- */

static bool read_json(struct http *h, struct asrt_facts *f, json_t **ret)
{
	json_error_t err;
	if (h->body_cut) {
		check_fail(h->run, RES_C_TOO_LARGE,
			   "the body has more than %zu KiB: too large to read as JSON",
			   HTTP_CHECK_BODY_MAX / 1024);
		return false;
	}
	*ret = json_loadb(f->body.p ? f->body.p : "", f->body.n,
			  JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &err);
	if (*ret) {
		f->json = *ret;
		return true;
	}
	check_fail(h->run, RES_C_ASSERTION, "the body is not JSON: %s", err.text);
	return false;
}

static void conclude(struct http *h, long code)
{
	const struct asrt_list *l = h->run->def->assertions;
	/* taken out of h: an ending lets everything in there go */
	NP_CLEANUP(buf_done) struct buf body = h->body;
	buf_init(&h->body, HTTP_CHECK_BODY_MAX);
	struct asrt_facts f = {
		.status = code,
		.body = buf_str(&body),
		.body_cut = h->body_cut,
		.header = h->field,
		.header_n = h->fields,
	};
	if (!asrt_has_source(l, ASRT_STATUS) && (code < 200 || code > 399)) {
		end_with(h, (struct say_verdict){
				    RES_FAIL, RES_C_STATUS,
				    arena_printf(h->run->arena, "status is %ld", code) });
		return;
	}
	json_t *json = NULL;
	if (asrt_needs_json(l) && !read_json(h, &f, &json))
		return;
	check_conclude(h->run, &f);
	json_decref(json);
}

static void on_hop(struct http *h, CURLcode rc)
{
	long code = 0;
	const char *to = NULL;
	httpgo_phases(h);
	if (h->seen.any && h->run->res.cert_expires_s == 0)
		h->run->res.cert_expires_s = h->seen.not_after_s;
	bool cut = rc == CURLE_WRITE_ERROR && h->body_cut && !h->head_too_large;
	if (rc != CURLE_OK && !cut) {
		end_with(h, httpgo_say(h, rc));
		return;
	}
	curl_easy_getinfo(h->easy, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(h->easy, CURLINFO_REDIRECT_URL, &to);
	h->run->res.code = (int32_t)code;
	if (to && code >= 300 && code <= 399 && h->run->def->options.max_redirects > 0)
		follow(h, code, to);
	else
		conclude(h, code);
}

/* ---- the table's functions ------------------------------------------------------------ */

static void start(struct check_run *run)
{
	const struct check_def *d = run->def;
	struct http *h = arena_alloc(run->arena, sizeof *h);
	if (!h) {
		out_of_memory(run);
		return;
	}
	h->run = run;
	run->state = h;
	buf_init(&h->body, HTTP_CHECK_BODY_MAX);
	h->reach.fd = -1;
	h->url = d->target_text;
	h->tgt = d->tgt;
	h->method = d->options.method.n ? d->options.method : NP_STR("GET");
	h->with_body = true;
	h->keep_body = asrt_needs_body(d->assertions);
	h->keep_head = asrt_has_source(d->assertions, ASRT_HEADER);
	if (h->keep_head)
		h->field = arena_calloc(run->arena, HTTP_CHECK_FIELDS_MAX, sizeof *h->field);
	if (h->keep_head && !h->field)
		out_of_memory(run);
	else
		hop_start(h);
}

static void cancel(struct check_run *run)
{
	struct http *h = run->state;
	httpgo_stop(h);
	reach_cancel(&h->reach);
	buf_done(&h->body);
}

static const char *prepare(const struct check_def *def)
{
	return str_from_c(def->target_text).n > HTTP_CHECK_URL_MAX ? "the URL is too long" : NULL;
}

const struct check_ops http_ops = {
	.name = "http",
	.prepare = prepare,
	.start = start,
	.cancel = cancel,
};
