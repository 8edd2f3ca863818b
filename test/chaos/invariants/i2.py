# SPDX-License-Identifier: Apache-2.0
"""I2: numbers follow one another from 1 to the cursor; no snapshot stands ahead of its shard."""


def check(w):
    for (checker, epoch, shard), batches in w.history.streams().items():
        at = 0
        for b in batches:
            if b.first > at + 1:
                yield f"checker {checker} epoch {epoch} shard {shard}: nothing between {at} and {b.first}"
            at = max(at, b.last)
    for row in w.sql("SELECT n.shard, n.pos, s.pos FROM np.snapshot n JOIN np.shard s ON s.id = n.shard"
                     " WHERE n.pos > s.pos").splitlines():
        yield f"snapshot ahead of its shard: {row}"
    for row in w.sql("SELECT s.id, s.pos, count(l.pos), max(l.pos) FROM np.shard s LEFT JOIN np.log l"
                     " ON l.shard = s.id GROUP BY s.id, s.pos HAVING s.pos <> coalesce(max(l.pos), 0)").splitlines():
        yield f"position and log differ (shard|position|rows|newest row): {row}"
