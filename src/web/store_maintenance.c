/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_maintenance.h"

#include "web/sqlfmt.h"

/* `x` is a scope: how many are in it? */
#define CONCERNED(x)                                                                         \
	"(SELECT count(*) FROM np.monitor m WHERE m.deleted_at IS NULL AND " SMA_CONCERNS(x, \
											  "m") ")"

#define ROW_SQL                                                                      \
	"SELECT n.id, n.title, n.note, n.definition, n.scope, n.created_by, n.late," \
	" to_json(" SQL_TIME("n.created_at") "), " CONCERNED(                        \
		"n.scope") " FROM np.maintenance n"                                  \
			   " WHERE n.deleted_at IS NULL"

static np_err take(struct arena *a, const struct pg_res *res, size_t i, struct sma_row *ret)
{
	pg_res_uuid(res, i, 0, ret->id);
	ret->title = arena_str(a, pg_res_str(res, i, 1));
	ret->note = arena_str(a, pg_res_str(res, i, 2));
	ret->definition = arena_str(a, pg_res_str(res, i, 3));
	ret->scope = arena_str(a, pg_res_str(res, i, 4));
	ret->created_by = arena_str(a, pg_res_str(res, i, 5));
	ret->late = pg_res_bool(res, i, 6);
	ret->created_at = arena_str(a, pg_res_str(res, i, 7));
	ret->monitors = pg_res_i64(res, i, 8);
	return ret->definition.p && ret->scope.p && ret->created_at.p ? NP_OK : NP_E_NOMEM;
}

NP_NODISCARD np_err sma_list(struct wreq *q, struct pg_conn *c, struct sma_list *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, ROW_SQL " ORDER BY n.created_at DESC, n.id LIMIT 500", NULL, &res);
	if (e < 0)
		return e;
	ret->n = pg_res_rows(res);
	ret->row = arena_calloc(q->arena, ret->n + 1, sizeof *ret->row);
	if (!ret->row)
		return NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < ret->n; i++)
		e = take(q->arena, res, i, &ret->row[i]);
	return e;
}

NP_NODISCARD np_err sma_read(struct wreq *q, struct pg_conn *c, bool lock, struct sma_row *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e =
		pg_exec(c,
			lock ? ROW_SQL " AND n.id = $1 FOR UPDATE OF n" : ROW_SQL " AND n.id = $1",
			&p, &res);
	if (e < 0)
		return e;
	return pg_res_rows(res) == 1 ? take(q->arena, res, 0, ret) : NP_E_NOTFOUND;
}

NP_NODISCARD np_err sma_insert(struct wreq *q, struct pg_conn *c, const struct sma_row *w)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_text(&p, w->title);
	pg_params_text(&p, w->note);
	pg_params_jsonb(&p, w->definition);
	pg_params_jsonb(&p, w->scope);
	pg_params_bool(&p, w->late);
	pg_params_text(&p, q->who.name);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c,
			   "INSERT INTO np.maintenance (id, org_id, title, note, definition, scope,"
			   " late, created_by) SELECT $1, $2, $3, $4, $5, $6, $7, $8 WHERE (SELECT"
			   " count(*) FROM np.maintenance WHERE deleted_at IS NULL) < 500",
			   &p, &res);
	if (e < 0)
		return e;
	return pg_res_affected(res) == 1 ? NP_OK : NP_E_LIMIT;
}

NP_NODISCARD np_err sma_update(struct wreq *q, struct pg_conn *c, const struct sma_row *w)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_text(&p, w->title);
	pg_params_text(&p, w->note);
	pg_params_jsonb(&p, w->definition);
	pg_params_jsonb(&p, w->scope);
	pg_params_bool(&p, w->late);
	return pg_exec(c,
		       "UPDATE np.maintenance SET title = $2, note = $3, definition = $4,"
		       " scope = $5, late = $6, changed_xid = pg_current_xact_id() WHERE id = $1",
		       &p, NULL);
}

NP_NODISCARD np_err sma_delete(struct wreq *q, struct pg_conn *c)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	return pg_exec(c,
		       "UPDATE np.maintenance SET deleted_at = now(),"
		       " changed_xid = pg_current_xact_id() WHERE id = $1",
		       &p, NULL);
}

NP_NODISCARD np_err sma_scope(struct pg_conn *c, np_str scope, int64_t *ret_monitors,
			      int64_t *ret_missing)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_jsonb(&p, scope);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(
		c,
		"SELECT " CONCERNED(
			"$1") ", (SELECT count(*) FROM"
			      " jsonb_array_elements_text($1->'monitors') x WHERE NOT EXISTS (SELECT"
			      " FROM np.monitor m WHERE m.uuid = x::uuid AND m.deleted_at IS NULL"
			      " AND m.provenance <> 'drill'))",
		&p, &res);
	if (e < 0)
		return e;
	*ret_monitors = pg_res_i64(res, 0, 0);
	*ret_missing = pg_res_i64(res, 0, 1);
	return NP_OK;
}
