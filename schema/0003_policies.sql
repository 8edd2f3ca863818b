-- SPDX-License-Identifier: Apache-2.0
-- Maintenance, policies, and the words of people around incidents.
--
-- All of it is written by the API. The engine reads np.maintenance and knows nothing of policies:
-- they only make definitions.

CREATE TABLE np.maintenance (
  id          uuid PRIMARY KEY,
  org_id      bigint NOT NULL,
  title       text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
  note        text NOT NULL DEFAULT '' CHECK (length(note) <= 4000),
  definition  jsonb NOT NULL,                -- core/window.h: zone, start, duration_s, rrule, exdates, ended
  scope       jsonb NOT NULL,                -- {"all": true}, or {"monitors": [uuid], "tags": [text]}
  late        boolean NOT NULL DEFAULT false, -- entered after it had begun
  created_by  text NOT NULL,
  created_at  timestamptz NOT NULL DEFAULT now(),
  deleted_at  timestamptz,
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX maintenance_org ON np.maintenance (org_id) WHERE deleted_at IS NULL;
CREATE INDEX maintenance_changed ON np.maintenance (changed_xid);

-- Defaults for definitions: of the organisation, of a tag, or named by monitors.
CREATE TABLE np.policy (
  id          uuid PRIMARY KEY,
  org_id      bigint NOT NULL,
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  scope       text NOT NULL CHECK (scope IN ('organisation', 'tag', 'named')),
  tag         text CHECK ((scope = 'tag') = (tag IS NOT NULL)),
  priority    integer NOT NULL DEFAULT 0,    -- of two policies of tags the higher one wins
  rules       jsonb NOT NULL,                -- core/policy.h
  version     integer NOT NULL DEFAULT 1,
  created_at  timestamptz NOT NULL DEFAULT now(),
  changed_at  timestamptz NOT NULL DEFAULT now(),
  deleted_at  timestamptz
);
CREATE UNIQUE INDEX policy_of_org ON np.policy (org_id) WHERE scope = 'organisation' AND deleted_at IS NULL;
CREATE UNIQUE INDEX policy_of_tag ON np.policy (org_id, tag) WHERE scope = 'tag' AND deleted_at IS NULL;
CREATE UNIQUE INDEX policy_name ON np.policy (org_id, name) WHERE deleted_at IS NULL;

-- What a person wrote; the definition is that over policies over defaults. Of monitors that are
-- there already, what differs from the defaults counts as written.
ALTER TABLE np.monitor ADD COLUMN given jsonb;
UPDATE np.monitor m SET given = (
  SELECT coalesce(jsonb_object_agg(e.key, e.value), '{}')
    FROM jsonb_each(m.definition) e
   WHERE e.value IS DISTINCT FROM
         ('{"interval_s": 60, "retries": 2, "retry_interval_s": 5, "fail_after": 2, "recover_after": 2,'
          ' "confirm_s": 10, "recover_s": 20, "quorum": "majority", "severity": "major", "reminder_s": 3600,'
          ' "escalation": [], "options": {}, "assertions": [], "tags": [], "paused": false}'::jsonb -> e.key)
     AND NOT (e.key = 'timeout_s' AND e.value =
              to_jsonb(least(10, (m.definition ->> 'interval_s')::numeric * 0.8))));
ALTER TABLE np.monitor ALTER COLUMN given SET NOT NULL;
ALTER TABLE np.monitor ALTER COLUMN given SET DEFAULT '{}';
CREATE INDEX monitor_policy ON np.monitor ((given ->> 'policy'))
  WHERE given ->> 'policy' IS NOT NULL AND deleted_at IS NULL;

-- Incidents that people open. They have no monitor, and no owner of a shard knows them.
ALTER TABLE np.incident
  ADD COLUMN kind text NOT NULL DEFAULT 'machine' CHECK (kind IN ('machine', 'manual')),
  ALTER COLUMN monitor_id DROP NOT NULL,
  ALTER COLUMN monitor_uuid DROP NOT NULL,
  ALTER COLUMN shard DROP NOT NULL,
  ADD CONSTRAINT incident_has_monitor CHECK (CASE kind
    WHEN 'machine' THEN monitor_id IS NOT NULL AND monitor_uuid IS NOT NULL AND shard IS NOT NULL
    ELSE monitor_id IS NULL AND monitor_uuid IS NULL AND shard IS NULL END);

-- What people say about an incident as a whole; made when they first do.
CREATE TABLE np.incident_page (
  incident_id  uuid PRIMARY KEY,
  org_id       bigint NOT NULL,
  title        text NOT NULL DEFAULT '' CHECK (length(title) <= 200),
  phase        text CHECK (phase IN ('investigating', 'identified', 'monitoring', 'resolved')),
  severity     text CHECK (severity IN ('minor', 'major', 'critical')), -- NULL: the incident's own
  assignee     text CHECK (length(assignee) BETWEEN 1 AND 100),
  merged_into  uuid,
  published_at timestamptz,                  -- NULL: not published
  post_mortem  text NOT NULL DEFAULT '' CHECK (length(post_mortem) <= 100000),
  affects      jsonb NOT NULL DEFAULT '[]',  -- of manual ones: monitors, as ids
  channels     jsonb,                        -- of manual ones: who hears; NULL: every channel
  told         integer NOT NULL DEFAULT 0,   -- of manual ones: number of the newest notice's event
  created_at   timestamptz NOT NULL DEFAULT now(),
  changed_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX incident_page_merged ON np.incident_page (merged_into) WHERE merged_into IS NOT NULL;
CREATE INDEX incident_page_published ON np.incident_page (org_id, published_at) WHERE published_at IS NOT NULL;

-- What people said and did, never changed.
CREATE TABLE np.incident_update (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  incident_id uuid NOT NULL,
  org_id      bigint NOT NULL,
  at          timestamptz NOT NULL DEFAULT clock_timestamp(),
  kind        text NOT NULL,                 -- note, update, phase, severity, assign, merge, …
  actor       text NOT NULL,
  origin      text NOT NULL,                 -- api, cli, dashboard
  reason      text NOT NULL DEFAULT '' CHECK (length(reason) <= 4000),
  public      boolean NOT NULL DEFAULT false, -- shown where the incident is published
  before      jsonb,
  after       jsonb
);
CREATE INDEX incident_update_incident ON np.incident_update (incident_id, id);

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['maintenance', 'policy', 'incident_page', 'incident_update'] LOOP
    EXECUTE format('ALTER TABLE np.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE np.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON np.%I TO np_web USING (org_id = np.tenant()) WITH CHECK (org_id = np.tenant())', t);
    EXECUTE format('CREATE POLICY owner ON np.%I TO %I USING (true) WITH CHECK (true)', t, current_user);
  END LOOP;
END $$;
CREATE POLICY service ON np.maintenance TO np_engine USING (true);
-- Facts of the machine stay the engine's: people write only incidents of their own.
CREATE POLICY manual_insert ON np.incident AS RESTRICTIVE FOR INSERT TO np_web WITH CHECK (kind = 'manual');
CREATE POLICY manual_update ON np.incident AS RESTRICTIVE FOR UPDATE TO np_web USING (kind = 'manual') WITH CHECK (kind = 'manual');

GRANT SELECT ON np.maintenance TO np_engine;
GRANT SELECT, INSERT, UPDATE ON np.maintenance, np.policy, np.incident_page TO np_web;
GRANT SELECT, INSERT ON np.incident_update TO np_web;
GRANT INSERT ON np.incident TO np_web;
GRANT UPDATE (state, severity, acknowledged_at, acknowledged_by, closed_at, close_reason, why) ON np.incident TO np_web;
