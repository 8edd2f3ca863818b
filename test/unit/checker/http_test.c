/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP checks against servers that behave, and many that do not. */
#include "rig.h"

#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

/* ---- servers ------------------------------------------------------------------------------------ */

static void serve_ok(struct server *s, int fd)
{
	char req[8192];
	(void)s;
	(void)server_read(fd, req, sizeof req);
	server_say(fd, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Thing: A b\r\n"
		       "Content-Length: 28\r\n\r\n{\"ok\":true,\"n\":[1,{\"v\":42}]");
	server_say(fd, "}");
}

static void serve_echo(struct server *s, int fd)
{
	char req[8192], head[200];
	(void)s;
	size_t n = server_read(fd, req, sizeof req);
	(void)snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", n);
	server_say(fd, head);
	server_say(fd, req);
}

static void serve_503(struct server *s, int fd)
{
	char req[8192];
	(void)s;
	(void)server_read(fd, req, sizeof req);
	server_say(fd, "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n");
}

static void wait_end(struct server *s, int fd)
{
	char byte;
	while (!s->stop && recv(fd, &byte, 1, 0) > 0)
		;
}

static void serve_silence(struct server *s, int fd)
{
	wait_end(s, fd);
}

static void serve_slow_head(struct server *s, int fd)
{
	char req[8192];
	(void)server_read(fd, req, sizeof req);
	server_say(fd, "HTTP/1.1 200 OK\r\nX: ");
	for (int i = 0; i < 200 && !s->stop; i++) {
		if (send(fd, "a", 1, MSG_NOSIGNAL) <= 0)
			return;
		usleep(50000);
	}
}

static void serve_reset(struct server *s, int fd)
{
	char req[8192];
	struct linger l = { 1, 0 };
	(void)s;
	(void)server_read(fd, req, sizeof req);
	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
}

static void serve_nothing(struct server *s, int fd)
{
	char req[8192];
	(void)s;
	(void)server_read(fd, req, sizeof req);
}

static void serve_short(struct server *s, int fd)
{
	char req[8192];
	(void)s;
	(void)server_read(fd, req, sizeof req);
	server_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this");
}

static void serve_infinite(struct server *s, int fd)
{
	char req[8192];
	static const char chunk[] = "800\r\n"
#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define A1K A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64 A64
		A1K A1K "\r\n";
	(void)server_read(fd, req, sizeof req);
	server_say(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	while (!s->stop && send(fd, chunk, sizeof chunk - 1, MSG_NOSIGNAL) > 0)
		;
}

static void serve_endless_head(struct server *s, int fd)
{
	char req[8192];
	(void)server_read(fd, req, sizeof req);
	server_say(fd, "HTTP/1.1 200 OK\r\n");
	while (!s->stop && send(fd, "X-A: b\r\n", 8, MSG_NOSIGNAL) > 0)
		;
}

static void serve_endless_102(struct server *s, int fd)
{
	char req[8192];
	(void)server_read(fd, req, sizeof req);
	while (!s->stop && send(fd, "HTTP/1.1 102 P\r\n\r\n", 18, MSG_NOSIGNAL) > 0)
		;
}

static void serve_garbage(struct server *s, int fd)
{
	char req[8192];
	(void)s;
	(void)server_read(fd, req, sizeof req);
	server_say(fd, "\x01\x02\xff\xfe garbage\r\n\r\n");
}

/* gzip of 8 MiB of zeros (deflate blocks), made once. */
static void serve_bomb(struct server *s, int fd)
{
	char req[8192];
	(void)server_read(fd, req, sizeof req);
	server_say(fd, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
	static const unsigned char head[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3 };
	(void)send(fd, head, sizeof head, MSG_NOSIGNAL);
	/* stored zero once, then fixed-Huffman blocks that copy it 258 bytes at a time */
	static const unsigned char first[] = { 0x00, 0x01, 0x00, 0xfe, 0xff, 0x00 };
	(void)send(fd, first, sizeof first, MSG_NOSIGNAL);
	unsigned char block[4096];
	size_t n = 0;
	unsigned bits = 0, nbits = 0;
#define PUT(v, k)                                                                              \
	for (bits |= (unsigned)(v) << nbits, nbits += (k); nbits >= 8; bits >>= 8, nbits -= 8) \
	block[n++] = (unsigned char)bits
	PUT(0, 1);
	PUT(1, 2);
	while (n < sizeof block - 16) {
		PUT(0xa3, 8); /* length 258: code 11000101, bits reversed */
		PUT(0, 5);    /* distance 1 */
	}
	PUT(0, 7); /* end of block; then an empty stored one, which ends on a byte */
	PUT(0, 3);
	while (nbits)
		PUT(0, 1);
	static const unsigned char empty[] = { 0, 0, 0xff, 0xff };
	memcpy(block + n, empty, sizeof empty);
	n += sizeof empty;
	for (int i = 0; i < 200 && !s->stop; i++)
		if (send(fd, block, n, MSG_NOSIGNAL) <= 0)
			return;
}

static void serve_loop(struct server *s, int fd)
{
	char req[8192];
	(void)s;
	(void)server_read(fd, req, sizeof req);
	server_say(fd, "HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n");
}

static void serve_to_metadata(struct server *s, int fd)
{
	char req[8192];
	(void)s;
	(void)server_read(fd, req, sizeof req);
	server_say(fd,
		   "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/\r\n"
		   "Content-Length: 0\r\n\r\n");
}

static void serve_to_file(struct server *s, int fd)
{
	char req[8192];
	(void)s;
	(void)server_read(fd, req, sizeof req);
	server_say(
		fd,
		"HTTP/1.1 302 Found\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n");
}

static void serve_once_moved(struct server *s, int fd)
{
	char req[8192];
	(void)s;
	(void)server_read(fd, req, sizeof req);
	if (strstr(req, " /there "))
		server_say(fd, strstr(req, "GET ") && strstr(req, "Secret")
				       ? "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkept"
				       : "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngone");
	else
		server_say(
			fd,
			"HTTP/1.1 303 See Other\r\nLocation: /there\r\nContent-Length: 0\r\n\r\n");
}

static uint16_t other_port;
static void serve_elsewhere(struct server *s, int fd)
{
	char req[8192], text[300];
	(void)s;
	(void)server_read(fd, req, sizeof req);
	(void)snprintf(
		text, sizeof text,
		"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:%u/\r\nContent-Length: 0\r\n\r\n",
		other_port);
	server_say(fd, text);
}

/* ---- the table --------------------------------------------------------------------------------- */

struct row {
	const char *name;
	void (*serve)(struct server *s, int fd);
	const char *options, *assertions;
	uint32_t timeout_ms;
	enum res_status status;
	enum res_class cls;
	const char *piece;
};

static const struct row rows[] = {
	{ "fine", serve_ok, NULL, NULL, 0, RES_OK, RES_C_NONE, "" },
	{ "status", serve_503, NULL, NULL, 0, RES_FAIL, RES_C_STATUS, "status is 503" },
	{ "status wanted", serve_503, NULL, "[{\"source\":\"status\",\"op\":\"eq\",\"value\":503}]",
	  0, RES_OK, RES_C_NONE, "" },
	{ "json", serve_ok, NULL, "[{\"source\":\"json:n[1].v\",\"op\":\"eq\",\"value\":42}]", 0,
	  RES_OK, RES_C_NONE, "" },
	{ "json wrong", serve_ok, NULL, "[{\"source\":\"json:n[1].v\",\"op\":\"eq\",\"value\":43}]",
	  0, RES_FAIL, RES_C_ASSERTION, "42" },
	{ "json soft", serve_ok, NULL,
	  "[{\"source\":\"json:n[1].v\",\"op\":\"eq\",\"value\":43,\"soft\":true}]", 0,
	  RES_DEGRADED, RES_C_ASSERTION, "42" },
	{ "not json", serve_echo, NULL, "[{\"source\":\"json:a\",\"op\":\"exists\"}]", 0, RES_FAIL,
	  RES_C_ASSERTION, "not JSON" },
	{ "header", serve_ok, NULL,
	  "[{\"source\":\"header:x-thing\",\"op\":\"eq\",\"value\":\"A b\"}]", 0, RES_OK,
	  RES_C_NONE, "" },
	{ "body", serve_ok, NULL, "[{\"source\":\"body\",\"op\":\"contains\",\"value\":\"true\"}]",
	  0, RES_OK, RES_C_NONE, "" },
	{ "latency", serve_ok, NULL, "[{\"source\":\"latency_ms\",\"op\":\"lt\",\"value\":4000}]",
	  0, RES_OK, RES_C_NONE, "" },
	{ "user agent", serve_echo, NULL,
	  "[{\"source\":\"body\",\"op\":\"contains\",\"value\":\"User-Agent: NetPulse/test (+https://example.org; region=test)\"}]",
	  0, RES_OK, RES_C_NONE, "" },
	{ "post", serve_echo, "{\"method\":\"POST\",\"headers\":{\"X-K\":\"v\"}}",
	  "[{\"source\":\"body\",\"op\":\"matches\",\"value\":\"POST /p HTTP/1.1*X-K: v*Content-Length: 0*\"}]",
	  0, RES_OK, RES_C_NONE, "" },
	{ "head", serve_503, "{\"method\":\"HEAD\"}", NULL, 0, RES_FAIL, RES_C_STATUS, "503" },
	{ "silence", serve_silence, NULL, NULL, 400, RES_FAIL, RES_C_TIMEOUT,
	  "no answer within 400 ms" },
	{ "slow head", serve_slow_head, NULL, NULL, 1500, RES_FAIL, RES_C_TIMEOUT, "waiting for" },
	{ "reset", serve_reset, NULL, NULL, 0, RES_FAIL, RES_C_RESET, "reset the connection" },
	{ "closed", serve_nothing, NULL, NULL, 0, RES_FAIL, RES_C_CLOSED, "without an answer" },
	{ "short", serve_short, NULL, NULL, 0, RES_FAIL, RES_C_CLOSED,
	  "before the body was complete" },
	{ "infinite", serve_infinite, NULL, NULL, 0, RES_OK, RES_C_NONE, "" },
	{ "infinite kept", serve_infinite, NULL,
	  "[{\"source\":\"body\",\"op\":\"contains\",\"value\":\"aaaa\"}]", 0, RES_OK, RES_C_NONE,
	  "" },
	{ "infinite json", serve_infinite, NULL, "[{\"source\":\"json:a\",\"op\":\"exists\"}]", 0,
	  RES_FAIL, RES_C_TOO_LARGE, "too large to read as JSON" },
	{ "bomb", serve_bomb, NULL,
	  "[{\"source\":\"body\",\"op\":\"not_contains\",\"value\":\"x\"}]", 0, RES_OK, RES_C_NONE,
	  "" },
	{ "endless head", serve_endless_head, NULL, NULL, 0, RES_FAIL, RES_C_TOO_LARGE, "headers" },
	{ "endless 102", serve_endless_102, NULL, NULL, 0, RES_FAIL, RES_C_TOO_LARGE, "headers" },
	{ "garbage", serve_garbage, NULL, NULL, 0, RES_FAIL, RES_C_PROTOCOL, "" },
	{ "loop", serve_loop, NULL, NULL, 0, RES_FAIL, RES_C_REDIRECT, "more than 5 redirects" },
	{ "loop not followed", serve_loop, "{\"follow_redirects\":false}", NULL, 0, RES_OK,
	  RES_C_NONE, "" },
	{ "metadata", serve_to_metadata, NULL, NULL, 0, RES_FAIL, RES_C_BLOCKED,
	  "redirected to http://169.254.169.254/latest/meta-data/: blocked: 169.254.169.254 is a link-local" },
	{ "file", serve_to_file, NULL, NULL, 0, RES_FAIL, RES_C_REDIRECT, "not usable" },
	{ "see other", serve_once_moved, "{\"method\":\"POST\",\"headers\":{\"Secret\":\"s\"}}",
	  "[{\"source\":\"body\",\"op\":\"eq\",\"value\":\"kept\"}]", 0, RES_OK, RES_C_NONE, "" },
	{ "bad options", serve_ok, "{\"method\":\"BREW\"}", NULL, 0, RES_UNKNOWN, RES_C_INTERNAL,
	  "cannot run the monitor" },
};

static void every_answer_has_its_class_and_sentence(void **state)
{
	(void)state;
	struct rig r;
	rig_up(&r, NULL);
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct server s = { 0 };
		server_up(&s, rows[i].serve);
		struct spec spec = { .kind = MON_HTTP,
				     .target = rig_url(s.port, "http", "/p"),
				     .options = rows[i].options,
				     .assertions = rows[i].assertions,
				     .timeout_ms = rows[i].timeout_ms };
		int64_t began = clock_mono_ms();
		const struct res_record *res = rig_check(&r, &spec);
		if (clock_mono_ms() - began > 3000)
			printf("  %s took %d ms\n", rows[i].name, (int)(clock_mono_ms() - began));
		if (res->status != rows[i].status || res->cls != rows[i].cls)
			printf("row: %s\n", rows[i].name);
		rig_expect(res, rows[i].status, rows[i].cls, rows[i].piece);
		server_down(&s);
	}
	rig_down(&r);
}

static void a_refused_connection_says_by_whom(void **state)
{
	(void)state;
	struct rig r;
	rig_up(&r, NULL);
	struct spec spec = { .kind = MON_HTTP, .target = rig_url(server_dead_port(), "http", "/") };
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_REFUSED,
		   "connection refused by 127.0.0.1:");
	rig_down(&r);
}

static void loopback_is_blocked_unless_private_is_ok(void **state)
{
	(void)state;
	static const char *const hosts[] = {
		"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0",
	};
	struct rig r;
	struct server s = { 0 };
	server_up(&s, serve_ok);
	rig_up(&r, NULL);
	for (size_t i = 0; i < NP_LEN(hosts); i++) {
		char url[100];
		(void)snprintf(url, sizeof url, "http://%s:%u/", hosts[i], s.port);
		struct spec spec = { .kind = MON_HTTP, .target = url, .public_only = true };
		rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_BLOCKED, "may not reach");
	}
	assert_int_equal(s.hits, 0);
	server_down(&s);
	rig_down(&r);
}

static void odd_spellings_of_local_addresses_reach_nothing(void **state)
{
	(void)state;
	static const char *const hosts[] = { "127.1", "0x7f.1", "2130706433", "017700000001", "0" };
	struct rig r;
	struct server s = { 0 };
	server_up(&s, serve_ok);
	rig_up(&r, NULL);
	for (size_t i = 0; i < NP_LEN(hosts); i++) {
		char url[100];
		(void)snprintf(url, sizeof url, "http://%s:%u/", hosts[i], s.port);
		struct spec spec = {
			.kind = MON_HTTP, .target = url, .public_only = true, .timeout_ms = 300
		};
		assert_int_not_equal(rig_check(&r, &spec)->status, RES_OK);
	}
	assert_int_equal(s.hits, 0);
	server_down(&s);
	rig_down(&r);
}

static void secrets_do_not_follow_to_another_origin(void **state)
{
	(void)state;
	struct rig r;
	struct server a = { 0 }, b = { 0 };
	server_up(&b, serve_echo);
	other_port = b.port;
	server_up(&a, serve_elsewhere);
	rig_up(&r, NULL);
	struct spec spec = {
		.kind = MON_HTTP,
		.target = rig_url(a.port, "http", "/"),
		.options = "{\"headers\":{\"Authorization\":\"Bearer x\",\"Accept\":\"t/p\"}}",
		.assertions = "[{\"source\":\"body\",\"op\":\"not_contains\",\"value\":\"Bearer\"},"
			      "{\"source\":\"body\",\"op\":\"contains\",\"value\":\"Accept: t/p\"}]"
	};
	rig_expect(rig_check(&r, &spec), RES_OK, RES_C_NONE, "");
	rig_down(&r);
	server_down(&a);
	server_down(&b);
}

static void phases_and_address_are_recorded(void **state)
{
	(void)state;
	struct rig r;
	struct server s = { 0 };
	server_up(&s, serve_ok);
	rig_up(&r, NULL);
	char url[100];
	(void)snprintf(url, sizeof url, "http://localhost:%u/", s.port);
	struct spec spec = { .kind = MON_HTTP, .target = url };
	const struct res_record *res = rig_check(&r, &spec);
	rig_expect(res, RES_OK, RES_C_NONE, "");
	assert_int_equal(res->code, 200);
	assert_true(res->phase_us[RES_P_DNS] >= 0 && res->phase_us[RES_P_CONNECT] >= 0);
	assert_true(res->phase_us[RES_P_FIRST_BYTE] >= 0 && res->phase_us[RES_P_TRANSFER] >= 0);
	assert_int_equal(res->phase_us[RES_P_TLS], -1);
	assert_true(str_starts(res->address, NP_STR("127.0.0.1:")));
	server_down(&s);
	rig_down(&r);
}

static void a_cancelled_check_leaves_nothing(void **state)
{
	(void)state;
	struct rig r;
	struct server s = { 0 };
	server_up(&s, serve_silence);
	rig_up(&r, NULL);
	for (int turns = 0; turns < 12; turns++) {
		struct spec spec = { .kind = MON_HTTP,
				     .target = rig_url(s.port, "http", "/"),
				     .timeout_ms = 100 };
		(void)rig_check(&r, &spec);
		r.run->def = r.def;
		check_start(r.run);
		for (int i = 0; i < turns; i++)
			loop_run_for(r.env.loop, 1);
		check_cancel(r.run);
	}
	rig_down(&r);
	server_down(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_answer_has_its_class_and_sentence),
		cmocka_unit_test(a_refused_connection_says_by_whom),
		cmocka_unit_test(loopback_is_blocked_unless_private_is_ok),
		cmocka_unit_test(odd_spellings_of_local_addresses_reach_nothing),
		cmocka_unit_test(secrets_do_not_follow_to_another_origin),
		cmocka_unit_test(phases_and_address_are_recorded),
		cmocka_unit_test(a_cancelled_check_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
