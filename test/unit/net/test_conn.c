/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "net/dial.h"
#include "net/listen.h"
#include "unit/net/pki.h"

/* One side of a connection and what it heard. */
struct side {
	struct conn *c;
	struct buf got;
	int closed;
	np_err why;
	int drained, deadlines;
};

struct env {
	struct pki pki;
	struct loop *l;
	struct listener *s;
	struct tls *server, *client;
	struct side at_server, at_client;
	int refused, dialed;
	np_err dial_err;
	char refused_why[128], dial_why[128];
};

static void on_read(void *ctx, np_str bytes)
{
	struct side *s = ctx;
	(void)buf_add(&s->got, bytes);
}

static void on_close(void *ctx, np_err why)
{
	struct side *s = ctx;
	s->closed++;
	s->why = why;
	conn_free(np_take(s->c));
}

static void on_drain(void *ctx)
{
	struct side *s = ctx;
	s->drained++;
}

static void on_deadline(void *ctx)
{
	struct side *s = ctx;
	s->deadlines++;
}

static const struct conn_ops ops = { on_read, on_close, on_drain, on_deadline };

static void on_conn(void *ctx, struct conn *c)
{
	struct env *v = ctx;
	conn_free(v->at_server.c);
	v->at_server.c = c;
	conn_handler(c, &ops, &v->at_server);
}

static void on_refused(void *ctx, const struct addr *peer, const char *why)
{
	struct env *v = ctx;
	assert_int_equal(peer->u.sa.sa_family, AF_INET);
	v->refused++;
	(void)snprintf(v->refused_why, sizeof v->refused_why, "%s", why);
}

static void dialed(void *ctx, np_err e, struct conn *c, const char *why)
{
	struct env *v = ctx;
	v->dialed++;
	v->dial_err = e;
	(void)snprintf(v->dial_why, sizeof v->dial_why, "%s", why);
	v->at_client.c = c;
	if (c)
		conn_handler(c, &ops, &v->at_client);
}

static int setup(void **state)
{
	struct env *v = np_zalloc(sizeof *v);
	pki_init(&v->pki);
	v->l = loop_new(NULL);
	buf_init(&v->at_server.got, 1 << 24);
	buf_init(&v->at_client.got, 1 << 24);
	*state = v;
	return 0;
}

static int teardown(void **state)
{
	struct env *v = *state;
	listener_free(v->s);
	conn_free(v->at_server.c);
	conn_free(v->at_client.c);
	tls_free(v->server);
	tls_free(v->client);
	loop_free(v->l);
	buf_done(&v->at_server.got);
	buf_done(&v->at_client.got);
	pki_done(&v->pki);
	free(v);
	return 0;
}

static uint16_t serve_with(struct env *v, enum tls_use use, const char *cert, const char *key)
{
	struct buf why;
	struct addr at;
	buf_init(&why, 1000);
	const struct tls_cfg cfg = { .use = use,
				     .cert_file = pki_path(&v->pki, cert ? cert : ""),
				     .key_file = pki_path(&v->pki, key ? key : ""),
				     .root_file = pki_path(&v->pki, "edge.pem") };
	if (cert && tls_new(&cfg, &v->server, &why) < 0)
		fail_msg("%s", buf_c(&why));
	const struct listen_cfg listen = { .address = "127.0.0.1:0",
					   .tls = v->server,
					   .on_conn = on_conn,
					   .on_refused = on_refused,
					   .ctx = v };
	assert_ok(listener_new(v->l, &listen, &v->s, &why));
	listener_addr(v->s, &at);
	buf_done(&why);
	return addr_port(&at);
}

static uint16_t serve(struct env *v, enum tls_use use, bool plain)
{
	return serve_with(v, use, plain ? NULL : "server.pem", plain ? NULL : "server.key");
}

static void use_client(struct env *v, const struct tls_cfg *cfg)
{
	struct buf why;
	buf_init(&why, 1000);
	if (tls_new(cfg, &v->client, &why) < 0)
		fail_msg("%s", buf_c(&why));
	buf_done(&why);
}

static void use_checker(struct env *v, const char *cert, const char *key)
{
	const struct tls_cfg cfg = { .use = TLS_LINK_CLIENT,
				     .cert_file = pki_path(&v->pki, cert),
				     .key_file = pki_path(&v->pki, key),
				     .root_file = pki_path(&v->pki, "edge.pem") };
	use_client(v, &cfg);
}

#define UNTIL(v, condition)                                                  \
	for (int64_t np_end = clock_mono_ms() + T_PATIENCE_MS; !(condition); \
	     loop_run_for((v)->l, 1))                                        \
		if (clock_mono_ms() > np_end)                                \
	fail_msg("waited in vain for %s", #condition)

static void dial(struct env *v, const char *host, uint16_t port, const char *tls_name)
{
	struct dial *d;
	const struct dial_cfg cfg = {
		.host = host, .port = port, .tls = v->client, .tls_name = tls_name
	};
	assert_ok(dial_start(v->l, &cfg, dialed, v, &d));
	UNTIL(v, v->dialed);
}

static void exchange(struct env *v)
{
	UNTIL(v, v->at_server.c);
	assert_ok(conn_write(v->at_client.c, NP_STR("ping")));
	UNTIL(v, v->at_server.got.n == 4);
	assert_ok(conn_write(v->at_server.c, NP_STR("pong")));
	UNTIL(v, v->at_client.got.n == 4);
	assert_str(buf_str(&v->at_client.got), "pong");
}

static void plain_talks_both_ways(void **state)
{
	struct env *v = *state;
	dial(v, "localhost", serve(v, TLS_LINK_SERVER, true), NULL);
	assert_ok(v->dial_err);
	exchange(v);
	assert_null(conn_ident(v->at_server.c));
	assert_false(conn_is_tls(v->at_server.c));
}

static void a_checker_is_known_by_its_certificate(void **state)
{
	struct env *v = *state;
	uint16_t port = serve(v, TLS_LINK_SERVER, false);
	use_checker(v, "checker.pem", "checker.key");
	dial(v, "127.0.0.1", port, NULL);
	assert_ok(v->dial_err);
	exchange(v);
	const struct ident *id = conn_ident(v->at_server.c);
	assert_non_null(id);
	assert_string_equal(id->region, PKI_REGION);
	assert_null(conn_ident(v->at_client.c));
	assert_int_equal(v->refused, 0);
	assert_int_equal(listener_handshakes(v->s), 0);
	assert_int_equal(listener_conns(v->s), 1);
}

static void a_big_message_arrives_whole(void **state)
{
	struct env *v = *state;
	uint16_t port = serve(v, TLS_LINK_SERVER, false);
	use_checker(v, "checker.pem", "checker.key");
	dial(v, "127.0.0.1", port, NULL);
	UNTIL(v, v->at_server.c);
	struct buf big;
	buf_init(&big, 8 << 20);
	for (uint32_t i = 0; i < 1000000; i++)
		(void)buf_add_le32(&big, i * 2654435761u);
	conn_write_max(v->at_server.c, 8 << 20);
	assert_ok(conn_write(v->at_server.c, buf_str(&big)));
	assert_int_equal(conn_write(v->at_server.c, buf_str(&big)), NP_OK);
	assert_int_equal(conn_write(v->at_server.c, buf_str(&big)), NP_E_LIMIT);
	UNTIL(v, v->at_client.got.n == 2 * big.n);
	assert_memory_equal(v->at_client.got.p, big.p, big.n);
	assert_memory_equal(v->at_client.got.p + big.n, big.p, big.n);
	assert_true(v->at_server.drained > 0);
	assert_int_equal(conn_backlog(v->at_server.c), 0);
	buf_done(&big);
}

/* Without a certificate, with one of the wrong root, with one that is not a checker's. */
static void the_link_refuses_who_is_no_checker(void **state)
{
	struct env *v = *state;
	const struct pki *p = &v->pki;
	uint16_t port = serve(v, TLS_LINK_SERVER, false);
	const struct mint_san san = { MINT_URI, NP_STR("spiffe://" PKI_REGION
						       ".checker.netpulse/" PKI_UUID) };
	const struct mint_san elsewhere = { MINT_URI,
					    NP_STR("spiffe://us.checker.netpulse/" PKI_UUID) };
	struct mint_spec spec = pki_checker_spec(p, &san), late = spec, wrong = spec;
	late.span = pki_span(p, -7200, -3600);
	wrong.sans = &elsewhere;
	const struct mint_issuer region = { p->region, p->region_key };
	const struct mint_issuer infra = { p->infra, p->infra_key };
	const struct {
		const struct mint_issuer *by;
		const struct mint_spec *spec;
		const char *why;
	} rows[] = {
		{ &infra, &spec, "self-signed certificate in certificate chain" },
		{ &region, &late, "certificate has expired" },
		{ &region, &wrong, "permitted subtree violation" },
		{ NULL, &spec, "self-signed certificate" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		pki_write(&v->pki, "other", rows[i].by, p->leaf_key, rows[i].spec);
		use_checker(v, "other.pem", "other.key");
		v->refused = v->dialed = 0;
		dial(v, "127.0.0.1", port, NULL);
		UNTIL(v, v->refused);
		assert_string_equal(v->refused_why, rows[i].why);
		/* With TLS 1.3 the client may believe itself connected, until it reads. */
		UNTIL(v, !v->at_client.c);
		assert_null(v->at_server.c);
		tls_free(np_take(v->client));
	}
	const struct tls_cfg none = { .use = TLS_ENROL_CLIENT,
				      .root_file = pki_path(p, "edge.pem") };
	use_client(v, &none);
	v->refused = v->dialed = 0;
	dial(v, "127.0.0.1", port, NULL);
	UNTIL(v, v->refused);
	assert_string_equal(v->refused_why, "peer did not return a certificate");
}

static void the_client_refuses_a_server_of_another_name_or_root(void **state)
{
	struct env *v = *state;
	uint16_t port = serve(v, TLS_LINK_SERVER, false);
	use_checker(v, "checker.pem", "checker.key");
	dial(v, "127.0.0.1", port, "gateway.example");
	assert_err(v->dial_err, NP_E_AUTH);
	assert_string_equal(v->dial_why, "hostname mismatch");
	v->dialed = 0;
	dial(v, "localhost", port, NULL);
	assert_ok(v->dial_err);
	conn_free(np_take(v->at_client.c));
	tls_free(np_take(v->client));
	const struct tls_cfg infra = { .use = TLS_ENROL_CLIENT,
				       .root_file = pki_path(&v->pki, "infra.pem") };
	use_client(v, &infra);
	v->dialed = 0;
	dial(v, "127.0.0.1", port, NULL);
	assert_err(v->dial_err, NP_E_AUTH);
}

/* A checker that poses as a server: right root, right machine, wrong usage. */
static void a_checker_cannot_be_a_server(void **state)
{
	struct env *v = *state;
	uint16_t port = serve_with(v, TLS_ENROL_SERVER, "checker.pem", "checker.key");
	use_checker(v, "checker.pem", "checker.key");
	dial(v, "127.0.0.1", port, NULL);
	assert_err(v->dial_err, NP_E_AUTH);
}

/* No usage at all would do for OpenSSL. */
static void a_server_says_that_it_is_one(void **state)
{
	struct env *v = *state;
	const struct mint_issuer by = { v->pki.server_ca, v->pki.server_key };
	const struct mint_san san = { MINT_IP, NP_STR("127.0.0.1") };
	const struct mint_spec spec = {
		.cn = "x", .sans = &san, .n_sans = 1, .span = pki_span(&v->pki, -60, 3600)
	};
	pki_write(&v->pki, "other", &by, v->pki.leaf_key, &spec);
	uint16_t port = serve_with(v, TLS_ENROL_SERVER, "other.pem", "other.key");
	use_checker(v, "checker.pem", "checker.key");
	dial(v, "127.0.0.1", port, NULL);
	assert_err(v->dial_err, NP_E_AUTH);
	assert_string_equal(v->dial_why, "the certificate is not a server's");
}

static void a_pin_stands_for_the_root(void **state)
{
	struct env *v = *state;
	uint8_t pin[32];
	uint16_t port = serve(v, TLS_ENROL_SERVER, false);
	assert_ok(x509_cert_sha256(v->pki.edge, pin));
	const struct tls_cfg cfg = { .use = TLS_ENROL_CLIENT, .pin = pin };
	use_client(v, &cfg);
	dial(v, "127.0.0.1", port, NULL);
	assert_ok(v->dial_err);
	exchange(v);
	assert_null(conn_ident(v->at_server.c)); /* no certificate: allowed here */
	conn_free(np_take(v->at_client.c));
	tls_free(np_take(v->client));
	pin[31] ^= 1;
	use_client(v, &cfg);
	v->dialed = 0;
	dial(v, "127.0.0.1", port, NULL);
	assert_err(v->dial_err, NP_E_AUTH);
	/* the pin of a certificate that is not the root is no root */
	tls_free(np_take(v->client));
	assert_ok(x509_cert_sha256(v->pki.server_ca, pin));
	use_client(v, &cfg);
	v->dialed = 0;
	dial(v, "127.0.0.1", port, NULL);
	assert_err(v->dial_err, NP_E_AUTH);
}

static void enrolment_knows_a_leaf_that_expired_lately(void **state)
{
	struct env *v = *state;
	const struct pki *p = &v->pki;
	static const struct {
		int64_t ago_s;
		bool ok;
	} rows[] = { { 60, true }, { 6 * 86400, true }, { 8 * 86400, false } };
	const struct mint_san san = { MINT_URI, NP_STR("spiffe://" PKI_REGION
						       ".checker.netpulse/" PKI_UUID) };
	const struct mint_issuer region = { p->region, p->region_key };
	uint16_t port = serve(v, TLS_ENROL_SERVER, false);
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct mint_spec spec = pki_checker_spec(p, &san);
		spec.span = pki_span(p, -30 * 86400, -rows[i].ago_s);
		pki_write(&v->pki, "other", &region, p->leaf_key, &spec);
		use_checker(v, "other.pem", "other.key");
		v->refused = v->dialed = 0;
		dial(v, "127.0.0.1", port, NULL);
		if (rows[i].ok) {
			UNTIL(v, v->at_server.c);
			assert_true(conn_ident(v->at_server.c)->expired);
			conn_free(np_take(v->at_server.c));
		} else {
			UNTIL(v, v->refused);
		}
		UNTIL(v, !v->at_client.c);
		tls_free(np_take(v->client));
	}
}

static void reload_serves_new_handshakes_and_keeps_old_connections(void **state)
{
	struct env *v = *state;
	struct buf why;
	buf_init(&why, 1000);
	uint16_t port = serve(v, TLS_LINK_SERVER, false);
	use_checker(v, "checker.pem", "checker.key");
	dial(v, "127.0.0.1", port, NULL);
	UNTIL(v, v->at_server.c);
	assert_false(tls_is_stale(v->server));
	/* a broken file changes nothing */
	assert_int_equal(rename(pki_path(&v->pki, "server.pem"), pki_path(&v->pki, "other.pem")),
			 0);
	assert_true(tls_is_stale(v->server));
	assert_true(tls_reload(v->server, &why) < 0);
	assert_true(why.n > 0);
	exchange(v);
	assert_int_equal(rename(pki_path(&v->pki, "other.pem"), pki_path(&v->pki, "server.pem")),
			 0);
	assert_ok(tls_reload(v->server, &why));
	assert_false(tls_is_stale(v->server));
	buf_reset(&v->at_client.got);
	buf_reset(&v->at_server.got);
	exchange(v);
	buf_done(&why);
}

static void pause_holds_input_back(void **state)
{
	struct env *v = *state;
	uint16_t port = serve(v, TLS_LINK_SERVER, false);
	use_checker(v, "checker.pem", "checker.key");
	dial(v, "127.0.0.1", port, NULL);
	exchange(v);
	buf_reset(&v->at_server.got);
	conn_pause(v->at_server.c);
	assert_ok(conn_write(v->at_client.c, NP_STR("wait")));
	loop_run_for(v->l, 50);
	assert_int_equal(v->at_server.got.n, 0);
	conn_resume(v->at_server.c);
	UNTIL(v, v->at_server.got.n == 4);
}

static void half_close_flushes_first(void **state)
{
	struct env *v = *state;
	uint16_t port = serve(v, TLS_LINK_SERVER, false);
	use_checker(v, "checker.pem", "checker.key");
	dial(v, "127.0.0.1", port, NULL);
	exchange(v);
	buf_reset(&v->at_client.got);
	assert_ok(conn_write(v->at_server.c, NP_STR("last words")));
	conn_finish(np_take(v->at_server.c));
	UNTIL(v, v->at_client.closed);
	assert_str(buf_str(&v->at_client.got), "last words");
	assert_err(v->at_client.why, NP_E_CLOSED);
	UNTIL(v, listener_conns(v->s) == 0);
}

static void a_deadline_fires_once_and_not_early(void **state)
{
	struct env *v = *state;
	dial(v, "127.0.0.1", serve(v, TLS_LINK_SERVER, true), NULL);
	UNTIL(v, v->at_server.c);
	int64_t at = clock_mono_ms() + 120;
	conn_deadline(v->at_server.c, at);
	UNTIL(v, v->at_server.deadlines);
	assert_true(clock_mono_ms() >= at);
	loop_run_for(v->l, 250);
	assert_int_equal(v->at_server.deadlines, 1);
}

/* Somebody who connects and says nothing, or nonsense, holds nothing up. */
static void silence_and_nonsense_do_not_hold_others_up(void **state)
{
	struct env *v = *state;
	struct addr at;
	uint16_t port = serve(v, TLS_LINK_SERVER, false);
	listener_addr(v->s, &at);
	int mute = socket(AF_INET, SOCK_STREAM, 0), rude = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(mute, &at.u.sa, addr_len(&at)), 0);
	assert_int_equal(connect(rude, &at.u.sa, addr_len(&at)), 0);
	assert_int_equal(send(rude, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
	use_checker(v, "checker.pem", "checker.key");
	dial(v, "127.0.0.1", port, NULL);
	exchange(v);
	UNTIL(v, v->refused == 1);
	assert_string_equal(v->refused_why, "http request");
	assert_int_equal(listener_handshakes(v->s), 1);
	close(mute);
	UNTIL(v, v->refused == 2);
	close(rude);
}

static void a_refused_port_is_an_error(void **state)
{
	struct env *v = *state;
	uint16_t port = serve(v, TLS_LINK_SERVER, true);
	listener_free(np_take(v->s));
	dial(v, "127.0.0.1", port, NULL);
	assert_err(v->dial_err, NP_E_CLOSED);
	v->dialed = 0;
	dial(v, "no-such-host.invalid", 1, NULL);
	assert_err(v->dial_err, NP_E_NOTFOUND);
}

static void a_dial_can_be_given_up(void **state)
{
	struct env *v = *state;
	uint16_t port = serve(v, TLS_LINK_SERVER, false);
	use_checker(v, "checker.pem", "checker.key");
	for (int turns = 0; turns < 6; turns++) {
		struct dial *d;
		const struct dial_cfg cfg = { .host = "127.0.0.1", .port = port, .tls = v->client };
		assert_ok(dial_start(v->l, &cfg, dialed, v, &d));
		for (int i = 0; i < turns && !v->dialed; i++)
			loop_run_for(v->l, 0);
		if (!v->dialed)
			dial_cancel(d);
		v->dialed = 0;
		conn_free(np_take(v->at_client.c));
	}
	loop_run_for(v->l, 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		T(plain_talks_both_ways),
		T(a_checker_is_known_by_its_certificate),
		T(a_big_message_arrives_whole),
		T(the_link_refuses_who_is_no_checker),
		T(the_client_refuses_a_server_of_another_name_or_root),
		T(a_checker_cannot_be_a_server),
		T(a_server_says_that_it_is_one),
		T(a_pin_stands_for_the_root),
		T(enrolment_knows_a_leaf_that_expired_lately),
		T(reload_serves_new_handshakes_and_keeps_old_connections),
		T(pause_holds_input_back),
		T(half_close_flushes_first),
		T(a_deadline_fires_once_and_not_early),
		T(silence_and_nonsense_do_not_hold_others_up),
		T(a_refused_port_is_an_error),
		T(a_dial_can_be_given_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
