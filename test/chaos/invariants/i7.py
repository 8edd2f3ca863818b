# SPDX-License-Identifier: Apache-2.0
"""I7: what is told has exactly one notice per channel that hears it; each arrived, and none says two things."""
TELLS = ("opened", "acknowledged", "resolved")


def check(w):
    tells = ", ".join(f"'{k}'" for k in TELLS)
    rows = w.sql("SELECT e.incident_id, e.kind, c.name, count(DISTINCT e.number), count(DISTINCT n.id)"
                 " FROM np.incident_event e JOIN np.incident i ON i.id = e.incident_id AND i.provenance = 'live' AND i.kind = 'machine'"
                 " JOIN np.channel c ON c.org_id = e.org_id AND c.deleted_at IS NULL AND NOT c.drill AND c.created_at < i.decided_at"
                 " LEFT JOIN np.notice n ON n.incident_id = e.incident_id AND n.kind = e.kind AND n.channel_id = c.id"
                 f" WHERE e.kind IN ({tells}) GROUP BY 1, 2, 3").splitlines()
    w.note(f"I7 asked for {len(rows)} events and channels")
    for row in rows:
        events, notices = row.split("|")[3:]
        if events != notices:
            yield f"incident|event|channel|events|notices: {row}"
    if not rows:
        yield "nothing was told: no incident in this run"
    for row in w.sql("SELECT state, kind, count(*) FROM np.notice WHERE state NOT IN ('sent', 'held') AND next_at < now()"
                     " GROUP BY 1, 2").splitlines():
        yield f"not delivered: {row}"
    said = {}
    for key, body in list(w.hook.got):
        if said.setdefault(key, body) != body:
            yield f"notice {key} says two things"
    sent = set(w.sql("SELECT key FROM np.notice WHERE state = 'sent' AND kind <> 'test'").split())
    if sent - set(said):
        yield f"{len(sent - set(said))} notices are marked as sent and never arrived"
    if w.hook.bad:
        yield f"{len(w.hook.bad)} notices with a wrong signature"
