/* SPDX-License-Identifier: Apache-2.0 */
/* A TLS check: connect, shake hands, look at the chain, the name and the expiry. Nothing is
 * said above TLS. */
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/clock.h"
#include "checker/reach.h"

struct tlsc {
	struct check_run *run;
	struct reach reach;
	struct cert_seen seen;
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
	struct loop_poll *poll;
	int64_t began_us;
};

static void finish(struct tlsc *t)
{
	struct check_run *run = t->run;
	np_str text;
	check_phase(run, RES_P_TLS, clock_mono_us() - t->began_us);
	run->res.cert_expires_s = t->seen.not_after_s;
	if (!certs_ok(&t->seen)) {
		enum res_class cls =
			certs_say(&t->seen, clock_wall_us() / NP_SEC_US, run->arena, &text);
		check_end(run, RES_FAIL, cls, text);
		return;
	}
	struct asrt_facts f = { 0 };
	check_conclude(run, &f);
}

static void broke(struct tlsc *t, int ssl_error, int errno_value)
{
	struct check_run *run = t->run;
	unsigned long e = ERR_peek_last_error();
	const char *why = ERR_reason_error_string(e);
	char at[ADDR_TEXT_MAX];
	(void)addr_print(&t->reach.addr, at);
	bool eof = ssl_error == SSL_ERROR_ZERO_RETURN ||
		   (ssl_error == SSL_ERROR_SYSCALL && errno_value == 0) ||
		   ERR_GET_REASON(e) == SSL_R_UNEXPECTED_EOF_WHILE_READING;
	ERR_clear_error();
	if (ssl_error == SSL_ERROR_SYSCALL && (errno_value == ECONNRESET || errno_value == EPIPE))
		check_fail(run, RES_C_RESET, "%s reset the connection during the TLS handshake",
			   at);
	else if (eof)
		check_fail(run, RES_C_CLOSED, "%s closed the connection during the TLS handshake",
			   at);
	else
		check_fail(run, RES_C_TLS, "the TLS handshake with %s failed: %s", at,
			   why ? why : "protocol error");
}

static void step(struct tlsc *t)
{
	ERR_clear_error();
	errno = 0;
	int rc = SSL_connect(t->ssl), saved = errno;
	if (rc == 1) {
		finish(t);
		return;
	}
	int why = SSL_get_error(t->ssl, rc);
	if (why == SSL_ERROR_WANT_READ)
		loop_poll_set(t->poll, LOOP_READ);
	else if (why == SSL_ERROR_WANT_WRITE)
		loop_poll_set(t->poll, LOOP_WRITE);
	else
		broke(t, why, saved);
}

static void on_poll(void *ctx, int events)
{
	(void)events;
	step(ctx);
}

static bool make_ssl(struct tlsc *t)
{
	struct addr ip;
	const char *name = t->seen.host;
	t->ctx = SSL_CTX_new(TLS_client_method());
	if (!t->ctx || certs_prepare(t->run->env->certs, t->ctx, &t->seen) < 0)
		return false;
	SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
	t->ssl = SSL_new(t->ctx);
	if (!t->ssl || !SSL_set_fd(t->ssl, t->fd))
		return false;
	bool is_name = addr_parse_ip(str_from_c(name), &ip) < 0;
	return !is_name || SSL_set_tlsext_host_name(t->ssl, (void *)(uintptr_t)name) == 1;
}

static void on_reached(struct reach *r)
{
	struct tlsc *t = r->ctx;
	struct check_run *run = t->run;
	if (r->addr.u.sa.sa_family != AF_UNSPEC)
		check_address(run, &r->addr, true);
	if (!r->ok) {
		check_end(run, r->why.status, r->why.cls, r->why.text);
		return;
	}
	t->fd = r->fd;
	r->fd = -1;
	if (!make_ssl(t) || loop_poll_new(run->env->loop, t->fd, on_poll, t, &t->poll) < 0) {
		ERR_clear_error();
		check_unknown(run, RES_C_OVERLOAD, "this checker is out of memory");
		return;
	}
	check_stage(run, "shaking hands with", run->stage_what);
	t->began_us = clock_mono_us();
	step(t);
}

static void start(struct check_run *run)
{
	const struct check_def *d = run->def;
	np_str name = d->options.server_name.n ? d->options.server_name : d->tgt.host;
	struct tlsc *t = arena_alloc(run->arena, sizeof *t);
	const char *host = arena_c(run->arena, name);
	if (!t || !host) {
		check_unknown(run, RES_C_OVERLOAD, "this checker is out of memory");
		return;
	}
	t->run = run;
	t->fd = -1;
	t->seen = (struct cert_seen){ .verify = d->options.verify, .host = host };
	run->state = t;
	t->reach = (struct reach){ .run = run,
				   .host = d->tgt.host,
				   .port = d->tgt.port,
				   .is_ip = d->tgt.is_ip,
				   .done = on_reached,
				   .ctx = t,
				   .fd = -1 };
	reach_start(&t->reach);
}

static void cancel(struct check_run *run)
{
	struct tlsc *t = run->state;
	reach_cancel(&t->reach);
	loop_poll_free(t->poll);
	t->poll = NULL;
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	t->ssl = NULL;
	t->ctx = NULL;
	np_close_fd(&t->fd);
}

const struct check_ops tls_ops = { .name = "tls", .start = start, .cancel = cancel };
