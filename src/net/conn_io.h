/* SPDX-License-Identifier: Apache-2.0 */
/* conn_io.h - plain and TLS sockets as two small tables for conn.c.
 *
 * Floor 2 (net), inside only. Non-blocking; NP_E_AGAIN: would block (`wants_write`
 * says for what), NP_E_CLOSED: end of input, clean or not.
 */
#pragma once
#include <openssl/types.h>
#include <sys/uio.h>

#include "base/np.h"

#define CONN_IO_IOV_MAX 16

struct conn_sock {
	int fd;
	SSL *ssl;         /* NULL: plain */
	bool wants_write; /* a TLS read or handshake needs the socket writable */
};
struct conn_io {
	np_err (*read)(struct conn_sock *s, char *p, size_t n, size_t *ret_n);
	np_err (*write)(struct conn_sock *s, const struct iovec *iov, int n, size_t *ret_n);
	np_err (*handshake)(struct conn_sock *s);
	void (*shutdown)(struct conn_sock *s);
};
extern const struct conn_io conn_io_plain, conn_io_tls;
/* The socket's pending error, as np_err; NP_E_CLOSED when it has none. */
np_err conn_io_error(const struct conn_sock *s);
