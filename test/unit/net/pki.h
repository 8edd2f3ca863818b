/* SPDX-License-Identifier: Apache-2.0 */
/* pki.h - two roots and what hangs below them, in a folder of its own, for tests. */
#pragma once
#include "net/mint.h"
#include "net/x509.h"

#define PKI_REGION "eu-west"
#define PKI_UUID "0190f3a0-1111-7abc-8def-0123456789ab"

struct pki {
	char dir[64];
	EVP_PKEY *edge_key, *infra_key, *region_key, *server_key, *leaf_key;
	X509 *edge, *infra, *region, *server_ca;
	int64_t now_us;
};
/* Also writes edge.pem, infra.pem, server.pem/.key (127.0.0.1, localhost; sends its root too)
 * and checker.pem/.key. */
void pki_init(struct pki *p);
void pki_done(struct pki *p);
struct mint_span pki_span(const struct pki *p, int64_t from_s, int64_t to_s); /* around now */
/* The good leaf, to be spoilt. */
struct mint_spec pki_checker_spec(const struct pki *p, const struct mint_san *san);
/* PEM of leaf and the given intermediate. */
void pki_chain(X509 *leaf, X509 *ca, struct buf *out);
/* A checker's pair as name.pem and name.key: made from spec, signed by the region. */
void pki_write(struct pki *p, const char *name, const struct mint_issuer *ca, EVP_PKEY *key,
	       const struct mint_spec *spec);
const char *pki_path(const struct pki *p, const char *file); /* static buffer, four in turn */
