/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/spans.h"

#include "base/str.h"

enum upt_state spans_state(np_str state, bool degraded)
{
	static const char *const unknown[] = { "pending", "nodata", "paused" };
	for (size_t i = 0; i < NP_LEN(unknown); i++)
		if (str_eq_c(state, unknown[i]))
			return UPT_UNKNOWN;
	return degraded ? UPT_DEGRADED : UPT_UP;
}

struct span_list {
	struct upt_span at[UPT_SPANS_MAX];
	size_t n;
	int64_t from_us, to_us;
};

static np_err span_add(struct span_list *l, int64_t from_us, int64_t to_us, enum upt_state state)
{
	from_us = from_us > l->from_us ? from_us : l->from_us;
	to_us = to_us < l->to_us ? to_us : l->to_us;
	if (from_us >= to_us)
		return NP_OK;
	if (l->n == UPT_SPANS_MAX)
		return NP_E_LIMIT;
	l->at[l->n++] = (struct upt_span){ from_us, to_us, state };
	return NP_OK;
}

static np_err span_fill(struct span_list *l, const struct span_history *h)
{
	np_err e = NP_OK;
	for (size_t i = 0; i < h->change_n && e == NP_OK; i++) {
		int64_t until = i + 1 < h->change_n ? h->change[i + 1].at_us : INT64_MAX;
		e = span_add(l, h->change[i].at_us, until, h->change[i].state);
	}
	for (size_t i = 0; i < h->incident_n && e == NP_OK; i++)
		e = span_add(l, h->incident[i].opened_us, h->incident[i].closed_us, UPT_DOWN);
	return e;
}

np_err spans_window(const struct span_history *h, int64_t at_us, int64_t width_us,
		    int64_t ret_s[UPT_N])
{
	/* not zeroed: it is large and mostly unused */
	NP_CLEANUP(np_free_ptr) struct span_list *l = np_reallocarray(NULL, 1, sizeof *l);
	struct upt_sum sum = { { 0 } };
	int64_t before = 0, total = 0;
	np_err e;
	if (l == NULL)
		return NP_E_NOMEM;
	l->n = 0;
	l->from_us = at_us > h->from_us ? at_us : h->from_us;
	l->to_us = at_us + width_us < h->to_us ? at_us + width_us : h->to_us;
	memset(ret_s, 0, UPT_N * sizeof *ret_s);
	if (l->from_us >= l->to_us)
		return NP_OK;
	e = span_fill(l, h);
	if (e == NP_OK)
		e = upt_fold(l->at, l->n, l->from_us, l->to_us, &sum);
	if (e < 0)
		return e;
	for (size_t i = 0; i < UPT_N; i++) {
		total += sum.us[i];
		ret_s[i] = total / NP_SEC_US - before;
		before = total / NP_SEC_US;
	}
	return NP_OK;
}
