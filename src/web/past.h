/* SPDX-License-Identifier: Apache-2.0 */
/* past.h - a monitor's past as spans of states, and uptime out of them.
 *
 * Floor 4 (web). States in which nobody looked are unknown; down is an incident
 * from the attempt that opened it to the pass that closed it, whatever the
 * state says in between; maintenance is excluded, whatever happened in it. The arithmetic is core/uptime.h. Worker thread.
 */
#pragma once
#include "core/uptime.h"
#include "web/store_history.h"

struct past {
	struct upt_span *span; /* owned */
	size_t n;
	int64_t *opened_us; /* of the incidents; owned */
	size_t n_incidents;
};
/* Of [from, to), which must lie within what the monitor has lived. */
NP_NODISCARD np_err past_load(struct pg_conn *c, const struct sth_range *r, struct past *ret);
void past_done(struct past *s); /* for NP_CLEANUP */
NP_NODISCARD np_err past_sum(const struct past *s, int64_t from_us, int64_t to_us,
			     struct upt_sum *ret);
size_t past_incidents(const struct past *s, int64_t from_us, int64_t to_us); /* opened in it */

struct past_window {
	const char *name; /* NULL: none */
	int64_t from_us, to_us;
};
/* One object: UptimeWindow of the contract. */
NP_NODISCARD np_err past_write(const struct past *s, const struct past_window *win,
			       struct jsonw *w);
