-- SPDX-License-Identifier: Apache-2.0
-- What others decide about a monitor: parents, quiet hours, regions that are not to be trusted.

ALTER TABLE np.incident
  ADD COLUMN severity text NOT NULL DEFAULT 'major' CHECK (severity IN ('minor', 'major', 'critical')),
  ADD COLUMN parent_incident uuid;           -- it was down already when this one opened

-- Which monitors are somebody's parent: read every second.
CREATE INDEX monitor_parent ON np.monitor ((definition ->> 'parent'))
  WHERE definition ->> 'parent' IS NOT NULL AND deleted_at IS NULL;

-- A child's first failure asks for a check of its parent, the way people do.
GRANT INSERT ON np.inbox TO np_engine;

-- What each owner of a shard counts for each region; never a decision.
CREATE TABLE np.region_tally (
  shard      smallint NOT NULL,
  region_id  integer NOT NULL,
  at         timestamptz NOT NULL,
  checked    integer NOT NULL,               -- monitors it checked within a minute
  odd        integer NOT NULL,               -- of them: FAIL, while most of the others say OK
  PRIMARY KEY (shard, region_id)
);

-- Decided by the coordinator (the owner of shard 0) alone.
CREATE TABLE np.region_trust (
  region_id     integer PRIMARY KEY,
  org_id        bigint NOT NULL,
  suspect       boolean NOT NULL DEFAULT false,
  suspect_since timestamptz,
  silent        boolean NOT NULL DEFAULT false,
  silent_since  timestamptz,
  episode       integer NOT NULL DEFAULT 0   -- counts what was told
);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['region_trust'] LOOP
    EXECUTE format('ALTER TABLE np.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE np.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON np.%I TO np_web USING (org_id = np.tenant()) WITH CHECK (org_id = np.tenant())', t);
    EXECUTE format('CREATE POLICY service ON np.%I TO np_engine, np_historian, np_alerter USING (true) WITH CHECK (true)', t);
    EXECUTE format('CREATE POLICY owner ON np.%I TO %I USING (true) WITH CHECK (true)', t, current_user);
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON np.region_tally, np.region_trust TO np_engine;
GRANT SELECT ON np.region_trust TO np_web, np_alerter, np_historian;
