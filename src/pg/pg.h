/* SPDX-License-Identifier: Apache-2.0 */
/* pg.h - one PostgreSQL connection for straight-line, blocking use.
 *
 * Floor 2 (pg). A pg_conn belongs to one thread at a time, never to a loop's
 * thread. It connects when asked to be ready and again after a loss (with
 * back-off). Works through PgBouncer in transaction pooling: only
 * parameterised statements, never prepared ones, no session state. Every wait
 * ends at the deadline given to pg_conn_ready / pg_conn_deadline.
 */
#pragma once
#include "pg/params.h"
#include "pg/result.h"

#define PG_CONNECT_MS_DEFAULT 3000
#define PG_BACKOFF_MIN_MS 50
#define PG_BACKOFF_MAX_MS 2000
#define PG_MESSAGE_MAX 256

/* Borrowed texts: must outlive every connection and pool made of it. */
struct pg_conf {
	const char *host; /* name, address or folder of the Unix socket */
	uint16_t port;    /* 0: 5432 */
	const char *name; /* database, or PgBouncer's alias */
	const char *user;
	const char *password_file; /* NULL: none; read at every connect */
	const char *root_file;     /* set: TLS verify-full; NULL: no TLS */
	const char *cert_file, *key_file;
	const char *app;     /* application_name; NULL: "netpulse" */
	uint32_t connect_ms; /* 0: PG_CONNECT_MS_DEFAULT */
};

/* Last failure, for logs: never holds a parameter's value. */
struct pg_error {
	char sqlstate[6];             /* "" when the server did not answer */
	char message[PG_MESSAGE_MAX]; /* one line */
};

/* SQLSTATE -> error. NULL or "": NP_E_DB_GONE (no answer). What may succeed with the same
 * bytes again (lost connection, shutdown, no resources, locks, serialization, deadlock,
 * cancelled by time-out) is NP_E_DB_GONE; NP001 NP_E_ALREADY, NP002 NP_E_FENCED,
 * NP003 NP_E_REGISTRY, 23505 NP_E_EXISTS, everything else NP_E_DB. */
np_err pg_err_of(const char *sqlstate);

struct pg_conn;
/* Does not connect yet. NULL on no memory. */
NP_NODISCARD struct pg_conn *pg_conn_new(const struct pg_conf *conf);
void pg_conn_free(struct pg_conn *c);    /* NULL is fine */
void pg_conn_free_p(struct pg_conn **c); /* for NP_CLEANUP */
/* Connected, idle, outside a transaction: when there is no live connection, waits for the
 * back-off of the last failure and tries to connect once. NP_E_DB_GONE when that did not work
 * by the deadline (mono ms), which also becomes the deadline of what follows. */
NP_NODISCARD np_err pg_conn_ready(struct pg_conn *c, int64_t deadline_ms);
/* Deadline of the following calls; past it the connection is dropped (NP_E_DB_GONE), and the
 * server ends the statement when it notices: set client_connection_check_interval there. */
void pg_conn_deadline(struct pg_conn *c, int64_t deadline_ms);
bool pg_conn_is_up(const struct pg_conn *c); /* no I/O: as last seen */
bool pg_conn_in_tx(const struct pg_conn *c);
void pg_conn_drop(struct pg_conn *c); /* close; the next ready connects anew */
const struct pg_error *pg_conn_error(const struct pg_conn *c); /* of the last failed call */

/* One statement, one round trip. `p` NULL: no parameters. `ret_res` NULL: rows are of no
 * interest. `sql` is a literal; $n are the parameters in the order they were added. After a
 * failure inside a transaction call pg_tx_rollback. */
NP_NODISCARD np_err pg_exec(struct pg_conn *c, const char *sql, const struct pg_params *p,
			    struct pg_res **ret_res);
/* Several statements without parameters (migrations, direct connections only). Outside a
 * transaction PostgreSQL makes one of them. */
NP_NODISCARD np_err pg_exec_script(struct pg_conn *c, const char *sql);

/* BEGIN and, when tenant is not 0, set_config('np.tenant', tenant, true): one round trip. */
NP_NODISCARD np_err pg_tx_begin(struct pg_conn *c, uint64_t tenant);
/* NP_E_DB_GONE: it may have committed or not. On any failure nothing is open afterwards. */
NP_NODISCARD np_err pg_tx_commit(struct pg_conn *c);
/* Never fails to the caller: a connection that cannot roll back is dropped. */
void pg_tx_rollback(struct pg_conn *c);
/* begin, fn, commit; rollback when fn fails. Yields the first error. */
NP_NODISCARD np_err pg_tx_run(struct pg_conn *c, uint64_t tenant,
			      np_err (*fn)(struct pg_conn *c, void *ctx), void *ctx);
