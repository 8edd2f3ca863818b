# SPDX-License-Identifier: Apache-2.0
"""I8: every open incident has a timer that is due."""


def check(w):
    for row in w.sql("SELECT i.id, i.monitor_id FROM np.incident i WHERE i.closed_at IS NULL AND i.kind = 'machine' AND NOT EXISTS"
                     " (SELECT FROM np.timer t WHERE t.monitor_id = i.monitor_id)").splitlines():
        yield f"incident|monitor without a timer: {row}"
