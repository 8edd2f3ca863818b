/* SPDX-License-Identifier: Apache-2.0 */
/* histogram.h - latencies in logarithmic buckets: mergeable, fixed size.
 *
 * Floor 2 (core). Five buckets an octave from 1 µs to 134 s (2^27 µs): a percentile
 * is off by at most 7.5 %. Merging is addition, so the order does not matter.
 * Integer arithmetic, the same on every machine. Any thread.
 */
#pragma once
#include "base/buf.h"

#define HIST_OCTAVES 27
#define HIST_BUCKETS (5 * HIST_OCTAVES)
#define HIST_ENCODED_MAX 1600

struct hist {
	uint64_t count;
	uint64_t sum_us;           /* saturates */
	int64_t min_us, max_us;    /* exact; meaningful when count > 0 */
	uint32_t of[HIST_BUCKETS]; /* saturate */
};

/* Values below 1 µs count as 1 µs, above the range in the last bucket. */
void hist_add(struct hist *h, int64_t us);
void hist_merge(struct hist *to, const struct hist *more);
/* Value at the q-th of 10,000 (5000: median), within [min, max]; -1 when empty. */
int64_t hist_at(const struct hist *h, uint32_t per_10000);
int64_t hist_mean_us(const struct hist *h); /* -1 when empty */
/* Sparse varints, versioned. */
void hist_encode(const struct hist *h, struct buf *out);
NP_NODISCARD np_err hist_decode(np_str bytes, struct hist *ret); /* NP_E_CORRUPT, NP_E_VERSION */
