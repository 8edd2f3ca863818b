-- SPDX-License-Identifier: Apache-2.0
-- What grew without end is kept for a time, and goes in small batches.

CREATE INDEX inbox_decided ON np.inbox (decided_at) WHERE decided_at IS NOT NULL;
CREATE INDEX rejected_at ON np.rejected (at);
CREATE INDEX state_change_at ON np.state_change (at);
CREATE INDEX notice_created ON np.notice (created_at);
CREATE INDEX audit_signed_at ON np.audit_signed (at);
CREATE INDEX timer_due ON np.timer (due); -- what is overdue: the auditor asks every fifteen seconds

-- How far by time the rows of a table were looked at: what stayed of them stays.
CREATE TABLE np.forgotten (
  what  text PRIMARY KEY,
  until timestamptz NOT NULL
);
DO $$ BEGIN EXECUTE format('CREATE POLICY owner ON np.ack_used TO %I USING (true) WITH CHECK (true)', current_user); END $$;

-- Takes about `batch` rows that are older than so many days, the oldest first, and decides which
-- of them go. `looked` under `batch`: there are no more for now. The rules are here and not with
-- the caller, who may delete nothing by itself.
CREATE FUNCTION np.forget(what text, days integer, batch integer, OUT looked bigint, OUT gone bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = np, pg_catalog AS $$
DECLARE
  keep_from timestamptz := now() - make_interval(days => days);
  mark timestamptz := coalesce((SELECT f.until FROM np.forgotten f WHERE f.what = forget.what), '-infinity');
  upto timestamptz;
BEGIN
  IF days < 1 OR batch < 1 THEN
    RAISE EXCEPTION 'a day at least is kept';
  END IF;
  CASE what
  WHEN 'inbox' THEN
    WITH d AS (DELETE FROM np.inbox WHERE id IN (
        SELECT i.id FROM np.inbox i WHERE i.decided_at < keep_from ORDER BY i.decided_at LIMIT batch) RETURNING 1)
    SELECT count(*), count(*) INTO looked, gone FROM d;

  -- As long as there is a log that holds the item: whoever reads it asks which were refused.
  WHEN 'rejected' THEN
    SELECT least(keep_from, min(to_date(right(c.relname, 8), 'YYYYMMDD'))::timestamp AT TIME ZONE 'UTC') INTO keep_from
      FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid
     WHERE h.inhparent IN ('np.log'::regclass, 'np.log_packed'::regclass);
    WITH d AS (DELETE FROM np.rejected r USING (
        SELECT o.checker_id, o.epoch, o.shard, o.seq FROM np.rejected o WHERE o.at < keep_from ORDER BY o.at LIMIT batch) x
       WHERE (r.checker_id, r.epoch, r.shard, r.seq) = (x.checker_id, x.epoch, x.shard, x.seq) RETURNING 1)
    SELECT count(*), count(*) INTO looked, gone FROM d;

  -- The state that held at the bound stays, since later moments ask for it: whatever is older
  -- than a monitor's newest row of this batch goes.
  WHEN 'state_change' THEN
    WITH seen AS MATERIALIZED (
      SELECT c.monitor_id, c.at, c.n FROM np.state_change c WHERE c.at > mark AND c.at < keep_from
       ORDER BY c.at FETCH FIRST batch ROWS WITH TIES),
    newest AS (SELECT DISTINCT ON (s.monitor_id) * FROM seen s ORDER BY s.monitor_id, s.at DESC, s.n DESC),
    d AS (DELETE FROM np.state_change c USING newest w
           WHERE c.monitor_id = w.monitor_id AND (c.at, c.n) < (w.at, w.n) RETURNING 1)
    SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM d), (SELECT max(s.at) FROM seen s) INTO looked, gone, upto;

  -- Of an incident that is over; the incident itself, and what people wrote about it, stay.
  WHEN 'incident_event' THEN
    WITH d AS (DELETE FROM np.incident_event e USING (
        SELECT o.incident_id, o.number FROM np.incident_event o WHERE o.at < keep_from AND NOT EXISTS (
          SELECT FROM np.incident i WHERE i.id = o.incident_id AND coalesce(i.closed_at, 'infinity') >= keep_from)
         ORDER BY o.at LIMIT batch) x
       WHERE e.incident_id = x.incident_id AND e.number = x.number RETURNING 1)
    SELECT count(*), count(*) INTO looked, gone FROM d;

  -- With its attempts and the use of its link. What it speaks for goes first.
  WHEN 'notice' THEN
    WITH d AS (DELETE FROM np.notice WHERE id IN (
        SELECT n.id FROM np.notice n WHERE n.created_at < keep_from AND n.state NOT IN ('pending', 'uncertain')
           AND (n.state <> 'digested' OR n.done_at IS NOT NULL)
           AND NOT EXISTS (SELECT FROM np.notice t WHERE t.told_by = n.id)
           AND NOT EXISTS (SELECT FROM np.incident i WHERE i.id = n.incident_id
                              AND coalesce(i.closed_at, 'infinity') >= keep_from)
         ORDER BY n.created_at LIMIT batch) RETURNING id, key),
    a AS (DELETE FROM np.notice_attempt a USING d WHERE a.notice_id = d.id),
    u AS (DELETE FROM np.ack_used u USING d WHERE u.notice_key = d.key)
    SELECT count(*), count(*) INTO looked, gone FROM d;

  WHEN 'drill_run' THEN -- the newest of a region stays: it says how the region is
    WITH d AS (DELETE FROM np.drill_run WHERE id IN (
        SELECT r.id FROM np.drill_run r WHERE r.started_at < keep_from AND r.finished_at IS NOT NULL
           AND EXISTS (SELECT FROM np.drill_run l WHERE l.region_id = r.region_id AND l.started_at > r.started_at)
         ORDER BY r.started_at LIMIT batch) RETURNING 1)
    SELECT count(*), count(*) INTO looked, gone FROM d;

  -- The last head of each hour stays: it proves what the others of that hour did.
  WHEN 'audit_signed' THEN
    WITH seen AS MATERIALIZED (
      SELECT s.org_id, s.seq, s.n, s.at FROM np.audit_signed s WHERE s.at > mark AND s.at < keep_from
       ORDER BY s.at FETCH FIRST batch ROWS WITH TIES),
    d AS (DELETE FROM np.audit_signed s USING seen o
           WHERE (s.org_id, s.seq, s.n, s.at) = (o.org_id, o.seq, o.n, o.at)
             AND (SELECT l.at FROM np.audit_signed l WHERE l.org_id = s.org_id AND l.seq > s.seq ORDER BY l.seq LIMIT 1)
                 < date_trunc('hour', s.at, 'UTC') + interval '1 hour' RETURNING 1)
    SELECT (SELECT count(*) FROM seen), (SELECT count(*) FROM d), (SELECT max(s.at) FROM seen s) INTO looked, gone, upto;
  ELSE
    RAISE EXCEPTION 'nothing is forgotten of that table';
  END CASE;
  IF upto IS NOT NULL THEN
    INSERT INTO np.forgotten AS f VALUES (what, upto) ON CONFLICT ON CONSTRAINT forgotten_pkey DO UPDATE SET until = excluded.until;
  END IF;
END $$;
REVOKE EXECUTE ON FUNCTION np.forget FROM PUBLIC;
GRANT EXECUTE ON FUNCTION np.forget TO np_historian;
