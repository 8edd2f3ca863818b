/* SPDX-License-Identifier: Apache-2.0 */
/* inner.h - what the files of this room share and nobody else needs.
 *
 * Floor 3 (redis).
 */
#pragma once
#include "redis/redis.h"

/* redis_cmd that may take `extra_ms` beyond the deadline (a blocking read). */
NP_NODISCARD np_err redis_run(struct redis *r, const struct redis_args *a, int64_t extra_ms,
			      struct redis_reply **ret_reply);
