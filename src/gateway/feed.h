/* SPDX-License-Identifier: Apache-2.0 */
/* feed.h - keeps a world up to date from PostgreSQL: once a second, and at every nudge.
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

struct feed_cfg {
	struct loop *loop;
	struct world *world;
	struct metrics *metrics;
	struct pg_conf pg;
	void (*merged)(void *ctx); /* after each read that worked; the first makes us ready */
	void *ctx;
};
struct feed;
NP_NODISCARD struct feed *feed_new(const struct feed_cfg *cfg);
/* Stops asking; a read under way ends by itself. */
void feed_stop(struct feed *f);
void feed_free(struct feed *f); /* after the loop; NULL is fine */
void feed_nudge(struct feed *f); /* read now, or once more after the read under way */
bool feed_is_loaded(const struct feed *f);
bool feed_is_up(const struct feed *f); /* the last read worked */
/* c->used_serial was seen in use: tell PostgreSQL. */
void feed_serial_used(struct feed *f, struct gw_checker *c);
