/* SPDX-License-Identifier: Apache-2.0 */
/* stats.h - the numbers of an overview that cost more than a look: kept a minute at most.
 *
 * Floor 4 (web). p95 of the last hour, uptime and share observed of 30 days, of
 * every monitor of an organisation. The cache is the loop's; a request takes a
 * copy along, or brings back what it had to work out.
 */
#pragma once
#include "web/req.h"

/* How old they may be, by how many monitors they are: few are soon read again, and agree with the
 * page of each. */
#define STATS_FOR_MS ((int64_t)60 * 1000)
#define STATS_FEW_MS ((int64_t)2 * 1000)
#define STATS_EACH_MS ((int64_t)60)
#define STATS_ORGS_MAX 1000 /* cached */

struct stats_row {
	uint64_t monitor;
	int64_t p95_us;                       /* -1: none */
	int32_t uptime_milli, observed_milli; /* UPT_NO_DATA: nothing observed */
};
struct stats {
	struct stats_row *row; /* by monitor, ascending; in the request's arena */
	size_t n;
};

struct stats_cache;
NP_NODISCARD struct stats_cache *stats_cache_new(void);
void stats_cache_free(struct stats_cache *c); /* NULL is fine */
/* Loop's thread. False: none, or too old. */
bool stats_take(const struct stats_cache *c, const struct wreq *q, struct stats *ret);
/* Loop's thread. Without memory it is not kept. */
void stats_keep(struct stats_cache *c, const struct wreq *q, const struct stats *s);

/* Worker thread, in the tenant's transaction: one statement. */
NP_NODISCARD np_err stats_read(struct pg_conn *c, struct arena *a, struct stats *ret);
const struct stats_row *stats_find(const struct stats *s, uint64_t monitor); /* NULL: none */
