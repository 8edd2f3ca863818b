/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <poll.h>

#include "base/clock.h"
#include "base/crypt.h"
#include "pg/conn.h"

#define PG_TCP_TIMEOUT_MS "10000" /* unacknowledged bytes: the peer is gone */

static np_err io_wait(const struct pg_conn *c, short events, int64_t deadline_ms)
{
	struct pollfd p = { .fd = PQsocket(c->pq), .events = events };
	for (;;) {
		int64_t left = deadline_ms - clock_mono_ms();
		int n;
		if (p.fd < 0)
			return NP_E_CLOSED;
		if (left < 0)
			left = 0;
		n = poll(&p, 1, left > 60000 ? 60000 : (int)left);
		if (n > 0)
			return NP_OK;
		if (n < 0 && errno != EINTR)
			return np_err_from_errno(errno);
		if (n == 0 && clock_mono_ms() >= deadline_ms)
			return NP_E_TIMEOUT;
	}
}

/* The statement took too long. PQcancel would wait without a limit for a pooler that hangs;
 * a server with client_connection_check_interval ends the statement once we are gone. */
static np_err io_abandon(struct pg_conn *c)
{
	pg_conn_drop(c);
	pg_conn_back_off(c);
	pg_error_set(&c->err, "57014", "no answer by the deadline");
	return NP_E_DB_GONE;
}

static void io_notice(void *ctx NP_UNUSED, const PGresult *r NP_UNUSED)
{
	/* libpq would print it on standard error */
}

#define IO_OPTIONS 16
struct io_options {
	const char *key[IO_OPTIONS];
	const char *value[IO_OPTIONS];
	size_t n;
};

static void io_option(struct io_options *o, const char *key, const char *value)
{
	assert(o->n + 1 < IO_OPTIONS);
	if (value == NULL)
		return;
	o->key[o->n] = key;
	o->value[o->n++] = value;
}

static PGconn *io_start(const struct pg_conf *f, const char *password)
{
	struct io_options o = { 0 };
	char port[8];
	snprintf(port, sizeof port, "%u", f->port != 0 ? (unsigned)f->port : 5432U);
	io_option(&o, "host", f->host);
	io_option(&o, "port", port);
	io_option(&o, "dbname", f->name);
	io_option(&o, "user", f->user);
	io_option(&o, "password", password);
	io_option(&o, "application_name", f->app != NULL ? f->app : "netpulse");
	io_option(&o, "client_encoding", "UTF8");
	io_option(&o, "passfile", "/dev/null");
	io_option(&o, "gssencmode", "disable");
	io_option(&o, "tcp_user_timeout", PG_TCP_TIMEOUT_MS);
	io_option(&o, "sslmode", f->root_file != NULL ? "verify-full" : "disable");
	if (f->root_file != NULL) {
		io_option(&o, "sslrootcert", f->root_file);
		io_option(&o, "sslcert", f->cert_file);
		io_option(&o, "sslkey", f->key_file);
		io_option(&o, "ssl_min_protocol_version", "TLSv1.3");
	}
	return PQconnectStartParams(o.key, o.value, 0);
}

static np_err io_handshake(struct pg_conn *c, int64_t deadline_ms)
{
	PostgresPollingStatusType s = PGRES_POLLING_WRITING;
	while (s != PGRES_POLLING_OK) {
		np_err e;
		if (s == PGRES_POLLING_FAILED || PQstatus(c->pq) == CONNECTION_BAD)
			return pg_error_gone(c);
		e = io_wait(c, s == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline_ms);
		if (e < 0) {
			pg_conn_drop(c);
			pg_error_set(&c->err, "", "no connection by the deadline");
			return NP_E_DB_GONE;
		}
		s = PQconnectPoll(c->pq);
	}
	return NP_OK;
}

np_err pg_io_connect(struct pg_conn *c, int64_t deadline_ms)
{
	NP_CLEANUP(secret_done) struct secret password = { 0 };
	np_err e = NP_OK;
	assert(c->pq == NULL);
	if (c->conf.password_file != NULL)
		e = secret_load(c->conf.password_file, &password);
	if (e < 0 || password.n >= sizeof password.bytes) {
		pg_error_set(&c->err, "", "the password file cannot be read");
		return NP_E_DB_GONE;
	}
	password.bytes[password.n] = 0;
	c->pq = io_start(&c->conf, password.n > 0 ? (const char *)password.bytes : NULL);
	if (c->pq == NULL) {
		pg_error_set(&c->err, "", "out of memory");
		return NP_E_DB_GONE;
	}
	PQsetNoticeReceiver(c->pq, io_notice, NULL);
	e = io_handshake(c, deadline_ms);
	if (e < 0)
		return e;
	return PQsetnonblocking(c->pq, 1) == 0 ? NP_OK : pg_error_gone(c);
}

/* Between statements the server says nothing, unless it goes away: its last words may come
 * before the end of the connection, so that any word counts. */
np_err pg_io_alive(struct pg_conn *c)
{
	struct pollfd p = { .fd = PQsocket(c->pq), .events = POLLIN };
	if (PQstatus(c->pq) == CONNECTION_OK && poll(&p, 1, 0) == 0)
		return NP_OK;
	pg_conn_drop(c); /* it went while idle: no reason to wait before the next */
	return NP_E_DB_GONE;
}

np_err pg_io_result(struct pg_conn *c, PGresult **ret)
{
	int unsent = PQflush(c->pq);
	while (unsent >= 0 && PQisBusy(c->pq) == 1) {
		short events = unsent > 0 ? POLLIN | POLLOUT : POLLIN;
		np_err e = io_wait(c, events, c->deadline_ms);
		if (e == NP_E_TIMEOUT)
			return io_abandon(c);
		if (e < 0 || PQconsumeInput(c->pq) != 1)
			return pg_error_gone(c);
		unsent = PQflush(c->pq);
	}
	if (unsent < 0)
		return pg_error_gone(c);
	*ret = PQgetResult(c->pq);
	return NP_OK;
}

np_err pg_io_statement(struct pg_conn *c, PGresult **ret)
{
	PGresult *last = NULL;
	np_err first = NP_OK;
	for (;;) {
		PGresult *r = NULL;
		np_err e = pg_io_result(c, &r);
		if (e < 0) {
			PQclear(last);
			return first < 0 ? first : e;
		}
		if (r == NULL)
			break;
		if (first == NP_OK && PQresultStatus(r) != PGRES_COMMAND_OK &&
		    PQresultStatus(r) != PGRES_TUPLES_OK)
			first = pg_error_of_result(c, r);
		PQclear(last);
		last = r;
		if (c->pq == NULL)
			break; /* it was the server's last word */
	}
	if (first < 0 || last == NULL) {
		PQclear(last);
		return first < 0 ? first : NP_E_DB;
	}
	c->backoff_ms = 0;
	*ret = last;
	return NP_OK;
}
