/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_region.h"

#include "web/sqlfmt.h"

/* Unheard for longer than 60 s: not connected, whatever was written last. */
#define IS_CONNECTED "coalesce(s.connected AND s.heard_at > now() - interval '60 s', false)"

#define CREATED SQL_TIME("r.created_at")
#define HEARD SQL_TIME("max(s.heard_at)")
#define FIRST_END SQL_TIME("min(c.not_after) FILTER (WHERE c.state <> 'banned')")
#define SUSPECT_SINCE SQL_TIME("max(t.suspect_since)")
#define SILENT_SINCE SQL_TIME("max(t.silent_since)")

static const char regions_sql[] =
	"SELECT json_build_object('id', r.id, 'name', r.name, 'created_at', " CREATED ","
	" 'checkers', count(c.id) FILTER (WHERE c.state <> 'banned'),"
	" 'connected', count(c.id) FILTER (WHERE c.state <> 'banned' AND " IS_CONNECTED "),"
	" 'monitors', (SELECT count(*) FROM np.monitor m WHERE m.deleted_at IS NULL"
	" AND m.provenance <> 'drill' AND r.id = ANY (m.region_ids)),"
	" 'heard_at', " HEARD ","
	" 'lag_p95_ms', round(max(s.lag_p95_us) FILTER (WHERE " IS_CONNECTED ") / 1000.0, 1),"
	" 'skew_ms', round(max(abs(s.skew_us)) FILTER (WHERE " IS_CONNECTED ") / 1000.0, 1),"
	" 'cert_not_after', " FIRST_END ","
	" 'suspect', coalesce(bool_or(t.suspect), false), 'suspect_since', " SUSPECT_SINCE ","
	" 'silent', coalesce(bool_or(t.silent), false), 'silent_since', " SILENT_SINCE "),"
	" r.id::bigint, r.name"
	" FROM np.region r LEFT JOIN np.checker c ON c.region_id = r.id"
	" LEFT JOIN np.checker_seen s ON s.checker_id = c.id"
	" LEFT JOIN np.region_trust t ON t.region_id = r.id"
	" WHERE ($1 = 0 OR r.id = $1) GROUP BY r.id, r.name, r.created_at ORDER BY r.name";

NP_NODISCARD np_err sreg_regions(struct pg_conn *c, int64_t id, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, id);
	return pg_exec(c, regions_sql, &p, ret);
}

static np_err one_id(struct pg_conn *c, const char *sql, const struct pg_params *p, int64_t *ret_id)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, sql, p, &res);
	if (e < 0)
		return e;
	if (pg_res_rows(res) != 1)
		return NP_E_NOTFOUND;
	*ret_id = pg_res_i64(res, 0, 0);
	return NP_OK;
}

NP_NODISCARD np_err sreg_find(struct pg_conn *c, np_str name, int64_t *ret_id)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_text(&p, name);
	return one_id(c, "SELECT id FROM np.region WHERE name = $1", &p, ret_id);
}

NP_NODISCARD np_err sreg_insert(struct wreq *q, struct pg_conn *c, np_str name, int64_t *ret_id)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_text(&p, name);
	return one_id(c, "INSERT INTO np.region (org_id, name) VALUES ($1, $2) RETURNING id", &p,
		      ret_id);
}

NP_NODISCARD np_err sreg_token(struct wreq *q, struct pg_conn *c, const struct sreg_token *t)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_bytea(&p, (np_str){ (const char *)t->sha256, sizeof t->sha256 });
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_i32(&p, (int32_t)t->region);
	pg_params_text(&p, t->cidr);
	pg_params_text(&p, q->who.name);
	pg_params_time(&p, t->expires_us);
	return pg_exec(c,
		       "INSERT INTO np.join_token (token_sha256, org_id, region_id, cidr,"
		       " created_by, expires_at) VALUES ($1, $2, $3, nullif($4, '')::cidr, $5, $6)",
		       &p, NULL);
}

#define CHECKER_JSON                                                                                                             \
	"json_build_object('id', c.uuid, 'region', r.name, 'region_id', r.id,"                                                   \
	" 'state', c.state, 'connected', c.state <> 'banned' AND " IS_CONNECTED ","                                              \
	" 'heard_at', " SQL_TIME(                                                                                                \
		"s.heard_at") ", 'version', coalesce(s.version, ''),"                                                            \
			      " 'skew_ms', round(coalesce(s.skew_us, 0) / 1000.0, 1),"                                           \
			      " 'oldest_ms', coalesce(s.oldest_ms, 0), 'results', coalesce(s.results, 0),"                       \
			      " 'lag_p95_ms', round(coalesce(s.lag_p95_us, 0) / 1000.0, 1),"                                     \
			      " 'not_after', " SQL_TIME(                                                                         \
				      "c.not_after") ","                                                                         \
						     " 'enrolled_at', " SQL_TIME(                                                \
							     "c.enrolled_at") ","                                                \
									      " 'renewed_at', " SQL_TIME(                        \
										      "c.renewed_at") ","                        \
												      " 'banned_at', " SQL_TIME( \
													      "c.banned_at") ", 'ban_reason', c.ban_reason)"

#define CHECKER_FROM                                                \
	" FROM np.checker c JOIN np.region r ON r.id = c.region_id" \
	" LEFT JOIN np.checker_seen s ON s.checker_id = c.id"

NP_NODISCARD np_err sreg_checkers(struct pg_conn *c, np_str region, const struct page *p,
				  struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	pg_params_init(&v);
	pg_params_text(&v, region);
	pg_params_bool(&v, p->after);
	pg_params_i64(&v, p->num);
	pg_params_text(&v, p->text);
	pg_params_i32(&v, p->limit + 1);
	return pg_exec(c,
		       "SELECT " CHECKER_JSON ", c.id, r.name" CHECKER_FROM
		       " WHERE ($1 = '' OR r.name = $1) AND (NOT $2 OR (r.name, c.id) > ($4, $3))"
		       " ORDER BY r.name, c.id LIMIT $5",
		       &v, ret);
}

NP_NODISCARD np_err sreg_checker(struct wreq *q, struct pg_conn *c, const uint8_t id[16])
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, "SELECT " CHECKER_JSON CHECKER_FROM " WHERE c.uuid = $1", &p, &res);
	if (e < 0)
		return e;
	if (pg_res_rows(res) != 1)
		return NP_E_NOTFOUND;
	jsonw_raw(&q->json, pg_res_str(res, 0, 0));
	return NP_OK;
}

NP_NODISCARD np_err sreg_ban(struct wreq *q, struct pg_conn *c, const uint8_t id[16], np_str reason)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	pg_params_text(&p, q->who.name);
	pg_params_c(&p, q->origin);
	pg_params_text(&p, reason);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, "SELECT np.ban($1, $2, $3, $4)", &p, &res);
	if (e < 0)
		return e;
	return pg_res_null(res, 0, 0) ? NP_E_NOTFOUND : NP_OK;
}
