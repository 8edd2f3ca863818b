/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_channel.h"

#include "web/sqlfmt.h"

static const char list_sql[] =
	"SELECT c.id, c.kind, c.name, c.config, c.secret IS NOT NULL,"
	" to_json(" SQL_TIME(
		"c.created_at") "),"
				" coalesce((SELECT json_build_object('at', " SQL_TIME(
					"a.at") ", 'outcome', a.outcome,"
						"  'answer', a.answer) FROM np.notice n JOIN np.notice_attempt a ON a.notice_id = n.id"
						"  WHERE n.channel_id = c.id AND n.created_at > now() - interval '30 days'"
						"  ORDER BY a.at DESC LIMIT 1), 'null'),"
						" (SELECT count(*) FROM np.notice n WHERE n.channel_id = c.id AND n.state = 'sent'"
						"  AND n.created_at > now() - interval '7 days'),"
						" (SELECT count(*) FROM np.notice n WHERE n.channel_id = c.id AND n.state = 'dead'"
						"  AND n.created_at > now() - interval '7 days')"
						" FROM np.channel c WHERE c.deleted_at IS NULL AND ($1::uuid IS NULL OR c.id = $1)"
						" ORDER BY c.name, c.id LIMIT 200";

static void take(const struct pg_res *res, size_t i, struct arena *a, struct stc_row *ret)
{
	pg_res_uuid(res, i, 0, ret->id);
	ret->kind = arena_str(a, pg_res_str(res, i, 1));
	ret->name = arena_str(a, pg_res_str(res, i, 2));
	ret->config = arena_str(a, pg_res_str(res, i, 3));
	ret->has_secret = pg_res_bool(res, i, 4);
	ret->created_at = arena_str(a, pg_res_str(res, i, 5));
	ret->delivery = arena_str(a, pg_res_str(res, i, 6));
	ret->sent_7d = pg_res_i64(res, i, 7);
	ret->dead_7d = pg_res_i64(res, i, 8);
}

static np_err query(struct wreq *q, struct pg_conn *c, const uint8_t *id, struct stc_list *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	if (id)
		pg_params_uuid(&p, id);
	else
		pg_params_null(&p, PG_UUID);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, list_sql, &p, &res);
	if (e < 0)
		return e;
	ret->n = pg_res_rows(res);
	ret->row = arena_calloc(q->arena, ret->n + 1, sizeof *ret->row);
	if (!ret->row)
		return NP_E_NOMEM;
	for (size_t i = 0; i < ret->n; i++) {
		take(res, i, q->arena, &ret->row[i]);
		if (!ret->row[i].config.p || !ret->row[i].delivery.p)
			return NP_E_NOMEM;
	}
	return NP_OK;
}

NP_NODISCARD np_err stc_list(struct wreq *q, struct pg_conn *c, struct stc_list *ret)
{
	return query(q, c, NULL, ret);
}

NP_NODISCARD np_err stc_read(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			     struct stc_row *ret)
{
	struct stc_list one;
	np_err e = query(q, c, id, &one);
	if (e < 0)
		return e;
	if (one.n != 1)
		return NP_E_NOTFOUND;
	*ret = one.row[0];
	return NP_OK;
}

static void bytes_or_null(struct pg_params *p, np_str s)
{
	if (s.n)
		pg_params_bytea(p, s);
	else
		pg_params_null(p, PG_BYTEA);
}

static const char insert_sql[] =
	"INSERT INTO np.channel (id, org_id, kind, name, config, secret)"
	" SELECT $1, $2, $3, $4, $5, $6 WHERE (SELECT count(*) FROM np.channel"
	" WHERE deleted_at IS NULL) < 200";

NP_NODISCARD np_err stc_insert(struct wreq *q, struct pg_conn *c, const struct stc_write *w)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_c(&p, w->kind);
	pg_params_text(&p, w->name);
	pg_params_jsonb(&p, w->config);
	bytes_or_null(&p, w->secret);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, insert_sql, &p, &res);
	if (e < 0)
		return e;
	return pg_res_affected(res) == 1 ? NP_OK : NP_E_LIMIT;
}

NP_NODISCARD np_err stc_update(struct wreq *q, struct pg_conn *c, const struct stc_write *w)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_text(&p, w->name);
	pg_params_jsonb(&p, w->config);
	bytes_or_null(&p, w->secret);
	return pg_exec(c,
		       "UPDATE np.channel SET name = $2, config = $3, secret = coalesce($4, secret)"
		       " WHERE id = $1",
		       &p, NULL);
}

NP_NODISCARD np_err stc_delete(struct wreq *q, struct pg_conn *c)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c,
			   "UPDATE np.channel SET deleted_at = now() WHERE id = $1"
			   " AND deleted_at IS NULL",
			   &p, &res);
	if (e < 0)
		return e;
	return pg_res_affected(res) == 1 ? NP_OK : NP_E_NOTFOUND;
}

/* A subject of its own: tests of one channel never wait for each other. */
static const char test_sql[] =
	"INSERT INTO np.notice (org_id, subject, event, kind, channel_id, body, created_at, next_at)"
	" VALUES ($1, gen_random_uuid(), 1, 'test', $2, $3, now(), now()) RETURNING id, key";

NP_NODISCARD np_err stc_test(struct wreq *q, struct pg_conn *c, np_str body, int64_t *ret_notice,
			     uint8_t ret_key[16])
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_uuid(&p, q->subject);
	pg_params_jsonb(&p, body);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, test_sql, &p, &res);
	if (e < 0)
		return e;
	*ret_notice = pg_res_i64(res, 0, 0);
	pg_res_uuid(res, 0, 1, ret_key);
	return NP_OK;
}

NP_NODISCARD np_err stc_attempt(struct wreq *q, struct pg_conn *c, int64_t notice, np_str *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, notice);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(
		c,
		"SELECT json_build_object('key', n.key, 'at', " SQL_TIME(
			"a.at") ","
				" 'outcome', a.outcome, 'answer', a.answer, 'duration_ms', a.duration_ms)"
				" FROM np.notice n JOIN np.notice_attempt a ON a.notice_id = n.id"
				" WHERE n.id = $1 ORDER BY a.n LIMIT 1",
		&p, &res);
	if (e < 0)
		return e;
	*ret = pg_res_rows(res) ? arena_str(q->arena, pg_res_str(res, 0, 0)) : (np_str){ 0 };
	return NP_OK;
}
