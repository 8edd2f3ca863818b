/* SPDX-License-Identifier: Apache-2.0 */
/* bus.h - what comes over Redis pub/sub: answers, jobs, nudges.
 *
 * Floor 4 (gateway). The loop's thread.
 */
#pragma once
#include "gateway/gw.h"

/* Connect and subscribe. */
NP_NODISCARD np_err bus_start(struct gw *g, const struct redis_conf *conf);
void bus_stop(struct gw *g);
/* Jobs of the regions that have streams here. */
void bus_watch_region(struct gw *g, const struct gw_region *r);
