/* SPDX-License-Identifier: Apache-2.0 */
/* admin.h - the small server that every role has beside its work.
 *
 * Floor 2 (net). GET /metrics (Prometheus), /live (the loop turns), /ready (200
 * only when the role does its work, else 503). One loop's thread.
 */
#pragma once
#include "base/metrics.h"
#include "net/loop.h"

struct admin_cfg {
	const char *listen; /* "unix:/path" or "ADDR:PORT" */
	const struct metrics *metrics;
	bool (*ready)(void *ctx); /* cheap; on the loop's thread */
	void *ctx;
};
struct admin;
NP_NODISCARD np_err admin_start(struct loop *l, const struct admin_cfg *cfg, struct admin **ret,
				struct buf *ret_why);
void admin_free(struct admin *a); /* NULL is fine */
