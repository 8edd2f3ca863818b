/* SPDX-License-Identifier: Apache-2.0 */
/* pool.h - a fixed number of connections that worker threads take turns with.
 *
 * Floor 2 (pg). Take and give from any thread (a queue of connections: whoever
 * takes one owns it). They connect when first taken and again when lost; after
 * a failed connect nobody tries before the back-off ends.
 */
#pragma once
#include "pg/pg.h"

#define PG_POOL_MAX 64

struct pg_pool;
/* At most `size` connections (1..PG_POOL_MAX). Opens none yet. NULL on no memory. */
NP_NODISCARD struct pg_pool *pg_pool_new(const struct pg_conf *conf, size_t size);
void pg_pool_free(struct pg_pool *p); /* all must be given back (asserted); NULL is fine */
/* A ready connection whose deadline is set. NP_E_BUSY: none was free by the deadline;
 * NP_E_DB_GONE: no connection. */
NP_NODISCARD np_err pg_pool_take(struct pg_pool *p, int64_t deadline_ms, struct pg_conn **ret_conn);
/* The same; *ret_err (may be NULL) gets what was said on NP_E_DB_GONE. */
NP_NODISCARD np_err pg_pool_take_why(struct pg_pool *p, int64_t deadline_ms,
				     struct pg_conn **ret_conn, struct pg_error *ret_err);
/* Back again, nulls the caller's pointer; one inside a transaction is rolled back. */
void pg_pool_give(struct pg_pool *p, struct pg_conn **c);
/* Did the last take or connect work? For /ready; no I/O. */
bool pg_pool_is_up(const struct pg_pool *p);
/* Connections taken now. */
size_t pg_pool_busy(const struct pg_pool *p);
/* take + pg_tx_run + give. *ret_err (may be NULL) gets what the database said on failure. */
struct pg_pool_tx {
	uint64_t tenant; /* 0: none */
	int64_t deadline_ms;
	np_err (*fn)(struct pg_conn *c, void *ctx);
	void *ctx;
};
NP_NODISCARD np_err pg_pool_run(struct pg_pool *p, const struct pg_pool_tx *tx,
				struct pg_error *ret_err);
