/* SPDX-License-Identifier: Apache-2.0 */
/* rollup.h - latency histograms out of roll-up rows.
 *
 * Floor 4 (web). Any thread.
 */
#pragma once
#include "core/histogram.h"

/* Merge every region of one row's `hist`; what is damaged is left out. */
void rollup_merge(np_str hist, struct hist *to);
