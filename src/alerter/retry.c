/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/retry.h"

static const char *const names[] = {
	[OUTCOME_SENT] = "sent",
	[OUTCOME_RETRY] = "retry",
	[OUTCOME_UNCERTAIN] = "uncertain",
	[OUTCOME_DEAD] = "dead",
};
static_assert(sizeof names / sizeof *names == OUTCOME_N, "name every outcome");

const char *outcome_name(enum outcome o)
{
	return names[o];
}

int64_t retry_after_ms(uint32_t n, uint32_t unit)
{
	int64_t pause = RETRY_FIRST_MS;
	for (uint32_t i = 1; i < n && pause < RETRY_MAX_MS; i++)
		pause *= 2;
	if (pause > RETRY_MAX_MS)
		pause = RETRY_MAX_MS;
	/* unit maps to -20 % … +20 % */
	return pause - pause / 5 + (int64_t)(((uint64_t)(pause * 2 / 5) * unit) >> 32);
}

enum outcome retry_of_http(long status)
{
	if (status >= 200 && status < 300)
		return OUTCOME_SENT;
	if (status >= 400 && status < 500 && status != 408 && status != 429)
		return OUTCOME_DEAD;
	return OUTCOME_RETRY; /* 3xx too: webhooks follow no redirect, its owner may mend it */
}

enum outcome retry_of_smtp(long code)
{
	if (code >= 200 && code < 300)
		return OUTCOME_SENT;
	return code >= 500 && code < 600 ? OUTCOME_DEAD : OUTCOME_RETRY;
}

enum outcome retry_give_up(enum outcome o, int64_t created_us, int64_t now_us)
{
	bool failed = o == OUTCOME_RETRY || o == OUTCOME_UNCERTAIN;
	return failed && now_us - created_us >= RETRY_FOR_US ? OUTCOME_DEAD : o;
}

struct breaker breaker_after(struct breaker b, enum outcome o, int64_t now_ms)
{
	if (o == OUTCOME_SENT || o == OUTCOME_DEAD) /* it answers: what it refuses is no outage */
		return (struct breaker){ 0 };
	b.failures++;
	if (b.failures < BREAKER_FAILURES)
		return b;
	int64_t pause = BREAKER_MIN_MS;
	for (uint32_t i = BREAKER_FAILURES; i < b.failures && pause < BREAKER_MAX_MS; i++)
		pause *= 2;
	b.until_ms = now_ms + (pause > BREAKER_MAX_MS ? BREAKER_MAX_MS : pause);
	return b;
}

bool breaker_is_open(struct breaker b, int64_t now_ms)
{
	return now_ms < b.until_ms;
}
