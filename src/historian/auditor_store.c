/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/auditor_store.h"

#include "historian/store.h"

void auditor_seen_init(struct auditor_seen *s)
{
	pg_array_init(&s->kind, PG_TEXT);
	pg_array_init(&s->subject, PG_TEXT);
	pg_array_init(&s->severity, PG_TEXT);
	pg_array_init(&s->detail, PG_TEXT);
	pg_array_init(&s->rounds, PG_INT4);
	pg_array_init(&s->ran, PG_TEXT);
}

void auditor_seen_done(struct auditor_seen *s)
{
	pg_array_done(&s->kind);
	pg_array_done(&s->subject);
	pg_array_done(&s->severity);
	pg_array_done(&s->detail);
	pg_array_done(&s->rounds);
	pg_array_done(&s->ran);
}

np_err auditor_store_lease(struct pg_conn *c, const char *owner, const struct auditor_rules *r,
			   bool *ret_ours)
{
	return store_lease(c, AUDITOR_LEASE, owner, 3 * r->every_ms, ret_ours);
}

/* ---- findings ---- */

/* One that comes back within ten minutes is the same episode: nobody is told again. */
static const char again_sql[] =
	"UPDATE np.finding f SET cleared_at = NULL, flaps = f.flaps + 1, rounds = 0"
	" WHERE f.id IN (SELECT DISTINCT ON (o.kind, o.subject) o.id FROM np.finding o"
	" JOIN unnest($1::text[], $2::text[]) AS u(kind, subject) USING (kind, subject)"
	" WHERE o.cleared_at > clock_timestamp() - interval '10 minutes'"
	" AND NOT EXISTS (SELECT FROM np.finding p WHERE p.kind = o.kind AND p.subject = o.subject"
	" AND p.cleared_at IS NULL) ORDER BY o.kind, o.subject, o.cleared_at DESC)";

static const char seen_sql[] =
	"INSERT INTO np.finding AS f (kind, subject, severity, detail, since, seen_at)"
	" SELECT u.kind, u.subject, u.severity, u.detail, clock_timestamp(), clock_timestamp()"
	" FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS u(kind, subject, severity,"
	" detail)"
	" ON CONFLICT (kind, subject) WHERE cleared_at IS NULL DO UPDATE SET detail = excluded.detail,"
	" severity = excluded.severity, seen_at = excluded.seen_at, rounds ="
	" CASE WHEN f.seen_at > clock_timestamp() - make_interval(secs => $5) THEN f.rounds + 1"
	" ELSE 1 END";

/* What was never told ends when it is not seen; what was told has to stay away for a while. */
static const char clear_sql[] =
	"UPDATE np.finding f SET cleared_at = clock_timestamp() WHERE f.cleared_at IS NULL"
	" AND f.kind = ANY ($3::text[])"
	" AND NOT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS u(kind, subject)"
	" WHERE u.kind = f.kind AND u.subject = f.subject)"
	" AND (f.told_at IS NULL OR f.seen_at <"
	" clock_timestamp() - make_interval(secs => $4 * least(power(2, f.flaps), 16)))";

static const char due_sql[] =
	"UPDATE np.finding f SET told_at = clock_timestamp()"
	" FROM unnest($1::text[], $2::text[], $3::integer[]) AS u(kind, subject, rounds)"
	" WHERE f.kind = u.kind AND f.subject = u.subject AND f.cleared_at IS NULL"
	" AND f.told_at IS NULL AND f.rounds >= u.rounds";

static const char count_sql[] = "SELECT count(*) FILTER (WHERE severity = 'severe'),"
				" count(*) FILTER (WHERE severity = 'major') FROM np.finding"
				" WHERE cleared_at IS NULL AND told_at IS NOT NULL";

static np_err run(struct pg_conn *c, const char *sql, const struct pg_params *p, int64_t *ret_rows)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	np_err e = pg_exec(c, sql, p, &r);
	if (e == NP_OK && ret_rows)
		*ret_rows = (int64_t)pg_res_affected(r);
	return e;
}

static np_err see(struct pg_conn *c, const struct auditor_seen *s, const struct auditor_rules *r)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_array(&p, &s->kind);
	pg_params_array(&p, &s->subject);
	np_err e = run(c, again_sql, &p, NULL);
	pg_params_array(&p, &s->severity);
	pg_params_array(&p, &s->detail);
	pg_params_f64(&p, 2.5 * (double)r->every_ms / 1000);
	return e == NP_OK ? run(c, seen_sql, &p, NULL) : e;
}

static np_err clear(struct pg_conn *c, const struct auditor_seen *s, const struct auditor_rules *r,
		    int64_t *ret_n)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_array(&p, &s->kind);
	pg_params_array(&p, &s->subject);
	pg_params_array(&p, &s->ran);
	pg_params_f64(&p, r->clear_s);
	return run(c, clear_sql, &p, ret_n);
}

static np_err due(struct pg_conn *c, const struct auditor_seen *s, int64_t *ret_n)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_array(&p, &s->kind);
	pg_params_array(&p, &s->subject);
	pg_params_array(&p, &s->rounds);
	return run(c, due_sql, &p, ret_n);
}

np_err auditor_store_merge(struct pg_conn *c, const struct auditor_seen *s,
			   const struct auditor_rules *r, struct auditor_counts *ret)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	np_err e = see(c, s, r);
	if (e == NP_OK)
		e = clear(c, s, r, &ret->cleared);
	if (e == NP_OK)
		e = due(c, s, &ret->told);
	if (e == NP_OK)
		e = pg_exec(c, count_sql, NULL, &res);
	if (e < 0)
		return e;
	ret->severe = pg_res_i64(res, 0, 0);
	ret->major = pg_res_i64(res, 0, 1);
	return pg_exec(c,
		       "DELETE FROM np.finding WHERE cleared_at < now() - interval '90 days'"
		       " OR (told_at IS NULL AND cleared_at < now() - interval '1 hour')",
		       NULL, NULL);
}

/* ---- the operator's incident ---- */

#define TITLE "'NetPulse itself'"
#define OPEN_FINDINGS "FROM np.finding WHERE cleared_at IS NULL AND told_at IS NOT NULL"
#define BODY                                                                                 \
	"jsonb_build_object('kind', $1::text, 'incident', jsonb_build_object('id', i.id,"    \
	" 'title', " TITLE ", 'opened_at', i.opened_at, 'closed_at', i.closed_at,"           \
	" 'state', i.state, 'why', i.why), 'why', i.why, 'at', now(), 'provenance', 'live'," \
	" 'severity', i.severity)"

/* One that came back has to stay for two rounds as well. */
static const char incident_sql[] =
	"WITH f AS (SELECT string_agg(detail, ' ' ORDER BY severity DESC, since) AS why,"
	" bool_or(severity = 'severe') AS severe, min(since) AS since FROM (SELECT * " OPEN_FINDINGS
	" AND rounds >= 2 ORDER BY severity DESC, since LIMIT 5) x),"
	" i AS (INSERT INTO np.incident (id, org_id, kind, state, opened_at, decided_at, why, severity)"
	" SELECT gen_random_uuid(), np.operator_org(), 'operator', 'open', f.since, now(), f.why,"
	" CASE WHEN f.severe THEN 'critical' ELSE 'major' END FROM f WHERE f.why IS NOT NULL"
	" ON CONFLICT (org_id) WHERE kind = 'operator' AND closed_at IS NULL DO NOTHING RETURNING *),"
	" g AS (INSERT INTO np.incident_page (incident_id, org_id, title) SELECT id, org_id, " TITLE
	" FROM i),"
	" v AS (INSERT INTO np.incident_event (incident_id, number, org_id, at, kind, actor, origin,"
	" reason) SELECT id, 1, org_id, now(), 'opened', 'auditor', 'historian', why FROM i),"
	" a AS (INSERT INTO np.audit (org_id, actor, origin, act, subject, after)"
	" SELECT org_id, 'auditor', 'historian', 'incident.open', id::text,"
	" jsonb_build_object('why', why) FROM i),"
	" n AS (INSERT INTO np.notice (org_id, subject, event, kind, channel_id, incident_id, body,"
	" created_at, next_at) SELECT i.org_id, i.id, 1, $1, c.id, i.id, " BODY ", now(), now()"
	" FROM i JOIN np.channel c ON c.org_id = i.org_id AND c.deleted_at IS NULL AND NOT c.drill)"
	" SELECT count(*) FROM i";

/* What joins an incident that is open already: a line in it, and no message. */
static const char more_sql[] =
	"INSERT INTO np.incident_event (incident_id, number, org_id, at, kind, actor, origin, reason)"
	" SELECT i.id, (SELECT max(number) FROM np.incident_event e WHERE e.incident_id = i.id) + 1,"
	" i.org_id, now(), 'finding', 'auditor', 'historian', f.details FROM np.incident i,"
	" (SELECT string_agg(detail, ' ' ORDER BY since) AS details, max(told_at) AS told_at FROM"
	" (SELECT * FROM np.finding WHERE cleared_at IS NULL AND told_at >= now() ORDER BY since"
	" LIMIT 20) y) f WHERE i.kind = 'operator' AND i.closed_at IS NULL AND f.details IS NOT NULL";

static const char close_sql[] =
	"WITH i AS (UPDATE np.incident SET state = 'resolved', closed_at = now(),"
	" close_reason = 'recovered' WHERE kind = 'operator' AND closed_at IS NULL"
	" AND NOT EXISTS (SELECT " OPEN_FINDINGS ") RETURNING *),"
	" v AS (INSERT INTO np.incident_event (incident_id, number, org_id, at, kind, actor, origin,"
	" reason) SELECT i.id, (SELECT max(number) FROM np.incident_event e WHERE"
	" e.incident_id = i.id) + 1, i.org_id, now(), 'resolved', 'auditor', 'historian',"
	" 'nothing is wrong any more' FROM i RETURNING incident_id, number),"
	" a AS (INSERT INTO np.audit (org_id, actor, origin, act, subject)"
	" SELECT org_id, 'auditor', 'historian', 'incident.close', id::text FROM i),"
	" n AS (INSERT INTO np.notice (org_id, subject, event, kind, channel_id, incident_id, body,"
	" created_at, next_at) SELECT i.org_id, i.id, v.number, $1, t.channel_id, i.id, " BODY
	", now(), now() FROM i JOIN v ON v.incident_id = i.id JOIN LATERAL (SELECT DISTINCT"
	" o.channel_id FROM np.notice o WHERE o.subject = i.id AND o.kind = 'operator') t ON true)"
	" SELECT count(*) FROM i";

static np_err count(struct pg_conn *c, const char *sql, const char *kind, int64_t *ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_params_c(&p, kind);
	np_err e = pg_exec(c, sql, &p, &r);
	if (e == NP_OK)
		*ret = pg_res_i64(r, 0, 0);
	return e;
}

np_err auditor_store_tell(struct pg_conn *c, struct auditor_counts *ret)
{
	np_err e = count(c, close_sql, "resolved", &ret->closed);
	if (e == NP_OK && ret->severe + ret->major > 0)
		e = count(c, incident_sql, "operator", &ret->opened);
	if (e == NP_OK && ret->told > 0 && ret->opened == 0)
		e = pg_exec(c, more_sql, NULL, NULL);
	return e;
}

/* ---- drills ---- */

/* The end may take as long again; a drill that was told in time and never resolved has failed too. */
static const char drills_end_sql[] =
	"UPDATE np.drill_run r SET finished_at = clock_timestamp(), ok = false,"
	" opened_at = coalesce(r.opened_at, x.opened), why = CASE"
	" WHEN r.told_at IS NOT NULL THEN 'the sink was told of the failure and never of its end'"
	" WHEN x.opened IS NOT NULL THEN 'an incident opened and its notice did not reach the sink'"
	" WHEN r.checked_at IS NULL THEN 'no check reached the target'"
	" ELSE 'the target failed and no incident opened' END"
	" FROM (SELECT u.id, (SELECT min(i.decided_at) FROM np.incident i JOIN np.drill d"
	" ON d.monitor_id = i.monitor_id WHERE d.region_id = u.region_id"
	" AND i.decided_at >= u.started_at) AS opened FROM np.drill_run u) x"
	" WHERE x.id = r.id AND r.finished_at IS NULL AND clock_timestamp() > r.started_at +"
	" make_interval(secs => r.limit_s * CASE WHEN r.told_at IS NULL THEN 1 ELSE 2 END)";

np_err auditor_store_drills_end(struct pg_conn *c, int64_t *ret_ended)
{
	return run(c, drills_end_sql, NULL, ret_ended);
}

/* One region at a time, an hour after it came at the earliest: a drill is news enough. */
static const char drills_start_sql[] =
	"SELECT np.drill_start(d.region_id, 'schedule', 'historian', $2) FROM np.drill d"
	" WHERE d.created_at < now() - make_interval(secs => least($1, 3600))"
	" AND NOT EXISTS (SELECT FROM np.drill_run r WHERE r.finished_at IS NULL)"
	" AND NOT EXISTS (SELECT FROM np.drill_run r WHERE r.region_id = d.region_id"
	" AND r.started_at > now() - make_interval(secs => $1)) ORDER BY d.region_id LIMIT 1";

np_err auditor_store_drills_start(struct pg_conn *c, const struct auditor_rules *r,
				  int64_t *ret_started)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_res_free_p) struct pg_res *res = NULL;
	pg_params_init(&p); /* before any return: it is cleaned up */
	if (r->drill_every_s == 0)
		return NP_OK;
	pg_params_f64(&p, r->drill_every_s);
	pg_params_i32(&p, r->drill_limit_s);
	np_err e = pg_exec(c, drills_start_sql, &p, &res);
	if (e == NP_OK)
		*ret_started = (int64_t)pg_res_rows(res);
	return e;
}
