/* SPDX-License-Identifier: Apache-2.0 */
/* token.h - the text of a one-time join token.
 *
 * Floor 2 (net). npj1.<base64url of JSON {addr, region, fp}>.<base64url of 32 random bytes>:
 * it says where to enrol, for which region, and which edge root to believe
 * there, so a machine needs nothing else. The database keeps only the SHA-256
 * of the secret. Pure. Any thread.
 */
#pragma once
#include "base/buf.h"
#include "base/crypt.h"
#include "net/ident.h"

#define TOKEN_TEXT_MAX 1024
#define TOKEN_SECRET_LEN 32

struct token {
	char addr[262]; /* host:port of the ca */
	char region[IDENT_REGION_MAX + 1];
	uint8_t root_sha256[32];
	uint8_t secret[TOKEN_SECRET_LEN];
};
/* Fill the secret with fresh randomness. */
void token_fresh(struct token *t);
NP_NODISCARD np_err token_encode(const struct token *t, struct buf *out);
NP_NODISCARD np_err token_parse(np_str text, struct token *ret); /* surrounding space is fine */
/* What the database stores: SHA-256 of the secret. */
void token_hash(const uint8_t secret[TOKEN_SECRET_LEN], uint8_t ret[CRYPT_SHA256_LEN]);
void token_done(struct token *t); /* cleanses; usable with NP_CLEANUP */
