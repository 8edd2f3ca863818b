#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Policies, maintenance, rotas and the life of incidents, from outside, on real servers.

No engine runs here: what a policy makes of definitions is in the database, and commands to
owners stay undecided (202).
"""
import json
import sys
import threading
import time
import unittest
import uuid

from harness import House

EXE = sys.argv.pop(1)
NOBODY = "00000000-0000-4000-8000-000000000000"
SAMPLE = {"name": "shop", "kind": "http", "target": "http://127.0.0.1:1/"}


HOUSE = House(EXE, command_wait_ms=50, public_url="http://127.0.0.1:8080")


def setUpModule():
    HOUSE.__enter__()
    Case.h = HOUSE
    Case.owner, Case.editor, Case.viewer = (HOUSE.client(role) for role in ("owner", "editor", "viewer"))
    Case.stranger = HOUSE.client("owner", HOUSE.other)
    Case.mail, Case.call = Case.channel("ops-mail"), Case.channel("on-call")


def tearDownModule():
    HOUSE.__exit__()


class Case(unittest.TestCase):
    @classmethod
    def channel(cls, name):
        a = cls.owner.post("/api/v1/channels", {"kind": "email", "name": name, "config": {"to": "a@b.example"}})
        assert a.status == 201, a.raw
        return a.json["id"]

    def monitor(self, **more):
        a = self.owner.post("/api/v1/monitors", {**SAMPLE, **more})
        self.assertEqual(a.status, 202, a.raw)
        return a.json["monitor_id"]

    def read(self, mid):
        a = self.owner.get(f"/api/v1/monitors/{mid}")
        self.assertEqual(a.status, 200, a.raw)
        return a.json

    def problem(self, a, status, field=None):
        self.assertEqual(a.status, status, a.raw)
        if field is not None:
            self.assertIn(field, [e["field"] for e in a.json["errors"]], a.raw)

    def ok(self, a, status=200):
        self.assertEqual(a.status, status, a.raw)
        return a.json if a.raw else None

    def audit(self, subject):
        return [(e["act"], e["before"], e["after"]) for e in
                reversed(self.ok(self.owner.get(f"/api/v1/audit?subject={subject}"))["items"])]

    def tearDown(self):
        self.h.sql("UPDATE np.policy SET deleted_at = now() WHERE deleted_at IS NULL")


class Policies(Case):
    def policy(self, status=201, client=None, **body):
        return self.ok((client or self.owner).post("/api/v1/policies", body), status)

    def test_given_over_policies_over_defaults(self):
        a, b = self.monitor(name="a", tags=["db"]), self.monitor(name="b", retries=5, tags=["db"])
        p = self.policy(name="databases", scope="tag", tag="db", rules={"retries": 1, "reminder_s": 900})
        self.assertEqual((p["changed"], p["monitors"], p["version"]), (2, 2, 1))
        self.assertEqual(p["sentence"], "Try again 1 time; remind every 15 min.")
        one, two = self.read(a), self.read(b)
        self.assertEqual((one["retries"], one["reminder_s"], one["revision"]), (1, 900, 2))
        self.assertEqual((two["retries"], two["reminder_s"], two["revision"]), (5, 900, 2))
        self.assertEqual(two["given"], {"name": "b", "kind": "http", "target": SAMPLE["target"], "retries": 5,
                                        "tags": ["db"]})
        self.assertEqual(two["policies"], [{"id": p["id"], "name": "databases", "scope": "tag"}])
        self.assertIn("remind every 15 min", two["sentence"])
        # a new monitor takes it at once; one without the tag does not
        self.assertEqual(self.read(self.monitor(name="c", tags=["db"]))["retries"], 1)
        self.assertEqual(self.read(self.monitor(name="d"))["retries"], 2)
        # null gives a field back to the policy
        self.assertEqual(self.owner.patch(f"/api/v1/monitors/{b}", {"retries": None}).status, 202)
        self.assertEqual(self.read(b)["retries"], 1)

    def test_revisions_inbox_and_audit_name_the_policy(self):
        mid = self.monitor(tags=["r"])
        p = self.policy(name="rules", scope="tag", tag="r", rules={"confirm_s": 30})
        rev = self.ok(self.owner.get(f"/api/v1/monitors/{mid}/revisions"))["items"][0]
        self.assertEqual((rev["revision"], rev["actor"], rev["definition"]["confirm_s"]), (2, 'policy "rules" (owner)', 30))
        inbox = self.h.sql(f"SELECT command, body->>'revision', actor, origin FROM np.inbox i JOIN np.monitor m ON m.id = "
                           f"i.monitor_id WHERE m.uuid = '{mid}' ORDER BY i.created_at DESC LIMIT 1")
        self.assertEqual(inbox, 'define|2|policy "rules" (owner)|api')
        self.ok(self.owner.patch(f"/api/v1/policies/{p['id']}", {"rules": {"confirm_s": 40}}))
        self.ok(self.owner.delete(f"/api/v1/policies/{p['id']}"), 204)
        acts = self.audit(p["id"])
        self.assertEqual([a for a, _, _ in acts], ["policy.create", "policy.update", "policy.delete"])
        self.assertEqual((acts[1][1]["rules"], acts[1][2]["rules"]), ({"confirm_s": 30}, {"confirm_s": 40}))
        self.assertEqual(self.read(mid)["confirm_s"], 10)
        self.assertEqual(self.read(mid)["revision"], 4)

    def test_the_most_special_wins_field_by_field(self):
        self.policy(name="all", scope="organisation", rules={"retries": 7, "fail_after": 4, "recover_after": 5})
        self.policy(name="one tag", scope="tag", tag="x", rules={"retries": 6, "fail_after": 3})
        self.policy(name="other tag", scope="tag", tag="y", priority=10, rules={"fail_after": 9})
        named = self.policy(name="mine", scope="named", rules={"retries": 0})
        mid = self.monitor(tags=["x", "y"], policy=named["id"].upper())
        m = self.read(mid)
        self.assertEqual((m["retries"], m["fail_after"], m["recover_after"]), (0, 9, 5))
        self.assertEqual([p["name"] for p in m["policies"]], ["mine", "other tag", "one tag", "all"])
        self.assertEqual(m["policy"], named["id"])
        self.assertNotIn("policy", m["given"])
        self.problem(self.owner.delete(f"/api/v1/policies/{named['id']}"), 409)
        self.assertEqual(self.owner.patch(f"/api/v1/monitors/{mid}", {"policy": None}).status, 202)
        self.assertEqual(self.read(mid)["retries"], 6)
        self.ok(self.owner.delete(f"/api/v1/policies/{named['id']}"), 204)

    def test_moving_a_policy_to_another_tag_concerns_both(self):
        a, b = self.monitor(tags=["old"]), self.monitor(tags=["new"])
        p = self.policy(name="m", scope="tag", tag="old", rules={"retries": 1})
        p = self.ok(self.owner.patch(f"/api/v1/policies/{p['id']}", {"tag": "new"}))
        self.assertEqual((p["changed"], p["version"]), (2, 2))
        self.assertEqual((self.read(a)["retries"], self.read(b)["retries"]), (2, 1))

    def test_preview_changes_nothing(self):
        mid = self.monitor(name="previewed", tags=["pv"], channels=[self.mail])
        draft = {"name": "p", "scope": "tag", "tag": "pv", "rules": {
            "quorum": "all", "reminder_s": 0, "escalation": [{"after_s": 900, "channels": [self.call]}],
            "quiet": {"zone": "Europe/Berlin", "from": "22:00", "to": "07:00"}}}
        for who in (self.owner, self.viewer):
            v = self.ok(who.post("/api/v1/policies/preview", draft))
            self.assertEqual((v["concerned"], v["changed"]), (1, 1))
            one = v["monitors"][0]
            self.assertEqual((one["id"], one["name"]), (mid, "previewed"))
            self.assertEqual(one["before"], "Alert when 2 of 3 regions fail for 10 s; tell ops-mail; remind hourly; "
                             "one alert per incident.")
            self.assertEqual(one["after"], "Alert when all 3 regions fail for 10 s; first ops-mail, after 15 min on-call; "
                             "no reminders; quiet 22:00–07:00 Europe/Berlin except critical; one alert per incident.")
            self.assertEqual(sorted(c["field"] for c in one["changes"]), ["escalation", "quiet", "quorum", "reminder_s"])
        self.assertEqual(self.read(mid)["revision"], 1)
        self.assertEqual(self.ok(self.owner.get("/api/v1/policies"))["items"], [])
        p = self.policy(**draft)
        v = self.ok(self.owner.post("/api/v1/policies/preview", {"id": p["id"], "delete": True}))
        self.assertEqual((v["changed"], v["monitors"][0]["changes"][0]["field"]), (1, "quorum"))
        v = self.ok(self.owner.post("/api/v1/policies/preview", {"id": p["id"], "rules": {"quorum": "all"}}))
        self.assertEqual(sorted(c["field"] for c in v["monitors"][0]["changes"]), ["escalation", "quiet", "reminder_s"])
        self.problem(self.owner.post("/api/v1/policies/preview", {"id": NOBODY, "delete": True}), 404)

    def test_drills_are_nobodys_concern(self):
        """Windows and policies leave them alone, and no preview counts them."""
        seen = int(self.h.sql(f"SELECT count(*) FROM np.monitor WHERE deleted_at IS NULL AND org_id = {self.h.org}"))
        drill = self.monitor(name="a drill")
        self.h.sql(f"UPDATE np.monitor SET provenance = 'drill' WHERE uuid = '{drill}'")
        p = self.policy(name="all", scope="organisation", rules={"reminder_s": 900})
        self.assertEqual(p["monitors"], seen)
        self.assertEqual(self.h.sql(f"SELECT revision FROM np.monitor WHERE uuid = '{drill}'"), "1")
        window = {"title": "w", "zone": "UTC", "start": "2030-01-01T00:00:00", "duration_s": 600}
        a = self.ok(self.owner.post("/api/v1/maintenance/preview", {**window, "scope": {"all": True}}))
        self.assertEqual(a["monitors"], seen)
        a = self.owner.post("/api/v1/maintenance/preview", {**window, "scope": {"monitors": [drill]}})
        self.problem(a, 422, "scope.monitors")

    def test_wrong_fields_are_named(self):
        good = {"name": "p", "scope": "organisation", "rules": {"retries": 1}}
        rules = [({"rules": {"target": "x"}}, "rules.target"), ({"rules": {}}, "rules"), ({"rules": 5}, "rules"),
                 ({"rules": {"quorum": 4}}, "rules.quorum"), ({"rules": {"regions": ["mars"]}}, "rules.regions[0]"),
                 ({"rules": {"channels": [NOBODY]}}, "rules.channels"),
                 ({"rules": {"escalation": [{"after_s": 60, "channels": [NOBODY]}]}}, "rules.escalation"),
                 ({"rules": {"quiet": {"zone": "Europe/Atlantis", "from": "22:00", "to": "07:00"}}}, "rules.quiet.zone"),
                 ({"rules": {"quiet": {"zone": "../etc", "from": "22:00", "to": "07:00"}}}, "rules.quiet.zone"),
                 ({"name": ""}, "name"), ({"name": 5}, "name"), ({"name": "a\u0000"}, None), ({"name": "x" * 101}, "name"),
                 ({"scope": "world"}, "scope"), ({"scope": "tag"}, "tag"), ({"tag": "x"}, "tag"),
                 ({"priority": 1.5}, "priority"), ({"priority": 1001}, "priority"), ({"more": 1}, "more"),
                 ({"version": 1}, "version")]
        for change, field in rules:
            a = self.owner.post("/api/v1/policies", {**good, **change})
            self.problem(a, 422 if field else 400, field)
        for missing in good:
            self.problem(self.owner.post("/api/v1/policies", {k: v for k, v in good.items() if k != missing}), 422, missing)
        p = self.policy(**good)
        self.problem(self.owner.post("/api/v1/policies", {**good, "name": "second"}), 409)
        self.problem(self.owner.post("/api/v1/policies", {"name": "p", "scope": "named", "rules": {"retries": 1}}), 409)
        self.problem(self.owner.patch(f"/api/v1/policies/{p['id']}", {"version": 7, "name": "q"}), 409)
        self.problem(self.owner.patch(f"/api/v1/policies/{p['id']}", {"scope": "tag"}), 422, "scope")
        self.problem(self.owner.patch(f"/api/v1/policies/{p['id']}", {}), 422)
        self.problem(self.owner.get("/api/v1/policies/nonsense"), 404)
        self.problem(self.owner.post("/api/v1/monitors", {**SAMPLE, "policy": p["id"]}), 422, "policy")
        self.problem(self.owner.post("/api/v1/monitors", {**SAMPLE, "policy": 5}), 422, "policy")

    def test_rules_that_do_not_fit_a_monitor_are_refused(self):
        mid = self.monitor(name="lonely", regions=["ams1"], tags=["lonely"])
        a = self.owner.post("/api/v1/policies", {"name": "p", "scope": "tag", "tag": "lonely", "rules": {"quorum": 2}})
        self.problem(a, 422, "rules")
        self.assertIn('"lonely"', a.json["errors"][0]["problem"])
        self.assertEqual(self.read(mid)["revision"], 1)
        self.assertEqual(self.ok(self.owner.get("/api/v1/policies"))["items"], [])

    def test_roles(self):
        p = self.policy(name="r", scope="named", rules={"retries": 1})
        for who in (self.viewer, self.editor):
            self.problem(who.post("/api/v1/policies", {"name": "x", "scope": "named", "rules": {"retries": 1}}), 403)
            self.problem(who.patch(f"/api/v1/policies/{p['id']}", {"name": "y"}), 403)
            self.problem(who.delete(f"/api/v1/policies/{p['id']}"), 403)
            self.ok(who.get(f"/api/v1/policies/{p['id']}"))

    def test_another_organisation_sees_and_changes_nothing(self):
        mid = self.monitor(tags=["t"])
        p = self.policy(name="t", scope="tag", tag="t", rules={"retries": 1})
        self.assertEqual(self.ok(self.stranger.get("/api/v1/policies"))["items"], [])
        path = f"/api/v1/policies/{p['id']}"
        self.problem(self.stranger.get(path), 404)
        self.problem(self.stranger.patch(path, {"name": "mine"}), 404)
        self.problem(self.stranger.delete(path), 404)
        self.problem(self.stranger.post("/api/v1/policies/preview", {"id": p["id"], "delete": True}), 404)
        self.h.sql("INSERT INTO np.region (org_id, name) SELECT " + str(self.h.other) + ", 'their1' WHERE NOT EXISTS "
                   "(SELECT FROM np.region WHERE name = 'their1')")
        theirs = self.ok(self.stranger.post("/api/v1/policies", {"name": "t", "scope": "organisation", "rules": {"retries": 0}}), 201)
        self.assertEqual((theirs["changed"], theirs["monitors"]), (0, 0))
        self.assertEqual(self.read(mid)["retries"], 1)
        self.problem(self.stranger.post("/api/v1/policies", {"name": "u", "scope": "named", "rules": {"channels": [self.mail]}}),
                     422, "rules.channels")

    def test_a_thousand_monitors_in_one_transaction(self):
        first = self.read(self.monitor(name="many", tags=["many"]))["id"]
        self.h.sql(f"""INSERT INTO np.monitor (uuid, org_id, name, kind, definition, region_ids, given)
            SELECT gen_random_uuid(), org_id, name || n, kind, definition || jsonb_build_object('name', name || n), region_ids,
                   given || jsonb_build_object('name', name || n)
              FROM np.monitor, generate_series(1, 999) n WHERE uuid = '{first}'""")
        p = self.policy(name="many", scope="tag", tag="many", rules={"confirm_s": 20, "severity": "critical"})
        self.assertEqual(p["changed"], 1000)
        got = self.h.sql("SELECT count(*), count(DISTINCT r.monitor_id), count(DISTINCT i.monitor_id), count(DISTINCT m.changed_xid)"
                         " FROM np.monitor m JOIN np.monitor_revision r ON r.monitor_id = m.id AND r.revision = m.revision"
                         " JOIN np.inbox i ON i.monitor_id = m.id AND (i.body->>'revision')::int = m.revision"
                         " WHERE m.definition->>'confirm_s' = '20' AND m.definition->'tags' ? 'many'"
                         " AND m.definition->>'severity' = 'critical' AND r.definition = m.definition")
        self.assertEqual(got, "1000|1000|1000|1")
        v = self.ok(self.owner.post("/api/v1/policies/preview", {"id": p["id"], "delete": True}))
        self.assertEqual((v["changed"], len(v["monitors"])), (1000, 200))
        self.h.sql("DELETE FROM np.monitor WHERE definition->'tags' ? 'many'")

    def test_two_edits_at_once_leave_one_truth(self):
        mids = [self.monitor(name=f"c{i}", tags=["both"]) for i in range(8)]
        a = self.policy(name="a", scope="tag", tag="both", rules={"retries": 1})
        b = self.policy(name="b", scope="organisation", rules={"confirm_s": 11})
        answers = []

        def edit(who, pid, rules):
            answers.append(who.patch(f"/api/v1/policies/{pid}", {"rules": rules}).status)

        def rename(who, mid, n):
            answers.append(who.patch(f"/api/v1/monitors/{mid}", {"name": f"renamed{n}"}).status)

        threads = []
        for n in range(6):
            threads += [threading.Thread(target=edit, args=(self.owner, a["id"], {"retries": n + 2})),
                        threading.Thread(target=edit, args=(self.owner, b["id"], {"confirm_s": 20 + n})),
                        threading.Thread(target=rename, args=(self.editor, mids[n], n))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(answers), [200] * 12 + [202] * 6)
        retries = self.ok(self.owner.get(f"/api/v1/policies/{a['id']}"))["rules"]["retries"]
        confirm = self.ok(self.owner.get(f"/api/v1/policies/{b['id']}"))["rules"]["confirm_s"]
        for mid in mids:
            m = self.read(mid)
            self.assertEqual((m["retries"], m["confirm_s"]), (retries, confirm))
            revisions = self.h.sql(f"SELECT count(*), max(r.revision) FROM np.monitor_revision r JOIN np.monitor m ON m.id = "
                                   f"r.monitor_id WHERE m.uuid = '{mid}'").split("|")
            self.assertEqual(revisions, [str(m["revision"])] * 2)
        # of two that read the same version only one is taken
        v = self.ok(self.owner.get(f"/api/v1/policies/{a['id']}"))["version"]
        first = self.owner.patch(f"/api/v1/policies/{a['id']}", {"rules": {"retries": 3}, "version": v})
        second = self.owner.patch(f"/api/v1/policies/{a['id']}", {"rules": {"retries": 4}, "version": v})
        self.assertEqual((first.status, second.status), (200, 409))

    def test_parents_are_monitors_without_a_circle(self):
        a = self.monitor(name="switch")
        b = self.monitor(name="host", parent=a)
        c = self.monitor(name="site", parent=b)
        self.problem(self.owner.patch(f"/api/v1/monitors/{a}", {"parent": c}), 422, "parent")
        self.problem(self.owner.patch(f"/api/v1/monitors/{a}", {"parent": a}), 422, "parent")
        self.problem(self.owner.post("/api/v1/monitors", {**SAMPLE, "parent": NOBODY}), 422, "parent")
        self.assertEqual(self.owner.patch(f"/api/v1/monitors/{c}", {"parent": a}).status, 202)
        self.assertIn("silent while its parent is down", self.read(c)["sentence"])


def utc(seconds=0):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() + seconds))


class Maintenance(Case):
    def create(self, **body):
        return self.ok(self.owner.post("/api/v1/maintenance", {"title": "work", "scope": {"all": True}, **body}), 201)

    def test_once_with_its_occurrences(self):
        mid, other = self.monitor(tags=["mt"]), self.monitor(tags=["none"])
        m = self.create(zone="Europe/Berlin", start="2030-03-31T01:30", end="2030-03-31T04:30",
                        scope={"monitors": [mid.upper()], "tags": ["mt"]})
        # the clocks jump in between: two real hours
        self.assertEqual((m["duration_s"], m["late"], m["on"], m["monitors"]), (7200, False, False, 1))
        self.assertEqual(m["next"], [{"from": "2030-03-31T00:30:00Z", "to": "2030-03-31T02:30:00Z"}])
        self.assertEqual(m["until"], "2030-03-31T00:30:00Z")
        self.assertEqual(m["sentence"], "Once on 2030-03-31 at 01:30 for 2 h (Europe/Berlin).")
        self.assertEqual(m["scope"], {"monitors": [mid], "tags": ["mt"]})
        self.assertEqual((m["rrule"], m["exdates"], m["created_by"]), (None, [], "owner"))
        self.assertNotEqual(mid, other)
        acts = self.audit(m["id"])
        self.assertEqual((acts[0][0], acts[0][1], acts[0][2]["title"]), ("maintenance.create", None, "work"))

    def test_recurring_over_changes_of_the_clocks(self):
        m = self.create(zone="America/New_York", start="2030-03-03T02:30", duration_s=3600, rrule="FREQ=WEEKLY;COUNT=4",
                        exdates=["2030-03-17"])
        self.assertEqual([n["from"] for n in m["next"]],
                         ["2030-03-03T07:30:00Z", "2030-03-10T07:30:00Z", "2030-03-24T06:30:00Z"])
        a = self.ok(self.owner.get("/api/v1/maintenance?from=2030-03-01T00:00:00Z&to=2030-03-20T00:00:00Z"))
        got = [(o["maintenance_id"], o["from"]) for o in a["occurrences"] if o["maintenance_id"] == m["id"]]
        self.assertEqual(got, [(m["id"], "2030-03-03T07:30:00Z"), (m["id"], "2030-03-10T07:30:00Z")])
        self.assertNotIn("occurrences", self.ok(self.owner.get("/api/v1/maintenance")))
        b = self.ok(self.owner.patch(f"/api/v1/maintenance/{m['id']}", {"exdates": None, "rrule": "FREQ=WEEKLY;COUNT=3"}))
        self.assertEqual(len(b["next"]), 3)
        b = self.ok(self.owner.patch(f"/api/v1/maintenance/{m['id']}", {"rrule": None, "title": "once"}))
        self.assertEqual((len(b["next"]), b["title"], b["rrule"]), (1, "once", None))
        acts = self.audit(m["id"])
        self.assertEqual([x[0] for x in acts], ["maintenance.create", "maintenance.update", "maintenance.update"])
        self.assertEqual((acts[2][1]["title"], acts[2][2]["title"]), ("work", "once"))

    def test_now_and_end_now(self):
        m = self.create(duration_s=1800)
        self.assertEqual((m["on"], m["late"], m["zone"]), (True, False, "UTC"))
        for zone in ("Asia/Kolkata", "America/St_Johns"):
            self.assertTrue(self.create(duration_s=600, zone=zone)["on"])
        before = self.h.sql(f"SELECT changed_xid FROM np.maintenance WHERE id = '{m['id']}'")
        e = self.ok(self.owner.post(f"/api/v1/maintenance/{m['id']}/end"))
        self.assertEqual((e["on"], e["until"], e["next"]), (False, None, []))
        self.assertNotEqual(self.h.sql(f"SELECT changed_xid FROM np.maintenance WHERE id = '{m['id']}'"), before)
        self.problem(self.owner.post(f"/api/v1/maintenance/{m['id']}/end"), 409)
        r = self.create(start=utc(-600)[:16], duration_s=3600, rrule="FREQ=DAILY")
        r = self.ok(self.owner.post(f"/api/v1/maintenance/{r['id']}/end"))
        self.assertFalse(r["on"])
        self.assertEqual(len(r["next"]), 5)  # the days to come stay

    def test_what_may_not_be_meant_is_hinted_at(self):
        for times, hint in (({"start": utc(7200), "duration_s": 3600}, None),
                            ({"start": utc(-7200), "duration_s": 3600}, "lies in the past"),
                            ({"start": utc(7200), "duration_s": 3600, "rrule": "FREQ=DAILY"}, "without an end"),
                            ({"start": utc(7200), "duration_s": 3600, "rrule": "FREQ=DAILY;COUNT=3"}, None),
                            ({"start": utc(7200), "duration_s": 86400, "rrule": "FREQ=DAILY"}, "is never told")):
            got = self.create(**times)["hint"]
            self.assertTrue(got is None if hint is None else hint in got, (times, got))

    def test_what_is_entered_after_the_fact_is_late(self):
        self.assertTrue(self.create(start=utc(-7200), duration_s=3600)["late"])
        self.assertTrue(self.create(start=utc(-600), duration_s=3600)["late"])
        self.assertFalse(self.create(start=utc(-10), duration_s=3600)["late"])
        m = self.create(start=utc(7200), duration_s=3600)
        self.assertFalse(m["late"])
        self.assertFalse(self.ok(self.owner.patch(f"/api/v1/maintenance/{m['id']}", {"title": "t"}))["late"])
        self.assertTrue(self.ok(self.owner.patch(f"/api/v1/maintenance/{m['id']}", {"start": utc(-3600)}))["late"])
        self.assertTrue(self.ok(self.owner.patch(f"/api/v1/maintenance/{m['id']}", {"start": utc(3600)}))["late"])

    def test_overlapping_is_allowed_and_preview_stores_nothing(self):
        n = len(self.ok(self.owner.get("/api/v1/maintenance"))["items"])
        body = {"title": "p", "scope": {"tags": ["nobody"]}, "start": "2031-01-01T00:00", "duration_s": 86400, "rrule": "FREQ=DAILY;COUNT=2"}
        p = self.ok(self.viewer.post("/api/v1/maintenance/preview", body))
        self.assertEqual((p["id"], p["monitors"], len(p["next"])), (None, 0, 2))
        self.assertEqual(len(self.ok(self.owner.get("/api/v1/maintenance"))["items"]), n)
        self.create(**body)
        self.create(**body)
        self.assertEqual(len(self.ok(self.owner.get("/api/v1/maintenance"))["items"]), n + 2)

    def test_wrong_fields_are_named(self):
        good = {"title": "t", "scope": {"all": True}, "zone": "Europe/Berlin", "start": "2030-01-01T00:00", "duration_s": 3600}
        for change, field in [({"title": ""}, "title"), ({"title": 5}, "title"), ({"note": "x" * 4001}, "note"),
                              ({"zone": "Europe/Atlantis"}, "zone"), ({"zone": "../../etc/passwd"}, "zone"), ({"zone": 5}, "zone"),
                              ({"start": "2030-01-01"}, "start"), ({"start": "2030-01-01T00:00Z"}, "start"), ({"start": 1}, "start"),
                              ({"duration_s": 59}, "duration_s"), ({"duration_s": 2678401}, "duration_s"), ({"duration_s": "1h"}, "duration_s"),
                              ({"end": "2030-01-01T01:00"}, "end"), ({"rrule": "FREQ=HOURLY"}, "rrule"), ({"rrule": ""}, "rrule"),
                              ({"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, "rrule"), ({"rrule": 5}, "rrule"),
                              ({"rrule": "FREQ=DAILY", "exdates": ["x"]}, "exdates[0]"), ({"exdates": "x"}, "exdates"), ({"exdates": ["2030-01-01"]}, "exdates"),
                              ({"scope": {}}, "scope"), ({"scope": {"all": False}}, "scope"), ({"scope": {"all": True, "tags": ["x"]}}, "scope"),
                              ({"scope": {"monitors": [NOBODY]}}, "scope.monitors"), ({"scope": {"monitors": ["x"]}}, "scope.monitors"),
                              ({"scope": {"tags": [5]}}, None), ({"scope": {"pages": []}}, "scope.pages"), ({"scope": 5}, "scope"),
                              ({"ended": []}, "ended"), ({"late": False}, "late")]:
            self.problem(self.owner.post("/api/v1/maintenance", {**good, **change}), 422, field)
        for missing in ("title", "scope", "duration_s"):
            self.problem(self.owner.post("/api/v1/maintenance", {k: v for k, v in good.items() if k != missing}), 422, missing)
        for end in ("2030-01-01T00:00", "2029-01-01T00:00", "2030-03-01T00:00", "x"):
            body = {k: v for k, v in good.items() if k != "duration_s"}
            self.problem(self.owner.post("/api/v1/maintenance", {**body, "end": end}), 422, "end")
        for query in ("from=2030-01-01T00:00:00Z", "from=x&to=y", "from=2030-01-01T00:00:00Z&to=2029-01-01T00:00:00Z",
                      "from=2030-01-01T00:00:00Z&to=2032-01-01T00:00:00Z"):
            self.problem(self.owner.get("/api/v1/maintenance?" + query), 422)

    def test_roles_and_tenancy(self):
        m = self.create(start="2030-01-01T00:00", duration_s=3600)
        path = f"/api/v1/maintenance/{m['id']}"
        body = {"title": "t", "scope": {"all": True}, "duration_s": 60}
        self.problem(self.viewer.post("/api/v1/maintenance", body), 403)
        for who, status in ((self.viewer, 403), (self.stranger, 404)):
            self.problem(who.patch(path, {"title": "x"}), status)
            self.problem(who.delete(path), status)
            self.problem(who.post(path + "/end"), status)
        self.ok(self.viewer.get(path))
        self.problem(self.stranger.get(path), 404)
        self.assertEqual(self.ok(self.stranger.get("/api/v1/maintenance"))["items"], [])
        mid = self.monitor()
        self.problem(self.stranger.post("/api/v1/maintenance", {**body, "scope": {"monitors": [mid]}}), 422, "scope.monitors")
        self.ok(self.editor.delete(path), 204)
        self.problem(self.owner.get(path), 404)
        # the engine may read it, and no more
        for role, statement in (("np_engine", "UPDATE np.maintenance SET title = 'x'"), ("np_engine", "SELECT 1 FROM np.policy"),
                                ("np_alerter", "SELECT 1 FROM np.maintenance")):
            with self.assertRaisesRegex(RuntimeError, "permission denied"):
                self.h.sql(f"SET ROLE {role}; {statement}")
        self.assertGreater(int(self.h.sql("SET ROLE np_engine; SELECT count(*) FROM np.maintenance")), 0)


class Life(Case):
    """Incidents as people lead them."""

    def machine(self, closed=False):
        mid = self.monitor(name="shop")
        iid = str(uuid.uuid4())
        self.h.sql(f"""INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, state, opened_at, decided_at,
                closed_at, close_reason, why)
            SELECT '{iid}', org_id, id, uuid, shard, '{"resolved" if closed else "open"}', now() - interval '1 h', now(),
                {"now(), 'recovered'" if closed else "NULL, NULL"}, '2 of 3 fail' FROM np.monitor WHERE uuid = '{mid}';
            INSERT INTO np.incident_event (incident_id, number, org_id, monitor_id, at, kind, actor)
            SELECT '{iid}', 1, org_id, id, now() - interval '1 h', 'opened', 'engine' FROM np.monitor WHERE uuid = '{mid}'""")
        return iid

    def open(self, **more):
        return self.ok(self.owner.post("/api/v1/incidents", {"title": "Payments are slow", **more}), 201)

    def path(self, i, rest=""):
        return f"/api/v1/incidents/{i if isinstance(i, str) else i['id']}{rest}"

    def notices(self, iid):
        got = self.h.sql(f"SELECT n.kind, n.event, c.name FROM np.notice n JOIN np.channel c ON c.id = n.channel_id "
                         f"WHERE n.subject = '{iid}' ORDER BY n.event, c.name")
        return got.split("\n") if got else []

    def test_manual_from_opening_to_the_end(self):
        mid = self.monitor()
        i = self.open(severity="critical", text="We see long queues.", affects=[mid.upper()], channels=[self.mail], notify=True)
        self.assertEqual((i["kind"], i["state"], i["phase"], i["severity"], i["monitor_id"], i["affects"]),
                         ("manual", "open", "investigating", "critical", None, [mid]))
        self.assertEqual(i["events"][0]["kind"], "opened")
        self.assertEqual((i["events"][0]["reason"], i["events"][0]["number"], i["events"][0]["actor"], i["events"][0]["origin"]),
                         ("We see long queues.", None, "owner", "api"))
        body = json.loads(self.h.sql(f"SELECT body FROM np.notice WHERE subject = '{i['id']}'"))
        self.assertEqual((body["kind"], body["why"], body["monitor"], body["incident"]["title"], body["severity"]),
                         ("opened", "We see long queues.", None, "Payments are slow", "critical"))
        i = self.ok(self.editor.patch(self.path(i), {"phase": "identified", "assignee": "ben", "reason": "A switch.", "public": True, "notify": True}))
        self.assertEqual((i["phase"], i["assignee"]), ("identified", "ben"))
        self.assertEqual([(e["kind"], e["reason"], e["public"], e["detail"]) for e in i["events"][1:]],
                         [("phase", "A switch.", True, {"before": "investigating", "after": "identified"}),
                          ("assignee", "", True, {"after": "ben"})])
        i = self.ok(self.owner.post(self.path(i, "/ack"), {"note": "mine"}))
        self.assertEqual((i["state"], i["acknowledged_by"]), ("acknowledged", "owner"))
        self.problem(self.owner.post(self.path(i, "/ack")), 409)
        self.assertEqual(self.ok(self.owner.delete(self.path(i, "/ack")))["state"], "open")
        i = self.ok(self.owner.patch(self.path(i), {"phase": "resolved", "reason": "Replaced."}))
        self.assertEqual((i["state"], i["phase"], i["close_reason"]), ("resolved", "resolved", "by owner"))
        self.problem(self.owner.patch(self.path(i), {"phase": "monitoring"}), 409)
        self.problem(self.owner.post(self.path(i, "/resolve")), 409)
        i = self.ok(self.owner.post(self.path(i, "/notes"), {"text": "afterwards"}))
        self.assertEqual((i["events"][-1]["kind"], i["events"][-1]["reason"]), ("note", "afterwards"))
        i = self.ok(self.owner.patch(self.path(i), {"post_mortem": "# Why\n<b>x</b>", "severity": "minor", "title": "Slow"}))
        self.assertEqual((i["post_mortem"], i["severity"], i["title"]), ("# Why\n<b>x</b>", "minor", "Slow"))
        i = self.ok(self.owner.post(self.path(i, "/reopen"), {"note": "again"}))
        self.assertEqual((i["state"], i["phase"], i["closed_at"]), ("open", "investigating", None))
        self.ok(self.owner.post(self.path(i, "/resolve"), {"note": "done"}))
        self.assertEqual(self.notices(i["id"]), ["opened|1|ops-mail", "update|2|ops-mail", "acknowledged|3|ops-mail", "resolved|4|ops-mail",
                                                 "reopened|5|ops-mail", "resolved|6|ops-mail"])
        acts = [a for a, _, _ in self.audit(i["id"])]
        self.assertEqual(acts, ["incident.opened", "incident.phase", "incident.assignee", "incident.acknowledged",
                                "incident.unacknowledged", "incident.phase", "incident.note", "incident.severity", "incident.title",
                                "incident.post_mortem", "incident.reopened", "incident.resolved"])

    def test_manual_without_notices_and_to_everybody(self):
        self.assertEqual(self.notices(self.open()["id"]), [])
        i = self.open(notify=True)
        self.assertEqual(self.notices(i["id"]), ["opened|1|on-call", "opened|1|ops-mail"])
        self.assertEqual(self.notices(self.open(notify=True, channels=[])["id"]), [])
        listed = self.ok(self.viewer.get("/api/v1/incidents?state=active"))["items"]
        self.assertIn(i["id"], [x["id"] for x in listed])

    def test_words_beside_the_machine(self):
        iid = self.machine()
        i = self.ok(self.owner.patch(self.path(iid), {"phase": "monitoring", "severity": "minor", "reason": "watching"}))
        self.assertEqual((i["kind"], i["phase"], i["severity"], i["state"]), ("machine", "monitoring", "minor", "open"))
        self.assertEqual([(e["number"], e["kind"]) for e in i["events"]], [(1, "opened"), (None, "phase"), (None, "severity")])
        self.assertEqual(self.ok(self.owner.patch(self.path(iid), {"severity": None}))["severity"], "major")
        self.problem(self.owner.patch(self.path(iid), {"phase": "resolved"}), 409)
        self.assertEqual(self.owner.post(self.path(iid, "/notes"), {"text": "x"}).status, 202)  # the owner's
        self.assertEqual(self.owner.post(self.path(iid, "/reopen")).status, 202)
        command = self.h.sql(f"SELECT command FROM np.inbox WHERE body->>'incident' = '{iid}' ORDER BY created_at DESC LIMIT 1")
        self.assertEqual(command, "reopen")
        done = self.machine(closed=True)
        i = self.ok(self.owner.post(self.path(done, "/notes"), {"text": "after"}))
        self.assertEqual((i["phase"], i["events"][-1]["kind"]), ("resolved", "note"))
        self.assertEqual(self.ok(self.owner.patch(self.path(done), {"post_mortem": "p"}))["post_mortem"], "p")
        self.problem(self.owner.patch(self.path(done), {"phase": "identified"}), 409)
        self.problem(self.owner.post(self.path(done, "/reopen")), 409)
        # what is the machine's stays the machine's
        with self.assertRaisesRegex(RuntimeError, "row-level security"):
            self.h.sql(f"SET ROLE np_web; SELECT set_config('np.tenant', '{self.h.org}', false); INSERT INTO np.incident "
                       f"(id, org_id, monitor_id, monitor_uuid, shard, state, opened_at, decided_at, why) VALUES "
                       f"(gen_random_uuid(), {self.h.org}, 1, gen_random_uuid(), 1, 'open', now(), now(), '')")
        changed = self.h.sql(f"SET ROLE np_web; SELECT set_config('np.tenant', '{self.h.org}', false); "
                             f"WITH u AS (UPDATE np.incident SET state = 'resolved' WHERE id = '{iid}' RETURNING 1) SELECT count(*) FROM u")
        self.assertEqual(changed.split("\n")[-1], "0")

    def test_an_update_without_a_change(self):
        i = self.open()
        i = self.ok(self.owner.patch(self.path(i), {"reason": "Still looking.", "public": True}))
        self.assertEqual([(e["kind"], e["reason"]) for e in i["events"]][1:], [("update", "Still looking.")])
        n = len(i["events"])
        self.assertEqual(len(self.ok(self.owner.patch(self.path(i), {"phase": "investigating"}))["events"]), n)

    def test_publish(self):
        i = self.open(public=True)
        self.assertIsNotNone(i["published_at"])
        self.assertIsNone(self.ok(self.editor.delete(self.path(i, "/publish")))["published_at"])
        i = self.ok(self.editor.post(self.path(i, "/publish")))
        at = i["published_at"]
        self.assertEqual(self.ok(self.editor.post(self.path(i, "/publish")))["published_at"], at)
        self.assertEqual([e["kind"] for e in i["events"]], ["opened", "unpublished", "published"])

    def test_merge_and_unmerge(self):
        a, b, c = self.machine(), self.open(), self.open()
        i = self.ok(self.owner.post(self.path(a, "/merge"), {"into": b["id"].upper(), "reason": "one cause"}))
        self.assertEqual(i["merged_into"], b["id"])
        i = self.ok(self.owner.get(self.path(b)))
        self.assertEqual((i["merged"], i["events"][-1]["kind"], i["events"][-1]["detail"]), ([a], "took_in", {"after": a}))
        self.problem(self.owner.post(self.path(a, "/merge"), {"into": c["id"]}), 409)
        self.problem(self.owner.post(self.path(b, "/merge"), {"into": c["id"]}), 409)
        self.problem(self.owner.post(self.path(c, "/merge"), {"into": a}), 409)
        self.problem(self.owner.post(self.path(c, "/merge"), {"into": c["id"]}), 422, "into")
        self.problem(self.owner.post(self.path(c, "/merge"), {"into": NOBODY}), 422, "into")
        self.problem(self.owner.post(self.path(c, "/merge"), {"into": "x"}), 422, "into")
        self.problem(self.owner.post(self.path(c, "/merge"), {}), 422, "into")
        self.assertIsNone(self.ok(self.owner.delete(self.path(a, "/merge")))["merged_into"])
        self.problem(self.owner.delete(self.path(a, "/merge")), 409)
        self.assertEqual(self.ok(self.owner.get(self.path(b)))["merged"], [])
        # crosswise at once: one of the two, never both
        answers = []
        threads = [threading.Thread(target=lambda x=x, y=y: answers.append(
            self.owner.post(self.path(x, "/merge"), {"into": y["id"]}).status)) for x, y in ((b, c), (c, b))]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(sorted(answers), [200, 409])

    def test_wrong_fields_are_named(self):
        for change, field in [({"title": ""}, "title"), ({"title": "x" * 201}, "title"), ({"severity": "huge"}, "severity"),
                              ({"phase": "resolved"}, "phase"), ({"phase": 5}, "phase"), ({"text": "x" * 4001}, "text"),
                              ({"opened_at": "soon"}, "opened_at"), ({"opened_at": "2100-01-01T00:00:00Z"}, "opened_at"),
                              ({"affects": [NOBODY]}, "affects"), ({"affects": "x"}, "affects"), ({"channels": [NOBODY]}, "channels"),
                              ({"channels": ["x"]}, "channels"), ({"notify": 1}, "notify"), ({"public": "yes"}, "public"),
                              ({"state": "open"}, "state")]:
            self.problem(self.owner.post("/api/v1/incidents", {"title": "t", **change}), 422, field)
        i = self.open()
        for change, field in [({"title": ""}, "title"), ({"phase": "over"}, "phase"), ({"phase": None}, "phase"), ({"severity": 5}, "severity"),
                              ({"assignee": "x" * 101}, "assignee"), ({"assignee": 5}, "assignee"), ({"post_mortem": 5}, "post_mortem"),
                              ({"post_mortem": "x" * 100001}, "post_mortem"), ({"affects": [NOBODY]}, "affects"), ({"reason": 5}, "reason"),
                              ({"public": 5}, "public"), ({"state": "x"}, "state"), ({}, "")]:
            self.problem(self.owner.patch(self.path(i), change), 422, field)
        for deed in ("/publish", "/reopen"):
            self.problem(self.owner.post(self.path(NOBODY, deed)), 404)
        self.problem(self.owner.patch(self.path("nonsense"), {"title": "x"}), 404)

    def test_roles_and_tenancy(self):
        i, iid = self.open(), self.machine()
        for who, status in ((self.viewer, 403), (self.stranger, 404)):
            for x in (i, iid):
                self.problem(who.patch(self.path(x), {"reason": "x"}), status)
                for method, rest, body in (("POST", "/publish", None), ("DELETE", "/publish", None), ("DELETE", "/merge", None),
                                           ("POST", "/merge", {"into": NOBODY}), ("POST", "/reopen", None), ("POST", "/notes", {"text": "x"}),
                                           ("POST", "/ack", None), ("POST", "/resolve", None)):
                    self.problem(who.call(method, self.path(x, rest), body), status)
        self.problem(self.viewer.post("/api/v1/incidents", {"title": "x"}), 403)
        self.assertEqual(self.ok(self.stranger.get("/api/v1/incidents"))["items"], [])
        mid = self.monitor()
        self.problem(self.stranger.post("/api/v1/incidents", {"title": "x", "affects": [mid]}), 422, "affects")
        theirs = self.ok(self.stranger.post("/api/v1/incidents", {"title": "x", "notify": True}), 201)
        self.assertEqual(self.notices(theirs["id"]), [])  # they have no channels
        self.problem(self.stranger.post(self.path(theirs, "/merge"), {"into": i["id"]}), 422, "into")
        self.assertEqual(len(self.ok(self.owner.get(self.path(i)))["events"]), 1)


class Rotas(Case):
    def create(self, **more):
        return self.ok(self.owner.post("/api/v1/rotas", {"name": "On call", "members": [self.mail, self.call], **more}), 201)

    def test_turns_and_overrides(self):
        r = self.create(zone="Europe/Berlin", start="2030-03-04", handover="09:00")
        self.assertEqual([m["name"] for m in r["members"]], ["ops-mail", "on-call"])
        path = f"/api/v1/rotas/{r['id']}"
        a = self.ok(self.viewer.get(path + "/now?at=2030-03-05T00:00:00Z"))
        self.assertEqual((a["now"]["channel_id"], a["now"]["from"], a["now"]["until"], a["next"]["name"]),
                         (self.mail, "2030-03-04T08:00:00Z", "2030-03-11T08:00:00Z", "on-call"))
        self.assertEqual(a["sentence"], "ops-mail is on call until 2030-03-11T08:00:00Z, then on-call.")
        r = self.ok(self.editor.post(path + "/overrides", {"from": "2030-03-05T18:00:00Z", "to": "2030-03-06T06:00:00Z",
                                                           "channel": self.call, "note": "swap"}))
        self.assertEqual(len(r["overrides"]), 1)
        c = self.ok(self.viewer.get(path + "/calendar?from=2030-03-04T08:00:00Z&to=2030-03-12T00:00:00Z"))["items"]
        self.assertEqual([(t["name"], t["from"], t["override"]) for t in c],
                         [("ops-mail", "2030-03-04T08:00:00Z", False), ("on-call", "2030-03-05T18:00:00Z", True),
                          ("ops-mail", "2030-03-06T06:00:00Z", False), ("on-call", "2030-03-11T08:00:00Z", False)])
        self.assertEqual(c[1]["note"], "swap")
        r = self.ok(self.owner.patch(path, {"overrides": [], "name": "Nights", "members": [self.call]}))
        self.assertEqual((r["name"], r["overrides"], len(r["members"])), ("Nights", [], 1))
        self.assertEqual([a for a, _, _ in self.audit(r["id"])], ["rota.create", "rota.update", "rota.update"])
        # a rota is a channel that monitors may name
        self.assertIn("tell Nights", self.read(self.monitor(channels=[r["id"]]))["sentence"])
        self.assertIn(r["id"], [x["id"] for x in self.ok(self.owner.get("/api/v1/rotas"))["items"]])
        self.problem(self.owner.delete(path), 409)  # the monitor names it
        self.assertEqual(self.ok(self.owner.get(path))["name"], "Nights")

    def test_alone(self):
        r = self.create(members=[self.mail], start="2020-01-06")
        self.assertIs(r["now"]["lasting"], True)
        self.assertIs(self.create()["now"]["lasting"], False)
        path = f"/api/v1/rotas/{r['id']}"
        self.assertEqual(self.ok(self.owner.get(path + "/now"))["sentence"], "ops-mail is on call: nobody else is in the rota.")
        self.ok(self.owner.delete(path), 204)
        self.problem(self.owner.get(path), 404)

    def test_a_channel_that_somebody_needs_stays(self):
        """Whoever names a channel is named in the refusal; what was an override is no need."""
        one = self.channel("needed")
        path = f"/api/v1/channels/{one}"
        old = {"from": "2020-01-01T00:00:00Z", "to": "2020-01-02T00:00:00Z", "channel": one}
        self.create(name="History", overrides=[old])
        new = {**old, "to": "2040-01-02T00:00:00Z"}
        rota = self.create(name="Week", overrides=[new])
        policy = self.ok(self.owner.post("/api/v1/policies", {"name": "Night", "scope": "named", "rules": {
            "escalation": [{"after_s": 60, "channels": [one]}]}}), 201)
        mid = self.monitor(name="till", channels=[one])
        other = self.channel("falls back")
        self.ok(self.owner.patch(f"/api/v1/channels/{other}", {"fallback": one}))
        a = self.owner.delete(path)
        self.problem(a, 409)
        self.assertEqual(a.json["detail"], 'This channel is needed by rota "Week", policy "Night", monitor "till", the '
                                           'fallback of "falls back": take it from there first.')
        self.ok(self.owner.patch(f"/api/v1/rotas/{rota['id']}", {"overrides": []}))
        self.ok(self.owner.delete(f"/api/v1/policies/{policy['id']}"), 204)
        self.assertEqual(self.owner.patch(f"/api/v1/monitors/{mid}", {"channels": None}).status, 202)
        self.assertIn('needed by the fallback of "falls back"', self.owner.delete(path).json["detail"])
        self.ok(self.owner.patch(f"/api/v1/channels/{other}", {"fallback": None}))
        self.ok(self.owner.delete(path), 204)

    def test_defaults(self):
        r = self.create()
        self.assertEqual((r["zone"], r["handover"], r["overrides"]), ("UTC", "09:00", []))
        self.assertIn(r["now"]["name"], ("ops-mail", "on-call"))
        self.assertEqual(len(self.ok(self.owner.get(f"/api/v1/rotas/{r['id']}/calendar"))["items"]), 5)

    def test_wrong_fields_are_named(self):
        r = self.create()
        x = {"from": "2030-01-01T00:00:00Z", "to": "2030-01-02T00:00:00Z", "channel": self.mail}
        for change, field in [({"name": ""}, "name"), ({"zone": "Europe/Atlantis"}, "zone"), ({"zone": 5}, "zone"),
                              ({"start": "2030-01-01T00:00"}, "start"), ({"handover": "9"}, "handover"), ({"members": []}, "members"),
                              ({"members": [NOBODY]}, "members[0]"), ({"members": [r["id"]]}, "members[0]"), ({"members": ["x"]}, "members[0]"),
                              ({"overrides": 5}, "overrides"), ({"overrides": [{**x, "channel": NOBODY}]}, "overrides[0].channel"),
                              ({"overrides": [{**x, "to": x["from"]}]}, "overrides[0].to"), ({"overrides": [{**x, "more": 1}]}, "overrides[0].more"),
                              ({"more": 1}, "more")]:
            self.problem(self.owner.post("/api/v1/rotas", {"name": "n", "members": [self.mail], **change}), 422, field)
            self.problem(self.owner.patch(f"/api/v1/rotas/{r['id']}", change), 422, field)
        self.problem(self.owner.post(f"/api/v1/rotas/{r['id']}/overrides", {"channel": self.mail}), 422, "overrides[0].from")
        self.problem(self.owner.get(f"/api/v1/rotas/{r['id']}/now?at=x"), 422, "at")
        self.problem(self.owner.get(f"/api/v1/rotas/{r['id']}/calendar?to=2020-01-01T00:00:00Z"), 422, "to")
        self.problem(self.owner.get(f"/api/v1/rotas/{self.mail}"), 404)  # a channel, not a rota

    def test_roles_and_tenancy(self):
        r = self.create()
        path = f"/api/v1/rotas/{r['id']}"
        for who, status in ((self.viewer, 403), (self.stranger, 404)):
            self.problem(who.patch(path, {"name": "x"}), status)
            self.problem(who.delete(path), status)
            self.problem(who.post(path + "/overrides", {}), status)
        self.problem(self.stranger.get(path + "/now"), 404)
        self.problem(self.stranger.post("/api/v1/rotas", {"name": "x", "members": [self.mail]}), 422, "members[0]")
        self.assertEqual(self.ok(self.stranger.get("/api/v1/rotas"))["items"], [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
