/* SPDX-License-Identifier: Apache-2.0 */
/* TLS, TCP, DNS and ICMP checks against local peers. */
#include "rig.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "checker/dnsmsg.h"

/* ---- TLS ---------------------------------------------------------------------------------------- */

static void serve_tls(struct server *s, int fd)
{
	char req[4096];
	SSL *ssl = SSL_new(s->tls);
	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1 && SSL_read(ssl, req, sizeof req) > 0) {
		static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
		(void)SSL_write(ssl, answer, sizeof answer - 1);
		(void)SSL_shutdown(ssl);
	}
	SSL_free(ssl);
}

struct tls_row {
	enum leaf_kind leaf;
	const char *host; /* of the target */
	const char *options;
	enum res_status status;
	enum res_class cls;
	const char *piece;
};
static const struct tls_row tls_rows[] = {
	{ LEAF_GOOD, "127.0.0.1", "", RES_OK, RES_C_NONE, "" },
	{ LEAF_GOOD, "localhost", "", RES_OK, RES_C_NONE, "" },
	{ LEAF_EXPIRED, "localhost", "", RES_FAIL, RES_C_CERT_EXPIRED,
	  "the certificate expired 3 days ago" },
	{ LEAF_FUTURE, "localhost", "", RES_FAIL, RES_C_CERT_EXPIRED,
	  "becomes valid only in 2 days" },
	{ LEAF_OTHER_HOST, "localhost", "", RES_FAIL, RES_C_CERT_HOST,
	  "the certificate is not for localhost" },                    /* though its CN is */
	{ LEAF_SELF, "localhost", "", RES_FAIL, RES_C_CERT_HOST, "" }, /* a root has no SAN */
	{ LEAF_CLIENT_ONLY, "localhost", "", RES_FAIL, RES_C_CERT_UNTRUSTED,
	  "not meant for servers" },
	{ LEAF_OTHER_HOST, "localhost", "{\"verify\":false}", RES_OK, RES_C_NONE, "" },
	{ LEAF_EXPIRED, "localhost", "{\"verify\":false}", RES_OK, RES_C_NONE, "" },
};

static void certificates_are_judged_alike_by_http_and_tls(void **state)
{
	(void)state;
	struct pki p;
	struct rig r;
	pki_up(&p);
	rig_up(&r, p.file);
	for (size_t i = 0; i < NP_LEN(tls_rows); i++) {
		const struct tls_row *t = &tls_rows[i];
		struct server s = { .tls = pki_server(&p, t->leaf) };
		char target[100];
		server_up(&s, serve_tls);
		(void)snprintf(target, sizeof target, "https://%s:%u/", t->host, s.port);
		struct spec spec = { .kind = MON_HTTP, .target = target, .options = t->options };
		const struct res_record *res = rig_check(&r, &spec);
		rig_expect(res, t->status, t->cls, t->piece);
		assert_true(res->cert_expires_s > 0);
		(void)snprintf(target, sizeof target, "%s:%u", t->host, s.port);
		spec.kind = MON_TLS;
		res = rig_check(&r, &spec);
		rig_expect(res, t->status, t->cls, t->piece);
		assert_true(res->cert_expires_s > 0);
		assert_true(res->phase_us[RES_P_TLS] >= 0);
		server_down(&s);
	}
	rig_down(&r);
	pki_down(&p);
}

static void an_unknown_root_is_untrusted(void **state)
{
	(void)state;
	struct pki p, other;
	struct rig r;
	pki_up(&p);
	pki_up(&other);
	rig_up(&r, other.file);
	struct server s = { .tls = pki_server(&p, LEAF_GOOD) };
	server_up(&s, serve_tls);
	struct spec spec = { .kind = MON_HTTP, .target = rig_url(s.port, "https", "/") };
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_CERT_UNTRUSTED, "issuer is unknown");
	spec = (struct spec){ .kind = MON_TLS, .target = rig_addr(s.port) };
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_CERT_UNTRUSTED, "issuer is unknown");
	server_down(&s);
	rig_down(&r);
	pki_down(&p);
	pki_down(&other);
}

static void days_until_the_end_can_be_asserted(void **state)
{
	(void)state;
	struct pki p;
	struct rig r;
	pki_up(&p);
	rig_up(&r, p.file);
	struct server s = { .tls = pki_server(&p, LEAF_GOOD) };
	server_up(&s, serve_tls);
	struct spec spec = { .kind = MON_TLS,
			     .target = rig_addr(s.port),
			     .assertions =
				     "[{\"source\":\"cert_days\",\"op\":\"ge\",\"value\":14}]" };
	rig_expect(rig_check(&r, &spec), RES_OK, RES_C_NONE, "");
	spec.assertions = "[{\"source\":\"cert_days\",\"op\":\"ge\",\"value\":60,\"soft\":true}]";
	rig_expect(rig_check(&r, &spec), RES_DEGRADED, RES_C_ASSERTION, "");
	server_down(&s);
	rig_down(&r);
	pki_down(&p);
}

static void serve_hello(struct server *s, int fd)
{
	(void)s;
	char byte;
	server_say(fd, "220 mail.example ESMTP\r\n");
	while (recv(fd, &byte, 1, 0) > 0 && byte != '\n')
		;
	server_say(fd, "250 fine\r\n");
}

static void serve_slam(struct server *s, int fd)
{
	(void)s;
	(void)fd;
}

static void tls_with_a_plain_peer_is_a_tls_failure(void **state)
{
	(void)state;
	struct rig r;
	struct server s = { 0 };
	rig_up(&r, NULL);
	server_up(&s, serve_hello);
	struct spec spec = { .kind = MON_TLS, .target = rig_addr(s.port) };
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_TLS, "TLS handshake");
	spec = (struct spec){ .kind = MON_HTTP, .target = rig_url(s.port, "https", "/") };
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_TLS, "TLS handshake");
	server_down(&s);
	rig_down(&r);
}

/* ---- TCP ---------------------------------------------------------------------------------------- */

static void tcp_says_and_expects(void **state)
{
	(void)state;
	struct rig r;
	struct server s = { 0 };
	rig_up(&r, NULL);
	server_up(&s, serve_hello);
	struct spec spec = { .kind = MON_TCP, .target = rig_addr(s.port) };
	rig_expect(rig_check(&r, &spec), RES_OK, RES_C_NONE, "");
	spec.options = "{\"expect\":\"220 \"}";
	rig_expect(rig_check(&r, &spec), RES_OK, RES_C_NONE, "");
	spec.options = "{\"send\":\"HELO x\\n\",\"expect\":\"250\"}";
	const struct res_record *res = rig_check(&r, &spec);
	rig_expect(res, RES_OK, RES_C_NONE, "");
	assert_true(res->phase_us[RES_P_CONNECT] >= 0 && res->phase_us[RES_P_FIRST_BYTE] >= 0);
	spec.options = "{\"send\":\"HELO x\\n\",\"expect\":\"999\"}";
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_ASSERTION, "does not contain \"999\"");
	spec.options = NULL;
	spec.assertions = "[{\"source\":\"reply\",\"op\":\"contains\",\"value\":\"ESMTP\"}]";
	rig_expect(rig_check(&r, &spec), RES_OK, RES_C_NONE, "");
	spec.options = "{\"expect\":\"never\"}";
	spec.assertions = NULL;
	spec.timeout_ms = 1500;
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_TIMEOUT, "waiting for the reply of");
	server_down(&s);
	server_up(&s, serve_slam);
	spec = (struct spec){ .kind = MON_TCP,
			      .target = rig_addr(s.port),
			      .options = "{\"expect\":\"x\"}" };
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_CLOSED, "without a reply");
	server_down(&s);
	spec = (struct spec){ .kind = MON_TCP, .target = rig_addr(server_dead_port()) };
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_REFUSED,
		   "connection refused by 127.0.0.1:");
	rig_down(&r);
}

/* A listener whose queue is full: SYNs are dropped. */
static void an_unanswered_connection_times_out_and_is_told_slow(void **state)
{
	(void)state;
	struct rig r;
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fill[4];
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(listen(fd, 0), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	for (size_t i = 0; i < NP_LEN(fill); i++) {
		fill[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		(void)!connect(fill[i], (struct sockaddr *)&a, sizeof a);
	}
	usleep(20000);
	rig_up(&r, NULL);
	struct spec spec = { .kind = MON_TCP,
			     .target = rig_addr(ntohs(a.sin_port)),
			     .timeout_ms = 4000 };
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_TIMEOUT,
		   "no answer within 4 s while connecting to 127.0.0.1:");
	assert_true(r.slow);
	rig_down(&r);
	for (size_t i = 0; i < NP_LEN(fill); i++)
		(void)close(fill[i]);
	(void)close(fd);
}

/* ---- DNS ---------------------------------------------------------------------------------------- */

struct dns_server {
	int fd;
	uint16_t port;
	pthread_t thread;
	_Atomic uint8_t rcode;
	_Atomic bool silent;
	uint8_t answer[300];
	_Atomic size_t answer_n, answers;
};

static void *serve_dns(void *arg)
{
	struct dns_server *d = arg;
	uint8_t q[600];
	struct sockaddr_in from;
	for (;;) {
		socklen_t len = sizeof from;
		ssize_t n = recvfrom(d->fd, q, 512, 0, (struct sockaddr *)&from, &len);
		if (n < 12)
			return NULL;
		if (d->silent)
			continue;
		size_t end = 12;
		while (q[end])
			end += 1U + q[end];
		end += 5;
		q[2] = 0x81;
		q[3] = (uint8_t)(0x80 | d->rcode);
		q[7] = (uint8_t)d->answers;
		q[9] = q[10] = q[11] = 0;
		memcpy(q + end, d->answer, d->answer_n);
		(void)sendto(d->fd, q, end + d->answer_n, 0, (struct sockaddr *)&from, len);
	}
}

static void dns_up(struct dns_server *d)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof a;
	d->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(d->fd, (struct sockaddr *)&a, sizeof a), 0);
	assert_int_equal(getsockname(d->fd, (struct sockaddr *)&a, &len), 0);
	d->port = ntohs(a.sin_port);
	assert_int_equal(pthread_create(&d->thread, NULL, serve_dns, d), 0);
}

static void dns_down(struct dns_server *d)
{
	struct sockaddr_in a = { .sin_family = AF_INET,
				 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
				 .sin_port = htons(d->port) };
	(void)sendto(d->fd, "", 1, 0, (struct sockaddr *)&a, sizeof a);
	(void)pthread_join(d->thread, NULL);
	(void)close(d->fd);
}

static void put_rr(struct dns_server *d, uint8_t type, const void *bytes, uint8_t n)
{
	const uint8_t head[] = { 0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, n };
	memcpy(d->answer + d->answer_n, head, sizeof head);
	memcpy(d->answer + d->answer_n + sizeof head, bytes, n);
	d->answer_n += sizeof head + n;
	d->answers++;
}

static void dns_answers_are_read_and_compared(void **state)
{
	(void)state;
	struct rig r;
	struct dns_server d = { 0 };
	char options[200];
	put_rr(&d, 1, "\x0a\x00\x00\x02", 4);
	put_rr(&d, 1, "\x0a\x00\x00\x01", 4);
	put_rr(&d, 15, "\x00\x0a\x04mail\xc0\x0c", 9);
	put_rr(&d, 16, "\x05hello\x01!", 8);
	dns_up(&d);
	rig_up(&r, NULL);
	struct spec spec = { .kind = MON_DNS, .target = "www.example.org", .options = options };
	static const struct {
		const char *rest;
		enum res_status status;
		enum res_class cls;
		const char *piece;
	} rows[] = {
		{ "", RES_OK, RES_C_NONE, "" },
		{ ",\"expect\":[\"10.0.0.1\",\"10.0.0.2\"]", RES_OK, RES_C_NONE, "" },
		{ ",\"expect\":[\"10.0.0.3\"]", RES_FAIL, RES_C_ASSERTION,
		  "expected 10.0.0.3 among the answers, got 10.0.0.1, 10.0.0.2" },
		{ ",\"record\":\"MX\",\"expect\":[\"10 MAIL.www.example.org.\"]", RES_OK,
		  RES_C_NONE, "" },
		{ ",\"record\":\"TXT\",\"expect\":[\"hello!\"]", RES_OK, RES_C_NONE, "" },
		{ ",\"record\":\"AAAA\"", RES_FAIL, RES_C_DNS,
		  "www.example.org has no AAAA record" },
	};
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		(void)snprintf(options, sizeof options, "{\"resolver\":\"127.0.0.1:%u\"%s}", d.port,
			       rows[i].rest);
		rig_expect(rig_check(&r, &spec), rows[i].status, rows[i].cls, rows[i].piece);
	}
	(void)snprintf(options, sizeof options, "{\"resolver\":\"127.0.0.1:%u\"}", d.port);
	d.rcode = 3;
	const struct res_record *res = rig_check(&r, &spec);
	rig_expect(res, RES_FAIL, RES_C_DNS, "NXDOMAIN");
	assert_int_equal(res->code, 3);
	d.rcode = 5;
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_DNS, "REFUSED");
	d.rcode = 0;
	d.silent = true;
	spec.timeout_ms = 1500;
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_TIMEOUT, "name server");
	spec.public_only = true;
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_BLOCKED, "loopback");
	rig_down(&r);
	dns_down(&d);
}

static void a_malformed_dns_answer_is_refused_at_any_cut(void **state)
{
	(void)state;
	static const uint8_t msg[] =
		"\x12\x34\x81\x80\x00\x01\x00\x01\x00\x00\x00\x00\x03www\x00\x00\x0f\x00\x01"
		"\xc0\x0c\x00\x0f\x00\x01\x00\x00\x00\x3c\x00\x09\x00\x0a\x04mail\xc0\x0c";
	struct arena *a = arena_new(1 << 20);
	for (size_t n = 0; n < sizeof msg - 1; n++) {
		struct dnsmsg m;
		arena_reset(a);
		assert_int_equal(dnsmsg_read((np_str){ (const char *)msg, n }, 15, a, &m),
				 NP_E_PROTO);
	}
	struct dnsmsg m;
	assert_ok(dnsmsg_read((np_str){ (const char *)msg, sizeof msg - 1 }, 15, a, &m));
	assert_int_equal(m.n, 1);
	assert_str(m.answer[0], "10 mail.www");
	arena_free(a);
}

/* ---- ICMP --------------------------------------------------------------------------------------- */

static void icmp_answers_or_says_why_it_cannot_tell(void **state)
{
	(void)state;
	struct rig r;
	rig_up(&r, NULL);
	struct spec spec = { .kind = MON_ICMP, .target = "127.0.0.1" };
	const struct res_record *res = rig_check(&r, &spec);
	if (icmp_can(r.env.icmp, AF_INET)) {
		rig_expect(res, RES_OK, RES_C_NONE, "");
		assert_str(res->address, "127.0.0.1");
	} else {
		rig_expect(res, RES_UNKNOWN, RES_C_PRIVILEGE, "CAP_NET_RAW");
	}
	spec.public_only = true;
	rig_expect(rig_check(&r, &spec), RES_FAIL, RES_C_BLOCKED, "loopback");
	rig_down(&r);
}

static void without_icmp_sockets_it_is_unknown(void **state)
{
	(void)state;
	struct rig r;
	rig_up(&r, NULL);
	struct icmp *real = r.env.icmp;
	r.env.icmp = NULL;
	struct spec spec = { .kind = MON_ICMP, .target = "127.0.0.1" };
	rig_expect(rig_check(&r, &spec), RES_UNKNOWN, RES_C_PRIVILEGE,
		   "this checker may not send ICMP echo requests");
	r.env.icmp = real;
	rig_down(&r);
}

static void icmp_packets_of_others_and_cut_ones_are_nothing(void **state)
{
	(void)state;
	uint8_t p[60] = { 0x45 };
	struct icmp_heard h;
	p[20] = 0; /* echo reply */
	memset(p + 28, 7, 8);
	assert_true(icmp_parse(AF_INET, true, (np_str){ (char *)p, 36 }, &h));
	assert_int_equal(h.token, 0x0707070707070707);
	for (size_t n = 0; n < 28; n++)
		assert_false(icmp_parse(AF_INET, true, (np_str){ (char *)p, n }, &h));
	p[20] = 8; /* a request: not for us */
	assert_false(icmp_parse(AF_INET, true, (np_str){ (char *)p, 36 }, &h));
	p[0] = 0x4f; /* a header longer than the packet */
	assert_false(icmp_parse(AF_INET, true, (np_str){ (char *)p, 36 }, &h));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(certificates_are_judged_alike_by_http_and_tls),
		cmocka_unit_test(an_unknown_root_is_untrusted),
		cmocka_unit_test(days_until_the_end_can_be_asserted),
		cmocka_unit_test(tls_with_a_plain_peer_is_a_tls_failure),
		cmocka_unit_test(tcp_says_and_expects),
		cmocka_unit_test(an_unanswered_connection_times_out_and_is_told_slow),
		cmocka_unit_test(dns_answers_are_read_and_compared),
		cmocka_unit_test(a_malformed_dns_answer_is_refused_at_any_cut),
		cmocka_unit_test(icmp_answers_or_says_why_it_cannot_tell),
		cmocka_unit_test(without_icmp_sockets_it_is_unknown),
		cmocka_unit_test(icmp_packets_of_others_and_cut_ones_are_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
