# SPDX-License-Identifier: Apache-2.0
"""I7: what is told has exactly one notice per channel that hears it; each arrived, and none says two things."""
TELLS = ("opened", "acknowledged", "resolved")


def check(w):
    channels = w.sql("SELECT count(*) FROM np.channel WHERE deleted_at IS NULL")
    tells = ", ".join(f"'{k}'" for k in TELLS)
    for row in w.sql("SELECT e.incident_id, e.kind, count(n.id) FROM np.incident_event e"
                     " JOIN np.incident i ON i.id = e.incident_id AND i.provenance = 'live'"
                     f" LEFT JOIN np.notice n ON n.incident_id = e.incident_id AND n.kind = e.kind WHERE e.kind IN ({tells})"
                     f" GROUP BY 1, 2 HAVING count(n.id) <> {channels} * count(DISTINCT e.number)").splitlines():
        yield f"incident|event|notices: {row}"
    for row in w.sql("SELECT state, kind, count(*) FROM np.notice WHERE state NOT IN ('sent', 'held')"
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
