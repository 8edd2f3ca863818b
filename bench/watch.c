/* SPDX-License-Identifier: Apache-2.0 */
/* netpulse-watch: one reader of the live events, as a dashboard would be.
 *
 * Parses every `batch` event of GET /api/v1/events and keeps when each result was
 * seen here beside its own stamps (record.h). Ends on SIGTERM or SIGINT, then writes
 * the file. Prints "ready" once the stream is open. */
#include <stdio.h>

#include "base/args.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"
#include "net/conn.h"
#include "record.h"

#define LINE_MAX_BYTES ((size_t)16 * 1024 * 1024)
#define HEAD_MAX_BYTES ((size_t)16 * 1024)

static const struct arg_opt opts[] = {
	{ "http", "ADDR:PORT", "where the API listens (numeric)", "127.0.0.1:8080" },
	{ "token-file", "FILE", "bearer token", NULL },
	{ "out", "FILE", "where the rows go", NULL },
};
static const struct arg_spec spec = {
	.usage = "netpulse-watch --token-file FILE --out FILE [options]",
	.about = "Read the live events and note when each result is seen.",
	.opts = opts,
	.n = NP_LEN(opts),
};

struct watch {
	struct loop *loop;
	struct loop_poll *poll;
	int fd;
	bool head_over;
	size_t chunk_left; /* of the chunked body */
	struct buf raw;    /* not yet unchunked */
	struct buf line;   /* a line of the stream, cut by the end of a read */
	struct record rows;
	uint64_t events, resets, odd;
};

/* ---- one event ------------------------------------------------------------------------ */

/* The comma-separated field off the front of *rest. Nothing in the arrays holds a comma. */
static np_str field(np_str *rest)
{
	np_str head;
	(void)str_cut(*rest, ',', &head, rest);
	return head;
}

static np_err read_row(np_str text, struct record_seen *ret)
{
	int64_t v[9] = { 0 };
	for (int i = 0; i < 9; i++) {
		np_str f = field(&text);
		double ms = 0;
		if (i == 5 && str_to_double(f, &ms) < 0)
			return NP_E_PROTO;
		ret->duration_us = i == 5 ? (int64_t)(ms * 1000) : ret->duration_us;
		if (i >= 6 && str_to_i64(f, &v[i]) < 0)
			return NP_E_PROTO;
	}
	ret->end_us = v[6];
	ret->received_us = v[7];
	ret->folded_us = v[8];
	return NP_OK;
}

/* {"at":…,"results":[[…],[…]],…}: the rows are flat, so brackets cut them. */
static void on_batch(struct watch *w, np_str json, int64_t now_us)
{
	size_t at = str_find(json, NP_STR("\"results\":["));
	if (at == SIZE_MAX)
		return;
	np_str rest = str_sub(json, at + 11, json.n);
	while (rest.n > 0 && rest.p[0] == '[') {
		size_t end = str_find_byte(rest, ']');
		struct record_seen row = { .seen_us = now_us };
		if (end == SIZE_MAX || read_row(str_sub(rest, 1, end), &row) < 0 ||
		    record_add(&w->rows, &row) < 0) {
			w->odd++;
			return;
		}
		rest = str_sub(rest, end + 1, rest.n);
		if (rest.n > 0 && rest.p[0] == ',')
			rest = str_sub(rest, 1, rest.n);
	}
}

static void on_line(struct watch *w, np_str line, int64_t now_us)
{
	if (str_eq(line, NP_STR("event: reset"))) {
		w->resets++;
	} else if (str_starts(line, NP_STR("data: "))) {
		w->events++;
		on_batch(w, str_sub(line, 6, line.n), now_us);
	}
}

/* ---- the stream --------------------------------------------------------------------------- */

static void on_body(struct watch *w, np_str bytes, int64_t now_us)
{
	while (bytes.n > 0) {
		size_t end = str_find_byte(bytes, '\n');
		np_str part = str_sub(bytes, 0, end == SIZE_MAX ? bytes.n : end);
		if (end == SIZE_MAX) {
			w->odd += buf_add(&w->line, part) < 0;
			return;
		}
		if (w->line.n > 0) {
			w->odd += buf_add(&w->line, part) < 0;
			on_line(w, buf_str(&w->line), now_us);
			buf_reset(&w->line);
		} else {
			on_line(w, part, now_us);
		}
		bytes = str_sub(bytes, end + 1, bytes.n);
	}
}

/* "1a2b\r\n": the size of the next chunk. False: not all of it is there. */
static bool chunk_head(np_str *bytes, size_t *ret)
{
	size_t end = str_find(*bytes, NP_STR("\r\n")), n = 0;
	if (end == 0) { /* the end of the chunk before */
		*bytes = str_sub(*bytes, 2, bytes->n);
		end = str_find(*bytes, NP_STR("\r\n"));
	}
	if (end == SIZE_MAX || bytes->n == 0)
		return false;
	for (size_t i = 0; i < end; i++) {
		char c = bytes->p[i];
		n = n * 16 + (size_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	*bytes = str_sub(*bytes, end + 2, bytes->n);
	*ret = n;
	return true;
}

static void unchunk(struct watch *w, int64_t now_us)
{
	np_str rest = buf_str(&w->raw);
	while (rest.n > 0) {
		if (w->chunk_left == 0 && !chunk_head(&rest, &w->chunk_left))
			break;
		np_str part = str_sub(rest, 0, w->chunk_left);
		on_body(w, part, now_us);
		w->chunk_left -= part.n;
		rest = str_sub(rest, part.n, rest.n);
	}
	buf_drop(&w->raw, w->raw.n - rest.n);
}

static void on_readable(void *ctx, int events)
{
	struct watch *w = ctx;
	char *p = NULL;
	(void)events;
	if (buf_reserve(&w->raw, 256 * 1024, &p) < 0) {
		loop_stop(w->loop);
		return;
	}
	ssize_t n = recv(w->fd, p, 256 * 1024, 0);
	int64_t now_us = clock_wall_us();
	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			loop_stop(w->loop);
		return;
	}
	buf_commit(&w->raw, (size_t)n);
	if (!w->head_over) {
		size_t end = str_find(buf_str(&w->raw), NP_STR("\r\n\r\n"));
		if (end == SIZE_MAX)
			return;
		if (!str_starts(buf_str(&w->raw), NP_STR("HTTP/1.1 200 "))) {
			(void)fprintf(stderr, "netpulse-watch: %.60s\n", buf_c(&w->raw));
			loop_stop(w->loop);
			return;
		}
		buf_drop(&w->raw, end + 4);
		w->head_over = true;
		(void)printf("ready\n");
		(void)fflush(stdout);
	}
	unchunk(w, now_us);
}

/* ---- start ---------------------------------------------------------------------------------- */

static np_err ask(struct watch *w, const struct args *a)
{
	struct addr to;
	NP_CLEANUP(buf_done) struct buf token;
	NP_CLEANUP(buf_done) struct buf out;
	buf_init(&token, 4096);
	buf_init(&out, HEAD_MAX_BYTES);
	np_err e = addr_parse(str_from_c(args_str(a, "http")), &to);
	if (e == NP_OK)
		e = file_read(args_str(a, "token-file"), &token);
	if (e < 0)
		return e;
	(void)buf_printf(&out,
			 "GET /api/v1/events HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %.*s\r\n"
			 "Accept: text/event-stream\r\n\r\n",
			 args_str(a, "http"), NP_FMT(str_trim(buf_str(&token))));
	w->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (w->fd < 0 || connect(w->fd, &to.u.sa, addr_len(&to)) < 0)
		return NP_E_IO;
	e = file_write_all(w->fd, buf_str(&out));
	if (e == NP_OK)
		e = loop_poll_new(w->loop, w->fd, on_readable, w, &w->poll);
	if (e == NP_OK)
		loop_poll_set(w->poll, LOOP_READ);
	return e;
}

static void on_stop(void *ctx)
{
	struct watch *w = ctx;
	loop_stop(w->loop);
}

static np_err run(const struct args *a)
{
	struct watch w = { .fd = -1, .loop = loop_new(NULL) };
	if (!w.loop || !args_str(a, "token-file") || !args_str(a, "out"))
		return NP_E_INVAL;
	buf_init(&w.raw, LINE_MAX_BYTES);
	buf_init(&w.line, LINE_MAX_BYTES);
	record_init(&w.rows, sizeof(struct record_seen));
	np_err e = loop_on_stop(w.loop, on_stop, &w);
	if (e == NP_OK)
		e = ask(&w, a);
	if (e == NP_OK)
		e = loop_run(w.loop);
	if (e == NP_OK)
		e = record_write(&w.rows, args_str(a, "out"));
	(void)printf("{\"seen\": %zu, \"events\": %llu, \"resets\": %llu, \"odd\": %llu}\n",
		     w.rows.n, (unsigned long long)w.events, (unsigned long long)w.resets,
		     (unsigned long long)w.odd);
	return e;
}

int main(int argc, char **argv)
{
	NP_CLEANUP(buf_done) struct buf why;
	struct args *args = NULL;
	buf_init(&why, 4096);
	np_err e = args_parse(&spec, argc, argv, &args, &why);
	if (e == NP_E_CANCELED)
		return 0;
	if (e == NP_OK)
		e = run(args);
	if (e < 0)
		(void)fprintf(stderr, "netpulse-watch: %s\n", why.n ? buf_c(&why) : np_err_text(e));
	args_free(args);
	return e < 0;
}
