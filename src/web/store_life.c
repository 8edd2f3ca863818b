/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_life.h"

#include "web/sqlfmt.h"

static const char make_sql[] = "INSERT INTO np.incident_page (incident_id, org_id) VALUES ($1, $2)"
			       " ON CONFLICT (incident_id) DO NOTHING";

static const char lock_sql[] =
	"SELECT title, coalesce(phase, ''), coalesce(severity, ''), coalesce(assignee, ''),"
	" post_mortem, affects, coalesce(channels::text, ''), merged_into,"
	" published_at IS NOT NULL, told FROM np.incident_page WHERE incident_id = $1 FOR UPDATE";

NP_NODISCARD np_err stl_lock(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			     struct stl_page *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	pg_params_i64(&p, (int64_t)q->who.org);
	np_err e = pg_exec(c, make_sql, &p, NULL);
	if (e < 0)
		return e;
	pg_params_reset(&p);
	pg_params_uuid(&p, id);
	e = pg_exec(c, lock_sql, &p, &res);
	if (e < 0)
		return e;
	if (pg_res_rows(res) != 1) /* another organisation's */
		return NP_E_NOTFOUND;
	np_str *const text[] = { &ret->title,       &ret->phase,   &ret->severity, &ret->assignee,
				 &ret->post_mortem, &ret->affects, &ret->channels };
	for (size_t i = 0; i < NP_LEN(text); i++) {
		*text[i] = arena_str(q->arena, pg_res_str(res, 0, i));
		if (!text[i]->p)
			return NP_E_NOMEM;
	}
	ret->merged = !pg_res_null(res, 0, 7);
	pg_res_uuid(res, 0, 7, ret->merged_into);
	ret->published = pg_res_bool(res, 0, 8);
	ret->told = (int32_t)pg_res_i64(res, 0, 9);
	return NP_OK;
}

static void text_or_null(struct pg_params *p, np_str s)
{
	if (s.n)
		pg_params_text(p, s);
	else
		pg_params_null(p, PG_TEXT);
}

static void json_or_null(struct pg_params *p, np_str s)
{
	if (s.n)
		pg_params_jsonb(p, s);
	else
		pg_params_null(p, PG_JSONB);
}

static const char save_sql[] =
	"UPDATE np.incident_page SET title = $2, phase = $3, severity = $4, assignee = $5,"
	" post_mortem = $6, affects = $7, channels = $8, merged_into = $9,"
	" published_at = CASE WHEN $10 THEN coalesce(published_at, now()) END, told = $11,"
	" changed_at = now() WHERE incident_id = $1";

NP_NODISCARD np_err stl_save(struct pg_conn *c, const uint8_t id[16], const struct stl_page *page)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	pg_params_text(&p, page->title);
	text_or_null(&p, page->phase);
	text_or_null(&p, page->severity);
	text_or_null(&p, page->assignee);
	pg_params_text(&p, page->post_mortem);
	pg_params_jsonb(&p, page->affects);
	json_or_null(&p, page->channels);
	if (page->merged)
		pg_params_uuid(&p, page->merged_into);
	else
		pg_params_null(&p, PG_UUID);
	pg_params_bool(&p, page->published);
	pg_params_i32(&p, page->told);
	return pg_exec(c, save_sql, &p, NULL);
}

NP_NODISCARD np_err stl_has_merged(struct pg_conn *c, const uint8_t id[16], bool *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	np_err e = pg_exec(c, "SELECT EXISTS (SELECT FROM np.incident_page WHERE merged_into = $1)",
			   &p, &res);
	if (e == NP_OK)
		*ret = pg_res_bool(res, 0, 0);
	return e;
}

NP_NODISCARD np_err stl_say(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			    const struct stl_update *u)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_c(&p, u->kind);
	pg_params_text(&p, q->who.name);
	pg_params_c(&p, q->origin);
	pg_params_text(&p, u->reason);
	pg_params_bool(&p, u->public);
	json_or_null(&p, u->before);
	json_or_null(&p, u->after);
	return pg_exec(
		c,
		"INSERT INTO np.incident_update (incident_id, org_id, kind, actor, origin,"
		" reason, public, before, after) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		&p, NULL);
}

/* ---- incidents of people ---- */

NP_NODISCARD np_err stl_open(struct wreq *q, struct pg_conn *c, const struct stl_open *o)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_i64(&p, (int64_t)q->who.org);
	pg_params_time(&p, o->opened_us);
	pg_params_text(&p, o->severity);
	pg_params_text(&p, o->title);
	return pg_exec(c,
		       "INSERT INTO np.incident (id, org_id, kind, state, opened_at, decided_at,"
		       " severity, why) VALUES ($1, $2, 'manual', 'open', $3, now(), $4, $5)",
		       &p, NULL);
}

static const char *const state_sql[] = {
	[STL_OPEN] = "UPDATE np.incident SET state = 'open', acknowledged_at = NULL,"
		     " acknowledged_by = NULL, closed_at = NULL, close_reason = NULL"
		     " WHERE id = $1 AND kind = 'manual' AND $2 <> ''",
	[STL_ACKNOWLEDGED] =
		"UPDATE np.incident SET state = 'acknowledged', acknowledged_at = now(),"
		" acknowledged_by = $2 WHERE id = $1 AND kind = 'manual'",
	[STL_RESOLVED] = "UPDATE np.incident SET state = 'resolved', closed_at = now(),"
			 " close_reason = 'by ' || $2 WHERE id = $1 AND kind = 'manual'",
};

NP_NODISCARD np_err stl_state(struct wreq *q, struct pg_conn *c, enum stl_state s)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_text(&p, q->who.name);
	np_err e = pg_exec(c, state_sql[s], &p, &res);
	if (e < 0)
		return e;
	return pg_res_affected(res) == 1 ? NP_OK : NP_E_NOTFOUND;
}

/* clang-format off */
#define BODY                                                                                \
	"jsonb_build_object('kind', $2::text, 'incident', jsonb_strip_nulls(jsonb_build_object(" \
	" 'id', i.id, 'title', $4::text, 'opened_at', " SQL_TIME("i.opened_at") ","         \
	" 'closed_at', " SQL_TIME("i.closed_at") ", 'state', i.state, 'why', $5::text,"     \
	" 'severity', coalesce(p.severity, i.severity))), 'monitor', NULL, 'why', $5::text,"  \
	" 'at', " SQL_TIME("now()") ", 'provenance', 'live',"                               \
	" 'severity', coalesce(p.severity, i.severity))"

static const char tell_sql[] =
	"INSERT INTO np.notice (org_id, subject, event, kind, channel_id, incident_id, body,"
	" created_at, next_at) SELECT i.org_id, i.id, $3, $2, c.id, i.id, " BODY ", now(), now()"
	" FROM np.incident i JOIN np.incident_page p ON p.incident_id = i.id, np.channel c"
	" WHERE i.id = $1 AND c.deleted_at IS NULL AND CASE WHEN $2 IN ('opened', 'update')"
	" THEN p.channels IS NULL OR p.channels ? c.id::text"
	" ELSE EXISTS (SELECT FROM np.notice n JOIN np.channel t ON t.id = n.channel_id"
	"  WHERE n.subject = i.id AND n.kind IN ('opened', 'update') AND (t.id = c.id"
	"  OR t.deleted_at IS NOT NULL AND (p.channels IS NULL OR p.channels ? c.id::text))) END";
/* clang-format on */

NP_NODISCARD np_err stl_tell(struct wreq *q, struct pg_conn *c, const char *kind, np_str text,
			     const struct stl_page *page)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_c(&p, kind);
	pg_params_i32(&p, page->told);
	pg_params_text(&p, page->title);
	pg_params_text(&p, text.n ? text : page->title);
	q->nudge_outbox = true;
	return pg_exec(c, tell_sql, &p, NULL);
}

NP_NODISCARD np_err stl_monitors_missing(struct pg_conn *c, np_str ids, int64_t *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p);
	pg_params_jsonb(&p, ids);
	np_err e = pg_exec(c,
			   "SELECT count(*) FROM jsonb_array_elements_text($1) x WHERE NOT EXISTS"
			   " (SELECT FROM np.monitor m WHERE m.uuid = x::uuid"
			   "  AND m.deleted_at IS NULL)",
			   &p, &res);
	if (e == NP_OK)
		*ret = pg_res_i64(res, 0, 0);
	return e;
}
