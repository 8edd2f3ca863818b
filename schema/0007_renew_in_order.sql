-- SPDX-License-Identifier: Apache-2.0
-- Renewing a lease locked the shard rows in whatever order they lay, a commit's fence by
-- number: now and then each waited for the other until the server saw it, a second later.
-- Renewals need not wait for the disk either, while commits wait for their rows: a lease that
-- a crash of the server forgets only ends earlier.
CREATE OR REPLACE FUNCTION np.shard_renew(engine text, shards smallint[], tokens bigint[], lease interval)
RETURNS SETOF smallint LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('synchronous_commit', 'off', true);
  PERFORM 1 FROM np.shard s WHERE s.id = ANY (shards) ORDER BY s.id FOR UPDATE;
  RETURN QUERY UPDATE np.shard s SET lease_until = clock_timestamp() + lease
    FROM unnest(shards, tokens) AS t(id, token)
   WHERE s.id = t.id AND s.token = t.token AND s.owner = engine
  RETURNING s.id;
END $$;
