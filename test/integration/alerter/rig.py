# SPDX-License-Identifier: Apache-2.0
"""An alerter with its servers; channels, incidents and notices as API and engine write them."""
import itertools
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))
sys.path.insert(0, os.path.join(ROOT, "test", "lib"))
from servers import PATIENCE_S, Servers  # noqa: E402


def wait_for(what, check, seconds=PATIENCE_S, every=0.02):
    end = time.monotonic() + seconds
    while True:
        last = check()
        if last:
            return last
        if time.monotonic() > end:
            raise AssertionError(f"waited {seconds:.0f} s for {what}; last: {last!r}")
        time.sleep(every)


def quoted(text):
    return "'" + str(text).replace("'", "''") + "'"


class Psql:
    """One psql that stays: a process per statement costs more than what is tested."""
    END = "--end-of-answer--"

    def __init__(self, servers):
        env = dict(os.environ, PGPASSWORD=servers._secret("np_admin.db"))
        self.p = subprocess.Popen(["/usr/lib/postgresql/15/bin/psql", "-X", "-q", "-A", "-t", "-h", servers.dir, "-p", "5432",
                                   "-U", "np_admin", "-d", "netpulse"], env=env, text=True, encoding="utf-8", bufsize=1,
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def ask(self, sql):
        self.p.stdin.write(f"BEGIN;\n{sql};\nCOMMIT;\n\\echo {self.END}\n")
        self.p.stdin.flush()
        lines = []
        for line in self.p.stdout:
            if line.rstrip("\n") == self.END:
                break
            lines.append(line)
        text = "".join(lines)
        if "ERROR:" in text or "FATAL:" in text or self.p.poll() is not None:
            raise RuntimeError(f"{sql[:300]}: {text}")
        return text.strip()

    def close(self):
        self.p.stdin.close()
        self.p.wait()


class Rig:
    def __init__(self, exe, **settings):
        self.exe = exe
        self.settings = {"retry": {"first": "50ms", "max": "300ms"}, "attempt_timeout": "5s", **settings}
        self.servers = Servers(["pg", "pgbouncer", "redis"])
        self.process = None
        self.idle, self.free = [], threading.Semaphore(6)

    def __enter__(self):
        self.servers.start_all()
        try:
            self.servers.schema()
            self.org = int(self.sql("SELECT id FROM np.org"))
        except BaseException:
            self.servers.close()
            raise
        return self

    def __exit__(self, *_):
        try:
            self.kill()
            for p in self.idle:
                p.close()
        finally:
            self.servers.close()

    # --- the alerter ---------------------------------------------------------------
    def config(self, name):
        s = self.servers
        return json.dumps({  # JSON is YAML
            "name": name, "hmac_key_file": s.path("hmac.key"), "public_url": "https://np.example",
            "database": {"host": s.dir, "port": 6432, "name": "np_alerter", "user": "np_alerter",
                         "password_file": s.path("np_alerter.db")},
            "redis": {"socket": s.path("redis.sock"), "user": "np_alerter",
                      "password_file": s.path("np_alerter.redis")}, **self.settings})

    def start(self, name="alerter-1"):
        path = self.servers.path(name + ".yaml")
        with open(path, "w", encoding="utf-8") as f:
            f.write(self.config(name))
        with open(self.servers.path("alerter.log"), "ab") as log:
            before = os.environ.get("NP_TEST_WRAP", "").split()
            self.process = subprocess.Popen(before + [self.exe, "--config", path], stderr=log)
        return self.process

    def said(self):
        with open(self.servers.path("alerter.log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def kill(self):
        if self.process and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self):
        """Gracefully: a sanitizer speaks at the end."""
        self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        assert code == 0, f"ended with {code}:\n{self.said()[-4000:]}"

    def nudge(self):
        self.servers.redis("PUBLISH", "np:outbox", "1")

    # --- rows -------------------------------------------------------------------------
    def sql(self, text):
        """One transaction."""
        with self.free:
            p = self.idle.pop() if self.idle else Psql(self.servers)
            try:
                return p.ask(text)
            finally:
                self.idle.append(p)

    def rows(self, text):
        return json.loads(self.sql(f"SELECT coalesce(json_agg(x), '[]') FROM ({text}) x"))

    def new_org(self, private_ok=True):
        return int(self.sql(f"INSERT INTO np.org (name, private_ok) VALUES ('o', {private_ok}) RETURNING id"))

    def channel(self, kind, config, secret=None, org=None, fallback=None, name=None):
        ident = str(uuid.uuid4())
        hidden = f"convert_to({quoted(json.dumps(secret))}, 'UTF8')" if secret else "NULL"
        self.sql("INSERT INTO np.channel (id, org_id, kind, name, config, secret, fallback_id) VALUES "
                 f"('{ident}', {org or self.org}, '{kind}', {quoted(name or kind)}, {quoted(json.dumps(config))}, {hidden},"
                 f" {quoted(fallback) if fallback else 'NULL'})")
        return ident

    def hook(self, sink, **more):
        return self.channel("webhook", {"url": sink.url}, {"secret": "0123456789abcdef"}, **more)

    def notices(self, channel=None):
        where = f"WHERE channel_id = '{channel}'" if channel else ""
        return self.rows(f"SELECT id, key, subject, kind, event, state, attempts, told_by, channel_id FROM np.notice {where} ORDER BY id")

    def attempts(self, channel):
        return self.rows("SELECT a.n, a.outcome, a.answer, a.notice_id, extract(epoch FROM a.at) AS at FROM np.notice_attempt a "
                         f"JOIN np.notice n ON n.id = a.notice_id WHERE n.channel_id = '{channel}' ORDER BY a.at, a.n")

    def wait_done(self, channel, n=None, seconds=2 * PATIENCE_S):
        def done():
            rows = self.notices(channel)
            open_ = [r for r in rows if r["state"] in ("pending", "uncertain")]
            return rows if not open_ and (n is None or len(rows) >= n) else None
        return wait_for(f"{n or 'all'} notices done", done, seconds, 0.05)


class Incident:
    """One incident as the engine would write it, and what is told of it."""
    numbers = itertools.count(1)

    def __init__(self, org, name="shop", why="2 of 3 regions fail.", severity="major"):
        self.id, self.org, self.name, self.why = str(uuid.uuid4()), org, name, why
        self.monitor, self.severity = next(Incident.numbers), severity
        self.event = 0

    def open(self):
        return ("INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, state, opened_at, decided_at, why) VALUES "
                f"('{self.id}', {self.org}, {self.monitor}, gen_random_uuid(), 0, 'open', now(), now(), {quoted(self.why)});")

    def close(self):
        return f"UPDATE np.incident SET state = 'resolved', closed_at = now() WHERE id = '{self.id}';"

    def tell(self, kind, *channels, event=None, **more):
        self.event = event or self.event + 1
        at = "2026-03-01T12:00:00.000000Z"
        body = {"kind": kind, "incident": {"id": self.id, "opened_at": at, "state": "open", "why": self.why},
                "monitor": {"id": str(uuid.uuid4()), "name": self.name, "kind": "http", "target": "https://shop.example/"},
                "why": self.why, "at": at, "severity": self.severity, **more}
        if kind == "resolved":
            body["incident"]["closed_at"] = "2026-03-01T13:01:05.000000Z"
        return "".join(
            "INSERT INTO np.notice (org_id, subject, event, kind, channel_id, incident_id, body, created_at, next_at) VALUES "
            f"({self.org}, '{self.id}', {self.event}, '{kind}', '{c}', '{self.id}', {quoted(json.dumps(body))}, clock_timestamp(), clock_timestamp());"
            for c in channels)
