/* SPDX-License-Identifier: Apache-2.0 */
/* sign.h - Ed25519 signatures, from OpenSSL.
 *
 * Floor 1 (base). A key is made from 32 secret bytes (a seed in hexadecimal, as
 * secrets are kept in files); who checks needs only the 32 public bytes. A key
 * belongs to one thread at a time.
 */
#pragma once
#include "base/np.h"

#define SIGN_PUBLIC_LEN 32
#define SIGN_LEN 64

struct sign_key; /* holds the secret half */
/* NP_E_INVAL: not 64 hexadecimal digits. */
NP_NODISCARD np_err sign_key_new(np_str seed_hex, struct sign_key **ret);
/* From a 0600 file that holds the seed. */
NP_NODISCARD np_err sign_key_load(const char *path, struct sign_key **ret);
void sign_key_free(struct sign_key *k);    /* NULL is fine */
void sign_key_free_p(struct sign_key **k); /* for NP_CLEANUP */
void sign_key_public(const struct sign_key *k, uint8_t ret[SIGN_PUBLIC_LEN]);

NP_NODISCARD np_err sign_make(struct sign_key *k, np_str text, uint8_t ret[SIGN_LEN]);
/* NP_E_AUTH: this key did not sign that. */
NP_NODISCARD np_err sign_check(const uint8_t key[SIGN_PUBLIC_LEN], np_str text,
			       const uint8_t sig[SIGN_LEN]);
