/* SPDX-License-Identifier: Apache-2.0 */
/* netpulse-probe: what this machine can do at best, measured beside the load.
 *
 * echo: 200 bytes over mutual TLS to a thread of its own that sends them back, as many
 * connections as asked for: above this no gateway can come. commit: one row, one
 * transaction, one connection. Prints one line of JSON. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/args.h"
#include "base/clock.h"
#include "base/str.h"
#include "net/dial.h"
#include "net/listen.h"
#include "pg/pg.h"

#define ECHO_BYTES 200
#define COMMITS_MAX 2000

static const struct arg_opt opts[] = {
	{ "data", "DIR", "of `netpulse up`", NULL },
	{ "ids", "DIR", "folder that netpulse-mint wrote (echo)", NULL },
	{ "connections", "N", "of echo", "1000" },
	{ "seconds", "S", "of echo", "3" },
};
static const struct arg_spec spec = {
	.usage = "netpulse-probe echo|commit --data DIR [options]",
	.about = "Measure the limits that the figures are held against.",
	.opts = opts,
	.n = NP_LEN(opts),
	.min_pos = 1,
	.max_pos = 1,
};

/* ---- echo: the server's thread ------------------------------------------------------------ */

struct server {
	struct loop *loop;
	struct listener *listener;
	struct loop_wake *stop;
};

static void back_read(void *ctx, np_str bytes)
{
	(void)!conn_write(ctx, bytes);
}
static void back_close(void *ctx, np_err why)
{
	(void)why;
	conn_free(ctx);
}
static const struct conn_ops back_ops = { .on_read = back_read, .on_close = back_close };

static void on_conn(void *ctx, struct conn *c)
{
	(void)ctx;
	conn_handler(c, &back_ops, c);
}

static void on_stop(void *ctx)
{
	struct server *s = ctx;
	loop_stop(s->loop);
}

static void *serve(void *arg)
{
	struct server *s = arg;
	return loop_run(s->loop) < 0 ? s : NULL;
}

/* ---- echo: the clients ----------------------------------------------------------------------- */

struct clients {
	struct loop *loop;
	struct loop_timer *timer;
	size_t want, up, failed;
	uint64_t echoes, at_start;
	int64_t seconds_ms, from_us;
	struct caller *all;
	double rate;
};
struct caller {
	struct clients *cs;
	struct conn *c;
	struct dial *dial;
	size_t got;
};

static void say(struct caller *k)
{
	static const char text[ECHO_BYTES];
	(void)!conn_write(k->c, (np_str){ text, sizeof text });
}

static void echo_read(void *ctx, np_str bytes)
{
	struct caller *k = ctx;
	for (k->got += bytes.n; k->got >= ECHO_BYTES; k->got -= ECHO_BYTES) {
		k->cs->echoes++;
		say(k);
	}
}
static void echo_close(void *ctx, np_err why)
{
	struct caller *k = ctx;
	(void)why;
	k->cs->failed++;
	conn_free(np_take(k->c));
}
static const struct conn_ops echo_ops = { .on_read = echo_read, .on_close = echo_close };

static void on_dialed(void *ctx, np_err e, struct conn *c, const char *why)
{
	struct caller *k = ctx;
	struct clients *cs = k->cs;
	(void)why;
	k->dial = NULL;
	cs->failed += e < 0;
	cs->up += e == NP_OK;
	if (e == NP_OK) {
		k->c = c;
		conn_handler(c, &echo_ops, k);
	}
	if (cs->up + cs->failed < cs->want)
		return;
	for (size_t i = 0; i < cs->want; i++)
		if (cs->all[i].c)
			say(&cs->all[i]);
	loop_timer_at(cs->timer, clock_mono_ms() + 500); /* the first round is not measured */
}

static void on_timer(void *ctx)
{
	struct clients *cs = ctx;
	if (cs->from_us == 0) {
		cs->from_us = clock_mono_us();
		cs->at_start = cs->echoes;
		loop_timer_at(cs->timer, clock_mono_ms() + cs->seconds_ms);
		return;
	}
	cs->rate =
		(double)(cs->echoes - cs->at_start) * 1e6 / (double)(clock_mono_us() - cs->from_us);
	loop_stop(cs->loop);
}

static np_err dial_all(struct clients *cs, struct tls *tls, uint16_t port)
{
	cs->all = np_calloc(cs->want, sizeof *cs->all);
	cs->timer = loop_timer_new(cs->loop, on_timer, cs);
	if (!cs->all || !cs->timer)
		return NP_E_NOMEM;
	np_err e = NP_OK;
	for (size_t i = 0; e == NP_OK && i < cs->want; i++) {
		struct caller *k = &cs->all[i];
		const struct dial_cfg to = {
			.host = "127.0.0.1", .port = port, .tls = tls, .timeout_ms = 60000
		};
		k->cs = cs;
		e = dial_start(cs->loop, &to, on_dialed, k, &k->dial);
	}
	return e;
}

static np_err open_tls(const struct args *a, enum tls_use use, struct tls **ret, struct buf *why)
{
	char cert[512], key[512], root[512];
	const char *data = args_str(a, "data"), *ids = args_str(a, "ids");
	bool server = use == TLS_LINK_SERVER;
	(void)snprintf(cert, sizeof cert, "%s/%s", server ? data : ids,
		       server ? "tls/gateway.pem" : "cert.pem");
	(void)snprintf(key, sizeof key, "%s/%s", server ? data : ids,
		       server ? "tls/gateway.key" : "key.pem");
	(void)snprintf(root, sizeof root, "%s/tls/edge-root.pem", data);
	const struct tls_cfg cfg = {
		.use = use, .cert_file = cert, .key_file = key, .root_file = root
	};
	return tls_new(&cfg, ret, why);
}

static np_err start_server(struct server *s, struct tls *tls, pthread_t *ret, struct buf *why)
{
	const struct listen_cfg cfg = { .address = "127.0.0.1:0", .tls = tls, .on_conn = on_conn };
	s->loop = loop_new(NULL);
	s->stop = s->loop ? loop_wake_new(s->loop, on_stop, s) : NULL;
	np_err e = s->stop ? listener_new(s->loop, &cfg, &s->listener, why) : NP_E_NOMEM;
	if (e == NP_OK && pthread_create(ret, NULL, serve, s) != 0)
		e = NP_E_IO;
	return e;
}

static np_err run_echo(const struct args *a, struct buf *why)
{
	struct server s = { NULL };
	struct tls *server = NULL, *client = NULL;
	struct clients cs = { .loop = loop_new(NULL) };
	struct addr at;
	pthread_t thread;
	uint64_t fds, want = 0, seconds = 0;
	np_err e = str_to_u64(str_from_c(args_str(a, "connections")), &want);
	if (e == NP_OK)
		e = str_to_u64(str_from_c(args_str(a, "seconds")), &seconds);
	if (e == NP_OK && (!cs.loop || !args_str(a, "ids")))
		e = NP_E_INVAL;
	if (e == NP_OK)
		e = loop_raise_fds(&fds);
	if (e == NP_OK)
		e = open_tls(a, TLS_LINK_SERVER, &server, why);
	if (e == NP_OK)
		e = open_tls(a, TLS_LINK_CLIENT, &client, why);
	if (e == NP_OK)
		e = start_server(&s, server, &thread, why);
	if (e < 0)
		return e;
	cs.want = want;
	cs.seconds_ms = (int64_t)seconds * 1000;
	listener_addr(s.listener, &at);
	e = dial_all(&cs, client, addr_port(&at));
	if (e == NP_OK)
		e = loop_run(cs.loop);
	loop_wake_send(s.stop);
	(void)pthread_join(thread, NULL);
	(void)printf("{\"connections\": %zu, \"failed\": %zu, \"echo_per_s\": %.0f}\n", cs.up,
		     cs.failed, cs.rate);
	return e; /* the process ends: the rest goes with it */
}

/* ---- commit ---------------------------------------------------------------------------------- */

static int by_value(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static np_err commit_one(struct pg_conn *c, int64_t i)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, i);
	return pg_exec(c, "INSERT INTO bench_row VALUES ($1)", &p, NULL);
}

static np_err run_commit(const struct args *a)
{
	static int64_t took[COMMITS_MAX];
	char host[512], secret[512];
	(void)snprintf(host, sizeof host, "%s/run", args_str(a, "data"));
	(void)snprintf(secret, sizeof secret, "%s/secret/admin.db", args_str(a, "data"));
	const struct pg_conf conf = { .host = host,
				      .port = 5432,
				      .name = "netpulse",
				      .user = "np_admin",
				      .password_file = secret };
	NP_CLEANUP(pg_conn_free_p) struct pg_conn *c = pg_conn_new(&conf);
	if (!c)
		return NP_E_NOMEM;
	np_err e = pg_conn_ready(c, clock_mono_ms() + 60000);
	if (e == NP_OK)
		e = pg_exec(c, "CREATE TABLE IF NOT EXISTS bench_row (n bigint)", NULL, NULL);
	size_t n = 0;
	int64_t end_ms = clock_mono_ms() + 5000;
	for (; e == NP_OK && n < COMMITS_MAX && clock_mono_ms() < end_ms; n++) {
		int64_t from = clock_mono_us();
		e = commit_one(c, (int64_t)n);
		took[n] = clock_mono_us() - from;
	}
	if (e == NP_OK)
		e = pg_exec(c, "DROP TABLE bench_row", NULL, NULL);
	if (e < 0)
		return e;
	qsort(took, n, sizeof *took, by_value);
	(void)printf(
		"{\"commits\": %zu, \"p50\": %.3f, \"p95\": %.3f, \"p99\": %.3f, \"max\": %.3f}\n",
		n, (double)took[n / 2] / 1e3, (double)took[n * 95 / 100] / 1e3,
		(double)took[n * 99 / 100] / 1e3, (double)took[n - 1] / 1e3);
	return NP_OK;
}

static np_err run(const struct args *a, struct buf *why)
{
	const char *const *pos;
	(void)args_pos(a, &pos);
	if (!args_str(a, "data"))
		return NP_E_INVAL;
	if (strcmp(pos[0], "echo") == 0)
		return run_echo(a, why);
	return strcmp(pos[0], "commit") == 0 ? run_commit(a) : NP_E_INVAL;
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
		e = run(args, &why);
	if (e < 0)
		(void)fprintf(stderr, "netpulse-probe: %s\n", why.n ? buf_c(&why) : np_err_text(e));
	args_free(args);
	return e < 0;
}
