# SPDX-License-Identifier: Apache-2.0
"""I5: nothing counts after a ban commits."""


def check(w):
    bans = {}
    for row in w.sql("SELECT c.id, (extract(epoch FROM pg_xact_commit_timestamp(a.xmin)) * 1e6)::bigint FROM np.audit a"
                     " JOIN np.checker c ON c.uuid::text = a.subject WHERE a.act = 'checker.ban'").splitlines():
        checker, at = row.split("|")
        bans[int(checker)] = int(at)
    for checker in w.banned:
        if checker not in bans:
            yield f"the ban of checker {checker} is not in the audit"
    for b in w.history.batches:
        if b.last >= b.first and b.checker in bans and b.commit_us > bans[b.checker]:
            yield f"checker {b.checker}: {b.first} to {b.last} stored {(b.commit_us - bans[b.checker]) / 1000:.1f} ms late"
