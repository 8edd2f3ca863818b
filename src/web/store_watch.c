/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_watch.h"

#include "web/sqlfmt.h"

static const char findings_sql[] =
	"SELECT json_build_object('id', f.id, 'kind', f.kind, 'subject', f.subject, 'severity',"
	" f.severity, 'detail', f.detail, 'since', " SQL_TIME("f.since") ", 'seen_at', " SQL_TIME("f.seen_at") ", 'told_at', " SQL_TIME(
		"f.told_at") ", 'cleared_at', " SQL_TIME("f.cleared_at") ", 'flaps', f.flaps), f.id, ''"
									 " FROM np.finding f WHERE (NOT $1 OR f.cleared_at IS NULL) AND f.told_at IS NOT NULL"
									 " AND (NOT $2 OR f.id < $3) ORDER BY f.id DESC LIMIT $4";

NP_NODISCARD np_err swa_findings(struct pg_conn *c, bool open, const struct page *p,
				 struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	pg_params_init(&v);
	pg_params_bool(&v, open);
	pg_params_bool(&v, p->after);
	pg_params_i64(&v, p->num);
	pg_params_i32(&v, p->limit + 1);
	return pg_exec(c, findings_sql, &v, ret);
}

#define MS(x) "round(extract(epoch FROM " x " - d.started_at) * 1000)::bigint"
#define RUN_JSON                                                                                                             \
	"json_build_object('id', d.id, 'region', r.name, 'started_at', " SQL_TIME(                                           \
		"d.started_at") ", 'started_by', d.started_by, 'limit_s', d.limit_s,"                                        \
				" 'checked_ms', " MS("d.checked_at") ", 'opened_ms', " MS("d.opened_at") ", 'told_ms', " MS( \
					"d.told_at") ", 'resolved_ms', " MS("d.resolved_at") ", 'finished_at', " SQL_TIME("d.finished_at") ", 'incident_id', d.incident_id, 'ok', d.ok, 'why', d.why)"
#define RUN_FROM " FROM np.drill_run d JOIN np.region r ON r.id = d.region_id"

static const char drills_sql[] =
	"SELECT " RUN_JSON
	", (extract(epoch FROM d.started_at) * 1000000)::bigint, d.id::text" RUN_FROM
	" WHERE ($1 = '' OR r.name = $1) AND (NOT $2 OR (d.started_at, d.id::text) < ($3, $4))"
	" ORDER BY d.started_at DESC, d.id::text DESC LIMIT $5";

NP_NODISCARD np_err swa_drills(struct pg_conn *c, np_str region, const struct page *p,
			       struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	pg_params_init(&v);
	pg_params_text(&v, region);
	pg_params_bool(&v, p->after);
	pg_params_time(&v, p->num);
	pg_params_text(&v, p->text);
	pg_params_i32(&v, p->limit + 1);
	return pg_exec(c, drills_sql, &v, ret);
}

NP_NODISCARD np_err swa_has_drill(struct pg_conn *c, int32_t region, bool *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&v);
	pg_params_i32(&v, region);
	np_err e =
		pg_exec(c, "SELECT EXISTS (SELECT FROM np.drill WHERE region_id = $1)", &v, &res);
	if (e == NP_OK)
		*ret = pg_res_bool(res, 0, 0);
	return e;
}

NP_NODISCARD np_err swa_drill_start(struct wreq *q, struct pg_conn *c, int32_t region,
				    int32_t limit_s, uint8_t ret_id[16])
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&v);
	pg_params_i32(&v, region);
	pg_params_text(&v, q->who.name);
	pg_params_c(&v, q->origin);
	pg_params_i32(&v, limit_s);
	np_err e = pg_exec(c, "SELECT np.drill_start($1, $2, $3, $4)", &v, &res);
	if (e < 0)
		return e;
	if (pg_res_null(res, 0, 0))
		return NP_E_BUSY;
	pg_res_uuid(res, 0, 0, ret_id);
	return NP_OK;
}

NP_NODISCARD np_err swa_drill_show(struct wreq *q, struct pg_conn *c, const uint8_t id[16])
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&v);
	pg_params_uuid(&v, id);
	np_err e = pg_exec(c, "SELECT " RUN_JSON RUN_FROM " WHERE d.id = $1", &v, &res);
	if (e < 0)
		return e;
	if (pg_res_rows(res) != 1)
		return NP_E_NOTFOUND;
	jsonw_raw(&q->json, pg_res_str(res, 0, 0));
	return NP_OK;
}
