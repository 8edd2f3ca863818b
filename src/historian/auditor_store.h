/* SPDX-License-Identifier: Apache-2.0 */
/* auditor_store.h - findings as rows, and the one incident that tells of them.
 *
 * Floor 4 (historian). What merges and tells belongs to one transaction, which the
 * caller opened. The auditor's thread.
 */
#pragma once
#include "pg/pg.h"

#define AUDITOR_LEASE "auditor"

struct auditor_rules {
	int64_t every_ms; /* between rounds */
	int32_t clear_s;  /* unseen for so long: over; twice as long each time that it came back */
	int32_t drill_every_s, drill_limit_s; /* drill_every_s 0: no drills by the clock */
};

/* What one round saw: aligned arrays kind, subject, severity, detail, rounds to be told. */
struct auditor_seen {
	struct pg_array kind, subject, severity, detail, rounds;
	struct pg_array ran; /* kinds that could be looked for: the others' findings stay */
};
void auditor_seen_init(struct auditor_seen *s);
void auditor_seen_done(struct auditor_seen *s);

struct auditor_counts {
	int64_t severe, major;  /* open */
	int64_t told, cleared;  /* in this round */
	int64_t opened, closed; /* the operator's incident */
};

/* Ours until three rounds from now? */
NP_NODISCARD np_err auditor_store_lease(struct pg_conn *c, const char *owner,
					const struct auditor_rules *r, bool *ret_ours);
NP_NODISCARD np_err auditor_store_merge(struct pg_conn *c, const struct auditor_seen *s,
					const struct auditor_rules *r, struct auditor_counts *ret);
NP_NODISCARD np_err auditor_store_tell(struct pg_conn *c, struct auditor_counts *ret);

/* Drills: what is too late ends as failed; what is due begins. */
NP_NODISCARD np_err auditor_store_drills_end(struct pg_conn *c, int64_t *ret_ended);
NP_NODISCARD np_err auditor_store_drills_start(struct pg_conn *c, const struct auditor_rules *r,
					       int64_t *ret_started);
