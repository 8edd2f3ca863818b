/* SPDX-License-Identifier: Apache-2.0 */
/* mint.h - sign certificates: roots, the intermediates below them, leaves.
 *
 * Floor 2 (net). Used by the ca (the only holder of CA keys), by the set-up,
 * and by tests, which also mint what is wrong through mint_cert. P-256 and
 * SHA-256; serials are 127 random bits. Certificates are the caller's. Pure but
 * for randomness. Any thread.
 */
#pragma once
#include <openssl/types.h>

#include "base/buf.h"

#define MINT_SANS_MAX 34

/* Who signs: certificate and key of a CA. Borrowed. */
struct mint_issuer {
	X509 *cert;
	EVP_PKEY *key;
};
struct mint_span {
	int64_t not_before_us, not_after_us;
};
struct mint_san {
	enum { MINT_DNS, MINT_IP, MINT_URI, MINT_EMAIL } kind;
	np_str text; /* IP: numeric address */
};
struct mint_spec {
	const char *cn; /* NULL: empty subject */
	const struct mint_san *sans;
	size_t n_sans;
	bool san_critical;
	bool eku_server, eku_client; /* neither: no such extension */
	bool ca;
	int pathlen;          /* of a CA */
	const char *uri_host; /* name constraint: the only host of URIs permitted; NULL: none */
	struct mint_span span;
};
/* The general form. `issuer` NULL: self-signed, `pub` is the whole key then. */
NP_NODISCARD np_err mint_cert(const struct mint_issuer *issuer, EVP_PKEY *pub,
			      const struct mint_spec *spec, X509 **ret_cert);

/* Self-signed root with one level of intermediates below it. */
NP_NODISCARD np_err mint_root(EVP_PKEY *key, const char *cn, struct mint_span span,
			      X509 **ret_cert);
/* CA for one region: pathlen 0, EKU clientAuth, critical URI name constraint of its host. */
NP_NODISCARD np_err mint_region_ca(const struct mint_issuer *root, EVP_PKEY *pub, np_str region,
				   struct mint_span span, X509 **ret_cert);
/* CA for leaves of gateway and ca: pathlen 0, EKU serverAuth only. */
NP_NODISCARD np_err mint_server_ca(const struct mint_issuer *root, EVP_PKEY *pub,
				   struct mint_span span, X509 **ret_cert);
/* Checker leaf: empty subject, one critical URI SAN, EKU clientAuth. */
NP_NODISCARD np_err mint_checker(const struct mint_issuer *region_ca, EVP_PKEY *pub,
				 np_str spiffe_uri, struct mint_span span, X509 **ret_cert);
/* Leaf of a server or service; names are host names and numeric addresses. */
struct mint_leaf_req {
	const char *cn;
	const char *const *names;
	size_t n;
	bool server, client;
	struct mint_span span;
};
NP_NODISCARD np_err mint_leaf(const struct mint_issuer *ca, EVP_PKEY *pub,
			      const struct mint_leaf_req *req, X509 **ret_cert);
