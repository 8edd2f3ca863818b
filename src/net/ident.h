/* SPDX-License-Identifier: Apache-2.0 */
/* ident.h - who a checker is, read from its certificate and from nothing else.
 *
 * Floor 2 (net). A checker is spiffe://<region>.checker.netpulse/<uuid> in
 * exactly one critical URI SAN; no other name, EKU exactly clientAuth, not a
 * CA, P-256, issued by its region's intermediate, which its edge root signed and
 * which is constrained to that host. Anything else is refused. Any thread.
 */
#pragma once
#include <openssl/x509.h>

#include "base/buf.h"

#define IDENT_REGION_MAX 63 /* one DNS label: a-z, 0-9, inner '-' */
#define IDENT_SERIAL_MAX 40 /* hex digits, lower case */
#define IDENT_HOST_SUFFIX ".checker.netpulse"
#define IDENT_URI_MAX 160

struct ident {
	char region[IDENT_REGION_MAX + 1];
	uint8_t uuid[16];
	char serial[IDENT_SERIAL_MAX + 1]; /* hex, lower case, no leading zeros stripped */
	int64_t not_before_us, not_after_us;
	bool expired; /* only where expired leaves are let in at all (renewal at the ca) */
	uint8_t key_sha256[32]; /* of the SubjectPublicKeyInfo */
};

/* May it name a region? (a DNS label of a-z, 0-9, '-', not first or last) */
bool ident_region_ok(np_str region);
/* The URI cut strictly: exact scheme, suffix, lower-case uuid, nothing after it. Pure. */
NP_NODISCARD np_err ident_parse_uri(np_str uri, struct ident *ret); /* fills region, uuid */
void ident_uri(np_str region, const uint8_t uuid[16], struct buf *out);

/* The rules for a leaf alone. NP_E_AUTH when any is broken. No signature is checked here. */
NP_NODISCARD np_err ident_from_leaf(X509 *leaf, struct ident *ret);
/* Leaf + region intermediate + edge root, as X509_verify_cert built and accepted it: depth,
 * the intermediate's constraint against the leaf's region, then ident_from_leaf. */
NP_NODISCARD np_err ident_from_chain(const STACK_OF(X509) * chain, struct ident *ret);
/* Full check of a PEM chain (leaf first) against a root at that time; `grace_us` lets a leaf in
 * that expired at most so long ago (ret->expired is set then). For the ca, join and tests; the
 * TLS stack runs the same through tls.h. */
NP_NODISCARD np_err ident_verify(np_str chain_pem, X509 *root, int64_t wall_us, int64_t grace_us,
				 struct ident *ret);

/* ---- for tls.c ------------------------------------------------------------------ */
/* Verify callback that lets an expired leaf pass (and nothing else). */
int ident_let_expired_cb(int ok, X509_STORE_CTX *ctx);
/* After X509_verify_cert said yes. */
NP_NODISCARD np_err ident_from_verified(X509_STORE_CTX *ctx, int64_t wall_us, int64_t grace_us,
					struct ident *ret);
