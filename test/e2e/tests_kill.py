# SPDX-License-Identifier: Apache-2.0
"""The same story with every role killed in turn, once each way; then what history says of them all."""
import json
import re

from rig import wait_for
from tests_story import story

ROLES = ["checker-eu-west", "gateway", "engine", "historian", "alerter", "web", "ca", "pgbouncer", "postgres", "redis"]


def killing(role):
    def test(w):
        w.killed = getattr(w, "killed", {})
        w.killed[role] = story(w, f"while {role} dies",
                               {"kind": "http", "target": f"http://127.0.0.1:{w.targets.http}/{role}",
                                "confirm_s": 2, "recover_s": 2},
                               w.targets.web.stop, w.targets.web.start, kill=role)
    return test


for _role in ROLES:
    globals()["test_kill_" + _role.replace("-", "_")] = killing(_role)


def test_uptime_counts_the_downtime(w):
    m = getattr(w, "story_monitor", None)
    assert m, "the story did not run"

    def counted():
        day = w.up.must("GET", f"monitors/{m}/uptime")["windows"][0]
        return day if day["down_s"] > 0 and day["uptime"] is not None else None
    day = wait_for("down seconds", counted, every=1)
    assert 0 < day["uptime"] < 100, day


def test_history_has_the_results(w):
    m = getattr(w, "story_monitor", None)
    assert m, "the story did not run"

    def drawn():
        s = w.up.must("GET", f"monitors/{m}/series")
        return s if s["summary"]["results"] >= 10 and s["incidents"] else None
    s = wait_for("a chart", drawn, every=1)
    assert any(v for v in s["p50_ms"] if v is not None), s


def test_replay_gives_the_same_incidents(w):
    monitors = [getattr(w, "story_monitor", None), *getattr(w, "killed", {}).values()]
    for m in filter(None, monitors):
        done = w.up.cli("replay", "--config", f"{w.up.dir}/etc/migrate.yaml", "--monitor", m)
        folded = re.search(r"(\d+) incidents folded, 0 differences", done.stdout)
        assert done.returncode == 0 and folded and int(folded.group(1)) >= 1, (done.stdout, done.stderr)


def test_replay_under_other_rules(w):
    m = getattr(w, "story_monitor", None)
    assert m, "the story did not run"
    for rules, incidents in (("recover_s: 20", 1), ("confirm_s: 3600", 0)):
        with open(f"{w.up.dir}/rules.yaml", "w", encoding="utf-8") as f:
            f.write(rules + "\n")
        done = w.up.cli("replay", "--config", f"{w.up.dir}/etc/migrate.yaml", "--monitor", m,
                        "--rules", f"{w.up.dir}/rules.yaml", "--json")
        assert done.returncode == 0, (done.stdout, done.stderr)
        said = json.loads(done.stdout)["incidents"]
        assert said["same_rules"] == said["before"] >= 1, said
        assert said["after"] >= incidents if incidents else said["after"] == 0, said
