/* SPDX-License-Identifier: Apache-2.0 */
#include "base/str.h"
#include "pg/conn.h"

/* Longest match first: a whole state, else its class. */
static const struct {
	const char *state;
	np_err err;
} pg_states[] = {
	{ "NP001", NP_E_ALREADY }, { "NP002", NP_E_FENCED },  { "NP003", NP_E_REGISTRY },
	{ "23505", NP_E_EXISTS },  { "55P03", NP_E_DB_GONE }, /* lock not available */
	{ "40001", NP_E_DB_GONE },                            /* serialization failure */
	{ "40003", NP_E_DB_GONE },                            /* statement completion unknown */
	{ "40P01", NP_E_DB_GONE },                            /* deadlock */
	{ "25P03", NP_E_DB_GONE },                            /* idle in transaction for too long */
	{ "25006", NP_E_DB_GONE }, /* read-only: a replica before its promotion */
	{ "57014", NP_E_DB_GONE }, /* cancelled: statement_timeout or our deadline */
	{ "57P", NP_E_DB_GONE },   /* shutting down, starting up, crashed */
	{ "08", NP_E_DB_GONE },    /* connection; PgBouncer's own refusals */
	{ "53", NP_E_DB_GONE },    /* no memory, disk, connections */
	{ "58", NP_E_DB_GONE },    /* the server's operating system */
};

np_err pg_err_of(const char *sqlstate)
{
	np_str s = str_from_c(sqlstate);
	if (s.n == 0)
		return NP_E_DB_GONE;
	for (size_t i = 0; i < NP_LEN(pg_states); i++)
		if (str_starts(s, str_from_c(pg_states[i].state)))
			return pg_states[i].err;
	return NP_E_DB;
}

/* One line; of errors about a value (class 22) only the words before the value. */
void pg_error_set(struct pg_error *e, const char *sqlstate, const char *message)
{
	np_str state = str_sub(str_from_c(sqlstate), 0, sizeof e->sqlstate - 1);
	np_str line = str_trim(str_from_c(message));
	*e = (struct pg_error){ 0 };
	if (state.n > 0)
		memcpy(e->sqlstate, state.p, state.n);
	str_cut(line, '\n', &line, &(np_str){ 0 });
	if (str_starts(state, NP_STR("22"))) {
		str_cut(line, ':', &line, &(np_str){ 0 });
		str_cut(line, '"', &line, &(np_str){ 0 });
	}
	line = str_clip_utf8(str_trim(line), sizeof e->message - 1);
	if (line.n > 0)
		memcpy(e->message, line.p, line.n);
}

np_err pg_error_gone(struct pg_conn *c)
{
	pg_error_set(&c->err, "", c->pq != NULL ? PQerrorMessage(c->pq) : "not connected");
	pg_conn_drop(c);
	pg_conn_back_off(c);
	return NP_E_DB_GONE;
}

np_err pg_error_of_result(struct pg_conn *c, const PGresult *r)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *words = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	np_err e = pg_err_of(state);
	pg_error_set(&c->err, state, words != NULL ? words : PQresultErrorMessage(r));
	if (c->pq != NULL && PQstatus(c->pq) != CONNECTION_OK) {
		pg_conn_drop(c);
		pg_conn_back_off(c);
	}
	return e;
}
