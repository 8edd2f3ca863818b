/* SPDX-License-Identifier: Apache-2.0 */
#include "core/uptime.h"

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* State at t and the next moment where it can change. Spans with a wrong order count nothing. */
static enum upt_state state_at(const struct upt_span *span, size_t n, int64_t t, int64_t *next_us)
{
	enum upt_state best = UPT_N;
	for (size_t i = 0; i < n; i++) {
		if (span[i].from_us >= span[i].to_us)
			continue;
		if (span[i].from_us > t) {
			*next_us = min64(*next_us, span[i].from_us);
		} else if (span[i].to_us > t) {
			*next_us = min64(*next_us, span[i].to_us);
			best = span[i].state < best ? span[i].state : best;
		}
	}
	return best == UPT_N ? UPT_UNKNOWN : best;
}

np_err upt_fold(const struct upt_span *span, size_t n, int64_t from_us, int64_t to_us,
		struct upt_sum *ret)
{
	struct upt_sum sum = { 0 };
	if (n > UPT_SPANS_MAX)
		return NP_E_LIMIT;
	if (to_us < from_us)
		return NP_E_INVAL;
	for (int64_t t = from_us; t < to_us;) {
		int64_t next_us = to_us;
		enum upt_state s = state_at(span, n, t, &next_us);
		sum.us[s] += next_us - t;
		t = next_us;
	}
	*ret = sum;
	return NP_OK;
}

void upt_add(struct upt_sum *to, const struct upt_sum *more)
{
	for (size_t i = 0; i < UPT_N; i++)
		if (__builtin_add_overflow(to->us[i], more->us[i], &to->us[i]))
			to->us[i] = INT64_MAX;
}

/* part / all in thousandths of a per cent, rounded down. Times are first brought below 2^43 µs
 * (100 days): rounding the part down and the whole up can only lower the figure. */
static int32_t milli(uint64_t part, uint64_t all)
{
	if (all == 0)
		return UPT_NO_DATA;
	if (part == all)
		return 100000;
	while (all >= UINT64_C(1) << 43) {
		part /= 2;
		all = all / 2 + all % 2;
	}
	return (int32_t)(part * 100000 / all);
}

int32_t upt_uptime_milli(const struct upt_sum *s)
{
	uint64_t up = (uint64_t)s->us[UPT_UP] + (uint64_t)s->us[UPT_DEGRADED];
	return milli(up, up + (uint64_t)s->us[UPT_DOWN]);
}

int32_t upt_observed_milli(const struct upt_sum *s)
{
	uint64_t all = 0;
	for (size_t i = 0; i < UPT_N; i++)
		if (__builtin_add_overflow(all, (uint64_t)s->us[i], &all))
			all = UINT64_MAX; /* saturated sums: nonsense, but no wrap */
	return milli(all - (uint64_t)s->us[UPT_UNKNOWN], all);
}

/* "99.953 %", "100 %" or "no data"; NUL-terminated. */
static void upt_text(int32_t m, char ret[UPT_TEXT_MAX])
{
	if (m < 0) {
		(void)snprintf(ret, UPT_TEXT_MAX, "no data");
		return;
	}
	char digits[12];
	int n = snprintf(digits, sizeof digits, "%d.%03d", m / 1000, m % 1000);
	while (n > 0 && digits[n - 1] == '0')
		digits[--n] = '\0';
	if (n > 0 && digits[n - 1] == '.')
		digits[n - 1] = '\0';
	(void)snprintf(ret, UPT_TEXT_MAX, "%s %%", digits);
}

void upt_sentence(const struct upt_sum *s, char ret[UPT_SENTENCE_MAX])
{
	char up[UPT_TEXT_MAX], observed[UPT_TEXT_MAX];
	int32_t up_milli = upt_uptime_milli(s);
	upt_text(up_milli, up);
	upt_text(upt_observed_milli(s), observed);
	if (up_milli < 0)
		(void)snprintf(ret, UPT_SENTENCE_MAX, "no data");
	else
		(void)snprintf(ret, UPT_SENTENCE_MAX, "%s of observed time; %s observed", up,
			       observed);
}
