/* SPDX-License-Identifier: Apache-2.0 */
/* spans.h - seconds per state of a window, from state changes and incidents.
 *
 * Floor 4 (historian). Pure. Pending, paused and no data are unknown; down is an
 * incident, from its first failing attempt to the pass that ended it; everything
 * else is up, or degraded. Nothing counts before the monitor was created.
 */
#pragma once
#include "core/uptime.h"

struct span_change {
	int64_t at_us;
	enum upt_state state; /* from here on, without incidents */
};
struct span_incident {
	int64_t opened_us, closed_us; /* INT64_MAX: open */
};
struct span_history {           /* of one monitor; sorted by time */
	int64_t from_us, to_us; /* created; deleted, or as far as is known */
	const struct span_change *change;
	size_t change_n;
	const struct span_incident *incident;
	size_t incident_n;
};

/* What a row of np.state_change means. */
enum upt_state spans_state(np_str state, bool degraded);
/* Whole seconds within [at, at + width), clipped to the history. They add up to the whole
 * seconds of that time: parts are carried from state to state, the strongest first. */
NP_NODISCARD np_err spans_window(const struct span_history *h, int64_t at_us, int64_t width_us,
				 int64_t ret_s[UPT_N]);
