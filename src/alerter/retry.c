/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/retry.h"

#include "base/str.h"

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

static struct retry_pace whole(struct retry_pace p)
{
	return (struct retry_pace){ p.first_ms > 0 ? p.first_ms : RETRY_FIRST_MS,
				    p.max_ms > 0 ? p.max_ms : RETRY_MAX_MS };
}

int64_t retry_after_ms(struct retry_pace pace, uint32_t n, uint32_t unit)
{
	pace = whole(pace);
	int64_t pause = pace.first_ms;
	for (uint32_t i = 1; i < n && pause < pace.max_ms; i++)
		pause *= 2;
	if (pause > pace.max_ms)
		pause = pace.max_ms;
	/* unit maps to -20 % … +20 % */
	return pause - pause / 5 + (int64_t)(((uint64_t)(pause * 2 / 5) * unit) >> 32);
}

int64_t retry_pause_ms(int64_t own_ms, int64_t asked_s)
{
	int64_t asked =
		asked_s > RETRY_ASKED_MAX_MS / NP_SEC_MS ? RETRY_ASKED_MAX_MS : asked_s * NP_SEC_MS;
	return asked > own_ms ? asked : own_ms;
}

static bool is_in(const char *list, long status)
{
	np_str rest = str_from_c(list), one;
	bool more = rest.n > 0;
	while (more) {
		int64_t v = 0;
		more = str_cut(rest, ' ', &one, &rest);
		if (str_to_i64(one, &v) == NP_OK && v == status)
			return true;
	}
	return false;
}

enum outcome retry_of_http(long status, const char *also)
{
	if (status >= 200 && status < 300)
		return OUTCOME_SENT;
	if (is_in(also, status))
		return OUTCOME_RETRY;
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

struct breaker breaker_after(struct breaker b, struct retry_pace pace, enum outcome o,
			     int64_t now_ms)
{
	pace = whole(pace);
	if (o == OUTCOME_SENT || o == OUTCOME_DEAD) /* it answers: what it refuses is no outage */
		return (struct breaker){ 0 };
	b.failures++;
	if (b.failures < BREAKER_FAILURES)
		return b;
	int64_t pause = pace.first_ms * 2, max = pace.max_ms / 3;
	for (uint32_t i = BREAKER_FAILURES; i < b.failures && pause < max; i++)
		pause *= 2;
	b.until_ms = now_ms + (pause > max ? max : pause);
	return b;
}

bool breaker_is_open(struct breaker b, int64_t now_ms)
{
	return now_ms < b.until_ms;
}
