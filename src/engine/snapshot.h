/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot.h - a shard's whole folded state as bytes, and back.
 *
 * Floor 4 (engine). np.i1.Snapshot. What is folded after loading one is what would have
 * been folded without it. Any thread that owns the shard.
 */
#pragma once
#include "engine/shard.h"

#define SNAPSHOT_VERSION 1
#define SNAPSHOT_MAX ((size_t)512 * 1024 * 1024)

NP_NODISCARD np_err snapshot_encode(const struct shard *s, struct buf *out);
/* Into a shard that is new. NP_E_VERSION, NP_E_CORRUPT: not usable; the shard must be freed. */
NP_NODISCARD np_err snapshot_decode(np_str bytes, struct shard *s);
