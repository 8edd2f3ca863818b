/* SPDX-License-Identifier: Apache-2.0 */
#include "pg/batch.h"

#include "pg/conn.h"

struct pg_stmt {
	const char *sql;
	struct pg_params p;
	bool has_params;
};

struct pg_batch {
	size_t n, cap;
	size_t bytes;
	struct pg_stmt *stmt;
};

struct pg_batch *pg_batch_new(void)
{
	return np_zalloc(sizeof(struct pg_batch));
}

void pg_batch_free(struct pg_batch *b)
{
	if (b == NULL)
		return;
	for (size_t i = 0; i < b->n; i++)
		pg_params_done(&b->stmt[i].p);
	free(b->stmt);
	free(b);
}

size_t pg_batch_len(const struct pg_batch *b)
{
	return b->n;
}

size_t pg_batch_bytes(const struct pg_batch *b)
{
	return b->bytes;
}

static np_err batch_grow(struct pg_batch *b)
{
	size_t cap = b->cap == 0 ? 8 : b->cap * 2;
	struct pg_stmt *s;
	if (b->n < b->cap)
		return NP_OK;
	if (b->n == PG_BATCH_STMTS_MAX)
		return NP_E_LIMIT;
	s = np_reallocarray(b->stmt, cap, sizeof *s);
	if (s == NULL)
		return NP_E_NOMEM;
	b->stmt = s;
	b->cap = cap;
	return NP_OK;
}

np_err pg_batch_add(struct pg_batch *b, const char *sql, struct pg_params *p)
{
	size_t bytes = strlen(sql) + (p != NULL ? p->bytes.n : 0);
	struct pg_stmt *s;
	np_err e = p != NULL ? pg_params_failed(p) : NP_OK;
	if (e < 0)
		return e;
	if (b->bytes + bytes > PG_BATCH_BYTES_MAX)
		return NP_E_LIMIT;
	e = batch_grow(b);
	if (e < 0)
		return e;
	s = &b->stmt[b->n++];
	s->sql = sql;
	s->has_params = p != NULL;
	pg_params_init(&s->p);
	if (p != NULL) {
		s->p = *p; /* the bytes move over */
		pg_params_init(p);
	}
	b->bytes += bytes;
	return NP_OK;
}

static np_err batch_send(struct pg_conn *c, const struct pg_batch *b)
{
	np_err e = pg_pipe_enter(c);
	if (e == NP_OK)
		e = pg_pipe_send(c, "BEGIN", NULL);
	for (size_t i = 0; i < b->n && e == NP_OK; i++)
		e = pg_pipe_send(c, b->stmt[i].sql, b->stmt[i].has_params ? &b->stmt[i].p : NULL);
	if (e == NP_OK)
		e = pg_pipe_send(c, "COMMIT", NULL);
	return e;
}

np_err pg_batch_run(struct pg_conn *c, const struct pg_batch *b, size_t *ret_at)
{
	size_t at = 0;
	np_err e = batch_send(c, b);
	if (e == NP_OK)
		e = pg_pipe_finish(c, b->n + 2, &at);
	if (e == NP_OK)
		return NP_OK;
	pg_tx_rollback(c);
	if (ret_at != NULL)
		*ret_at = at == 0 ? PG_BATCH_AT_BEGIN : at > b->n ? PG_BATCH_AT_COMMIT : at - 1;
	return e;
}
