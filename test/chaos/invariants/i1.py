# SPDX-License-Identifier: Apache-2.0
"""I1: every acknowledged number is stored exactly once, as what was sent."""


def check(w):
    streams = w.history.streams()
    for key, batches in streams.items():
        at = 0
        for b in batches:
            if b.first <= at:
                yield f"checker {key[0]} epoch {key[1]} shard {key[2]}: {b.first} to {min(at, b.last)} twice"
            at = max(at, b.last)
    ends = {}  # of the load's workers: number -> end of its check, as stored
    for key, batches in streams.items():
        if key[0] in w.load_checkers:
            ends[key] = {seq: end for b in batches for seq, _, _, _, _, end in b.results()}
    for a in w.acks:
        stored = ends.get((a.checker, a.epoch, a.shard), {})
        gone = [n for n in range(a.first, a.first + a.count) if n not in stored]
        if gone:
            yield f"checker {a.checker} shard {a.shard}: {gone[0]} ({len(gone)} numbers) acknowledged and not stored"
        elif any(stored[n] != a.end_us for n in range(a.first, a.first + a.count)):
            yield f"checker {a.checker} shard {a.shard}: {a.first} is stored as something else"
    for checker, epoch, shard, n in w.poison.acked:
        last = max([b.last for b in streams.get((checker, epoch, shard), [])], default=0)
        if last < n:
            yield f"the poisoner was told {n}, stored is {last}"
