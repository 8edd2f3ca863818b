/* SPDX-License-Identifier: Apache-2.0 */
/* An HTTP message: whole and in pieces it must parse to the same thing. The first byte chooses
 * request or response, the second the size of the pieces. */
#include <stdlib.h>

#include "base/str.h"
#include "net/http.h"

#define BODY_MAX ((size_t)1000)
#define TEXT_MAX ((size_t)256 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void describe(const struct http_msg *m, struct buf *out)
{
	const struct http_head *h = http_head(m);
	(void)buf_printf(out, "%.*s %.*s %d %d%d%d%d%d %lld\n", NP_FMT(h->method),
			 NP_FMT(h->target), (int)h->status, h->minor, h->keep_alive, h->upgrade,
			 h->expect_continue, h->has_body, (long long)h->content_length);
	for (size_t i = 0; i < h->n_fields; i++) {
		if (!http_name_ok(h->fields[i].name) || !http_value_ok(h->fields[i].value))
			abort();
		(void)buf_printf(out, "%.*s: %.*s\n", NP_FMT(h->fields[i].name),
				 NP_FMT(h->fields[i].value));
	}
}

/* Messages until the first bad one, or the end of the text. */
static void transcript(enum http_kind kind, np_str text, size_t piece, struct buf *out)
{
	struct http_msg *m = http_new(kind);
	size_t at = 0;
	enum http_rc rc = HTTP_MORE;
	while (m && rc != HTTP_BAD && at < text.n) {
		np_str bytes = str_sub(text, at, at + piece);
		size_t used = 0;
		rc = http_feed(m, bytes, &used);
		if (used > bytes.n)
			abort();
		at += rc == HTTP_MORE ? bytes.n : used;
		if (rc == HTTP_HEAD_DONE) {
			describe(m, out);
			http_body_max(m, BODY_MAX);
			if (!http_head(m)->has_body)
				rc = HTTP_DONE;
		}
		if (rc == HTTP_DONE) {
			if (http_body(m).n > BODY_MAX)
				abort();
			(void)buf_printf(out, "[%.*s] until %zu\n", NP_FMT(http_body(m)), at);
			http_reset(m);
		}
	}
	if (m && rc == HTTP_BAD)
		(void)buf_printf(out, "bad %d\n", (int)http_bad_status(m));
	http_free(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	enum http_kind kind = data[0] & 1 ? HTTP_KIND_RESPONSE : HTTP_KIND_REQUEST;
	np_str text = { (const char *)data + 2, size - 2 };
	struct buf whole, pieces;
	buf_init(&whole, TEXT_MAX);
	buf_init(&pieces, TEXT_MAX);
	transcript(kind, text, text.n, &whole);
	transcript(kind, text, (size_t)(data[1] % 64) + 1, &pieces);
	if (!str_eq(buf_str(&whole), buf_str(&pieces)))
		abort();
	buf_done(&whole);
	buf_done(&pieces);
	return 0;
}
