/* SPDX-License-Identifier: Apache-2.0 */
/* rollup.h - latency histograms out of roll-up rows.
 *
 * Floor 4 (web). What is damaged is left out: a chart with a hole is better
 * than none. Any thread.
 */
#pragma once
#include "core/histogram.h"

#define ROLLUP_REGIONS_MAX 64

/* Takes the next region off the front of *rest; false at the end or at damage. */
bool rollup_next(np_str *rest, uint32_t *ret_region, struct hist *ret_hist);
/* Every region of one row's `hist` together. */
void rollup_merge(np_str hist, struct hist *to);
