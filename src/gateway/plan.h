/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - picking owners for many monitors of one region at once.
 *
 * Floor 4 (gateway). Plain arrays, so that a worker may do it while the world goes on.
 */
#pragma once
#include "base/np.h"

struct plan {
	uint32_t region_id;
	uint64_t membership;
	uint64_t *hash, *checker; /* of each member, aligned */
	size_t n_members;
	uint64_t *monitor;
	uint64_t *owner; /* result: checker number, 0: nobody */
	size_t n_monitors;
	void *ctx;
};
NP_NODISCARD struct plan *plan_new(size_t members, size_t monitors);
void plan_free(struct plan *p); /* NULL is fine */
void plan_run(struct plan *p);
