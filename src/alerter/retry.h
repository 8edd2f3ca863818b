/* SPDX-License-Identifier: Apache-2.0 */
/* retry.h - when a notice is tried again, and when a destination is left alone.
 *
 * Floor 4 (alerter). Pure: time and chance are arguments.
 */
#pragma once
#include "base/np.h"

#define RETRY_FIRST_MS 5000
#define RETRY_MAX_MS (15 * NP_MIN_MS)
#define RETRY_FOR_US NP_DAY_US /* then it is dead */

/* What came of one attempt. */
enum outcome {
	OUTCOME_SENT,
	OUTCOME_RETRY,     /* did not get through */
	OUTCOME_UNCERTAIN, /* bytes were sent, no answer came: may have arrived */
	OUTCOME_DEAD,      /* refused for good, or tried for RETRY_FOR_US */
	OUTCOME_N,
};
const char *outcome_name(enum outcome o);

/* Tests compress time by it; 0 means the constants above. */
struct retry_pace {
	int64_t first_ms, max_ms;
};
/* Pause after the n-th failed attempt (from 1): 5 s doubling to 15 min, ± 20 % by
 * `unit` in [0, 2^32). */
int64_t retry_after_ms(struct retry_pace pace, uint32_t n, uint32_t unit);
/* What the service asked for wins when it is longer, up to an hour: nobody can silence us. */
#define RETRY_ASKED_MAX_MS (60 * NP_MIN_MS)
int64_t retry_pause_ms(int64_t own_ms, int64_t asked_s);
/* HTTP status of an answer. 4xx other than 408 and 429 is final, unless `also` (statuses
 * separated by blanks, or NULL) has it. */
enum outcome retry_of_http(long status, const char *also);
/* SMTP reply code: 2xx sent, 5xx final, else again. */
enum outcome retry_of_smtp(long code);
/* A failure becomes final when the notice is too old for another try. */
enum outcome retry_give_up(enum outcome o, int64_t created_us, int64_t now_us);

/* Breaker of one destination: after BREAKER_FAILURES in a row it is left alone for a while, then
 * one attempt tests it. It delays only its own notices. */
#define BREAKER_FAILURES 3
#define BREAKER_MIN_MS 10000 /* twice the first pause, a third of the longest */
#define BREAKER_MAX_MS (5 * NP_MIN_MS)
struct breaker {
	uint32_t failures;
	int64_t until_ms; /* mono; 0: closed */
};
struct breaker breaker_after(struct breaker b, struct retry_pace pace, enum outcome o,
			     int64_t now_ms);
bool breaker_is_open(struct breaker b, int64_t now_ms);
