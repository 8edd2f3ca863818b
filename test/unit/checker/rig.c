/* SPDX-License-Identifier: Apache-2.0 */
#include "rig.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "net/mint.h"
#include "net/x509.h"

/* ---- servers ---------------------------------------------------------------------------------- */

static void *serve_all(void *arg)
{
	struct server *s = arg;
	while (!s->stop) {
		int fd = accept(s->fd, NULL, NULL);
		if (fd < 0)
			break;
		s->hits++;
		s->serve(s, fd);
		(void)close(fd);
	}
	return NULL;
}

void server_up(struct server *s, void (*serve)(struct server *s, int fd))
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	pthread_t t;
	s->serve = serve;
	s->stop = false;
	s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(s->fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(s->fd, 64), 0);
	assert_int_equal(getsockname(s->fd, (struct sockaddr *)&a, &len), 0);
	s->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&t, NULL, serve_all, s), 0);
	s->thread = t;
}

uint16_t server_dead_port(void)
{
	static int fd = -1; /* bound, and nobody listens */
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	if (fd < 0) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	}
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	return ntohs(a.sin_port);
}

void server_down(struct server *s)
{
	s->stop = true;
	(void)shutdown(s->fd, SHUT_RDWR);
	(void)pthread_join(s->thread, NULL);
	(void)close(s->fd);
	SSL_CTX_free(s->tls);
	s->tls = NULL;
}

size_t server_read(int fd, char *ret, size_t size)
{
	size_t n = 0;
	while (n + 1 < size) {
		ssize_t got = recv(fd, ret + n, size - 1 - n, 0);
		if (got <= 0)
			break;
		n += (size_t)got;
		ret[n] = 0;
		if (strstr(ret, "\r\n\r\n"))
			break;
	}
	ret[n] = 0;
	return n;
}

void server_say(int fd, const char *text)
{
	size_t n = strlen(text);
	while (n > 0) {
		ssize_t w = send(fd, text, n, MSG_NOSIGNAL);
		if (w <= 0)
			return;
		text += w;
		n -= (size_t)w;
	}
}

/* ---- certificates ------------------------------------------------------------------------------- */

void pki_up(struct pki *p)
{
	NP_CLEANUP(buf_done) struct buf pem;
	static int serial;
	int64_t now = clock_wall_us();
	struct mint_span span = { now - 10 * NP_DAY_US, now + 400 * NP_DAY_US };
	buf_init(&pem, X509_PEM_MAX);
	assert_ok(x509_key_new(&p->root_key));
	assert_ok(mint_root(p->root_key, "test root", span, &p->root));
	assert_ok(x509_cert_add_pem(p->root, &pem));
	(void)snprintf(p->file, sizeof p->file, "/tmp/np-root-%d-%d.pem", (int)getpid(), serial++);
	assert_ok(file_write_atomic(p->file, buf_str(&pem), 0600));
}

void pki_down(struct pki *p)
{
	(void)unlink(p->file);
	x509_key_free_p(&p->root_key);
	x509_cert_free_p(&p->root);
}

SSL_CTX *pki_server(const struct pki *p, enum leaf_kind kind)
{
	int64_t now = clock_wall_us();
	const char *good[] = { "localhost", "127.0.0.1" }, *bad[] = { "other.example" };
	EVP_PKEY *key = NULL;
	X509 *leaf = NULL;
	struct mint_leaf_req req = {
		.cn = "localhost",
		.names = kind == LEAF_OTHER_HOST ? bad : good,
		.n = kind == LEAF_OTHER_HOST ? 1 : 2,
		.server = kind != LEAF_CLIENT_ONLY,
		.client = kind == LEAF_CLIENT_ONLY,
		.span = { now - 5 * NP_DAY_US, now + 30 * NP_DAY_US },
	};
	if (kind == LEAF_EXPIRED)
		req.span.not_after_us = now - 3 * NP_DAY_US - NP_HOUR_US;
	if (kind == LEAF_FUTURE)
		req.span =
			(struct mint_span){ now + 2 * NP_DAY_US + NP_HOUR_US, now + 9 * NP_DAY_US };
	assert_ok(x509_key_new(&key));
	struct mint_issuer ca = { p->root, p->root_key };
	if (kind == LEAF_SELF)
		assert_ok(mint_root(key, "localhost", req.span, &leaf));
	else
		assert_ok(mint_leaf(&ca, key, &req, &leaf));
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
	assert_non_null(ctx);
	assert_int_equal(SSL_CTX_use_certificate(ctx, leaf), 1);
	assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
	x509_key_free_p(&key);
	x509_cert_free_p(&leaf);
	return ctx;
}

/* ---- checks ---------------------------------------------------------------------------------------- */

void rig_up(struct rig *r, const char *ca_file)
{
	NP_CLEANUP(buf_done) struct buf why;
	struct resolv_cfg rc = { 0 };
	buf_init(&why, 500);
	*r = (struct rig){ 0 };
	r->env.loop = loop_new(NULL);
	r->env.user_agent = "NetPulse/test (+https://example.org; region=test)";
	assert_non_null(r->env.loop);
	assert_ok(curlm_new(r->env.loop, r->env.user_agent, &r->env.curl));
	assert_ok(certs_new(ca_file, &r->env.certs, &why));
	assert_ok(resolv_new(r->env.loop, &rc, &r->env.names, &why));
	rc.raw = true;
	assert_ok(resolv_new(r->env.loop, &rc, &r->env.queries, &why));
	assert_ok(icmp_new(r->env.loop, -1, -1, &r->env.icmp));
	assert_ok(check_run_new(&r->env, &r->run));
}

void rig_down(struct rig *r)
{
	check_run_free(r->run);
	def_unref(r->def);
	icmp_free(r->env.icmp);
	resolv_free(r->env.queries);
	resolv_free(r->env.names);
	certs_free(r->env.certs);
	curlm_free(r->env.curl);
	loop_free(r->env.loop);
}

static void on_done(struct check_run *run)
{
	((struct rig *)run->ctx)->over = true;
}

static void on_slow(struct check_run *run)
{
	((struct rig *)run->ctx)->slow = true;
}

const struct res_record *rig_check(struct rig *r, const struct spec *s)
{
	Np__V1__Monitor m = NP__V1__MONITOR__INIT;
	m.monitor = 7;
	m.revision = 3;
	m.kind = s->kind;
	m.target = (char *)(uintptr_t)s->target;
	m.options_json = (char *)(uintptr_t)(s->options ? s->options : "");
	m.assertions_json = (char *)(uintptr_t)(s->assertions ? s->assertions : "");
	m.interval_ms = 60000;
	m.timeout_ms = s->timeout_ms ? s->timeout_ms : 30000;
	m.private_ok = !s->public_only;
	def_unref(r->def);
	r->def = NULL;
	assert_ok(def_new(&m, &r->def));
	r->over = r->slow = false;
	r->run->def = r->def;
	r->run->done = on_done;
	r->run->slow = on_slow;
	r->run->ctx = r;
	r->run->res.slot_us = clock_wall_us();
	r->run->res.attempt = 0;
	check_start(r->run);
	int64_t until = clock_mono_ms() + m.timeout_ms + T_PATIENCE_MS;
	while (!r->over && clock_mono_ms() < until)
		loop_run_for(r->env.loop, 20);
	assert_true(r->over);
	if (res_validate(&r->run->res) != RES_F_OK)
		printf("invalid field: %s\n", res_field_name(res_validate(&r->run->res)));
	assert_int_equal(res_validate(&r->run->res), RES_F_OK);
	assert_true(r->run->res.text.n <= 300);
	return &r->run->res;
}

const char *rig_url(uint16_t port, const char *scheme, const char *path)
{
	static char url[512];
	(void)snprintf(url, sizeof url, "%s://127.0.0.1:%u%s", scheme, port, path);
	return url;
}

const char *rig_addr(uint16_t port)
{
	static char at[64];
	(void)snprintf(at, sizeof at, "127.0.0.1:%u", port);
	return at;
}

void rig_expect(const struct res_record *res, enum res_status status, enum res_class cls,
		const char *piece)
{
	bool ok = res->status == status && res->cls == cls &&
		  (!*piece || str_find(res->text, str_from_c(piece)) != SIZE_MAX);
	if (!ok || getenv("RIG_SHOW"))
		printf("  %s/%s \"%.*s\" code %d\n", res_status_name(res->status),
		       res_class_name(res->cls), NP_FMT(res->text), res->code);
	assert_string_equal(res_status_name(res->status), res_status_name(status));
	assert_string_equal(res_class_name(res->cls), res_class_name(cls));
	assert_true(ok);
}
