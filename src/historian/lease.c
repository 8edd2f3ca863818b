/* SPDX-License-Identifier: Apache-2.0 */
/* Statements about leases and partitions: declared in store.h. */
#include "base/str.h"
#include "historian/store.h"

#define SQL_LEASE                                                                                      \
	" ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, lease_until = excluded.lease_until" \
	" WHERE l.owner = excluded.owner OR l.lease_until < clock_timestamp() RETURNING l.name"

np_err store_lease(struct pg_conn *c, const char *name, const char *owner, int64_t lease_ms,
		   bool *ret_ours)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_params_c(&p, name);
	pg_params_c(&p, owner);
	pg_params_i64(&p, lease_ms);
	np_err e = pg_exec(c,
			   "INSERT INTO np.lease AS l VALUES"
			   " ($1, $2, clock_timestamp() + $3 * interval '1 millisecond')" SQL_LEASE,
			   &p, &r);
	if (e == NP_OK)
		*ret_ours = pg_res_rows(r) == 1;
	return e;
}

np_err store_lease_shards(struct pg_conn *c, const char *owner, int64_t lease_ms,
			  uint32_t *ret_shards)
{
	static const char prefix[] = "historian-";
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	uint32_t shards = 0;
	pg_params_init(&p);
	pg_params_c(&p, owner);
	pg_params_i64(&p, lease_ms);
	np_err e = pg_exec(c,
			   "INSERT INTO np.lease AS l SELECT 'historian-' || k, $1,"
			   " clock_timestamp() + $2 * interval '1 millisecond'"
			   " FROM generate_series(0, 15) k" SQL_LEASE,
			   &p, &r);
	if (e < 0)
		return e;
	for (size_t i = 0; i < pg_res_rows(r); i++) {
		np_str name = pg_res_str(r, i, 0);
		uint64_t no = NP_SHARDS;
		if (str_to_u64(str_sub(name, sizeof prefix - 1, name.n), &no) == NP_OK &&
		    no < NP_SHARDS)
			shards |= 1U << no;
	}
	*ret_shards = shards;
	return NP_OK;
}

np_err store_lease_end(struct pg_conn *c, const char *owner)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_c(&p, owner);
	return pg_exec(c, "DELETE FROM np.lease WHERE owner = $1", &p, NULL);
}

/* Locks whole tables: never wait behind a long query with everybody else waiting behind us. */
static np_err partitions_do(struct pg_conn *c, const char *sql, const struct pg_params *p,
			    struct pg_res **ret)
{
	np_err e = pg_tx_begin(c, 0);
	if (e == NP_OK)
		e = pg_exec(c, "SELECT set_config('lock_timeout', '500ms', true)", NULL, NULL);
	if (e == NP_OK)
		e = pg_exec(c, sql, p, ret);
	if (e < 0) {
		pg_tx_rollback(c);
		return e;
	}
	return pg_tx_commit(c);
}

np_err store_partitions_make(struct pg_conn *c, int32_t days_ahead)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_params_i32(&p, days_ahead);
	return partitions_do(c,
			     "SELECT np.make_partitions((now() AT TIME ZONE 'UTC')::date - 1,"
			     " (now() AT TIME ZONE 'UTC')::date + $1)",
			     &p, &r);
}

np_err store_partitions_drop(struct pg_conn *c, const char *what, int32_t keep_days,
			     int64_t *ret_dropped)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_params_c(&p, what);
	pg_params_i32(&p, keep_days);
	np_err e = partitions_do(
		c, "SELECT np.drop_partitions($1, (now() AT TIME ZONE 'UTC')::date - $2)", &p, &r);
	if (e == NP_OK)
		*ret_dropped = pg_res_i64(r, 0, 0);
	return e;
}

np_err store_forget(struct pg_conn *c, const char *what, int32_t keep_days, int32_t batch,
		    struct store_forgot *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_params_c(&p, what);
	pg_params_i32(&p, keep_days);
	pg_params_i32(&p, batch);
	np_err e = pg_exec(c, "SELECT looked, gone FROM np.forget($1, $2, $3)", &p, &r);
	if (e == NP_OK)
		*ret = (struct store_forgot){ pg_res_i64(r, 0, 0), pg_res_i64(r, 0, 1) };
	return e;
}
