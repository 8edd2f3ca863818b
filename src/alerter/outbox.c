/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/outbox.h"

#include "base/clock.h"
#include "pg/array.h"

/* The inner query ranks what is due, the outer one locks it and looks again: a row that another
 * alerter claimed in between is skipped or fails the second look. */
static const char claim_sql[] =
	"UPDATE np.notice n SET lease_until = clock_timestamp() + $4::int * interval '1 second', "
	"       leased_by = $1 "
	"  FROM np.channel ch, np.org o "
	" WHERE n.id IN (SELECT m.id FROM np.notice m "
	"   WHERE m.id IN (SELECT id FROM (SELECT d.id, row_number() OVER (PARTITION BY d.org_id ORDER BY d.id) AS turn "
	"       FROM np.notice d "
	"      WHERE d.state IN ('pending', 'uncertain') AND d.next_at <= clock_timestamp() "
	"        AND d.lease_until < clock_timestamp() AND d.channel_id <> ALL($2::uuid[]) "
	"        AND NOT EXISTS (SELECT FROM np.notice e WHERE e.subject = d.subject "
	"              AND e.channel_id = d.channel_id AND e.id < d.id "
	"              AND e.state IN ('pending', 'uncertain'))) r ORDER BY turn, id LIMIT $3) "
	"     AND m.state IN ('pending', 'uncertain') AND m.lease_until < clock_timestamp() "
	"   FOR UPDATE SKIP LOCKED) "
	"   AND ch.id = n.channel_id AND o.id = n.org_id "
	"RETURNING n.id, n.key, n.subject, n.channel_id, n.org_id, o.private_ok, n.kind, ch.kind, "
	"          ch.config, coalesce(ch.secret, ''::bytea), n.body, n.created_at, n.attempts, ch.deleted_at IS NOT NULL";

static np_err read_notice(const struct pg_res *r, size_t i, struct arena *a, struct notice *ret)
{
	*ret = (struct notice){
		.id = pg_res_i64(r, i, 0),
		.org = pg_res_i64(r, i, 4),
		.private_ok = pg_res_bool(r, i, 5),
		.kind = arena_str(a, pg_res_str(r, i, 6)),
		.channel_kind = arena_str(a, pg_res_str(r, i, 7)),
		.config = arena_str(a, pg_res_str(r, i, 8)),
		.secret = arena_str(a, pg_res_str(r, i, 9)),
		.body = arena_str(a, pg_res_str(r, i, 10)),
		.created_us = pg_res_time(r, i, 11),
		.attempts = (uint32_t)pg_res_i64(r, i, 12),
		.gone = pg_res_bool(r, i, 13),
	};
	pg_res_uuid(r, i, 1, ret->key);
	pg_res_uuid(r, i, 2, ret->subject);
	pg_res_uuid(r, i, 3, ret->channel);
	return ret->body.p == NULL || ret->config.p == NULL ? NP_E_LIMIT : NP_OK;
}

np_err outbox_claim(struct pg_conn *c, const struct claim *what, struct arena *a,
		    struct notice *ret, size_t *ret_n)
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
	np_err e = pg_exec(c, claim_sql, &p, &r);
	size_t n = 0;
	for (size_t i = 0; e == NP_OK && i < pg_res_rows(r) && n < what->max; i++)
		if (read_notice(r, i, a, &ret[n]) == NP_OK)
			n++; /* else: no memory now, the lease ends and it comes again */
	if (e == NP_OK)
		*ret_n = n;
	return e;
}

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
	if (e == NP_OK && a->outcome == OUTCOME_DEAD)
		e = insert_fallback(c, a);
	return e;
}

np_err outbox_record(struct pg_conn *c, const struct attempt *a)
{
	struct attempt copy = *a;
	return pg_tx_run(c, 0, record_tx, &copy);
}
