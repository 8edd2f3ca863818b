/* SPDX-License-Identifier: Apache-2.0 */
/* fold.h - the one function that changes a shard: (state, input) -> (state, effects).
 *
 * Floor 4 (engine). No I/O and no clock: everything comes in as inputs, which are
 * logged; folding the log again gives the same state. A failure (no memory, an input
 * that cannot be) leaves the state half changed: it must be thrown away and loaded again.
 * The folder's thread; the keeper's while it loads.
 */
#pragma once
#include "engine/fx.h"
#include "wire/batch.h"

/* A steady result does not write its monitor's row each time; a failing one more often. */
#define FOLD_REFRESH_US (15 * NP_SEC_US)
#define FOLD_REFRESH_FAILING_US (2 * NP_SEC_US)
/* When thousands of steady results come at once, so many rows of them a commit; the others wait
 * for their next result, before which no vote in their row ends (that takes 2.5 intervals). */
#define FOLD_REFRESH_GROUP 64

/* `fx` may be NULL: no effects. NP_E_CORRUPT: such an input cannot follow on this state. */
NP_NODISCARD np_err fold_input(struct shard *s, const Np__I1__Input *in, struct fx *fx);

/* The same for a batch that was decoded already, which must be what in->batch->batch holds. */
NP_NODISCARD np_err fold_batch(struct shard *s, const Np__I1__Input *in, const struct batch *b,
			       struct fx *fx);
