/* SPDX-License-Identifier: Apache-2.0 */
/* chain.h - the hash chain of an organisation's audit rows: what exactly is hashed.
 *
 * Floor 2 (core). Pure. Two steps, so that a link can be shown without its content:
 * a digest of everything that was written, and the hash of a link that covers the
 * digest, its place and the hash before it. Every field is preceded by its length;
 * doc/audit.md says the same in words and in SQL. Any thread.
 */
#pragma once
#include "base/buf.h"

#define CHAIN_HASH_LEN 32
#define CHAIN_ROW_MAX ((size_t)64 * 1024 * 1024) /* bytes of one row, encoded */

struct chain_row { /* what whoever acts has written */
	int64_t id, org, at_us;
	np_str actor, origin, act, subject;
	np_str before, after; /* as PostgreSQL prints the jsonb */
	bool has_before, has_after;
};
struct chain_link { /* what the sealer adds */
	int64_t org;
	uint64_t seq; /* from 1 */
	int64_t sealed_us;
	uint8_t prev[CHAIN_HASH_LEN]; /* hash of seq - 1; zeros before the first */
	uint8_t content[CHAIN_HASH_LEN];
};

/* `scratch` is reset and used. NP_E_LIMIT, NP_E_NOMEM. */
NP_NODISCARD np_err chain_content(const struct chain_row *r, struct buf *scratch,
				  uint8_t ret[CHAIN_HASH_LEN]);
NP_NODISCARD np_err chain_hash(const struct chain_link *l, struct buf *scratch,
			       uint8_t ret[CHAIN_HASH_LEN]);
