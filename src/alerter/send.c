/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/send.h"

#include <jansson.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "net/addr.h"

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

/* The guard sits on the address really connected to; names and spellings mean nothing. */
static curl_socket_t on_socket(void *ctx, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct flight *f = ctx;
	const struct addr_policy pol = { .private_ok = f->notice.private_ok };
	enum addr_class class = ADDR_PUBLIC;
	if (purpose != CURLSOCKTYPE_IPCXN || !addr_allowed(&a->addr, &pol, &class)) {
		f->blocked = true;
		(void)snprintf(f->say, sizeof f->say, "the address is %s and not allowed",
			       addr_class_name(class));
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static bool add_header(struct flight *f, const char *name, const char *value)
{
	char line[512];
	(void)snprintf(line, sizeof line, "%s: %s", name, value);
	struct curl_slist *more = curl_slist_append(f->headers, line);
	if (more != NULL)
		f->headers = more;
	return more != NULL;
}

static CURLcode set_common(struct flight *f, const char *url)
{
	CURL *h = f->curl;
	CURLcode rc;
	if ((rc = curl_easy_setopt(h, CURLOPT_URL, url)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_PRIVATE, (void *)f)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_PROXY, "")) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, (long)SEND_CONNECT_MS)) !=
		    CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, (long)SEND_TOTAL_MS)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, on_answer)) != CURLE_OK)
		return rc;
	return curl_easy_setopt(h, CURLOPT_WRITEDATA, (void *)f);
}

static CURLcode set_webhook(struct flight *f)
{
	CURL *h = f->curl;
	CURLcode rc;
	if ((rc = curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https")) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_OPENSOCKETFUNCTION, on_socket)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_OPENSOCKETDATA, (void *)f)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_USERAGENT, "NetPulse/" NP_VERSION)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_HTTPHEADER, f->headers)) != CURLE_OK ||
	    (rc = curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body.n)) !=
		    CURLE_OK)
		return rc;
	return curl_easy_setopt(h, CURLOPT_POSTFIELDS, f->body.p);
}

static void prepare_webhook(struct flight *f, const json_t *config, int64_t wall_us)
{
	char key[37] = { 0 }, signature[MESSAGE_SIGNATURE_MAX];
	const char *url = json_string_value(json_object_get(config, "url"));
	if (url == NULL || message_webhook(&f->notice, &f->body) < 0) {
		give_up(f, "the channel has no address, or the notice is damaged");
		return;
	}
	str_uuid(f->notice.key, key);
	message_signature(f->notice.secret, buf_str(&f->body), wall_us, signature);
	bool fine = add_header(f, "Content-Type", "application/json") &&
		    add_header(f, "Idempotency-Key", key) && add_header(f, "Expect", "");
	if (fine && f->notice.secret.n > 0)
		fine = add_header(f, "NetPulse-Signature", signature);
	f->curl = fine ? curl_easy_init() : NULL;
	if (f->curl == NULL || set_common(f, url) != CURLE_OK || set_webhook(f) != CURLE_OK)
		give_up(f, "the request could not be made: is the address well-formed?");
}

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

static void prepare_mail(struct flight *f, const json_t *config, const struct send_cfg *cfg,
			 int64_t wall_us)
{
	const char *to = json_string_value(json_object_get(config, "to"));
	if (cfg->smtp_url == NULL) {
		give_up(f, "no mail server is configured: start with --smtp URL and --mail-from");
		return;
	}
	const struct mail_from_to who = { .from = str_from_c(cfg->smtp_from),
					  .to = str_from_c(to),
					  .public_url = cfg->public_url,
					  .at_us = wall_us };
	if (to == NULL || message_mail(&f->notice, &who, &f->body) < 0) {
		give_up(f, "the channel's address is not well-formed, or the notice is damaged");
		return;
	}
	f->rcpt = curl_slist_append(NULL, to);
	f->curl = f->rcpt != NULL ? curl_easy_init() : NULL;
	if (f->curl == NULL || set_common(f, cfg->smtp_url) != CURLE_OK ||
	    set_mail(f, cfg) != CURLE_OK)
		give_up(f, "the message could not be made: is the secret's file readable?");
}

void send_prepare(struct flight *f, const struct send_cfg *cfg, int64_t wall_us)
{
	buf_init(&f->body, MESSAGE_MAX);
	buf_init(&f->answer, SEND_ANSWER_MAX);
	f->at_us = wall_us;
	f->started_ms = clock_mono_ms();
	if (f->notice.gone) {
		give_up(f, "the channel was deleted");
		return;
	}
	json_t *config =
		json_loadb(f->notice.config.p, f->notice.config.n, JSON_REJECT_DUPLICATES, NULL);
	if (str_eq_c(f->notice.channel_kind, "webhook"))
		prepare_webhook(f, config, wall_us);
	else if (str_eq_c(f->notice.channel_kind, "email"))
		prepare_mail(f, config, cfg, wall_us);
	else
		give_up(f, "this program does not know channels of that kind");
	json_decref(config);
}

void send_finish(struct flight *f, CURLcode rc)
{
	bool mail = str_eq_c(f->notice.channel_kind, "email");
	long code = 0, request = 0;
	(void)curl_easy_getinfo(f->curl, CURLINFO_RESPONSE_CODE, &code);
	(void)curl_easy_getinfo(f->curl, CURLINFO_REQUEST_SIZE, &request);
	if (rc == CURLE_OK || (mail && code >= 400)) {
		f->outcome = mail ? retry_of_smtp(code) : retry_of_http(code);
		(void)snprintf(f->say, sizeof f->say, "%s %ld", mail ? "SMTP" : "HTTP", code);
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
