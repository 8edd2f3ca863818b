/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_channel.h"

#include "base/str.h"
#include "web/sqlfmt.h"

/* clang-format off */
#define COUNT_7D(what) \
	" (SELECT count(*) FROM np.notice n WHERE n.channel_id = c.id AND n.state = '" what "'" \
	"   AND n.created_at > now() - interval '7 days')"

static const char list_sql[] =
	"SELECT c.id, c.kind, c.name, c.config, coalesce(c.secret, ''::bytea),"
	" to_json(" SQL_TIME("c.created_at") "),"
	" coalesce((SELECT json_build_object('at', " SQL_TIME("a.at") ", 'outcome', a.outcome,"
	"   'answer', a.answer) FROM np.notice n JOIN np.notice_attempt a ON a.notice_id = n.id"
	"   WHERE n.channel_id = c.id AND n.created_at > now() - interval '30 days'"
	"   ORDER BY a.at DESC LIMIT 1), 'null'),"
	COUNT_7D("sent") "," COUNT_7D("dead") ", coalesce(to_json(c.fallback_id), 'null')"
	" FROM np.channel c WHERE c.deleted_at IS NULL AND ($1::uuid IS NULL OR c.id = $1)"
	" ORDER BY c.name, c.id LIMIT 200";

static const char notices_sql[] =
	"SELECT json_build_object('key', n.key, 'kind', n.kind, 'event', n.event,"
	" 'incident_id', n.incident_id, 'monitor_name', n.body -> 'monitor' ->> 'name',"
	" 'state', n.state, 'held_reason', n.held_reason, 'via', n.via,"
	" 'told_by', (SELECT t.key FROM np.notice t WHERE t.id = n.told_by),"
	" 'created_at', " SQL_TIME("n.created_at") ", 'next_at', " SQL_TIME("n.next_at") ","
	" 'done_at', " SQL_TIME("n.done_at") ", 'attempts', " SQL_ATTEMPTS("n.id") "), n.id, ''"
	" FROM np.notice n WHERE n.channel_id = $1 AND (NOT $2 OR n.id < $3)"
	" ORDER BY n.id DESC LIMIT $4";
/* clang-format on */

static void take(const struct pg_res *res, size_t i, struct arena *a, struct stc_row *ret)
{
	pg_res_uuid(res, i, 0, ret->id);
	ret->kind = arena_str(a, pg_res_str(res, i, 1));
	ret->name = arena_str(a, pg_res_str(res, i, 2));
	ret->config = arena_str(a, pg_res_str(res, i, 3));
	ret->secret = arena_str(a, pg_res_str(res, i, 4));
	ret->created_at = arena_str(a, pg_res_str(res, i, 5));
	ret->delivery = arena_str(a, pg_res_str(res, i, 6));
	ret->sent_7d = pg_res_i64(res, i, 7);
	ret->dead_7d = pg_res_i64(res, i, 8);
	ret->fallback = arena_str(a, pg_res_str(res, i, 9));
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

static void add_write(struct pg_params *p, struct wreq *q, const struct stc_write *w)
{
	pg_params_text(p, w->name);
	pg_params_jsonb(p, w->config);
	pg_params_jsonb(p, w->secret.n ? w->secret : NP_STR("{}"));
	if (w->has_fallback)
		pg_params_uuid(p, w->fallback);
	else
		pg_params_null(p, PG_UUID);
	pg_params_uuid(p, q->subject);
}

#define SECRET(before)                                                                 \
	"nullif(convert_to(jsonb_strip_nulls(" before " || $3::jsonb)::text, 'UTF8')," \
	" '{}'::bytea)"

static const char insert_sql[] =
	"INSERT INTO np.channel (id, org_id, kind, name, config, secret, fallback_id)"
	" SELECT $5, $6, $7, $1, $2, " SECRET("'{}'::jsonb") ", $4::uuid WHERE"
							     " (SELECT count(*) FROM np.channel"
							     " WHERE deleted_at IS NULL) < 200";

static const char fallback_sql[] =
	"SELECT $1::uuid <> $2 AND EXISTS (SELECT FROM np.channel f WHERE f.id = $1"
	" AND f.deleted_at IS NULL)";

static np_err check_fallback(struct wreq *q, struct pg_conn *c, const struct stc_write *w)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	if (!w->has_fallback)
		return NP_OK;
	pg_params_uuid(&p, w->fallback);
	pg_params_uuid(&p, q->subject);
	np_err e = pg_exec(c, fallback_sql, &p, &res);
	return e < 0 ? e : pg_res_bool(res, 0, 0) ? NP_OK : NP_E_NOTFOUND;
}

NP_NODISCARD np_err stc_insert(struct wreq *q, struct pg_conn *c, const struct stc_write *w)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	np_err e = check_fallback(q, c, w);
	if (e < 0)
		return e;
	add_write(&p, q, w);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_c(&p, w->kind);
	e = pg_exec(c, insert_sql, &p, &res);
	if (e < 0)
		return e;
	return pg_res_affected(res) == 1 ? NP_OK : NP_E_LIMIT;
}

static const char update_sql[] = "UPDATE np.channel SET name = $1, config = $2, secret = " SECRET(
	"coalesce(convert_from(secret, 'UTF8')::jsonb, '{}')") ","
							       " fallback_id = CASE WHEN $6 THEN $4::uuid ELSE fallback_id END WHERE id = $5";

NP_NODISCARD np_err stc_update(struct wreq *q, struct pg_conn *c, const struct stc_write *w)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	np_err e = check_fallback(q, c, w);
	if (e < 0)
		return e;
	add_write(&p, q, w);
	pg_params_bool(&p, w->set_fallback);
	return pg_exec(c, update_sql, &p, NULL);
}

/* clang-format off */
/* An id of 36 characters stands in these documents only where somebody names the channel. What was
 * an override is history. */
#define NAMES(document) " strpos(lower((" document ")::text), $1) > 0"
static const char needed_sql[] =
	"WITH n AS (SELECT 1 AS place, 'rota \"' || r.name || '\"' AS what FROM np.channel r"
	"  WHERE r.kind = 'rota' AND r.deleted_at IS NULL AND r.id::text <> $1"
	"   AND (" NAMES("r.config -> 'members'") " OR EXISTS (SELECT FROM"
	"    jsonb_array_elements(r.config -> 'overrides') o WHERE lower(o ->> 'channel') = $1"
	"     AND (o ->> 'to')::timestamptz > now()))"
	" UNION ALL SELECT 2, 'policy \"' || p.name || '\"' FROM np.policy p"
	"  WHERE p.deleted_at IS NULL"
	"   AND (" NAMES("p.rules -> 'channels'") " OR" NAMES("p.rules -> 'escalation'") ")"
	" UNION ALL SELECT 3, 'monitor \"' || m.name || '\"' FROM np.monitor m"
	"  WHERE m.deleted_at IS NULL AND m.provenance <> 'drill'"
	"   AND (" NAMES("m.given -> 'channels'") " OR" NAMES("m.given -> 'escalation'") ")"
	" UNION ALL SELECT 4, 'the fallback of \"' || f.name || '\"' FROM np.channel f"
	"  WHERE f.fallback_id::text = $1 AND f.deleted_at IS NULL)"
	" SELECT coalesce(string_agg(what, ', ' ORDER BY place, what) FILTER (WHERE turn <= 5), '')"
	"  || CASE WHEN count(*) > 5 THEN ' and ' || count(*) - 5 || ' more' ELSE '' END"
	" FROM (SELECT *, row_number() OVER (ORDER BY place, what) AS turn FROM n) x";
/* clang-format on */

NP_NODISCARD np_err stc_needed(struct wreq *q, struct pg_conn *c, np_str *ret_who)
{
	char id[36];
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	str_uuid(q->subject, id);
	pg_params_init(&p);
	pg_params_text(&p, (np_str){ id, sizeof id });
	np_err e = pg_exec(c, needed_sql, &p, &res);
	if (e == NP_OK)
		*ret_who = arena_str(q->arena, pg_res_str(res, 0, 0));
	return e;
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

NP_NODISCARD np_err stc_notices(struct wreq *q, struct pg_conn *c, const struct page *page,
				struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_bool(&p, page->after);
	pg_params_i64(&p, page->num);
	pg_params_i32(&p, page->limit + 1);
	return pg_exec(c, notices_sql, &p, ret);
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
