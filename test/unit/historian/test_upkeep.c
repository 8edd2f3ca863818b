/* SPDX-License-Identifier: Apache-2.0 */
/* What is old enough goes, what proves something younger stays. */
#include "world.h"

#include "base/clock.h"

#define AGO(days) "now() - interval '" #days " days'"
#define INCIDENT(n) "'20000000-0000-0000-0000-00000000000" #n "'"

static int64_t ask(struct pg_conn *c, const char *sql)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	char one[400]; /* sums are numeric */
	(void)snprintf(one, sizeof one, "SELECT q.v::bigint FROM (%s) AS q(v)", sql);
	assert_int_equal(pg_conn_ready(c, clock_mono_ms() + 60 * NP_SEC_MS), NP_OK);
	if (pg_exec(c, one, NULL, &r) < 0)
		fail_msg("%s: %s", sql, pg_conn_error(c)->message);
	return pg_res_i64(r, 0, 0);
}

static void put(struct world *w, const char *sql)
{
	assert_int_equal(pg_conn_ready(w->admin, clock_mono_ms() + 60 * NP_SEC_MS), NP_OK);
	if (pg_exec_script(w->admin, sql) < 0)
		fail_msg("%s: %s", sql, pg_conn_error(w->admin)->message);
}

static const struct upkeep_keep keep = WORLD_KEEP;

static void commands_are_kept_for_a_week(void **state)
{
	struct world *w = *state;
	put(w, "INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, command, created_at,"
	       " outcome, decided_at) SELECT gen_random_uuid(), 1, 1, 1, 'me', 'check', a,"
	       " CASE WHEN d THEN 'applied' END, CASE WHEN d THEN a END FROM (VALUES"
	       " (" AGO(8) ", true), (" AGO(6) ", true), (" AGO(90) ", false)) v(a, d)");
	assert_int_equal(world_upkeep(w, &keep), 1);
	assert_int_equal(ask(w->admin, "SELECT count(*) FROM np.inbox WHERE decided_at IS NULL"),
			 1);
	assert_int_equal(ask(w->admin, "SELECT count(*) FROM np.inbox"), 2);
}

/* A day of the log that has to wait for a snapshot keeps what says which of its items count. */
static void refused_items_are_kept_with_their_log(void **state)
{
	struct world *w = *state;
	put(w,
	    "INSERT INTO np.rejected SELECT 1, 1, 1, d, 1, now() - make_interval(days => d), 'x',"
	    " '\\x00', '\\x00' FROM unnest(ARRAY[1, 12, 40]) d;"
	    "SELECT np.make_partitions(current_date - 20, current_date - 20);"
	    "UPDATE np.shard SET pos = 1 WHERE id = 1");
	assert_int_equal(world_upkeep(w, &keep), 1);
	assert_int_equal(ask(w->admin, "SELECT min(seq) FROM np.rejected WHERE seq > 1"), 12);
	put(w, "UPDATE np.shard SET pos = 0 WHERE id = 1");
	assert_int_equal(world_upkeep(w, &keep), 1);
	assert_int_equal(ask(w->admin, "SELECT max(seq) FROM np.rejected"), 1);
}

/* Monitor 1 changed twice before the bound, monitor 2 long ago and never since. */
static void the_state_at_the_bound_is_kept(void **state)
{
	struct world *w = *state;
	put(w, "INSERT INTO np.state_change (monitor_id, at, n, org_id, state) VALUES"
	       " (1, " AGO(900) ", 1, 1, 'up'), (2, " AGO(
		       800) ", 1, 1, 'down'),"
			    " (1, " AGO(700) ", 2, 1, 'down'), (1, " AGO(
				    700) ", 3, 1, 'up'),"
					 " (1, " AGO(300) ", 4, 1, 'down')");
	assert_int_equal(world_upkeep(w, &keep), 2);
	assert_int_equal(ask(w->admin, "SELECT sum(n) FROM np.state_change WHERE monitor_id = 1"),
			 3 + 4);
	assert_int_equal(ask(w->admin, "SELECT count(*) FROM np.state_change WHERE monitor_id = 2"),
			 1);
	/* what was looked at is not looked at again, and still goes when something newer passes */
	put(w, "UPDATE np.state_change SET at = " AGO(600) " WHERE n = 4");
	assert_int_equal(world_upkeep(w, &keep), 1);
	assert_int_equal(ask(w->admin, "SELECT n FROM np.state_change WHERE monitor_id = 1"), 4);
}

static void a_batch_takes_so_many_and_goes_on(void **state)
{
	struct world *w = *state;
	struct store_forgot f = { 0 };
	int64_t gone = 0, turns = 0;
	put(w, "INSERT INTO np.state_change (monitor_id, at, n, org_id, state)"
	       " SELECT i % 3, " AGO(900) " + i / 10 * interval '1 hour', i, 1, 'up'"
					  " FROM generate_series(0, 99) i");
	do {
		pg_conn_deadline(w->c, clock_mono_ms() + 60 * NP_SEC_MS);
		assert_int_equal(store_forget(w->c, "state_change", 400, 15, &f), NP_OK);
		assert_true(f.looked <= 20); /* whole moments, ten rows each */
		gone += f.gone;
		turns++;
	} while (f.looked >= 15);
	assert_int_equal(turns, 6);
	assert_int_equal(gone, 97);
	assert_int_equal(ask(w->admin, "SELECT min(n) FROM np.state_change"), 97);
}

/* Three incidents: over long ago, opened long ago and over since yesterday, still open. */
static void incidents_keep_their_proof(void **state)
{
	struct world *w = *state;
	put(w,
	    "INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, state, opened_at,"
	    " decided_at, closed_at, why) SELECT i::uuid, 1, m, gen_random_uuid(), 1, s, o, o, c, ''"
	    " FROM (VALUES (" INCIDENT(1) ", 1, 'resolved', " AGO(2000) ", " AGO(
		    1999) "),"
			  " (" INCIDENT(2) ", 2, 'resolved', " AGO(2000) ", " AGO(
				  1) "),"
				     " (" INCIDENT(3) ", 3, 'open', " AGO(
					     2000) ", NULL)) v(i, m, s, o, c);"
						   "INSERT INTO np.incident_event (incident_id, number, org_id, at, kind, actor)"
						   " SELECT id, n, 1, opened_at, 'opened', 'engine' FROM np.incident, generate_series(1, 2) n;"
						   "INSERT INTO np.notice (org_id, subject, event, kind, channel_id, incident_id, body, state,"
						   " created_at, next_at, done_at) SELECT 1, id, 1, 'opened', gen_random_uuid(), id, '{}',"
						   " 'sent', opened_at, opened_at, opened_at FROM np.incident;"
						   "INSERT INTO np.notice_attempt (notice_id, n, org_id, at, duration_ms, outcome)"
						   " SELECT id, n, 1, created_at, 1, 'retry' FROM np.notice, generate_series(1, 3) n;"
						   "INSERT INTO np.ack_used SELECT key, 1, gen_random_uuid() FROM np.notice");
	assert_int_equal(world_upkeep(w, &keep), 1 + 2);
	assert_int_equal(ask(w->admin, "SELECT count(*) FROM np.incident"), 3);
	assert_int_equal(ask(w->admin, "SELECT count(*) FROM np.incident_event"), 4);
	assert_int_equal(ask(w->admin, "SELECT count(*) FROM np.notice"), 2);
	assert_int_equal(ask(w->admin, "SELECT count(*) FROM np.notice_attempt"), 6);
	assert_int_equal(ask(w->admin, "SELECT count(*) FROM np.ack_used"), 2);
	assert_int_equal(
		ask(w->admin, "SELECT count(*) FROM np.notice WHERE subject = " INCIDENT(1)), 0);
}

/* What still has to be sent, and what others point to, waits. */
static void notices_that_still_speak_stay(void **state)
{
	struct world *w = *state;
	put(w,
	    "INSERT INTO np.notice (org_id, subject, event, kind, channel_id, body, state,"
	    " created_at, next_at, done_at) SELECT 1, gen_random_uuid(), n, 'test',"
	    " gen_random_uuid(), '{}', s, " AGO(
		    2000) ", now(), d FROM (VALUES (1, 'pending', NULL),"
			  " (2, 'uncertain', NULL), (3, 'digested', NULL), (4, 'sent', now()), (5, 'held', NULL),"
			  " (6, 'sent', now())) v(n, s, d);"
			  "UPDATE np.notice SET told_by = (SELECT id FROM np.notice WHERE event = 4)"
			  " WHERE event = 3");
	assert_int_equal(world_upkeep(w, &keep), 2);
	assert_int_equal(ask(w->admin, "SELECT sum(event) FROM np.notice"), 1 + 2 + 3 + 4);
	put(w, "UPDATE np.notice SET done_at = now() WHERE event = 3");
	assert_int_equal(world_upkeep(w, &keep), 1);
	assert_int_equal(world_upkeep(w, &keep), 1);
	assert_int_equal(ask(w->admin, "SELECT sum(event) FROM np.notice"), 1 + 2);
}

static void the_last_drill_of_a_region_stays(void **state)
{
	struct world *w = *state;
	put(w,
	    "INSERT INTO np.drill_run (region_id, org_id, started_by, limit_s, started_at,"
	    " finished_at, ok) SELECT r, 1, 'schedule', d, now() - make_interval(days => d), now(),"
	    " true FROM (VALUES (1, 200), (1, 150), (2, 300), (2, 10)) v(r, d)");
	assert_int_equal(world_upkeep(w, &keep), 2);
	assert_int_equal(ask(w->admin, "SELECT sum(limit_s) FROM np.drill_run"), 150 + 10);
}

static void one_signed_head_an_hour_stays(void **state)
{
	struct world *w = *state;
	put(w,
	    "INSERT INTO np.audit_signed SELECT o, s, s,"
	    " date_trunc('hour', now() - interval '40 days', 'UTC') + s * interval '20 minutes', ''"
	    " FROM generate_series(0, 8) s, unnest(ARRAY[1, 2]) o;"
	    "INSERT INTO np.audit_signed SELECT 1, 100 + s, s, now() - s * interval '1 minute', ''"
	    " FROM generate_series(0, 5) s");
	assert_int_equal(world_upkeep(w, &keep), 12);
	assert_int_equal(ask(w->admin, "SELECT sum(seq) FROM np.audit_signed WHERE seq < 100"),
			 2 * (2 + 5 + 8));
	assert_int_equal(ask(w->admin, "SELECT count(*) FROM np.audit_signed WHERE seq >= 100"), 6);
	assert_int_equal(world_upkeep(w, &keep), 0);
}

/* The rules are the database's: its role deletes nothing of this by itself. */
static void the_historian_deletes_by_the_rules_only(void **state)
{
	static const char *const tables[] = { "inbox",          "rejected",       "state_change",
					      "incident",       "incident_event", "notice",
					      "notice_attempt", "drill_run",      "audit_signed",
					      "audit",          "forgotten" };
	struct world *w = *state;
	struct store_forgot f;
	for (size_t i = 0; i < NP_LEN(tables); i++) {
		char sql[200];
		(void)snprintf(sql, sizeof sql,
			       "SELECT has_table_privilege('np_historian', 'np.%s', 'DELETE')::int",
			       tables[i]);
		assert_int_equal(ask(w->c, sql), 0);
	}
	pg_conn_deadline(w->c, clock_mono_ms() + 60 * NP_SEC_MS);
	assert_int_equal(store_forget(w->c, "inbox", 0, 10, &f), NP_E_DB);
	assert_int_equal(store_forget(w->c, "audit", 400, 10, &f), NP_E_DB);
}

/* One world for all: each begins with empty tables. */
static struct world *world;

static int begin(void **state)
{
	put(world,
	    "TRUNCATE np.inbox, np.rejected, np.state_change, np.incident, np.incident_event, np.notice,"
	    " np.notice_attempt, np.ack_used, np.drill_run, np.audit_signed, np.forgotten");
	*state = world;
	return 0;
}

#define TEST(fn) cmocka_unit_test_setup(fn, begin)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(commands_are_kept_for_a_week),
		TEST(refused_items_are_kept_with_their_log),
		TEST(the_state_at_the_bound_is_kept),
		TEST(a_batch_takes_so_many_and_goes_on),
		TEST(incidents_keep_their_proof),
		TEST(notices_that_still_speak_stay),
		TEST(the_last_drill_of_a_region_stays),
		TEST(one_signed_head_an_hour_stays),
		TEST(the_historian_deletes_by_the_rules_only),
	};
	world = world_new(31);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	world_free(world);
	return failed;
}
