/* SPDX-License-Identifier: Apache-2.0 */
/* reply.h - looking at an answer of Redis; safe on any shape of it.
 *
 * Floor 3 (redis). An owned reply is freed once by its owner; elements are
 * borrowed from it. Asking for what is not there yields nothing, 0 or NULL.
 */
#pragma once
#include "base/np.h"

struct redis_reply;
void redis_reply_free(struct redis_reply *r);    /* NULL is fine */
void redis_reply_free_p(struct redis_reply **r); /* for NP_CLEANUP */
bool redis_reply_is_nil(const struct redis_reply *r);
np_str redis_reply_str(const struct redis_reply *r);  /* strings, status, error text */
int64_t redis_reply_int(const struct redis_reply *r); /* integers, and strings that are one */
size_t redis_reply_len(const struct redis_reply *r);  /* elements of an array */
const struct redis_reply *redis_reply_at(const struct redis_reply *r, size_t i);
/* NP_OK, or what its error text means (see redis.h). NULL: NP_E_CLOSED. */
NP_NODISCARD np_err redis_reply_err(const struct redis_reply *r);
/* "used_memory" or "maxmemory" out of an INFO memory answer. */
NP_NODISCARD np_err redis_reply_info_u64(np_str info, const char *name, uint64_t *ret);
