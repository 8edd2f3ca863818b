-- SPDX-License-Identifier: Apache-2.0
-- Which engines live: each says so with its leases, and from their number takes its fair share of the shards.

CREATE UNLOGGED TABLE np.engine (
  owner   text PRIMARY KEY,                  -- as in np.shard.owner
  seen_at timestamptz NOT NULL
);
GRANT SELECT, INSERT, UPDATE, DELETE ON np.engine TO np_engine;
