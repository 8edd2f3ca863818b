-- SPDX-License-Identifier: Apache-2.0
-- The first schema: organisations, registry, monitors, the log and what folds out of it.
--
-- Who writes what: the API (np_web) writes definitions, channels, tokens and the inbox;
-- the owner of a shard (np_engine) alone writes state, timers, incidents, notices and the log;
-- the historian chunks and roll-ups; the alerter only the delivery columns of notices;
-- the ca the registry. Nobody bypasses row-level security. No foreign keys on the hot path.
-- Roles are created without a password: whoever installs sets one.

DO $$
DECLARE r text;
BEGIN
  FOREACH r IN ARRAY ARRAY['np_engine', 'np_gateway', 'np_historian', 'np_alerter', 'np_web', 'np_ca'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN
      EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE', r);
    END IF;
  END LOOP;
END $$;

CREATE SCHEMA np;
GRANT USAGE ON SCHEMA np TO np_engine, np_gateway, np_historian, np_alerter, np_web, np_ca;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;

-- The tenant of the running transaction; NULL outside one. A setting that was once set
-- reads back as '' and not as NULL.
CREATE FUNCTION np.tenant() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT nullif(current_setting('np.tenant', true), '')::bigint $$;

----------------------------------------------------------------------------------------
-- Organisations, regions, the registry of checkers

CREATE TABLE np.org (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  uuid        uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  private_ok  boolean NOT NULL DEFAULT false, -- may check and notify private and loopback addresses
  created_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE np.region (
  id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org_id      bigint NOT NULL,
  name        text NOT NULL UNIQUE CHECK (name ~ '^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$'),
  created_at  timestamptz NOT NULL DEFAULT now(),
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);

CREATE TABLE np.checker (
  id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- its number on the hot path
  uuid             uuid NOT NULL UNIQUE,
  org_id           bigint NOT NULL,
  region_id        integer NOT NULL,
  state            text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'draining', 'banned')),
  serial           text NOT NULL,          -- hex; the certificate in use
  not_after        timestamptz NOT NULL,
  next_serial      text,                   -- renewed, not yet seen at a gateway
  next_not_after   timestamptz,
  key_sha256       bytea NOT NULL,         -- of the enrolled public key (SPKI)
  enrolled_at      timestamptz NOT NULL DEFAULT now(),
  renewed_at       timestamptz,
  banned_at        timestamptz,
  ban_reason       text,
  changed_xid      xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX checker_changed ON np.checker (changed_xid);

-- What the coordinator last knew of a checker; rewritten every few seconds, never a decision.
CREATE TABLE np.checker_seen (
  checker_id  bigint PRIMARY KEY,
  org_id      bigint NOT NULL,
  region_id   integer NOT NULL,
  heard_at    timestamptz NOT NULL,
  connected   boolean NOT NULL,
  version     text NOT NULL DEFAULT '',
  skew_us     bigint NOT NULL DEFAULT 0,
  oldest_ms   integer NOT NULL DEFAULT 0,
  results     bigint NOT NULL DEFAULT 0,    -- folded since the coordinator started
  lag_p95_us  integer NOT NULL DEFAULT 0
);

CREATE TABLE np.join_token (
  token_sha256 bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
  org_id       bigint NOT NULL,
  region_id    integer NOT NULL,
  cidr         cidr,
  created_by   text NOT NULL,
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz NOT NULL,
  used_at      timestamptz,
  key_sha256   bytea,                       -- the key that consumed it may repeat
  checker_id   bigint
);

-- Who serves a region, numbered; a checker runs what the rendezvous hash over `members` gives it.
CREATE TABLE np.membership (
  region_id   integer NOT NULL,
  number      bigint NOT NULL,
  org_id      bigint NOT NULL,
  from_at     timestamptz NOT NULL,
  members     bigint[] NOT NULL,            -- checker numbers, ascending
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
  PRIMARY KEY (region_id, number)
);
CREATE INDEX membership_changed ON np.membership (changed_xid);

----------------------------------------------------------------------------------------
-- Shards, the log, snapshots

CREATE TABLE np.shard (
  id           smallint PRIMARY KEY,
  owner        text,                         -- id of the engine that holds the lease
  token        bigint NOT NULL DEFAULT 0,    -- raised by every take-over
  lease_until  timestamptz NOT NULL DEFAULT '-infinity',
  pos          bigint NOT NULL DEFAULT 0,    -- position of the newest log row
  registry_gen bigint NOT NULL DEFAULT 0     -- raised by every ban
);
INSERT INTO np.shard (id) SELECT generate_series(0, 15);

CREATE TABLE np.log (
  shard   smallint NOT NULL,
  pos     bigint NOT NULL,
  at      timestamptz NOT NULL,
  items   integer NOT NULL,
  inputs  bytea NOT NULL,                    -- LogRow of proto/internal.proto
  PRIMARY KEY (shard, pos, at)
) PARTITION BY RANGE (at);

CREATE TABLE np.snapshot (
  shard   smallint NOT NULL,
  pos     bigint NOT NULL,                   -- state after this log row
  at      timestamptz NOT NULL,
  state   bytea NOT NULL,                    -- Snapshot of proto/internal.proto
  PRIMARY KEY (shard, pos)
);
ALTER TABLE np.snapshot ALTER COLUMN state SET COMPRESSION lz4;

CREATE TABLE np.rejected (                   -- items that were refused: evidence, no more
  checker_id  bigint NOT NULL,
  epoch       numeric(20) NOT NULL,
  shard       smallint NOT NULL,
  seq         bigint NOT NULL,
  org_id      bigint,
  at          timestamptz NOT NULL,
  reason      text NOT NULL,
  sha256      bytea NOT NULL,
  head        bytea NOT NULL,                -- first 64 bytes
  PRIMARY KEY (checker_id, epoch, shard, seq)
);

-- Fence of a commit: locks the shard rows in order and moves each from its old position to
-- the new one. Raises NP001 already there, NP002 fenced, NP003 registry changed.
CREATE FUNCTION np.fence(shards smallint[], tokens bigint[], froms bigint[], tos bigint[], gens bigint[])
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  i integer;
  s np.shard%ROWTYPE;
  there integer := 0;
BEGIN
  FOR i IN 1 .. array_length(shards, 1) LOOP
    SELECT * INTO s FROM np.shard WHERE id = shards[i] FOR UPDATE;
    IF NOT FOUND OR s.token <> tokens[i] THEN
      RAISE EXCEPTION 'shard % is owned by somebody else', shards[i] USING ERRCODE = 'NP002';
    ELSIF s.pos = tos[i] THEN
      there := there + 1;
    ELSIF s.pos <> froms[i] THEN
      RAISE EXCEPTION 'shard % is at %, not at %', shards[i], s.pos, froms[i] USING ERRCODE = 'NP002';
    ELSIF s.registry_gen <> gens[i] THEN
      RAISE EXCEPTION 'the registry changed' USING ERRCODE = 'NP003';
    ELSE
      UPDATE np.shard SET pos = tos[i] WHERE id = shards[i];
    END IF;
  END LOOP;
  IF there = array_length(shards, 1) THEN
    RAISE EXCEPTION 'already there' USING ERRCODE = 'NP001';
  ELSIF there > 0 THEN
    RAISE EXCEPTION 'half of the commit is there' USING ERRCODE = 'NP002';
  END IF;
END $$;

-- Take up to `want` shards whose lease ran out (or that are ours already); waits for the commit
-- in flight, since it updates the same rows. Returns every shard that `engine` holds now.
CREATE FUNCTION np.shard_take(engine text, want integer, lease interval)
RETURNS SETOF np.shard LANGUAGE plpgsql AS $$
BEGIN
  UPDATE np.shard s SET owner = engine, token = s.token + 1, lease_until = clock_timestamp() + lease
   WHERE s.id IN (SELECT f.id FROM np.shard f
                   WHERE f.lease_until < clock_timestamp() OR f.owner IS NULL
                   ORDER BY f.id LIMIT want FOR UPDATE);
  RETURN QUERY SELECT * FROM np.shard s WHERE s.owner = engine AND s.lease_until > clock_timestamp() ORDER BY s.id;
END $$;

-- Prolong the leases of the shards still held under these tokens; yields those.
CREATE FUNCTION np.shard_renew(engine text, shards smallint[], tokens bigint[], lease interval)
RETURNS SETOF smallint LANGUAGE sql AS $$
  UPDATE np.shard s SET lease_until = clock_timestamp() + lease
    FROM unnest(shards, tokens) AS t(id, token)
   WHERE s.id = t.id AND s.token = t.token AND s.owner = engine
  RETURNING s.id
$$;

----------------------------------------------------------------------------------------
-- Monitors

CREATE TABLE np.monitor (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- its number on the hot path
  uuid        uuid NOT NULL UNIQUE,
  org_id      bigint NOT NULL,
  shard       smallint NOT NULL GENERATED ALWAYS AS ((id % 16)::smallint) STORED,
  revision    integer NOT NULL DEFAULT 1,
  name        text NOT NULL,
  kind        text NOT NULL,
  definition  jsonb NOT NULL,               -- the API's monitor object, defaults filled in
  region_ids  integer[] NOT NULL,           -- of definition.regions, in order
  provenance  text NOT NULL DEFAULT 'live' CHECK (provenance IN ('live', 'drill', 'load', 'import', 'replay')),
  pinned      bigint,                       -- checker number; NULL: rendezvous hash
  created_at  timestamptz NOT NULL DEFAULT now(),
  deleted_at  timestamptz,
  changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
);
CREATE INDEX monitor_org ON np.monitor (org_id) WHERE deleted_at IS NULL;
CREATE INDEX monitor_shard ON np.monitor (shard) WHERE deleted_at IS NULL;
CREATE INDEX monitor_changed ON np.monitor (changed_xid);

CREATE TABLE np.monitor_revision (
  monitor_id  bigint NOT NULL,
  revision    integer NOT NULL,
  org_id      bigint NOT NULL,
  definition  jsonb NOT NULL,
  region_ids  integer[] NOT NULL,
  deleted     boolean NOT NULL DEFAULT false,
  actor       text NOT NULL,
  at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (monitor_id, revision)
);

CREATE TABLE np.monitor_state (              -- written by the owner of the shard only
  monitor_id  bigint PRIMARY KEY,
  org_id      bigint NOT NULL,
  shard       smallint NOT NULL,
  revision    integer NOT NULL,
  state       text NOT NULL,                 -- pending up suspect down recovering nodata paused
  since       timestamptz NOT NULL,
  partial     boolean NOT NULL DEFAULT false,
  degraded    boolean NOT NULL DEFAULT false,
  failing     smallint NOT NULL DEFAULT 0,
  assigned    smallint NOT NULL DEFAULT 0,
  why         text NOT NULL DEFAULT '',
  why_detail  jsonb NOT NULL DEFAULT '{}',   -- what the sentence was made of; core/why.h makes both
  core        bytea NOT NULL DEFAULT '',     -- core/monstate.h, encoded: "why" for any moment from now on
  incident_id uuid,
  pos         bigint NOT NULL DEFAULT 0
);

CREATE TABLE np.state_change (               -- history of states: "why" for past moments, uptime by time
  monitor_id  bigint NOT NULL,
  at          timestamptz NOT NULL,
  n           bigint NOT NULL,               -- log position, so that a repeat is the same row
  org_id      bigint NOT NULL,
  state       text NOT NULL,
  partial     boolean NOT NULL DEFAULT false,
  degraded    boolean NOT NULL DEFAULT false,
  why         text NOT NULL DEFAULT '',
  why_detail  jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (monitor_id, at, n)
);

CREATE TABLE np.timer (
  monitor_id  bigint NOT NULL,
  kind        smallint NOT NULL,             -- core/incident.h
  region_id   integer NOT NULL DEFAULT 0,    -- of a vote's end; else 0
  org_id      bigint NOT NULL,
  shard       smallint NOT NULL,
  due         timestamptz NOT NULL,
  generation  bigint NOT NULL,
  PRIMARY KEY (monitor_id, kind, region_id)
);

----------------------------------------------------------------------------------------
-- Incidents, commands, notices

CREATE TABLE np.incident (
  id              uuid PRIMARY KEY,          -- made from monitor, opening and position: a re-fold gives the same
  org_id          bigint NOT NULL,
  monitor_id      bigint NOT NULL,
  monitor_uuid    uuid NOT NULL,
  shard           smallint NOT NULL,
  provenance      text NOT NULL DEFAULT 'live',
  state           text NOT NULL CHECK (state IN ('open', 'acknowledged', 'resolved')),
  opened_at       timestamptz NOT NULL,      -- the failing attempt that completed the quorum
  decided_at      timestamptz NOT NULL,      -- when it was decided
  acknowledged_at timestamptz,
  acknowledged_by text,
  closed_at       timestamptz,
  close_reason    text,
  why             text NOT NULL,
  why_detail      jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX incident_org ON np.incident (org_id, opened_at DESC);
CREATE INDEX incident_monitor ON np.incident (monitor_id, opened_at DESC);
CREATE UNIQUE INDEX incident_one_open ON np.incident (monitor_id) WHERE closed_at IS NULL;

CREATE TABLE np.incident_event (
  incident_id uuid NOT NULL,
  number      integer NOT NULL,
  org_id      bigint NOT NULL,
  monitor_id  bigint NOT NULL,
  at          timestamptz NOT NULL,
  kind        text NOT NULL,                 -- opened acknowledged reminder recovering failing_again resolved note …
  actor       text NOT NULL,                 -- 'engine' or who
  origin      text NOT NULL DEFAULT '',      -- api, cli, engine
  reason      text NOT NULL DEFAULT '',
  detail      jsonb NOT NULL DEFAULT '{}',
  PRIMARY KEY (incident_id, number)
);

-- Commands of people to the owner of a shard. `outcome` is written by the owner in its commit.
CREATE TABLE np.inbox (
  id          uuid PRIMARY KEY,
  shard       smallint NOT NULL,
  org_id      bigint NOT NULL,
  monitor_id  bigint NOT NULL,
  actor       text NOT NULL,
  origin      text NOT NULL DEFAULT 'api',
  command     text NOT NULL,                 -- define, pause, unpause, acknowledge, resolve, check, note, …
  body        jsonb NOT NULL DEFAULT '{}',
  created_at  timestamptz NOT NULL DEFAULT now(),
  outcome     text CHECK (outcome IN ('applied', 'refused')),
  reason      text NOT NULL DEFAULT '',
  decided_at  timestamptz
);
CREATE INDEX inbox_open ON np.inbox (shard, created_at) WHERE outcome IS NULL;

CREATE TABLE np.channel (
  id          uuid PRIMARY KEY,
  org_id      bigint NOT NULL,
  kind        text NOT NULL,
  name        text NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
  config      jsonb NOT NULL,                -- url, to, …; never the secret
  secret      bytea,                         -- signing key of webhooks
  fallback_id uuid,
  created_at  timestamptz NOT NULL DEFAULT now(),
  deleted_at  timestamptz
);
CREATE INDEX channel_org ON np.channel (org_id) WHERE deleted_at IS NULL;

CREATE TABLE np.notice (
  id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  key         uuid NOT NULL DEFAULT gen_random_uuid(), -- Idempotency-Key: the same on every repeat
  org_id      bigint NOT NULL,
  subject     uuid NOT NULL,                 -- incident, or monitor/region with an episode number
  event       integer NOT NULL,
  kind        text NOT NULL,
  channel_id  uuid NOT NULL,
  monitor_id  bigint,
  incident_id uuid,
  body        jsonb NOT NULL,                -- what the message says; made by the engine
  state       text NOT NULL DEFAULT 'pending'
              CHECK (state IN ('pending', 'held', 'sent', 'uncertain', 'dead', 'superseded')),
  held_reason text NOT NULL DEFAULT '',
  created_at  timestamptz NOT NULL,
  next_at     timestamptz NOT NULL,          -- when it may be tried
  lease_until timestamptz NOT NULL DEFAULT '-infinity',
  leased_by   text,
  attempts    integer NOT NULL DEFAULT 0,
  done_at     timestamptz,
  UNIQUE (subject, event, kind, channel_id)
);
CREATE INDEX notice_due ON np.notice (next_at) WHERE state IN ('pending', 'uncertain');
CREATE INDEX notice_fifo ON np.notice (subject, channel_id, id) WHERE state IN ('pending', 'uncertain');
CREATE INDEX notice_channel ON np.notice (channel_id, created_at);

CREATE TABLE np.notice_attempt (
  notice_id   bigint NOT NULL,
  n           integer NOT NULL,
  org_id      bigint NOT NULL,
  at          timestamptz NOT NULL,
  duration_ms integer NOT NULL,
  outcome     text NOT NULL,                 -- sent, retry, uncertain, dead
  answer      text NOT NULL DEFAULT '',      -- "HTTP 503", "connection refused"
  answer_sha256 bytea,
  PRIMARY KEY (notice_id, n)
);

----------------------------------------------------------------------------------------
-- History

CREATE TABLE np.chunk (                      -- results of one monitor, one region, at most 10 minutes
  org_id     bigint NOT NULL,
  monitor_id bigint NOT NULL,
  region_id  integer NOT NULL,
  slot_at    timestamptz NOT NULL,           -- start of its 10 minutes
  n          integer NOT NULL,
  packed     bytea NOT NULL,                 -- historian/chunk.h
  pos        bigint NOT NULL,                -- newest log position in it
  PRIMARY KEY (monitor_id, slot_at, region_id)
) PARTITION BY RANGE (slot_at);

CREATE TABLE np.rollup_5m (
  org_id       bigint NOT NULL,
  monitor_id   bigint NOT NULL,
  at           timestamptz NOT NULL,
  ok integer NOT NULL, degraded integer NOT NULL, fail integer NOT NULL, unknown integer NOT NULL,
  up_s integer NOT NULL, degraded_s integer NOT NULL, down_s integer NOT NULL,
  unknown_s integer NOT NULL, excluded_s integer NOT NULL,
  hist         bytea NOT NULL,               -- per region: core/histogram.h
  PRIMARY KEY (monitor_id, at)
) PARTITION BY RANGE (at);
CREATE TABLE np.rollup_1h (LIKE np.rollup_5m INCLUDING ALL) PARTITION BY RANGE (at);
CREATE TABLE np.rollup_1d (LIKE np.rollup_5m INCLUDING ALL);

CREATE TABLE np.historian_cursor (
  shard smallint PRIMARY KEY,
  pos   bigint NOT NULL DEFAULT 0,
  at    timestamptz NOT NULL DEFAULT '-infinity'
);
INSERT INTO np.historian_cursor (shard) SELECT generate_series(0, 15);

CREATE TABLE np.lease (                      -- one holder of a singleton duty (sealer, partitions)
  name        text PRIMARY KEY,
  owner       text NOT NULL,
  lease_until timestamptz NOT NULL
);

-- Partitions by UTC day, made ahead, dropped whole; there is no DEFAULT partition.
CREATE FUNCTION np.make_partitions(from_day date, to_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = np, pg_catalog AS $$
DECLARE
  t text; d date; made integer := 0; child text;
BEGIN
  IF to_day - from_day > 60 THEN
    RAISE EXCEPTION 'more than 60 days of partitions at once';
  END IF;
  PERFORM pg_advisory_xact_lock(7310);
  FOREACH t IN ARRAY ARRAY['log', 'chunk', 'rollup_5m', 'rollup_1h'] LOOP
    FOR d IN SELECT generate_series(from_day, to_day, interval '1 day')::date LOOP
      child := format('%s_%s', t, to_char(d, 'YYYYMMDD'));
      IF to_regclass('np.' || child) IS NULL THEN
        EXECUTE format('CREATE TABLE np.%I PARTITION OF np.%I FOR VALUES FROM (%L) TO (%L)', child, t,
                       d::timestamp AT TIME ZONE 'UTC', (d + 1)::timestamp AT TIME ZONE 'UTC');
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

-- Drop whole days before `keep_from`. A day of the log goes only when every shard has a later snapshot.
CREATE FUNCTION np.drop_partitions(what text, keep_from date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = np, pg_catalog AS $$
DECLARE
  child record; dropped integer := 0; d date;
BEGIN
  IF what NOT IN ('log', 'chunk', 'rollup_5m', 'rollup_1h') THEN
    RAISE EXCEPTION 'no such partitioned table';
  END IF;
  PERFORM pg_advisory_xact_lock(7310);
  FOR child IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = ('np.' || what)::regclass LOOP
    d := to_date(right(child.relname, 8), 'YYYYMMDD');
    IF d < keep_from AND (what <> 'log' OR NOT EXISTS (
         SELECT FROM np.shard s WHERE s.pos > 0 AND NOT EXISTS (
           SELECT FROM np.snapshot n WHERE n.shard = s.id AND n.at >= (d + 1)::timestamp AT TIME ZONE 'UTC')))
    THEN
      EXECUTE format('DROP TABLE np.%I', child.relname);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  RETURN dropped;
END $$;
SELECT np.make_partitions((now() AT TIME ZONE 'UTC')::date - 1, (now() AT TIME ZONE 'UTC')::date + 7);

----------------------------------------------------------------------------------------
-- Audit, access

CREATE TABLE np.audit (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  org_id  bigint NOT NULL,
  at      timestamptz NOT NULL DEFAULT clock_timestamp(),
  actor   text NOT NULL,
  origin  text NOT NULL,
  act     text NOT NULL,                     -- monitor.create, incident.acknowledge, checker.ban, …
  subject text NOT NULL DEFAULT '',
  before  jsonb,
  after   jsonb,
  seq     bigint,                            -- place in the organisation's chain; NULL until sealed
  prev_hash bytea,
  hash    bytea
);
CREATE INDEX audit_unsealed ON np.audit (id) WHERE seq IS NULL;
CREATE UNIQUE INDEX audit_chain ON np.audit (org_id, seq) WHERE seq IS NOT NULL;

CREATE TABLE np.api_token (
  token_sha256 bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
  id           uuid NOT NULL UNIQUE,
  org_id       bigint NOT NULL,
  name         text NOT NULL,
  role         text NOT NULL CHECK (role IN ('owner', 'admin', 'editor', 'viewer')),
  created_at   timestamptz NOT NULL DEFAULT now(),
  expires_at   timestamptz,
  revoked_at   timestamptz
);

CREATE TABLE np.web_session (
  cookie_sha256 bytea PRIMARY KEY CHECK (length(cookie_sha256) = 32),
  org_id        bigint NOT NULL,
  token_id      uuid NOT NULL,
  created_at    timestamptz NOT NULL DEFAULT now(),
  expires_at    timestamptz NOT NULL
);

-- Who is it? The only way from a credential to an organisation, before a tenant is set.
CREATE FUNCTION np.who(credential_sha256 bytea, cookie boolean)
RETURNS TABLE (org_id bigint, token_id uuid, name text, role text, private_ok boolean, org_name text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = np, pg_catalog AS $$
  SELECT t.org_id, t.id, t.name, t.role, o.private_ok, o.name
    FROM np.api_token t JOIN np.org o ON o.id = t.org_id
   WHERE t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
     AND CASE WHEN cookie
         THEN t.id = (SELECT s.token_id FROM np.web_session s
                       WHERE s.cookie_sha256 = credential_sha256 AND s.expires_at > now())
         ELSE t.token_sha256 = credential_sha256 END
$$;

-- A ban: registry row, audit row and every shard's generation in one transaction, shards in order,
-- so that a commit built under the old generation is refused.
CREATE FUNCTION np.ban(checker_uuid uuid, who text, from_where text, why text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = np, pg_catalog AS $$
DECLARE
  c np.checker%ROWTYPE;
BEGIN
  PERFORM 1 FROM np.shard ORDER BY id FOR UPDATE;
  SELECT * INTO c FROM np.checker WHERE uuid = checker_uuid AND org_id = np.tenant() FOR UPDATE;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  IF c.state <> 'banned' THEN
    UPDATE np.checker SET state = 'banned', banned_at = clock_timestamp(), ban_reason = why,
           changed_xid = pg_current_xact_id() WHERE id = c.id;
    UPDATE np.shard SET registry_gen = registry_gen + 1;
    INSERT INTO np.audit (org_id, actor, origin, act, subject, before, after)
    VALUES (c.org_id, who, from_where, 'checker.ban', c.uuid::text,
            jsonb_build_object('state', c.state), jsonb_build_object('state', 'banned', 'reason', why));
  END IF;
  RETURN c.id;
END $$;

-- A gateway saw the renewed certificate in use: from now on only that one holds.
CREATE FUNCTION np.serial_used(checker_no bigint, used_serial text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = np, pg_catalog AS $$
  UPDATE np.checker SET serial = next_serial, not_after = next_not_after,
         next_serial = NULL, next_not_after = NULL, changed_xid = pg_current_xact_id()
   WHERE id = checker_no AND next_serial = used_serial
$$;

----------------------------------------------------------------------------------------
-- Row-level security: one tenant policy for the API, named ones for the services

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['org', 'region', 'checker', 'checker_seen', 'join_token', 'membership', 'monitor',
      'monitor_revision', 'monitor_state', 'state_change', 'timer', 'incident', 'incident_event', 'inbox',
      'channel', 'notice', 'notice_attempt', 'chunk', 'rollup_5m', 'rollup_1h', 'rollup_1d', 'audit',
      'api_token', 'web_session', 'rejected'] LOOP
    EXECUTE format('ALTER TABLE np.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE np.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON np.%I TO np_web USING (%I = np.tenant()) WITH CHECK (%I = np.tenant())',
                   t, CASE t WHEN 'org' THEN 'id' ELSE 'org_id' END, CASE t WHEN 'org' THEN 'id' ELSE 'org_id' END);
    EXECUTE format('CREATE POLICY service ON np.%I TO np_engine, np_historian, np_alerter, np_gateway, np_ca USING (true) WITH CHECK (true)', t);
    -- The owner runs migrations and the SECURITY DEFINER functions above.
    EXECUTE format('CREATE POLICY owner ON np.%I TO %I USING (true) WITH CHECK (true)', t, current_user);
  END LOOP;
END $$;

GRANT SELECT ON np.org, np.region, np.checker, np.membership, np.monitor TO np_gateway;
GRANT SELECT ON np.org, np.region, np.checker, np.membership, np.monitor, np.monitor_revision, np.channel TO np_engine;
GRANT SELECT, INSERT, UPDATE ON np.shard TO np_engine;
GRANT SELECT, INSERT ON np.log, np.rejected, np.state_change, np.audit, np.membership TO np_engine;
GRANT SELECT, INSERT, DELETE ON np.snapshot TO np_engine;
GRANT SELECT, INSERT, UPDATE, DELETE ON np.monitor_state, np.timer, np.checker_seen TO np_engine;
GRANT SELECT, INSERT, UPDATE ON np.incident, np.incident_event, np.notice TO np_engine;
GRANT SELECT, UPDATE ON np.inbox TO np_engine;
GRANT SELECT ON np.log, np.snapshot, np.shard, np.monitor, np.monitor_state, np.state_change, np.incident, np.region, np.org, np.rejected TO np_historian;
GRANT SELECT, INSERT, UPDATE, DELETE ON np.chunk, np.rollup_5m, np.rollup_1h, np.rollup_1d, np.historian_cursor, np.lease TO np_historian;
GRANT SELECT, UPDATE ON np.audit TO np_historian;
GRANT SELECT ON np.org, np.channel, np.monitor, np.incident TO np_alerter;
GRANT SELECT, UPDATE ON np.notice TO np_alerter;
GRANT SELECT, INSERT ON np.notice_attempt TO np_alerter;
GRANT INSERT ON np.notice TO np_alerter; -- the notice to the fallback channel of a dead one
GRANT SELECT ON np.org, np.region, np.checker, np.checker_seen, np.membership, np.monitor_state, np.state_change, np.timer,
  np.incident, np.incident_event, np.notice, np.notice_attempt, np.chunk, np.rollup_5m, np.rollup_1h, np.rollup_1d TO np_web;
GRANT SELECT, INSERT, UPDATE ON np.monitor, np.channel TO np_web;
GRANT SELECT, INSERT ON np.monitor_revision, np.inbox, np.audit, np.region, np.join_token TO np_web;
GRANT SELECT, INSERT, DELETE ON np.web_session TO np_web;
GRANT INSERT ON np.notice TO np_web;           -- "send test" of a channel
GRANT SELECT ON np.org, np.region TO np_ca;
GRANT SELECT, INSERT, UPDATE ON np.checker, np.join_token TO np_ca;
GRANT INSERT ON np.audit TO np_ca;
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA np FROM PUBLIC;
GRANT EXECUTE ON FUNCTION np.tenant() TO PUBLIC;
GRANT EXECUTE ON FUNCTION np.fence, np.shard_take, np.shard_renew, np.make_partitions TO np_engine;
GRANT EXECUTE ON FUNCTION np.make_partitions, np.drop_partitions TO np_historian;
GRANT EXECUTE ON FUNCTION np.who, np.ban TO np_web;
GRANT EXECUTE ON FUNCTION np.serial_used TO np_gateway;

-- The bootstrapped organisation: one operator's own installation may watch its own network.
INSERT INTO np.org (name, private_ok) VALUES ('default', true);
