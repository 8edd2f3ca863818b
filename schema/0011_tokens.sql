-- SPDX-License-Identifier: Apache-2.0
-- API tokens that people make, see and revoke. Of the secret stays what it always was: its SHA-256,
-- which no API role may read; the first letters of the text are kept so that people recognise it.

ALTER TABLE np.api_token
  ADD COLUMN scopes smallint NOT NULL DEFAULT 15 CHECK (scopes BETWEEN 1 AND 15), -- bits, core/access.h
  ADD COLUMN prefix text NOT NULL DEFAULT '',
  ADD COLUMN created_by text NOT NULL DEFAULT '',
  ADD COLUMN revoked_by text NOT NULL DEFAULT '',
  ADD COLUMN last_used_at timestamptz;       -- to a minute

CREATE INDEX api_token_org ON np.api_token (org_id, created_at);
CREATE INDEX api_token_revoked ON np.api_token (id) WHERE revoked_at IS NOT NULL;

DROP FUNCTION np.who(bytea, boolean);
-- Who is it? The only way from a credential to an organisation, before a tenant is set.
CREATE FUNCTION np.who(credential_sha256 bytea, cookie boolean)
RETURNS TABLE (org_id bigint, token_id uuid, name text, role text, private_ok boolean, org_name text,
               scopes smallint, unnoted boolean)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = np, pg_catalog AS $$
  SELECT t.org_id, t.id, t.name, t.role, o.private_ok, o.name, t.scopes,
         t.last_used_at IS NULL OR t.last_used_at < now() - interval '60 s'
    FROM np.api_token t JOIN np.org o ON o.id = t.org_id
   WHERE t.revoked_at IS NULL AND (t.expires_at IS NULL OR t.expires_at > now())
     AND CASE WHEN cookie
         THEN t.id = (SELECT s.token_id FROM np.web_session s
                       WHERE s.cookie_sha256 = credential_sha256 AND s.expires_at > now())
         ELSE t.token_sha256 = credential_sha256 END
$$;

-- It was used just now. Whoever comes while another writes need not: once a minute is enough.
CREATE FUNCTION np.token_used(used uuid) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = np, pg_catalog AS $$
  UPDATE np.api_token SET last_used_at = now() WHERE id =
    (SELECT id FROM np.api_token WHERE id = used
      AND (last_used_at IS NULL OR last_used_at < now() - interval '60 s') FOR UPDATE SKIP LOCKED)
$$;

-- How many tokens were revoked, ever: it grows with every revocation that commits, so whoever sees
-- the same number again knows that nobody was sent away in between.
CREATE FUNCTION np.tokens_revoked() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = np, pg_catalog AS $$
  SELECT count(*) FROM np.api_token WHERE revoked_at IS NOT NULL
$$;

REVOKE EXECUTE ON FUNCTION np.who(bytea, boolean), np.token_used(uuid), np.tokens_revoked() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION np.who(bytea, boolean), np.token_used(uuid), np.tokens_revoked() TO np_web;
GRANT INSERT ON np.api_token TO np_web;
GRANT SELECT (id, org_id, name, role, scopes, prefix, created_at, created_by, expires_at, revoked_at,
              revoked_by, last_used_at) ON np.api_token TO np_web;
GRANT UPDATE (revoked_at, revoked_by) ON np.api_token TO np_web;
GRANT SELECT (token_id) ON np.web_session TO np_web;
