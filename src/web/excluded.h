/* SPDX-License-Identifier: Apache-2.0 */
/* excluded.h - when maintenance was on: time that no uptime counts.
 *
 * Floor 4 (web). Occurrences of the windows as they are written now, so what is
 * entered or moved later corrects the past; a deleted one excluded until then.
 * Worker thread, in the tenant's transaction.
 */
#pragma once
#include "core/window.h"
#include "pg/pg.h"

#define EXCLUDED_ALL 0     /* every window of the organisation, whatever it concerns */
#define EXCLUDED_MAX 20000 /* stretches; what is beyond of the oldest windows counts as usual */

struct excluded_span {
	uint8_t maintenance[16];
	int64_t from_us, to_us; /* within what was asked for */
};
struct excluded {
	struct excluded_span *span; /* owned; in no order, they may overlap */
	size_t n;
};
/* Of one monitor, by its number, or EXCLUDED_ALL, within [from, to). */
NP_NODISCARD np_err excluded_load(struct pg_conn *c, int64_t monitor,
				  const struct window_span *within, struct excluded *ret);
void excluded_done(struct excluded *x); /* for NP_CLEANUP */
