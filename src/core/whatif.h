/* SPDX-License-Identifier: Apache-2.0 */
/* whatif.h - what other rules would have made of what was seen.
 *
 * Floor 2 (core). The history of one monitor (attempts as they came, commands, windows) is
 * given to mst_apply under a definition; timers fire as they would have. What was not looked
 * at cannot be known: where these rules would have asked for a look that nobody took, the
 * region's nearest attempt answers for it. So a result is marked as approximate. Pure.
 */
#pragma once
#include "base/buf.h"
#include "core/monstate.h"

#define WHATIF_INPUTS_MAX 1000000
#define WHATIF_LIST_MAX 200 /* incidents that are listed */
#define WHATIF_FIRES_MAX 5000000

/* One event of the past, at the time it was folded (or received). */
struct whatif_input {
	int64_t at_us;
	struct mst_event ev;
};

struct whatif_range {
	int64_t from_us, to_us; /* incidents that open in it count; inputs before it warm up */
};

struct whatif_incident {
	int64_t opened_us, closed_us; /* closed 0: open at the end */
	int64_t told_us;              /* 0: held, nobody was told */
	enum step_close reason;
};

struct whatif {
	uint32_t incidents, alerts; /* alerts: incidents that were told */
	uint32_t notices;           /* of all kinds that went out */
	uint32_t guessed;           /* looks that nobody took */
	uint32_t blips;
	int64_t observed_us, down_us; /* of the range: with data; in an incident */
	size_t n;                     /* listed: the first WHATIF_LIST_MAX */
	struct whatif_incident list[WHATIF_LIST_MAX];
};

/* inputs: ascending by at_us. The definition must be valid; revisions of attempts do not matter.
 * NP_E_LIMIT: more than can be looked at. */
NP_NODISCARD np_err whatif_run(const struct mon_def *def, const struct whatif_input *inputs,
			       size_t n, const struct whatif_range *range, struct whatif *ret);
/* "3 incidents and 2 alerts fewer", "1 incident more, as many alerts", "no difference". */
void whatif_sentence(int64_t incidents_before, int64_t alerts_before, const struct whatif *after,
		     struct buf *out);
