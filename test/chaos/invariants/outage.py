# SPDX-License-Identifier: Apache-2.0
"""No incident opens for what our own outage hid; the screen said that it was behind; shards move in time."""


def check(w):
    steady = ", ".join(f"'{m}'" for m in w.steady)
    for row in w.sql(f"SELECT m.name, i.opened_at, i.why FROM np.incident i JOIN np.monitor m ON m.id = i.monitor_id"
                     f" WHERE m.uuid IN ({steady})").splitlines():
        yield f"opened, and its target never failed: {row}"
    for row in w.sql("SELECT i.monitor_uuid, extract(epoch FROM i.opened_at) FROM np.incident i").splitlines():
        monitor, at = row.split("|")
        spans = w.truth.get(monitor)
        if spans is not None and not any(a - 1 <= float(at) <= (b or 1e12) + 10 for a, b in spans):
            yield f"opened at {at}, its target was up"
    for what in w.complaints:
        yield what
