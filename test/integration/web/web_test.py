#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The API walked through from outside, on a real PostgreSQL, PgBouncer and Redis.

No engine runs here: commands stay undecided (202), unless a test decides one as an engine
would, in the database and on np:live.
"""
import base64
import gzip
import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest
import uuid

from harness import (PATIENCE_S, Client, House, Stream, group, in_background, incident, live, note, now_us, result,
                     state, until)

EXE = sys.argv.pop(1)
ENGINE = sys.argv.pop(1) if len(sys.argv) > 1 and "engine" in sys.argv[1] else None
NOBODY = "00000000-0000-4000-8000-000000000000"
SAMPLE = {"name": "shop", "kind": "http", "target": "http://127.0.0.1:1/", "tags": ["eu"]}


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.h = House(EXE, command_wait_ms=20, test_wait_ms=50, public_url="http://127.0.0.1:8080",
                      trusted_proxies='["127.0.0.1"]', streams_per_organisation=24).__enter__()
        cls.owner = cls.h.client("owner")
        cls.editor = cls.h.client("editor")
        cls.viewer = cls.h.client("viewer")
        cls.stranger = cls.h.client("owner", cls.h.other)

    @classmethod
    def tearDownClass(cls):
        cls.h.__exit__()

    def again(self, **settings):
        """The same web, started anew with other settings."""
        self.h.stop()
        self.h.settings.update(settings)
        self.h.start()
        for c in (self.owner, self.editor, self.viewer, self.stranger):
            c.port = self.h.port

    def monitor(self, **more):
        a = self.owner.post("/api/v1/monitors", {**SAMPLE, **more})
        self.assertEqual(a.status, 202, a.raw)
        return a.json["monitor_id"]

    def number(self, mid):
        return int(self.h.sql(f"SELECT id FROM np.monitor WHERE uuid = '{mid}'"))

    def open_incident(self, mid):
        iid = str(uuid.uuid4())
        self.h.sql(f"""INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, state, opened_at, decided_at, why)
            SELECT '{iid}', org_id, id, uuid, shard, 'open', now(), now(), '2 of 3 fail' FROM np.monitor WHERE uuid = '{mid}';
            INSERT INTO np.incident_event (incident_id, number, org_id, monitor_id, at, kind, actor)
            SELECT '{iid}', 1, org_id, id, now(), 'opened', 'engine' FROM np.monitor WHERE uuid = '{mid}'""")
        return iid

    def problem(self, a, status, field=None):
        self.assertEqual(a.status, status, a.raw)
        self.assertEqual(a.headers["content-type"], "application/problem+json")
        p = a.json
        self.assertEqual(p["status"], status)
        self.assertTrue(p["title"] and p["request_id"])
        self.assertEqual(p["request_id"], a.headers["x-request-id"])
        if field is not None:
            self.assertIn(field, [e["field"] for e in p["errors"]], a.raw)
        return p


class Access(Case):
    def test_without_credential(self):
        a = Client(self.h.port).get("/api/v1/monitors")
        self.problem(a, 401)
        self.assertEqual(a.headers["www-authenticate"], "Bearer")

    def test_bad_tokens(self):
        for token in ("x", "npt_" + "a" * 43, "' OR 1=1 --", "a" * 4000):
            self.problem(Client(self.h.port, token).get("/api/v1/monitors"), 401)

    def test_revoked_and_expired_tokens(self):
        for column in ("revoked_at = now()", "expires_at = now() - interval '1 s'"):
            c = self.h.client("owner")
            self.assertEqual(c.get("/api/v1/session").status, 200)
            digest = hashlib.sha256(c.token.encode()).hexdigest()
            self.h.sql(f"UPDATE np.api_token SET {column} WHERE token_sha256 = '\\x{digest}'")
            self.problem(c.get("/api/v1/session"), 401)

    def test_sign_in_and_out(self):
        a = Client(self.h.port).post("/api/v1/session", {"token": self.viewer.token})
        self.assertEqual(a.status, 200, a.raw)
        flags = a.cookies[0]
        for want in ("HttpOnly", "SameSite=Strict", "Path=/"):
            self.assertIn(want, flags)
        c = Client(self.h.port, cookie=flags.split(";")[0])
        who = c.get("/api/v1/session").json
        self.assertEqual((who["role"], who["via"], who["org"]["private_ok"]), ("viewer", "cookie", True))
        self.assertNotIn("monitor.edit", who["actions"])
        self.assertEqual(c.delete("/api/v1/session").status, 204)
        self.problem(c.get("/api/v1/session"), 401)

    def test_cookie_needs_origin(self):
        a = Client(self.h.port).post("/api/v1/session", {"token": self.owner.token})
        c = Client(self.h.port, cookie=a.cookies[0].split(";")[0])
        self.problem(c.post("/api/v1/monitors", SAMPLE, headers={"Origin": None}), 403)
        self.problem(c.post("/api/v1/monitors", SAMPLE, headers={"Origin": "https://evil.example"}), 403)
        self.problem(c.post("/api/v1/monitors", SAMPLE, headers={"Origin": "null"}), 403)
        self.assertEqual(c.post("/api/v1/monitors", SAMPLE).status, 202)

    def test_sign_in_from_another_site(self):
        a = Client(self.h.port).post("/api/v1/session", {"token": self.owner.token},
                                     headers={"Origin": "https://evil.example"})
        self.problem(a, 403)
        self.assertEqual(a.cookies, [])

    def test_viewer_may_not_write(self):
        mid = self.monitor()
        for method, path, body in (("POST", "/monitors", SAMPLE), ("PATCH", f"/monitors/{mid}", {"paused": True}),
                                   ("DELETE", f"/monitors/{mid}", None), ("POST", f"/monitors/{mid}/check", None),
                                   ("POST", "/channels", {}), ("POST", "/regions", {"name": "x"}),
                                   ("POST", "/regions/ams1/join-tokens", None)):
            self.problem(self.viewer.call(method, "/api/v1" + path, body), 403)

    def test_others_see_nothing(self):
        mid = self.monitor()
        iid = self.open_incident(mid)
        cid = self.owner.post("/api/v1/channels", {"kind": "email", "name": "m", "config": {"to": "a@b.example"}}).json["id"]
        inbox = self.owner.post(f"/api/v1/monitors/{mid}/check").json["id"]
        for path in (f"/monitors/{mid}", f"/monitors/{mid}/checks", f"/monitors/{mid}/series", f"/monitors/{mid}/why",
                     f"/monitors/{mid}/uptime", f"/monitors/{mid}/revisions", f"/incidents/{iid}", f"/channels/{cid}",
                     f"/inbox/{inbox}"):
            self.problem(self.stranger.get("/api/v1" + path), 404)
        for method, path, body in (("PATCH", f"/monitors/{mid}", {"paused": True}), ("DELETE", f"/monitors/{mid}", None),
                                   ("POST", f"/monitors/{mid}/check", None), ("POST", f"/incidents/{iid}/ack", None),
                                   ("POST", f"/incidents/{iid}/notes", {"text": "x"}), ("DELETE", f"/channels/{cid}", None),
                                   ("PATCH", f"/channels/{cid}", {"name": "y"}), ("POST", f"/channels/{cid}/test", None),
                                   ("POST", "/regions/ams1/join-tokens", None)):
            self.problem(self.stranger.call(method, "/api/v1" + path, body), 404)
        for path in ("monitors", "incidents", "channels", "regions", "checkers", "audit"):
            self.assertEqual(self.stranger.get("/api/v1/" + path).json["items"], [], path)
        self.assertEqual(self.stranger.get("/api/v1/overview").json["monitors"], [])

    def test_failures_are_limited_by_who_failed(self):
        """127.0.0.1 is a proxy that is trusted: what it appends names the client, what it passes on does not."""
        proxy, direct = Client(self.h.port), Client(self.h.port, source="127.0.0.2")

        def sign_in(client, token, said=None):
            return client.post("/api/v1/session", {"token": token}, headers={"X-Forwarded-For": said})

        for n in range(12):  # whatever the client writes before it
            last = sign_in(proxy, "npt_wrong", f"203.0.113.{n}, 198.51.100.1")
            self.assertIn(last.status, (401, 429))
        self.assertEqual(last.status, 429)
        a = sign_in(proxy, self.owner.token, "198.51.100.1")
        self.problem(a, 429)
        self.assertLessEqual(int(a.headers["retry-after"]), 61)
        for client, said in ((proxy, "198.51.100.2"), (proxy, None), (direct, "198.51.100.1")):
            self.assertEqual(sign_in(client, self.owner.token, said).status, 200, said)
        # each kind of failure is counted alone
        said = {"X-Forwarded-For": "198.51.100.1"}
        self.assertEqual(proxy.get("/ack/x", headers=said).status, 404)
        for method, path in (("GET", "/drill/target/x"), ("POST", "/drill/sink/x")):
            self.assertEqual(proxy.call(method, path, headers=said).status, 404)
        said = {"X-Forwarded-For": "198.51.100.3"}
        self.assertEqual([proxy.get("/drill/target/x", headers=said).status for _ in range(12)][-1], 429)
        self.assertEqual(proxy.post("/drill/sink/x", headers=said).status, 429)
        self.assertEqual(proxy.get("/ack/x", headers=said).status, 404)
        self.assertEqual(sign_in(proxy, self.owner.token, "198.51.100.3").status, 200)


class Tokens(Case):
    def make(self, by=None, **more):
        a = (by or self.owner).post("/api/v1/tokens", {"name": "robot", "role": "viewer", **more})
        self.assertEqual(a.status, 201, a.raw)
        return a.json["token"], Client(self.h.port, a.json["secret"])

    def acts(self, tid):
        return [a["act"] for a in self.owner.get(f"/api/v1/audit?subject={tid}").json["items"]]

    def test_life(self):
        token, c = self.make(role="editor", scopes=["read", "respond"], expires_at="2030-01-01T00:00:00Z")
        path = "/api/v1/tokens/" + token["id"]
        self.assertEqual((token["role"], token["scopes"], token["state"], token["current"], token["last_used_at"]),
                         ("editor", ["read", "respond"], "active", False, None))
        self.assertTrue(c.token.startswith(token["prefix"]) and len(token["prefix"]) == 8, token)
        self.assertEqual(token["created_by"], "owner")
        who = c.get("/api/v1/session").json
        self.assertIn("incident.respond", who["actions"])
        self.assertNotIn("monitor.edit", who["actions"])
        self.problem(c.post("/api/v1/monitors", SAMPLE), 403)
        shown = self.owner.get(path)
        self.assertIsNotNone(shown.json["last_used_at"])
        listed = self.owner.get("/api/v1/tokens?limit=1000")
        self.assertIn(shown.json, listed.json["items"])
        self.assertEqual([t["name"] for t in listed.json["items"] if t["current"]], ["owner"])
        for a in (shown, listed):
            self.assertNotIn(c.token.encode(), a.raw)
        # Signed in with it: what it may not, its sessions may not either.
        a = Client(self.h.port).post("/api/v1/session", {"token": c.token})
        session = Client(self.h.port, cookie=a.cookies[0].split(";")[0])
        self.problem(session.post("/api/v1/monitors", SAMPLE), 403)
        self.assertEqual(self.owner.delete(path).status, 204)
        self.assertEqual(self.owner.delete(path).status, 204)
        for gone in (c, session):
            self.problem(gone.get("/api/v1/session"), 401)
        after = self.owner.get(path).json
        self.assertEqual((after["state"], after["revoked_by"]), ("revoked", "owner"))
        self.assertEqual([t["id"] for t in self.owner.get("/api/v1/tokens?state=revoked&limit=1").json["items"]],
                         [token["id"]])
        self.assertEqual(self.acts(token["id"]), ["token.revoke", "token.create"])
        kept = self.h.sql(f"SELECT count(*) FROM np.audit WHERE coalesce(after::text, '') LIKE '%{c.token[4:]}%'")
        self.assertEqual(kept, "0")

    def test_who_responds_need_not_publish(self):
        _, c = self.make(role="editor", scopes=["read", "respond"])
        i = c.post("/api/v1/incidents", {"title": "mail is slow"})
        self.assertEqual(i.status, 201, i.raw)
        path = "/api/v1/incidents/" + i.json["id"]
        self.problem(c.post("/api/v1/incidents", {"title": "x", "public": True}), 403)
        self.problem(c.patch(path, {"reason": "Looking.", "public": True}), 403)
        self.problem(c.post(path + "/publish"), 403)
        self.assertEqual(c.patch(path, {"reason": "Looking.", "public": False}).status, 200)
        self.assertEqual(self.editor.patch(path, {"reason": "Looking.", "public": True}).status, 200)

    def test_nobody_gives_away_more(self):
        admin = self.h.client("admin")
        self.problem(admin.post("/api/v1/tokens", {"name": "x", "role": "owner"}), 403)
        narrow = self.make(role="admin", scopes=["admin"])[1]
        self.problem(narrow.post("/api/v1/tokens", {"name": "x", "role": "viewer"}), 403)
        self.assertEqual(self.make(narrow, scopes=["admin"])[0]["created_by"], "robot")
        top = self.make(role="owner")[0]
        self.problem(admin.delete("/api/v1/tokens/" + top["id"]), 403)
        for c in (self.editor, self.viewer):
            self.problem(c.get("/api/v1/tokens"), 403)
            self.problem(c.post("/api/v1/tokens", {"name": "x", "role": "viewer"}), 403)

    def test_the_last_owner_stays(self):
        mine = [t for t in self.stranger.get("/api/v1/tokens").json["items"] if t["current"]][0]
        self.problem(self.stranger.delete("/api/v1/tokens/" + mine["id"]), 409)
        token, second = self.make(self.stranger, role="owner", name="second")
        self.assertEqual(second.delete("/api/v1/tokens/" + token["id"]).status, 204)
        self.problem(second.get("/api/v1/session"), 401)

    def test_others_do_not_exist(self):
        token = self.make()[0]
        path = "/api/v1/tokens/" + token["id"]
        self.problem(self.stranger.get(path), 404)
        self.problem(self.stranger.delete(path), 404)
        self.assertNotIn(token["id"], [t["id"] for t in self.stranger.get("/api/v1/tokens").json["items"]])

    def test_refused(self):
        for body, field in (({"role": "viewer"}, "name"), ({"name": "x"}, "role"), ({"name": "x", "role": "god"}, "role"),
                            ({"scopes": []}, "scopes"), ({"scopes": ["all"]}, "scopes"), ({"scopes": "read"}, "scopes"),
                            ({"expires_at": "2001-01-01T00:00:00Z"}, "expires_at"), ({"expires_at": 7}, "expires_at"),
                            ({"expires_at": "2999-01-01T00:00:00Z"}, "expires_at"), ({"org": 1}, "org")):
            if field not in ("name", "role") or "god" in str(body):
                body = {"name": "x", "role": "viewer", **body}
            self.problem(self.owner.post("/api/v1/tokens", body), 422, field)
        self.problem(self.owner.get("/api/v1/tokens?state=gone"), 422, "state")

    def test_pages(self):
        made = [self.make(name=f"page {i}")[0]["id"] for i in range(3)]
        seen, cursor = [], ""
        while cursor is not None:
            page = self.owner.get("/api/v1/tokens?limit=2" + (cursor and f"&cursor={cursor}")).json
            seen += [t["id"] for t in page["items"]]
            cursor = page["next"]
        self.assertEqual(len(seen), len(set(seen)))
        self.assertEqual([t for t in seen if t in made], made[::-1])

    def test_the_api_cannot_read_what_is_stored(self):
        said = self.h.sql("SELECT has_column_privilege('np_web', 'np.api_token', 'token_sha256', 'SELECT'),"
                          " has_column_privilege('np_web', 'np.api_token', 'role', 'UPDATE'),"
                          " has_table_privilege('np_web', 'np.api_token', 'DELETE')")
        self.assertEqual(said, "f|f|f")

    def test_a_stream_ends_with_its_token(self):
        # Revoked here, or by another process of the same database.
        for how in ("api", "database"):
            token, c = self.make()
            mine, other = Stream(c), Stream(self.viewer)
            if how == "api":
                self.assertEqual(self.owner.delete("/api/v1/tokens/" + token["id"]).status, 204)
            else:
                self.h.sql(f"UPDATE np.api_token SET revoked_at = now() WHERE id = '{token['id']}'")
            # It ends before the look that comes by the clock, every second comment of 15 s.
            comments = 0
            while line := mine.r.readline():
                comments += line.startswith(b":")
            self.assertLess(comments, 2)
            self.assertFalse(other.r.isclosed())
            other.close()


class Input(Case):
    def test_not_json(self):
        for raw in (b"", b"{", b"[]", b"null", b'"x"', b'{"name": 1} x', b'{"name": "a", "name": "b"}',
                    b'{"name": "a\\u0000b"}', b"\xff\xfe", b"{'a': 1}", b"[" * 100000, b'{"a":' * 3000):
            a = self.owner.call("POST", "/api/v1/monitors", raw=raw)
            self.problem(a, 400)

    def test_not_said_to_be_json(self):
        for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
            a = self.owner.call("POST", "/api/v1/monitors", SAMPLE, headers={"Content-Type": kind})
            self.problem(a, 415)

    def test_too_large(self):
        for size in (300 * 1024, 10 * 1024 * 1024):
            try:
                a = self.owner.call("POST", "/api/v1/monitors", raw=b" " * size)
                self.assertEqual(a.status, 413)
            except (BrokenPipeError, ConnectionResetError):
                pass  # refused while we were still sending
        self.assertEqual(self.owner.get("/api/v1/session").status, 200)

    def test_every_wrong_field_is_named(self):
        bad = {"name": "", "kind": "ftp", "interval_s": 1, "retries": -1, "quorum": 9, "regions": ["nowhere"],
               "assertions": [{"source": "moon", "op": "eq"}], "color": "red", "tags": [1]}
        p = self.problem(self.owner.post("/api/v1/monitors", bad), 422, "name")
        fields = " ".join(e["field"] for e in p["errors"])
        for f in ("kind", "target", "interval_s", "retries", "regions", "color", "tags"):
            self.assertIn(f, fields)
        self.assertEqual(self.h.sql("SELECT count(*) FROM np.monitor WHERE name = ''"), "0")

    def test_quorum_within_regions(self):
        self.problem(self.owner.post("/api/v1/monitors", {**SAMPLE, "regions": ["ams1"], "quorum": 2}), 422, "quorum")
        self.problem(self.owner.post("/api/v1/monitors", {**SAMPLE, "quorum": 4}), 422, "quorum")

    def test_unknown_parameters(self):
        for path in ("/monitors?color=red", "/incidents?page=2", "/session?x", "/overview?a=b"):
            self.problem(self.owner.get("/api/v1" + path), 400)

    def test_bad_parameters(self):
        mid = self.monitor()
        for path, field in (("monitors?limit=0", "limit"), ("monitors?limit=1001", "limit"), ("monitors?limit=x", "limit"),
                            ("monitors?cursor=%21%21", "cursor"), ("monitors?cursor=AAAA", "cursor"),
                            ("monitors?state=sad", "state"), ("monitors?kind=ftp", "kind"), ("incidents?state=x", "state"),
                            ("incidents?monitor=1", "monitor"), ("incidents?cursor=MR9hYmM", "cursor"),
                            (f"monitors/{mid}/series?from=yesterday", "from"), (f"monitors/{mid}/series?points=0", "points"),
                            (f"monitors/{mid}/series?from=2030-01-01T00:00:00Z", "from"),
                            (f"monitors/{mid}/checks?before=now", "before"), (f"monitors/{mid}/why?at=1", "at")):
            self.problem(self.owner.get("/api/v1/" + path), 422, field)

    def test_ids_that_are_none(self):
        for bad in ("1", "x' OR '1'='1", "%00", "..", "a" * 500, NOBODY + "0"):
            bad = bad.replace(" ", "%20").replace("'", "%27")
            a = self.owner.get("/api/v1/monitors/" + bad)
            self.assertIn(a.status, (400, 404), bad)

    def test_text_is_data(self):
        for text in ("'; DROP TABLE np.monitor; --", "\"><script>alert(1)</script>", "${jndi:ldap://x}", "%s%n", "\u202e\u00e9"):
            mid = self.monitor(name=text, tags=[text[:60]])
            a = self.owner.get(f"/api/v1/monitors/{mid}")
            self.assertEqual(a.json["name"], text)
            quoted = "".join(f"%{b:02X}" for b in text.encode())
            self.assertIn(mid, [m["id"] for m in self.owner.get("/api/v1/monitors?q=" + quoted).json["items"]])
            self.assertEqual([m["id"] for m in self.owner.get("/api/v1/monitors?tag=" + quoted).json["items"]], [mid])
            self.assertEqual(self.owner.get("/api/v1/overview").headers["content-type"], "application/json")

    def test_control_characters(self):
        for text in ("a\nb", "a\rb", "a\x1bb", " a", "a\x7f"):
            self.problem(self.owner.post("/api/v1/monitors", {**SAMPLE, "name": text}), 422, "name")
        a = self.owner.post("/api/v1/channels", {"kind": "webhook", "name": "a\r\nX: y", "config": {"url": "http://a.example/"}})
        self.problem(a, 422, "name")
        for to in ("a@b.example\r\nBcc: c@d.example", "a b@c.example", "@b.example", "a@", "a@b@c", "<a@b.example>"):
            self.problem(self.owner.post("/api/v1/channels", {"kind": "email", "name": "m", "config": {"to": to}}), 422, "config.to")

    def test_head_lines_cannot_be_made(self):
        a = self.owner.get("/api/v1/monitors?q=%0d%0aSet-Cookie:%20x=y")
        self.assertNotIn("set-cookie", a.headers)
        a = self.owner.get("/app/%0d%0aX-Evil:%20y")
        self.assertNotIn("x-evil", a.headers)
        self.assertIn(a.status, (400, 404))

    def test_methods(self):
        self.problem(self.owner.call("PUT", "/api/v1/monitors"), 405)
        self.problem(self.owner.call("DELETE", "/api/v1/session", body={}), 413)
        a = self.owner.call("HEAD", "/api/v1/monitors")
        self.assertEqual((a.status, a.raw), (200, b""))
        self.problem(self.owner.call("GET", "/api/v2/monitors"), 404)


class Monitors(Case):
    def test_life(self):
        mid = self.monitor(name="life", regions=["fra1", "ams1"], quorum=2, interval_s=30, assertions=[
            {"source": "status", "op": "eq", "value": 200}], options={"method": "HEAD"})
        m = self.owner.get(f"/api/v1/monitors/{mid}").json
        self.assertEqual((m["state"], m["regions"], m["quorum"], m["timeout_s"], m["revision"], m["paused"]),
                         ("pending", ["fra1", "ams1"], 2, 10, 1, False))
        self.assertEqual(self.h.sql(f"SELECT region_ids FROM np.monitor WHERE uuid = '{mid}'"), "{2,1}")
        a = self.editor.patch(f"/api/v1/monitors/{mid}", {"paused": True, "quorum": None, "interval_s": 5})
        self.assertEqual(a.status, 202, a.raw)
        m = self.owner.get(f"/api/v1/monitors/{mid}").json
        self.assertEqual((m["paused"], m["quorum"], m["interval_s"], m["timeout_s"], m["revision"]),
                         (True, "majority", 5, 4, 2))
        self.problem(self.owner.patch(f"/api/v1/monitors/{mid}", {"kind": "tcp"}), 422, "kind")
        self.problem(self.owner.patch(f"/api/v1/monitors/{mid}", {"state": "up"}), 422, "state")
        self.problem(self.owner.patch(f"/api/v1/monitors/{mid}", {}), 422)
        self.problem(self.owner.patch(f"/api/v1/monitors/{mid}", {"timeout_s": 5}), 422, "timeout_s")
        revisions = self.owner.get(f"/api/v1/monitors/{mid}/revisions").json["items"]
        self.assertEqual([(r["revision"], r["actor"]) for r in revisions], [(2, "editor"), (1, "owner")])
        self.assertEqual(self.owner.delete(f"/api/v1/monitors/{mid}").status, 202)
        self.problem(self.owner.get(f"/api/v1/monitors/{mid}"), 404)
        self.problem(self.owner.delete(f"/api/v1/monitors/{mid}"), 404)
        inbox = self.h.sql(f"SELECT string_agg(command || body::text, ' ' ORDER BY i.created_at) FROM np.inbox i"
                           f" JOIN np.monitor m ON m.id = i.monitor_id WHERE m.uuid = '{mid}'")
        self.assertEqual(inbox, 'define{"revision": 1} define{"revision": 2} define{"revision": 3}')
        acts = [(a["act"], a["before"] is None, a["after"] is None)
                for a in self.owner.get(f"/api/v1/audit?subject={mid}").json["items"]]
        self.assertEqual(acts, [("monitor.delete", False, True), ("monitor.update", False, False),
                                ("monitor.create", True, False)])

    def test_decided_in_time(self):
        """The answer comes when the owner has decided, and says what it decided."""
        def waiting():
            return self.h.sql("SELECT id FROM np.inbox WHERE outcome IS NULL AND actor = 'decider'")

        def decide(outcome, reason=""):
            def run():
                row = until(waiting)
                self.h.sql(f"UPDATE np.inbox SET outcome = '{outcome}', reason = '{reason}', decided_at = now()"
                           f" WHERE id = '{row}'")
                self.h.publish("np:live", live([], [group(self.h.org, notes=[note(row, outcome == "applied")])]))
            return run
        self.h.stop()
        self.h.settings["command_wait_ms"] = 60000
        self.h.start()
        c = Client(self.h.port, self.h.token("owner", name="decider"))
        try:
            t = in_background(decide("applied"))
            a = c.post("/api/v1/monitors", {**SAMPLE, "name": "decided"})
            t.join()
            self.assertEqual(a.status, 201, a.raw)
            self.assertEqual(a.headers["location"], "/api/v1/monitors/" + a.json["id"])
            mid = a.json["id"]
            iid = self.open_incident(mid)
            t = in_background(decide("refused", "there is nothing to acknowledge"))
            a = c.post(f"/api/v1/incidents/{iid}/ack", {"note": "mine"})
            t.join()
            p = self.problem(a, 409)
            self.assertIn("nothing to acknowledge", p["detail"])
            t = in_background(decide("applied"))
            a = c.delete(f"/api/v1/monitors/{mid}")
            t.join()
            self.assertEqual((a.status, a.raw), (204, b""))
            # A web that is stopped answers what waits.
            got = []
            t = in_background(lambda: got.append(c.post("/api/v1/monitors", {**SAMPLE, "name": "late"}).status))
            until(waiting)
            self.assertEqual(self.h.stop(), 0)  # which waits for less than command_wait_ms
            t.join()
            self.assertEqual(got, [202])
        finally:
            self.h.stop()
            self.h.settings["command_wait_ms"] = 20
            self.h.start()
            for c in (self.owner, self.editor, self.viewer, self.stranger):
                c.port = self.h.port

    def test_list(self):
        names = sorted(f"list {i:03d}" for i in range(25))
        for n in names:
            self.monitor(name=n, tags=["listed"])
        seen, path = [], "/api/v1/monitors?tag=listed&limit=7"
        cursor = ""
        while True:
            a = self.owner.get(path + cursor).json
            seen += [m["name"] for m in a["items"]]
            if a["next"] is None:
                break
            cursor = "&cursor=" + a["next"]
        self.assertEqual(seen, names)
        one = self.owner.get("/api/v1/monitors?q=LIST%20004&state=pending&kind=http").json["items"]
        self.assertEqual([m["name"] for m in one], ["list 004"])
        self.assertEqual(self.owner.get("/api/v1/monitors?tag=listed&state=up").json["items"], [])

    def test_private_addresses(self):
        self.h.regions(self.h.other, "other1") if not self.h.sql("SELECT 1 FROM np.region WHERE name = 'other1'") else None
        for target in ("http://127.0.0.1/", "http://10.0.0.1:8080/", "http://[::1]/", "http://localhost/", "http://192.168.1.1/",
                       "http://169.254.169.254/latest", "http://[::ffff:10.0.0.1]/"):
            p = self.problem(self.stranger.post("/api/v1/monitors", {**SAMPLE, "target": target}), 422, "target")
            self.assertTrue(p["errors"][0]["problem"], target)
        self.assertEqual(self.stranger.post("/api/v1/monitors", {**SAMPLE, "target": "http://93.184.216.34/"}).status, 202)
        self.problem(self.owner.post("/api/v1/monitors", {**SAMPLE, "target": "http://169.254.169.254/"}), 422, "target")
        hook = {"kind": "webhook", "name": "h", "config": {"url": "http://127.0.0.1:9/"}}
        self.problem(self.stranger.post("/api/v1/channels", hook), 422, "config.url")

    def test_channels_of_a_monitor_exist(self):
        self.problem(self.owner.post("/api/v1/monitors", {**SAMPLE, "channels": [NOBODY]}), 422, "channels")


class Incidents(Case):
    def test_story(self):
        mid = self.monitor(name="story")
        iid = self.open_incident(mid)
        cid = self.owner.post("/api/v1/channels", {"kind": "email", "name": "ops", "config": {"to": "ops@b.example"}}).json["id"]
        self.h.sql(f"""INSERT INTO np.notice (org_id, subject, event, kind, channel_id, body, created_at, next_at, state, incident_id)
            VALUES ({self.h.org}, '{iid}', 1, 'opened', '{cid}', '{{}}', now(), now(), 'sent', '{iid}');
            INSERT INTO np.notice_attempt (notice_id, n, org_id, at, duration_ms, outcome, answer)
            SELECT id, 1, org_id, now(), 12, 'sent', '250 ok' FROM np.notice WHERE subject = '{iid}'""")
        full = self.owner.get(f"/api/v1/incidents/{iid}").json
        self.assertEqual((full["monitor_id"], full["monitor_name"], full["state"]), (mid, "story", "open"))
        self.assertEqual([e["kind"] for e in full["events"]], ["opened"])
        n = full["notices"][0]
        self.assertEqual((n["channel_name"], n["channel_kind"], n["attempts"][0]["answer"]), ("ops", "email", "250 ok"))
        listed = self.owner.get(f"/api/v1/incidents?monitor={mid}&state=active").json["items"]
        self.assertEqual([i["id"] for i in listed], [iid])
        self.assertEqual(self.owner.get(f"/api/v1/incidents?monitor={mid}&state=resolved").json["items"], [])
        for path, body, command, want in (
                ("ack", {"note": "on it"}, "acknowledge", {"incident": iid, "note": "on it"}),
                ("ack", None, "acknowledge", {"incident": iid, "note": ""}),
                ("resolve", {}, "resolve", {"incident": iid, "note": ""}),
                ("notes", {"text": "r\u00e9sum\u00e9"}, "note", {"incident": iid, "text": "r\u00e9sum\u00e9"})):
            a = self.editor.post(f"/api/v1/incidents/{iid}/{path}", body)
            self.assertEqual(a.status, 202, a.raw)
            self.assertEqual(a.headers["location"], "/api/v1/inbox/" + a.json["id"])
            row = json.loads(self.h.sql(f"SELECT body FROM np.inbox WHERE id = '{a.json['id']}'"))
            self.assertEqual((a.json["command"], row), (command, want))
            self.assertEqual(self.owner.get(a.headers["location"]).json["outcome"], None)
        a = self.editor.delete(f"/api/v1/incidents/{iid}/ack")
        self.assertEqual((a.status, a.json["command"]), (202, "unacknowledge"))
        self.problem(self.editor.post(f"/api/v1/incidents/{iid}/notes", {"text": ""}), 422, "text")
        self.problem(self.editor.post(f"/api/v1/incidents/{iid}/ack", {"notes": "x"}), 422, "notes")
        self.problem(self.editor.post(f"/api/v1/incidents/{NOBODY}/ack"), 404)

    def test_pages(self):
        mid = self.monitor(name="pages")
        self.h.sql(f"""INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, state, opened_at, decided_at,
            closed_at, why) SELECT gen_random_uuid(), org_id, id, uuid, shard, 'resolved', now() - i * interval '1 minute',
            now(), now(), '' FROM np.monitor, generate_series(1, 12) i WHERE uuid = '{mid}'""")
        seen, cursor = [], ""
        while True:
            a = self.owner.get(f"/api/v1/incidents?monitor={mid}&limit=5" + cursor).json
            seen += [i["opened_at"] for i in a["items"]]
            if a["next"] is None:
                break
            cursor = "&cursor=" + a["next"]
        self.assertEqual((len(seen), seen), (12, sorted(seen, reverse=True)))


class Secrets(Case):
    def test_the_audit_keeps_no_credentials_of_a_monitor(self):
        given = {"headers": {"Authorization": "Bearer hush1", "X-Plain": "hush2"}, "method": "POST", "body": "hush3"}
        mid = self.monitor(options=given)
        given["headers"]["X-Plain"] = "hush4"
        self.assertIn(self.owner.patch(f"/api/v1/monitors/{mid}", {"options": given}).status, (200, 202))
        self.assertIn(self.owner.delete(f"/api/v1/monitors/{mid}").status, (202, 204))
        rows = self.h.sql("SELECT act, before->'options'->'headers', after->'options'->'headers', after->'options'->'body' FROM"
                          f" np.audit WHERE subject = '{mid}' ORDER BY id").splitlines()
        old = '{"X-Plain": "********", "Authorization": "********"}'
        new = '{"X-Plain": "******** (new)", "Authorization": "********"}'
        self.assertEqual(rows, [f'monitor.create||{old}|"********"', f'monitor.update|{old}|{new}|"********"',
                                f"monitor.delete|{old}||"])
        self.assertNotIn("hush", self.h.sql(f"SELECT before::text || after::text FROM np.audit WHERE subject = '{mid}'"))
        self.assertIn("hush4", self.h.sql(f"SELECT definition FROM np.monitor WHERE uuid = '{mid}'"))  # it still checks with it


class Channels(Case):
    def test_what_a_check_sends_is_for_who_may_edit_it(self):
        options = {"method": "POST", "headers": {"Authorization": "Bearer viewers-never"}, "body": "viewers-never"}
        mid = self.monitor(name="with a password", options=options)
        paths = [f"/api/v1/monitors/{mid}", "/api/v1/monitors?q=with+a+password", f"/api/v1/monitors/{mid}/revisions"]
        for path in paths:
            self.assertEqual(self.viewer.get(path).raw.count(b"viewers-never"), 0, path)
            self.assertIn(b'"Authorization": "********"', self.viewer.get(path).raw.replace(b'":"', b'": "'), path)
            self.assertGreater(self.editor.get(path).raw.count(b"viewers-never"), 1, path)
        m = self.viewer.get(paths[0]).json
        self.assertEqual((m["options"]["method"], m["given"]["options"]["body"]), ("POST", "********"))

    def test_secret_is_shown_once(self):
        a = self.owner.post("/api/v1/channels", {"kind": "webhook", "name": "hook",
                                                 "config": {"url": "https://hooks.b.example/t/secretpath"}})
        self.assertEqual(a.status, 201, a.raw)
        cid, secret = a.json["id"], a.json["config"]["secret"]
        self.assertEqual(len(secret), 43)
        self.assertEqual(self.h.sql(f"SELECT convert_from(secret, 'UTF8')::jsonb ->> 'secret' FROM np.channel WHERE id = '{cid}'"), secret)
        self.assertNotIn("secret", self.h.sql(f"SELECT config FROM np.channel WHERE id = '{cid}'").replace("secretpath", ""))
        for path in (f"/api/v1/channels/{cid}", "/api/v1/channels", "/api/v1/audit"):
            self.assertNotIn(secret.encode(), self.owner.get(path).raw)
        self.assertEqual(self.h.sql(f"SELECT after->'config' FROM np.audit WHERE subject = '{cid}'"),
                         '{"url": "https://hooks.b.example/…"}')
        self.assertEqual(self.owner.get(f"/api/v1/channels/{cid}").json["config"]["secret"], "********")
        a = self.owner.patch(f"/api/v1/channels/{cid}", {"config": {"url": "https://b.example/", "secret": "********"}})
        self.assertEqual(a.status, 200, a.raw)
        self.assertEqual(self.h.sql(f"SELECT convert_from(secret, 'UTF8')::jsonb ->> 'secret' FROM np.channel WHERE id = '{cid}'"), secret)
        a = self.owner.patch(f"/api/v1/channels/{cid}", {"config": {"url": "https://b.example/other"}})
        self.assertEqual(a.status, 200, a.raw)
        self.assertEqual(self.owner.delete(f"/api/v1/channels/{cid}").status, 204)
        self.problem(self.owner.get(f"/api/v1/channels/{cid}"), 404)
        rows = self.h.sql(f"SELECT act, after->>'new_config', before::text || after FROM np.audit WHERE subject = '{cid}'"
                          " ORDER BY id").splitlines()
        self.assertEqual([r.split("|")[:2] for r in rows], [["channel.create", "false"], ["channel.update", "true"],
                                                            ["channel.update", "true"], ["channel.delete", ""]])
        self.assertNotIn("other", "".join(rows))

    def test_every_kind_is_made_as_its_row_says(self):
        kinds = self.viewer.get("/api/v1/channel-kinds").json["items"] if self.viewer.get("/api/v1/channel-kinds").status == 200 \
            else self.owner.get("/api/v1/channel-kinds").json["items"]
        self.assertEqual(len(kinds), 14)
        recorded = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "contracts")
        for kind in kinds:
            path = os.path.join(recorded, kind["kind"] + ".json")
            c = {"config": {"to": "ops@b.example"}, "secret": {}}
            if os.path.exists(path):
                with open(path, encoding="utf-8") as f:
                    c = json.load(f)
            config = {**c["config"], **c["secret"]}
            a = self.owner.post("/api/v1/channels", {"kind": kind["kind"], "name": kind["label"], "config": config})
            self.assertEqual(a.status, 201, a.raw)
            cid = a.json["id"]
            for who, where in ((self.owner, f"/api/v1/channels/{cid}"), (self.owner, "/api/v1/channels"), (self.owner, "/api/v1/audit")):
                raw = who.get(where).raw.decode()
                for secret in c["secret"].values():
                    self.assertNotIn(secret, raw, kind["kind"])
            shown = self.owner.get(f"/api/v1/channels/{cid}").json
            self.assertTrue(shown["target"], kind["kind"])
            self.assertEqual({k for k, v in shown["config"].items() if v == "********"}, set(c["secret"]), kind["kind"])
            for f in kind["fields"]:
                if f["required"]:
                    less = {k: v for k, v in config.items() if k != f["key"]}
                    self.problem(self.owner.post("/api/v1/channels", {"kind": kind["kind"], "name": "n", "config": less}), 422,
                                 "config." + f["key"])
            # A change that leaves the secrets alone keeps them.
            a = self.owner.patch(f"/api/v1/channels/{cid}", {"config": c["config"]})
            self.assertEqual(a.status, 200, a.raw)
            kept = json.loads(self.h.sql(f"SELECT coalesce(convert_from(secret, 'UTF8'), '{{}}') FROM np.channel WHERE id = '{cid}'"))
            self.assertEqual({k: kept.get(k) for k in c["secret"]}, c["secret"], kind["kind"])
        self.assertEqual(self.owner.get(f"/api/v1/channels/{cid}/notices").json, {"items": [], "next": None})

    def test_fallback(self):
        def make(**more):
            return self.owner.post("/api/v1/channels", {"kind": "email", "name": "f", "config": {"to": "t@b.example"}, **more})
        first = make().json["id"]
        a = make(fallback=first)
        self.assertEqual((a.status, a.json["fallback"]), (201, first))
        second = a.json["id"]
        self.problem(self.owner.patch(f"/api/v1/channels/{second}", {"fallback": second}), 422, "fallback")
        self.problem(make(fallback=NOBODY), 422, "fallback")
        self.assertEqual(self.owner.patch(f"/api/v1/channels/{second}", {"fallback": None}).json["fallback"], None)

    def test_masked_for_viewers(self):
        self.owner.post("/api/v1/channels", {"kind": "webhook", "name": "masked", "config": {"url": "https://h.example/t/key"}})
        a = self.viewer.get("/api/v1/channels")
        if a.status == 200:
            self.assertNotIn(b"/t/key", a.raw)
        else:
            self.problem(a, 403)

    def test_refused(self):
        for config, field in (({}, "config.url"), ({"url": "ftp://x.example"}, "config.url"), ({"url": 1}, "config.url"),
                              ({"url": "https://u:p@x.example/"}, "config.url"), ({"url": "https://x.example", "to": "a"}, "config.to"),
                              ({"url": "https://x.example", "secret": "short"}, "config.secret"), (7, "config")):
            self.problem(self.owner.post("/api/v1/channels", {"kind": "webhook", "name": "n", "config": config}), 422, field)
        self.problem(self.owner.post("/api/v1/channels", {"kind": "pigeon", "name": "n", "config": {}}), 422, "kind")

    def test_test(self):
        cid = self.owner.post("/api/v1/channels", {"kind": "email", "name": "t", "config": {"to": "t@b.example"}}).json["id"]
        a = self.owner.post(f"/api/v1/channels/{cid}/test")
        self.assertEqual((a.status, a.json["outcome"]), (202, None))

        def deliver():
            row = until(lambda: self.h.sql(f"SELECT max(id) FROM np.notice WHERE channel_id = '{cid}' AND key <> '{a.json['key']}'"))
            self.h.sql(f"INSERT INTO np.notice_attempt (notice_id, n, org_id, at, duration_ms, outcome, answer)"
                       f" VALUES ({row}, 1, {self.h.org}, now(), 7, 'sent', '250 ok')")
        self.again(test_wait_ms=60000)
        try:
            t = in_background(deliver)
            b = self.owner.post(f"/api/v1/channels/{cid}/test")
            t.join()
        finally:
            self.again(test_wait_ms=50)
        self.assertEqual((b.status, b.json["outcome"], b.json["answer"]), (200, "sent", "250 ok"))
        listed = self.owner.get(f"/api/v1/channels/{cid}/notices?limit=1").json["items"][0]
        self.assertEqual((listed["kind"], listed["attempts"][0]["answer"]), ("test", "250 ok"))
        self.assertEqual(self.owner.get(f"/api/v1/channels/{cid}").json["last_delivery"]["outcome"], "sent")


class Regions(Case):
    def test_regions(self):
        self.assertEqual(self.owner.post("/api/v1/regions", {"name": "syd1"}).status, 201)
        self.problem(self.owner.post("/api/v1/regions", {"name": "syd1"}), 409)
        for bad in ("", "-a", "A", "a" * 33, "a_b", "a.b"):
            self.problem(self.owner.post("/api/v1/regions", {"name": bad}), 422, "name")
        rows = {r["name"]: r for r in self.owner.get("/api/v1/regions").json["items"]}
        self.assertIs(rows["syd1"]["suspect"], False)
        self.h.sql("INSERT INTO np.region_trust (region_id, org_id, suspect, suspect_since) SELECT id, org_id, true,"
                       " '2026-03-01 12:00Z' FROM np.region WHERE name = 'syd1'")
        row = next(r for r in self.owner.get("/api/v1/regions").json["items"] if r["name"] == "syd1")
        self.assertEqual((row["suspect"], row["suspect_since"][:16], row["silent"]), (True, "2026-03-01T12:00", False))

    def test_tokens_need_a_ca(self):
        self.problem(self.owner.post("/api/v1/regions/ams1/join-tokens"), 409)
        self.problem(self.owner.post("/api/v1/regions/nowhere/join-tokens"), 404)
        self.problem(self.owner.post("/api/v1/regions/ams1/join-tokens", {"cidr": "10.0.0.1/8"}), 422, "cidr")

    def test_checkers_and_ban(self):
        cid = str(uuid.uuid4())
        self.h.sql(f"""INSERT INTO np.checker (uuid, org_id, region_id, serial, not_after, key_sha256)
            VALUES ('{cid}', {self.h.org}, 1, '0a', now() + interval '1 day', '\\x00');
            INSERT INTO np.checker_seen (checker_id, org_id, region_id, heard_at, connected, version, lag_p95_us)
            SELECT id, org_id, region_id, now(), true, '0.1.0', 1500 FROM np.checker WHERE uuid = '{cid}'""")
        listed = self.owner.get("/api/v1/checkers?region=ams1").json["items"]
        self.assertEqual([(c["id"], c["connected"], c["lag_p95_ms"]) for c in listed], [(cid, True, 1.5)])
        self.assertEqual(self.owner.get("/api/v1/regions").json["items"][0]["connected"], 1)
        gen = self.h.sql("SELECT sum(registry_gen) FROM np.shard")
        self.problem(self.stranger.post(f"/api/v1/checkers/{cid}/ban", {"reason": "x"}), 404)
        self.problem(self.owner.post(f"/api/v1/checkers/{cid}/ban", {}), 422, "reason")
        a = self.owner.post(f"/api/v1/checkers/{cid}/ban", {"reason": "lost laptop"})
        self.assertEqual((a.status, a.json["state"], a.json["ban_reason"]), (200, "banned", "lost laptop"))
        self.assertEqual(int(self.h.sql("SELECT sum(registry_gen) FROM np.shard")), int(gen) + 16)
        self.assertEqual(self.owner.get(f"/api/v1/audit?subject={cid}").json["items"][0]["act"], "checker.ban")


class History(Case):
    def test_uptime(self):
        mid = self.monitor(name="uptime")
        no = self.number(mid)
        self.h.sql(f"""UPDATE np.monitor SET created_at = now() - interval '10 hours' WHERE id = {no};
            INSERT INTO np.state_change (monitor_id, at, n, org_id, state, why) VALUES
            ({no}, now() - interval '10 hours', 1, {self.h.org}, 'pending', ''),
            ({no}, now() - interval '8 hours', 2, {self.h.org}, 'up', 'fine'),
            ({no}, now() - interval '2 hours', 3, {self.h.org}, 'down', 'bad'),
            ({no}, now() - interval '1 hour', 4, {self.h.org}, 'up', 'fine again');
            INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, state, opened_at, decided_at, closed_at, why)
            SELECT gen_random_uuid(), org_id, id, uuid, shard, 'resolved', now() - interval '2 hours', now(),
            now() - interval '1 hour', 'bad' FROM np.monitor WHERE id = {no}""")
        day = self.owner.get(f"/api/v1/monitors/{mid}/uptime").json["windows"][0]
        self.assertEqual((day["name"], day["uptime"], day["incidents"]), ("24h", 87.5, 1))
        self.assertAlmostEqual(day["observed"], 80.0, delta=0.01)
        self.assertAlmostEqual(day["down_s"], 3600, delta=2)
        row = [m for m in self.owner.get("/api/v1/overview").json["monitors"] if m["id"] == mid][0]
        self.assertAlmostEqual(row.get("uptime_30d") or 87.5, 87.5, delta=0.01)
        past = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 90 * 60))
        why = self.owner.get(f"/api/v1/monitors/{mid}/why?at={past}").json
        self.assertEqual((why["sentence"], why["state"], why["since"]), ("bad", "down", []))
        # an acknowledgement changes no state, and is known of every moment behind it
        self.h.sql(f"""INSERT INTO np.incident_event (incident_id, number, org_id, monitor_id, at, kind, actor)
            SELECT id, 2, org_id, monitor_id, now() - interval '100 minutes', 'acknowledged', 'Ada' FROM np.incident
            WHERE monitor_id = {no}""")
        why = self.owner.get(f"/api/v1/monitors/{mid}/why?at={past}").json
        self.assertRegex(why["sentence"], r"^bad Acknowledged by Ada at \d\d:\d\d:\d\d UTC\.$")
        self.assertEqual([(e["kind"], e["actor"]) for e in why["since"]], [("acknowledged", "Ada")])
        before = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 110 * 60))
        self.assertEqual(self.owner.get(f"/api/v1/monitors/{mid}/why?at={before}").json["sentence"], "bad")
        self.problem(self.owner.get(f"/api/v1/monitors/{mid}/why?at=2001-01-01T00:00:00Z"), 404)
        bands = self.owner.get(f"/api/v1/monitors/{mid}/series").json["incidents"]
        self.assertEqual([b["why"] for b in bands], ["bad"])

    def test_maintenance_counts_for_no_uptime(self):
        """Half of the hour that it was down; entered after the fact; of another monitor; deleted while it lasts."""
        def window(ago_s, lasts_s, **scope):
            start = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(time.time() - ago_s))
            a = self.owner.post("/api/v1/maintenance", {"title": "w", "start": start, "duration_s": lasts_s, "scope": scope})
            self.assertEqual(a.status, 201, a.raw)
            return a.json

        def day():
            return self.owner.get(f"/api/v1/monitors/{mid}/uptime").json["windows"][0]

        mid, other = self.monitor(name="worked on"), self.monitor(name="not worked on", tags=["elsewhere"])
        no = self.number(mid)
        self.h.sql(f"""UPDATE np.monitor SET created_at = now() - interval '10 hours' WHERE id = {no};
            INSERT INTO np.state_change (monitor_id, at, n, org_id, state, why) VALUES
            ({no}, now() - interval '8 hours', 1, {self.h.org}, 'up', 'fine');
            INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, state, opened_at, decided_at, closed_at, why)
            SELECT gen_random_uuid(), org_id, id, uuid, shard, 'resolved', now() - interval '2 hours', now(),
            now() - interval '1 hour', 'bad' FROM np.monitor WHERE id = {no}""")
        window(7200, 3600, monitors=[other], tags=["elsewhere"])
        self.assertEqual((day()["uptime"], day()["excluded_s"]), (87.5, 0))
        self.assertTrue(window(5400, 1800, monitors=[mid])["late"])
        got = day()
        self.assertAlmostEqual(got["uptime"], 93.333, delta=0.05)
        self.assertAlmostEqual(got["observed"], 80.0, delta=0.05)
        self.assertAlmostEqual(got["excluded_s"], 1800, delta=2)
        self.assertAlmostEqual(got["down_s"], 1800, delta=5)
        self.assertEqual(got["incidents"], 1)
        # one that would go on for an hour, deleted at once: it excluded until then
        w = window(600, 4200, monitors=[mid])
        self.assertAlmostEqual(day()["excluded_s"], 2400, delta=5)
        self.assertEqual(self.owner.delete(f"/api/v1/maintenance/{w['id']}").status, 204)
        self.assertAlmostEqual(day()["excluded_s"], 2400, delta=5)

        def listed():
            rows = {m["id"]: m for m in self.owner.get("/api/v1/overview").json["monitors"]}
            return rows[mid]
        # the list's figures may be some seconds old
        until(lambda: abs((listed()["uptime_30d"] or 0) - got["uptime"]) < 0.2)
        self.assertAlmostEqual(listed()["observed_30d"], 80.0, delta=0.05)

    def past(self, no, hours, fails):
        """Chunks as the historian packs them: an attempt every 20 s, retries after failures."""
        self.h.sql("SELECT np.make_partitions(current_date - 3, current_date + 1)")
        began = now_us() // 600_000_000 * 600_000_000 - hours * 3600_000_000
        chunks = {}
        for s in range(0, hours * 3600, 5):
            region, at = s // 20 % 3, began + s * 1_000_000
            bad = fails(s, region)
            if s % 20 and not (bad and s % 20 < 15):
                continue
            row = (at - s % 20 * 1_000_000, s % 20 // 5, at, 30_000, at + 50_000, 3 if bad else 1, 2 if bad else 0)
            chunks.setdefault((region, row[0] // 600_000_000 * 600_000_000), []).append(row)
        names = self.h.sql("SELECT string_agg(id::text, ' ' ORDER BY id) FROM np.region WHERE org_id = "
                           f"{self.h.org}").split()
        rows = []
        for (region, slot), items in chunks.items():
            text = "\n".join(" ".join(map(str, i)) for i in sorted(items))
            packed = subprocess.run([EXE, "--pack"], input=text, capture_output=True, text=True, check=True).stdout
            rows.append(f"({self.h.org}, {no}, {names[region]}, to_timestamp({slot} / 1e6), {len(items)},"
                        f" '\\x{packed}', 1)")
        self.h.sql("INSERT INTO np.chunk (org_id, monitor_id, region_id, slot_at, n, packed, pos) VALUES "
                   + ", ".join(rows))

    def test_try_other_rules(self):
        mid = self.monitor(name="tried")
        path = f"/api/v1/monitors/{mid}/try"
        self.past(self.number(mid), 4, lambda s, r: 3600 <= s < 4200 or (7200 <= s < 7500 and r < 2)
                  or (9000 <= s < 9600 and r == 0))
        a = self.viewer.post(path, {"days": 1, "rules": {"quorum": "any"}})
        self.assertEqual(a.status, 200, a.raw)
        self.assertEqual((a.json["source"], a.json["approximate"]), ("chunks", True))
        self.assertEqual(a.json["incidents"]["before"], 0)  # no engine decided here
        self.assertEqual(a.json["incidents"]["same_rules"], 2)
        self.assertEqual(a.json["incidents"]["after"], 3)
        self.assertEqual(a.json["alerts"]["after"], 3)
        self.assertEqual(a.json["sentence"], "3 incidents, 3 alerts more")
        self.assertEqual(len(a.json["incidents"]["list"]), 3)
        # of its life, as its uptime; of a whole day once it is as old
        self.assertGreaterEqual(a.json["observed_percent"], 90)
        self.h.sql(f"UPDATE np.monitor SET created_at = now() - interval '2 days' WHERE uuid = '{mid}'")
        a = self.viewer.post(path, {"days": 1, "rules": {"quorum": "any"}})
        self.assertIn(a.json["observed_percent"], (15, 16, 17))
        self.assertEqual(self.viewer.post(path, {"rules": {"quorum": "all"}}).json["incidents"]["after"], 1)
        self.assertEqual(self.viewer.post(path, {"rules": {}, "days": 1}).json["incidents"]["after"], 2)
        self.problem(self.viewer.post(path, {"rules": {"interval_s": 5}}), 422, "rules.interval_s")
        self.problem(self.viewer.post(path, {"rules": {"quorum": "most"}}), 422, "quorum")
        self.problem(self.viewer.post(path, {"days": 40, "rules": {}}), 422, "days")
        self.problem(self.viewer.post(path, {"days": 1}), 422, "rules")
        self.problem(self.stranger.post(path, {"rules": {}}), 404)

    def test_recent_checks(self):
        mid = self.monitor(name="recent")
        no = self.number(mid)
        key = f"np:last:{no}"
        base = now_us() // 1_000_000 * 1_000_000
        for i in range(20):
            failing = i == 19
            r = result(mid, no, 1 + i % 3, base + i * 1_000_000, status=3 if failing else 1, cls=4 if failing else 0,
                       text="no answer in 10 s" if failing else "")
            self.h.servers.redis("LPUSH", key, self.h.seal(key, r))
        self.h.servers.redis("LPUSH", key, b"forged" * 10)
        a = self.owner.get(f"/api/v1/monitors/{mid}/checks?limit=5").json
        self.assertEqual(a["source"], "recent")
        first = a["items"][0]
        self.assertEqual((first["status"], first["error_class"], first["error"], first["region"]),
                         ("fail", "timeout", "no answer in 10 s", "fra1"))
        self.assertEqual(len(a["items"]), 5)
        b = self.owner.get(f"/api/v1/monitors/{mid}/checks?limit=100&before={a['next']}").json
        self.assertEqual(len(b["items"]), 15)
        self.assertIsNone(b["next"])

    def test_series_shape(self):
        mid = self.monitor(name="series")
        for query in ("", "?points=10", "?from=2026-01-01T00:00:00Z&to=2026-01-05T00:00:00Z&points=50",
                      "?from=2026-01-01T00:00:00Z&to=2026-03-05T00:00:00Z&points=1000"):
            s = self.owner.get(f"/api/v1/monitors/{mid}/series{query}").json
            for column in ("p50_ms", "p95_ms", "p99_ms", "ok", "fail", "unknown"):
                self.assertEqual(len(s[column]), s["n"])
            points = int(query.split("points=")[1]) if "points=" in query else 300
            self.assertLessEqual(s["n"], points)
            self.assertEqual([r["name"] for r in s["regions"]], ["ams1", "fra1", "iad1"])


class Live(Case):
    def test_events(self):
        mid = self.monitor(name="live")
        no = self.number(mid)
        seq = self.owner.get("/api/v1/overview").json["seq"]
        s = Stream(self.owner, f"/api/v1/events?since={seq}")
        other = Stream(self.stranger)
        self.assertEqual(s.status, 200)
        iid = str(uuid.uuid4())
        t0 = now_us()
        self.h.publish("np:live", live([(no % 16, 5, 1)], [group(
            self.h.org, results=[result(mid, no, 2, t0, shard=no % 16, cls=4, status=3)],
            states=[state(mid, no, 3, "2 of 3 <fail>", t0, shard=no % 16, failing=2)],
            incidents=[incident(iid, mid, "opened", "open", t0)])]))
        event, ident, data = s.next()
        self.assertEqual(event, "batch")
        self.assertEqual(data["results"][0][:6], [mid, 2, t0 // 1000, 0, "f", 12.3])
        self.assertEqual(data["results"][0][9], "timeout")
        self.assertEqual((data["states"][0]["state"], data["states"][0]["why"]), ("down", "2 of 3 <fail>"))
        self.assertEqual(data["incidents"][0]["id"], iid)
        # A stale owner is not heard, a forged message neither.
        self.h.publish("np:live", live([(no % 16, 4, 9)], [group(self.h.org, results=[result(mid, no, 1, t0, shard=no % 16)])]))
        self.h.servers.redis("PUBLISH", "np:live", b"\0" * 32 + live([], []))
        self.h.publish("np:live", live([(no % 16, 5, 2)], [group(self.h.org, results=[result(mid, no, 3, t0, shard=no % 16)])]))
        self.assertEqual(s.next()[2]["results"][0][1], 3)
        # Nothing of it is another organisation's.
        self.h.publish("np:live", live([(0, 5, 1)], [group(self.h.other, results=[result(NOBODY, 99, 1, t0)])]))
        self.assertEqual([r[0] for r in other.next()[2]["results"]], [NOBODY])
        # Back after a while: what was missed comes, without a repeat.
        s.close()
        self.h.publish("np:live", live([(no % 16, 5, 3)], [group(self.h.org, results=[result(mid, no, 1, t0 + 7000, shard=no % 16)])]))
        time.sleep(0.1)
        s = Stream(self.owner, headers={"Last-Event-ID": ident})
        got = [s.next()[2]["results"][0][1] for _ in range(2)]
        self.assertEqual(got, [3, 1])
        # A gap: start over.
        self.h.publish("np:live", live([(no % 16, 5, 9)], [group(self.h.org, results=[result(mid, no, 1, t0, shard=no % 16)])]))
        self.assertEqual(s.next()[0], "reset")
        s.close()
        other.close()
        # Of another life, or no place at all.
        for since in ("deadbeef.1", "x", seq.split(".")[0] + ".999999"):
            s = Stream(self.owner, f"/api/v1/events?since={since}")
            self.assertEqual(s.next()[0], "reset", since)
            s.close()

    def test_latest_in_overview(self):
        mid = self.monitor(name="latest")
        no = self.number(mid)
        t0 = now_us()
        self.h.servers.redis("HSET", f"np:strip:{self.h.org}", no, "oodfu")
        self.h.publish("np:live", live([(no % 16, 900, 1)], [group(self.h.org, results=[result(mid, no, 1, t0, shard=no % 16)])]))
        def heard():
            o = self.owner.get("/api/v1/overview").json
            row = [m for m in o["monitors"] if m["id"] == mid][0]
            return row["last_ms"] is not None and (o, row)
        o, row = until(heard)
        self.assertEqual((row["last_ms"], row["strip"]), (12.3, "oodfu"))
        self.assertEqual(o["counts"]["total"], len(o["monitors"]))

    def test_slow_reader_gets_last_values(self):
        mid = self.monitor(name="slow")
        no = self.number(mid)
        c = socket.create_connection(("127.0.0.1", self.h.port))
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        c.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.owner.token}\r\n\r\n".encode())
        text = b""
        while b"\r\n\r\n" not in text:
            text += c.recv(1024)
        t0 = now_us()
        for i in range(300):  # some 15 MB if everything were sent
            rows = [result(mid, no, 1 + k % 3, t0 + i * 1000 + k, shard=no % 16) for k in range(300)]
            self.h.publish("np:live", live([(no % 16, 1000, 1 + i)], [group(self.h.org, results=rows)]))
        time.sleep(0.5)
        c.settimeout(PATIENCE_S)
        last = str((t0 + 299 * 1000 + 299) // 1000).encode()
        while last not in text[-1 << 17:] and b"event: reset" not in text[-1 << 17:]:
            part = c.recv(1 << 16)
            self.assertTrue(part, "closed before it was told the last of it")
            text += part
        c.close()
        self.assertEqual(self.owner.get("/health/web").status, 200)

    def test_more_than_a_stream_takes_at_once(self):
        mid = self.monitor(name="crowd")
        no = self.number(mid)
        c = socket.create_connection(("127.0.0.1", self.h.port))
        c.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self.owner.token}\r\n\r\n".encode())
        c.settimeout(60)
        text = b""
        while b"retry:" not in text:
            text += c.recv(1 << 16)
        t0 = now_us()
        # Some 2 MB of events in one message, on a stream with nothing under way.
        rows = [result(mid, no, 1, t0 + k * 1000, shard=no % 16) for k in range(20000)]
        self.h.publish("np:live", live([(no % 16, 1001, 1)], [group(self.h.org, results=rows)]))
        last = t0 + 60_000_000
        self.h.publish("np:live", live([(no % 16, 1001, 2)], [
            group(self.h.org, results=[result(mid, no, 1, last, shard=no % 16)])]))
        # All of it, or the latest values, or an order to start over: but never silence.
        seen = str(last // 1000).encode()
        while seen not in text and b"event: reset" not in text:
            part = c.recv(1 << 16)
            self.assertTrue(part, "the stream ended")
            text += part
        c.close()

    def test_streams_of_one_organisation_are_bounded(self):
        def opened(client):  # what others closed before is heard of a moment later
            end = time.monotonic() + PATIENCE_S
            while (stream := Stream(client)).status != 200 and time.monotonic() < end:
                stream.close()
                time.sleep(0.05)
            self.assertEqual(stream.status, 200)
            return stream

        mine = [opened(self.owner) for _ in range(24)]
        a = self.editor.get("/api/v1/events")
        self.assertEqual((a.status, a.json["status"], a.headers["retry-after"]), (429, 429, "30"), a.raw)
        for s in (opened(self.stranger), *mine):
            s.close()
        opened(self.owner).close()

    def test_head_of_stream(self):
        self.assertEqual(self.owner.call("HEAD", "/api/v1/events").status, 200)
        self.problem(Client(self.h.port).get("/api/v1/events"), 401)


class Pages(Case):
    def test_headers(self):
        answers = [("GET", p) for p in ("/app/", "/nope", "/api/v1/session", "/health/web", "/", "/api/v1/health")]
        for method, path in answers + [("PUT", "/api/v1/monitors"), ("OPTIONS", "/api/v1/monitors")]:
            a = self.owner.call(method, path)
            self.assertIn("default-src 'none'", a.headers["content-security-policy"], path)
            for name in ("x-content-type-options", "referrer-policy", "cross-origin-opener-policy",
                         "cross-origin-resource-policy", "permissions-policy"):
                self.assertIn(name, a.headers, path)

    def test_redirects_and_404(self):
        a = Client(self.h.port).get("/")
        self.assertEqual((a.status, a.headers["location"]), (302, "/app/"))
        for path in ("/nope", "/app/assets/none.js", "/app/../etc/passwd", "/app/%2e%2e/secret", "/api/v1/nope", "/index.html"):
            self.assertIn(Client(self.h.port).get(path).status, (400, 404), path)

    def test_health(self):
        for path in ("/health/web", "/health/database", "/health/queue"):
            a = Client(self.h.port).get(path)
            self.assertEqual((a.status, a.raw), (200, b"ok\n"), path)

    def test_contract(self):
        a = Client(self.h.port).get("/api/v1/openapi.yaml")
        self.assertEqual(a.status, 200)
        self.assertTrue(a.raw.startswith(b"# SPDX"))
        b = Client(self.h.port).get("/api/v1/openapi.yaml", headers={"If-None-Match": a.headers["etag"]})
        self.assertEqual((b.status, b.raw), (304, b""))

    def test_gzip(self):
        for _ in range(5):
            self.monitor(name="packed")
        plain = self.owner.get("/api/v1/monitors?q=packed")
        packed = self.owner.get("/api/v1/monitors?q=packed", headers={"Accept-Encoding": "br, gzip"})
        self.assertEqual(packed.headers["content-encoding"], "gzip")
        self.assertEqual(gzip.decompress(packed.raw), plain.raw)
        refused = self.owner.get("/api/v1/monitors?q=packed", headers={"Accept-Encoding": "gzip;q=0"})
        self.assertNotIn("content-encoding", refused.headers)


class BadDays(Case):
    def test_database_away(self):
        s = self.h.servers
        s.kill("pg")
        try:
            a = self.owner.get("/api/v1/monitors")
            self.problem(a, 503)
            self.assertIn("retry-after", a.headers)
            until(lambda: Client(self.h.port).get("/health/database").status == 503)
            self.assertEqual(Client(self.h.port).get("/api/v1/health").json["status"], "failing")
            self.assertEqual(Client(self.h.port).get("/health/web").status, 200)
        finally:
            s.start("pg")
        until(lambda: self.owner.get("/api/v1/monitors").status == 200)

    def test_redis_away(self):
        s = self.h.servers
        mid = self.monitor(name="no redis")
        stream = Stream(self.owner)
        s.kill("redis")
        try:
            self.assertEqual(self.owner.get("/api/v1/overview").status, 200)
            self.assertEqual(self.owner.get(f"/api/v1/monitors/{mid}/checks").json["source"], "history")
            self.assertEqual(self.owner.patch(f"/api/v1/monitors/{mid}", {"retries": 1}).status, 202)
        finally:
            s.start("redis")
        self.assertEqual(stream.next()[0], "reset")
        stream.close()

    def test_one_organisation_leaves_room_for_others(self):
        """Half of the database's connections, whatever it asks for: here six wait for a lock, and no seventh."""
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'np_web' AND wait_event_type = 'Lock'"
        self.assertEqual(self.stranger.get("/api/v1/monitors").status, 200)
        stop = threading.Event()

        def ask():
            while not stop.is_set():
                self.owner.get("/api/v1/rotas")

        with self.h.locked("np.channel"):
            threads = [threading.Thread(target=ask) for _ in range(16)]
            for t in threads:
                t.start()
            try:
                end = time.monotonic() + 120
                while self.h.sql(waiting) != "6" and time.monotonic() < end:
                    time.sleep(0.02)
                for _ in range(5):
                    self.assertEqual(self.stranger.get("/api/v1/monitors").status, 200)
                    self.assertLessEqual(int(self.h.sql(waiting)), 6)
                self.assertLess(time.monotonic(), end)
            finally:
                stop.set()
        for t in threads:
            t.join()

    def test_many_at_once(self):
        """More requests than connections: all are answered, none is refused."""
        got = []

        def one():
            for _ in range(10):
                got.append(self.owner.get("/api/v1/monitors?limit=5").status)
        threads = [threading.Thread(target=one) for _ in range(40)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(set(got), {200})
        held = int(self.h.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'np_web'"))
        self.assertLessEqual(held, 12)


@unittest.skipUnless(ENGINE, "no engine was built")
class WithEngine(Case):
    """The same API with a real owner of the shards: commands are decided."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        s = cls.h.servers
        path = s.path("engine.yaml")
        with open(path, "w", encoding="ascii") as f:
            f.write(f"""name: engine-1
hmac_key_file: "{s.path('hmac.key')}"
database: {{ host: "{s.dir}", port: 6432, name: np_engine, user: np_engine, password_file: "{s.path('np_engine.db')}", pool: 6 }}
redis: {{ socket: "{s.path('redis.sock')}", user: np_engine, password_file: "{s.path('np_engine.redis')}" }}
admin: {{ listen: "unix:{s.path('engine.sock')}" }}
""")
        cls.h.stop()
        cls.h.settings["command_wait_ms"] = 60000
        cls.h.start()
        for c in (cls.owner, cls.editor, cls.viewer, cls.stranger):
            c.port = cls.h.port
        with open(s.path("engine.log"), "wb") as log:
            cls.engine = subprocess.Popen([ENGINE, "--config", path], stderr=log)

    @classmethod
    def tearDownClass(cls):
        cls.engine.terminate()
        cls.engine.wait(timeout=PATIENCE_S)
        super().tearDownClass()

    def test_why_knows_of_a_digest(self):
        a = self.owner.post("/api/v1/channels", {"kind": "webhook", "name": "d", "config": {"url": "https://b.example/"}})
        cid = a.json["id"]
        mid = self.owner.post("/api/v1/monitors", {**SAMPLE, "name": "in a storm", "channels": [cid]}).json["id"]
        iid, no = self.open_incident(mid), self.number(mid)
        self.h.sql(f"""INSERT INTO np.notice (org_id, subject, event, kind, channel_id, body, state, created_at, next_at)
            VALUES ({self.h.org}, '{iid}', 1, 'opened', '{cid}', '{{}}', 'digested', now(), now())""")

        def said():
            self.h.sql(f"UPDATE np.monitor_state SET incident_id = '{iid}' WHERE monitor_id = {no}")  # the owner's row
            return self.owner.get(f"/api/v1/monitors/{mid}/why").json["sentence"]
        until(lambda: "1 of 1 channels hears it in a digest." in said())
        self.assertEqual(self.owner.delete(f"/api/v1/monitors/{mid}").status, 204)

    def test_commands_are_decided(self):
        s = Stream(self.owner)
        a = self.owner.post("/api/v1/monitors", {**SAMPLE, "name": "owned"})
        self.assertEqual(a.status, 201, a.raw)
        mid = a.json["id"]
        self.assertEqual(a.json["state"], "pending")
        a = self.owner.patch(f"/api/v1/monitors/{mid}", {"paused": True})
        self.assertEqual((a.status, a.json["paused"], a.json["state"]), (200, True, "paused"), a.raw)
        a = self.owner.post(f"/api/v1/monitors/{mid}/check")
        self.assertIn(a.status, (200, 409), a.raw)
        a = self.owner.patch(f"/api/v1/monitors/{mid}", {"paused": False})
        self.assertEqual((a.status, a.json["state"]), (200, "pending"), a.raw)
        why = self.owner.get(f"/api/v1/monitors/{mid}/why").json
        self.assertTrue(why["sentence"])
        self.assertIn("code", why)
        self.assertEqual(why["no_channel"], True)
        self.assertEqual(self.owner.delete(f"/api/v1/monitors/{mid}").status, 204)
        changes = []
        while "removed" not in changes:
            for m in s.next()[2].get("monitors", []):
                self.assertEqual(m["id"], mid)
                changes.append(m["change"])
        self.assertIn("changed", changes)
        s.close()

    def test_refused_with_its_reason(self):
        a = self.owner.post("/api/v1/monitors", {**SAMPLE, "name": "nothing to acknowledge"})
        iid = str(uuid.uuid4())  # closed long ago
        self.h.sql(f"""INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, state, opened_at, decided_at,
            closed_at, why) SELECT '{iid}', org_id, id, uuid, shard, 'resolved', now(), now(), now(), ''
            FROM np.monitor WHERE uuid = '{a.json['id']}'""")
        p = self.problem(self.owner.post(f"/api/v1/incidents/{iid}/ack"), 409)
        self.assertIn("Refused", p["detail"])


class AckLinks(Case):
    """The page behind "Acknowledge": made as the alerter makes it, used as people, scanners and forgers do."""

    @classmethod
    def setUpClass(cls):
        cls.h = House(EXE, command_wait_ms=60000, test_wait_ms=300, public_url="http://127.0.0.1:8080").__enter__()
        cls.owner = cls.h.client("owner")

    def link(self, iid, key, org=None, days=7, context="np:ack-link/1"):
        body = uuid.UUID(key).bytes + uuid.UUID(iid).bytes + struct.pack("<qq", org or self.h.org, int(time.time() + days * 86400))
        return "/ack/" + base64.urlsafe_b64encode(self.h.seal(context, body)).rstrip(b"=").decode()

    def told(self, name="chat of <ops>"):
        """An open incident, and the key of the notice that told a channel of it."""
        mid = str(uuid.uuid4())
        self.h.sql(f"""INSERT INTO np.monitor (uuid, org_id, name, kind, definition, region_ids)
            VALUES ('{mid}', {self.h.org}, 'ack <b>me</b>', 'http', '{{}}', '{{}}')""")
        iid = self.open_incident(mid)
        cid, key = str(uuid.uuid4()), str(uuid.uuid4())
        self.h.sql(f"""INSERT INTO np.channel (id, org_id, kind, name, config) VALUES ('{cid}', {self.h.org}, 'slack', '{name}', '{{}}');
            INSERT INTO np.notice (key, org_id, subject, event, kind, channel_id, incident_id, body, state, created_at, next_at)
            VALUES ('{key}', {self.h.org}, '{iid}', 1, 'opened', '{cid}', '{iid}', '{{}}', 'sent', now(), now())""")
        return iid, key

    def page(self, a, status, *words):
        self.assertEqual((a.status, a.headers["content-type"]), (status, "text/html; charset=utf-8"), a.raw)
        text = a.raw.decode()
        for w in words:
            self.assertIn(w, text)
        self.assertNotIn("<script", text)
        self.assertIn("default-src 'none'", a.headers["content-security-policy"])
        self.assertEqual(a.headers["cache-control"], "no-store")
        self.assertEqual(a.headers["referrer-policy"], "no-referrer")
        return text

    def inbox(self, iid):
        return self.h.sql(f"SELECT command || '|' || actor || '|' || origin FROM np.inbox WHERE body ->> 'incident' = '{iid}'")

    def test_an_incident_of_people_is_acknowledged_at_once(self):
        made = self.owner.post("/api/v1/incidents", {"title": "cable cut", "severity": "major"})
        self.assertEqual(made.status, 201, made.raw)
        iid, cid, key = made.json["id"], str(uuid.uuid4()), str(uuid.uuid4())
        self.h.sql(f"""INSERT INTO np.channel (id, org_id, kind, name, config) VALUES ('{cid}', {self.h.org}, 'slack', 'ops', '{{}}');
            INSERT INTO np.notice (key, org_id, subject, event, kind, channel_id, incident_id, body, state, created_at, next_at)
            VALUES ('{key}', {self.h.org}, '{iid}', 9, 'opened', '{cid}', '{iid}', '{{}}', 'sent', now(), now())""")
        nobody, link = Client(self.h.port), self.link(iid, key)
        self.page(nobody.get(link), 200, "<button")
        self.page(nobody.call("POST", link, headers={"Origin": "null"}), 200, "Acknowledged")
        got = self.owner.get(f"/api/v1/incidents/{iid}").json
        self.assertEqual((got["state"], got["acknowledged_by"]), ("acknowledged", "link sent to ops"))
        self.page(nobody.call("POST", link, headers={"Origin": "null"}), 200, "Somebody is on it")

    def test_looking_changes_nothing_and_the_button_acts_once(self):
        iid, key = self.told()
        nobody, link = Client(self.h.port), self.link(iid, key)
        for method in ("GET", "HEAD", "GET"):
            a = nobody.call(method, link)
            self.assertEqual(a.status, 200)
        text = self.page(a, 200, "<button", "ack &lt;b&gt;me&lt;/b&gt;", "chat of &lt;ops&gt;", "2 of 3 fail")
        self.assertNotIn("<b>me", text)
        self.assertEqual(self.inbox(iid), "")
        done = []
        t = threading.Thread(target=lambda: done.append(nobody.call("POST", link, headers={"Origin": "null"})))
        t.start()
        until(lambda: self.inbox(iid))
        self.assertEqual(self.inbox(iid), "acknowledge|link sent to chat of <ops>|link")
        self.assertIn("link sent to", self.h.sql(f"SELECT actor FROM np.audit WHERE subject = '{iid}'"))
        self.h.sql(f"UPDATE np.inbox SET outcome = 'applied', decided_at = now() WHERE body ->> 'incident' = '{iid}'")
        t.join()
        self.page(done[0], 200, "Acknowledged")
        self.page(nobody.call("POST", link), 410, "used already")
        self.page(nobody.get(link), 410, "used already")
        self.assertEqual(self.h.sql(f"SELECT count(*) FROM np.inbox WHERE body ->> 'incident' = '{iid}'"), "1")

    def test_a_refusal_is_a_page(self):
        iid, key = self.told("refused")
        done = []
        t = threading.Thread(target=lambda: done.append(Client(self.h.port).call("POST", self.link(iid, key))))
        t.start()
        until(lambda: self.inbox(iid))
        self.h.sql(f"UPDATE np.inbox SET outcome = 'refused', reason = 'It is <over>.', decided_at = now() WHERE body ->> 'incident' = '{iid}'")
        t.join()
        self.page(done[0], 409, "It is &lt;over&gt;.")

    def test_what_is_settled_needs_no_button(self):
        iid, key = self.told("settled")
        nobody, link = Client(self.h.port), self.link(iid, key)
        self.page(nobody.get(self.link(iid, key, days=-1)), 410, "too old")
        self.page(nobody.call("POST", self.link(iid, key, days=-1)), 410, "too old")
        self.h.sql(f"UPDATE np.incident SET state = 'acknowledged', acknowledged_by = 'ann', acknowledged_at = now() WHERE id = '{iid}'")
        for method in ("GET", "POST"):
            self.assertNotIn("<button", self.page(nobody.call(method, link), 200, "Acknowledged by ann"))
        self.h.sql(f"UPDATE np.incident SET state = 'resolved', closed_at = now() WHERE id = '{iid}'")
        for method in ("GET", "POST"):
            self.assertNotIn("<button", self.page(nobody.call(method, link), 200, "It is over"))
        self.assertEqual(self.inbox(iid), "")

    def test_zz_forged_and_foreign_links(self):
        """Nine wrong ones: the tenth from one address would be turned away for a minute, as the last test shows."""
        iid, key = self.told("forged")
        nobody, good = Client(self.h.port), self.link(iid, key)
        flipped = good[:20] + ("A" if good[20] != "A" else "B") + good[21:]
        for wrong in (flipped, good[:-1], good + "A", "/ack/x", self.link(iid, key, context="np:live"),
                      self.link(iid, str(uuid.uuid4())), self.link(str(uuid.uuid4()), key), self.link(iid, key, org=self.h.other)):
            for method in ("POST",):
                self.page(nobody.call(method, wrong), 404, "not known")
        self.assertEqual(self.inbox(iid), "")
        self.page(nobody.get(good), 200, "<button")
        for _ in range(3):
            last = nobody.get("/ack/x")
        self.assertEqual(last.status, 429)
        self.assertEqual(nobody.get(good).status, 429)


if __name__ == "__main__":
    assert struct and json
    unittest.main(verbosity=1, warnings="ignore")
