/* SPDX-License-Identifier: Apache-2.0 */
/* certs.h - whom targets' certificates are checked against, and what was seen.
 *
 * Floor 4 (checker). One trust store for all connections (reading it is most of
 * what a handshake would cost). Names are matched against the SAN alone. A
 * verification runs to its end whatever it finds, so that the expiry of an
 * untrusted certificate is known too. One loop's thread.
 */
#pragma once
#include <openssl/types.h>

#include "base/arena.h"
#include "base/buf.h"
#include "core/result.h"

struct certs;
/* `ca_file` NULL: the system's. On failure *ret_why gets one sentence. */
NP_NODISCARD np_err certs_new(const char *ca_file, struct certs **ret_certs, struct buf *ret_why);
void certs_free(struct certs *c); /* NULL is fine */

/* What one handshake showed; zero before it. Outlives the SSL_CTX. */
struct cert_seen {
	const char *host; /* name or numeric address that the certificate must carry */
	bool verify;      /* false: look, but accept anything */
	bool any;         /* a certificate came */
	int64_t not_before_s, not_after_s; /* of the leaf */
	int err_time, err_host, err_trust; /* X509_V_ERR_*; 0: fine */
	int time_depth;                    /* of err_time: 0 is the leaf */
	int64_t time_s;                    /* the end (or beginning) that err_time is about */
};
/* For the context of one connection, before its SSL is made. */
NP_NODISCARD np_err certs_prepare(struct certs *c, SSL_CTX *ctx, struct cert_seen *seen);
bool certs_ok(const struct cert_seen *s);
/* The worst of what is wrong, as class and sentence. */
enum res_class certs_say(const struct cert_seen *s, int64_t wall_s, struct arena *a,
			 np_str *ret_text);
