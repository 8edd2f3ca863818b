/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include "base/clock.h"
#include "net/httpd.h"
#include "unit/net/client.h"

/* A server, and a client socket in the same thread: `pump` turns the loop between looks. */
struct env {
	struct client to;
	struct httpd *h;
	struct httpd_req *held;
	struct httpd_stream *stream;
	int gone, closed, drained, stopped, after;
	struct conn *upgraded;
	struct buf got; /* by the upgraded connection */
};

static void on_gone(struct httpd_req *r, void *ctx)
{
	struct env *v = ctx;
	assert_true(httpd_is_gone(r));
	v->gone++;
}

static void get_hello(struct httpd_req *r, void *ctx)
{
	(void)ctx;
	httpd_reply(r, 200, "text/plain", NP_STR("hello"));
}

static void get_item(struct httpd_req *r, void *ctx)
{
	np_str q = NP_STR("-"), c = NP_STR("-");
	(void)ctx;
	(void)httpd_query(r, "q", &q);
	(void)httpd_cookie(r, "sid", &c);
	np_str text = arena_printf(httpd_arena(r), "%.*s|%.*s|%.*s|%.*s", NP_FMT(httpd_param(r, 0)),
				   NP_FMT(q), NP_FMT(c), NP_FMT(httpd_path(r)));
	assert_ok(httpd_set(r, "X-Item", NP_STR("1")));
	assert_int_equal(httpd_set(r, "X-Bad", NP_STR("a\r\nSet-Cookie: x")), NP_E_INVAL);
	assert_int_equal(httpd_set(r, "X\r\nY", NP_STR("a")), NP_E_INVAL);
	assert_int_equal(httpd_set(r, "content-LENGTH", NP_STR("7")), NP_E_INVAL);
	httpd_reply(r, 200, "text/plain", text);
}

static void post_echo(struct httpd_req *r, void *ctx)
{
	(void)ctx;
	httpd_reply(r, 200, "text/plain", httpd_body(r));
}

static void get_later(struct httpd_req *r, void *ctx)
{
	struct env *v = ctx;
	v->held = r;
	httpd_on_gone(r, on_gone, v);
}

static void stream_closed(void *ctx)
{
	struct env *v = ctx;
	v->closed++;
	v->stream = NULL;
}

static void stream_drained(void *ctx)
{
	struct env *v = ctx;
	v->drained++;
}

static const struct httpd_stream_ops stream_ops = { stream_closed, stream_drained };

static void get_events(struct httpd_req *r, void *ctx)
{
	struct env *v = ctx;
	v->stream = httpd_stream_begin(r, 200, "text/event-stream", &stream_ops, v);
}

static void raw_read(void *ctx, np_str bytes)
{
	struct env *v = ctx;
	(void)buf_add(&v->got, bytes);
	assert_ok(conn_write(v->upgraded, bytes)); /* echo */
}

static void raw_close(void *ctx, np_err why)
{
	struct env *v = ctx;
	(void)why;
	conn_free(np_take(v->upgraded));
}

static const struct conn_ops raw_ops = { .on_read = raw_read, .on_close = raw_close };

static void get_raw(struct httpd_req *r, void *ctx)
{
	struct env *v = ctx;
	np_str early;
	struct conn *c = httpd_upgrade(r, "raw/1", &early);
	if (!c)
		return;
	v->upgraded = c;
	conn_handler(c, &raw_ops, v);
	if (early.n > 0)
		raw_read(v, early);
}

static void get_big(struct httpd_req *r, void *ctx)
{
	static char text[3000000];
	(void)ctx;
	memset(text, 'b', sizeof text);
	httpd_reply_static(r, 200, "text/plain", (np_str){ text, sizeof text });
}

static const struct httpd_route routes[] = {
	{ .method = "GET", .pattern = "/", .fn = get_hello },
	{ .method = "GET", .pattern = "/big", .fn = get_big },
	{ .method = "GET", .pattern = "/items/{}/x", .fn = get_item },
	{ .method = "GET", .pattern = "/files/*", .fn = get_item },
	{ .method = "POST", .pattern = "/echo", .body_max = 100000, .fn = post_echo },
	{ .method = "DELETE", .pattern = "/echo", .fn = get_hello },
	{ .method = "GET", .pattern = "/later", .fn = get_later },
	{ .method = "GET", .pattern = "/events", .fn = get_events },
	{ .method = "GET", .pattern = "/raw", .fn = get_raw },
};

static void after(void *ctx, const struct httpd_req *r, uint16_t status, int64_t took_us)
{
	struct env *v = ctx;
	(void)r, (void)status;
	assert_true(took_us >= 0);
	v->after++;
}

static int setup(void **state)
{
	struct env *v = np_zalloc(sizeof *v);
	struct buf why;
	buf_init(&why, 1000);
	buf_init(&v->got, 1 << 20);
	v->to.l = loop_new(NULL);
	const struct httpd_cfg cfg = {
		.routes = routes, .n_routes = NP_LEN(routes), .ctx = v, .after = after
	};
	v->h = httpd_new(v->to.l, &cfg);
	const struct listen_cfg listen = { .address = "127.0.0.1:0" };
	assert_ok(httpd_listen(v->h, &listen, &why));
	httpd_addr(v->h, 0, &v->to.at);
	buf_done(&why);
	*state = v;
	return 0;
}

static int teardown(void **state)
{
	struct env *v = *state;
	if (v->held)
		httpd_reply(np_take(v->held), 200, NULL, NP_STR(""));
	httpd_free(v->h);
	conn_free(v->upgraded);
	loop_free(v->to.l);
	buf_done(&v->got);
	free(v);
	return 0;
}

static void turn(struct env *v, int ms)
{
	loop_run_for(v->to.l, ms);
}

#define H "HTTP/1.1\r\nHost: t\r\n"

static void answers_by_the_table(void **state)
{
	struct env *v = *state;
	static const struct {
		const char *text, *want, *tail;
	} rows[] = {
		{ "GET / " H "\r\n", "HTTP/1.1 200 OK\r\n", "\r\n\r\nhello" },
		{ "HEAD / " H "\r\n", "Content-Length: 5\r\n", "\r\n\r\n" },
		{ "GET /items/a%2Fb%20c/x?p=1&q=%41+b " H "Cookie: a=b; sid=s1\r\n\r\n",
		  "X-Item: 1\r\n", "a/b c|A b|s1|/items/a%2Fb%20c/x" },
		{ "GET /files/a/b%20c.js " H "\r\n", "200 OK", "a/b c.js|-|-|/files/a/b%20c.js" },
		{ "GET /files/ " H "\r\n", "200 OK", "|-|-|/files/" },
		{ "GET /items//x " H "\r\n", "404 Not Found", "}" },
		{ "GET /nothing " H "\r\n", "application/problem+json", "}" },
		{ "GET /items/%zz/x " H "\r\n", "400 Bad Request", "}" },
		{ "GET /items/%00/x " H "\r\n", "400 Bad Request", "}" },
		{ "PUT /echo " H "\r\n", "Allow: POST, DELETE, OPTIONS\r\n", "}" },
		{ "PUT /echo " H "\r\n", "405 Method Not Allowed", "}" },
		{ "OPTIONS / " H "\r\n", "204 No Content", "Allow: GET, HEAD, OPTIONS\r\n\r\n" },
		{ "POST /echo " H "Content-Length: 3\r\n\r\nabc", "200 OK", "\r\n\r\nabc" },
		{ "POST /echo " H
		  "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
		  "200 OK", "\r\n\r\nabc" },
		{ "GET /raw " H "\r\n", "426 Upgrade Required", "}" },
		{ "GET /raw " H "Connection: upgrade\r\nUpgrade: other\r\n\r\n", "Upgrade: raw/1",
		  "}" },
		{ "GET / HTTP/1.0\r\n\r\n", "Connection: close\r\n", "hello" },
		{ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "Connection: keep-alive",
		  "hello" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct buf out;
		talk(&v->to, rows[i].text, rows[i].tail, &out);
		if (!has(&out, rows[i].want))
			fail_msg("row %zu wanted %s in %s", i, rows[i].want, buf_c(&out));
		buf_done(&out);
	}
	assert_true(v->after >= (int)NP_LEN(rows));
}

static void refuses_and_closes(void **state)
{
	struct env *v = *state;
	static const struct {
		const char *text, *want;
	} rows[] = {
		{ "GET / HTTP/1.1\r\nHost : t\r\n\r\n", "400 Bad Request" },
		{ "GET / HTTP/1.1\r\n\r\n", "400 Bad Request" },
		{ "POST /echo " H "Content-Length: 100001\r\n\r\n", "413 Content Too Large" },
		{ "POST /nothing " H "Content-Length: 10\r\n\r\n", "404 Not Found" },
		{ "DELETE /echo " H "Content-Length: 1\r\n\r\nx", "413 Content Too Large" },
		{ "DELETE /echo " H "Transfer-Encoding: chunked\r\n\r\n", "takes no body" },
		{ "GET / " H "Connection: close\r\n\r\n", "hello" },
		{ "garbage\r\n\r\n", "501 Not Implemented" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct buf out;
		talk(&v->to, rows[i].text, NULL, &out);
		if (!has(&out, rows[i].want) || !has(&out, "Connection: close"))
			fail_msg("row %zu wanted %s in %s", i, rows[i].want, buf_c(&out));
		buf_done(&out);
	}
}

static void pipelined_requests_are_answered_in_order(void **state)
{
	struct env *v = *state;
	struct buf out;
	int fd = dial_raw(&v->to);
	buf_init(&out, 1 << 20);
	say(fd, NP_STR("POST /echo " H "Content-Length: 1\r\n\r\n1"
		       "GET /later " H "\r\nPOST /echo " H "Content-Length: 1\r\n\r\n3GET / " H
		       "\r\n"));
	hear(&v->to, fd, "\r\n\r\n1", &out);
	RUN_UNTIL(v->to.l, v->held);
	assert_non_null(v->held);
	assert_int_equal(count(&out, "HTTP/1.1 200"), 1);
	httpd_reply(np_take(v->held), 200, NULL, NP_STR("two"));
	hear(&v->to, fd, "hello", &out);
	assert_int_equal(count(&out, "HTTP/1.1 200"), 4);
	assert_true(str_find(buf_str(&out), NP_STR("two")) <
		    str_find(buf_str(&out), NP_STR("\r\n\r\n3")));
	close(fd);
	buf_done(&out);
}

static void any_split_gives_the_same_answer(void **state)
{
	struct env *v = *state;
	np_str text = NP_STR("POST /echo " H "Content-Length: 5\r\n\r\nabcdeGET / " H "\r\n");
	for (size_t piece = 1; piece < text.n; piece += 5) {
		struct buf out;
		int fd = dial_raw(&v->to);
		buf_init(&out, 1 << 20);
		for (size_t at = 0; at < text.n; at += piece) {
			say(fd, str_sub(text, at, at + piece));
			turn(v, 0);
		}
		hear(&v->to, fd, "hello", &out);
		assert_int_equal(count(&out, "HTTP/1.1 200"), 2);
		assert_true(has(&out, "\r\n\r\nabcde"));
		close(fd);
		buf_done(&out);
	}
}

static void says_continue_before_the_body(void **state)
{
	struct env *v = *state;
	struct buf out;
	int fd = dial_raw(&v->to);
	buf_init(&out, 1 << 20);
	say(fd, NP_STR("POST /echo " H "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"));
	hear(&v->to, fd, "HTTP/1.1 100 Continue\r\n\r\n", &out);
	say(fd, NP_STR("ab"));
	hear(&v->to, fd, "\r\n\r\nab", &out);
	close(fd);
	buf_done(&out);
}

static void an_answer_to_who_left_is_dropped(void **state)
{
	struct env *v = *state;
	int fd = dial_raw(&v->to);
	say(fd, NP_STR("GET /later " H "\r\n"));
	RUN_UNTIL(v->to.l, v->held);
	assert_non_null(v->held);
	close(fd);
	RUN_UNTIL(v->to.l, v->gone);
	assert_int_equal(v->gone, 1);
	assert_str(httpd_path(v->held), "/later"); /* still readable */
	httpd_reply(np_take(v->held), 200, NULL, NP_STR("too late"));
}

static void streams_until_the_client_leaves(void **state)
{
	struct env *v = *state;
	struct buf out;
	int fd = dial_raw(&v->to);
	buf_init(&out, 1 << 20);
	say(fd, NP_STR("GET /events " H "\r\n"));
	hear(&v->to, fd, "Transfer-Encoding: chunked\r\n\r\n", &out);
	assert_non_null(v->stream);
	assert_ok(httpd_stream_write(v->stream, NP_STR("data: 1\n\n")));
	assert_true(httpd_stream_backlog(v->stream) > 0);
	hear(&v->to, fd, "9\r\ndata: 1\n\n\r\n", &out);
	assert_int_equal(httpd_stream_backlog(v->stream), 0);
	assert_true(v->drained > 0);
	close(fd);
	RUN_UNTIL(v->to.l, v->closed);
	assert_int_equal(v->closed, 1);
	buf_done(&out);
}

static void a_stream_that_ends_keeps_the_connection(void **state)
{
	struct env *v = *state;
	struct buf out;
	int fd = dial_raw(&v->to);
	buf_init(&out, 1 << 20);
	say(fd, NP_STR("GET /events " H "\r\nGET / " H "\r\n"));
	hear(&v->to, fd, "chunked\r\n\r\n", &out);
	httpd_stream_end(np_take(v->stream));
	hear(&v->to, fd, "hello", &out);
	assert_true(has(&out, "0\r\n\r\nHTTP/1.1 200"));
	assert_int_equal(v->closed, 0);
	close(fd);
	buf_done(&out);
}

static void a_slow_client_is_a_limit_not_memory(void **state)
{
	struct env *v = *state;
	struct buf out;
	char block[8192];
	int fd = dial_raw(&v->to);
	buf_init(&out, 1 << 20);
	memset(block, 'x', sizeof block);
	say(fd, NP_STR("GET /events " H "\r\n"));
	hear(&v->to, fd, "chunked\r\n\r\n", &out);
	np_err e = NP_OK;
	for (int i = 0; i < 5000 && e == NP_OK; i++) { /* 40 MB, nobody reads */
		e = httpd_stream_write(v->stream, (np_str){ block, sizeof block });
		if (i % 16 == 0)
			turn(v, 0);
	}
	assert_int_equal(e, NP_E_LIMIT);
	assert_true(httpd_stream_backlog(v->stream) <= HTTPD_STREAM_MAX);
	close(fd);
	buf_done(&out);
}

static void upgrades_with_what_came_early(void **state)
{
	struct env *v = *state;
	struct buf out;
	int fd = dial_raw(&v->to);
	buf_init(&out, 1 << 20);
	say(fd, NP_STR("GET /raw " H "Connection: Upgrade\r\nUpgrade: raw/1\r\n\r\nearly"));
	hear(&v->to, fd, "early", &out);
	assert_true(has(&out, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: raw/1\r\n"));
	say(fd, NP_STR(" and late"));
	hear(&v->to, fd, " and late", &out);
	assert_str(buf_str(&v->got), "early and late");
	assert_int_equal(httpd_conns(v->h), 0);
	close(fd);
	RUN_UNTIL(v->to.l, !v->upgraded);
	assert_null(v->upgraded);
	buf_done(&out);
}

static void sends_what_the_socket_cannot_hold(void **state)
{
	struct env *v = *state;
	struct buf out;
	int fd = dial_raw(&v->to);
	buf_init(&out, 8 << 20);
	say(fd, NP_STR("GET /big " H "Connection: close\r\n\r\n"));
	turn(v, 50); /* the socket fills up */
	hear(&v->to, fd, NULL, &out);
	assert_true(has(&out, "Content-Length: 3000000\r\n"));
	assert_int_equal(out.n - str_find(buf_str(&out), NP_STR("\r\n\r\n")) - 4, 3000000);
	close(fd);
	buf_done(&out);
}

static void a_half_closing_client_gets_its_answer(void **state)
{
	struct env *v = *state;
	struct buf out;
	int fd = dial_raw(&v->to);
	buf_init(&out, 8 << 20);
	say(fd, NP_STR("GET /big " H "\r\n"));
	assert_int_equal(shutdown(fd, SHUT_WR), 0);
	hear(&v->to, fd, NULL, &out);
	assert_true(out.n > 3000000);
	close(fd);
	buf_done(&out);
}

static void stop_done(void *ctx)
{
	struct env *v = ctx;
	v->stopped++;
}

static void stops_gracefully(void **state)
{
	struct env *v = *state;
	struct buf out;
	int idle = dial_raw(&v->to), busy = dial_raw(&v->to), sse = dial_raw(&v->to);
	buf_init(&out, 1 << 20);
	say(sse, NP_STR("GET /events " H "\r\n"));
	say(busy, NP_STR("GET /later " H "\r\n"));
	RUN_UNTIL(v->to.l, v->held && v->stream);
	assert_int_equal(httpd_conns(v->h), 3);
	httpd_stop(v->h, clock_mono_ms() + T_PATIENCE_MS, stop_done, v);
	hear(&v->to, idle, NULL, &out);
	assert_int_equal(out.n, 0);
	assert_int_equal(v->closed, 1);
	assert_int_equal(v->stopped, 0);
	httpd_reply(np_take(v->held), 200, NULL, NP_STR("bye"));
	hear(&v->to, busy, NULL, &out);
	assert_true(has(&out, "Connection: close\r\n"));
	assert_true(str_ends(buf_str(&out), NP_STR("bye")));
	RUN_UNTIL(v->to.l, v->stopped);
	assert_int_equal(v->stopped, 1);
	close(idle);
	close(busy);
	close(sse);
	buf_done(&out);
}

static void a_taken_port_is_said_plainly(void **state)
{
	struct env *v = *state;
	char address[ADDR_TEXT_MAX];
	struct buf why;
	buf_init(&why, 1000);
	(void)addr_print(&v->to.at, address);
	const struct listen_cfg cfg = { .address = address };
	assert_int_equal(httpd_listen(v->h, &cfg, &why), NP_E_EXISTS);
	assert_true(has(&why, "is taken by another program"));
	const struct listen_cfg bad = { .address = "nonsense" };
	buf_reset(&why);
	assert_int_equal(httpd_listen(v->h, &bad, &why), NP_E_INVAL);
	assert_true(why.n > 0);
	buf_done(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(answers_by_the_table),
		T(refuses_and_closes),
		T(pipelined_requests_are_answered_in_order),
		T(any_split_gives_the_same_answer),
		T(says_continue_before_the_body),
		T(an_answer_to_who_left_is_dropped),
		T(streams_until_the_client_leaves),
		T(a_stream_that_ends_keeps_the_connection),
		T(a_slow_client_is_a_limit_not_memory),
		T(upgrades_with_what_came_early),
		T(sends_what_the_socket_cannot_hold),
		T(a_half_closing_client_gets_its_answer),
		T(stops_gracefully),
		T(a_taken_port_is_said_plainly),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
