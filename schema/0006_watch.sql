-- SPDX-License-Identifier: Apache-2.0
-- The watcher watched: what the auditor finds, drills, the outgoing heartbeat.

-- What the auditor (a duty of one historian) found wrong with NetPulse itself. One row an episode.
CREATE TABLE np.finding (
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind       text NOT NULL,                  -- incident_no_timer, shard_unowned, … : doc/operations.md
  subject    text NOT NULL,                  -- which one: an incident, a shard, a region
  severity   text NOT NULL CHECK (severity IN ('major', 'severe')),
  detail     text NOT NULL,                  -- one sentence
  since      timestamptz NOT NULL,           -- first seen
  seen_at    timestamptz NOT NULL,           -- last seen
  rounds     integer NOT NULL DEFAULT 1,     -- seen in so many rounds on end
  flaps      integer NOT NULL DEFAULT 0,     -- came back so often shortly after it was cleared
  told_at    timestamptz,                    -- NULL: not yet, it may be a moment only
  cleared_at timestamptz
);
CREATE UNIQUE INDEX finding_open ON np.finding (kind, subject) WHERE cleared_at IS NULL;
CREATE INDEX finding_cleared ON np.finding (cleared_at) WHERE cleared_at IS NOT NULL;

-- Findings are NetPulse's, not a tenant's: the organisation of the operator alone reads them.
CREATE FUNCTION np.operator_org() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = np, pg_catalog AS $$ SELECT min(id) FROM np.org $$;

-- One incident of the operator's collects them. It has no monitor.
ALTER TABLE np.incident DROP CONSTRAINT incident_kind_check;
ALTER TABLE np.incident ADD CONSTRAINT incident_kind_check CHECK (kind IN ('machine', 'manual', 'operator'));
CREATE UNIQUE INDEX incident_one_operator ON np.incident (org_id) WHERE kind = 'operator' AND closed_at IS NULL;
ALTER TABLE np.incident_event ALTER COLUMN monitor_id DROP NOT NULL;
CREATE INDEX incident_event_at ON np.incident_event (at);

----------------------------------------------------------------------------------------
-- Drills: per region a monitor that fails on purpose and has to reach a sink of our own.

ALTER TABLE np.channel ADD COLUMN drill boolean NOT NULL DEFAULT false; -- nobody's: the sink of a drill

CREATE TABLE np.drill (
  region_id    integer PRIMARY KEY,
  org_id       bigint NOT NULL,
  monitor_id   bigint NOT NULL,
  monitor_uuid uuid NOT NULL,
  channel_id   uuid NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE np.drill_run (
  id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  region_id   integer NOT NULL,
  org_id      bigint NOT NULL,
  started_by  text NOT NULL,                 -- who, or "schedule"
  limit_s     integer NOT NULL,              -- the sink has to hear within so long
  started_at  timestamptz NOT NULL DEFAULT clock_timestamp(), -- from here on the target fails
  checked_at  timestamptz,                   -- the first check that saw it
  opened_at   timestamptz,                   -- the incident was decided
  told_at     timestamptz,                   -- the sink heard; the target is well again
  resolved_at timestamptz,                   -- the sink heard of the end
  finished_at timestamptz,
  incident_id uuid,
  ok          boolean,
  why         text NOT NULL DEFAULT ''       -- why not
);
CREATE UNIQUE INDEX drill_run_one ON np.drill_run (region_id) WHERE finished_at IS NULL;
CREATE INDEX drill_run_region ON np.drill_run (region_id, started_at DESC);

-- The target fails from now on, and every region looks at once. NULL: a drill is under way, or
-- the region has none.
CREATE FUNCTION np.drill_start(region integer, who text, from_where text, seconds integer) RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
  d np.drill%ROWTYPE;
  run uuid;
BEGIN
  SELECT * INTO d FROM np.drill WHERE region_id = region;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  INSERT INTO np.drill_run (region_id, org_id, started_by, limit_s) VALUES (region, d.org_id, who, seconds)
    ON CONFLICT (region_id) WHERE finished_at IS NULL DO NOTHING RETURNING id INTO run;
  IF run IS NOT NULL THEN
    INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, origin, command)
      SELECT gen_random_uuid(), m.shard, m.org_id, m.id, who, from_where, 'check' FROM np.monitor m WHERE m.id = d.monitor_id;
    INSERT INTO np.audit (org_id, actor, origin, act, subject)
      SELECT d.org_id, who, from_where, 'drill.start', r.name FROM np.region r WHERE r.id = region;
  END IF;
  RETURN run;
END $$;

-- Regions that have a checker and no drill yet; for whoever makes the monitors.
CREATE FUNCTION np.drill_missing() RETURNS TABLE (org_id bigint, region_id integer, name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = np, pg_catalog AS $$
  SELECT r.org_id, r.id, r.name FROM np.region r
   WHERE NOT EXISTS (SELECT FROM np.drill d WHERE d.region_id = r.id)
     AND EXISTS (SELECT FROM np.checker c WHERE c.region_id = r.id AND c.state = 'active')
   ORDER BY r.id LIMIT 100
$$;

-- The channel is hidden from the API, which therefore makes it here. In the tenant's transaction.
CREATE FUNCTION np.drill_make(region integer, monitor uuid, channel uuid, title text, def jsonb, url text, sign_key text)
RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = np, pg_catalog AS $$
DECLARE
  org bigint := np.tenant();
  m np.monitor%ROWTYPE;
BEGIN
  PERFORM pg_advisory_xact_lock(7311, region);
  IF EXISTS (SELECT FROM np.drill d WHERE d.region_id = region)
     OR NOT EXISTS (SELECT FROM np.region r WHERE r.id = region AND r.org_id = org) THEN
    RETURN;
  END IF;
  INSERT INTO np.channel (id, org_id, kind, name, config, secret, drill)
    VALUES (channel, org, 'webhook', title, jsonb_build_object('url', url),
            convert_to(jsonb_build_object('secret', sign_key)::text, 'UTF8'), true);
  INSERT INTO np.monitor (uuid, org_id, name, kind, definition, given, region_ids, provenance)
    VALUES (monitor, org, title, 'http', def, def, ARRAY[region], 'drill') RETURNING * INTO m;
  INSERT INTO np.monitor_revision (monitor_id, revision, org_id, definition, region_ids, actor)
    VALUES (m.id, 1, org, def, m.region_ids, 'netpulse');
  INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, origin, command, body)
    VALUES (gen_random_uuid(), m.shard, org, m.id, 'netpulse', 'web', 'define', '{"revision": 1}');
  INSERT INTO np.audit (org_id, actor, origin, act, subject, after)
    VALUES (org, 'netpulse', 'web', 'monitor.create', monitor::text, def);
  INSERT INTO np.drill (region_id, org_id, monitor_id, monitor_uuid, channel_id)
    VALUES (region, org, m.id, monitor, channel);
END $$;

-- Does the target of this region fail now? The first time that somebody sees it is kept.
CREATE FUNCTION np.drill_ask(region integer) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = np, pg_catalog AS $$
BEGIN
  UPDATE np.drill_run SET checked_at = clock_timestamp()
   WHERE region_id = region AND finished_at IS NULL AND told_at IS NULL AND checked_at IS NULL;
  RETURN EXISTS (SELECT FROM np.drill_run WHERE region_id = region AND finished_at IS NULL AND told_at IS NULL);
END $$;

-- The sink was told; the first of each kind counts.
CREATE FUNCTION np.drill_heard(region integer, what text, moment timestamptz, incident uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = np, pg_catalog AS $$
DECLARE
  run np.drill_run%ROWTYPE;
  i np.incident%ROWTYPE;
BEGIN
  SELECT * INTO run FROM np.drill_run r WHERE r.region_id = region AND r.finished_at IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  SELECT n.* INTO i FROM np.incident n JOIN np.drill d ON d.monitor_id = n.monitor_id
   WHERE n.id = incident AND d.region_id = region AND n.decided_at >= run.started_at;
  IF NOT FOUND THEN                          -- of an older drill, or of a failure nobody wanted
    RETURN;
  END IF;
  IF what = 'opened' AND run.told_at IS NULL THEN
    UPDATE np.drill_run SET told_at = moment, opened_at = i.decided_at, incident_id = i.id WHERE id = run.id;
    INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, origin, command)
      VALUES (gen_random_uuid(), i.shard, i.org_id, i.monitor_id, 'drill', 'web', 'check');
  ELSIF what = 'resolved' AND run.told_at IS NOT NULL THEN
    UPDATE np.drill_run SET resolved_at = moment, finished_at = clock_timestamp(),
           ok = told_at <= started_at + make_interval(secs => limit_s),
           why = CASE WHEN told_at <= started_at + make_interval(secs => limit_s) THEN ''
                 ELSE 'the sink heard of it too late' END WHERE id = run.id;
  END IF;
END $$;

----------------------------------------------------------------------------------------
-- The heartbeat that the alerter sends to somebody else; one row an alerter.

CREATE TABLE np.heartbeat (
  name     text PRIMARY KEY,
  every_s  integer NOT NULL,
  tried_at timestamptz,                      -- last sent; nothing is sent while we are not well
  ok_at    timestamptz,                      -- last answered with 2xx
  well     boolean NOT NULL,
  why      text NOT NULL DEFAULT '',         -- why nothing was sent, or what was answered
  at       timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- For the open health endpoint: no names, no addresses.
CREATE FUNCTION np.heartbeat_state() RETURNS TABLE (every_s integer, ok_at timestamptz, well boolean, why text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = np, pg_catalog AS $$
  SELECT h.every_s, h.ok_at, h.well, h.why FROM np.heartbeat h
   WHERE h.at > clock_timestamp() - make_interval(secs => greatest(600, 3 * h.every_s)) ORDER BY h.ok_at DESC NULLS LAST LIMIT 1
$$;

----------------------------------------------------------------------------------------

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['drill', 'drill_run'] LOOP
    EXECUTE format('ALTER TABLE np.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE np.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON np.%I TO np_web USING (org_id = np.tenant()) WITH CHECK (org_id = np.tenant())', t);
    EXECUTE format('CREATE POLICY service ON np.%I TO np_historian USING (true) WITH CHECK (true)', t);
    EXECUTE format('CREATE POLICY owner ON np.%I TO %I USING (true) WITH CHECK (true)', t, current_user);
  END LOOP;
END $$;
ALTER TABLE np.finding ENABLE ROW LEVEL SECURITY;
ALTER TABLE np.finding FORCE ROW LEVEL SECURITY;
CREATE POLICY operator ON np.finding FOR SELECT TO np_web USING (np.tenant() = np.operator_org());
CREATE POLICY service ON np.finding TO np_historian, np_alerter USING (true) WITH CHECK (true);
DO $$ BEGIN EXECUTE format('CREATE POLICY owner ON np.finding TO %I USING (true) WITH CHECK (true)', current_user); END $$;

-- The auditor opens and closes the operator's incident, and nothing else of what the engine owns.
CREATE POLICY operator_insert ON np.incident AS RESTRICTIVE FOR INSERT TO np_historian WITH CHECK (kind = 'operator');
CREATE POLICY operator_update ON np.incident AS RESTRICTIVE FOR UPDATE TO np_historian USING (kind = 'operator') WITH CHECK (kind = 'operator');
CREATE POLICY operator_insert ON np.incident_event AS RESTRICTIVE FOR INSERT TO np_historian WITH CHECK (monitor_id IS NULL);
CREATE POLICY operator_insert ON np.notice AS RESTRICTIVE FOR INSERT TO np_historian WITH CHECK (monitor_id IS NULL);
CREATE POLICY drill_insert ON np.inbox AS RESTRICTIVE FOR INSERT TO np_historian WITH CHECK (command = 'check');
CREATE POLICY service ON np.incident_page TO np_historian USING (false) WITH CHECK (true);
-- Nobody hears a drill's channel but the drill.
CREATE POLICY drill_hidden ON np.channel AS RESTRICTIVE TO np_web USING (NOT drill) WITH CHECK (NOT drill);

GRANT SELECT, INSERT, UPDATE ON np.finding TO np_historian;
GRANT SELECT ON np.finding TO np_web, np_alerter;
GRANT DELETE ON np.finding TO np_historian;  -- long cleared ones
GRANT SELECT ON np.timer, np.incident_event, np.notice, np.notice_attempt, np.channel, np.inbox, np.checker,
  np.checker_seen, np.monitor_revision, np.heartbeat TO np_historian;
GRANT INSERT ON np.incident, np.incident_event, np.incident_page, np.notice, np.inbox, np.audit TO np_historian;
GRANT UPDATE (state, closed_at, close_reason, why) ON np.incident TO np_historian;
GRANT SELECT ON np.drill TO np_historian, np_web, np_engine;
GRANT SELECT, INSERT ON np.drill_run TO np_web;
GRANT SELECT, INSERT, UPDATE ON np.drill_run TO np_historian;
GRANT SELECT, INSERT, UPDATE ON np.heartbeat TO np_alerter;
GRANT SELECT ON np.shard, np.lease, np.checker_seen TO np_alerter; -- is the whole well?
REVOKE EXECUTE ON FUNCTION np.operator_org, np.drill_start, np.drill_missing, np.drill_make, np.drill_ask, np.drill_heard,
  np.heartbeat_state FROM PUBLIC;
GRANT EXECUTE ON FUNCTION np.operator_org TO np_web, np_historian;
GRANT EXECUTE ON FUNCTION np.drill_start TO np_web, np_historian;
GRANT EXECUTE ON FUNCTION np.drill_missing, np.drill_make, np.drill_ask, np.drill_heard, np.heartbeat_state TO np_web;
