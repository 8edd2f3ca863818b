/* SPDX-License-Identifier: Apache-2.0 */
/* crypt.h - hashes, MACs, randomness and secrets, from OpenSSL and libsodium.
 *
 * Floor 1 (base). `struct secret` never prints and is cleansed on done.
 */
#pragma once
#include "base/np.h"

#define CRYPT_SHA256_LEN 32
#define SECRET_MAX 512

struct secret {
	uint8_t bytes[SECRET_MAX];
	size_t n;
};
void secret_done(struct secret *s); /* OPENSSL_cleanse; usable with NP_CLEANUP */
np_str secret_peek(const struct secret *s);
/* Read a secret from a file (one trailing newline dropped). NP_E_PERM when others can read it. */
NP_NODISCARD np_err secret_load(const char *path, struct secret *ret);
bool secret_eq(np_str a, np_str b); /* constant time for equal lengths */

/* Fills with getrandom(2); aborts the process if the kernel has none (never returns garbage). */
void rnd_bytes(void *ret, size_t n);
uint64_t rnd_u64(void);
void rnd_uuid(uint8_t ret_id[16]); /* version 7: time-ordered */

void crypt_sha256(np_str data, uint8_t ret[CRYPT_SHA256_LEN]);
void crypt_hmac_sha256(np_str key, np_str data, uint8_t ret[CRYPT_SHA256_LEN]);
/* Not cryptographic: splitmix64 finaliser, for phases, buckets and rendezvous. */
uint64_t crypt_mix64(uint64_t x);
