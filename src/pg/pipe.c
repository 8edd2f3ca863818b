/* SPDX-License-Identifier: Apache-2.0 */
#include "pg/conn.h"

np_err pg_pipe_put(struct pg_conn *c, const char *sql, const struct pg_params *p)
{
	Oid types[PG_PARAMS_MAX];
	const char *values[PG_PARAMS_MAX];
	int lengths[PG_PARAMS_MAX];
	int formats[PG_PARAMS_MAX];
	size_t n = p != NULL ? p->n : 0;
	np_err e = p != NULL ? pg_params_failed(p) : NP_OK;
	if (e < 0) {
		pg_error_set(&c->err, "54000", "the parameters could not be built");
		return e;
	}
	if (c->pq == NULL)
		return pg_error_gone(c);
	for (size_t i = 0; i < n; i++) {
		const struct pg_param *x = &p->at[i];
		types[i] = x->oid;
		/* an empty value must not look like NULL */
		values[i] = x->len < 0 ? NULL : x->len == 0 ? "" : p->bytes.p + x->off;
		lengths[i] = x->len;
		formats[i] = 1;
	}
	if (PQsendQueryParams(c->pq, sql, (int)n, types, values, lengths, formats, 1) != 1)
		return pg_error_gone(c);
	return NP_OK;
}

np_err pg_pipe_enter(struct pg_conn *c)
{
	if (c->pq == NULL || PQenterPipelineMode(c->pq) != 1)
		return pg_error_gone(c);
	return NP_OK;
}

np_err pg_pipe_send(struct pg_conn *c, const char *sql, const struct pg_params *p)
{
	np_err e = pg_pipe_put(c, sql, p);
	if (e < 0 && c->pq != NULL)
		pg_conn_drop(c); /* half a pipeline cannot be taken back */
	return e;
}

/* The answer of one statement: its results up to the NULL behind them. */
static np_err pipe_answer(struct pg_conn *c, bool aborted)
{
	PGresult *r = NULL;
	np_err bad = NP_OK;
	np_err e;
	while ((e = pg_io_result(c, &r)) == NP_OK && r != NULL) {
		ExecStatusType s = PQresultStatus(r);
		if (s == PGRES_FATAL_ERROR && bad == NP_OK && !aborted)
			bad = pg_error_of_result(c, r);
		PQclear(np_take(r));
		if (c->pq == NULL)
			return bad;
	}
	return bad < 0 ? bad : e;
}

static np_err pipe_synced(struct pg_conn *c)
{
	PGresult *r = NULL;
	np_err e = pg_io_result(c, &r);
	bool synced = e == NP_OK && r != NULL && PQresultStatus(r) == PGRES_PIPELINE_SYNC;
	PQclear(r);
	if (e < 0)
		return e;
	if (!synced || PQexitPipelineMode(c->pq) != 1)
		return pg_error_gone(c);
	return NP_OK;
}

np_err pg_pipe_finish(struct pg_conn *c, size_t n, size_t *ret_at)
{
	struct pg_error said = { 0 };
	np_err first = NP_OK;
	np_err e = PQpipelineSync(c->pq) == 1 ? NP_OK : pg_error_gone(c);
	for (size_t i = 0; c->pq != NULL && i < n; i++) {
		e = pipe_answer(c, first < 0);
		if (e < 0 && first == NP_OK) {
			first = e;
			said = c->err;
			*ret_at = i;
		}
	}
	if (c->pq != NULL)
		e = pipe_synced(c);
	if (first < 0)
		c->err = said; /* not what came of it */
	else if (e == NP_OK)
		c->backoff_ms = 0;
	return first < 0 ? first : e;
}
