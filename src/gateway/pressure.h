/* SPDX-License-Identifier: Apache-2.0 */
/* pressure.h - may more be queued? Watches the queue's memory and our own.
 *
 * Floor 4 (gateway). The loop's thread.
 */
#pragma once
#include "gateway/gw.h"

#define PRESSURE_EVERY_MS 1000
#define PRESSURE_OOM_MS 2000 /* after Redis said that it is out of memory */

struct pressure_cfg {
	uint64_t queue_max, memory_max; /* bytes; 0: no limit */
};
NP_NODISCARD struct pressure *pressure_new(struct gw *g, const struct pressure_cfg *cfg);
void pressure_free(struct pressure *p); /* NULL is fine; after the Redis connection */
/* NULL: go on. Else why not, a phrase for the checker. */
const char *pressure_now(const struct gw *g);
void pressure_oom(struct gw *g);  /* Redis answered so */
void pressure_look(struct gw *g); /* ask now: it is (again) another Redis */
