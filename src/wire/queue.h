/* SPDX-License-Identifier: Apache-2.0 */
/* queue.h - records of np:results:<shard>, from gateways to the owner of the shard.
 *
 * Floor 3 (wire). One stream per shard, entries with the one field QUEUE_FIELD that
 * holds a sealed QueueRecord. Any thread.
 */
#pragma once
#include "internal.pb-c.h"
#include "wire/pballoc.h"
#include "wire/seal.h"

#define QUEUE_FIELD "r"
#define QUEUE_KEY_MAX 32
#define QUEUE_RECORD_MAX ((size_t)384 * 1024)     /* sealed: a full batch with every item marked */
#define QUEUE_ARENA_MAX ((size_t)2 * 1024 * 1024) /* holds any acceptable record, decoded */
#define QUEUE_HEARD_MAX 4000                      /* presences in one record */
#define QUEUE_GATEWAY_MAX 64                      /* bytes of a gateway's id */

/* "np:results:7", NUL-terminated; yields the slice. */
np_str queue_key(uint32_t shard, char ret[QUEUE_KEY_MAX]);
NP_NODISCARD np_err queue_put(const struct seal *s, uint32_t shard, const Np__I1__QueueRecord *r,
			      struct buf *out);
/* Checked: gateway id, checker and region set, texts UTF-8. Batch is not looked into. */
NP_NODISCARD np_err queue_open(const struct seal *s, uint32_t shard, np_str bytes, struct arena *a,
			       Np__I1__QueueRecord **ret);
