/* SPDX-License-Identifier: Apache-2.0 */
/* tls.h - TLS contexts for each of our uses, reloadable under live connections.
 *
 * Floor 2 (net). Tickets, resumption and session caches are off everywhere: a
 * resumed session skips every certificate check. The verify callback runs the
 * chain through ident.h, so a handshake with a wrong identity fails with an
 * alert. Links of checkers are TLS 1.3 only. A struct tls belongs to one loop's
 * thread; connections made from it keep their own reference.
 */
#pragma once
#include <openssl/types.h>

#include "base/buf.h"
#include "net/ident.h"

enum tls_use {
	TLS_LINK_SERVER,  /* gateway: client certificate from the edge root required */
	TLS_LINK_CLIENT,  /* checker -> gateway: own certificate, server checked by root and name */
	TLS_ENROL_SERVER, /* ca: client certificate optional, may have expired TLS_GRACE_US ago */
	TLS_ENROL_CLIENT, /* join, renew -> ca: server's root by pin, or root_file */
	TLS_WEB_SERVER,   /* dashboard over HTTPS: TLS 1.2 and up, no client certificates */
	TLS_USE_N,
};
#define TLS_GRACE_US (7 * NP_DAY_US)

struct tls_cfg {
	enum tls_use use;
	const char *cert_file; /* PEM chain, leaf first; servers and clients with an identity */
	const char *key_file;  /* 0600 */
	const char *root_file; /* edge root; not needed by WEB_SERVER and a pinned ENROL_CLIENT */
	const uint8_t *pin;    /* ENROL_CLIENT: SHA-256 of the edge root's DER, 32 bytes; or NULL */
};

struct tls;
/* Reads the files (blocking, small). On failure *ret_why gets one sentence. */
NP_NODISCARD np_err tls_new(const struct tls_cfg *cfg, struct tls **ret_tls, struct buf *ret_why);
void tls_free(struct tls *t); /* NULL is fine; live connections go on */
/* Read the files again for new handshakes; on failure the old ones stay in use. */
NP_NODISCARD np_err tls_reload(struct tls *t, struct buf *ret_why);
/* Have the files changed on disk since they were read? (stat only) */
bool tls_is_stale(const struct tls *t);

/* For conn.c: a session on a connected socket. `server_name` for clients: name or numeric
 * address that the server's certificate must carry. */
NP_NODISCARD np_err tls_session(struct tls *t, int fd, const char *server_name, SSL **ret_ssl);
void tls_session_free(SSL *ssl); /* NULL is fine */
/* Identity the verify callback accepted; NULL for no client certificate. Lives with the SSL. */
const struct ident *tls_ident(const SSL *ssl);
/* After a failed handshake: why, as a short phrase ("certificate has expired"). */
const char *tls_why(const SSL *ssl);
