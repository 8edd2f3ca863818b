/* SPDX-License-Identifier: Apache-2.0 */
/* effect.h - what a change of policies does to definitions: shown, or done.
 *
 * Floor 4 (web). The same computation for preview and for saving. Worker thread.
 */
#pragma once
#include "web/derive.h"
#include "web/store_policy.h"

#define EFFECT_LISTED 200

struct effect {
	struct derive *with; /* its policies are those of after the change */
	size_t concerned, changed;
	struct pg_array ids, definitions; /* of those that change */
	struct jsonw *list;               /* preview: an array that is open; NULL: none */
	size_t listed;
};
void effect_init(struct effect *f, struct derive *with, struct jsonw *list);
void effect_done(struct effect *f);
/* Rows of stp_concerned. A definition that could not be is a problem of `rules`. */
NP_NODISCARD np_err effect_of(struct wreq *q, struct effect *f, const struct pg_res *rows);
