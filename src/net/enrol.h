/* SPDX-License-Identifier: Apache-2.0 */
/* enrol.h - the client's side of enrolment and renewal, and the identity folder.
 *
 * Floor 2 (net). A folder (0700) holds key.pem (0600), cert.pem (leaf and
 * region intermediate), root.pem (edge root) and identity.json. A renewed pair is
 * written to key.pem and cert.pem through a journal (next.*), so that after a
 * crash the folder holds a key and a certificate that belong together. One
 * loop's thread; file writes are small and rare.
 */
#pragma once
#include "net/httpc.h"
#include "net/token.h"

#define ENROL_GATEWAYS_MAX 8

/* identity.json */
struct enrol_identity {
	uint8_t checker[16];
	char region[IDENT_REGION_MAX + 1];
	char ca_addr[262];                      /* host:port for renewal */
	char gateways[ENROL_GATEWAYS_MAX][262]; /* host:port */
	size_t n_gateways;
	int64_t not_before_us, not_after_us; /* of cert.pem */
	bool expired;                        /* by the clock given */
};
/* Finishes an interrupted write, then reads and cross-checks the folder (key fits leaf, leaf fits
 * root). NP_E_NOTFOUND: none there. *ret_why gets one sentence. */
NP_NODISCARD np_err enrol_load(const char *dir, int64_t wall_us, struct enrol_identity *ret,
			       struct buf *ret_why);
/* Paths of the files for tls_new: "dir/key.pem" … */
NP_NODISCARD np_err enrol_path(const char *dir, const char *file, struct buf *ret);

struct enrol;
/* `why` is one sentence for people when e < 0. NP_E_DENIED: token used, unknown, expired or from
 * the wrong source; or the checker was revoked. NP_E_AUTH: the ca is not the one in the token. */
typedef void (*enrol_fn)(void *ctx, np_err e, const char *why);
struct enrol_cfg {
	const char *dir; /* of the identity; copied */
	enrol_fn fn;
	void *ctx;
};
/* Make (or reuse from an earlier try) a key, ask the ca of the token, write the folder. Failures
 * of any kind but NP_E_NOMEM come through fn. */
NP_NODISCARD np_err enrol_join(struct loop *l, const struct enrol_cfg *cfg, const struct token *t,
			       struct enrol **ret);
/* New key, same identity; then the caller reloads its struct tls. */
NP_NODISCARD np_err enrol_renew(struct loop *l, const struct enrol_cfg *cfg, struct enrol **ret);
void enrol_cancel(struct enrol *e); /* NULL is fine */
/* When to renew: half-life of the leaf ± 10 %, `unit` uniform in [0, 2^32). Pure. */
int64_t enrol_renew_at_us(const struct enrol_identity *id, uint32_t unit);
