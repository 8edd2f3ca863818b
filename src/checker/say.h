/* SPDX-License-Identifier: Apache-2.0 */
/* say.h - plain sentences out of numbers: durations, system errors, look-ups.
 *
 * Floor 4 (checker). Pure but for the arena. Any thread.
 */
#pragma once
#include "base/arena.h"
#include "core/result.h"
#include "net/addr.h"

/* What a failed socket call means. `local`: the system refused before a packet left. */
struct say_verdict {
	enum res_status status; /* RES_FAIL or RES_UNKNOWN */
	enum res_class cls;
	np_str text;
};
/* "3 ms", "1.2 s", "10 s". */
np_str say_duration(struct arena *a, int64_t us);
/* "connection refused by 127.0.0.1:9 (after 3 ms)". */
struct say_verdict say_connect(struct arena *a, int errno_value, bool local, const struct addr *to,
			       int64_t after_us);
/* c-ares' status of a look-up of `host`. */
struct say_verdict say_lookup(struct arena *a, int ares_status, np_str host);
/* "127.0.0.1 is a loopback address, which this monitor may not reach". */
struct say_verdict say_blocked(struct arena *a, const struct addr *to, enum addr_class cls);
/* "5 days ago", "in 3 hours", from seconds (negative: past). */
np_str say_when(struct arena *a, int64_t seconds);
/* Control bytes and what is not UTF-8 become '?'; at most `max` bytes. */
np_str say_clean(struct arena *a, np_str s, size_t max);
