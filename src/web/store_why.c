/* SPDX-License-Identifier: Apache-2.0 */
#include "web/store_why.h"

#include "web/sqlfmt.h"

/* Channels that hear a monitor: those it names, or all; dead: their newest notice of the last
 * day could not be delivered. */
static const char now_sql[] =
	"SELECT m.id, m.revision, m.definition, s.core, coalesce(s.why, ''),"
	" coalesce(s.state, 'pending'), coalesce(i.acknowledged_by, ''), ch.n, ch.dead, ch.unsure, ch.digest"
	" FROM np.monitor m LEFT JOIN np.monitor_state s ON s.monitor_id = m.id"
	" LEFT JOIN np.incident i ON i.id = s.incident_id"
	" CROSS JOIN LATERAL (SELECT count(*) AS n, count(*) FILTER (WHERE"
	"   (SELECT n.state FROM np.notice n WHERE n.channel_id = c.id AND n.done_at IS NOT NULL"
	"    AND n.created_at > now() - interval '1 day' ORDER BY n.id DESC LIMIT 1) = 'dead') AS dead,"
	"   count(*) FILTER (WHERE (SELECT n.state FROM np.notice n WHERE n.channel_id = c.id"
	"    AND n.created_at > now() - interval '1 day' ORDER BY n.id DESC LIMIT 1)"
	"    = 'uncertain') AS unsure,"
	"   count(*) FILTER (WHERE (SELECT n.state FROM np.notice n WHERE n.subject = s.incident_id"
	"    AND n.channel_id = c.id ORDER BY n.id DESC LIMIT 1) = 'digested') AS digest"
	"  FROM np.channel c WHERE c.deleted_at IS NULL AND (NOT m.definition ? 'channels'"
	"   OR m.definition->'channels' ? c.id::text)) ch"
	" WHERE m.uuid = $1 AND m.deleted_at IS NULL";

NP_NODISCARD np_err stw_now(struct wreq *q, struct pg_conn *c, const uint8_t id[16],
			    struct stw_row *ret)
{
	struct arena *a = q->arena;
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, id);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, now_sql, &p, &res);
	if (e < 0)
		return e;
	if (pg_res_rows(res) != 1)
		return NP_E_NOTFOUND;
	*ret = (struct stw_row){
		.no = pg_res_i64(res, 0, 0),
		.revision = (int32_t)pg_res_i64(res, 0, 1),
		.definition = arena_str(a, pg_res_str(res, 0, 2)),
		.core = arena_str(a, pg_res_str(res, 0, 3)),
		.why = arena_str(a, pg_res_str(res, 0, 4)),
		.state = arena_str(a, pg_res_str(res, 0, 5)),
		.acked_by = arena_str(a, pg_res_str(res, 0, 6)),
		.channels = pg_res_i64(res, 0, 7),
		.channels_dead = pg_res_i64(res, 0, 8),
		.channels_unsure = pg_res_i64(res, 0, 9),
		.channels_digest = pg_res_i64(res, 0, 10),
	};
	return ret->definition.p ? NP_OK : NP_E_NOMEM;
}

/* The sentence is of the change of state; what people did and what was told since then follows. */
static const char past_sql[] =
	"SELECT c.why_detail || jsonb_build_object('sentence', c.why || CASE WHEN k.actor IS NULL"
	" OR c.why LIKE '%cknowledged by%' THEN '' ELSE ' Acknowledged by ' || k.actor || ' at '"
	" || to_char(k.at AT TIME ZONE 'UTC', 'HH24:MI:SS') || ' UTC.' END,"
	" 'state', c.state, 'at', " SQL_TIME(
		"c.at") ", 'since', (SELECT coalesce(jsonb_agg("
			"  jsonb_build_object('at', " SQL_TIME(
				"e.at") ", 'kind', e.kind, 'actor', e.actor)"
					"  ORDER BY e.number), '[]') FROM np.incident_event e WHERE e.incident_id = i.id"
					"  AND e.at > c.at AND e.at <= $2))"
					" FROM (SELECT * FROM np.state_change WHERE monitor_id ="
					"   (SELECT id FROM np.monitor WHERE uuid = $1 AND deleted_at IS NULL)"
					"   AND at <= $2 ORDER BY at DESC, n DESC LIMIT 1) c"
					" LEFT JOIN LATERAL (SELECT id FROM np.incident WHERE monitor_id = c.monitor_id"
					"   AND opened_at <= $2 AND (closed_at IS NULL OR closed_at > $2)"
					"   ORDER BY opened_at DESC LIMIT 1) i ON true"
					" LEFT JOIN LATERAL (SELECT e.at, e.actor FROM np.incident_event e"
					"   WHERE e.incident_id = i.id AND e.kind = 'acknowledged' AND e.at <= $2"
					"   ORDER BY e.number DESC LIMIT 1) k ON true";

NP_NODISCARD np_err stw_past(struct wreq *q, struct pg_conn *c, int64_t at_us, np_str *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_uuid(&p, q->subject);
	pg_params_time(&p, at_us);
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = pg_exec(c, past_sql, &p, &res);
	if (e < 0)
		return e;
	*ret = pg_res_rows(res) ? arena_str(q->arena, pg_res_str(res, 0, 0)) : (np_str){ 0 };
	return NP_OK;
}
