/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/seal_store.h"

#include "wire/auditrow.h"

np_err seal_store_waits(struct pg_conn *c, bool *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = pg_exec(c, "SELECT EXISTS (SELECT FROM np.audit WHERE seq IS NULL)", NULL, &r);
	if (e == NP_OK)
		*ret = pg_res_bool(r, 0, 0);
	return e;
}

/* By id among what is visible: a row that commits later with a smaller id just comes next. */
np_err seal_store_unsealed(struct pg_conn *c, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, SEAL_ROWS);
	return pg_exec(c,
		       "SELECT " AUDITROW_COLUMNS
		       " FROM np.audit WHERE seq IS NULL ORDER BY id LIMIT $1",
		       &p, ret);
}

np_err seal_store_tips(struct pg_conn *c, const struct pg_array *orgs, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_array(&p, orgs);
	return pg_exec(c, "SELECT org_id, seq, hash FROM np.audit_head WHERE org_id = ANY ($1)", &p,
		       ret);
}

np_err seal_store_put(struct pg_conn *c, const struct pg_array col[4], int64_t at_us)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	for (size_t i = 0; i < 4; i++)
		pg_params_array(&p, &col[i]);
	pg_params_time(&p, at_us);
	np_err e = pg_exec(c,
			   "UPDATE np.audit a SET seq = u.seq, prev_hash = u.prev, hash = u.hash,"
			   " sealed_at = $5 FROM unnest($1, $2, $3, $4) AS u(id, seq, prev, hash)"
			   " WHERE a.id = u.id AND a.seq IS NULL",
			   &p, &r);
	if (e == NP_OK && pg_res_affected(r) != col[0].n)
		e = NP_E_FENCED;
	return e;
}

np_err seal_store_tips_put(struct pg_conn *c, const struct pg_array col[3])
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	for (size_t i = 0; i < 3; i++)
		pg_params_array(&p, &col[i]);
	return pg_exec(c,
		       "INSERT INTO np.audit_head (org_id, seq, hash)"
		       " SELECT * FROM unnest($1, $2, $3)"
		       " ON CONFLICT (org_id) DO UPDATE SET seq = excluded.seq,"
		       " hash = excluded.hash",
		       &p, NULL);
}

np_err seal_store_unsigned(struct pg_conn *c, struct pg_res **ret)
{
	return pg_exec(c,
		       "SELECT org_id, seq, hash FROM np.audit_head WHERE seq > signed_seq"
		       " ORDER BY org_id LIMIT 10000",
		       NULL, ret);
}

np_err seal_store_signed(struct pg_conn *c, const struct pg_array col[4], int64_t at_us)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	for (size_t i = 0; i < 4; i++)
		pg_params_array(&p, &col[i]);
	pg_params_time(&p, at_us);
	return pg_exec(c,
		       "WITH u AS (SELECT * FROM unnest($1, $2, $3, $4) AS t(org, seq, n, line)),"
		       " h AS (UPDATE np.audit_head a SET signed_seq = u.seq FROM u"
		       "  WHERE a.org_id = u.org)"
		       " INSERT INTO np.audit_signed (org_id, seq, n, at, line)"
		       " SELECT org, seq, n, $5, line FROM u",
		       &p, NULL);
}
