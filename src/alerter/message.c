/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/message.h"

#include <jansson.h>
#include <sodium.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "base/jsonw.h"
#include "base/str.h"

#define LINE_RAW 57 /* bytes that become one 76-character line of base64 */

np_err message_webhook(const struct notice *n, struct buf *out)
{
	np_str body = str_trim(n->body);
	if (body.n < 2 || body.p[0] != '{' || body.p[body.n - 1] != '}')
		return NP_E_INVAL;
	char id[36];
	str_uuid(n->key, id);
	(void)buf_printf(out, "{\"id\":\"%.36s\"", id);
	np_str rest = str_trim(str_sub(body, 1, body.n));
	if (rest.n > 1)
		(void)buf_add_byte(out, ',');
	return buf_add(out, rest);
}

void message_signature(np_str secret, np_str body, int64_t at_us, char ret[MESSAGE_SIGNATURE_MAX])
{
	NP_CLEANUP(buf_done) struct buf text;
	uint8_t mac[CRYPT_SHA256_LEN];
	char hex[2 * CRYPT_SHA256_LEN];
	long long t = (long long)(at_us / NP_SEC_US);
	buf_init(&text, MESSAGE_MAX + 32);
	(void)buf_printf(&text, "%lld.", t);
	(void)buf_add(&text, body);
	crypt_hmac_sha256(secret, buf_str(&text), mac);
	str_hex(mac, sizeof mac, hex);
	(void)snprintf(ret, MESSAGE_SIGNATURE_MAX, "t=%lld,v1=%.64s", t, hex);
}

/* ---- mail ------------------------------------------------------------------ */

static const char *json_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));
	return s != NULL ? s : "";
}

struct wording {
	const char *kind, *subject, *lead;
};
static const struct wording wordings[] = {
	{ "opened", "DOWN", "is down" },
	{ "reminder", "STILL DOWN", "is still down" },
	{ "acknowledged", "ACKNOWLEDGED", "is down; somebody is on it" },
	{ "resolved", "UP", "is up again" },
	{ "reopened", "DOWN AGAIN", "was closed by hand and is still down" },
	{ "stale", "NO DATA", "is down and nobody can see it any more" },
	{ "nodata", "NO DATA", "cannot be seen" },
	{ "data_back", "DATA IS BACK", "can be seen again" },
	{ "test", "TEST", "this is a test notice" },
};

static struct wording wording_of(np_str kind)
{
	for (size_t i = 0; i < NP_LEN(wordings); i++)
		if (str_eq_c(kind, wordings[i].kind))
			return wordings[i];
	return (struct wording){ "", "NOTICE", "has news" };
}

/* One RFC 2047 encoded-word per 45 bytes, so that each stays below 75 characters. */
static void add_encoded(struct buf *out, np_str text)
{
	char b64[64 + 4];
	text = str_clip_utf8(text, 180);
	while (text.n > 0) {
		np_str part = str_clip_utf8(text, 42);
		if (part.n == 0) /* no character boundary: not UTF-8 after all */
			return;
		(void)sodium_bin2base64(b64, sizeof b64, (const unsigned char *)part.p, part.n,
					sodium_base64_VARIANT_ORIGINAL);
		(void)buf_printf(out, "=?UTF-8?B?%s?=", b64);
		text = str_sub(text, part.n, text.n);
		if (text.n > 0)
			(void)buf_add_c(out, "\r\n ");
	}
}

static void add_base64_body(struct buf *out, np_str text)
{
	char b64[80];
	while (text.n > 0) {
		np_str part = str_sub(text, 0, LINE_RAW);
		(void)sodium_bin2base64(b64, sizeof b64, (const unsigned char *)part.p, part.n,
					sodium_base64_VARIANT_ORIGINAL);
		(void)buf_printf(out, "%s\r\n", b64);
		text = str_sub(text, part.n, text.n);
	}
}

static void add_date(struct buf *out, int64_t at_us)
{
	static const char *const days[] = { "Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
					      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	struct clock_date d = clock_date_of(at_us);
	char hms[9];
	clock_hms(at_us, hms);
	(void)buf_printf(out, "Date: %s, %02d %s %04d %s +0000\r\n", days[(at_us / NP_DAY_US) % 7],
			 d.day, months[d.month - 1], d.year, hms);
}

static np_err add_text(struct buf *text, const struct notice *n, const json_t *body,
		       np_str public_url)
{
	const json_t *monitor = json_object_get(body, "monitor");
	const json_t *incident = json_object_get(body, "incident");
	const char *opened = json_text(incident, "opened_at");
	const char *closed = json_text(incident, "closed_at");
	(void)buf_printf(text, "%s %s\r\n\r\n", json_text(monitor, "name"),
			 wording_of(n->kind).lead);
	(void)buf_printf(text, "%s\r\n\r\n", json_text(body, "why"));
	if (*json_text(monitor, "target") != '\0')
		(void)buf_printf(text, "Target:   %s\r\n", json_text(monitor, "target"));
	if (*opened != '\0')
		(void)buf_printf(text, "Down at:  %s\r\n", opened);
	if (*closed != '\0')
		(void)buf_printf(text, "Up at:    %s\r\n", closed);
	if (*json_text(incident, "id") != '\0')
		(void)buf_printf(text, "\r\n%.*s/app/incidents/%s\r\n", NP_FMT(public_url),
				 json_text(incident, "id"));
	return buf_failed(text);
}

static void add_headers(struct buf *out, const struct notice *n, const struct mail_from_to *who,
			const json_t *body)
{
	NP_CLEANUP(buf_done) struct buf subject;
	char key[36], thread[36];
	buf_init(&subject, 512);
	str_uuid(n->key, key);
	str_uuid(n->subject, thread);
	(void)buf_printf(&subject, "%s: %s", wording_of(n->kind).subject,
			 json_text(json_object_get(body, "monitor"), "name"));
	(void)buf_printf(out, "From: NetPulse <%.*s>\r\nTo: <%.*s>\r\n", NP_FMT(who->from),
			 NP_FMT(who->to));
	(void)buf_add_c(out, "Subject: ");
	add_encoded(out, buf_str(&subject));
	(void)buf_add_c(out, "\r\n");
	add_date(out, who->at_us);
	(void)buf_printf(out,
			 "Message-ID: <%.36s@netpulse>\r\nReferences: <%.36s@netpulse>\r\n"
			 "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
			 "Content-Type: text/plain; charset=utf-8\r\n"
			 "Content-Transfer-Encoding: base64\r\n\r\n",
			 key, thread);
}

/* An address goes into a header and into SMTP's own commands as it is. */
static bool address_ok(np_str s)
{
	if (s.n < 3 || s.n > 254 || str_find_byte(s, '@') == SIZE_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '<' || s.p[i] == '>' ||
		    s.p[i] == 0x7f)
			return false;
	return true;
}

np_err message_mail(const struct notice *n, const struct mail_from_to *who, struct buf *out)
{
	NP_CLEANUP(buf_done) struct buf text;
	buf_init(&text, MESSAGE_MAX / 2);
	json_t *body = json_loadb(n->body.p, n->body.n, JSON_REJECT_DUPLICATES, NULL);
	np_err e = !json_is_object(body) || !address_ok(who->to) || !address_ok(who->from)
			   ? NP_E_INVAL
			   : add_text(&text, n, body, who->public_url);
	if (e == NP_OK) {
		add_headers(out, n, who, body);
		add_base64_body(out, buf_str(&text));
		e = buf_failed(out);
	}
	json_decref(body);
	return e;
}
