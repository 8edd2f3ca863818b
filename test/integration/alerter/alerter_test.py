# SPDX-License-Identifier: Apache-2.0
"""What services are sent, held against their recorded contracts; and the rules of the outbox.

usage: alerter_test.py TEST-ALERTER [NAME...]
"""
import hashlib
import hmac
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

from contract import check_request, contracts
from rig import ROOT, Incident, Rig, wait_for
from sinks import Sink, answer

EXE = sys.argv.pop(1)
NASTY = "<!channel> @everyone \"q\"\n\r\\n */ ${title} _x_ [evil](https://evil.example) \u202e\U0001f525 </b>&amp;"


class World:
    """One installation for all tests of this file: each test has organisations and sinks of its own."""

    def __init__(self):
        self.contracts = contracts(ROOT)
        self.sinks = {}
        self.replies = {}
        for kind in self.contracts:
            self.sinks[kind] = Sink(lambda s, r, k=kind: self.reply(k, r))
        self.rig = Rig(EXE, services=[f"{k}={s.base}" for k, s in self.sinks.items() if k != "webhook"])
        self.rig.__enter__()
        self.rig.start()

    def reply(self, kind, r):
        queued = self.replies.get(kind)
        a = queued.pop(0) if queued else self.contracts[kind]["answer"]
        body = a.get("body", "")
        return answer(a["status"], body, **{n.replace("-", "_"): v for n, v in a.get("headers", {}).items()})

    def channel(self, kind, org):
        c = self.contracts[kind]
        config = dict(c["config"])
        if kind == "webhook":
            config["url"] = config["url"].replace("https://hook.example.org", self.sinks[kind].base)
        return self.rig.channel(kind, config, c["secret"], org=org, name=f"{kind} {NASTY}")


W = None


class Case(unittest.TestCase):
    def setUp(self):
        self.rig = W.rig
        self.org = self.rig.new_org()
        self.sinks = []

    def tearDown(self):
        for s in self.sinks:
            s.close()

    def sink(self, *args, **more):
        self.sinks.append(Sink(*args, **more))
        return self.sinks[-1]

    def tell(self, *sql):
        self.rig.sql("".join(sql))
        self.rig.nudge()


class Contracts(Case):
    def told(self, kind, incident, channel, told):
        """Requests of one story on one channel, in order."""
        sink, before = W.sinks[kind], len(W.sinks[kind].got)
        self.tell(incident.open(), *(incident.tell(k, channel, **more) for k, more in told))
        got = sink.wait(before + len(told))[before:]
        self.assertEqual(len(got), len(told))
        return got

    def hold(self, kind):
        c = W.contracts[kind]
        for name, why in (("shop", "2 of 3 regions fail."), (NASTY, (NASTY + " ") * 200)):
            i = Incident(self.org, name, why, "critical")
            story = [("opened", {}), ("escalation", {"level": 2}), ("acknowledged", {}), ("resolved", {})]
            got = self.told(kind, i, W.channel(kind, self.org), story)
            for r, (what, _) in zip(got, story):
                wrong = check_request(c.get(what, c["request"]), r)
                self.assertEqual(wrong, [], f"{kind} {what}: {r.path} {r.body.decode()}")
            self.assertEqual(len({r.key for r in got}), len(story), "a key of its own for each notice")
            if "same" in c:
                self.assertEqual({r.json()[c["same"]] for r in got}, {f"netpulse-{i.id}"})

    def refuse(self, kind):
        for refusal in W.contracts[kind]["refusals"]:
            channel = W.channel(kind, self.org)
            i = Incident(self.org)
            W.replies[kind] = [refusal]
            self.tell(i.open(), i.tell("opened", channel))
            rows = self.rig.wait_done(channel, 1)
            tries = self.rig.attempts(channel)
            self.assertEqual(tries[0]["outcome"], refusal["outcome"], f"{kind} {refusal}")
            self.assertIn(str(refusal["status"]), tries[0]["answer"])
            self.assertIn(refusal.get("says", ""), tries[0]["answer"])
            self.assertEqual(rows[0]["state"], "dead" if refusal["outcome"] == "dead" else "sent")
            if "Retry-After" in refusal.get("headers", {}):
                self.assertGreaterEqual(tries[1]["at"] - tries[0]["at"], 1.0)


for _kind in contracts(ROOT):
    setattr(Contracts, f"test_{_kind}", lambda self, k=_kind: self.hold(k))
    setattr(Contracts, f"test_{_kind}_refuses", lambda self, k=_kind: self.refuse(k))


class Rules(Case):
    def test_signature(self):
        s = self.sink()
        i = Incident(self.org)
        self.tell(i.open(), i.tell("opened", self.rig.hook(s, org=self.org)))
        r = s.wait(1)[0]
        t, v1 = (p.split("=", 1)[1] for p in r.headers["netpulse-signature"].split(","))
        self.assertEqual(v1, hmac.new(b"0123456789abcdef", f"{t}.".encode() + r.body, hashlib.sha256).hexdigest())
        self.assertEqual(r.json()["id"], r.key)

    def test_first_in_first_out_while_it_fails(self):
        s = self.sink(lambda s, r: answer(500 if len(s.got) < 6 else 200))
        i = Incident(self.org)
        c = self.rig.hook(s, org=self.org)
        self.tell(i.open(), i.tell("opened", c), i.tell("acknowledged", c), i.tell("stale", c))
        self.rig.wait_done(c, 3)
        self.assertEqual([r.json()["kind"] for r in s.got], ["opened"] * 6 + ["acknowledged", "stale"])
        self.assertEqual(len(set(r.key for r in s.got)), 3)

    def test_down_and_up_before_anybody_was_told_is_one(self):
        ok = self.sink()
        c = self.rig.hook(ok, org=self.org)
        pd = W.channel("pagerduty", self.org)
        i = Incident(self.org)
        before = len(W.sinks["pagerduty"].got)
        self.tell(i.open(), i.tell("opened", c, pd, event=1), i.tell("acknowledged", c, pd, event=2),
                  i.tell("resolved", c, pd, event=3), i.close())
        rows = self.rig.wait_done(c, 3)
        self.assertEqual([r["state"] for r in rows], ["superseded", "superseded", "sent"])
        self.assertEqual([r["told_by"] for r in rows], [rows[2]["id"], rows[2]["id"], None])
        body = ok.wait(1)[0].json()
        self.assertEqual((body["kind"], body["was_down"], len(ok.got)), ("resolved", True, 1))
        got = W.sinks["pagerduty"].wait(before + 3)[before:]
        self.assertEqual([r.json()["event_action"] for r in got], ["trigger", "acknowledge", "resolve"])

    def test_uncertain_is_never_collapsed(self):
        s = self.sink(lambda s, r: answer(200) if len(s.got) > 1 else time.sleep(6))
        c = self.rig.hook(s, org=self.org)
        i = Incident(self.org)
        self.tell(i.open(), i.tell("opened", c))
        s.wait(1)
        self.tell(i.tell("resolved", c), i.close())
        rows = self.rig.wait_done(c, 2)
        self.assertEqual([r["state"] for r in rows], ["sent", "sent"])
        self.assertEqual([r.json()["kind"] for r in s.got], ["opened", "opened", "resolved"])
        self.assertEqual(s.got[0].key, s.got[1].key)
        self.assertEqual(self.rig.attempts(c)[0]["outcome"], "uncertain")

    def test_after_a_dead_one_the_next_stands_alone(self):
        s = self.sink(lambda s, r: answer(410 if len(s.got) == 1 else 200))
        c = W.channel("ntfy", self.org)
        W.replies["ntfy"] = [{"status": 410, "body": ""}]
        i = Incident(self.org)
        before = len(W.sinks["ntfy"].got)
        self.tell(i.open(), i.tell("opened", c))
        self.rig.wait_done(c, 1)
        self.tell(i.tell("resolved", c), i.close())
        rows = self.rig.wait_done(c, 2)
        self.assertEqual([r["state"] for r in rows], ["dead", "sent"])
        text = W.sinks["ntfy"].wait(before + 2)[-1].json()["message"]
        self.assertIn("could not be delivered", text)
        self.assertIn("Lasted: 1 h 1 min 5 s", text)

    def test_a_newer_reminder_replaces_an_unsent_one(self):
        s = self.sink(lambda s, r: answer(503))
        c = self.rig.hook(s, org=self.org)
        i = Incident(self.org)
        self.tell(i.open(), i.tell("reminder", c))
        s.wait(1)
        s.react = lambda s, r: answer(200)
        self.tell(i.tell("reminder", c), i.tell("reminder", c))
        rows = self.rig.wait_done(c, 3)
        self.assertEqual(rows[-1]["state"], "sent")
        self.assertEqual(rows[1]["state"], "superseded")
        self.assertIn(rows[0]["state"], ("superseded", "sent"))

    def test_a_dead_channel_has_a_fallback(self):
        dead, ok = self.sink(lambda s, r: answer(404)), self.sink()
        second = self.rig.hook(ok, org=self.org)
        first = self.rig.hook(dead, org=self.org, fallback=second, name="the first")
        i = Incident(self.org)
        self.tell(i.open(), i.tell("opened", first))
        self.assertEqual(ok.wait(1)[0].json()["fallback_for"], "the first")
        self.assertEqual(self.rig.wait_done(first)[0]["state"], "dead")
        self.assertEqual(len(dead.got), 1)

    def storm(self, n, *channels):
        """The last two are up again before their turn, and the first channel is to hear it."""
        incidents = [Incident(self.org, f"m{k}") for k in range(n)]
        self.tell(*(i.open() + i.tell("opened", *channels) for i in incidents),
                  *(i.tell("resolved", channels[0]) + i.close() for i in incidents[-2:]))

    def test_storm_is_digested_per_channel(self):
        one, two = self.sink(), self.sink()
        a, b, pd = self.rig.hook(one, org=self.org), self.rig.hook(two, org=self.org), W.channel("pagerduty", self.org)
        before = len(W.sinks["pagerduty"].got)
        self.storm(12, a, b, pd)
        W.sinks["pagerduty"].wait(before + 12)
        # Counted per kind: the two that are up again go at once.
        for sink, first in ((one, ["opened"] * 5 + ["resolved"] * 2), (two, ["opened"] * 5)):
            got = [r.json()["kind"] for r in sink.wait(len(first) + 1)]
            self.assertEqual((sorted(got[:-1]), got[-1]), (first, "digest"))
        digest = one.got[7].json()
        self.assertEqual(len(two.got[5].json()["items"]), 7)
        rows = self.rig.wait_done(a, 15)
        self.assertEqual([r["state"] for r in rows[:5]], ["sent"] * 5)
        told = [r for r in rows if r["state"] == "digested"]
        self.assertEqual(len(told), len(digest["items"]))
        self.assertEqual({r["told_by"] for r in told}, {r["id"] for r in rows if r["kind"] == "digest"})
        self.assertEqual(len([r for r in rows if r["kind"] == "digest"]), 1)
        self.assertEqual({r["state"] for r in self.rig.notices(pd)}, {"sent"})
        self.assertEqual([x["kind"] for x in digest["items"]], ["opened"] * 5)

    def test_gone_channel_is_dead(self):
        c = self.rig.hook(self.sink(), org=self.org)
        i = Incident(self.org)
        self.rig.sql(f"UPDATE np.channel SET deleted_at = now() WHERE id = '{c}'")
        self.tell(i.open(), i.tell("opened", c))
        self.assertEqual(self.rig.wait_done(c, 1)[0]["state"], "dead")

    def test_organisations_take_turns(self):
        slow = self.sink(lambda s, r: (time.sleep(0.05), answer(200))[1])
        quick = self.sink()
        channels = [self.rig.hook(slow, org=self.org) for _ in range(40)]
        other = self.rig.new_org()
        mine = self.rig.hook(quick, org=other)
        many = [Incident(self.org) for _ in range(5)]
        i = Incident(other)
        self.tell(*(m.open() + m.tell("opened", *channels) for m in many), i.open(), i.tell("opened", mine))
        quick.wait(1)
        self.assertLess(len(slow.got), 150)


class Rota(Case):
    def rota(self, *members, **more):
        return self.rig.channel("rota", {"zone": "Europe/Berlin", "start": "2026-01-05", "handover": "09:00",
                                         "members": list(members), "overrides": [], **more}, org=self.org)

    def test_whoever_is_on_call_and_whoever_heard_the_opening(self):
        one, two = self.sink(), self.sink()
        a, b = self.rig.hook(one, org=self.org), self.rig.hook(two, org=self.org)
        rota = self.rota(a, b)
        i = Incident(self.org)
        self.tell(i.open(), i.tell("opened", rota))
        wait_for("the opening", lambda: len(one.got) + len(two.got) == 1)
        first, other, own = (one, two, a) if one.got else (two, one, b)
        self.assertEqual(self.rig.sql(f"SELECT via FROM np.notice WHERE channel_id = '{rota}'"), own)
        # Somebody else takes over: a reminder goes there, the end to whoever heard the beginning.
        other_channel = b if own == a else a
        self.rig.sql("UPDATE np.channel SET config = jsonb_set(config, '{overrides}', jsonb_build_array(jsonb_build_object("
                     f"'from', '2020-01-01T00:00:00Z', 'to', '2039-01-01T00:00:00Z', 'channel', '{other_channel}'))) WHERE id = '{rota}'")
        self.tell(i.tell("reminder", rota))
        self.assertEqual(other.wait(1)[0].json()["kind"], "reminder")
        self.tell(i.tell("acknowledged", rota), i.tell("resolved", rota), i.close())
        self.rig.wait_done(rota, 4)
        self.assertEqual([r.json()["kind"] for r in first.got], ["opened", "acknowledged", "resolved"])
        self.assertEqual(len(other.got), 1)

    def test_nobody_there_is_dead_and_falls_back(self):
        ok = self.sink()
        second = self.rig.hook(ok, org=self.org)
        rota = self.rota("0192aaaa-bbbb-7ccc-8ddd-eeeeffff0000")
        self.rig.sql(f"UPDATE np.channel SET fallback_id = '{second}' WHERE id = '{rota}'")
        i = Incident(self.org)
        self.tell(i.open(), i.tell("opened", rota))
        self.assertEqual(ok.wait(1)[0].json()["fallback_for"], "rota")
        self.assertEqual(self.rig.wait_done(rota, 1)[0]["state"], "dead")


class Safety(Case):
    def test_private_addresses_only_where_allowed(self):
        s = self.sink()
        strict = self.rig.new_org(private_ok=False)
        for host in ("127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1"):
            c = self.rig.channel("webhook", {"url": f"http://{host}:{s.port}/hook"}, org=strict)
            i = Incident(strict)
            self.tell(i.open(), i.tell("opened", c))
            self.assertEqual(self.rig.wait_done(c, 1)[0]["state"], "dead", host)
            self.assertIn("not allowed", self.rig.attempts(c)[0]["answer"])
        self.assertEqual(s.got, [])

    def test_a_redirect_is_not_followed(self):
        inner = self.sink()
        s = self.sink(lambda s, r: answer(307, "", Location=inner.url) if len(s.got) < 3 else answer(200))
        c = self.rig.hook(s, org=self.org)
        i = Incident(self.org)
        self.tell(i.open(), i.tell("opened", c))
        self.rig.wait_done(c, 1)
        self.assertEqual((len(s.got), len(inner.got)), (3, 0))

    def test_certificates_are_checked(self):
        with tempfile.TemporaryDirectory() as d:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-keyout", f"{d}/k", "-out", f"{d}/c", "-subj", "/CN=127.0.0.1", "-addext",
                            "subjectAltName=IP:127.0.0.1"], check=True, capture_output=True)
            s = self.sink(certificate=(f"{d}/c", f"{d}/k"))
            c = self.rig.hook(s, org=self.org)
            i = Incident(self.org)
            self.tell(i.open(), i.tell("opened", c))
            wait_for("an attempt", lambda: self.rig.attempts(c))
            self.assertIn("certificate", self.rig.attempts(c)[0]["answer"])
            self.assertEqual(self.rig.attempts(c)[0]["outcome"], "retry")
            self.assertEqual(s.got, [])
            self.rig.sql(f"UPDATE np.channel SET deleted_at = now() WHERE id = '{c}'")
            self.rig.wait_done(c, 1)

    def test_secrets_are_never_said(self):
        for kind, c in W.contracts.items():
            if kind == "webhook":
                continue
            echo = {"status": 400, "body": {"message": "no " + " ".join(c["secret"].values())}}
            W.replies[kind] = [echo]
            channel = W.channel(kind, self.org)
            i = Incident(self.org)
            self.tell(i.open(), i.tell("opened", channel))
            self.rig.wait_done(channel, 1)
        said = W.rig.said() + json.dumps(self.rig.rows("SELECT answer FROM np.notice_attempt"))
        for kind, c in W.contracts.items():
            for secret in c["secret"].values():
                self.assertNotIn(secret, said, kind)
        self.assertNotIn("/ack/", said)

    def test_a_request_is_one_request(self):
        """Line ends in what a channel has, written behind the API's back, reach no header and no path."""
        s = W.sinks["gotify"]
        c = self.rig.channel("gotify", {"url": "https://gotify.example.org"}, {"token": "a\r\nX-Evil: 1"}, org=self.org)
        before = len(s.got)
        i = Incident(self.org)
        self.tell(i.open(), i.tell("opened", c))
        self.assertEqual(self.rig.wait_done(c, 1)[0]["state"], "dead")
        self.assertEqual(len(s.got), before)


class Examples(unittest.TestCase):
    """What doc/webhooks.md shows does what it says, in every language that is here."""
    run_by = {"python": ["/usr/bin/python3", "-c"], "javascript": ["node", "-e"], "sh": ["sh", "-c"],
              "php": ["php", "-r"], "go": None}

    def test_examples(self):
        with open(os.path.join(ROOT, "doc", "webhooks.md"), encoding="utf-8") as f:
            blocks = re.findall(r"```(python|javascript|go|php|sh)\n(.*?)```", f.read(), re.S)
        self.assertEqual(sorted(b[0] for b in blocks), sorted(self.run_by))
        body, key = b'{"id":"x"}\n', "0123456789abcdef"
        ran = 0
        for language, code in blocks:
            command = self.run_by[language]
            if not command or not shutil.which(command[0]):
                continue
            ran += 1
            for shift, text, secret, good in ((0, body, key, True), (-400, body, key, False), (400, body, key, False),
                                              (0, body + b" ", key, False), (0, body, "another key 1234", False)):
                t = int(time.time()) + shift
                v1 = hmac.new(key.encode(), f"{t}.".encode() + body, hashlib.sha256).hexdigest()
                env = {**os.environ, "NETPULSE_KEY": secret, "NETPULSE_SIGNATURE": f"t={t},v1={v1}"}
                done = subprocess.run(command + [code.removeprefix("<?php\n")], input=text, env=env, check=False, capture_output=True)
                self.assertEqual(done.returncode == 0, good, f"{language}: {done.stderr.decode()}")
        self.assertGreaterEqual(ran, 3)


class Mail(Case):
    def test_threads_and_parts(self):
        # The end-to-end tests deliver mail; here, that without a server it is dead with a sentence.
        c = self.rig.channel("email", {"to": "ops@example.org"}, org=self.org)
        i = Incident(self.org)
        self.tell(i.open(), i.tell("opened", c))
        self.assertEqual(self.rig.wait_done(c, 1)[0]["state"], "dead")
        self.assertIn("no mail server", self.rig.attempts(c)[0]["answer"])


def main():
    global W
    W = World()
    try:
        program = unittest.main(exit=False, verbosity=2 if os.environ.get("NP_TEST_LOUD") else 1)
        if not program.result.wasSuccessful():
            print(W.rig.said()[-3000:], file=sys.stderr)
            sys.exit(1)
        W.rig.stop()
    finally:
        W.rig.__exit__()


main()
