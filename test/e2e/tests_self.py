# SPDX-License-Identifier: Apache-2.0
"""What an installation says of itself while all is well: the heartbeat, the auditor."""
import json
import urllib.request

from rig import wait_for


def test_watch_heartbeat(w):
    """It beats while all is well."""
    wait_for("beats", lambda: len(w.beat.got) > 0 or None)

    def health():
        with urllib.request.urlopen(w.up.url + "/api/v1/health", timeout=60) as a:
            return json.load(a)
    wait_for("the health says so", lambda: health()["parts"].get("heartbeat", {}).get("ok") or None)


def test_watch_findings(w):
    """Nothing of what the auditor looks for is so; what a slow machine brought about goes away again."""
    done = w.up.cli("doctor", "--data", w.up.dir)
    assert "auditor" in done.stdout, done.stdout + done.stderr
    wait_for("no finding", lambda: w.up.must("GET", "findings")["items"] == [] or None, 300, 0.5)
