/* SPDX-License-Identifier: Apache-2.0 */
/* x509.h - keys, requests and certificates: P-256 and SHA-256 throughout.
 *
 * Floor 2 (net). Used by the ca to mint, by checkers for their key and CSR, and
 * by tests to mint what is wrong. Serials are 128 random bits. Key files are
 * 0600. OpenSSL objects are the caller's to free (EVP_PKEY_free, X509_free);
 * x509_key_free_p and x509_cert_free_p are for NP_CLEANUP. Blocking: files.
 */
#pragma once
#include <openssl/types.h>

#include "base/buf.h"

#define X509_PEM_MAX (64 * 1024) /* a chain or a CSR in text */
#define X509_NAMES_MAX 32        /* DNS and IP names of a server leaf */

void x509_key_free_p(EVP_PKEY **k);
void x509_cert_free_p(X509 **c);

NP_NODISCARD np_err x509_key_new(EVP_PKEY **ret_key);
NP_NODISCARD np_err x509_key_save(EVP_PKEY *key, const char *path); /* PKCS#8 PEM, 0600, atomic */
/* NP_E_PERM when group or others may read it; NP_E_CORRUPT when it is no P-256 key. */
NP_NODISCARD np_err x509_key_load(const char *path, EVP_PKEY **ret_key);
/* SHA-256 of the SubjectPublicKeyInfo. */
NP_NODISCARD np_err x509_key_sha256(EVP_PKEY *key, uint8_t ret[32]);

NP_NODISCARD np_err x509_cert_add_pem(X509 *cert, struct buf *out);
/* First certificate of a PEM text. */
NP_NODISCARD np_err x509_cert_parse(np_str pem, X509 **ret_cert);
NP_NODISCARD np_err x509_cert_load(const char *path, X509 **ret_cert);
/* SHA-256 of the DER: what a join token pins. */
NP_NODISCARD np_err x509_cert_sha256(X509 *cert, uint8_t ret[32]);
NP_NODISCARD np_err x509_cert_times(X509 *cert, int64_t *ret_not_before_us,
				    int64_t *ret_not_after_us);
NP_NODISCARD np_err x509_cert_serial(X509 *cert, struct buf *ret_hex);
bool x509_cert_has_key(X509 *cert, EVP_PKEY *key); /* the certificate is for this key */

/* Who signs: certificate and key of a CA. Borrowed. */
struct x509_issuer {
	X509 *cert;
	EVP_PKEY *key;
};
struct x509_span {
	int64_t not_before_us, not_after_us;
};

/* Self-signed root, path length 1 (edge: region or server intermediates below it) or 0. */
NP_NODISCARD np_err x509_root(EVP_PKEY *key, const char *cn, struct x509_span span,
			      X509 **ret_cert);
/* CA for one region: pathlen 0, EKU clientAuth, critical URI name constraint of its host. */
NP_NODISCARD np_err x509_region_ca(const struct x509_issuer *root, EVP_PKEY *key, np_str region,
				   struct x509_span span, X509 **ret_cert);
/* CA for gateway and ca leaves: pathlen 0, EKU serverAuth only. */
NP_NODISCARD np_err x509_server_ca(const struct x509_issuer *root, EVP_PKEY *key,
				   struct x509_span span, X509 **ret_cert);
/* Checker leaf for that public key. */
NP_NODISCARD np_err x509_checker_leaf(const struct x509_issuer *region_ca, EVP_PKEY *pub,
				      np_str spiffe_uri, struct x509_span span, X509 **ret_cert);

struct x509_leaf_req {
	const char *cn;
	const char *const *names; /* host names and numeric addresses -> DNS and IP SANs */
	size_t n;
	bool server, client; /* extended key usages */
	struct x509_span span;
};
/* Leaf of a server or service. */
NP_NODISCARD np_err x509_leaf(const struct x509_issuer *ca, EVP_PKEY *pub,
			      const struct x509_leaf_req *req, X509 **ret_cert);

/* CSR with an empty subject, signed by the key. */
NP_NODISCARD np_err x509_csr(EVP_PKEY *key, struct buf *ret_pem);
/* Only the public key is taken, and only when the CSR's own signature holds and it is P-256.
 * NP_E_INVAL else. Subject, extensions and attributes are ignored. */
NP_NODISCARD np_err x509_csr_key(np_str pem, EVP_PKEY **ret_pub);
