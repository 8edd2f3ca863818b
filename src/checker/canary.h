/* SPDX-License-Identifier: Apache-2.0 */
/* canary.h - is it the target, or our own network?
 *
 * Floor 4 (checker). A few well-known targets of the operator's choice, asked
 * when a check failed and the last answer is older than CANARY_FRESH_US. One of
 * them answering is enough; none configured means "the network is fine". One
 * loop's thread.
 */
#pragma once
#include "checker/check.h"

#define CANARY_MAX 8
#define CANARY_FRESH_US (2 * NP_SEC_US)
#define CANARY_TIMEOUT_MS 3000

struct canary;
/* "https://host/", "host:port" (TCP), or "host" (ICMP). On failure *ret_why names the wrong one. */
NP_NODISCARD np_err canary_new(struct check_env *env, const char *const *targets, size_t n,
			       struct canary **ret_canary, struct buf *ret_why);
void canary_free(struct canary *c); /* NULL is fine */

struct canary_wait {
	struct canary_wait *next;
	void (*fn)(struct canary_wait *w, bool network_ok);
	bool waiting;
};
/* fn once, perhaps before this returns. */
void canary_ask(struct canary *c, struct canary_wait *w);
void canary_forget(struct canary *c, struct canary_wait *w); /* not waiting: nothing */
