/* SPDX-License-Identifier: Apache-2.0 */
/* told.h - what lasts is told when it begins, when it changes, and when it is over.
 *
 * Floor 1 (base). For the log of what is tried again and again: one struct for each
 * thing that can fail, all zero while it is well; the caller logs by the answer. Any
 * thread, one at a time.
 */
#pragma once
#include "base/np.h"

enum told_news { TOLD_NOTHING, TOLD_WRONG, TOLD_WELL };
struct told {
	uint64_t what; /* 0: it is well */
};
/* `e` and `why` are how it went this time; `why` has to be the same text while nothing changed. */
enum told_news told_now(struct told *t, np_err e, np_str why);
