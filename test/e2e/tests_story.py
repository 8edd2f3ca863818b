# SPDX-License-Identifier: Apache-2.0
"""Down, told, acknowledged, up: with every role killed in turn, once each way, told exactly once."""
import json
import re
import time
import urllib.request

from rig import wait_for

ROLES = ["checker-eu-west", "gateway", "engine", "historian", "alerter", "web", "ca", "pgbouncer", "postgres", "redis"]


def channels(w):
    if w.hook.secret:
        return
    made = w.up.must("POST", "channels", {"kind": "webhook", "name": "hook", "config": {"url": w.hook.url}})
    w.hook.secret = made["config"]["secret"]
    w.up.must("POST", "channels", {"kind": "email", "name": "mail", "config": {"to": "ops@example.org"}})


def told(w, monitor, name, kinds):
    """Both sinks heard exactly these, in this order; a repeat with the same key counts as one."""
    def settled():
        return w.hook.kinds(monitor) == kinds and len(w.mail.subjects(name)) == len(kinds) or None
    try:
        wait_for(f"{kinds} at both sinks", settled, 30)
    except AssertionError:
        raise AssertionError((w.hook.kinds(monitor), w.mail.subjects(name), kinds))
    assert w.hook.bad == [], "a signature does not verify"


def story(w, name, fields, down, up, kill=None):
    """One incident from end to end; `kill` dies twice: after the failure, and before the recovery."""
    m = w.up.monitor(name=name, **fields)
    w.up.wait_state(m, "up")
    down()
    if kill:
        time.sleep(1.5)
        w.up.kill(kill)
    w.up.wait_state(m, "down", 60)
    wait_for("one incident", lambda: len(w.up.incidents(m)) == 1 or None)
    incident = w.up.incidents(m)[0]
    assert incident["state"] == "open", incident
    assert re.search(r"\bof 3\b|3 regions", incident["why"]), incident["why"]
    assert w.up.why(m), "no sentence"
    told(w, m, name, ["opened"])
    acked = w.up.must("POST", f"incidents/{incident['id']}/ack", {"note": "looking"})
    assert acked.get("state", "acknowledged") == "acknowledged", acked
    told(w, m, name, ["opened", "acknowledged"])
    assert "cknowledged" in w.up.why(m), w.up.why(m)
    up()
    if kill:
        time.sleep(1.5)
        w.up.kill(kill)
    w.up.wait_state(m, "up", 60)
    told(w, m, name, ["opened", "acknowledged", "resolved"])
    whole = w.up.must("GET", f"incidents/{incident['id']}")
    assert whole["state"] == "resolved" and whole["closed_at"], whole
    kinds = [e["kind"] for e in whole["events"]]
    assert kinds.count("opened") == 1 and kinds.count("resolved") == 1 and kinds.count("acknowledged") == 1, kinds
    assert len(w.up.incidents(m)) == 1
    w.up.must("PATCH", f"monitors/{m}", {"paused": True})  # the next story's failure is not its own
    return m


def test_web_server_goes_down_and_comes_back(w):
    channels(w)
    w.story_monitor = story(w, "web server", {"kind": "http", "target": f"http://127.0.0.1:{w.targets.http}/"},
                            w.targets.web.stop, w.targets.web.start)


def test_tcp_service(w):
    story(w, "tcp service", {"kind": "tcp", "target": f"127.0.0.1:{w.targets.tcp_port}", "options": {"expect": "hello"}},
          w.targets.stop_tcp, w.targets.start_tcp)


def test_dns_server(w):
    story(w, "dns server", {"kind": "dns", "target": "up.test", "options": {
        "record": "A", "resolver": f"127.0.0.1:{w.targets.dns_port}", "expect": ["192.0.2.7"]}},
        w.targets.dns.stop, w.targets.dns.start)


def tls(w, name, port, words):
    m = w.up.monitor(name=name, kind="tls", target=f"localhost:{port}")
    w.up.wait_state(m, "down", 60)
    why = w.up.incidents(m)[0]["why"]
    checks = w.up.must("GET", f"monitors/{m}/checks")["items"]
    text = " ".join([why] + [c.get("error") or "" for c in checks])
    assert re.search(words, text), text
    ends = wait_for("the certificate's end", lambda: w.up.must("GET", f"monitors/{m}")["cert_expires_at"], 30)
    assert (ends < w.up.must("GET", "health")["now"]) == (words == "expired"), ends
    w.up.must("DELETE", f"monitors/{m}")
    wait_for("closed by deletion", lambda: w.hook.kinds(m) == ["opened", "resolved"] or None)


def test_expired_certificate(w):
    tls(w, "expired certificate", w.targets.expired, "expired")


def test_wrong_host_certificate(w):
    tls(w, "wrong host", w.targets.wrong, "another host")


def test_icmp(w):
    m = w.up.monitor(name="ping", kind="icmp", target="127.0.0.1")
    wait_for("an answer or a reason", lambda: w.up.state(m) in ("up", "nodata") or None, 45)
    checks = wait_for("checks", lambda: w.up.must("GET", f"monitors/{m}/checks")["items"])
    assert all(c["status"] == "ok" or c["error"] for c in checks), checks
    w.up.must("DELETE", f"monitors/{m}")


def test_a_blip_alerts_nobody(w):
    m = w.up.monitor(name="blip", kind="tcp", target=f"127.0.0.1:{w.targets.tcp_port}", interval_s=10, fail_after=3,
                     confirm_s=10)
    w.up.wait_state(m, "up")
    w.targets.stop_tcp()
    time.sleep(2)
    w.targets.start_tcp()
    time.sleep(12)
    assert w.up.incidents(m) == [] and w.hook.kinds(m) == []
    w.up.must("DELETE", f"monitors/{m}")


def test_pause_while_down_closes(w):
    m = w.up.monitor(name="paused while down", kind="tcp", target="127.0.0.1:1")
    w.up.wait_state(m, "down", 60)
    w.up.must("PATCH", f"monitors/{m}", {"paused": True})
    w.up.wait_state(m, "paused")
    wait_for("told", lambda: w.hook.kinds(m) == ["opened", "resolved"] or None)
    incident = w.up.incidents(m)[0]
    assert "paus" in incident["close_reason"], incident
    w.up.must("DELETE", f"monitors/{m}")


def test_one_region_says_so(w):
    m = w.up.monitor(name="alone", kind="tcp", target="127.0.0.1:1", regions=["eu-west"])
    w.up.wait_state(m, "down", 60)
    assert "1 of 1" in w.up.incidents(m)[0]["why"] or "only" in w.up.incidents(m)[0]["why"].lower()
    w.up.must("DELETE", f"monitors/{m}")


def test_acknowledge_from_a_mail(w):
    channels(w)
    m = w.up.monitor(name="acknowledged by mail", kind="tcp", target="127.0.0.1:1")
    w.up.wait_state(m, "down", 60)
    mail = wait_for("the mail", lambda: next((x for x in list(w.mail.got) if "acknowledged by mail" in w.mail.subject(x)), None))
    assert mail.get_content_type() == "multipart/alternative" and not mail.defects, mail.defects
    parts = {p.get_content_type(): p.get_payload(decode=True).decode() for p in mail.walk() if not p.is_multipart()}
    assert sorted(parts) == ["text/html", "text/plain"], parts
    links = {re.search(r"http://\S+?/ack/[A-Za-z0-9_-]+", text).group(0) for text in parts.values()}
    assert len(links) == 1, links
    link = links.pop()
    for method in ("GET", "HEAD"):  # a scanner follows every link it sees
        with urllib.request.urlopen(urllib.request.Request(link, method=method), timeout=20) as a:
            assert a.status == 200
    assert w.up.incidents(m)[0]["state"] == "open"
    with urllib.request.urlopen(urllib.request.Request(link, data=b"", method="POST"), timeout=20) as a:
        assert b"Acknowledged" in a.read()
    whole = w.up.must("GET", f"incidents/{w.up.incidents(m)[0]['id']}")
    assert whole["state"] == "acknowledged" and whole["acknowledged_by"] == "link sent to mail", whole
    told(w, m, "acknowledged by mail", ["opened", "acknowledged"])
    threads = {x["References"] for x in list(w.mail.got) if "acknowledged by mail" in w.mail.subject(x)}
    assert len(threads) == 1, threads
    w.up.must("DELETE", f"monitors/{m}")


def killing(role):
    def test(w):
        channels(w)
        w.killed = getattr(w, "killed", {})
        w.killed[role] = story(w, f"while {role} dies",
                               {"kind": "http", "target": f"http://127.0.0.1:{w.targets.http}/{role}"},
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
    day = wait_for("down seconds", counted, 90, 1)
    assert 0 < day["uptime"] < 100, day


def test_history_has_the_results(w):
    m = getattr(w, "story_monitor", None)
    assert m, "the story did not run"

    def drawn():
        s = w.up.must("GET", f"monitors/{m}/series")
        return s if s["summary"]["results"] >= 10 and s["incidents"] else None
    s = wait_for("a chart", drawn, 90, 1)
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
