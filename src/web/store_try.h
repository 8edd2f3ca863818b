/* SPDX-License-Identifier: Apache-2.0 */
/* store_try.h - the past of a monitor as inputs for other rules (core/whatif.h).
 *
 * Floor 4 (web). Packed results, commands and windows out of event rows, pauses out of the
 * history of states. Worker thread, in the tenant's transaction.
 */
#pragma once
#include "core/whatif.h"
#include "web/store_history.h"

#define TRY_INPUTS_MAX 400000

struct try_past {
	struct whatif_input *input; /* owned; ascending by time once loaded */
	size_t n, cap;
	int64_t incidents, alerts; /* what really was */
};
/* Inputs from an hour before the range on. NP_E_LIMIT: more than TRY_INPUTS_MAX. */
NP_NODISCARD np_err try_load(struct pg_conn *c, const struct sth_range *r, struct try_past *ret);
void try_done(struct try_past *p); /* for NP_CLEANUP */
