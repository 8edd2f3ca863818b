/* SPDX-License-Identifier: Apache-2.0 */
/* plan.h - what has to change so that NetPulse watches what a file says.
 *
 * Floor 5. Things are the same when they have the same name. Pure.
 */
#pragma once
#include <jansson.h>

#include "base/buf.h"

enum plan_kind { PLAN_SAME, PLAN_ADD, PLAN_CHANGE, PLAN_REMOVE };

struct plan_step {
	enum plan_kind kind;
	json_t *body;          /* ADD: the monitor; CHANGE: the fields that differ; owned */
	const char *name;      /* borrowed from `wanted` or `present` */
	const char *id;        /* CHANGE, REMOVE */
	const json_t *present; /* CHANGE: as it is now */
};
struct plan {
	struct plan_step *step;
	size_t n, left_alone; /* present, not wanted, and not to be pruned */
};

struct plan_how {
	const char *key; /* which member is the name */
	bool prune;
};
/* `wanted`: array of monitors that are valid, as a person wrote them. `present`: the API's list,
 * whose `given` is what was written before; what stands there and is not wanted any longer is
 * given back to policies and defaults (null). Fields that are often set elsewhere (regions,
 * channels, policy; start and overrides of what has a calendar) stay as they are when they are left out. */
NP_NODISCARD np_err plan_make(const json_t *wanted, const json_t *present,
			      const struct plan_how *how, struct plan *ret);
void plan_done(struct plan *p);
size_t plan_count(const struct plan *p, enum plan_kind kind);
