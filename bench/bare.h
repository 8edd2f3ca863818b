/* SPDX-License-Identifier: Apache-2.0 */
/* bare.h - the least that the same checks can cost: a loop of sockets and nothing else.
 *
 * Connects, says one thing, waits for one answer, closes; no names, no deadlines, no
 * phases, no assertions. What NetPulse's checks are held against. One thread.
 */
#pragma once
#include "core/monitor.h"
#include "net/addr.h"

#define BARE_MAX 1024 /* at a time */

struct bare_cfg {
	enum mon_kind kind; /* http, tcp, dns, icmp */
	struct addr to;
	uint32_t concurrency;
	int64_t until_ms; /* monotonic */
};
struct bare_count {
	uint64_t done, failed;
};
NP_NODISCARD np_err bare_run(const struct bare_cfg *cfg, struct bare_count *ret);
