# SPDX-License-Identifier: Apache-2.0
"""Down, told, acknowledged, up, for each kind of monitor; told exactly once."""
import re
import threading
import time
import urllib.request

from rig import beside, wait_for

REGIONS = ("eu-west", "us-east", "ap-south")
CHANNELS = threading.Lock()


def channels(w):
    with CHANNELS:
        if w.hook.secret:
            return
        w.up.must("POST", "channels", {"kind": "email", "name": "mail", "config": {"to": "ops@example.org"}})
        made = w.up.must("POST", "channels", {"kind": "webhook", "name": "hook", "config": {"url": w.hook.url}})
        w.hook.secret = made["config"]["secret"]


def told(w, monitor, name, kinds):
    """Both sinks heard exactly these, in this order; a repeat with the same key counts as one."""
    def settled():
        return w.hook.kinds(monitor) == kinds and len(w.mail.subjects(name)) == len(kinds) or None
    try:
        wait_for(f"{kinds} at both sinks", settled)
    except AssertionError:
        raise AssertionError((w.hook.kinds(monitor), w.mail.subjects(name), kinds))
    assert w.hook.bad == [], "a signature does not verify"


def story(w, name, fields, down, up, kill=None):
    """One incident from end to end; `kill` dies twice: after the failure, and before the recovery."""
    channels(w)
    m = w.up.monitor(name=name, **fields)
    w.up.wait_state(m, "up")
    down()
    if kill:
        time.sleep(1.5)
        w.up.kill(kill)
    w.up.wait_state(m, "down")
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
    w.up.wait_state(m, "up")
    told(w, m, name, ["opened", "acknowledged", "resolved"])
    whole = w.up.must("GET", f"incidents/{incident['id']}")
    assert whole["state"] == "resolved" and whole["closed_at"], whole
    kinds = [e["kind"] for e in whole["events"]]
    assert kinds.count("opened") == 1 and kinds.count("resolved") == 1 and kinds.count("acknowledged") == 1, kinds
    assert len(w.up.incidents(m)) == 1
    w.up.must("PATCH", f"monitors/{m}", {"paused": True})  # the next story's failure is not its own
    return m


@beside("stories")
def test_web_server_goes_down_and_comes_back(w):
    w.story_monitor = story(w, "web server", {"kind": "http", "target": f"http://127.0.0.1:{w.targets.http}/"},
                            w.targets.web.stop, w.targets.web.start)


@beside("stories")
def test_tcp_service(w):
    story(w, "tcp service", {"kind": "tcp", "target": f"127.0.0.1:{w.targets.tcp_port}", "options": {"expect": "hello"}},
          w.targets.stop_tcp, w.targets.start_tcp)


@beside("stories")
def test_dns_server(w):
    story(w, "dns server", {"kind": "dns", "target": "up.test", "options": {
        "record": "A", "resolver": f"127.0.0.1:{w.targets.dns_port}", "expect": ["192.0.2.7"]}},
        w.targets.dns.stop, w.targets.dns.start)


@beside("short")
def test_a_blip_alerts_nobody(w):
    m = w.up.monitor(name="blip", kind="tcp", target=f"127.0.0.1:{w.targets.tcp_port}", fail_after=3, confirm_s=10)
    w.up.wait_state(m, "up")
    w.targets.stop_tcp()
    time.sleep(2)
    w.targets.start_tcp()
    back = w.up.must("GET", "health")["now"]

    def over():
        passed = [c["region"] for c in w.up.must("GET", f"monitors/{m}/checks")["items"]
                  if c["status"] == "ok" and c["slot"] > back]
        return all(passed.count(r) >= 2 for r in REGIONS) and w.up.state(m) == "up" or None
    wait_for("every region to see it twice again", over)
    assert w.up.incidents(m) == [] and w.hook.kinds(m) == []
    w.up.must("DELETE", f"monitors/{m}")


def heard(w, monitor, kinds):
    try:
        wait_for(f"{kinds} at the webhook", lambda: w.hook.kinds(monitor) == kinds or None)
    except AssertionError:
        raise AssertionError((w.hook.kinds(monitor), kinds, [b["kind"] for _, b in w.hook.got[-9:]]))


def tls(w, name, port, words, **more):
    m = w.up.monitor(name=name, kind="tls", target=f"localhost:{port}", **more)
    w.up.wait_state(m, "down")
    why = w.up.incidents(m)[0]["why"]
    checks = w.up.must("GET", f"monitors/{m}/checks")["items"]
    text = " ".join([why] + [c.get("error") or "" for c in checks])
    assert re.search(words, text), text
    ends = wait_for("the certificate's end", lambda: w.up.must("GET", f"monitors/{m}")["cert_expires_at"])
    assert (ends < w.up.must("GET", "health")["now"]) == (words == "expired"), ends
    return m


# What a channel hears of one kind within 10 s is put together from the sixth on: three of a group are told.
@beside("short")
def test_expired_certificate(w):
    channels(w)
    m = tls(w, "expired certificate", w.targets.expired, "expired")
    heard(w, m, ["opened"])  # closed before anybody is told it would be one notice
    w.up.must("DELETE", f"monitors/{m}")
    heard(w, m, ["opened", "resolved"])


@beside("short")
def test_wrong_host_certificate(w):
    m = tls(w, "wrong host", w.targets.wrong, "another host", channels=[])
    w.up.must("DELETE", f"monitors/{m}")


@beside("short")
def test_icmp(w):
    m = w.up.monitor(name="ping", kind="icmp", target="127.0.0.1")
    wait_for("an answer or a reason", lambda: w.up.state(m) in ("up", "nodata") or None)
    checks = wait_for("checks", lambda: w.up.must("GET", f"monitors/{m}/checks")["items"])
    assert all(c["status"] == "ok" or c["error"] for c in checks), checks
    w.up.must("DELETE", f"monitors/{m}")


@beside("short")
def test_pause_while_down_closes(w):
    channels(w)
    m = w.up.monitor(name="paused while down", kind="tcp", target="127.0.0.1:1")
    w.up.wait_state(m, "down")
    heard(w, m, ["opened"])
    w.up.must("PATCH", f"monitors/{m}", {"paused": True})
    w.up.wait_state(m, "paused")
    heard(w, m, ["opened", "resolved"])
    incident = w.up.incidents(m)[0]
    assert "paus" in incident["close_reason"], incident
    w.up.must("DELETE", f"monitors/{m}")


@beside("short")
def test_one_region_says_so(w):
    m = w.up.monitor(name="alone", kind="tcp", target="127.0.0.1:1", regions=["eu-west"], channels=[])
    w.up.wait_state(m, "down")
    assert "1 of 1" in w.up.incidents(m)[0]["why"] or "only" in w.up.incidents(m)[0]["why"].lower()
    w.up.must("DELETE", f"monitors/{m}")


@beside("short")
def test_acknowledge_from_a_mail(w):
    channels(w)
    m = w.up.monitor(name="acknowledged by mail", kind="tcp", target="127.0.0.1:1")
    w.up.wait_state(m, "down")
    mail = wait_for("the mail", lambda: next((x for x in list(w.mail.got) if "acknowledged by mail" in w.mail.subject(x)), None))
    assert mail.get_content_type() == "multipart/alternative" and not mail.defects, mail.defects
    parts = {p.get_content_type(): p.get_payload(decode=True).decode() for p in mail.walk() if not p.is_multipart()}
    assert sorted(parts) == ["text/html", "text/plain"], parts
    links = {re.search(r"http://\S+?/ack/[A-Za-z0-9_-]+", text).group(0) for text in parts.values()}
    assert len(links) == 1, links
    link = links.pop()
    for method in ("GET", "HEAD"):  # a scanner follows every link it sees
        with urllib.request.urlopen(urllib.request.Request(link, method=method), timeout=60) as a:
            assert a.status == 200
    assert w.up.incidents(m)[0]["state"] == "open"
    with urllib.request.urlopen(urllib.request.Request(link, data=b"", method="POST"), timeout=60) as a:
        assert re.search(b"Acknowledged|on its way", a.read())  # the second when it takes more than 5 s
    wait_for("it to be applied", lambda: w.up.incidents(m)[0]["state"] == "acknowledged" or None)
    whole = w.up.must("GET", f"incidents/{w.up.incidents(m)[0]['id']}")
    assert whole["state"] == "acknowledged" and whole["acknowledged_by"] == "link sent to mail", whole
    told(w, m, "acknowledged by mail", ["opened", "acknowledged"])
    threads = {x["References"] for x in list(w.mail.got) if "acknowledged by mail" in w.mail.subject(x)}
    assert len(threads) == 1, threads
    w.up.must("DELETE", f"monitors/{m}")
