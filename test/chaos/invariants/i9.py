# SPDX-License-Identifier: Apache-2.0
"""I9: folding the log again gives the stored incidents."""


def check(w):
    for monitor in w.live_monitors():
        done = w.netpulse("replay", "--config", w.path("etc/migrate.yaml"), "--monitor", monitor)
        if done.returncode != 0:
            yield f"monitor {monitor}: {(done.stderr or done.stdout).strip().splitlines()[-1:]}"
