/* SPDX-License-Identifier: Apache-2.0 */
/* heads.h - one line of the heads file: how far a chain reached, signed.
 *
 * Floor 2 (core). Pure but for the key. A line names an organisation, a place in its
 * chain and the hash there; it carries the hash of the line before it, so that the
 * file is a chain of its own. There is exactly one way to write a line: whatever
 * does not read back as the same bytes is refused. Any thread.
 */
#pragma once
#include "base/buf.h"
#include "base/sign.h"
#include "core/chain.h"

#define HEADS_LINE_MAX 480 /* without the line feed */

struct head {
	uint64_t n;    /* number of the line, from 1 */
	int64_t at_us; /* when it was signed */
	int64_t org;
	uint64_t seq; /* the newest link of that organisation */
	uint8_t hash[CHAIN_HASH_LEN];
	uint8_t prev[CHAIN_HASH_LEN]; /* heads_hash of the line before; zeros in the first */
	uint8_t sig[SIGN_LEN];
};

/* Signs everything else in h. */
NP_NODISCARD np_err heads_sign(struct head *h, struct sign_key *key);
/* NP_E_AUTH: not by this key. */
NP_NODISCARD np_err heads_check(const struct head *h, const uint8_t key[SIGN_PUBLIC_LEN]);
/* The line without its line feed. Yields its length. */
size_t heads_line(const struct head *h, char ret[HEADS_LINE_MAX]);
/* NP_E_CORRUPT: no line of this version, byte for byte. */
NP_NODISCARD np_err heads_parse(np_str line, struct head *ret);
void heads_hash(np_str line, uint8_t ret[CHAIN_HASH_LEN]);
