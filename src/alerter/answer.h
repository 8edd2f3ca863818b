/* SPDX-License-Identifier: Apache-2.0 */
/* answer.h - what a service answered, understood without knowing the service.
 *
 * Floor 4 (alerter). Pure, over bytes that nobody vouches for.
 */
#pragma once
#include "base/np.h"

/* Does it hold `said`, white space aside? */
bool answer_has(np_str answer, const char *said);
/* "retry_after" or "retry_after_ms" in a JSON answer, anywhere on its first two levels, in whole
 * seconds (rounded up); 0: none. */
int64_t answer_retry_after_s(np_str answer);
/* One printable line of what it says, "" when there is none, or when one of the n secrets stands
 * in it. `ret` holds `size` bytes. */
void answer_words(np_str answer, const np_str *secret, size_t n, char *ret, size_t size);
