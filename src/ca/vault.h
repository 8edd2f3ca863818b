/* SPDX-License-Identifier: Apache-2.0 */
/* vault.h - the folder of CA keys, and what they sign.
 *
 * Floor 4 (ca). DIR (0700) holds edge-root, infra-root, servers and one
 * region-NAME each as .key (0600) and .pem. One thread at a time; blocking.
 */
#pragma once
#include "base/buf.h"
#include "net/ident.h"
#include "net/mint.h"

#define VAULT_REGIONS_MAX 1000
#define VAULT_CHECKER_US NP_DAY_US       /* life of a checker's leaf */
#define VAULT_SERVER_US (90 * NP_DAY_US) /* of a server's leaf */
#define VAULT_SKEW_US (5 * NP_MIN_US)    /* valid that long before now: clocks differ */

struct vault;
/* Make what is missing: folder, roots, intermediate for servers. Never replaces a key. */
NP_NODISCARD np_err vault_create(const char *dir, int64_t wall_us, struct buf *ret_why);
NP_NODISCARD np_err vault_open(const char *dir, struct vault **ret, struct buf *ret_why);
void vault_free(struct vault *v); /* NULL is fine */

np_str vault_edge_root(const struct vault *v); /* PEM */
void vault_edge_sha256(const struct vault *v, uint8_t ret[32]);

struct vault_leaf {
	struct buf chain; /* PEM: leaf and its intermediate */
	struct ident ident;
};
void vault_leaf_done(struct vault_leaf *l);
/* Region intermediates are made at first use and before they get old. */
struct vault_checker {
	np_str region;
	const uint8_t *uuid; /* 16 bytes */
	EVP_PKEY *pub;
};
NP_NODISCARD np_err vault_checker(struct vault *v, const struct vault_checker *who, int64_t wall_us,
				  struct vault_leaf *ret);

/* Leaf of gateway or ca: chain with intermediate and edge root into cert_file, key beside it. The
 * key of an earlier leaf is kept, so that the pair always fits. */
struct vault_server {
	const char *cn, *cert_file, *key_file;
	const char *const *names;
	size_t n;
};
NP_NODISCARD np_err vault_server(struct vault *v, const struct vault_server *s, int64_t wall_us);
/* Is it there, signed by us, of its key, and before half its life? */
bool vault_server_is_fresh(struct vault *v, const struct vault_server *s, int64_t wall_us);
