/* SPDX-License-Identifier: Apache-2.0 */
#include "net/conn_io.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

static np_err from_errno(void)
{
	if (errno == EAGAIN || errno == EINTR)
		return NP_E_AGAIN;
	return np_err_from_errno(errno);
}

np_err conn_io_error(const struct conn_sock *s)
{
	int value = 0;
	socklen_t len = sizeof value;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &value, &len) < 0 || value == 0)
		return NP_E_CLOSED;
	return np_err_from_errno(value);
}

static np_err plain_read(struct conn_sock *s, char *p, size_t n, size_t *ret_n)
{
	ssize_t got = recv(s->fd, p, n, 0);
	if (got == 0)
		return NP_E_CLOSED;
	if (got < 0)
		return from_errno();
	*ret_n = (size_t)got;
	return NP_OK;
}

static np_err plain_write(struct conn_sock *s, const struct iovec *iov, int n, size_t *ret_n)
{
	struct msghdr msg = { .msg_iov = (struct iovec *)(uintptr_t)iov, .msg_iovlen = (size_t)n };
	ssize_t sent = sendmsg(s->fd, &msg, MSG_NOSIGNAL);
	if (sent < 0)
		return from_errno();
	*ret_n = (size_t)sent;
	return NP_OK;
}

static np_err plain_handshake(struct conn_sock *s)
{
	(void)s;
	return NP_OK;
}

static void plain_shutdown(struct conn_sock *s)
{
	(void)shutdown(s->fd, SHUT_WR);
}

const struct conn_io conn_io_plain = { plain_read, plain_write, plain_handshake, plain_shutdown };

/* The queue of errors belongs to the thread: leave it empty for the next connection. */
static np_err tls_result(struct conn_sock *s, int rc)
{
	int kind = SSL_get_error(s->ssl, rc);
	np_err e = NP_E_PROTO;
	if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
		s->wants_write = kind == SSL_ERROR_WANT_WRITE;
		e = NP_E_AGAIN;
	} else if (kind == SSL_ERROR_SYSCALL) {
		e = errno ? np_err_from_errno(errno) : NP_E_CLOSED;
	} else if (kind == SSL_ERROR_ZERO_RETURN ||
		   ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		e = NP_E_CLOSED;
	}
	return e;
}

static np_err tls_read(struct conn_sock *s, char *p, size_t n, size_t *ret_n)
{
	s->wants_write = false;
	ERR_clear_error();
	errno = 0;
	int rc = SSL_read_ex(s->ssl, p, n, ret_n);
	return rc == 1 ? NP_OK : tls_result(s, rc);
}

/* One slice at a time: a record needs contiguous bytes. */
static np_err tls_write(struct conn_sock *s, const struct iovec *iov, int n, size_t *ret_n)
{
	assert(n > 0);
	ERR_clear_error();
	errno = 0;
	bool read_wants_write = s->wants_write;
	int rc = SSL_write_ex(s->ssl, iov[0].iov_base, iov[0].iov_len, ret_n);
	if (rc == 1)
		return NP_OK;
	np_err e = tls_result(s, rc);
	s->wants_write = read_wants_write;
	return e;
}

static np_err tls_handshake(struct conn_sock *s)
{
	s->wants_write = false;
	ERR_clear_error();
	errno = 0;
	int rc = SSL_do_handshake(s->ssl);
	return rc == 1 ? NP_OK : tls_result(s, rc);
}

static void tls_shutdown(struct conn_sock *s)
{
	ERR_clear_error();
	(void)SSL_shutdown(s->ssl);
	(void)shutdown(s->fd, SHUT_WR);
	ERR_clear_error();
}

const struct conn_io conn_io_tls = { tls_read, tls_write, tls_handshake, tls_shutdown };
