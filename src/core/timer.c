/* SPDX-License-Identifier: Apache-2.0 */
#include "core/timer.h"

#include "base/str.h"

static const char *const names[] = {
	[TMR_CONFIRM] = "confirm", [TMR_LOOK] = "look",         [TMR_RECHECK] = "recheck",
	[TMR_RECOVER] = "recover", [TMR_REMINDER] = "reminder", [TMR_REVIEW] = "review",
	[TMR_REOPEN] = "reopen",   [TMR_NODATA] = "nodata",     [TMR_STALE] = "stale",
	[TMR_HOLD] = "hold",       [TMR_ESCALATE] = "escalate", [TMR_FLAP_OFF] = "flap_off",
	[TMR_RELEASE] = "release",
};
static_assert(NP_LEN(names) == TMR_N, "name every timer");

bool tmr_is_current(const struct tmr_set *t, enum tmr_kind k, uint32_t generation)
{
	return (size_t)k < TMR_N && tmr_is_armed(t, k) && t->of[k].generation == generation;
}

bool tmr_next(const struct tmr_set *t, enum tmr_kind *ret_kind)
{
	int best = -1;
	for (int k = 0; k < TMR_N; k++)
		if (t->of[k].due_us != 0 && (best < 0 || t->of[k].due_us < t->of[best].due_us))
			best = k;
	if (best < 0)
		return false;
	*ret_kind = (enum tmr_kind)best;
	return true;
}

np_err tmr_from_name(np_str s, enum tmr_kind *ret)
{
	for (size_t i = 0; i < TMR_N; i++) {
		if (str_eq_c(s, names[i])) {
			*ret = (enum tmr_kind)i;
			return NP_OK;
		}
	}
	return NP_E_NOTFOUND;
}
