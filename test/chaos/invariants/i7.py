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
    # One notice may speak for several: down and up again before anybody was told, a digest.
    for row in w.sql("SELECT n.state, n.kind, c.name, count(*) FROM np.notice n JOIN np.channel c ON c.id = n.channel_id"
                     " LEFT JOIN np.notice t ON t.id = n.told_by AND n.state IN ('superseded', 'digested')"
                     " WHERE n.state NOT IN ('sent', 'held') AND t.state IS DISTINCT FROM 'sent'"
                     " GROUP BY 1, 2, 3").splitlines():
        yield f"not delivered: {row}"
    said = {}
    for key, body in list(w.hook.got):
        if said.setdefault(key, body) != body:
            yield f"notice {key} says two things"
    # A drill's channel ends at the installation's own sink, which the drill itself asks.
    sent = set(w.sql("SELECT n.key FROM np.notice n JOIN np.channel c ON c.id = n.channel_id"
                     " WHERE n.state = 'sent' AND n.kind <> 'test' AND NOT c.drill").split())
    if sent - set(said):
        yield f"{len(sent - set(said))} notices are marked as sent and never arrived"
    if w.hook.bad:
        yield f"{len(w.hook.bad)} notices with a wrong signature"
