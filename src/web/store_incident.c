/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_incident.h"

#include "base/str.h"
#include "web/sqlfmt.h"

NP_NODISCARD np_err sti_find(struct pg_conn *c, const uint8_t id[16], struct sti_row *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c,
			   "SELECT monitor_id, shard, kind = 'manual', closed_at IS NOT NULL, state"
			   " FROM np.incident WHERE id = $1",
			   &p, &res);
	if (e < 0)
		return e;
	if (pg_res_rows(res) != 1)
		return NP_E_NOTFOUND;
	ret->monitor = pg_res_i64(res, 0, 0);
	ret->shard = (int32_t)pg_res_i64(res, 0, 1);
	ret->manual = pg_res_bool(res, 0, 2);
	ret->closed = pg_res_bool(res, 0, 3);
	ret->acknowledged = str_eq_c(pg_res_str(res, 0, 4), "acknowledged");
	return NP_OK;
}

/* clang-format off */
/* What closed is resolved, whatever was said before. */
#define INCIDENT_FIELDS                                                                      \
	"'id', i.id, 'kind', i.kind, 'monitor_id', i.monitor_uuid,"                          \
	" 'monitor_name', coalesce(m.name, ''), 'title', coalesce(p.title, ''),"             \
	" 'state', i.state, 'phase', CASE WHEN i.closed_at IS NOT NULL THEN 'resolved'"      \
	" ELSE coalesce(p.phase, 'investigating') END,"                                      \
	" 'severity', coalesce(p.severity, i.severity), 'assignee', p.assignee,"             \
	" 'merged_into', p.merged_into, 'published_at', " SQL_TIME("p.published_at") ","     \
	" 'opened_at', " SQL_TIME("i.opened_at") ", 'decided_at', " SQL_TIME("i.decided_at") \
	", 'acknowledged_at', " SQL_TIME("i.acknowledged_at") ","                            \
	" 'acknowledged_by', i.acknowledged_by, 'closed_at', " SQL_TIME("i.closed_at") ","   \
	" 'close_reason', i.close_reason, 'why', i.why, 'provenance', i.provenance"

#define INCIDENT_FROM                                                       \
	" FROM np.incident i LEFT JOIN np.monitor m ON m.id = i.monitor_id" \
	" LEFT JOIN np.incident_page p ON p.incident_id = i.id"
/* clang-format on */

/* The key of a row is its opening in µs, and its id. */
static const char list_sql[] =
	"SELECT json_build_object(" INCIDENT_FIELDS "),"
	" (extract(epoch FROM i.opened_at) * 1000000)::bigint, i.id::text" INCIDENT_FROM
	" WHERE ($1 = '' OR i.state = $1 OR ($1 = 'active' AND i.closed_at IS NULL))"
	" AND (NOT $2 OR i.monitor_uuid = $3)"
	" AND CASE WHEN $8 <> '' THEN i.provenance = $8 ELSE $2 OR i.provenance <> 'drill' END"
	" AND (NOT $4 OR (i.opened_at, i.id::text) < ($5, $6))"
	" ORDER BY i.opened_at DESC, i.id::text DESC LIMIT $7";

NP_NODISCARD np_err sti_list(struct pg_conn *c, const struct sti_filter *f, const struct page *p,
			     struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params v;
	pg_params_init(&v);
	pg_params_text(&v, f->state);
	pg_params_bool(&v, f->by_monitor);
	pg_params_uuid(&v, f->monitor);
	pg_params_bool(&v, p->after);
	pg_params_time(&v, p->num);
	pg_params_text(&v, p->text);
	pg_params_i32(&v, p->limit + 1);
	pg_params_text(&v, f->provenance);
	return pg_exec(c, list_sql, &v, ret);
}

/* clang-format off */
/* The machine's events and people's words, by time; of one moment the machine's come first. */
static const char events_sql[] =
	"SELECT coalesce(json_agg(e.event ORDER BY e.at, e.people, e.number), '[]') FROM ("
	"(SELECT at, false AS people, number::bigint, json_build_object('number', number,"
	"  'at', " SQL_TIME("at") ", 'kind', kind, 'actor', actor, 'origin', origin,"
	"  'reason', reason, 'detail', detail) AS event"
	"  FROM np.incident_event WHERE incident_id = $1 ORDER BY number DESC LIMIT 2000)"
	" UNION ALL (SELECT at, true, id, json_build_object('number', NULL,"
	"  'at', " SQL_TIME("at") ", 'kind', kind, 'actor', actor, 'origin', origin,"
	"  'reason', reason, 'public', public,"
	"  'detail', jsonb_strip_nulls(jsonb_build_object('before', before, 'after', after)))"
	"  FROM np.incident_update WHERE incident_id = $1 ORDER BY id DESC LIMIT 2000)) e";
/* clang-format on */

/* clang-format off */
static const char notices_sql[] =
	"SELECT coalesce(json_agg(json_build_object('key', n.key, 'kind', n.kind,"
	" 'event', n.event, 'channel_id', n.channel_id, 'channel_name', c.name,"
	" 'channel_kind', c.kind, 'state', n.state, 'held_reason', n.held_reason, 'via', n.via,"
	" 'via_name', (SELECT v.name FROM np.channel v WHERE v.id = n.via),"
	" 'told_by', (SELECT t.key FROM np.notice t WHERE t.id = n.told_by),"
	" 'created_at', " SQL_TIME("n.created_at") ", 'next_at', " SQL_TIME("n.next_at") ","
	" 'done_at', " SQL_TIME("n.done_at") ", 'attempts', " SQL_ATTEMPTS("n.id") ")"
	" ORDER BY n.id), '[]')"
	" FROM (SELECT * FROM np.notice WHERE subject = $1 ORDER BY id DESC LIMIT 1000) n"
	" LEFT JOIN np.channel c ON c.id = n.channel_id";
/* clang-format on */

/* clang-format off */
static const char show_sql[] =
	"SELECT json_build_object(" INCIDENT_FIELDS ", 'why_detail', i.why_detail,"
	" 'post_mortem', coalesce(p.post_mortem, ''), 'affects', coalesce(p.affects, '[]'),"
	" 'merged', (SELECT coalesce(json_agg(x.incident_id ORDER BY x.incident_id), '[]')"
	"  FROM np.incident_page x WHERE x.merged_into = i.id))" INCIDENT_FROM " WHERE i.id = $1";
/* clang-format on */

/* Where its newest entry stands in the audit chain, and how far that is sealed and signed. */
/* clang-format off */
static const char audit_sql[] =
	"SELECT json_build_object('entry', (SELECT max(a.seq) FROM np.audit a"
	" WHERE a.org_id = np.tenant() AND a.subject = $1::uuid::text),"
	" 'of', (SELECT h.seq FROM np.audit_head h WHERE h.org_id = np.tenant()),"
	" 'signed_until', (SELECT " SQL_TIME("s.at") " FROM np.audit_signed s"
	" WHERE s.org_id = np.tenant() ORDER BY s.seq DESC LIMIT 1))";
/* clang-format on */

/* Appends one JSON value of a statement about this incident. */
static np_err value(struct pg_conn *c, const char *sql, const uint8_t id[16], struct buf *out)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, sql, &p, &res);
	if (e < 0)
		return e;
	return pg_res_rows(res) == 1 ? buf_add(out, pg_res_str(res, 0, 0)) : NP_E_NOTFOUND;
}

NP_NODISCARD np_err sti_show(struct wreq *q, struct pg_conn *c, const uint8_t id[16])
{
	struct buf *out = &q->out;
	np_err e = value(c, show_sql, id, out);
	if (e < 0)
		return e;
	out->n--; /* the object's last brace: three members more */
	buf_add_c(out, ", \"audit\": ");
	e = value(c, audit_sql, id, out);
	if (e < 0)
		return e;
	buf_add_c(out, ", \"events\": ");
	e = value(c, events_sql, id, out);
	if (e < 0)
		return e;
	buf_add_c(out, ", \"notices\": ");
	e = value(c, notices_sql, id, out);
	if (e < 0)
		return e;
	return buf_add_byte(out, '}');
}
