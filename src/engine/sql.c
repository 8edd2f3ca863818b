/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/sql.h"

static const char *const text[] = {
	/* A frozen owner must not keep the shard's row from its successor. */
	[SQL_LIMITS] = "SELECT set_config('lock_timeout', '2s', true),"
		       " set_config('idle_in_transaction_session_timeout', '2s', true)",

/* shards, tokens, from, to, registry generations */
#ifdef NP_MUTANT_BAN_NOT_FENCED
	[SQL_FENCE] =
		"WITH l AS MATERIALIZED (SELECT s.id, s.registry_gen FROM np.shard s"
		" WHERE s.id = ANY ($1) AND $5::bigint[] IS NOT NULL ORDER BY s.id FOR UPDATE)"
		" SELECT np.fence($1, $2, $3, $4, (SELECT array_agg(l.registry_gen"
		" ORDER BY l.id) FROM l))",
#elif defined NP_MUTANT_UNFENCED
	[SQL_FENCE] = "UPDATE np.shard s SET pos = u.pos FROM unnest($1::smallint[], $2::bigint[],"
		      " $3::bigint[], $4::bigint[], $5::bigint[]) AS u(id, token, old, pos, gen)"
		      " WHERE s.id = u.id",
#else
	[SQL_FENCE] = "SELECT np.fence($1, $2, $3, $4, $5)",
#endif

	[SQL_LOG] = "INSERT INTO np.log (shard, pos, at, items, inputs)"
		    " SELECT * FROM unnest($1::smallint[], $2::bigint[], $3::timestamptz[],"
		    " $4::integer[], $5::bytea[])",

	[SQL_STATE] =
		"INSERT INTO np.monitor_state AS s (monitor_id, org_id, shard, revision, state, since,"
		" partial, degraded, failing, assigned, why, why_detail, core, incident_id, pos,"
		" cert_expires_at)"
		" SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::integer[],"
		" $5::text[], $6::timestamptz[], $7::boolean[], $8::boolean[], $9::smallint[],"
		" $10::smallint[], $11::text[], $12::jsonb[], $13::bytea[], $14::uuid[],"
		" $15::bigint[], $16::timestamptz[])"
		" ON CONFLICT (monitor_id) DO UPDATE SET revision = excluded.revision,"
		" state = excluded.state, since = excluded.since, partial = excluded.partial,"
		" degraded = excluded.degraded, failing = excluded.failing,"
		" assigned = excluded.assigned, why = excluded.why,"
		" why_detail = excluded.why_detail, core = excluded.core,"
		" incident_id = excluded.incident_id, pos = excluded.pos,"
		" cert_expires_at = excluded.cert_expires_at",

	[SQL_CHANGE] = "INSERT INTO np.state_change (monitor_id, at, n, org_id, state, partial,"
		       " degraded, why, why_detail)"
		       " SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::bigint[],"
		       " $4::bigint[], $5::text[], $6::boolean[], $7::boolean[], $8::text[],"
		       " $9::jsonb[])",

	[SQL_TIMER_DROP] = "DELETE FROM np.timer t USING unnest($1::bigint[], $2::smallint[])"
			   " AS d(monitor_id, kind)"
			   " WHERE t.monitor_id = d.monitor_id AND t.kind = d.kind",

	[SQL_TIMER_SET] = "INSERT INTO np.timer AS t (monitor_id, kind, org_id, shard, due,"
			  " generation)"
			  " SELECT * FROM unnest($1::bigint[], $2::smallint[], $3::bigint[],"
			  " $4::smallint[], $5::timestamptz[], $6::bigint[])"
			  " ON CONFLICT (monitor_id, kind, region_id) DO UPDATE"
			  " SET due = excluded.due, generation = excluded.generation",

	/* Before the new ones: a monitor has one open incident at most. */
	[SQL_INCIDENT_CHANGE] =
		"UPDATE np.incident i SET state = u.state,"
		" acknowledged_at = CASE WHEN u.ack_set THEN u.acked_at ELSE i.acknowledged_at END,"
		" acknowledged_by = CASE WHEN u.ack_set THEN u.acked_by ELSE i.acknowledged_by END,"
		" closed_at = coalesce(u.closed_at, i.closed_at),"
		" close_reason = coalesce(u.close_reason, i.close_reason)"
		" FROM unnest($1::uuid[], $2::text[], $3::boolean[], $4::timestamptz[], $5::text[],"
		" $6::timestamptz[], $7::text[])"
		" AS u(id, state, ack_set, acked_at, acked_by, closed_at, close_reason)"
		" WHERE i.id = u.id",

	[SQL_INCIDENT_OPEN] =
		"INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, provenance,"
		" state, opened_at, decided_at, acknowledged_at, acknowledged_by, closed_at,"
		" close_reason, why, why_detail, severity, parent_incident)"
		" SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::uuid[],"
		" $5::smallint[], $6::text[], $7::text[], $8::timestamptz[], $9::timestamptz[],"
		" $10::timestamptz[], $11::text[], $12::timestamptz[], $13::text[], $14::text[],"
		" $15::jsonb[], $16::text[], $17::uuid[])",

	[SQL_EVENT] = "INSERT INTO np.incident_event (incident_id, number, org_id, monitor_id, at,"
		      " kind, actor, origin, reason, detail)"
		      " SELECT * FROM unnest($1::uuid[], $2::integer[], $3::bigint[],"
		      " $4::bigint[], $5::timestamptz[], $6::text[], $7::text[], $8::text[],"
		      " $9::text[], $10::jsonb[])",

	/* subject, org, event, kind, monitor, incident, body, channels (NULL: all), held (NULL:
	 * not held), at. A held row becomes due when it is told after all. */
	[SQL_NOTICE] =
		"INSERT INTO np.notice AS o (org_id, subject, event, kind, channel_id, monitor_id,"
		" incident_id, body, state, held_reason, created_at, next_at)"
		" SELECT n.org, n.subject, n.event, n.kind, c.id, n.monitor, n.incident, n.body,"
		" CASE WHEN n.held IS NULL THEN 'pending' ELSE 'held' END, coalesce(n.held, ''),"
		" n.at, n.at"
		" FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::text[], $5::bigint[],"
		" $6::uuid[], $7::jsonb[], $8::jsonb[], $9::text[], $10::timestamptz[])"
		" WITH ORDINALITY AS n(subject, org, event, kind, monitor, incident, body,"
		" channels, held, at, place)"
		" JOIN np.channel c ON c.org_id = n.org AND c.deleted_at IS NULL"
		" AND (n.channels ? c.id::text OR (n.channels IS NULL AND NOT c.drill))"
		" ORDER BY n.place, c.id"
		" ON CONFLICT (subject, event, kind, channel_id) DO UPDATE"
		" SET state = 'pending', body = excluded.body, next_at = excluded.next_at,"
		" created_at = excluded.created_at" /* its 24 hours, and a storm, begin now */
		" WHERE o.state = 'held' AND excluded.state = 'pending'",

	/* As above, but to whoever was told `after` about the same subject; where one of these is
	 * gone by now, whoever is attached in its place hears it too. */
	[SQL_NOTICE_AFTER] =
		"INSERT INTO np.notice (org_id, subject, event, kind, channel_id, monitor_id,"
		" incident_id, body, created_at, next_at)"
		" SELECT n.org, n.subject, n.event, n.kind, c.channel_id, n.monitor, n.incident,"
		" n.body, n.at, n.at"
		" FROM unnest($1::uuid[], $2::bigint[], $3::integer[], $4::text[], $5::bigint[],"
		" $6::uuid[], $7::jsonb[], $8::jsonb[], $9::timestamptz[], $10::jsonb[])"
		" WITH ORDINALITY AS n(subject, org, event, kind, monitor, incident, body, after,"
		" at, channels, place)"
		" CROSS JOIN LATERAL (WITH told AS (SELECT DISTINCT o.channel_id FROM np.notice o"
		" WHERE o.subject = n.subject AND n.after ? o.kind AND o.state <> 'held')"
		" SELECT channel_id FROM told UNION SELECT a.id FROM np.channel a"
		" WHERE a.org_id = n.org AND a.deleted_at IS NULL"
		" AND (n.channels ? a.id::text OR (n.channels IS NULL AND NOT a.drill))"
		" AND EXISTS (SELECT FROM told JOIN np.channel g ON g.id = told.channel_id"
		" WHERE g.deleted_at IS NOT NULL)) c"
		" ORDER BY n.place, c.channel_id"
		" ON CONFLICT DO NOTHING",

	/* org, monitor, at. Once in a while is enough: a child asks at each first failure. */
	[SQL_ASK] =
		"INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, origin, command,"
		" created_at)"
		" SELECT gen_random_uuid(), m.shard, m.org_id, m.id, 'engine', 'engine', 'check',"
		" u.at FROM unnest($1::bigint[], $2::uuid[], $3::timestamptz[])"
		" AS u(org, monitor, at) JOIN np.monitor m ON m.uuid = u.monitor"
		" AND m.org_id = u.org AND m.deleted_at IS NULL WHERE NOT EXISTS (SELECT FROM"
		" np.inbox i WHERE i.shard = m.shard AND i.monitor_id = m.id AND"
		" i.command = 'check' AND i.outcome IS NULL)",

	[SQL_OUTCOME] = "UPDATE np.inbox i SET outcome = u.outcome, reason = u.reason,"
			" decided_at = u.at"
			" FROM unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])"
			" AS u(id, outcome, reason, at) WHERE i.id = u.id AND i.outcome IS NULL",

	[SQL_REJECT] = "INSERT INTO np.rejected (checker_id, epoch, shard, seq, org_id, at, reason,"
		       " sha256, head)"
		       " SELECT u.checker, u.epoch::numeric, u.shard, u.seq, u.org, u.at, u.reason,"
		       " u.sha, u.head FROM unnest($1::bigint[], $2::text[], $3::smallint[],"
		       " $4::bigint[], $5::bigint[], $6::timestamptz[], $7::text[], $8::bytea[],"
		       " $9::bytea[]) AS u(checker, epoch, shard, seq, org, at, reason, sha, head)"
		       " ON CONFLICT DO NOTHING",

	[SQL_AUDIT] = "INSERT INTO np.audit (org_id, at, actor, origin, act, subject, after)"
		      " SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::text[],"
		      " $4::text[], $5::text[], $6::text[], $7::jsonb[])",

	[SQL_MEMBERSHIP] = "INSERT INTO np.membership (region_id, number, org_id, from_at, members)"
			   " SELECT u.region, u.number, u.org, u.at, u.members::bigint[]"
			   " FROM unnest($1::integer[], $2::bigint[], $3::bigint[],"
			   " $4::timestamptz[], $5::text[]) AS u(region, number, org, at, members)",

	[SQL_SNAPSHOT] = "INSERT INTO np.snapshot (shard, pos, at, state) VALUES ($1, $2, $3, $4)",

	/* The last two stay, and the first of each UTC day: what was long ago can be folded
	 * again from there, as long as its log is kept. */
	[SQL_SNAPSHOT_OLD] = "DELETE FROM np.snapshot s WHERE s.shard = $1 AND s.pos <"
			     " (SELECT n.pos FROM np.snapshot n WHERE n.shard = $1"
			     " ORDER BY n.pos DESC OFFSET 1 LIMIT 1) AND EXISTS"
			     " (SELECT FROM np.snapshot n WHERE n.shard = $1 AND n.pos < s.pos"
			     " AND n.at >= date_trunc('day', s.at, 'UTC'))",

	/* engine, want, lease in ms */
	[SQL_TAKE] = "SELECT id, token, pos, registry_gen FROM np.shard_take($1, $2,"
		     " make_interval(secs => $3::bigint / 1000.0))",
	/* Whoever had our name before us is dead: its leases need not run out. owner, name */
	[SQL_INHERIT] = "WITH old AS (SELECT s.id FROM np.shard s WHERE s.owner <> $1"
			" AND starts_with(s.owner, $2 || '/') ORDER BY s.id FOR UPDATE)"
			" UPDATE np.shard s SET lease_until = '-infinity' FROM old"
			" WHERE s.id = old.id",
	[SQL_RENEW] = "SELECT s FROM np.shard_renew($1, $2, $3,"
		      " make_interval(secs => $4::bigint / 1000.0)) AS s",
	/* A graceful stop: the next owner need not wait for the lease to run out. */
	[SQL_RELEASE] = "UPDATE np.shard s SET lease_until = '-infinity'"
			" FROM unnest($2::smallint[], $3::bigint[]) AS t(id, token)"
			" WHERE s.id = t.id AND s.token = t.token AND s.owner = $1",
	/* owner, lease in ms: another process of our name is no other engine */
	[SQL_ALIVE] =
		"WITH me AS (INSERT INTO np.engine AS e (owner, seen_at)"
		" VALUES ($1, clock_timestamp()) ON CONFLICT (owner) DO UPDATE"
		" SET seen_at = excluded.seen_at), old AS (DELETE FROM np.engine"
		" WHERE seen_at < clock_timestamp() - interval '1 hour')"
		" SELECT 1 + count(*) FROM np.engine"
		" WHERE split_part(owner, '/', 1) <> split_part($1, '/', 1)"
		" AND seen_at > clock_timestamp() - make_interval(secs => $2::bigint / 1000.0)",
	[SQL_LEAVE] = "DELETE FROM np.engine WHERE owner = $1",
	[SQL_SHARD] = "SELECT token, pos, registry_gen, coalesce(owner, '') FROM np.shard"
		      " WHERE id = $1",
	[SQL_SNAPSHOT_NEWEST] = "SELECT pos, state FROM np.snapshot WHERE shard = $1"
				" ORDER BY pos DESC LIMIT 1",
	/* shard, after this position, from this time (for the partitions), rows at most */
	[SQL_TAIL] = "SELECT pos, inputs FROM np.log WHERE shard = $1 AND pos > $2 AND at >= $3"
		     " ORDER BY pos LIMIT $4",

	/* The same with all columns; and, by the start of the day, the block of packed rows that
	 * holds the next one or follows (for the owner: engines may not read those). */
	[SQL_TAIL_ROWS] = "SELECT pos, at, items, inputs FROM np.log WHERE shard = $1 AND pos > $2"
			  " AND at >= $3 ORDER BY pos LIMIT $4",
	[SQL_TAIL_BLOCK] = "SELECT from_pos, packed FROM np.log_packed WHERE shard = $1"
			   " AND to_pos > $2 AND at >= $3 ORDER BY from_pos LIMIT 1",
	[SQL_SNAPSHOT_BEFORE] = "SELECT pos, state FROM np.snapshot WHERE shard = $1 AND at <= $2"
				" ORDER BY pos DESC LIMIT 1",

	/* The newest definition of the monitors of a shard. */
	[SQL_MONITORS] =
		"SELECT m.id, m.uuid, m.org_id, m.revision,"
		" CASE WHEN m.deleted_at IS NULL THEN m.definition::text ELSE '' END,"
		" m.provenance, m.region_ids, coalesce(m.pinned, 0),"
		" ARRAY(SELECT coalesce(r.name, '') FROM unnest(m.region_ids) WITH ORDINALITY"
		" AS i(id, n) LEFT JOIN np.region r ON r.id = i.id ORDER BY i.n), ''"
		" FROM np.monitor m WHERE m.shard = $1 AND m.id > $2 AND m.deleted_at IS NULL"
		" ORDER BY m.id LIMIT $3",
	/* monitor, revision (0: the newest) */
	[SQL_REVISION] =
		"SELECT m.id, m.uuid, m.org_id, v.revision,"
		" CASE WHEN v.deleted THEN '' ELSE v.definition::text END,"
		" m.provenance, v.region_ids, coalesce(m.pinned, 0),"
		" ARRAY(SELECT coalesce(r.name, '') FROM unnest(v.region_ids) WITH ORDINALITY"
		" AS i(id, n) LEFT JOIN np.region r ON r.id = i.id ORDER BY i.n), v.actor"
		" FROM np.monitor m JOIN np.monitor_revision v ON v.monitor_id = m.id"
		" AND v.revision = CASE WHEN $2 > 0 THEN $2 ELSE m.revision END"
		" WHERE m.id = $1",

	/* Changed since that transaction; the first column is where to read from next. */
	[SQL_MEMBERSHIPS] = "SELECT pg_snapshot_xmin(pg_current_snapshot()), m.region_id, m.number,"
			    " m.org_id, m.from_at, m.members FROM (SELECT 1) one"
			    " LEFT JOIN np.membership m ON m.changed_xid >= $1::text::xid8"
			    " ORDER BY m.region_id, m.number",
	/* The same columns: what a result may still refer to, and the newest in any case; beyond
	 * what is known. Regions, their newest known numbers. */
	[SQL_MEMBERSHIPS_RECENT] =
		"SELECT 0::bigint, m.region_id, m.number, m.org_id, m.from_at, m.members"
		" FROM np.membership m"
		" LEFT JOIN unnest($1::integer[], $2::bigint[]) AS k(region, number)"
		" ON k.region = m.region_id WHERE m.number > coalesce(k.number, 0)"
		" AND (m.from_at > now() - interval '8 days'"
		" OR m.number = (SELECT max(n.number) FROM np.membership n"
		" WHERE n.region_id = m.region_id)) ORDER BY m.region_id, m.number",
	[SQL_CHECKERS] = "SELECT pg_snapshot_xmin(pg_current_snapshot()), c.id, c.uuid, c.org_id,"
			 " c.region_id, c.state, c.banned_at FROM (SELECT 1) one"
			 " LEFT JOIN np.checker c ON c.changed_xid >= $1::text::xid8 ORDER BY c.id",
	[SQL_CHANNELS] =
		"SELECT o.id, count(c.id) FROM np.org o LEFT JOIN np.channel c"
		" ON c.org_id = o.id AND c.deleted_at IS NULL AND NOT c.drill GROUP BY o.id",
	/* In turn: ten thousand commands of one organisation do not keep another one's waiting. */
	[SQL_INBOX] = "SELECT i.id, i.shard, i.org_id, i.monitor_id, i.actor, i.command,"
		      " i.body::text, CASE WHEN i.body ->> 'revision' ~ '^[0-9]{1,9}$'"
		      " THEN (i.body ->> 'revision')::bigint ELSE -1 END FROM np.inbox i"
		      " WHERE i.outcome IS NULL AND i.shard = ANY ($1::smallint[])"
		      " ORDER BY row_number() OVER (PARTITION BY i.org_id"
		      " ORDER BY i.created_at, i.id), i.created_at, i.id LIMIT 1000",
	[SQL_GENS] = "SELECT id, registry_gen FROM np.shard WHERE id = ANY ($1::smallint[])",
	[SQL_SEEN] = "INSERT INTO np.checker_seen AS s (checker_id, org_id, region_id, heard_at,"
		     " connected, version, skew_us, oldest_ms, results, lag_p95_us)"
		     " SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::integer[],"
		     " $4::timestamptz[], $5::boolean[], $6::text[], $7::bigint[], $8::integer[],"
		     " $9::bigint[], $10::integer[])"
		     " ON CONFLICT (checker_id) DO UPDATE SET heard_at = excluded.heard_at,"
		     " connected = excluded.connected, version = excluded.version,"
		     " skew_us = excluded.skew_us, oldest_ms = excluded.oldest_ms,"
		     " results = excluded.results, lag_p95_us = excluded.lag_p95_us",
	[SQL_PARTITIONS] = "SELECT np.make_partitions((now() AT TIME ZONE 'UTC')::date - 1,"
			   " (now() AT TIME ZONE 'UTC')::date + 7)",

	[SQL_PARENTS] = "SELECT DISTINCT p.uuid, p.org_id, s.state, s.incident_id FROM np.monitor c"
			" JOIN np.monitor p ON p.uuid = (c.definition ->> 'parent')::uuid"
			" AND p.org_id = c.org_id AND p.deleted_at IS NULL"
			" JOIN np.monitor_state s ON s.monitor_id = p.id"
			" WHERE c.definition ->> 'parent' IS NOT NULL AND c.deleted_at IS NULL",
	[SQL_TRUST] = "SELECT region_id FROM np.region_trust WHERE suspect ORDER BY region_id",
	/* since that transaction: where to read from next, whether anything changed */
	[SQL_WINDOWS_CHANGED] =
		"SELECT pg_snapshot_xmin(pg_current_snapshot()), EXISTS (SELECT FROM"
		" np.maintenance WHERE changed_xid >= $1::text::xid8)",
	/* One that is long over is left out. The API writes nothing else than such texts; a cast
	 * that failed would keep all the others away. */
	[SQL_WINDOWS] =
		"SELECT org_id, definition::text, scope::text FROM np.maintenance"
		" WHERE deleted_at IS NULL AND CASE WHEN definition ->> 'rrule' IS NULL"
		" AND definition ->> 'start' ~ '^[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-9:]{5,8}$'"
		" AND jsonb_typeof(definition -> 'duration_s') = 'number'"
		" THEN to_timestamp(definition ->> 'start', 'YYYY-MM-DD')"
		" + make_interval(secs => (definition ->> 'duration_s')::double precision)"
		" > now() - interval '4 days' ELSE true END ORDER BY org_id",
	[SQL_TALLY] = "INSERT INTO np.region_tally AS t (shard, region_id, at, checked, odd)"
		      " SELECT u.shard, u.region, now(), u.checked, u.odd FROM"
		      " unnest($1::smallint[], $2::integer[], $3::integer[], $4::integer[])"
		      " AS u(shard, region, checked, odd)"
		      " ON CONFLICT (shard, region_id) DO UPDATE SET at = excluded.at,"
		      " checked = excluded.checked, odd = excluded.odd",
	/* Every region that has an active checker: what was counted, whether nobody was heard. */
	[SQL_JUDGE] = "SELECT r.id, r.name, coalesce(t.checked, 0), coalesce(t.odd, 0),"
		      " coalesce(s.heard_at < now() - interval '70 seconds', false),"
		      " coalesce(q.suspect, false), coalesce(q.silent, false) FROM np.region r"
		      " LEFT JOIN (SELECT region_id, max(heard_at) AS heard_at FROM np.checker_seen"
		      " GROUP BY region_id) s ON s.region_id = r.id"
		      " LEFT JOIN (SELECT region_id, sum(checked) AS checked, sum(odd) AS odd"
		      " FROM np.region_tally WHERE at > now() - interval '15 seconds'"
		      " GROUP BY region_id) t ON t.region_id = r.id"
		      " LEFT JOIN np.region_trust q ON q.region_id = r.id"
		      " WHERE EXISTS (SELECT FROM np.checker k WHERE k.region_id = r.id"
		      " AND k.state = 'active') ORDER BY r.id",
	/* region, suspect, silent, kind, body, owner and token of shard 0 */
	[SQL_TRUST_SET] =
		"WITH r AS (SELECT r.id, r.org_id, r.name FROM np.region r WHERE r.id = $1"
		" AND EXISTS (SELECT FROM np.shard s WHERE s.id = 0 AND s.owner = $6"
		" AND s.token = $7)),"
		" t AS (INSERT INTO np.region_trust AS t (region_id, org_id, suspect,"
		" suspect_since, silent, silent_since, episode)"
		" SELECT r.id, r.org_id, $2, CASE WHEN $2 THEN now() END, $3,"
		" CASE WHEN $3 THEN now() END, 1 FROM r"
		" ON CONFLICT (region_id) DO UPDATE SET suspect = excluded.suspect,"
		" suspect_since = CASE WHEN excluded.suspect"
		" THEN coalesce(t.suspect_since, now()) END, silent = excluded.silent,"
		" silent_since = CASE WHEN excluded.silent THEN coalesce(t.silent_since, now()) END,"
		" episode = t.episode + 1 RETURNING t.region_id, t.org_id, t.episode),"
		" a AS (INSERT INTO np.audit (org_id, actor, origin, act, subject, after)"
		" SELECT r.org_id, 'engine', 'engine', 'region.' || substr($4, 8), r.name, $5::jsonb"
		" FROM r)"
		" INSERT INTO np.notice (org_id, subject, event, kind, channel_id, body, created_at,"
		" next_at) SELECT t.org_id, md5('region:' || t.region_id)::uuid, t.episode, $4, c.id,"
		" $5::jsonb, now(), now() FROM t JOIN np.channel c ON c.org_id = t.org_id"
		" AND c.deleted_at IS NULL AND NOT c.drill",
};
static_assert(NP_LEN(text) == SQL_N, "a text for every statement");

const char *sql_text(enum sql s)
{
	assert((size_t)s < SQL_N);
	return text[s];
}
