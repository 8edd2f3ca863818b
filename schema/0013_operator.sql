-- SPDX-License-Identifier: Apache-2.0
-- Whose NetPulse it is, said and not guessed: the organisation that reads the auditor's findings,
-- has the operator's incidents, and lends its leave to the outgoing heartbeat.

ALTER TABLE np.org ADD COLUMN operator boolean NOT NULL DEFAULT false;
CREATE UNIQUE INDEX org_one_operator ON np.org (operator) WHERE operator;
UPDATE np.org SET operator = true WHERE id = (SELECT min(id) FROM np.org);

CREATE OR REPLACE FUNCTION np.operator_org() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = np, pg_catalog AS $$ SELECT id FROM np.org WHERE operator $$;

-- For the owner of the database alone. Open incidents of the operator stay where they are.
CREATE FUNCTION np.operator_org_set(org_uuid uuid) RETURNS void LANGUAGE plpgsql
SET search_path = np, pg_catalog AS $$
DECLARE
  old np.org%ROWTYPE;
  new np.org%ROWTYPE;
BEGIN
  SELECT * INTO old FROM np.org WHERE operator FOR UPDATE;
  SELECT * INTO new FROM np.org WHERE uuid = org_uuid FOR UPDATE;
  IF new.id IS NULL THEN
    RAISE EXCEPTION 'there is no organisation %', org_uuid;
  END IF;
  UPDATE np.org SET operator = false WHERE operator;
  UPDATE np.org SET operator = true WHERE id = new.id;
  INSERT INTO np.audit (org_id, actor, origin, act, subject, before, after)
  SELECT o, session_user, 'database', 'operator.set', new.uuid::text,
         to_jsonb(old.uuid), to_jsonb(new.uuid)
    FROM (VALUES (old.id), (new.id)) v(o) WHERE o IS NOT NULL GROUP BY o;
END $$;
REVOKE EXECUTE ON FUNCTION np.operator_org_set FROM PUBLIC;
