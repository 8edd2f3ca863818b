/* SPDX-License-Identifier: Apache-2.0 */
/* regfeed.h - keeps a world up to date from PostgreSQL: once a second, and at every nudge.
 *
 * Floor 4 (gateway). One read at a time, on a worker, over one connection; merged on
 * the loop's thread. While PostgreSQL is away the world stays as it is. Also tells
 * PostgreSQL which renewed certificates were seen.
 */
#pragma once
#include "base/metrics.h"
#include "gateway/world.h"
#include "pg/pg.h"

#define FEED_EVERY_MS 1000
#define FEED_DEADLINE_MS 10000

struct regfeed_cfg {
	struct loop *loop;
	struct world *world;
	struct metrics *metrics;
	struct pg_conf pg;
	void (*merged)(void *ctx); /* after each read that worked; the first makes us ready */
	void *ctx;
};
struct regfeed;
NP_NODISCARD struct regfeed *regfeed_new(const struct regfeed_cfg *cfg);
/* Stops asking; a read under way ends by itself. */
void regfeed_stop(struct regfeed *f);
void regfeed_free(struct regfeed *f);  /* after the loop; NULL is fine */
void regfeed_nudge(struct regfeed *f); /* read now, or once more after the read under way */
bool regfeed_is_loaded(const struct regfeed *f);
/* c->used_serial was seen in use: tell PostgreSQL. */
void regfeed_serial_used(struct regfeed *f, struct gw_checker *c);
