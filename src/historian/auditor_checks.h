/* SPDX-License-Identifier: Apache-2.0 */
/* auditor_checks.h - what the auditor looks for: one row of a table each, in SQL, with a bound.
 *
 * Floor 4 (historian). A check only reads; each yields (subject, sentence) of what
 * breaks its bound now. The auditor's thread.
 */
#pragma once
#include "pg/pg.h"

#define AUDITOR_CHECK_ROWS 50 /* of one check; more of the same says nothing new */

struct auditor_check {
	const char *kind;
	bool severe;     /* the heartbeat stops for it */
	int32_t rounds;  /* seen so often on end before anybody is told */
	int32_t bound_s; /* $1 of the statement */
	const char *sql; /* $2: our clock */
};
extern const struct auditor_check auditor_checks[];
extern const size_t auditor_checks_n; /* at most AUDITOR_CHECKS_MAX */
#define AUDITOR_CHECKS_MAX 32

/* (subject, detail) of what one check finds. */
NP_NODISCARD np_err auditor_checks_run(struct pg_conn *c, const struct auditor_check *k,
				       struct pg_res **ret);
