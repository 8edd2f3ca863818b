/* SPDX-License-Identifier: Apache-2.0 */
/* conn.h - the inside of a connection, for the files of this room only.
 *
 * Floor 2 (pg). Waiting for the server with a deadline (io.c), pipelines
 * (pipe.c), and the body of pg_conn.
 */
#pragma once
#include <libpq-fe.h>

#include "pg/pg.h"

struct pg_conn {
	struct pg_conf conf;
	PGconn *pq; /* NULL: not connected */
	int64_t deadline_ms;
	int64_t retry_at_ms; /* no connect before */
	uint32_t backoff_ms; /* of the next failure; 0: none so far */
	struct pg_error err;
};

/* conn.c: after a loss or a failed connect, nobody tries again at once; a statement that
 * worked ends the back-off (a pooler accepts connections while its server is away). */
void pg_conn_back_off(struct pg_conn *c);

/* error.c */
void pg_error_set(struct pg_error *e, const char *sqlstate, const char *message);
/* Notes what the server said and yields the error it maps to; drops a dead connection. */
np_err pg_error_of_result(struct pg_conn *c, const PGresult *r);
/* The connection broke: notes libpq's words, drops it and backs off. NP_E_DB_GONE. */
np_err pg_error_gone(struct pg_conn *c);

/* io.c: connect by `deadline_ms`; one result of what was sent (*ret NULL: this statement
 * is done); after a failure the connection is gone. */
NP_NODISCARD np_err pg_io_connect(struct pg_conn *c, int64_t deadline_ms);
NP_NODISCARD np_err pg_io_result(struct pg_conn *c, PGresult **ret);
NP_NODISCARD np_err pg_io_alive(struct pg_conn *c); /* no wait */
/* Everything of one statement: the last result, or the first failure. */
NP_NODISCARD np_err pg_io_statement(struct pg_conn *c, PGresult **ret);

/* pipe.c */
NP_NODISCARD np_err pg_pipe_enter(struct pg_conn *c);
NP_NODISCARD np_err pg_pipe_send(struct pg_conn *c, const char *sql, const struct pg_params *p);
/* Sync, then read the answers of the n statements that were sent and leave the pipeline.
 * *ret_at gets the first that failed. */
NP_NODISCARD np_err pg_pipe_finish(struct pg_conn *c, size_t n, size_t *ret_at);
/* PQsendQueryParams with everything binary; NP_E_DB_GONE, NP_E_NOMEM, NP_E_LIMIT. */
NP_NODISCARD np_err pg_pipe_put(struct pg_conn *c, const char *sql, const struct pg_params *p);
