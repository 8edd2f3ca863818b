/* SPDX-License-Identifier: Apache-2.0 */
/* rhist.h - latency histograms by region: the `hist` of np.rollup_5m, _1h, _1d.
 *
 * Floor 3 (wire). Per region its number, a length, and the encoded histogram, regions
 * ascending. Only passes (ok, degraded) are in it: a failure has no response time.
 * Rows add up: merge region by region. Any thread.
 */
#pragma once
#include "core/histogram.h"

#define RHIST_REGIONS_MAX 256
#define RHIST_BYTES_MAX ((size_t)RHIST_REGIONS_MAX * (HIST_ENCODED_MAX + 12))

/* Appends one region's histogram. */
NP_NODISCARD np_err rhist_put(struct buf *out, uint32_t region, const struct hist *h);
/* The next region off the front of *rest. NP_E_NOTFOUND: that was all; NP_E_CORRUPT. */
NP_NODISCARD np_err rhist_next(np_str *rest, uint32_t *ret_region, struct hist *ret_hist);
/* Adds every region of the row to *to; what is damaged is left out. */
void rhist_merge_all(np_str hist, struct hist *to);
