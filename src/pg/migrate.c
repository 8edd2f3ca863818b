/* SPDX-License-Identifier: Apache-2.0 */
#include "pg/migrate.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/str.h"

static const char sql_table[] =
	"CREATE TABLE IF NOT EXISTS public.np_migration ("
	" number integer PRIMARY KEY, name text NOT NULL, sha256 bytea NOT NULL,"
	" applied_at timestamptz NOT NULL DEFAULT clock_timestamp());"
	"GRANT SELECT ON public.np_migration TO PUBLIC";
static const char sql_lock[] = "SELECT pg_advisory_xact_lock(7311)";
static const char sql_there[] = "SELECT to_regclass('public.np_migration') IS NOT NULL";
static const char sql_applied[] =
	"SELECT number, name, sha256 FROM public.np_migration ORDER BY number";
static const char sql_insert[] =
	"INSERT INTO public.np_migration (number, name, sha256) VALUES ($1, $2, $3)";

static np_err migrate_db_why(struct pg_conn *c, np_err e, struct buf *ret_why)
{
	const struct pg_error *x = pg_conn_error(c);
	if (e == NP_E_DB_GONE)
		buf_printf(ret_why, "The database cannot be reached: %s", x->message);
	else
		buf_printf(ret_why, "The database refused: %s (%s)", x->message, x->sqlstate);
	return e;
}

static np_err migrate_same(const struct migration *m, const struct pg_res *r, size_t row,
			   struct buf *ret_why)
{
	uint8_t sha[CRYPT_SHA256_LEN];
	crypt_sha256(str_from_c(m->sql), sha);
	if (str_eq(pg_res_str(r, row, 2), (np_str){ (const char *)sha, sizeof sha }))
		return NP_OK;
	buf_printf(ret_why,
		   "Migration %u (%s) was applied to this database in another form than this "
		   "program carries: it was made by another build",
		   m->number, m->name);
	return NP_E_VERSION;
}

/* What the database holds must be the beginning of our table. Yields how many of it. */
static np_err migrate_compare(const struct pg_res *r, const struct migration *table, size_t n,
			      size_t *ret_applied, struct buf *ret_why)
{
	size_t rows = pg_res_rows(r);
	for (size_t i = 0; i < rows; i++) {
		int64_t number = pg_res_i64(r, i, 0);
		np_err e;
		if (i >= n) {
			buf_printf(ret_why,
				   "The database is at migration %lld, this program knows %zu: "
				   "the database is newer, use a newer program",
				   (long long)pg_res_i64(r, rows - 1, 0), n);
			return NP_E_VERSION;
		}
		if (number != table[i].number) {
			buf_printf(ret_why, "Migration %u is missing before migration %lld",
				   table[i].number, (long long)number);
			return NP_E_VERSION;
		}
		e = migrate_same(&table[i], r, i, ret_why);
		if (e < 0)
			return e;
	}
	*ret_applied = rows;
	return NP_OK;
}

static np_err migrate_read(struct pg_conn *c, const struct migration *table, size_t n,
			   size_t *ret_applied, struct buf *ret_why)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = pg_exec(c, sql_applied, NULL, &r);
	if (e < 0)
		return migrate_db_why(c, e, ret_why);
	return migrate_compare(r, table, n, ret_applied, ret_why);
}

static np_err migrate_record(struct pg_conn *c, const struct migration *m)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	uint8_t sha[CRYPT_SHA256_LEN];
	crypt_sha256(str_from_c(m->sql), sha);
	pg_params_init(&p);
	pg_params_i32(&p, (int32_t)m->number);
	pg_params_c(&p, m->name);
	pg_params_bytea(&p, (np_str){ (const char *)sha, sizeof sha });
	return pg_exec(c, sql_insert, &p, NULL);
}

static np_err migrate_apply(struct pg_conn *c, const struct migration *m, struct buf *ret_why)
{
	np_err e = pg_exec_script(c, m->sql);
	if (e == NP_OK)
		e = migrate_record(c, m);
	if (e == NP_OK)
		e = pg_tx_commit(c);
	if (e < 0)
		buf_printf(ret_why, "Migration %u (%s) failed and nothing of it was kept: %s (%s)",
			   m->number, m->name, pg_conn_error(c)->message,
			   pg_conn_error(c)->sqlstate);
	return e;
}

/* One locked transaction: read what is there, apply the next. Whoever waits for the lock
 * meanwhile finds it applied. */
static np_err migrate_step(struct pg_conn *c, const struct migration *table, size_t n,
			   size_t *ret_applied, struct buf *ret_why)
{
	size_t applied = 0;
	np_err e = pg_conn_ready(c, clock_mono_ms() + MIGRATE_TIME_MS);
	if (e == NP_OK)
		e = pg_tx_begin(c, 0);
	if (e == NP_OK)
		e = pg_exec(c, sql_lock, NULL, NULL);
	if (e == NP_OK)
		e = pg_exec_script(c, sql_table);
	if (e < 0) {
		pg_tx_rollback(c);
		return migrate_db_why(c, e, ret_why);
	}
	e = migrate_read(c, table, n, &applied, ret_why);
	if (e == NP_OK && applied < n)
		e = migrate_apply(c, &table[applied], ret_why);
	pg_tx_rollback(c);
	if (e == NP_OK)
		*ret_applied = applied;
	return e;
}

np_err migrate_run(struct pg_conn *c, const struct migration *table, size_t n, size_t *ret_done,
		   struct buf *ret_why)
{
	size_t done = 0;
	assert(n <= MIGRATE_MAX);
	for (;;) {
		size_t before = 0;
		np_err e = migrate_step(c, table, n, &before, ret_why);
		if (e < 0)
			return e;
		if (before == n)
			break;
		done++;
	}
	*ret_done = done;
	return NP_OK;
}

np_err migrate_check(struct pg_conn *c, const struct migration *table, size_t n,
		     struct buf *ret_why)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *there = NULL;
	size_t applied = 0;
	np_err e = pg_exec(c, sql_there, NULL, &there);
	if (e < 0)
		return migrate_db_why(c, e, ret_why);
	if (!pg_res_bool(there, 0, 0)) {
		buf_add_c(ret_why, "The database is empty: apply the migrations first");
		return NP_E_VERSION;
	}
	e = migrate_read(c, table, n, &applied, ret_why);
	if (e < 0)
		return e;
	if (applied == n)
		return NP_OK;
	buf_printf(ret_why, "The database is at migration %zu of %zu: apply the migrations first",
		   applied, n);
	return NP_E_VERSION;
}
