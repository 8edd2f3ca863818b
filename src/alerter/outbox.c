/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/outbox.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/channel.h"
#include "pg/array.h"

#define OPEN "('pending', 'uncertain')"
#define UNTRIED(n) n ".state = 'pending' AND " n ".attempts = 0 AND " n ".leased_by IS NULL"

/* The inner query ranks what is due, the outer one locks it and looks again: a row that another
 * alerter claimed in between is skipped or fails the second look. */
static const char claim_sql[] =
	"UPDATE np.notice n SET lease_until = clock_timestamp() + $4::int * interval '1 second', "
	"       leased_by = $1, state = CASE WHEN n.leased_by IS NULL THEN n.state ELSE 'uncertain' END "
	"  FROM np.channel ch, np.org o "
	" WHERE n.id IN (SELECT m.id FROM np.notice m "
	"   WHERE m.id IN (SELECT id FROM (SELECT d.id, d.org_id, "
	"          row_number() OVER (PARTITION BY d.org_id ORDER BY d.id) AS turn "
	"       FROM np.notice d "
	"      WHERE d.state IN " OPEN " AND d.next_at <= clock_timestamp() AND d.storm = false "
	"        AND d.lease_until < clock_timestamp() AND d.channel_id <> ALL($2::uuid[]) "
	"        AND NOT EXISTS (SELECT FROM np.notice e WHERE e.subject = d.subject "
	"              AND e.channel_id = d.channel_id AND e.id < d.id "
	"              AND (e.state IN " OPEN
	" OR (e.state = 'digested' AND e.done_at IS NULL)))) r "
	"      ORDER BY turn, org_id <= $5, org_id LIMIT $3) "
	"     AND m.state IN " OPEN " AND m.lease_until < clock_timestamp() "
	"   FOR UPDATE SKIP LOCKED) "
	"   AND ch.id = n.channel_id AND o.id = n.org_id "
	"RETURNING n.id, n.key, n.subject, n.channel_id, n.org_id, o.private_ok, n.kind, ch.kind, "
	"  ch.config, coalesce(ch.secret, ''::bytea), n.body, n.created_at, n.attempts, "
	"  ch.deleted_at IS NOT NULL, "
	"  n.kind = 'resolved' AND EXISTS (SELECT FROM np.notice s WHERE s.told_by = n.id "
	"     AND s.kind = 'opened' AND s.state = 'superseded'), "
	"  n.kind <> 'opened' AND EXISTS (SELECT FROM np.notice s WHERE s.subject = n.subject "
	"     AND s.channel_id = n.channel_id AND s.id < n.id AND s.kind = 'opened' AND s.state = 'dead')";

static void read_notice(const struct pg_res *r, size_t i, struct notice *ret)
{
	*ret = (struct notice){
		.id = pg_res_i64(r, i, 0),
		.org = pg_res_i64(r, i, 4),
		.private_ok = pg_res_bool(r, i, 5),
		.kind = pg_res_str(r, i, 6),
		.channel_kind = pg_res_str(r, i, 7),
		.config = pg_res_str(r, i, 8),
		.secret = pg_res_str(r, i, 9),
		.body = pg_res_str(r, i, 10),
		.created_us = pg_res_time(r, i, 11),
		.attempts = (uint32_t)pg_res_i64(r, i, 12),
		.gone = pg_res_bool(r, i, 13),
		.was_down = pg_res_bool(r, i, 14),
		.prior_dead = pg_res_bool(r, i, 15),
	};
	pg_res_uuid(r, i, 1, ret->key);
	pg_res_uuid(r, i, 2, ret->subject);
	pg_res_uuid(r, i, 3, ret->channel);
}

np_err outbox_claim(struct pg_conn *c, const struct claim *what, outbox_fn fn, void *ctx,
		    size_t *ret_n)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_array_done) struct pg_array busy;
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	pg_params_init(&p);
	pg_array_init(&busy, PG_UUID);
	for (size_t i = 0; i < what->n_busy; i++)
		pg_array_uuid(&busy, what->busy[i]);
	pg_params_text(&p, what->owner);
	pg_params_array(&p, &busy);
	pg_params_i64(&p, (int64_t)what->max);
	pg_params_i32(&p, OUTBOX_LEASE_S);
	pg_params_i64(&p, what->after_org);
	np_err e = pg_exec(c, claim_sql, &p, &r);
	if (e < 0)
		return e;
	for (size_t i = 0; i < pg_res_rows(r); i++) {
		struct notice n;
		read_notice(r, i, &n);
		fn(ctx, &n);
	}
	*ret_n = pg_res_rows(r);
	return NP_OK;
}

static const char take_over_sql[] =
	"UPDATE np.notice SET lease_until = '-infinity' WHERE state IN " OPEN
	"  AND left(leased_by, length($1) + 1) = $1 || '/' AND leased_by <> $2";

np_err outbox_take_over(struct pg_conn *c, np_str name, np_str owner)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_text(&p, name);
	pg_params_text(&p, owner);
	return pg_exec(c, take_over_sql, &p, NULL);
}

/* ---- what may be said in fewer words --------------------------------------------- */

/* New rows are looked at once: the first few of a channel and kind within 10 s go at once, the others
 * wait for its digest. $1: kinds of channels that never get one. */
static const char storm_sql[] =
	"UPDATE np.notice n SET storm = s.storm FROM (SELECT d.id, c.kind <> ALL($1::text[]) "
	"     AND d.kind NOT IN ('test', 'digest') AND EXISTS (SELECT FROM np.notice e "
	"       WHERE e.channel_id = d.channel_id AND e.id < d.id AND e.state <> 'held' "
	"         AND e.created_at > d.created_at - interval '10 seconds' "
	"         AND e.created_at <= d.created_at AND e.kind = d.kind "
	"       OFFSET $2) AS storm "
	"   FROM np.notice d JOIN np.channel c ON c.id = d.channel_id "
	"  WHERE d.state IN " OPEN " AND d.storm IS NULL "
	"  FOR UPDATE OF d SKIP LOCKED) s WHERE n.id = s.id";

/* Down and up again before anybody was told: the `resolved` speaks for all before it. */
static const char was_down_sql[] =
	"WITH pair AS (SELECT o.id, o.subject, o.channel_id, r.id AS up FROM np.notice o "
	"   JOIN np.incident i ON i.id = o.incident_id AND i.closed_at IS NOT NULL "
	"   JOIN np.channel c ON c.id = o.channel_id AND c.kind <> ALL($1::text[]) "
	"   JOIN LATERAL (SELECT r.id FROM np.notice r WHERE r.subject = o.subject "
	"      AND r.channel_id = o.channel_id AND r.kind = 'resolved' AND r.id > o.id "
	"      AND " UNTRIED(
		"r") " ORDER BY r.id LIMIT 1) r ON true "
		     "  WHERE o.kind = 'opened' AND " UNTRIED(
			     "o") " FOR UPDATE OF o SKIP LOCKED) "
				  "UPDATE np.notice n SET state = 'superseded', told_by = p.up, done_at = clock_timestamp() "
				  "  FROM pair p WHERE n.subject = p.subject AND n.channel_id = p.channel_id "
				  "   AND n.id >= p.id AND n.id < p.up AND " UNTRIED("n");

/* A reminder that did not get through says nothing that the next one does not. */
static const char reminder_sql[] =
	"UPDATE np.notice n SET state = 'superseded', told_by = x.newer, done_at = clock_timestamp() "
	"  FROM (SELECT o.id, (SELECT max(r.id) FROM np.notice r WHERE r.subject = o.subject "
	"           AND r.channel_id = o.channel_id AND r.kind = 'reminder' AND r.id > o.id "
	"           AND r.state = 'pending') AS newer "
	"    FROM np.notice o WHERE o.kind = 'reminder' AND o.state = 'pending' "
	"     AND o.leased_by IS NULL FOR UPDATE OF o SKIP LOCKED) x "
	" WHERE n.id = x.id AND x.newer IS NOT NULL";

/* Ten seconds after the first that waits. What has an earlier notice of its subject under way
 * stays behind it. A lonely one goes as it is. */
static const char digest_sql[] = "WITH due AS (SELECT q.channel_id FROM np.notice q WHERE q.storm AND " UNTRIED(
	"q") "    GROUP BY q.channel_id "
	     "   HAVING min(q.created_at) <= clock_timestamp() - interval '10 seconds'), "
	     " m AS (SELECT n.id, n.org_id, n.channel_id, n.kind, n.body FROM np.notice n "
	     "    JOIN due ON due.channel_id = n.channel_id WHERE n.storm AND " UNTRIED(
		     "n") "     AND NOT EXISTS (SELECT FROM np.notice e WHERE e.subject = n.subject "
			  "       AND e.channel_id = n.channel_id AND e.id < n.id "
			  "       AND (e.state = 'uncertain' OR (e.state = 'digested' AND e.done_at IS NULL) "
			  "         OR (e.state = 'pending' AND (e.storm IS NOT TRUE OR e.attempts > 0 "
			  "              OR e.leased_by IS NOT NULL)))) "
			  "    ORDER BY n.id LIMIT $1 FOR UPDATE OF n SKIP LOCKED), "
			  " d AS (INSERT INTO np.notice (org_id, subject, event, kind, channel_id, body, created_at, "
			  "      next_at, storm) "
			  "   SELECT m.org_id, m.channel_id, (SELECT coalesce(max(o.event), 0) + 1 FROM np.notice o "
			  "       WHERE o.subject = m.channel_id AND o.channel_id = m.channel_id AND o.kind = 'digest'), "
			  "     'digest', m.channel_id, jsonb_build_object('kind', 'digest', 'incident', NULL, "
			  "       'monitor', NULL, 'count', count(*), 'why', count(*) || ' notices of this channel were "
			  "put together; each has its row in the history of its incident.', "
			  "       'at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"'), "
			  "       'items', jsonb_agg(jsonb_build_object('kind', m.kind, 'monitor', m.body -> 'monitor', "
			  "          'incident', m.body -> 'incident') ORDER BY m.id)), "
			  "     clock_timestamp(), clock_timestamp(), false "
			  "   FROM m GROUP BY m.org_id, m.channel_id HAVING count(*) > 1 RETURNING id, channel_id) "
			  "UPDATE np.notice n SET storm = d.id IS NOT NULL, told_by = d.id, "
			  "    state = CASE WHEN d.id IS NULL THEN n.state ELSE 'digested' END "
			  "  FROM m LEFT JOIN d ON d.channel_id = m.channel_id WHERE n.id = m.id";

/* Kinds that pair events by themselves, and rotas: whom they reach is known only when sending. */
static void add_alone(struct pg_params *p, struct pg_array *kinds)
{
	const struct chn_kind *k;
	pg_array_init(kinds, PG_TEXT);
	for (size_t i = 0; (k = chn_kind_at(i)) != NULL; i++)
		if (!chn_may_digest(k) || str_eq_c(str_from_c(k->name), "rota"))
			pg_array_str(kinds, str_from_c(k->name));
	pg_params_array(p, kinds);
}

static np_err tidy_one(struct pg_conn *c, const char *sql, bool kinds, int64_t number)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	NP_CLEANUP(pg_array_done) struct pg_array alone = { 0 };
	pg_params_init(&p);
	if (kinds)
		add_alone(&p, &alone);
	if (number > 0)
		pg_params_i64(&p, number);
	return pg_exec(c, sql, &p, NULL);
}

np_err outbox_tidy(struct pg_conn *c)
{
	np_err e = tidy_one(c, storm_sql, true, OUTBOX_STORM_FREE - 1);
	if (e == NP_OK)
		e = tidy_one(c, was_down_sql, true, 0);
	if (e == NP_OK)
		e = tidy_one(c, reminder_sql, false, 0);
	if (e == NP_OK)
		e = tidy_one(c, digest_sql, false, OUTBOX_DIGEST_MAX);
	return e;
}

/* ---- what came of it --------------------------------------------------------------- */

static const char attempt_sql[] =
	"INSERT INTO np.notice_attempt (notice_id, n, org_id, at, duration_ms, outcome, answer, answer_sha256) "
	"VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING";

static np_err insert_attempt(struct pg_conn *c, const struct attempt *a)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, a->notice->id);
	pg_params_i32(&p, (int32_t)a->notice->attempts + 1);
	pg_params_i64(&p, a->notice->org);
	pg_params_time(&p, a->at_us);
	pg_params_i32(&p, a->took_ms);
	pg_params_c(&p, outcome_name(a->outcome));
	pg_params_text(&p, a->answer);
	pg_params_bytea(&p, (np_str){ (const char *)a->answer_sha256, sizeof a->answer_sha256 });
	return pg_exec(c, attempt_sql, &p, NULL);
}

static const char *const states[OUTCOME_N] = {
	[OUTCOME_SENT] = "sent",
	[OUTCOME_RETRY] = "pending",
	[OUTCOME_UNCERTAIN] = "uncertain",
	[OUTCOME_DEAD] = "dead",
};

/* An uncertain notice stays so until it is known to have arrived: a later refused try does not
 * unsay that the first may have got through. */
static const char update_sql[] =
	"UPDATE np.notice SET state = CASE WHEN $2 = 'pending' AND state = 'uncertain' THEN state ELSE $2 END, "
	"  attempts = $3, next_at = $4, lease_until = '-infinity', leased_by = NULL, "
	"  done_at = CASE WHEN $2 IN ('sent', 'dead') THEN $5::timestamptz END "
	"WHERE id = $1";

static np_err update_notice(struct pg_conn *c, const struct attempt *a)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, a->notice->id);
	pg_params_c(&p, states[a->outcome]);
	pg_params_i32(&p, (int32_t)a->notice->attempts + 1);
	pg_params_time(&p, a->next_us);
	pg_params_time(&p, a->at_us);
	return pg_exec(c, update_sql, &p, NULL);
}

/* One notice at the fallback for one that is dead; a fallback has no fallback of its own here, so
 * two channels that name each other do not play ball. */
static const char fallback_sql[] =
	"INSERT INTO np.notice (org_id, subject, event, kind, channel_id, monitor_id, incident_id, body, created_at, next_at) "
	"SELECT n.org_id, n.subject, n.event, n.kind, f.id, n.monitor_id, n.incident_id, "
	"       n.body || jsonb_build_object('fallback_for', ch.name), clock_timestamp(), clock_timestamp() "
	"  FROM np.notice n JOIN np.channel ch ON ch.id = n.channel_id "
	"  JOIN np.channel f ON f.id = ch.fallback_id AND f.org_id = n.org_id AND f.deleted_at IS NULL "
	" WHERE n.id = $1 AND n.kind <> 'test' AND NOT n.body ? 'fallback_for' "
	"ON CONFLICT DO NOTHING";

/* What a digest speaks for ends with it. */
static const char members_sql[] =
	"UPDATE np.notice SET done_at = $3, state = CASE WHEN $2 = 'dead' THEN 'dead' ELSE state END "
	" WHERE told_by = $1 AND state = 'digested' AND $2 IN ('sent', 'dead')";

static np_err end_members(struct pg_conn *c, const struct attempt *a)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	if (!str_eq_c(a->notice->kind, "digest"))
		return NP_OK;
	pg_params_i64(&p, a->notice->id);
	pg_params_c(&p, states[a->outcome]);
	pg_params_time(&p, a->at_us);
	return pg_exec(c, members_sql, &p, NULL);
}

static np_err insert_fallback(struct pg_conn *c, const struct attempt *a)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	pg_params_init(&p);
	pg_params_i64(&p, a->notice->id);
	return pg_exec(c, fallback_sql, &p, NULL);
}

static np_err record_tx(struct pg_conn *c, void *ctx)
{
	const struct attempt *a = ctx;
	np_err e = insert_attempt(c, a);
	if (e == NP_OK)
		e = update_notice(c, a);
	if (e == NP_OK)
		e = end_members(c, a);
	if (e == NP_OK && a->outcome == OUTCOME_DEAD)
		e = insert_fallback(c, a);
	return e;
}

np_err outbox_record(struct pg_conn *c, const struct attempt *a)
{
	struct attempt copy = *a;
	return pg_tx_run(c, 0, record_tx, &copy);
}
