/* SPDX-License-Identifier: Apache-2.0 */
/* maint.h - a maintenance with its window and zone, and what people send of it.
 *
 * Floor 4 (web). A draft is what will be stored; its problems are the request's.
 * Worker thread.
 */
#pragma once
#include "core/window.h"
#include "web/store_maintenance.h"

struct timed {
	struct window w;
	struct zone *z;
	json_t *definition;
};
NP_NODISCARD np_err maint_load(np_str definition, struct timed *ret);
void maint_done(struct timed *t);

struct draft {
	struct sma_row row;
	struct timed t, old; /* old.z NULL: a new one */
	bool moved;          /* its times were sent */
};
void maint_draft_done(struct draft *d);
/* A whole new one out of the body. */
NP_NODISCARD np_err maint_draft_new(struct wreq *q, struct pg_conn *c, struct draft *d);
/* row, old and t.definition as they are stored, the row locked. */
NP_NODISCARD np_err maint_draft_old(struct wreq *q, struct pg_conn *c, struct draft *d);
/* What the body changes about it. */
NP_NODISCARD np_err maint_draft_read(struct wreq *q, struct pg_conn *c, struct draft *d);
