# SPDX-License-Identifier: Apache-2.0
"""The watcher watched: drills from the check to the sink."""
import json
import urllib.error
import urllib.request

from rig import beside, wait_for


def drills(w, region):
    return w.up.must("GET", f"drills?region={region}")["items"]


@beside("stories")
def test_watch_drill(w):
    """The whole way in one region; nobody else hears, and no list of people's shows it."""
    heard = len(w.hook.got)
    done = w.up.cli("drill", "us-east")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the sink was told of the end" in done.stdout and "never" not in done.stdout, done.stdout
    run = drills(w, "us-east")[0]
    assert run["ok"] and run["why"] == "", run
    assert 0 < run["checked_ms"] <= run["opened_ms"] <= run["told_ms"] <= run["resolved_ms"], run
    incident = w.up.must("GET", f"incidents/{run['incident_id']}")
    assert incident["provenance"] == "drill" and incident["state"] == "resolved", incident
    assert [e["kind"] for e in incident["events"]].count("opened") == 1
    assert [n["kind"] for n in incident["notices"]] == ["opened", "resolved"], incident["notices"]
    assert run["incident_id"] not in [i["id"] for i in w.up.must("GET", "incidents")["items"]]
    assert run["incident_id"] in [i["id"] for i in w.up.must("GET", "incidents?provenance=drill")["items"]]
    shown = [m["name"] for m in w.up.must("GET", "monitors?limit=200")["items"]]
    assert "Drill: us-east" not in shown, shown
    assert "Drill: us-east" not in json.dumps(w.up.must("GET", "overview"))
    assert [m["name"] for m in w.up.must("GET", "monitors?provenance=drill")["items"]].count("Drill: us-east") == 1
    assert "rill" not in json.dumps(w.up.must("GET", "channels"))
    assert [b for _, b in w.hook.got[heard:] if b.get("provenance") == "drill"] == []


@beside("stories")
def test_watch_drill_lost(w):
    """What does not reach the sink in time has failed, and says where it got stuck."""
    status, answer = w.up.call("POST", "regions/nowhere/drill", {})
    assert status == 404, answer
    status, answer = w.up.call("POST", "regions/eu-west/drill", {"limit_s": 1})
    assert status == 422 and "limit_s" in json.dumps(answer), answer
    run = w.up.must("POST", "regions/eu-west/drill", {})
    status, answer = w.up.call("POST", "regions/eu-west/drill", {})
    assert status == 409, answer
    # the sink hears only what its key signed; the target knows its region by a token
    target = w.up.must("GET", "monitors?provenance=drill")["items"][0]["target"]
    for url, body, wanted in ((target.replace("/target/", "/sink/"), b'{"kind":"opened"}', 403),
                              (target[:-1] + ("0" if target[-1] != "0" else "1"), None, 404)):
        request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as a:
                raise AssertionError(f"{url}: {a.status}")
        except urllib.error.HTTPError as e:
            assert e.code == wanted, (url, e.code)
    assert run["ok"] is None and run["told_ms"] is None, run
    wait_for("the drill's end", lambda: drills(w, "eu-west")[0]["ok"] is True or None, 300, 0.5)
