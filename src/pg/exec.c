/* SPDX-License-Identifier: Apache-2.0 */
#include "pg/conn.h"

#include "base/str.h"

np_err pg_exec(struct pg_conn *c, const char *sql, const struct pg_params *p,
	       struct pg_res **ret_res)
{
	PGresult *r = NULL;
	np_err e = pg_pipe_put(c, sql, p);
	if (e < 0)
		return e;
	e = pg_io_statement(c, &r);
	if (e < 0)
		return e;
	if (ret_res != NULL)
		*ret_res = (struct pg_res *)(void *)r;
	else
		PQclear(r);
	return NP_OK;
}

np_err pg_exec_script(struct pg_conn *c, const char *sql)
{
	PGresult *r = NULL;
	np_err e;
	if (c->pq == NULL || PQsendQuery(c->pq, sql) != 1)
		return pg_error_gone(c);
	e = pg_io_statement(c, &r);
	PQclear(r);
	return e;
}

np_err pg_tx_begin(struct pg_conn *c, uint64_t tenant)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	char id[24];
	size_t at = 0;
	np_err e;
	assert(!pg_conn_in_tx(c));
	pg_params_init(&p);
	if (tenant == 0)
		return pg_exec(c, "BEGIN", NULL, NULL);
	snprintf(id, sizeof id, "%llu", (unsigned long long)tenant);
	pg_params_c(&p, id);
	e = pg_pipe_enter(c);
	if (e == NP_OK)
		e = pg_pipe_send(c, "BEGIN", NULL);
	if (e == NP_OK)
		e = pg_pipe_send(c, "SELECT set_config('np.tenant', $1, true)", &p);
	if (e == NP_OK)
		e = pg_pipe_finish(c, 2, &at);
	if (e < 0)
		pg_tx_rollback(c);
	return e;
}

/* COMMIT of a failed transaction "works" and rolls back: the tag tells. */
np_err pg_tx_commit(struct pg_conn *c)
{
	PGresult *r = NULL;
	bool committed;
	np_err e = pg_pipe_put(c, "COMMIT", NULL);
	if (e == NP_OK)
		e = pg_io_statement(c, &r);
	if (e < 0) {
		pg_tx_rollback(c);
		return e;
	}
	committed = str_eq(str_from_c(PQcmdStatus(r)), NP_STR("COMMIT"));
	PQclear(r);
	if (committed)
		return NP_OK;
	pg_error_set(&c->err, "25P02", "the transaction had failed before its commit");
	return NP_E_DB;
}

void pg_tx_rollback(struct pg_conn *c)
{
	struct pg_error kept = c->err;
	PGresult *r = NULL;
	np_err e;
	if (c->pq == NULL)
		return;
	if (PQtransactionStatus(c->pq) == PQTRANS_IDLE)
		return;
	e = PQtransactionStatus(c->pq) == PQTRANS_ACTIVE ? NP_E_BUSY
							 : pg_pipe_put(c, "ROLLBACK", NULL);
	if (e == NP_OK)
		e = pg_io_statement(c, &r);
	PQclear(r);
	if (e < 0)
		pg_conn_drop(c);
	c->err = kept;
}

np_err pg_tx_run(struct pg_conn *c, uint64_t tenant, np_err (*fn)(struct pg_conn *c, void *ctx),
		 void *ctx)
{
	np_err e = pg_tx_begin(c, tenant);
	if (e < 0)
		return e;
	e = fn(c, ctx);
	if (e < 0) {
		pg_tx_rollback(c);
		return e;
	}
	return pg_tx_commit(c);
}
