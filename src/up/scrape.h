/* SPDX-License-Identifier: Apache-2.0 */
/* scrape.h - the metrics of all roles under one address (--metrics).
 *
 * Floor 5. Asks every admin socket when it is asked, on the worker pool, and
 * merges the texts by metric, since Prometheus wants each family once.
 */
#pragma once
#include "net/loop.h"
#include "up/place.h"

/* Merge texts of the Prometheus format 0.0.4: families in order of first appearance, HELP and
 * TYPE once. Lines that are neither are dropped. Pure. */
np_err scrape_merge(const np_str *texts, size_t n, struct buf *out);

struct scrape;
NP_NODISCARD np_err scrape_start(struct loop *l, const struct place *p, const struct up_options *o,
				 struct scrape **ret, struct buf *ret_why);
void scrape_free(struct scrape *s); /* NULL is fine */
