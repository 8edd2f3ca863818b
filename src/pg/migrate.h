/* SPDX-License-Identifier: Apache-2.0 */
/* migrate.h - numbered schema migrations, forward only, applied once.
 *
 * Floor 2 (pg). The table is embedded in the program. On a direct connection
 * of the owner (never through the pool): one advisory transaction lock at a
 * time, each migration in its own transaction, its SHA-256 recorded in
 * public.np_migration. Blocking.
 */
#pragma once
#include "pg/pg.h"

#define MIGRATE_MAX 1000
#define MIGRATE_TIME_MS (10 * NP_MIN_MS) /* for one migration */

struct migration {
	uint32_t number;  /* 1, 2, 3 … without a gap */
	const char *name; /* "init" */
	const char *sql;  /* no BEGIN, no COMMIT in it */
};

/* Applies what is missing; *ret_done gets how many that were. NP_E_VERSION: the database is
 * newer than the program, or an applied migration differs from ours; NP_E_DB, NP_E_DB_GONE:
 * it failed or could not be reached. *ret_why gets one sentence on any failure. */
NP_NODISCARD np_err migrate_run(struct pg_conn *c, const struct migration *table, size_t n,
				size_t *ret_done, struct buf *ret_why);
/* Is the database at exactly this program's newest migration? NP_OK, or NP_E_VERSION with the
 * sentence; for roles and `doctor`. Needs SELECT on public.np_migration (granted to PUBLIC). */
NP_NODISCARD np_err migrate_check(struct pg_conn *c, const struct migration *table, size_t n,
				  struct buf *ret_why);
