/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include "base/buf.h"
#include "net/http.h"

#define BODY_MAX 64

/* What a text parses to, as a text of its own: head, body, end, and how much was taken. */
static void transcript(enum http_kind kind, np_str text, size_t piece, struct buf *out)
{
	struct http_msg *m = http_new(kind);
	assert_non_null(m);
	size_t at = 0;
	enum http_rc rc = HTTP_MORE;
	while (rc == HTTP_MORE && at < text.n) {
		np_str bytes = str_sub(text, at, at + piece);
		size_t used = 0;
		rc = http_feed(m, bytes, &used);
		if (rc == HTTP_BAD)
			break;
		at += rc == HTTP_MORE ? bytes.n : used;
		if (rc == HTTP_HEAD_DONE) {
			const struct http_head *h = http_head(m);
			(void)buf_printf(out, "%.*s %.*s %u |", NP_FMT(h->method),
					 NP_FMT(h->target), h->status);
			for (size_t i = 0; i < h->n_fields; i++)
				(void)buf_printf(out, "%.*s=%.*s|", NP_FMT(h->fields[i].name),
						 NP_FMT(h->fields[i].value));
			(void)buf_printf(out, "%d%d%d%d %lld", h->keep_alive, h->upgrade,
					 h->expect_continue, h->has_body,
					 (long long)h->content_length);
			http_body_max(m, BODY_MAX);
			rc = HTTP_MORE;
			if (!h->has_body)
				rc = http_feed(m, (np_str){ NULL, 0 }, &used);
		}
	}
	if (rc == HTTP_BAD)
		(void)buf_printf(out, "BAD %u %s", http_bad_status(m), http_bad_why(m));
	else
		(void)buf_printf(out, "[%.*s] rc %u left %.*s", NP_FMT(http_body(m)), rc,
				 NP_FMT(str_sub(text, at, text.n)));
	http_free(m);
}

static void check(enum http_kind kind, np_str text, const char *want)
{
	struct buf whole, split;
	buf_init(&whole, 65536);
	buf_init(&split, 65536);
	transcript(kind, text, text.n + 1, &whole);
	if (!str_eq_c(buf_str(&whole), want)) {
		print_error("text %.*s\ngot  %s\nwant %s\n", NP_FMT(text), buf_c(&whole), want);
		fail();
	}
	for (size_t piece = 1; piece <= text.n && piece < 400; piece++) {
		buf_reset(&split);
		transcript(kind, text, piece, &split);
		assert_string_equal(buf_c(&split), buf_c(&whole));
	}
	buf_done(&whole);
	buf_done(&split);
}

#define REQ(text, want)                       \
	{                                     \
		HTTP_KIND_REQUEST, text, want \
	}
#define RESP(text, want)                       \
	{                                      \
		HTTP_KIND_RESPONSE, text, want \
	}

static void any_split_gives_the_same_message(void **state)
{
	(void)state;
	static const struct {
		enum http_kind kind;
		const char *text, *want;
	} rows[] = {
		REQ("GET /a?b=c HTTP/1.1\r\nHost: x\r\nX-Y:  z \r\n\r\nGET",
		    "GET /a?b=c 0 |Host=x|X-Y=z|1000 -1[] rc 2 left GET"),
		REQ("\r\n\r\nGET / HTTP/1.1\r\nHost:\r\n\r\n",
		    "GET / 0 |Host=|1000 -1[] rc 2 left "),
		REQ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhelloPOST",
		    "POST / 0 |Host=x|Content-Length=5|1001 5[hello] rc 2 left POST"),
		REQ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\nG",
		    "POST / 0 |Host=x|Content-Length=0|1000 0[] rc 2 left G"),
		REQ("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
		    "3\r\nabc\r\n1;x=y\r\nd\r\n0\r\n\r\nXX",
		    "PUT / 0 |Host=x|Transfer-Encoding=chunked|1001 -1[abcd] rc 2 left XX"),
		REQ("GET / HTTP/1.0\r\n\r\n", "GET / 0 |0000 -1[] rc 2 left "),
		REQ("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
		    "GET / 0 |Host=x|Connection=close|0000 -1[] rc 2 left "),
		REQ("GET / HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\n"
		    "Upgrade: netpulse-stream/1\r\n\r\n\x01\x02",
		    "GET / 0 |Host=x|Connection=keep-alive, Upgrade|Upgrade=netpulse-stream/1|"
		    "1100 -1[] rc 2 left \x01\x02"),
		REQ("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nq",
		    "POST / 0 |Host=x|Expect=100-continue|Content-Length=1|1011 1[q] rc 2 left "),
		REQ("GET / HTTP/1.1\r\nHo", "[] rc 0 left "),
		RESP("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokX",
		     "  200 |Content-Length=2|1001 2[ok] rc 2 left X"),
		RESP("HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\nConnection: Upgrade\r\n\r\nzz",
		     "  101 |Upgrade=a|Connection=Upgrade|1100 -1[] rc 2 left zz"),
		RESP("HTTP/1.1 204 No Content\r\n\r\n", "  204 |1000 -1[] rc 2 left "),
	};
	for (size_t i = 0; i < NP_LEN(rows); i++)
		check(rows[i].kind, str_from_c(rows[i].text), rows[i].want);
}

static const struct {
	const char *text;
	int status;
} refused[] = {
	{ "GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\tc\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\nHost: x\n\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: x\nA: b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: x\rA: b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: x y\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: x\r\nA\x01: b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: x\r\nA\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	  400 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
	  400 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1, 1\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", 400 },
	{ "POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nA: b\r\n\r\n",
	  400 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 65\r\n\r\nx", 413 },
	{ "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "41\r\n00000000000000000000000000000000000000000000000000000000000000000\r\n",
	  413 },
	{ "GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505 },
	{ "BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501 },
	{ "GET x HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
	{ "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400 },
	{ "GET / HTTP/1.1\r\nHost: x\r\nExpect: magic\r\n\r\n", 417 },
	{ "\x16\x03\x01\x02", 400 },
};

static void refuses_what_others_would_read_differently(void **state)
{
	(void)state;
	for (size_t i = 0; i < NP_LEN(refused); i++) {
		struct buf out;
		for (size_t piece = 1; piece < 200; piece += 3) {
			buf_init(&out, 4096);
			transcript(HTTP_KIND_REQUEST, str_from_c(refused[i].text), piece, &out);
			char want[16];
			(void)snprintf(want, sizeof want, "BAD %d ", refused[i].status);
			if (str_find(buf_str(&out), str_from_c(want)) == SIZE_MAX) {
				print_error("row %zu piece %zu: %s\n%s\n", i, piece,
					    refused[i].text, buf_c(&out));
				fail();
			}
			buf_done(&out);
		}
	}
}

static void limits_the_head(void **state)
{
	(void)state;
	struct buf text, out;
	buf_init(&text, 1 << 20);
	buf_init(&out, 1 << 20);
	(void)buf_add_c(&text, "GET / HTTP/1.1\r\nHost: x\r\n");
	for (int i = 1; i < HTTP_FIELDS_MAX; i++)
		(void)buf_printf(&text, "A%d: b\r\n", i);
	size_t fits = text.n;
	(void)buf_add_c(&text, "\r\n");
	transcript(HTTP_KIND_REQUEST, buf_str(&text), text.n, &out);
	assert_true(str_find(buf_str(&out), NP_STR("rc 2")) != SIZE_MAX);
	text.n = fits;
	(void)buf_add_c(&text, "Z: b\r\n\r\n");
	buf_reset(&out);
	transcript(HTTP_KIND_REQUEST, buf_str(&text), text.n, &out);
	assert_str(buf_str(&out), "BAD 431 too many fields");
	text.n = fits;
	(void)buf_add_c(&text, "L: ");
	while (text.n < HTTP_HEAD_MAX)
		(void)buf_add_byte(&text, 'x');
	(void)buf_add_c(&text, "\r\n\r\n");
	buf_reset(&out);
	transcript(HTTP_KIND_REQUEST, buf_str(&text), 100, &out);
	assert_str(buf_str(&out), "BAD 431 head too large");
	buf_reset(&text);
	(void)buf_add_c(&text, "GET /");
	while (text.n < HTTP_TARGET_MAX + 10)
		(void)buf_add_byte(&text, 'x');
	(void)buf_add_c(&text, " HTTP/1.1\r\nHost: x\r\n\r\n");
	buf_reset(&out);
	transcript(HTTP_KIND_REQUEST, buf_str(&text), 100, &out);
	assert_str(buf_str(&out), "BAD 414 target too long");
	buf_done(&text);
	buf_done(&out);
}

/* One byte of body in a chunk each, with extensions: framing has a limit of its own. */
static void limits_chunk_framing(void **state)
{
	(void)state;
	struct buf text, out;
	buf_init(&text, 1 << 20);
	buf_init(&out, 1 << 20);
	(void)buf_add_c(&text,
			"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1;");
	for (int i = 0; i < 20000; i++)
		(void)buf_add_byte(&text, 'e');
	transcript(HTTP_KIND_REQUEST, buf_str(&text), 1000, &out);
	assert_true(str_find(buf_str(&out), NP_STR("BAD 413")) != SIZE_MAX);
	buf_done(&text);
	buf_done(&out);
}

static void a_response_may_end_with_the_connection(void **state)
{
	(void)state;
	static const struct {
		const char *text;
		enum http_rc want;
	} rows[] = {
		{ "HTTP/1.1 200 OK\r\n\r\nab", HTTP_DONE },
		{ "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", HTTP_BAD },
		{ "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", HTTP_BAD },
		{ "HTTP/1.1 200 OK\r\n", HTTP_BAD },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct http_msg *m = http_new(HTTP_KIND_RESPONSE);
		np_str rest = str_from_c(rows[i].text);
		size_t used;
		enum http_rc rc = http_feed(m, rest, &used);
		if (rc == HTTP_HEAD_DONE) {
			http_body_max(m, BODY_MAX);
			rc = http_feed(m, str_sub(rest, used, rest.n), &used);
		}
		assert_int_equal(rc, HTTP_MORE);
		assert_int_equal(http_eof(m), rows[i].want);
		if (rows[i].want == HTTP_DONE)
			assert_str(http_body(m), "ab");
		http_free(m);
	}
}

static void a_parser_can_be_used_again(void **state)
{
	(void)state;
	struct http_msg *m = http_new(HTTP_KIND_REQUEST);
	np_str text = NP_STR("POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
	size_t used;
	for (int i = 0; i < 3; i++) {
		assert_true(http_is_idle(m));
		assert_int_equal(http_feed(m, text, &used), HTTP_HEAD_DONE);
		assert_false(http_is_idle(m));
		http_body_max(m, 2);
		assert_int_equal(http_feed(m, str_sub(text, used, text.n), &used), HTTP_DONE);
		assert_str(http_body(m), "ab");
		assert_str(http_field(http_head(m), "HOST"), "x");
		assert_null(http_field(http_head(m), "Hos").p);
		http_reset(m);
	}
	http_free(m);
}

static void no_control_byte_stands_in_a_field(void **state)
{
	(void)state;
	assert_true(http_name_ok(NP_STR("X-A_b.c")));
	assert_false(http_name_ok(NP_STR("")));
	assert_false(http_name_ok(NP_STR("A:")));
	assert_false(http_name_ok(NP_STR("A b")));
	assert_false(http_name_ok(NP_STR("A\r\nB")));
	assert_true(http_value_ok(NP_STR("a\tb \xc3\xa9")));
	assert_false(http_value_ok(NP_STR("a\r\nSet-Cookie: x")));
	assert_false(http_value_ok(NP_STR("a\0b")));
	assert_false(http_value_ok(NP_STR("a\x7f")));
}

static np_err parse_once(void *arg)
{
	(void)arg;
	struct http_msg *m = http_new(HTTP_KIND_REQUEST);
	if (!m)
		return NP_E_NOMEM;
	np_str text = NP_STR("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab");
	size_t used;
	enum http_rc rc = http_feed(m, text, &used);
	if (rc == HTTP_HEAD_DONE) {
		http_body_max(m, 2);
		rc = http_feed(m, str_sub(text, used, text.n), &used);
	}
	np_err e = rc == HTTP_DONE ? NP_OK : NP_E_NOMEM;
	if (rc == HTTP_BAD)
		assert_int_equal(http_bad_status(m), 503);
	http_free(m);
	return e;
}

static void survives_no_memory(void **state)
{
	(void)state;
	t_under_oom(parse_once, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_split_gives_the_same_message),
		cmocka_unit_test(refuses_what_others_would_read_differently),
		cmocka_unit_test(limits_the_head),
		cmocka_unit_test(limits_chunk_framing),
		cmocka_unit_test(a_response_may_end_with_the_connection),
		cmocka_unit_test(a_parser_can_be_used_again),
		cmocka_unit_test(no_control_byte_stands_in_a_field),
		cmocka_unit_test(survives_no_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
