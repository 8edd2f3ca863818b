/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_monitor.h"

#include "base/str.h"
#include "web/sqlfmt.h"

NP_NODISCARD np_err stm_regions(struct pg_conn *c, struct arena *a, struct stm_regions *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, "SELECT id, name FROM np.region ORDER BY id LIMIT 256", NULL, &res);
	if (e < 0)
		return e;
	ret->n = 0;
	for (size_t i = 0; i < pg_res_rows(res) && i < STM_REGIONS_MAX; i++) {
		ret->number[i] = (uint32_t)pg_res_i64(res, i, 0);
		ret->name[i] = arena_str(a, pg_res_str(res, i, 1));
		if (!ret->name[i].p)
			return NP_E_NOMEM;
		ret->n++;
	}
	return NP_OK;
}

static np_err row_of(struct pg_conn *c, const char *sql, const uint8_t id[16], struct arena *a,
		     struct stm_row *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, sql, &p, &res);
	if (e < 0)
		return e;
	if (pg_res_rows(res) != 1)
		return NP_E_NOTFOUND;
	*ret = (struct stm_row){
		.no = pg_res_i64(res, 0, 0),
		.shard = (int32_t)pg_res_i64(res, 0, 1),
		.revision = (int32_t)pg_res_i64(res, 0, 2),
		.name = arena_str(a, pg_res_str(res, 0, 3)),
		.definition = arena_str(a, pg_res_str(res, 0, 4)),
		.given = arena_str(a, pg_res_str(res, 0, 5)),
	};
	return ret->name.p && ret->definition.p && ret->given.p ? NP_OK : NP_E_NOMEM;
}

#define ROW_SQL                                                               \
	"SELECT id, shard, revision, name, definition, given FROM np.monitor" \
	" WHERE uuid = $1 AND deleted_at IS NULL"

NP_NODISCARD np_err stm_lock(struct pg_conn *c, struct arena *a, const uint8_t id[16],
			     struct stm_row *ret)
{
	return row_of(c, ROW_SQL " FOR UPDATE", id, a, ret);
}

NP_NODISCARD np_err stm_find(struct pg_conn *c, struct arena *a, const uint8_t id[16],
			     struct stm_row *ret)
{
	return row_of(c, ROW_SQL, id, a, ret);
}

static void regions_param(struct pg_params *p, const struct monj *m)
{
	struct pg_array ids;
	pg_array_init(&ids, PG_INT4);
	for (uint32_t i = 0; i < m->def.region_n; i++)
		pg_array_int(&ids, m->def.region[i]);
	pg_params_array(p, &ids);
	pg_array_done(&ids);
}

static const char insert_sql[] =
	"INSERT INTO np.monitor (uuid, org_id, name, kind, definition, region_ids, given)"
	" VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id, shard";

static const char update_sql[] =
	"UPDATE np.monitor SET revision = revision + 1, name = $2, definition = $3,"
	" region_ids = $4, given = $5, changed_xid = pg_current_xact_id()"
	" WHERE id = $1 RETURNING revision";

static const char delete_sql[] =
	"UPDATE np.monitor SET revision = revision + 1, deleted_at = now(),"
	" changed_xid = pg_current_xact_id() WHERE id = $1 RETURNING revision";

/* A copy of what np.monitor holds now: the definition as it will be replayed. */
static const char revision_sql[] =
	"INSERT INTO np.monitor_revision (monitor_id, revision, org_id, definition, region_ids,"
	" deleted, actor) SELECT id, revision, org_id, definition, region_ids,"
	" deleted_at IS NOT NULL, $2 FROM np.monitor WHERE id = $1";

static np_err add_revision(struct wreq *q, struct pg_conn *c, int64_t no)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, no);
	pg_params_text(&p, q->who.name);
	return pg_exec(c, revision_sql, &p, NULL);
}

NP_NODISCARD np_err stm_insert(struct wreq *q, struct pg_conn *c, const struct stm_def *d,
			       struct stm_row *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_text(&p, d->m->name);
	pg_params_c(&p, mon_kind_name(d->m->def.kind));
	pg_params_jsonb(&p, d->definition);
	regions_param(&p, d->m);
	pg_params_jsonb(&p, d->given);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, insert_sql, &p, &res);
	if (e < 0)
		return e;
	ret->no = pg_res_i64(res, 0, 0);
	ret->shard = (int32_t)pg_res_i64(res, 0, 1);
	ret->revision = 1;
	return add_revision(q, c, ret->no);
}

static np_err next_revision(struct wreq *q, struct pg_conn *c, const char *sql,
			    const struct pg_params *p, struct stm_row *row)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, sql, p, &res);
	if (e < 0)
		return e;
	if (pg_res_rows(res) != 1)
		return NP_E_NOTFOUND;
	row->revision = (int32_t)pg_res_i64(res, 0, 0);
	return add_revision(q, c, row->no);
}

NP_NODISCARD np_err stm_update(struct wreq *q, struct pg_conn *c, const struct stm_def *d,
			       struct stm_row *row)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, row->no);
	pg_params_text(&p, d->m->name);
	pg_params_jsonb(&p, d->definition);
	regions_param(&p, d->m);
	pg_params_jsonb(&p, d->given);
	return next_revision(q, c, update_sql, &p, row);
}

NP_NODISCARD np_err stm_delete(struct wreq *q, struct pg_conn *c, struct stm_row *row)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, row->no);
	return next_revision(q, c, delete_sql, &p, row);
}

/* Upward from the wished parent; a chain that is too long counts as a circle. */
static const char parent_sql[] =
	"WITH RECURSIVE up AS ("
	" SELECT uuid, definition->>'parent' AS parent, 1 AS depth FROM np.monitor"
	"  WHERE uuid = $1 AND deleted_at IS NULL"
	" UNION ALL SELECT m.uuid, m.definition->>'parent', up.depth + 1 FROM up"
	"  JOIN np.monitor m ON m.uuid = up.parent::uuid AND m.deleted_at IS NULL"
	"  WHERE up.depth < 32 AND up.uuid <> $2)"
	" SELECT count(*), coalesce(bool_or(uuid = $2) OR max(depth) = 32, false) FROM up";

NP_NODISCARD np_err stm_parent(struct pg_conn *c, const uint8_t id[16], const uint8_t parent[16],
			       const char **ret_why)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, parent);
	pg_params_uuid(&p, id);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, parent_sql, &p, &res);
	if (e < 0)
		return e;
	*ret_why = NULL;
	if (pg_res_i64(res, 0, 0) == 0)
		*ret_why = "must be the id of another monitor";
	else if (pg_res_bool(res, 0, 1))
		*ret_why = "would depend on itself in a circle";
	return NP_OK;
}

#define SINCE SQL_TIME("coalesce(s.since, m.created_at)")
#define CERT_END SQL_TIME("s.cert_expires_at")
#define CREATED SQL_TIME("m.created_at")
/* The monitor as the API shows it: its definition, and what its owner says about it. */
#define MONITOR_JSON                                                                     \
	"m.definition || jsonb_build_object('id', m.uuid, 'number', m.id,"               \
	" 'provenance', m.provenance,"                                                   \
	" 'state', coalesce(s.state, 'pending'), 'partial', coalesce(s.partial, false)," \
	" 'degraded', coalesce(s.degraded, false), 'since', " SINCE ","                  \
	" 'failing', coalesce(s.failing, 0),"                                            \
	" 'assigned', coalesce(s.assigned, cardinality(m.region_ids)),"                  \
	" 'why', coalesce(s.why, ''), 'incident_id', s.incident_id,"                     \
	" 'cert_expires_at', " CERT_END ", 'revision', m.revision,"                      \
	" 'created_at', " CREATED ", 'given', m.given - 'policy',"                       \
	" 'policy', m.given->>'policy')"

#define MONITOR_FROM                                                             \
	" FROM np.monitor m LEFT JOIN np.monitor_state s ON s.monitor_id = m.id" \
	" WHERE m.deleted_at IS NULL"

NP_NODISCARD np_err stm_show(struct wreq *q, struct pg_conn *c, const uint8_t id[16], np_str *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, "SELECT " MONITOR_JSON MONITOR_FROM " AND m.uuid = $1", &p, &res);
	if (e < 0)
		return e;
	if (pg_res_rows(res) != 1)
		return NP_E_NOTFOUND;
	*ret = arena_str(q->arena, pg_res_str(res, 0, 0));
	return ret->p ? NP_OK : NP_E_NOMEM;
}

static const char list_sql[] = "SELECT " MONITOR_JSON ", m.id, m.name" MONITOR_FROM
			       " AND ($1 = '' OR strpos(lower(m.name), lower($1)) > 0"
			       "      OR strpos(lower(m.definition->>'target'), lower($1)) > 0)"
			       " AND ($2 = '' OR coalesce(s.state, 'pending') = $2)"
			       " AND ($3 = '' OR m.definition->'tags' ? $3)"
			       " AND ($4 = '' OR m.kind = $4)"
			       " AND CASE WHEN $9 = '' THEN m.provenance <> 'drill'"
			       " ELSE m.provenance = $9 END"
			       " AND (NOT $5 OR (m.name, m.id) > ($6, $7))"
			       " ORDER BY m.name, m.id LIMIT $8";

NP_NODISCARD np_err stm_list(struct pg_conn *c, const struct stm_filter *f, const struct page *p,
			     struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	pg_params_init(&v);
	pg_params_text(&v, f->text);
	pg_params_text(&v, f->state);
	pg_params_text(&v, f->tag);
	pg_params_text(&v, f->kind);
	pg_params_bool(&v, p->after);
	pg_params_text(&v, p->text);
	pg_params_i64(&v, p->num);
	pg_params_i32(&v, p->limit + 1);
	pg_params_text(&v, f->provenance);
	return pg_exec(c, list_sql, &v, ret);
}

static const char revisions_sql[] = "SELECT json_build_object('revision', revision, 'at', " SQL_TIME(
	"at") ","
	      " 'actor', actor, 'deleted', deleted, 'definition', definition), revision::bigint, ''"
	      " FROM np.monitor_revision WHERE monitor_id = $1 AND (NOT $2 OR revision < $3)"
	      " ORDER BY revision DESC LIMIT $4";

NP_NODISCARD np_err stm_revisions(struct pg_conn *c, int64_t monitor, const struct page *p,
				  struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	pg_params_init(&v);
	pg_params_i64(&v, monitor);
	pg_params_bool(&v, p->after);
	pg_params_i64(&v, p->num);
	pg_params_i32(&v, p->limit + 1);
	return pg_exec(c, revisions_sql, &v, ret);
}
