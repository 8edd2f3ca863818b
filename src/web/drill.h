/* SPDX-License-Identifier: Apache-2.0 */
/* drill.h - the two ends of a drill: a target that fails when asked to, and a sink that hears.
 *
 * Floor 4 (web). Both are open addresses that know their caller by a token made of the
 * installation's key: whoever has none costs no database call and is turned away after a few
 * tries; a target asks the database once in a quarter of a second at most. A keeper makes the monitor and
 * the channel of every region that has a checker. Loop's thread, unless said otherwise.
 */
#pragma once
#include "web/ctx.h"

#define DRILL_KEEP_MS NP_MIN_MS
#define DRILL_ASK_MS 250  /* for so long a target says again what it said */
#define DRILL_LIMIT_S 180 /* the sink has to hear within */

struct drill;
NP_NODISCARD struct drill *drill_new(struct web *w);
void drill_free(struct drill *d); /* NULL is fine */

/* Handlers: GET /drill/target/{token}, POST /drill/sink/{token}. */
void drill_target(struct web *w, struct httpd_req *r);
void drill_sink(struct web *w, struct httpd_req *r);

/* Monitor and channel of a region that may have none yet. Worker thread, in a transaction of the
 * tenant. */
struct drill_region {
	int32_t id;
	np_str name;
};
NP_NODISCARD np_err drill_make(const struct web *w, struct pg_conn *c,
			       const struct drill_region *r);
