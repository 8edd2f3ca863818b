/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/send.h"

#include <jansson.h>
#include <sys/socket.h>
#include <unistd.h>

#include "alerter/answer.h"
#include "alerter/guard.h"
#include "alerter/message.h"
#include "base/clock.h"
#include "base/str.h"
#include "net/addr.h"

#define URL_LEN_MAX ((size_t)8 * 1024)
#define HEADER_MAX ((size_t)2048)

static void give_up(struct flight *f, const char *why)
{
	f->outcome = OUTCOME_DEAD;
	(void)snprintf(f->say, sizeof f->say, "%s", why);
	if (f->curl != NULL)
		curl_easy_cleanup(f->curl);
	f->curl = NULL;
}

static size_t on_answer(char *p, size_t size, size_t n, void *ctx)
{
	struct flight *f = ctx;
	/* More than the maximum is read and forgotten: a long answer is no failed delivery. */
	if (f->answer.n + size * n <= SEND_ANSWER_MAX)
		(void)buf_add(&f->answer, (np_str){ p, size * n });
	return size * n;
}

static size_t on_mail(char *p, size_t size, size_t n, void *ctx)
{
	struct flight *f = ctx;
	np_str part = str_sub(buf_str(&f->body), f->sent, f->sent + size * n);
	if (part.n > 0)
		memcpy(p, part.p, part.n);
	f->sent += part.n;
	return part.n;
}

static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct flight *f = ctx;
	char say[GUARD_SAY_MAX] = "";
	if (purpose == CURLSOCKTYPE_IPCXN && f->guard_off)
		return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
	curl_socket_t fd = guard_socket(purpose, a, f->notice.private_ok, say);
	if (fd == CURL_SOCKET_BAD && say[0] != '\0') {
		f->blocked = true;
		(void)snprintf(f->say, sizeof f->say, "%s", say);
	}
	return fd;
}

static CURLcode set_common(struct flight *f, const struct send_cfg *cfg, const char *url)
{
	long total = cfg->total_ms > 0 ? (long)cfg->total_ms : (long)SEND_TOTAL_MS;
	CURL *h = f->curl;
	CURLcode rc;
	if ((rc = curl_easy_setopt(h, CURLOPT_URL, url)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_PRIVATE, (void *)f)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_PROXY, "")) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)SEND_CONNECT_MS)) !=
		    CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, total)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_answer)) != CURLE_OK ||
	    (cfg->ca_file != NULL &&
	     (rc = curl_easy_setopt(h, CURLOPT_CAINFO, cfg->ca_file)) != CURLE_OK))
		return rc;
	return curl_easy_setopt(h, CURLOPT_WRITEDATA, (void *)f);
}

/* Each attempt has a connection of its own: one that somebody else's guard let through is never
 * lent to an organisation that may not go there. */
static CURLcode set_http(struct flight *f)
{
	CURL *h = f->curl;
	CURLcode rc;
	if ((rc = curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https")) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_FRESH_CONNECT, 1L)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_FORBID_REUSE, 1L)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, (void *)f)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_USERAGENT, "NetPulse/" NP_VERSION)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_HTTPHEADER, f->headers)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_CUSTOMREQUEST, f->kind->method)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body.n)) !=
		    CURLE_OK)
		return rc;
	return curl_easy_setopt(h, CURLOPT_POSTFIELDS, f->body.p);
}

static bool put_header(struct flight *f, const char *line)
{
	struct curl_slist *more = curl_slist_append(f->headers, line);
	if (more != NULL)
		f->headers = more;
	return more != NULL;
}

/* A template that gives nothing is no header. */
static bool add_header(struct flight *f, const char *tpl, const struct tpl_vars *v)
{
	NP_CLEANUP(buf_done) struct buf line;
	const struct tpl_how how = { .vars = v, .format = TPL_HEADER };
	buf_init(&line, HEADER_MAX);
	if (tpl_render(tpl, &how, &line) < 0 || str_find_byte(buf_str(&line), '\n') != SIZE_MAX ||
	    str_find_byte(buf_str(&line), '\r') != SIZE_MAX)
		return false;
	/* "Name: " with an empty value would tell curl to drop the header. */
	return line.n == 0 || str_ends(buf_str(&line), NP_STR(": ")) || put_header(f, buf_c(&line));
}

static bool add_headers(struct flight *f, const struct tpl_vars *v)
{
	const struct chn_kind *k = f->kind;
	bool fine = add_header(f, "Idempotency-Key: ${&key}", v) && put_header(f, "Expect:") &&
		    add_header(f, "Content-Type: ${&type}", v);
	for (size_t i = 0; fine && i < NP_LEN(k->header) && k->header[i] != NULL; i++)
		fine = add_header(f, k->header[i], v);
	return fine;
}

/* ---- variables ----------------------------------------------------------------- */

/* "c.<key>" for each field of the channel; what is secret is remembered, so that it is not said. */
static void set_fields(struct flight *f, const json_t *config, const json_t *secret,
		       struct tpl_vars *v)
{
	static const char *const prefix = "c.";
	for (const struct chn_field *d = f->kind->field; d->key != NULL; d++) {
		const json_t *j = json_object_get(d->secret ? secret : config, d->key);
		np_str value = { json_string_value(j), json_string_length(j) };
		np_str name = arena_printf(f->arena, "%s%s", prefix, d->key);
		if (d->type == CHN_URL)
			while (str_ends(value, NP_STR("/")))
				value.n--;
		value = value.n > 0 ? arena_str(f->arena, value) : (np_str){ 0 };
		if (name.p == NULL)
			continue;
		tpl_set(v, name.p, value);
		if (d->secret && value.n > 0)
			f->secret[f->n_secret++] = value;
	}
}

static void set_how(struct flight *f, struct tpl_vars *v)
{
	np_str url = tpl_get(v, NP_STR("c.url"));
	bool query = str_find_byte(url, '?') != SIZE_MAX;
	tpl_set(v, "sep", query ? NP_STR("&") : NP_STR("?"));
	tpl_set(v, "type", str_from_c(f->kind->type));
	tpl_set(v, "action", str_from_c(f->kind->action[chn_action_of(f->notice.kind)]));
}

/* Scheme, host and port of the operator's choice; path and query stay. */
static np_str rebased(struct flight *f, const struct send_cfg *cfg, np_str url)
{
	const char *base = NULL;
	for (size_t i = 0; i < SEND_BASES_MAX && cfg->base[i].kind != NULL; i++)
		if (strcmp(cfg->base[i].kind, f->kind->name) == 0)
			base = cfg->base[i].base;
	if (base == NULL)
		return url;
	f->guard_off = true;
	size_t host = str_find(url, NP_STR("://"));
	np_str rest = host == SIZE_MAX ? (np_str){ 0 } : str_sub(url, host + 3, url.n);
	size_t path = 0;
	while (path < rest.n && rest.p[path] != '/' && rest.p[path] != '?')
		path++;
	np_str to = str_from_c(base);
	while (str_ends(to, NP_STR("/")))
		to.n--;
	return arena_printf(f->arena, "%.*s%.*s", NP_FMT(to), NP_FMT(str_sub(rest, path, rest.n)));
}

static np_err render_url(struct flight *f, const struct send_cfg *cfg, const struct tpl_vars *v,
			 const char **ret)
{
	NP_CLEANUP(buf_done) struct buf url;
	const struct tpl_how how = { .vars = v, .format = TPL_URL };
	buf_init(&url, URL_LEN_MAX);
	np_err e = tpl_render(f->kind->url, &how, &url);
	if (e < 0)
		return e;
	if (!str_starts(buf_str(&url), NP_STR("http")))
		return NP_E_INVAL;
	np_str whole = rebased(f, cfg, buf_str(&url));
	*ret = arena_c(f->arena, whole);
	return *ret != NULL ? NP_OK : NP_E_NOMEM;
}

static np_err render_body(struct flight *f, const struct tpl_vars *v)
{
	bool form = !str_eq_c(str_from_c(f->kind->type), "application/json");
	const struct tpl_how how = { .vars = v,
				     .markup = f->kind->markup,
				     .format = form ? TPL_URL : TPL_JSON };
	return tpl_render(f->kind->body, &how, &f->body);
}

static void prepare_http(struct flight *f, const struct send_cfg *cfg, struct tpl_vars *v,
			 int64_t wall_us)
{
	char signature[MESSAGE_SIGNATURE_MAX] = "";
	const char *url = NULL;
	np_str key = tpl_get(v, NP_STR("c.secret"));
	set_how(f, v);
	if (render_body(f, v) < 0 || render_url(f, cfg, v, &url) < 0) {
		give_up(f, "the channel has no address, or the notice is damaged");
		return;
	}
	if (key.n > 0)
		message_signature(key, buf_str(&f->body), wall_us, signature);
	tpl_set(v, "signature", str_from_c(signature));
	f->curl = add_headers(f, v) ? curl_easy_init() : NULL;
	if (f->curl == NULL || set_common(f, cfg, url) != CURLE_OK || set_http(f) != CURLE_OK)
		give_up(f, "the request could not be made: is the address well-formed?");
}

/* ---- mail ------------------------------------------------------------------------ */

static CURLcode set_login(struct flight *f, const struct send_cfg *cfg)
{
	NP_CLEANUP(secret_done) struct secret s = { .n = 0 };
	if (cfg->smtp_secret_file == NULL)
		return CURLE_OK;
	if (secret_load(cfg->smtp_secret_file, &s) < 0 || s.n >= SECRET_MAX)
		return CURLE_READ_ERROR;
	s.bytes[s.n] = '\0';
	return curl_easy_setopt(f->curl, CURLOPT_USERPWD, (const char *)s.bytes);
}

static CURLcode set_mail(struct flight *f, const struct send_cfg *cfg)
{
	CURL *h = f->curl;
	CURLcode rc;
	if ((rc = curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "smtp,smtps")) != CURLE_OK ||
	    /* a password never goes over a connection that is not encrypted */
	    (rc = curl_easy_setopt(h, CURLOPT_USE_SSL,
				   cfg->smtp_secret_file != NULL ? (long)CURLUSESSL_ALL
								 : (long)CURLUSESSL_TRY)) !=
		    CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_MAIL_FROM, cfg->smtp_from)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_MAIL_RCPT, f->rcpt)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_UPLOAD, 1L)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_READFUNCTION, on_mail)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_READDATA, (void *)f)) != CURLE_OK)
		return rc;
	return set_login(f, cfg);
}

static void prepare_mail(struct flight *f, const struct send_cfg *cfg, const struct tpl_vars *v,
			 int64_t wall_us)
{
	np_str to = tpl_get(v, NP_STR("c.to"));
	if (cfg->smtp_url == NULL) {
		give_up(f, "no mail server is configured: start with --smtp URL and --mail-from");
		return;
	}
	const struct mail_from_to who = { .from = str_from_c(cfg->smtp_from),
					  .to = to,
					  .at_us = wall_us };
	if (message_mail(&f->notice, v, &who, &f->body) < 0) {
		give_up(f, "the channel's address is not well-formed, or the notice is damaged");
		return;
	}
	f->rcpt = curl_slist_append(NULL, to.p);
	f->curl = f->rcpt != NULL ? curl_easy_init() : NULL;
	if (f->curl == NULL || set_common(f, cfg, cfg->smtp_url) != CURLE_OK ||
	    set_mail(f, cfg) != CURLE_OK)
		give_up(f, "the message could not be made: is the secret's file readable?");
}

static void prepare(struct flight *f, const struct send_cfg *cfg, int64_t wall_us)
{
	const struct notice *n = &f->notice;
	struct tpl_vars *v = arena_alloc(f->arena, sizeof *v);
	if (v == NULL || words_of(n, &cfg->words, f->arena, v) < 0) {
		give_up(f, "the notice is damaged");
		return;
	}
	json_t *config = json_loadb(n->config.p, n->config.n, JSON_REJECT_DUPLICATES, NULL);
	json_t *secret = json_loadb(n->secret.p, n->secret.n, JSON_REJECT_DUPLICATES, NULL);
	set_fields(f, config, secret, v);
	json_decref(config);
	json_decref(secret);
	if (f->kind->method != NULL)
		prepare_http(f, cfg, v, wall_us);
	else
		prepare_mail(f, cfg, v, wall_us);
}

void send_prepare(struct flight *f, const struct send_cfg *cfg, int64_t wall_us)
{
	buf_init(&f->body, MESSAGE_MAX);
	buf_init(&f->answer, SEND_ANSWER_MAX);
	f->at_us = wall_us;
	f->started_ms = clock_mono_ms();
	f->kind = chn_kind_of(f->notice.channel_kind);
	if (f->notice.gone)
		give_up(f, "the channel was deleted");
	else if (f->trouble != NULL)
		give_up(f, f->trouble);
	else if (f->kind == NULL || f->kind->own_api)
		give_up(f, "this program does not know channels of that kind");
	else
		prepare(f, cfg, wall_us);
}

static void answered_http(struct flight *f, long code)
{
	curl_off_t asked = 0;
	char words[SEND_SAY_MAX / 2 + 40] = "";
	f->outcome = retry_of_http(code, f->kind->retry);
	(void)curl_easy_getinfo(f->curl, CURLINFO_RETRY_AFTER, &asked);
	f->asked_s = asked > 0 ? (int64_t)asked : answer_retry_after_s(buf_str(&f->answer));
	bool odd = f->outcome == OUTCOME_SENT && !answer_has(buf_str(&f->answer), f->kind->said);
	if (odd) /* a page of somebody in between: not the service's answer */
		f->outcome = OUTCOME_RETRY;
	if (f->outcome != OUTCOME_SENT && strcmp(f->kind->name, "webhook") != 0)
		answer_words(buf_str(&f->answer), f->secret, f->n_secret, words, sizeof words);
	(void)snprintf(f->say, sizeof f->say, "HTTP %ld%s%s%s", code,
		       odd ? ", but not the answer of this service" : "",
		       words[0] != '\0' ? ": " : "", words);
}

void send_finish(struct flight *f, CURLcode rc)
{
	bool mail = f->kind->method == NULL;
	long code = 0, request = 0;
	(void)curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &code);
	(void)curl_easy_getinfo(f->curl, CURLINFO_REQUEST_SIZE, &request);
	if (mail && (rc == CURLE_OK || code >= 400)) {
		f->outcome = retry_of_smtp(code);
		(void)snprintf(f->say, sizeof f->say, "SMTP %ld", code);
		return;
	}
	if (rc == CURLE_OK) {
		answered_http(f, code);
		return;
	}
	if (f->blocked) {
		f->outcome = OUTCOME_DEAD;
		return;
	}
	/* Bytes went out and no answer came back: it may have arrived. */
	bool went = mail ? f->sent > 0 : request > 0;
	f->outcome = went ? OUTCOME_UNCERTAIN : OUTCOME_RETRY;
	(void)snprintf(f->say, sizeof f->say, "%s%s", curl_easy_strerror(rc),
		       went ? " after the message was sent" : "");
}

void send_free(struct flight *f)
{
	if (f == NULL)
		return;
	if (f->curl != NULL)
		curl_easy_cleanup(f->curl);
	curl_slist_free_all(f->headers);
	curl_slist_free_all(f->rcpt);
	buf_done(&f->body);
	buf_done(&f->answer);
	arena_free(f->arena);
	free(f);
}
