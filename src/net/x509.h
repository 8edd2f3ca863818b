/* SPDX-License-Identifier: Apache-2.0 */
/* x509.h - keys, requests and certificates: P-256 and SHA-256 throughout.
 *
 * Floor 2 (net). What signs new certificates is mint.h. Key files are 0600. OpenSSL objects are the caller's to free (EVP_PKEY_free, X509_free);
 * x509_key_free_p and x509_cert_free_p are for NP_CLEANUP. Blocking: files.
 */
#pragma once
#include <openssl/x509.h>

#include "base/buf.h"

#define X509_PEM_MAX (64 * 1024) /* a chain or a CSR in text */

void x509_key_free_p(EVP_PKEY **k);
void x509_cert_free_p(X509 **c);

NP_NODISCARD np_err x509_key_new(EVP_PKEY **ret_key);
NP_NODISCARD np_err x509_key_save(EVP_PKEY *key, const char *path); /* PKCS#8 PEM, 0600, atomic */
/* NP_E_PERM when group or others may read it; NP_E_CORRUPT when it is no P-256 key. */
NP_NODISCARD np_err x509_key_load(const char *path, EVP_PKEY **ret_key);
/* SHA-256 of the SubjectPublicKeyInfo. */
NP_NODISCARD np_err x509_key_sha256(EVP_PKEY *key, uint8_t ret[32]);

NP_NODISCARD np_err x509_cert_add_pem(X509 *cert, struct buf *out);
/* All certificates of a PEM text, in order. */
NP_NODISCARD np_err x509_chain_parse(np_str pem, STACK_OF(X509) * *ret_chain);
void x509_chain_free(STACK_OF(X509) * chain); /* NULL is fine */
/* First certificate of a PEM text. */
NP_NODISCARD np_err x509_cert_parse(np_str pem, X509 **ret_cert);
NP_NODISCARD np_err x509_cert_load(const char *path, X509 **ret_cert);
/* As x509_key_sha256, of its key as it stands there: encoding a key anew is slow. */
NP_NODISCARD np_err x509_cert_key_sha256(X509 *cert, uint8_t ret[32]);
/* SHA-256 of the DER: what a join token pins. */
NP_NODISCARD np_err x509_cert_sha256(X509 *cert, uint8_t ret[32]);
NP_NODISCARD np_err x509_cert_times(X509 *cert, int64_t *ret_not_before_us,
				    int64_t *ret_not_after_us);
/* Hex, lower case, NUL-terminated; NP_E_RANGE past 20 bytes. */
#define X509_SERIAL_HEX_MAX 41
NP_NODISCARD np_err x509_cert_serial(X509 *cert, char ret_hex[X509_SERIAL_HEX_MAX]);
/* Is it a P-256 key? */
bool x509_key_is_p256(EVP_PKEY *key);
bool x509_cert_has_key(X509 *cert, EVP_PKEY *key); /* the certificate is for this key */

/* CSR with an empty subject, signed by the key. */
NP_NODISCARD np_err x509_csr(EVP_PKEY *key, struct buf *ret_pem);
/* Only the public key is taken, and only when the CSR's own signature holds and it is P-256.
 * NP_E_INVAL else. Subject, extensions and attributes are ignored. */
NP_NODISCARD np_err x509_csr_key(np_str pem, EVP_PKEY **ret_pub);
