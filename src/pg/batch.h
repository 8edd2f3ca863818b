/* SPDX-License-Identifier: Apache-2.0 */
/* batch.h - one transaction of many statements in one round trip, sendable again.
 *
 * Floor 2 (pg). A batch is filled, then never changes: BEGIN, its statements,
 * COMMIT go out as one pipeline with one sync. After a lost connection the
 * same batch is run again on a new one. Statements must be literals that
 * outlive it. Filled and run by one thread at a time.
 */
#pragma once
#include "pg/pg.h"

#define PG_BATCH_STMTS_MAX 256
#define PG_BATCH_BYTES_MAX ((size_t)128 * 1024 * 1024)

struct pg_batch;
NP_NODISCARD struct pg_batch *pg_batch_new(void);
void pg_batch_free(struct pg_batch *b); /* NULL is fine */
/* Adds a statement and takes the content of `p` (left empty, reusable; NULL: none). */
NP_NODISCARD np_err pg_batch_add(struct pg_batch *b, const char *sql, struct pg_params *p);
size_t pg_batch_len(const struct pg_batch *b);
size_t pg_batch_bytes(const struct pg_batch *b);

#define PG_BATCH_AT_BEGIN SIZE_MAX /* connection, BEGIN */
#define PG_BATCH_AT_COMMIT (SIZE_MAX - 1)
/* NP_OK: committed. NP_E_DB_GONE: unknown, run it again (np.fence tells NP_E_ALREADY when it
 * had worked). Anything else: rolled back. *ret_at (may be NULL) gets the index of the first
 * statement that failed, PG_BATCH_AT_BEGIN or PG_BATCH_AT_COMMIT; pg_conn_error says why. */
NP_NODISCARD np_err pg_batch_run(struct pg_conn *c, const struct pg_batch *b, size_t *ret_at);
