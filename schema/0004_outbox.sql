-- SPDX-License-Identifier: Apache-2.0
-- Outbox: digests of a storm, one notice that speaks for others, on-call channels, and links
-- that acknowledge.

ALTER TABLE np.notice
  ADD COLUMN via     uuid,    -- a rota's notice: the member's channel that it goes to
  ADD COLUMN storm   boolean, -- NULL: not looked at; true: waits for its channel's digest
  ADD COLUMN told_by bigint;  -- digested, superseded: the notice that speaks for this one
ALTER TABLE np.notice DROP CONSTRAINT notice_state_check;
ALTER TABLE np.notice ADD CONSTRAINT notice_state_check
  CHECK (state IN ('pending', 'held', 'sent', 'uncertain', 'dead', 'superseded', 'digested'));

-- A digested notice blocks the next of its subject until the digest is through.
DROP INDEX np.notice_fifo;
CREATE INDEX notice_fifo ON np.notice (subject, channel_id, id)
  WHERE state IN ('pending', 'uncertain') OR (state = 'digested' AND done_at IS NULL);
CREATE INDEX notice_told_by ON np.notice (told_by) WHERE told_by IS NOT NULL;

-- The alerter writes how a notice fares, never what it says or whom it concerns.
REVOKE UPDATE ON np.notice FROM np_alerter;
GRANT UPDATE (state, next_at, lease_until, leased_by, attempts, done_at, via, storm, told_by)
  ON np.notice TO np_alerter;

-- All that is secret of a channel is one JSON object; until now it was the key of webhooks alone.
UPDATE np.channel SET secret = convert_to(jsonb_build_object('secret', convert_from(secret, 'UTF8'))::text, 'UTF8')
 WHERE secret IS NOT NULL;
COMMENT ON COLUMN np.channel.secret IS 'JSON object of the fields that are secret';

-- A link in a notice acknowledges once.
CREATE TABLE np.ack_used (
  notice_key uuid PRIMARY KEY,
  org_id     bigint NOT NULL,
  inbox_id   uuid NOT NULL,
  at         timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE np.ack_used ENABLE ROW LEVEL SECURITY;
ALTER TABLE np.ack_used FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON np.ack_used TO np_web USING (org_id = np.tenant()) WITH CHECK (org_id = np.tenant());
GRANT SELECT, INSERT ON np.ack_used TO np_web;
