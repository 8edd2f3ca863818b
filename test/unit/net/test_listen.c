/* SPDX-License-Identifier: Apache-2.0 */
/* Limits: what a storm, a lack of descriptors and a lack of memory may cost. */
#include "unit/t.h"

#include <sys/resource.h>

#include "net/httpd.h"
#include "net/hub.h"
#include "unit/net/client.h"
#include "unit/net/pki.h"

#define CLIENTS 8

/* ---- the budget of handshakes ------------------------------------------------------------- */

#define SPIN_US 500

struct storm {
	struct hub *hub;
	struct hub_node costly[60];
	struct hub_node turn; /* once a turn of the loop */
	int ran, ran_before, most;
};

static struct storm storm;

static void spin(struct hub_node *node)
{
	(void)node;
	storm.ran++;
	for (int64_t until = clock_mono_us() + SPIN_US; clock_mono_us() < until;)
		;
}

static void each_turn(struct hub_node *node)
{
	int ran = storm.ran - storm.ran_before;
	storm.most = ran > storm.most ? ran : storm.most;
	storm.ran_before = storm.ran;
	if (storm.ran < (int)NP_LEN(storm.costly))
		hub_add(storm.hub, HUB_SOON, node);
}

static void handshakes_leave_room_for_the_connected(void **state)
{
	(void)state;
	struct loop *l = loop_new(NULL);
	storm = (struct storm){ .hub = hub_of(l), .turn.fn = each_turn };
	for (size_t i = 0; i < NP_LEN(storm.costly); i++) {
		storm.costly[i].fn = spin;
		hub_add(storm.hub, HUB_COSTLY, &storm.costly[i]);
	}
	hub_add(storm.hub, HUB_SOON, &storm.turn);
	RUN_UNTIL(l, storm.ran >= (int)NP_LEN(storm.costly));
	assert_int_equal(storm.ran, NP_LEN(storm.costly));
	assert_in_range(storm.most, 1, LISTEN_HANDSHAKE_BUDGET_US / SPIN_US + 1);
	loop_free(l);
}

/* ---- limits of a listener -------------------------------------------------------------------- */

struct env {
	struct client to;
	struct listener *s;
	struct tls *tls;
	struct pki pki;
	struct conn *conns[CLIENTS];
	size_t n;
	int fds[CLIENTS];
};

static void ignore(void *ctx, np_str bytes)
{
	(void)ctx, (void)bytes;
}

static void closed(void *ctx, np_err why)
{
	struct conn **c = ctx;
	(void)why;
	conn_free(np_take(*c));
}

static const struct conn_ops ops = { .on_read = ignore, .on_close = closed };

static void on_conn(void *ctx, struct conn *c)
{
	struct env *v = ctx;
	assert_true(v->n < CLIENTS);
	v->conns[v->n] = c;
	conn_handler(c, &ops, &v->conns[v->n++]);
}

static int setup(void **state)
{
	struct env *v = np_zalloc(sizeof *v);
	v->to.l = loop_new(NULL);
	pki_init(&v->pki);
	*state = v;
	return 0;
}

static int teardown(void **state)
{
	struct env *v = *state;
	listener_free(v->s);
	for (size_t i = 0; i < CLIENTS; i++)
		conn_free(v->conns[i]);
	tls_free(v->tls);
	loop_free(v->to.l);
	pki_done(&v->pki);
	free(v);
	return 0;
}

static void serve(struct env *v, const struct listen_cfg *limits)
{
	struct buf why;
	struct listen_cfg cfg = *limits;
	buf_init(&why, 1000);
	cfg.address = "127.0.0.1:0";
	cfg.on_conn = on_conn;
	cfg.ctx = v;
	assert_ok(listener_new(v->to.l, &cfg, &v->s, &why));
	listener_addr(v->s, &v->to.at);
	buf_done(&why);
}

static void connect_all(struct env *v)
{
	for (size_t i = 0; i < CLIENTS; i++)
		v->fds[i] = dial_raw(&v->to); /* the kernel completes them */
}

static void close_all(struct env *v)
{
	for (size_t i = 0; i < CLIENTS; i++)
		close(v->fds[i]);
}

static void more_connections_wait_in_the_kernel(void **state)
{
	struct env *v = *state;
	const struct listen_cfg limits = { .conns_max = 3 };
	serve(v, &limits);
	connect_all(v);
	RUN_UNTIL(v->to.l, v->n >= 3);
	loop_run_for(v->to.l, 50);
	assert_int_equal(v->n, 3);
	assert_int_equal(listener_conns(v->s), 3);
	conn_free(np_take(v->conns[0]));
	RUN_UNTIL(v->to.l, v->n >= 4);
	assert_int_equal(v->n, 4);
	assert_int_equal(listener_conns(v->s), 3);
	close_all(v);
}

static void unfinished_handshakes_are_few(void **state)
{
	struct env *v = *state;
	struct buf why;
	buf_init(&why, 1000);
	const struct tls_cfg tls = { .use = TLS_LINK_SERVER,
				     .cert_file = pki_path(&v->pki, "server.pem"),
				     .key_file = pki_path(&v->pki, "server.key"),
				     .root_file = pki_path(&v->pki, "edge.pem") };
	assert_ok(tls_new(&tls, &v->tls, &why));
	const struct listen_cfg limits = { .tls = v->tls, .handshakes_max = 2 };
	serve(v, &limits);
	connect_all(v); /* all of them mute */
	RUN_UNTIL(v->to.l, listener_handshakes(v->s) >= 2);
	loop_run_for(v->to.l, 50);
	assert_int_equal(listener_handshakes(v->s), 2);
	close(v->fds[0]);
	close(v->fds[1]);
	loop_run_for(v->to.l, 50);
	RUN_UNTIL(v->to.l, listener_handshakes(v->s) == 2);
	assert_int_equal(listener_handshakes(v->s), 2); /* the next two */
	v->fds[0] = v->fds[1] = -1;
	close_all(v);
	buf_done(&why);
}

static void without_descriptors_accepting_pauses(void **state)
{
	struct env *v = *state;
	const struct listen_cfg limits = { .conns_max = 0 };
	struct rlimit was, low;
	serve(v, &limits);
	for (size_t i = 0; i < CLIENTS; i++)
		v->fds[i] = dial_raw(&v->to);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	low = was;
	low.rlim_cur = (rlim_t)v->fds[CLIENTS - 1] + 3; /* two more and no further */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	RUN_UNTIL(v->to.l, v->n >= 2);
	loop_run_for(v->to.l, 50);
	assert_int_equal(v->n, 2);
	struct rusage before, after;
	assert_int_equal(getrusage(RUSAGE_SELF, &before), 0);
	loop_run_for(v->to.l, 100);
	assert_int_equal(getrusage(RUSAGE_SELF, &after), 0);
	int64_t spent_us = (after.ru_utime.tv_sec - before.ru_utime.tv_sec) * NP_SEC_US +
			   after.ru_utime.tv_usec - before.ru_utime.tv_usec;
	assert_in_range(spent_us, 0, 50000); /* it does not spin */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &was), 0);
	RUN_UNTIL(v->to.l, v->n >= CLIENTS);
	assert_int_equal(v->n, CLIENTS);
	close_all(v);
}

/* ---- no memory ----------------------------------------------------------------------------------- */

static void get_hello(struct httpd_req *r, void *ctx)
{
	(void)ctx;
	np_err e = httpd_set(r, "X-Hello", NP_STR("1"));
	assert_true(e == NP_OK || e == NP_E_NOMEM);
	httpd_reply(r, 200, "text/plain", NP_STR("hello"));
}

static const struct httpd_route routes[] = {
	{ .method = "GET", .pattern = "/hello/{}", .fn = get_hello },
};

/* One request with the n-th allocation failing: an answer, or a closed connection. */
static bool ask_under_oom(struct client *to, uint64_t n, struct buf *out)
{
	int fd = dial_raw(to);
	say(fd, NP_STR("GET /hello/a%20b HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"));
	np_oom_at(n);
	for (int i = 0; i < 400; i++) {
		char p[4096];
		loop_run_for(to->l, 0);
		ssize_t got = recv(fd, p, sizeof p, 0);
		if (got > 0)
			(void)buf_add(out, (np_str){ p, (size_t)got });
		if (got == 0 || (got < 0 && errno == ECONNRESET))
			break;
		if (i > 100)
			loop_run_for(to->l, 1);
	}
	np_oom_at(0);
	close(fd);
	return str_ends(buf_str(out), NP_STR("hello"));
}

static void no_memory_costs_the_connection_at_most(void **state)
{
	struct env *v = *state;
	struct buf why;
	int answered = 0, refused = 0;
	buf_init(&why, 1000);
	const struct httpd_cfg cfg = { .routes = routes, .n_routes = NP_LEN(routes) };
	const struct listen_cfg where = { .address = "127.0.0.1:0" };
	struct httpd *h = httpd_new(v->to.l, &cfg);
	assert_ok(httpd_listen(h, &where, &why));
	httpd_addr(h, 0, &v->to.at);
	for (uint64_t n = 1; n <= 60; n++) {
		struct buf out;
		buf_init(&out, 65536);
		if (ask_under_oom(&v->to, n, &out))
			answered++;
		else
			refused++;
		buf_done(&out);
	}
	assert_true(refused > 3);
	assert_true(answered > 3);
	struct buf out;
	buf_init(&out, 65536);
	assert_true(ask_under_oom(&v->to, 0, &out)); /* and all is well afterwards */
	buf_done(&out);
	httpd_free(h);
	buf_done(&why);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		cmocka_unit_test(handshakes_leave_room_for_the_connected),
		T(more_connections_wait_in_the_kernel),
		T(unfinished_handshakes_are_few),
		T(without_descriptors_accepting_pauses),
		T(no_memory_costs_the_connection_at_most),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
