-- SPDX-License-Identifier: Apache-2.0
-- The audit chain, and the log repacked.
--
-- Whoever acts inserts an audit row in its own transaction; the sealer (np_historian) links
-- it a moment later, once; after that nobody changes it. Log rows that neither an engine nor
-- the historian reads again move into np.log_packed, many to a row.

ALTER TABLE np.audit ADD COLUMN sealed_at timestamptz;

-- How far each chain reaches: what the next link hangs on. The sealer's alone.
CREATE TABLE np.audit_head (
  org_id     bigint PRIMARY KEY,
  seq        bigint NOT NULL,
  hash       bytea NOT NULL,
  signed_seq bigint NOT NULL DEFAULT 0       -- the newest signed head names this link
);

-- Copies of the lines in the heads file, for proofs that leave the house.
CREATE TABLE np.audit_signed (
  org_id bigint NOT NULL,
  seq    bigint NOT NULL,
  n      bigint NOT NULL,                    -- number of the line
  at     timestamptz NOT NULL,
  line   text NOT NULL,
  PRIMARY KEY (org_id, seq, n, at)
);

-- A row is written once, unsealed; sealed once; and never again touched.
CREATE FUNCTION np.audit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF OLD.seq IS NULL AND NEW.seq > 0 AND length(NEW.hash) = 32 AND length(NEW.prev_hash) = 32
       AND NEW.sealed_at IS NOT NULL
       AND (NEW.id, NEW.org_id, NEW.at, NEW.actor, NEW.origin, NEW.act, NEW.subject, NEW.before, NEW.after)
           IS NOT DISTINCT FROM
           (OLD.id, OLD.org_id, OLD.at, OLD.actor, OLD.origin, OLD.act, OLD.subject, OLD.before, OLD.after)
    THEN
      RETURN NEW;
    END IF;
  END IF;
  RAISE EXCEPTION 'audit rows are written once, sealed once and never changed' USING ERRCODE = 'NP004';
END $$;
CREATE TRIGGER audit_new BEFORE INSERT ON np.audit FOR EACH ROW
  WHEN (NEW.seq IS NOT NULL OR NEW.prev_hash IS NOT NULL OR NEW.hash IS NOT NULL OR NEW.sealed_at IS NOT NULL)
  EXECUTE FUNCTION np.audit_guard();
CREATE TRIGGER audit_change BEFORE UPDATE OR DELETE ON np.audit FOR EACH ROW EXECUTE FUNCTION np.audit_guard();
CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON np.audit FOR EACH STATEMENT EXECUTE FUNCTION np.audit_guard();

REVOKE UPDATE ON np.audit FROM np_historian;
GRANT UPDATE (seq, prev_hash, hash, sealed_at) ON np.audit TO np_historian;

CREATE INDEX audit_subject ON np.audit (org_id, subject, id);

-- A gateway saw the renewed certificate in use: an act like any other.
CREATE OR REPLACE FUNCTION np.serial_used(checker_no bigint, used_serial text) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = np, pg_catalog AS $$
  WITH old AS (
    SELECT id, serial FROM np.checker WHERE id = checker_no AND next_serial = used_serial FOR UPDATE
  ), used AS (
    UPDATE np.checker c SET serial = c.next_serial, not_after = c.next_not_after,
           next_serial = NULL, next_not_after = NULL, changed_xid = pg_current_xact_id()
      FROM old WHERE c.id = old.id AND c.next_serial = used_serial
    RETURNING c.org_id, c.uuid, old.serial AS before, c.serial AS after
  )
  INSERT INTO np.audit (org_id, actor, origin, act, subject, before, after)
  SELECT org_id, 'gateway', 'gateway', 'checker.serial_used', uuid::text,
         jsonb_build_object('serial', before), jsonb_build_object('serial', after) FROM used
$$;

----------------------------------------------------------------------------------------
-- The log, repacked: wire/logpack.h. Never across a UTC day, so that days are dropped whole.

CREATE TABLE np.log_packed (
  shard    smallint NOT NULL,
  from_pos bigint NOT NULL,
  to_pos   bigint NOT NULL,                  -- every position between is in it
  at       timestamptz NOT NULL,             -- of the first row
  to_at    timestamptz NOT NULL,             -- of the last
  items    integer NOT NULL,
  packed   bytea NOT NULL,
  PRIMARY KEY (shard, from_pos, at)
) PARTITION BY RANGE (at);
ALTER TABLE np.log_packed ALTER COLUMN packed SET STORAGE EXTERNAL; -- compressed already

ALTER TABLE np.historian_cursor
  ADD COLUMN packed_pos bigint NOT NULL DEFAULT 0,
  ADD COLUMN packed_at  timestamptz NOT NULL DEFAULT '-infinity';

CREATE OR REPLACE FUNCTION np.make_partitions(from_day date, to_day date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = np, pg_catalog AS $$
DECLARE
  t text; d date; made integer := 0; child text;
BEGIN
  IF to_day - from_day > 60 THEN
    RAISE EXCEPTION 'more than 60 days of partitions at once';
  END IF;
  PERFORM pg_advisory_xact_lock(7310);
  FOREACH t IN ARRAY ARRAY['log', 'log_packed', 'chunk', 'rollup_5m', 'rollup_1h'] LOOP
    FOR d IN SELECT generate_series(from_day, to_day, interval '1 day')::date LOOP
      child := format('%s_%s', t, to_char(d, 'YYYYMMDD'));
      IF to_regclass('np.' || child) IS NULL THEN
        EXECUTE format('CREATE TABLE np.%I PARTITION OF np.%I FOR VALUES FROM (%L) TO (%L)', child, t,
                       d::timestamp AT TIME ZONE 'UTC', (d + 1)::timestamp AT TIME ZONE 'UTC');
        IF t = 'log' THEN
          PERFORM np.tune_log(child);
        END IF;
        made := made + 1;
      END IF;
    END LOOP;
  END LOOP;
  RETURN made;
END $$;

-- A day of the log loses its rows all day long: vacuum often, so that their room is used again
-- and what is empty at the end is given back.
CREATE FUNCTION np.tune_log(child text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE format('ALTER TABLE np.%I SET (autovacuum_vacuum_scale_factor = 0.05,'
                 ' autovacuum_vacuum_threshold = 500, autovacuum_vacuum_insert_scale_factor = 1,'
                 ' autovacuum_analyze_scale_factor = 1,'
                 ' toast.autovacuum_vacuum_scale_factor = 0.05,'
                 ' toast.autovacuum_vacuum_threshold = 500)', child);
END $$;
SELECT np.tune_log(c.relname) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
 WHERE i.inhparent = 'np.log'::regclass;

-- Whole days before `keep_from`. A day of the log goes only when every shard has a later
-- snapshot; with it go the snapshots that were kept to fold from.
CREATE OR REPLACE FUNCTION np.drop_partitions(what text, keep_from date) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = np, pg_catalog AS $$
DECLARE
  child record; dropped integer := 0; d date;
BEGIN
  IF what NOT IN ('log', 'log_packed', 'chunk', 'rollup_5m', 'rollup_1h') THEN
    RAISE EXCEPTION 'no such partitioned table';
  END IF;
  PERFORM pg_advisory_xact_lock(7310);
  FOR child IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
                WHERE i.inhparent = ('np.' || what)::regclass LOOP
    d := to_date(right(child.relname, 8), 'YYYYMMDD');
    IF d < keep_from AND (what NOT IN ('log', 'log_packed') OR NOT EXISTS (
         SELECT FROM np.shard s WHERE s.pos > 0 AND NOT EXISTS (
           SELECT FROM np.snapshot n WHERE n.shard = s.id AND n.at >= (d + 1)::timestamp AT TIME ZONE 'UTC')))
    THEN
      EXECUTE format('DROP TABLE np.%I', child.relname);
      dropped := dropped + 1;
    END IF;
  END LOOP;
  IF what = 'log' THEN
    DELETE FROM np.snapshot s WHERE s.at < keep_from::timestamp AT TIME ZONE 'UTC'
       AND s.pos < (SELECT n.pos FROM np.snapshot n WHERE n.shard = s.shard ORDER BY n.pos DESC OFFSET 1 LIMIT 1);
  END IF;
  RETURN dropped;
END $$;
-- Every day of the log that there is can be packed.
SELECT np.make_partitions(least(min(to_date(right(c.relname, 8), 'YYYYMMDD')), (now() AT TIME ZONE 'UTC')::date - 1),
                          (now() AT TIME ZONE 'UTC')::date + 7)
  FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'np.log'::regclass;

----------------------------------------------------------------------------------------

DO $$
DECLARE t text;
BEGIN
  FOREACH t IN ARRAY ARRAY['audit_head', 'audit_signed'] LOOP
    EXECUTE format('ALTER TABLE np.%I ENABLE ROW LEVEL SECURITY', t);
    EXECUTE format('ALTER TABLE np.%I FORCE ROW LEVEL SECURITY', t);
    EXECUTE format('CREATE POLICY tenant ON np.%I TO np_web USING (org_id = np.tenant())', t);
    EXECUTE format('CREATE POLICY service ON np.%I TO np_historian USING (true) WITH CHECK (true)', t);
    EXECUTE format('CREATE POLICY owner ON np.%I TO %I USING (true) WITH CHECK (true)', t, current_user);
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON np.audit_head TO np_historian;
GRANT SELECT, INSERT ON np.audit_signed TO np_historian;
GRANT SELECT ON np.audit_head, np.audit_signed TO np_web;
GRANT SELECT, INSERT ON np.log_packed TO np_historian;
GRANT DELETE ON np.log TO np_historian;
REVOKE EXECUTE ON FUNCTION np.audit_guard(), np.tune_log(text) FROM PUBLIC;
