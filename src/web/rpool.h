/* SPDX-License-Identifier: Apache-2.0 */
/* rpool.h - a few blocking Redis connections that worker threads take turns with.
 *
 * Floor 4 (web). For caches only: everything asked through here can also be
 * left out of an answer. Any thread.
 */
#pragma once
#include "redis/redis.h"

#define RPOOL_SIZE 4
#define RPOOL_MS 300 /* a cache that is slower is no cache */

struct rpool;
NP_NODISCARD struct rpool *rpool_new(const struct redis_conf *conf);
void rpool_free(struct rpool *p); /* all must be given back; NULL is fine */
/* One command. NP_E_BUSY, NP_E_CLOSED, NP_E_TIMEOUT: do without. */
NP_NODISCARD np_err rpool_cmd(struct rpool *p, const struct redis_args *a,
			      struct redis_reply **ret_reply);
