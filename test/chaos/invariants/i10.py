# SPDX-License-Identifier: Apache-2.0
"""I10: chunks and roll-ups hold exactly the results that count, as far as history has read the log."""
from collections import Counter

FIVE_MINUTES = 300 * 1000 * 1000


def check(w):
    first, last = (int(x) for x in w.sql(
        "SELECT (extract(epoch FROM min(d)) * 1e6)::bigint, (extract(epoch FROM max(d) + interval '1 day') * 1e6)::bigint"
        " FROM (SELECT to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp AT TIME ZONE 'UTC' AS d FROM pg_inherits i"
        " JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'np.chunk'::regclass) x").split("|"))
    read = {int(a): int(b) for a, b in (row.split("|") for row in w.sql(
        "SELECT shard, pos FROM np.historian_cursor").splitlines())}
    seen, chunks, rolls = set(), Counter(), Counter()
    for b, _, monitor, slot, attempt, *_ in w.history.counted():
        key = (monitor, b.region, slot, attempt)
        if b.pos > read[b.shard] or key in seen or not first <= slot < last:
            continue  # it came twice, or there is no partition for its day
        seen.add(key)
        chunks[monitor, b.region] += 1
        rolls[monitor, slot - slot % FIVE_MINUTES] += 1
    w.note(f"I10 compared {len(seen)} results of {sum(1 for _ in w.history.counted())}")
    if not seen:
        yield "history has read nothing"
    kept = {(int(m), int(r)): int(n) for m, r, n in (row.split("|") for row in w.sql(
        "SELECT monitor_id, region_id, sum(n) FROM np.chunk GROUP BY 1, 2").splitlines())}
    for key in set(chunks) | set(kept):
        if chunks[key] != kept.get(key, 0):
            yield f"monitor {key[0]} region {key[1]}: {chunks[key]} results, {kept.get(key, 0)} in chunks"
    for tier, width in (("rollup_5m", FIVE_MINUTES), ("rollup_1h", 12 * FIVE_MINUTES)):
        want = Counter()
        for (monitor, at), n in rolls.items():
            want[monitor, at - at % width] += n
        got = {(int(m), int(at)): int(n) for m, at, n in (row.split("|") for row in w.sql(
            f"SELECT monitor_id, (extract(epoch FROM at) * 1e6)::bigint, ok + degraded + fail + unknown FROM np.{tier}")
            .splitlines())}
        for key in set(want) | set(got):
            if want[key] != got.get(key, 0):
                yield f"monitor {key[0]}: {want[key]} results, {got.get(key, 0)} in {tier}"
