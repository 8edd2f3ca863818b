/* SPDX-License-Identifier: Apache-2.0 */
/* uptime.h - seconds per state and the percentages made of them.
 *
 * Floor 2 (core). By time, not by counting results; every moment counts once,
 * by precedence; percentages are rounded down, nothing observed is "no data".
 * Integer arithmetic only. Any thread.
 */
#pragma once
#include "base/np.h"

/* By precedence, strongest first: excluded > unknown > down > degraded > up. */
enum upt_state {
	UPT_EXCLUDED = 0,
	UPT_UNKNOWN = 1,
	UPT_DOWN = 2,
	UPT_DEGRADED = 3,
	UPT_UP = 4,
	UPT_N
};

struct upt_span {
	int64_t from_us, to_us; /* [from, to) */
	enum upt_state state;
};

struct upt_sum {
	int64_t us[UPT_N];
};

#define UPT_NO_DATA (-1)
#define UPT_SPANS_MAX 4096

/* Time per state within [from, to); spans in any order, overlapping as they like; what no
 * span covers is unknown. NP_E_LIMIT over UPT_SPANS_MAX, NP_E_INVAL when to < from. */
NP_NODISCARD np_err upt_fold(const struct upt_span *span, size_t n, int64_t from_us, int64_t to_us,
			     struct upt_sum *ret);
/* Adds; saturates rather than wraps. */
void upt_add(struct upt_sum *to, const struct upt_sum *more);
/* (up + degraded) / (up + degraded + down) in thousandths of a per cent, down; or UPT_NO_DATA. */
int32_t upt_uptime_milli(const struct upt_sum *s);
/* (all - unknown) / all in thousandths of a per cent, down; excluded time is observed. */
int32_t upt_observed_milli(const struct upt_sum *s);
#define UPT_TEXT_MAX 16
/* "99.953 % of observed time; 99.1 % observed". */
#define UPT_SENTENCE_MAX 64
void upt_sentence(const struct upt_sum *s, char ret[UPT_SENTENCE_MAX]);
