/* SPDX-License-Identifier: Apache-2.0 */
#include "net/http.h"

#include <llhttp.h>

#include "base/str.h"

/* Chunk framing around a body: bytes on the wire past this are an attack. */
#define WIRE_FACTOR 8
#define WIRE_EXTRA ((size_t)4096)
#define HTTP_BODY_CEILING ((size_t)64 * 1024 * 1024)

/* Where the line scanner stands in the head. */
enum scan {
	SCAN_FIRST,      /* before the first line: empty lines are skipped */
	SCAN_LINE,       /* first line */
	SCAN_LINE_START, /* of a field */
	SCAN_NAME,
	SCAN_VALUE,
	SCAN_CR,      /* LF must follow */
	SCAN_LAST_CR, /* of the empty line */
	SCAN_END,
};

struct http_msg {
	enum http_kind kind;
	enum scan scan;
	llhttp_t ll;
	struct buf head_text, body;
	struct http_head head;
	size_t wire; /* bytes of framed body so far */
	bool head_given, complete, no_body, trailer;
	uint16_t bad_status;
	const char *bad_why;
};

static enum http_rc bad(struct http_msg *m, uint16_t status, const char *why)
{
	if (m->bad_status == 0) {
		m->bad_status = status;
		m->bad_why = why;
	}
	return HTTP_BAD;
}

/* ---- the head, byte by byte ------------------------------------------------------------ */

static const char *scan_first(struct http_msg *m, unsigned char c)
{
	if (c == '\r' || c == '\n')
		return NULL; /* an empty line after an earlier body: not stored */
	m->scan = SCAN_LINE;
	return c > ' ' && c < 0x7f ? NULL : "control byte in the first line";
}

static const char *scan_line(struct http_msg *m, unsigned char c)
{
	if (c == '\r')
		m->scan = SCAN_CR;
	else if (c < ' ' || c >= 0x7f)
		return "control byte in the first line";
	return NULL;
}

static const char *scan_line_start(struct http_msg *m, unsigned char c)
{
	if (c == '\r')
		m->scan = SCAN_LAST_CR;
	else if (c == ' ' || c == '\t')
		return "folded field";
	else if (c == ':')
		return "field without a name";
	else
		m->scan = SCAN_NAME;
	return c < ' ' && c != '\r' ? "control byte in a field" : NULL;
}

static const char *scan_name(struct http_msg *m, unsigned char c)
{
	if (c == ':')
		m->scan = SCAN_VALUE;
	else if (c <= ' ' || c >= 0x7f)
		return "space or control byte in a field's name";
	return NULL;
}

static const char *scan_value(struct http_msg *m, unsigned char c)
{
	if (c == '\r')
		m->scan = SCAN_CR;
	else if ((c < ' ' && c != '\t') || c == 0x7f)
		return "control byte in a field";
	return NULL;
}

static const char *scan_byte(struct http_msg *m, unsigned char c)
{
	switch (m->scan) {
	case SCAN_FIRST:
		return scan_first(m, c);
	case SCAN_LINE:
		return scan_line(m, c);
	case SCAN_LINE_START:
		return scan_line_start(m, c);
	case SCAN_NAME:
		return scan_name(m, c);
	case SCAN_VALUE:
		return scan_value(m, c);
	case SCAN_CR:
		m->scan = SCAN_LINE_START;
		return c == '\n' ? NULL : "CR without LF";
	case SCAN_LAST_CR:
		m->scan = SCAN_END;
		return c == '\n' ? NULL : "CR without LF";
	case SCAN_END:
		break;
	}
	return "byte after the head";
}

/* ---- llhttp's callbacks -------------------------------------------------------------------- */

static struct http_msg *self(llhttp_t *ll)
{
	return ll->data;
}

static int on_url(llhttp_t *ll, const char *at, size_t n)
{
	self(ll)->head.target = (np_str){ at, n };
	return 0;
}

static int on_field(llhttp_t *ll, const char *at, size_t n)
{
	struct http_msg *m = self(ll);
	if (m->head_given) {
		m->trailer = true;
		return HPE_USER;
	}
	if (m->head.n_fields >= HTTP_FIELDS_MAX) {
		(void)bad(m, 431, "too many fields");
		return HPE_USER;
	}
	m->head.fields[m->head.n_fields++] = (struct http_field){ .name = { at, n } };
	return 0;
}

static int on_value(llhttp_t *ll, const char *at, size_t n)
{
	struct http_msg *m = self(ll);
	if (m->head.n_fields == 0)
		return HPE_USER;
	struct http_field *f = &m->head.fields[m->head.n_fields - 1];
	const char *from = f->value.p ? f->value.p : at; /* llhttp may give it in pieces */
	f->value = str_trim((np_str){ from, (size_t)(at + n - from) });
	return 0;
}

static int on_body(llhttp_t *ll, const char *at, size_t n)
{
	struct http_msg *m = self(ll);
	if (buf_add(&m->body, (np_str){ at, n }) == NP_OK)
		return 0;
	if (m->body.err == NP_E_LIMIT)
		(void)bad(m, 413, "body too large");
	else
		(void)bad(m, 503, "out of memory");
	return HPE_USER;
}

static int on_complete(llhttp_t *ll)
{
	self(ll)->complete = true;
	return HPE_PAUSED;
}

static const llhttp_settings_t settings = {
	.on_url = on_url,
	.on_header_field = on_field,
	.on_header_value = on_value,
	.on_body = on_body,
	.on_message_complete = on_complete,
};

/* ---- the complete head ----------------------------------------------------------------------- */

static size_t count_field(const struct http_head *h, const char *name)
{
	size_t n = 0;
	for (size_t i = 0; i < h->n_fields; i++)
		n += str_eq_nocase(h->fields[i].name, str_from_c(name));
	return n;
}

static bool has_token(const struct http_head *h, const char *name, const char *token)
{
	for (size_t i = 0; i < h->n_fields; i++) {
		np_str rest = h->fields[i].value, part;
		if (!str_eq_nocase(h->fields[i].name, str_from_c(name)))
			continue;
		while (rest.n > 0) {
			(void)str_cut(rest, ',', &part, &rest);
			if (str_eq_nocase(str_trim(part), str_from_c(token)))
				return true;
		}
	}
	return false;
}

static bool is_host_value(np_str v)
{
	for (size_t i = 0; i < v.n; i++) {
		char c = v.p[i];
		bool alnum =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!alnum && !strchr("-._:[]%", c))
			return false;
	}
	return true;
}

static enum http_rc check_lengths(struct http_msg *m)
{
	const struct http_head *h = &m->head;
	bool chunked = count_field(h, "transfer-encoding") > 0;
	if (count_field(h, "content-length") > 1)
		return bad(m, 400, "several Content-Length fields");
	if (chunked && count_field(h, "content-length") > 0)
		return bad(m, 400, "both Content-Length and Transfer-Encoding");
	if (chunked && (count_field(h, "transfer-encoding") > 1 ||
			!str_eq_nocase(http_field(h, "transfer-encoding"), NP_STR("chunked"))))
		return bad(m, 501, "transfer coding not supported");
	if (chunked && h->minor == 0)
		return bad(m, 400, "Transfer-Encoding in HTTP/1.0");
	return HTTP_MORE;
}

static enum http_rc check_request(struct http_msg *m)
{
	const struct http_head *h = &m->head;
	size_t hosts = count_field(h, "host");
	if (hosts > 1 || (hosts == 0 && h->minor > 0))
		return bad(m, 400, "a request needs exactly one Host field");
	if (!is_host_value(http_field(h, "host")))
		return bad(m, 400, "malformed Host field");
	if (h->target.n > HTTP_TARGET_MAX)
		return bad(m, 414, "target too long");
	if (h->target.n == 0 || (h->target.p[0] != '/' && !str_eq_c(h->target, "*")))
		return bad(m, 400, "the target must be a path");
	if (count_field(h, "expect") > 0 && !h->expect_continue)
		return bad(m, 417, "unknown expectation");
	return HTTP_MORE;
}

static bool has_body(const struct http_msg *m)
{
	uint16_t status = m->head.status;
	if (m->ll.flags & F_CHUNKED)
		return true;
	if (m->ll.flags & F_CONTENT_LENGTH)
		return m->head.content_length > 0;
	return m->kind == HTTP_KIND_RESPONSE && status >= 200 && status != 204 && status != 304;
}

static enum http_rc fill_head(struct http_msg *m)
{
	struct http_head *h = &m->head;
	const llhttp_t *ll = &m->ll;
	h->minor = ll->http_minor;
	h->keep_alive = llhttp_should_keep_alive(ll) == 1;
	h->content_length = -1;
	if (m->kind == HTTP_KIND_REQUEST)
		h->method = str_from_c(llhttp_method_name((llhttp_method_t)ll->method));
	else
		h->status = ll->status_code;
	np_str length = http_field(h, "content-length");
	uint64_t n;
	if (length.p) {
		if (str_to_u64(length, &n) < 0 || n > INT64_MAX)
			return bad(m, 400, "malformed Content-Length");
		h->content_length = (int64_t)n;
	}
	h->upgrade = has_token(h, "connection", "upgrade") && http_field(h, "upgrade").n > 0;
	h->expect_continue = h->minor > 0 && has_token(h, "expect", "100-continue");
	h->has_body = has_body(m);
	if (ll->http_major != 1)
		return bad(m, 505, "HTTP version not supported");
	if (check_lengths(m) == HTTP_BAD)
		return HTTP_BAD;
	return m->kind == HTTP_KIND_REQUEST ? check_request(m) : HTTP_MORE;
}

/* llhttp reads the whole head at once, so that its slices point into our copy. It must stop
 * right behind it: on_headers_complete is not used, since bytes of the body come separately. */
static enum http_rc parse_head(struct http_msg *m)
{
	static const struct {
		llhttp_errno_t from;
		uint16_t status;
		const char *why;
	} rows[] = {
		{ HPE_INVALID_METHOD, 501, "unknown method" },
		{ HPE_INVALID_VERSION, 505, "HTTP version not supported" },
		{ HPE_INVALID_URL, 400, "malformed target" },
		{ HPE_INVALID_CONTENT_LENGTH, 400, "malformed Content-Length" },
		{ HPE_UNEXPECTED_CONTENT_LENGTH, 400, "several lengths" },
		{ HPE_INVALID_TRANSFER_ENCODING, 400, "malformed Transfer-Encoding" },
	};
	llhttp_errno_t rc = llhttp_execute(&m->ll, m->head_text.p, m->head_text.n);
	for (size_t i = 0; i < NP_LEN(rows); i++)
		if (rc == rows[i].from)
			return bad(m, rows[i].status, rows[i].why);
	if (rc != HPE_OK && rc != HPE_PAUSED && rc != HPE_PAUSED_UPGRADE)
		return bad(m, 400, "malformed head");
	return fill_head(m);
}

static enum http_rc feed_head(struct http_msg *m, np_str bytes, size_t *ret_used)
{
	size_t i = 0, from = 0;
	while (i < bytes.n && m->scan != SCAN_END) {
		bool skipped = m->scan == SCAN_FIRST;
		const char *why = scan_byte(m, (unsigned char)bytes.p[i++]);
		if (why)
			return bad(m, 400, why);
		if (skipped && m->scan == SCAN_FIRST)
			from = i;
	}
	*ret_used = i;
	np_err e = buf_add(&m->head_text, str_sub(bytes, from, i));
	if (e == NP_E_LIMIT)
		return bad(m, 431, "head too large");
	if (e < 0)
		return bad(m, 503, "out of memory");
	if (m->scan != SCAN_END)
		return HTTP_MORE;
	if (parse_head(m) == HTTP_BAD)
		return HTTP_BAD;
	m->head_given = true;
	return HTTP_HEAD_DONE;
}

/* ---- the body ----------------------------------------------------------------------------------- */

static enum http_rc feed_body(struct http_msg *m, np_str bytes, size_t *ret_used)
{
	if (m->complete || m->no_body || !m->head.has_body)
		return HTTP_DONE;
	if (m->head.content_length >= 0 && (uint64_t)m->head.content_length > m->body.max)
		return bad(m, 413, "body too large");
	if (bytes.n == 0)
		return HTTP_MORE;
	llhttp_errno_t rc = llhttp_execute(&m->ll, bytes.p, bytes.n);
	if (rc == HPE_OK) {
		*ret_used = bytes.n;
	} else if (m->complete && (rc == HPE_PAUSED || rc == HPE_PAUSED_UPGRADE)) {
		*ret_used = (size_t)(llhttp_get_error_pos(&m->ll) - bytes.p);
		return HTTP_DONE;
	} else {
		return bad(m, 400, m->trailer ? "trailers are not supported" : "malformed body");
	}
	m->wire += bytes.n;
	if (m->wire > m->body.max * WIRE_FACTOR + WIRE_EXTRA)
		return bad(m, 413, "too much chunk framing");
	return HTTP_MORE;
}

enum http_rc http_feed(struct http_msg *m, np_str bytes, size_t *ret_used)
{
	*ret_used = 0;
	if (m->bad_status)
		return HTTP_BAD;
	return m->head_given ? feed_body(m, bytes, ret_used) : feed_head(m, bytes, ret_used);
}

enum http_rc http_eof(struct http_msg *m)
{
	if (m->bad_status)
		return HTTP_BAD;
	bool to_the_end = m->kind == HTTP_KIND_RESPONSE && m->head_given && m->head.has_body &&
			  m->head.content_length < 0 && !(m->ll.flags & F_CHUNKED);
	if (to_the_end || m->complete)
		return HTTP_DONE;
	return bad(m, 400, "the connection ended within a message");
}

/* ---- life and looks ------------------------------------------------------------------------------ */

struct http_msg *http_new(enum http_kind kind)
{
	struct http_msg *m = np_zalloc(sizeof *m);
	if (!m)
		return NULL;
	m->kind = kind;
	buf_init(&m->head_text, HTTP_HEAD_MAX);
	buf_init(&m->body, 0);
	http_reset(m);
	return m;
}

void http_free(struct http_msg *m)
{
	if (!m)
		return;
	buf_done(&m->head_text);
	buf_done(&m->body);
	free(m);
}

void http_reset(struct http_msg *m)
{
	buf_done(&m->body);
	buf_reset(&m->head_text);
	buf_init(&m->body, 0);
	*m = (struct http_msg){ .kind = m->kind, .head_text = m->head_text, .body = m->body };
	llhttp_init(&m->ll, m->kind == HTTP_KIND_REQUEST ? HTTP_REQUEST : HTTP_RESPONSE, &settings);
	m->ll.data = m;
}

bool http_is_idle(const struct http_msg *m)
{
	return m->scan == SCAN_FIRST && m->bad_status == 0;
}

void http_body_max(struct http_msg *m, size_t max)
{
	m->body.max = max < HTTP_BODY_CEILING ? max : HTTP_BODY_CEILING;
}

void http_no_body(struct http_msg *m)
{
	m->no_body = true;
}

const struct http_head *http_head(const struct http_msg *m)
{
	return &m->head;
}

np_str http_body(const struct http_msg *m)
{
	return buf_str(&m->body);
}

np_str http_field(const struct http_head *h, const char *name)
{
	for (size_t i = 0; i < h->n_fields; i++)
		if (str_eq_nocase(h->fields[i].name, str_from_c(name)))
			return (np_str){ h->fields[i].value.p ? h->fields[i].value.p : "",
					 h->fields[i].value.n };
	return (np_str){ NULL, 0 };
}

uint16_t http_bad_status(const struct http_msg *m)
{
	return m->bad_status;
}

const char *http_bad_why(const struct http_msg *m)
{
	return m->bad_why ? m->bad_why : "";
}

const char *http_status_text(uint16_t status)
{
	static const struct {
		uint16_t status;
		const char *text;
	} rows[] = {
		{ 100, "Continue" },
		{ 101, "Switching Protocols" },
		{ 200, "OK" },
		{ 201, "Created" },
		{ 202, "Accepted" },
		{ 204, "No Content" },
		{ 206, "Partial Content" },
		{ 301, "Moved Permanently" },
		{ 302, "Found" },
		{ 303, "See Other" },
		{ 304, "Not Modified" },
		{ 307, "Temporary Redirect" },
		{ 308, "Permanent Redirect" },
		{ 400, "Bad Request" },
		{ 401, "Unauthorized" },
		{ 403, "Forbidden" },
		{ 404, "Not Found" },
		{ 405, "Method Not Allowed" },
		{ 406, "Not Acceptable" },
		{ 408, "Request Timeout" },
		{ 409, "Conflict" },
		{ 410, "Gone" },
		{ 411, "Length Required" },
		{ 412, "Precondition Failed" },
		{ 413, "Content Too Large" },
		{ 414, "URI Too Long" },
		{ 415, "Unsupported Media Type" },
		{ 417, "Expectation Failed" },
		{ 421, "Misdirected Request" },
		{ 422, "Unprocessable Content" },
		{ 426, "Upgrade Required" },
		{ 428, "Precondition Required" },
		{ 429, "Too Many Requests" },
		{ 431, "Request Header Fields Too Large" },
		{ 500, "Internal Server Error" },
		{ 501, "Not Implemented" },
		{ 502, "Bad Gateway" },
		{ 503, "Service Unavailable" },
		{ 504, "Gateway Timeout" },
		{ 505, "HTTP Version Not Supported" },
		{ 507, "Insufficient Storage" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++)
		if (rows[i].status == status)
			return rows[i].text;
	return "Unknown";
}

bool http_name_ok(np_str name)
{
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool alnum =
			(c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!alnum && (c == 0 || !strchr("!#$%&'*+-.^_`|~", c)))
			return false;
	}
	return name.n > 0;
}

bool http_value_ok(np_str value)
{
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}
