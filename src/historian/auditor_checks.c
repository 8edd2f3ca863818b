/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/auditor_checks.h"

#include "base/clock.h"

#define BOUND "make_interval(secs => $1)"
#define BEFORE "(clock_timestamp() - " BOUND ")"
/* Timers that are an open incident's next step, by number: core/timer.h; core/promise.c has the
 * same list. */
#define STEPS "(3, 4, 5, 6, 10, 12)"
/* Those that nobody may let lie; the end of a vote by age and our own absence are no rows. */
#define TIMERS "(0, 1, 2, 3, 4, 5, 6, 7, 10, 11, 12)"
/* Ends to_char(time: a time in a sentence. */
#define AS_UTC " AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"')"
#define OWNED "(SELECT s.id FROM np.shard s WHERE s.lease_until > clock_timestamp())"

static const char no_timer_sql[] =
	"SELECT i.id::text, 'The incident of \"' || m.name || '\" is open and nothing is due for it.'"
	" FROM np.incident i JOIN np.monitor m ON m.id = i.monitor_id"
	" WHERE i.closed_at IS NULL AND i.kind = 'machine' AND i.decided_at < " BEFORE
	" AND NOT EXISTS (SELECT FROM np.timer t WHERE t.monitor_id = i.monitor_id"
	" AND t.kind IN " STEPS ")";

static const char incident_overdue_sql[] =
	"SELECT i.id::text, 'The next step of the incident of \"' || m.name || '\" is overdue since '"
	" || to_char(min(t.due)" AS_UTC " || '.'"
	" FROM np.incident i JOIN np.monitor m ON m.id = i.monitor_id"
	" JOIN np.timer t ON t.monitor_id = i.monitor_id AND t.kind IN " STEPS
	" WHERE i.closed_at IS NULL AND i.kind = 'machine' AND t.due < " BEFORE
	" AND i.shard IN " OWNED " GROUP BY i.id, m.name";

static const char timer_overdue_sql[] =
	"SELECT 'shard ' || t.shard, count(*) || ' timers of shard ' || t.shard || ' are overdue, the"
	" oldest since ' || to_char(min(t.due)" AS_UTC " || '.'"
	" FROM np.timer t WHERE t.due < " BEFORE " AND t.kind IN " TIMERS " AND t.shard IN " OWNED
	" AND NOT EXISTS (SELECT FROM np.incident i WHERE i.monitor_id = t.monitor_id"
	" AND i.closed_at IS NULL AND t.kind IN " STEPS ") GROUP BY t.shard";

/* Who hears an event of this monitor: its channels, or all that the organisation had by then. An
 * event younger than the newest edit is left alone: the definition that decided is another one. */
static const char untold_sql[] =
	"SELECT e.incident_id || ' ' || e.number, 'Event \"' || e.kind || '\" of the incident of \"'"
	" || m.name || '\" told nobody.'"
	" FROM np.incident_event e JOIN np.monitor m ON m.id = e.monitor_id"
	" WHERE e.at > clock_timestamp() - interval '1 day' AND e.at < " BEFORE
	" AND e.kind IN ('opened', 'reminder', 'escalated', 'reopened', 'stale', 'resolved',"
	" 'acknowledged')"
	" AND NOT EXISTS (SELECT FROM np.notice n WHERE n.subject = e.incident_id"
	" AND n.event = e.number)"
	" AND NOT EXISTS (SELECT FROM np.monitor_revision v WHERE v.monitor_id = m.id"
	" AND v.at > e.at - interval '10 seconds')"
	" AND CASE WHEN e.kind IN ('resolved', 'acknowledged') THEN"
	" EXISTS (SELECT FROM np.notice n WHERE n.subject = e.incident_id"
	" AND n.kind IN ('opened', 'escalation') AND n.state <> 'held' AND n.event < e.number)"
	" WHEN e.kind = 'escalated' THEN EXISTS (SELECT FROM jsonb_array_elements("
	" m.definition -> 'escalation') l JOIN np.channel c ON c.org_id = m.org_id AND"
	" l -> 'channels' ? c.id::text WHERE c.deleted_at IS NULL AND c.created_at < e.at)"
	" ELSE EXISTS (SELECT FROM np.channel c WHERE c.org_id = m.org_id AND c.deleted_at IS NULL"
	" AND c.created_at < e.at AND (CASE jsonb_typeof(m.definition -> 'channels')"
	" WHEN 'array' THEN m.definition -> 'channels' ? c.id::text ELSE NOT c.drill END)) END";

/* A destination that lately refused, or an older notice that is to go first, explains the wait. */
static const char notice_late_sql[] =
	"SELECT c.id::text, count(*) || ' notices to \"' || c.name || '\" are overdue, the oldest since '"
	" || to_char(min(n.next_at)" AS_UTC " || '.'"
	" FROM np.notice n JOIN np.channel c ON c.id = n.channel_id"
	" WHERE n.state IN ('pending', 'uncertain') AND n.next_at < " BEFORE
	" AND n.lease_until < clock_timestamp()"
	" AND NOT EXISTS (SELECT FROM np.notice o JOIN np.notice_attempt a ON a.notice_id = o.id"
	" WHERE o.channel_id = n.channel_id AND o.created_at > clock_timestamp() - interval '25 hours'"
	" AND a.outcome IN ('retry', 'uncertain') AND a.at > clock_timestamp() - interval '20 minutes')"
	" AND NOT EXISTS (SELECT FROM np.notice o WHERE o.subject = n.subject"
	" AND o.channel_id = n.channel_id AND o.id < n.id AND o.state IN ('pending', 'uncertain')"
	" AND o.next_at >= " BEFORE ") GROUP BY c.id, c.name";

/* Over once something reaches that channel again. */
static const char notice_dead_sql[] =
	"SELECT c.id::text, count(*) || ' notices to \"' || c.name || '\" were given up, and no fallback"
	" was told.'"
	" FROM np.notice n JOIN np.channel c ON c.id = n.channel_id"
	" WHERE n.state = 'dead' AND n.kind <> 'test' AND n.done_at > clock_timestamp() - interval '1 day'"
	" AND n.done_at < " BEFORE " AND c.deleted_at IS NULL AND NOT c.drill"
	" AND NOT EXISTS (SELECT FROM np.notice f WHERE f.subject = n.subject AND f.event = n.event"
	" AND f.kind = n.kind AND f.channel_id = c.fallback_id)"
	" AND NOT EXISTS (SELECT FROM np.notice o WHERE o.channel_id = c.id AND o.state = 'sent'"
	" AND o.done_at > n.done_at) GROUP BY c.id, c.name";

static const char region_silent_sql[] =
	"SELECT r.name, 'Region ' || r.name || ' is silent since '"
	" || to_char(t.silent_since" AS_UTC " || '.'"
	" FROM np.region_trust t JOIN np.region r ON r.id = t.region_id"
	" WHERE t.silent AND t.silent_since < " BEFORE;

static const char shard_unowned_sql[] =
	"SELECT 'shard ' || s.id, 'No engine owns shard ' || s.id || ': nothing of it is decided.'"
	" FROM np.shard s WHERE s.owner IS NULL OR s.lease_until < " BEFORE;

static const char inbox_sql[] =
	"SELECT 'shard ' || i.shard, count(*) || ' commands of people to shard ' || i.shard ||"
	" ' are undecided, the oldest since ' || to_char(min(i.created_at)" AS_UTC " || '.'"
	" FROM np.inbox i WHERE i.outcome IS NULL AND i.created_at < " BEFORE " GROUP BY i.shard";

static const char historian_sql[] =
	"SELECT 'shard ' || c.shard, 'History of shard ' || c.shard || ' is behind since '"
	" || to_char(l.at" AS_UTC " || '.' FROM np.historian_cursor c"
	" JOIN np.shard s ON s.id = c.shard AND s.pos > c.pos"
	" JOIN LATERAL (SELECT l.at FROM np.log l WHERE l.shard = c.shard AND l.pos > c.pos"
	" ORDER BY l.pos LIMIT 1) l ON l.at < " BEFORE;

static const char sealer_sql[] =
	"SELECT 'audit', count(*) || ' entries of the audit are not linked, the oldest since '"
	" || to_char(min(at)" AS_UTC " || '.'"
	" FROM np.audit WHERE seq IS NULL HAVING min(at) < " BEFORE;

static const char partitions_sql[] =
	"SELECT p.name, 'Table np.' || p.name || ' is missing: from that day on nothing is stored.'"
	" FROM (SELECT t || '_' || to_char((clock_timestamp() + " BOUND ") AT TIME ZONE 'UTC',"
	" 'YYYYMMDD') AS name"
	" FROM unnest(ARRAY['log', 'log_packed', 'chunk', 'rollup_5m', 'rollup_1h']) t) p"
	" WHERE NOT EXISTS (SELECT FROM pg_class k JOIN pg_namespace s ON s.oid = k.relnamespace"
	" WHERE s.nspname = 'np' AND k.relname = p.name)";

static const char clock_sql[] =
	"SELECT 'database', 'The clock of the database and that of the historian differ by '"
	" || round(abs(extract(epoch FROM clock_timestamp() - $2)), 1) || ' s.'"
	" WHERE abs(extract(epoch FROM clock_timestamp() - $2)) > $1";

/* The newest of each region counts. */
static const char drill_sql[] =
	"SELECT r.name, 'The last drill of region ' || r.name || ' failed: ' || x.why || '.'"
	" FROM np.region r JOIN LATERAL (SELECT d.ok, d.why, d.finished_at FROM np.drill_run d"
	" WHERE d.region_id = r.id AND d.finished_at IS NOT NULL"
	" ORDER BY d.started_at DESC LIMIT 1) x ON NOT x.ok AND x.finished_at < " BEFORE;

static const char heartbeat_sql[] =
	"SELECT h.name, 'The heartbeat of ' || h.name || ' does not arrive: ' || h.why || '.'"
	" FROM np.heartbeat h WHERE h.well AND h.at > clock_timestamp() - interval '10 minutes'"
	" AND h.tried_at IS NOT NULL AND coalesce(h.ok_at, '-infinity') < "
	" clock_timestamp() - make_interval(secs => greatest($1, 3.0 * h.every_s))"
	" AND h.tried_at > coalesce(h.ok_at, '-infinity')";

const struct auditor_check auditor_checks[] = {
	{ "incident_no_timer", true, 2, 5, no_timer_sql },
	/* After an absence of our own timers wait for the backlog, a minute at most. */
	{ "incident_overdue", true, 4, 30, incident_overdue_sql },
	{ "timer_overdue", false, 4, 30, timer_overdue_sql },
	{ "event_untold", true, 2, 10, untold_sql },
	{ "notice_late", true, 2, 120, notice_late_sql },
	{ "notice_dead", false, 2, 5, notice_dead_sql },
	{ "region_silent", false, 2, 300, region_silent_sql },
	{ "shard_unowned", true, 2, 10, shard_unowned_sql },
	{ "inbox_undecided", true, 2, 30, inbox_sql },
	{ "historian_behind", false, 2, 120, historian_sql },
	{ "sealer_behind", false, 2, 10, sealer_sql },
	{ "partition_missing", true, 2, 86400, partitions_sql },
	{ "clock_differs", false, 2, 2, clock_sql },
	{ "drill_failed", false, 1, 0, drill_sql },
	{ "heartbeat_unheard", false, 2, 180, heartbeat_sql },
};
const size_t auditor_checks_n = NP_LEN(auditor_checks);
static_assert(NP_LEN(auditor_checks) <= AUDITOR_CHECKS_MAX, "what is told of each has a place");

np_err auditor_checks_run(struct pg_conn *c, const struct auditor_check *k, struct pg_res **ret)
{
	NP_CLEANUP(pg_params_done) struct pg_params p;
	char sql[4096];
	pg_params_init(&p);
	pg_params_f64(&p, k->bound_s);
	pg_params_time(&p, clock_wall_us());
	int n = snprintf(sql, sizeof sql, "SELECT q.* FROM (%s) AS q(subject, detail) LIMIT %d",
			 k->sql, AUDITOR_CHECK_ROWS);
	assert(n > 0 && (size_t)n < sizeof sql);
	return pg_exec(c, sql, &p, ret);
}
