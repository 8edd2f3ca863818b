# SPDX-License-Identifier: Apache-2.0
"""I3: no acknowledgement comes before its commit, by PostgreSQL's own commit times."""


def check(w):
    commits = {}
    for key, batches in w.history.streams().items():
        if key[0] in w.load_checkers:
            commits[key] = [(b.first, b.last, b.commit_us) for b in batches]
    for a in w.acks:
        last = a.first + a.count - 1
        for first, to, commit_us in commits.get((a.checker, a.epoch, a.shard), []):
            if first <= last <= to and commit_us > a.ack_us:
                yield (f"checker {a.checker} shard {a.shard}: {last} acknowledged {(commit_us - a.ack_us) / 1000:.1f} ms"
                       " before its commit")
    if not any(c[2] for rows in commits.values() for c in rows):
        yield "no commit times: track_commit_timestamp is off"
