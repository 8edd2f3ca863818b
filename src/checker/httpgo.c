/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/http.h"

#include "base/clock.h"

/* ---- what curl calls --------------------------------------------------------------- */

/* The socket that reach.h connected, once, and only for the very address it allowed. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *to)
{
	struct http *h = ctx;
	struct addr a;
	addr_from_sa(&to->addr, &a);
	if (purpose != CURLSOCKTYPE_IPCXN || !addr_eq_ip(&a, &h->reach.addr))
		return CURL_SOCKET_BAD;
	int fd = h->reach.fd;
	h->reach.fd = -1;
	return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static int set_socket(void *ctx, curl_socket_t fd, curlsocktype purpose)
{
	(void)ctx;
	(void)fd;
	(void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static CURLcode set_ssl(CURL *easy, void *ssl_ctx, void *ctx)
{
	(void)easy;
	struct http *h = ctx;
	return certs_prepare(h->run->env->certs, ssl_ctx, &h->seen) < 0 ? CURLE_SSL_CERTPROBLEM
									: CURLE_OK;
}

bool http_head_line(struct http *h, np_str line)
{
	np_str name, value;
	h->head_bytes += line.n;
	if (h->head_bytes > HTTP_CHECK_HEAD_MAX) {
		h->head_too_large = true;
		return false;
	}
	if (!h->keep_head)
		return true;
	if (str_starts(line, NP_STR("HTTP/"))) {
		h->fields = 0; /* the one before was a 1xx */
		return true;
	}
	if (h->fields >= HTTP_CHECK_FIELDS_MAX || !str_cut(line, ':', &name, &value))
		return true;
	struct asrt_header *f = &h->field[h->fields];
	f->name = arena_str(h->run->arena, str_trim(name));
	f->value = say_clean(h->run->arena, str_trim(value), HTTP_CHECK_HEAD_MAX / 8);
	h->fields += f->name.n > 0;
	return true;
}

static size_t on_head(char *p, size_t size, size_t n, void *ctx)
{
	return http_head_line(ctx, (np_str){ p, size * n }) ? size * n : 0;
}

static size_t on_body(char *p, size_t size, size_t n, void *ctx)
{
	struct http *h = ctx;
	size_t len = size * n, room = HTTP_CHECK_BODY_MAX - h->body.n;
	check_stage(h->run, "reading the body from", str_from_c(h->url));
	if (!h->keep_body) { /* counted in body.cap's place: nothing is stored */
		h->body.max = len < h->body.max ? h->body.max - len : 0;
		h->body_cut = h->body.max == 0;
		return h->body_cut ? 0 : len;
	}
	if (buf_add(&h->body, (np_str){ p, len < room ? len : room }) < 0 || len > room) {
		h->body_cut = true;
		return 0;
	}
	return len;
}

/* ---- a request --------------------------------------------------------------------- */

static bool may_go_abroad(np_str name)
{
	static const char *const harmless[] = { "accept", "accept-language", "user-agent",
						"cache-control", "content-type" };
	for (size_t i = 0; i < NP_LEN(harmless); i++)
		if (str_eq_nocase(name, str_from_c(harmless[i])))
			return true;
	return false;
}

static np_err add_header(struct http *h, const char *name, const char *value)
{
	np_str line = *value ? arena_printf(h->run->arena, "%s: %s", name, value)
			     : arena_printf(h->run->arena, "%s;", name);
	struct curl_slist *l = line.p ? curl_slist_append(h->headers, line.p) : NULL;
	if (!l)
		return NP_E_NOMEM;
	h->headers = l;
	return NP_OK;
}

static np_err add_headers(struct http *h)
{
	const struct opt_set *o = &h->run->def->options;
	const char *name;
	json_t *value;
	bool typed = false;
	json_object_foreach(o->headers ? (json_t *)(uintptr_t)o->headers : NULL, name, value)
	{
		np_str n = str_from_c(name);
		if (!json_is_string(value) || (h->foreign && !may_go_abroad(n)))
			continue;
		typed = typed || str_eq_nocase(n, NP_STR("content-type"));
		if (add_header(h, name, json_string_value(value)) < 0)
			return NP_E_NOMEM;
	}
	bool json = o->body.n > 0 && (o->body.p[0] == '{' || o->body.p[0] == '[');
	if (h->with_body && !typed && json)
		return add_header(h, "Content-Type", "application/json");
	return NP_OK;
}

static CURLcode set_method(struct http *h)
{
	CURL *e = h->easy;
	np_str body = h->with_body ? h->run->def->options.body : NP_STR("");
	bool get = str_eq_c(h->method, "GET"), head = str_eq_c(h->method, "HEAD");
	bool post = str_eq_c(h->method, "POST");
	bool sends = body.n > 0 || (h->with_body && (post || str_eq_c(h->method, "PUT") ||
						     str_eq_c(h->method, "PATCH")));
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, NULL);
	curl_easy_setopt(e, CURLOPT_HTTPGET, 1L); /* also forgets the last one's NOBODY */
	if (head && !sends) {
		curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, NULL);
		return curl_easy_setopt(e, CURLOPT_NOBODY, 1L);
	}
	if (sends) {
		curl_easy_setopt(e, CURLOPT_POST, 1L);
		curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE, (long)body.n);
		curl_easy_setopt(e, CURLOPT_POSTFIELDS, body.n ? body.p : "");
	}
	bool own = sends ? post : get;
	const char *name = own ? NULL : arena_c(h->run->arena, h->method);
	if (!own && !name)
		return CURLE_OUT_OF_MEMORY;
	return curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, name);
}

/* curl is told the numeric address and port that reach.h connected to: it looks nothing up. */
static np_err set_address(struct http *h)
{
	char at[ADDR_TEXT_MAX];
	(void)addr_print(&h->reach.addr, at);
	np_str to = arena_printf(h->run->arena, "::%s", at);
	h->connect_to = to.p ? curl_slist_append(NULL, to.p) : NULL;
	if (!h->connect_to)
		return NP_E_NOMEM;
	return curl_easy_setopt(h->easy, CURLOPT_CONNECT_TO, h->connect_to) == CURLE_OK
		       ? NP_OK
		       : NP_E_NOMEM;
}

static void set_callbacks(struct http *h)
{
	CURL *e = h->easy;
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, h->error);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, h);
	curl_easy_setopt(e, CURLOPT_SOCKOPTFUNCTION, set_socket);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, on_head);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, h);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, h);
	curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, set_ssl);
	curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, h);
	curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, h->seen.verify ? 1L : 0L);
}

static void on_end(void *ctx, CURLcode rc)
{
	struct http *h = ctx;
	h->hop_done(h, rc);
}

np_err httpgo_start(struct http *h)
{
	h->easy = curlm_take(h->run->env->curl);
	if (!h->easy)
		return NP_E_NOMEM;
	h->error[0] = 0;
	buf_reset(&h->body);
	h->body.max = HTTP_CHECK_BODY_MAX;
	h->body_cut = h->head_too_large = false;
	h->head_bytes = h->fields = 0;
	set_callbacks(h);
	if (add_headers(h) < 0 || set_address(h) < 0 || set_method(h) != CURLE_OK ||
	    curl_easy_setopt(h->easy, CURLOPT_HTTPHEADER, h->headers) != CURLE_OK ||
	    curl_easy_setopt(h->easy, CURLOPT_URL, h->url) != CURLE_OK)
		return NP_E_NOMEM;
	check_stage(h->run, h->tgt.tls ? "shaking hands with or waiting for" : "waiting for",
		    str_from_c(h->url));
	return curlm_add(h->run->env->curl, h->easy, h, on_end);
}

void httpgo_stop(struct http *h)
{
	if (h->easy) {
		curl_easy_setopt(h->easy, CURLOPT_ERRORBUFFER, NULL); /* dies with the arena */
		curlm_give(h->run->env->curl, h->easy);
	}
	h->easy = NULL;
	curl_slist_free_all(h->headers);
	curl_slist_free_all(h->connect_to);
	h->headers = h->connect_to = NULL;
}

/* ---- what came of it ---------------------------------------------------------------- */

static int64_t curl_time(CURL *e, CURLINFO what)
{
	curl_off_t us = 0;
	curl_easy_getinfo(e, what, &us);
	return us;
}

void httpgo_phases(struct http *h)
{
	int64_t shake = curl_time(h->easy, CURLINFO_APPCONNECT_TIME_T);
	int64_t sent = curl_time(h->easy, CURLINFO_PRETRANSFER_TIME_T);
	int64_t first = curl_time(h->easy, CURLINFO_STARTTRANSFER_TIME_T);
	int64_t total = curl_time(h->easy, CURLINFO_TOTAL_TIME_T);
	if (shake > 0)
		check_phase(h->run, RES_P_TLS, shake - curl_time(h->easy, CURLINFO_CONNECT_TIME_T));
	if (first > 0) {
		check_phase(h->run, RES_P_FIRST_BYTE, first - sent);
		check_phase(h->run, RES_P_TRANSFER, total - first);
	}
}

static struct say_verdict fail(struct http *h, enum res_class cls, const char *what)
{
	np_str detail = str_from_c(h->error);
	np_str text = detail.n ? arena_printf(h->run->arena, "%s: %.*s", what, NP_FMT(detail))
			       : str_from_c(what);
	return (struct say_verdict){ RES_FAIL, cls, text };
}

static struct say_verdict ended(struct http *h, const char *when)
{
	char at[ADDR_TEXT_MAX];
	(void)addr_print(&h->reach.addr, at);
	/* not CURLINFO_OS_ERRNO: it may be that of a transfer before */
	bool reset = str_find(str_from_c(h->error), NP_STR("reset by peer")) != SIZE_MAX;
	np_str text = arena_printf(h->run->arena, "%s %s the connection %s", at,
				   reset ? "reset" : "closed", when);
	return (struct say_verdict){ RES_FAIL, reset ? RES_C_RESET : RES_C_CLOSED, text };
}

static struct say_verdict bad_cert(struct http *h)
{
	struct say_verdict v = { .status = RES_FAIL };
	v.cls = certs_say(&h->seen, clock_wall_us() / NP_SEC_US, h->run->arena, &v.text);
	return v;
}

static struct say_verdict tls_broke(struct http *h)
{
	np_str e = str_from_c(h->error);
	if (str_find(e, NP_STR("reset by peer")) != SIZE_MAX ||
	    str_find(e, NP_STR("SSL_ERROR_SYSCALL")) != SIZE_MAX ||
	    str_find(e, NP_STR("unexpected eof")) != SIZE_MAX)
		return ended(h, "during the TLS handshake");
	return fail(h, RES_C_TLS, "the TLS handshake failed");
}

struct say_verdict httpgo_say(struct http *h, CURLcode rc)
{
	if (h->head_too_large)
		return (struct say_verdict){ RES_FAIL, RES_C_TOO_LARGE,
					     NP_STR("the answer has more than 64 KiB of headers") };
	if (h->seen.any && !certs_ok(&h->seen))
		return bad_cert(h);
	unsigned code = (unsigned)rc; /* an enum with a hundred members: not all are named here */
	switch (code) {
	case CURLE_GOT_NOTHING:
		return ended(h, "without an answer");
	case CURLE_RECV_ERROR:
	case CURLE_SEND_ERROR:
		return ended(h, "before the answer was complete");
	case CURLE_PARTIAL_FILE:
		return fail(h, RES_C_CLOSED, "the connection ended before the body was complete");
	case CURLE_SSL_CONNECT_ERROR:
		return tls_broke(h);
	case CURLE_SSL_CIPHER:
	case CURLE_PEER_FAILED_VERIFICATION:
		return fail(h, RES_C_TLS, "the TLS handshake failed");
	case CURLE_BAD_CONTENT_ENCODING:
		return fail(h, RES_C_PROTOCOL, "the body is not what its Content-Encoding says");
	case CURLE_OUT_OF_MEMORY:
		return (struct say_verdict){ RES_UNKNOWN, RES_C_OVERLOAD,
					     NP_STR("this checker is out of memory") };
	default:
		if (!h->error[0])
			return fail(h, RES_C_PROTOCOL, curl_easy_strerror(rc));
		return fail(h, RES_C_PROTOCOL, "the answer is not valid HTTP");
	}
}
