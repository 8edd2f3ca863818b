/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/message.h"

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
	(void)buf_printf(out, "{\"id\":\"%.36s\"%s", id, n->was_down ? ",\"was_down\":true" : "");
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

/* Colours that are legible on white and on black; the client may pick either (color-scheme). */
static const char html[] =
	"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	"<meta name=\"viewport\" content=\"width=device-width\">"
	"<meta name=\"color-scheme\" content=\"light dark\">"
	"<meta name=\"supported-color-schemes\" content=\"light dark\">"
	"<title>${=title}</title></head>"
	"<body style=\"margin:0;padding:24px;font:16px/1.5 system-ui,-apple-system,'Segoe UI',sans-serif;"
	"color-scheme:light dark\">"
	"<div style=\"max-width:36em;margin:0 auto\">"
	"<p style=\"margin:0 0 16px;padding-left:12px;border-left:4px solid ${=colour};"
	"font-size:20px;font-weight:600\">${title}</p>"
	"<p style=\"margin:0 0 24px\">${text}</p>"
	"${?ack}<p style=\"margin:0 0 16px\"><a href=\"${ack}\" style=\"display:inline-block;padding:10px 18px;"
	"border-radius:6px;background-color:#175cd3;color:#ffffff;text-decoration:none;font-weight:600\">"
	"Acknowledge</a></p>${/}"
	"${?link}<p style=\"margin:0 0 24px\"><a href=\"${link}\" style=\"color:#3b82f6\">Open in NetPulse</a></p>${/}"
	"</div></body></html>\r\n";
static const char plain[] = "${text}\n${?ack}\nAcknowledge: ${ack}\n${/}${?link}\n${link}\n${/}";

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

/* First of its thread: what follows refers to a message of that name, whether it came or not. */
static void add_thread(struct buf *out, const struct notice *n)
{
	char key[36], thread[36];
	str_uuid(n->key, key);
	str_uuid(n->subject, thread);
	(void)buf_printf(out, "Message-ID: <%.36s@netpulse>\r\nReferences: <%.36s@netpulse>\r\n",
			 key, thread);
	if (!str_eq_c(n->kind, "opened"))
		(void)buf_printf(out, "In-Reply-To: <%.36s@netpulse>\r\n", thread);
}

static void add_headers(struct buf *out, const struct notice *n, const struct mail_from_to *who,
			np_str title)
{
	(void)buf_printf(out, "From: NetPulse <%.*s>\r\nTo: <%.*s>\r\n", NP_FMT(who->from),
			 NP_FMT(who->to));
	(void)buf_add_c(out, "Subject: ");
	add_encoded(out, title);
	(void)buf_add_c(out, "\r\n");
	add_date(out, who->at_us);
	add_thread(out, n);
	(void)buf_add_c(out, "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n");
}

/* Both parts are base64: no line of them can look like the boundary. */
static np_err add_part(struct buf *out, const struct tpl_vars *words, const char *type,
		       enum tpl_markup markup)
{
	NP_CLEANUP(buf_done) struct buf text;
	const struct tpl_how how = { .vars = words, .markup = markup, .format = TPL_TEXT };
	buf_init(&text, MESSAGE_MAX / 4);
	np_err e = tpl_render(markup == TPL_PLAIN ? plain : html, &how, &text);
	if (e < 0)
		return e;
	(void)buf_printf(out,
			 "--=_netpulse\r\nContent-Type: %s; charset=utf-8\r\n"
			 "Content-Transfer-Encoding: base64\r\n\r\n",
			 type);
	add_base64_body(out, buf_str(&text));
	return buf_failed(out);
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

np_err message_mail(const struct notice *n, const struct tpl_vars *words,
		    const struct mail_from_to *who, struct buf *out)
{
	if (!address_ok(who->to) || !address_ok(who->from))
		return NP_E_INVAL;
	add_headers(out, n, who, tpl_get(words, NP_STR("title")));
	(void)buf_add_c(out,
			"Content-Type: multipart/alternative; boundary=\"=_netpulse\"\r\n\r\n");
	np_err e = add_part(out, words, "text/plain", TPL_PLAIN);
	if (e == NP_OK)
		e = add_part(out, words, "text/html", TPL_HTML_BR);
	if (e == NP_OK)
		e = buf_add_c(out, "--=_netpulse--\r\n");
	return e;
}
