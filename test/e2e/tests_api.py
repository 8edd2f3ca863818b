# SPDX-License-Identifier: Apache-2.0
"""Bad input through the front door, and the command line."""
import json
import os
import re
import tempfile

from rig import wait_for

GOOD = {"name": "x", "kind": "http", "target": "https://example.org"}


def problem(w, body, field, **how):
    status, answer = w.up.call("POST", "monitors", None if "raw" in how else body, **how)
    assert status in (400, 422), (status, answer)
    assert answer["status"] == status and answer["title"], answer
    if field:
        assert field in [e["field"] for e in answer["errors"]], answer
    return answer


def test_every_wrong_field_is_named(w):
    wrong = {"name": "", "kind": "http", "target": "ftp://x", "interval_s": 1, "timeout_s": 900, "retries": -1,
             "quorum": 99, "regions": ["nowhere"], "assertions": [{"source": "?", "op": "eq"}], "colour": "red"}
    answer = problem(w, wrong, "name")
    fields = {re.split(r"[.\[/]", e["field"])[0] for e in answer["errors"]}
    assert {"name", "target", "interval_s", "retries", "assertions", "colour"} <= fields, fields
    assert all(m["name"] for m in w.up.must("GET", "monitors?limit=200")["items"])


def test_malformed_bodies(w):
    for raw in (b"", b"{", b"[]", b'{"name":"a","name":"b","kind":"http","target":"https://x.org"}',
                b'{"name":"\x00"}', b'{"name":"\xff","kind":"http","target":"https://x.org"}', b"null", b"{}" + b" " * 300000):
        status, answer = w.up.call("POST", "monitors", raw=raw)
        assert status in (400, 413, 422), (raw[:40], status, answer)


def test_identity(w):
    assert w.up.call("GET", "monitors", token="npt_" + "A" * 43)[0] == 401
    assert w.up.call("GET", "monitors", token="' OR 1=1 --")[0] == 401
    assert w.up.call("GET", "monitors/00000000-0000-4000-8000-000000000000")[0] == 404
    assert w.up.call("GET", "monitors/not-a-uuid")[0] in (400, 404)
    assert w.up.call("GET", "nothing/here")[0] == 404


def test_hostile_texts_stay_texts(w):
    for text in ("'; DROP TABLE np.monitor; --", "<script>alert(1)</script>", "a\r\nX-Evil: 1", "\u202egnp"):
        status, made = w.up.call("POST", "monitors", {**GOOD, "name": text, "paused": True})
        if status in (400, 422):
            continue  # refused is fine as well: control characters
        assert made["name"] == text, made
        assert w.up.call("DELETE", f"monitors/{made['id']}")[0] in (202, 204)


def test_life_of_a_definition(w):
    m = w.up.must("POST", "monitors", {**GOOD, "name": "life", "paused": True})
    wait_for("paused", lambda: w.up.state(m["id"]) == "paused" or None)
    changed = w.up.must("PATCH", f"monitors/{m['id']}", {"interval_s": 30, "tags": ["a"]})
    assert changed["interval_s"] == 30 and changed["tags"] == ["a"]
    revisions = w.up.must("GET", f"monitors/{m['id']}/revisions")["items"]
    assert [r["revision"] for r in revisions] == [2, 1], revisions
    assert w.up.call("PATCH", f"monitors/{m['id']}", {"interval_s": 0})[0] in (400, 422)
    w.up.must("DELETE", f"monitors/{m['id']}")
    assert w.up.call("GET", f"monitors/{m['id']}")[0] == 404
    acts = [a["act"] for a in w.up.must("GET", "audit?limit=100")["items"] if a["subject"] == m["id"]]
    assert len(acts) >= 3, acts


def test_cli_round_trip(w):
    done = w.up.cli("monitor", "add", "https://example.org/", "--name", "by hand", "--interval", "5m", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["interval_s"] == 300
    listed = w.up.cli("monitor", "list")
    assert "by hand" in listed.stdout and "STATE" in listed.stdout, listed.stdout
    assert json.loads(w.up.cli("monitor", "show", "by hand", "--json").stdout)["target"] == "https://example.org/"
    assert w.up.cli("why", "by hand").returncode == 0
    assert w.up.cli("monitor", "rm", "by hand").returncode == 0
    assert "by hand" not in w.up.cli("monitor", "list").stdout
    missing = w.up.cli("monitor", "show", "nobody")
    assert missing.returncode == 1 and "nobody" in missing.stderr, missing.stderr
    assert w.up.cli("monitor", "add", "x", "--interval", "soon").returncode == 2


def apply(w, text, *more):
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", encoding="utf-8") as f:
        f.write(text)
        f.flush()
        return w.up.cli("apply", "-f", f.name, *more)


def test_apply_plans_and_carries_out(w):
    text = """
endpoints:
  - name: applied one
    url: https://example.org/health
    interval: 2m
    enabled: false
    conditions:
      - "[STATUS] == 200"
      - "[RESPONSE_TIME] < 500"
  - name: applied two
    kind: tcp
    target: db.example.org:5432
    paused: true
"""
    dry = apply(w, text, "--dry-run")
    assert dry.returncode == 0 and "2 to add" in dry.stdout, (dry.stdout, dry.stderr)
    assert "applied one" not in w.up.cli("monitor", "list").stdout
    assert apply(w, text).returncode == 0
    again = apply(w, text)
    assert "0 to add, 0 to change" in again.stdout and "2 as they should be" in again.stdout, again.stdout
    change = apply(w, text.replace("2m", "3m"), "--dry-run")
    assert "interval_s: 120 -> 180" in change.stdout, change.stdout
    for name in ("applied one", "applied two"):
        assert w.up.cli("monitor", "rm", name).returncode == 0


WHOLE = """
maintenance:
  - title: apply patch night
    zone: Europe/Berlin
    start: "2030-03-03T02:00"
    duration: 1h
    rrule: FREQ=WEEKLY;BYDAY=SU
    scope: {tags: [applied], monitors: [applied child]}
policies:
  - name: apply web
    scope: tag
    tag: applied
    rules: {severity: critical, reminder: 30m, escalation: [{after: 15m, channels: [apply on call]}]}
  - {name: apply named, scope: named, rules: {confirm: 20s}}
rotas:
  - {name: apply on call, zone: Europe/Berlin, members: [apply anna, apply ben]}
monitors:
  - {name: applied grandchild, target: db.example.org:5432, parent: applied child, paused: true, tags: [applied]}
  - {name: applied child, target: shop.example.org/cart, parent: applied root, policy: apply named, paused: true}
  - {name: applied root, target: router.example.org, paused: true}
"""


def test_apply_the_whole(w):
    for who in ("anna", "ben"):
        w.up.must("POST", "channels", {"kind": "email", "name": "apply " + who, "config": {"to": who + "@example.org"}})
    missing = apply(w, WHOLE.replace("apply ben", "apply nobody"))
    assert missing.returncode == 2 and re.search(r":16: rotas\[0\]\.members\[1\]: no channel or rota", missing.stderr), missing.stderr
    dry = apply(w, WHOLE, "--dry-run")
    assert dry.returncode == 0 and "7 to add" in dry.stdout and "rotas: apply on call" in dry.stdout, (dry.stdout, dry.stderr)
    assert not [r for r in w.up.must("GET", "rotas")["items"] if r["name"] == "apply on call"]
    done = apply(w, WHOLE)
    assert done.returncode == 0, done.stderr
    by_name = {m["name"]: m for m in w.up.must("GET", "monitors?limit=200")["items"]}
    child, root = by_name["applied child"], by_name["applied root"]
    assert (child["kind"], child["target"]) == ("http", "https://shop.example.org/cart"), child
    assert (root["kind"], by_name["applied grandchild"]["kind"]) == ("icmp", "tcp"), by_name
    assert child["given"]["parent"] == root["id"], child["given"]
    again = apply(w, WHOLE)
    assert "0 to add, 0 to change, 0 to remove, 7 as they should be" in again.stdout, (again.stdout, again.stderr)
    changed = WHOLE.replace("30m", "45m").replace("duration: 1h", "duration: 2h").replace("[apply anna, apply ben]", "[apply ben]")
    plan = apply(w, changed)
    assert "0 to add, 3 to change" in plan.stdout and "duration_s: 3600 -> 7200" in plan.stdout, (plan.stdout, plan.stderr)
    assert "0 to change" in apply(w, changed).stdout
    scope = apply(w, WHOLE.replace("scope: named, rules", "scope: organisation, rules"))
    assert scope.returncode == 2 and re.search(r":14: policies\[1\]\.scope: the scope", scope.stderr), (scope.stdout, scope.stderr)
    # A list that is not there is left alone; of one that is there, what it lacks can be pruned.
    alone = apply(w, "rotas: []\n", "--dry-run")
    assert re.search(r" 0 to remove, .*[1-9]\d* others are left alone", alone.stdout), (alone.stdout, alone.stderr)
    prune = apply(w, "rotas: []\n", "--prune", "--dry-run").stdout
    assert re.search(r"^- +rotas: apply on call$", prune, re.M) and "policies:" not in prune, prune
    for name in ("applied grandchild", "applied child", "applied root"):
        assert w.up.cli("monitor", "rm", name).returncode == 0, name
    for what, key in (("maintenance", "title"), ("policies", "name"), ("rotas", "name"), ("channels", "name")):
        for one in w.up.must("GET", what)["items"]:
            if one[key].startswith("apply "):
                w.up.must("DELETE", f"{what}/{one['id']}")


def test_apply_refuses(w):
    for text, said in (("monitors: []\nmonitor: []\n", r":2: monitor: is not known"), ("policies: 7\n", r":1: policies: want a list"),
                       ("endpoints: []\nmonitors: []\n", r"stands beside"),
                       ("policies:\n  - name: x\n    scope: named\n    rule: {}\n", r":4: policies\[0\]\.rule: is not a field here"),
                       ("maintenance:\n  - title: x\n    start: soon\n    duration: 1h\n    scope: {all: true}\n", r"maintenance\[0\].*start"),
                       ("monitors:\n  - {name: a, target: x.org, parent: b}\n  - {name: b, target: x.org, parent: nobody}\n",
                        r":3: monitors\[1\]\.parent: no monitor is called nobody")):
        done = apply(w, text)
        assert done.returncode == 2 and re.search(said, done.stderr, re.S), (text, done.stdout, done.stderr)


def test_apply_says_where(w):
    text = "monitors:\n  - name: a\n    kind: http\n    target: https://x.org\n    interval: soon\n" \
           "  - name: b\n    kind: nothing\n    target: x\n    colour: red\n"
    done = apply(w, text)
    assert done.returncode == 2, done.stderr
    assert ":5: monitors[0].interval" in done.stderr, done.stderr
    assert re.search(r":[789]: monitors\[1\]\.kind", done.stderr), done.stderr
    assert ":9: monitors[1].colour" in done.stderr, done.stderr
    assert apply(w, "monitors: [*x]\n").returncode == 2


def test_help_everywhere(w):
    top = w.up.cli("--help")
    assert top.returncode == 0
    for name in re.findall(r"^  (\S+) ", top.stdout, re.M):
        done = w.up.cli(name, "--help")
        assert done.returncode == 0 and "usage: netpulse" in done.stdout, (name, done.stdout, done.stderr)


def test_api_tokens(w):
    made = w.up.cli("api-token", "create", "--name", "a robot", "--role", "viewer", "--scopes", "read", "--expires", "1d")
    assert made.returncode == 0, made.stderr
    secret = made.stdout.strip()
    assert w.up.call("GET", "session", token=secret)[0] == 200
    assert w.up.call("POST", "monitors", GOOD, token=secret)[0] == 403
    listed = w.up.cli("api-token", "list")
    assert "a robot" in listed.stdout and secret[:8] in listed.stdout and secret not in listed.stdout, listed.stdout
    mine = [t for t in json.loads(w.up.cli("api-token", "list", "--json").stdout) if t["name"] == "a robot"]
    assert w.up.cli("api-token", "revoke", mine[0]["id"]).returncode == 0
    assert w.up.call("GET", "session", token=secret)[0] == 401
    assert "a robot" in w.up.cli("api-token", "list", "--state", "revoked").stdout
    for wrong in (("create", "--name", "x", "--role", "god"), ("create", "--name", "x", "--expires", "soon"), ("revoke", "x")):
        assert w.up.cli("api-token", *wrong).returncode == 2, wrong


def test_join_token_is_one_time(w):
    before = {c["id"] for c in w.up.must("GET", "checkers")["items"]}
    made = w.up.must("POST", "regions/eu-west/join-tokens", {})
    with tempfile.TemporaryDirectory() as d:
        for n, want in ((1, 0), (2, 1)):
            done = w.up.cli("join", "--token", "-", "--dir", os.path.join(d, str(n)), stdin=made["token"])
            assert done.returncode == want, (n, done.stdout, done.stderr)
    assert w.up.cli("join", "--token", made["token"], "--dir", "/tmp/x").returncode == 2
    assert w.up.cli("join", "--token", "-", "--dir", "/tmp/x", stdin="nonsense").returncode != 0
    new = {c["id"] for c in w.up.must("GET", "checkers")["items"]} - before
    assert len(new) == 1, new
    for c in new:  # it joined and never runs: it must not be counted on
        w.up.must("POST", f"checkers/{c}/ban", {"reason": "test"})
