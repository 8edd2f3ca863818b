# SPDX-License-Identifier: Apache-2.0
"""I4: no result counts from a checker that was not assigned at its slot."""
from bisect import bisect_right


def check(w):
    pinned, homes = {}, {}
    for row in w.sql("SELECT id, coalesce(pinned, 0), region_ids FROM np.monitor").splitlines():
        number, pin, regions = row.split("|")
        pinned[int(number)] = int(pin)
        homes[int(number)] = {int(x) for x in regions.strip("{}").split(",")}
    members = {}
    for row in w.sql("SELECT region_id, (extract(epoch FROM from_at) * 1e6)::bigint, members FROM np.membership"
                     " ORDER BY region_id, number").splitlines():
        region, at, who = row.split("|")
        members.setdefault(int(region), []).append((int(at), {int(x) for x in who.strip("{}").split(",") if x}))
    for b, seq, monitor, slot, *_ in w.history.counted():
        if monitor not in pinned or b.region not in homes[monitor]:
            yield f"checker {b.checker} seq {seq}: monitor {monitor} is none of its region"
        elif pinned[monitor] and pinned[monitor] != b.checker:
            yield f"checker {b.checker} seq {seq}: monitor {monitor} is pinned to {pinned[monitor]}"
        elif not pinned[monitor]:
            rows = members.get(b.region, [])
            at = max(0, bisect_right([r[0] for r in rows], slot) - 1)
            # One that just joined may have begun in the same second.
            near = set().union(*(r[1] for r in rows[at:at + 2])) if rows else set()
            if b.checker not in near:
                yield f"checker {b.checker} seq {seq}: no member of region {b.region} at its slot"
