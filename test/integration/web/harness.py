# SPDX-License-Identifier: Apache-2.0
"""What the tests of the web stand on: servers, the schema, identities, one web, a client."""
import contextlib
import hashlib
import hmac
import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "test", "lib"))
from servers import PATIENCE_S, Servers  # noqa: E402


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


for sig in (signal.SIGTERM, signal.SIGHUP):  # leave nothing behind
    signal.signal(sig, lambda *_: sys.exit(1))


class Answer:
    def __init__(self, response, body):
        self.status = response.status
        self.headers = {k.lower(): v for k, v in response.getheaders()}
        self.raw = body
        self.cookies = [v for k, v in response.getheaders() if k.lower() == "set-cookie"]

    @property
    def json(self):
        return json.loads(self.raw)


class Client:
    """One identity: a token, or a cookie with its Origin."""

    def __init__(self, port, token=None, cookie=None, source="127.0.0.1"):
        self.port, self.token, self.cookie, self.source = port, token, cookie, source

    def call(self, method, path, body=None, headers=None, raw=None):
        h = {}
        if self.token:
            h["Authorization"] = "Bearer " + self.token
        if self.cookie:
            h["Cookie"] = self.cookie
            if method not in ("GET", "HEAD"):
                h["Origin"] = f"http://127.0.0.1:{self.port}"
        if body is not None:
            raw = json.dumps(body).encode()
        if raw is not None:
            h["Content-Type"] = "application/json"
        h.update(headers or {})
        h = {k: v for k, v in h.items() if v is not None}
        c = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2 * PATIENCE_S, source_address=(self.source, 0))
        try:
            c.request(method, path, body=raw, headers=h)
            r = c.getresponse()
            return Answer(r, r.read())
        finally:
            c.close()

    def get(self, path, **kw):
        return self.call("GET", path, **kw)

    def post(self, path, body=None, **kw):
        return self.call("POST", path, body, **kw)

    def patch(self, path, body=None, **kw):
        return self.call("PATCH", path, body, **kw)

    def delete(self, path, **kw):
        return self.call("DELETE", path, **kw)


class Stream:
    """An open `GET /api/v1/events`; `next` yields (event, id, data)."""

    def __init__(self, client, path="/api/v1/events", headers=None):
        self.c = http.client.HTTPConnection("127.0.0.1", client.port, timeout=2 * PATIENCE_S)
        h = {"Authorization": "Bearer " + client.token} if client.token else {"Cookie": client.cookie}
        h.update(headers or {})
        self.c.request("GET", path, headers=h)
        self.r = self.c.getresponse()
        self.status = self.r.status

    def next(self):
        event, ident, data = None, None, None
        while True:
            line = self.r.readline().decode()
            if line == "":
                return None
            line = line.rstrip("\n")
            if line == "" and event:
                return event, ident, json.loads(data)
            if line.startswith("event: "):
                event = line[7:]
            elif line.startswith("id: "):
                ident = line[4:]
            elif line.startswith("data: "):
                data = line[6:]

    def close(self):
        self.c.close()


class House:
    def __init__(self, exe, **settings):
        self.exe, self.settings = exe, settings
        self.servers = Servers(["pg", "pgbouncer", "redis"])
        self.process = None

    def __enter__(self):
        self.servers.start_all()
        try:
            self.servers.schema()
            self.org = int(self.sql("SELECT id FROM np.org"))
            self.other = int(self.sql("INSERT INTO np.org (name) VALUES ('other') RETURNING id"))
            self.regions(self.org, "ams1", "fra1", "iad1")
            self.start()
        except BaseException:
            self.servers.close()
            raise
        return self

    def __exit__(self, *_):
        try:
            code = self.stop()
            if code:  # a sanitizer speaks at the end
                raise RuntimeError(f"the web ended with {code}:\n" + self.said())
        finally:
            self.servers.close()

    def sql(self, text):
        return self.servers.psql(text).strip()

    @contextlib.contextmanager
    def locked(self, table):
        """Nobody reads the table meanwhile."""
        session = subprocess.Popen(self.servers.psql_argv(), env=self.servers.psql_env(), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        try:
            session.stdin.write(f"BEGIN; LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE; SELECT 'locked';\n")
            session.stdin.flush()
            if session.stdout.readline().strip() != "locked":
                raise RuntimeError("no lock on " + table)
            yield
        finally:
            session.stdin.close()
            session.wait(timeout=60)
            session.stdout.close()

    def regions(self, org, *names):
        for n in names:
            self.sql(f"INSERT INTO np.region (org_id, name) VALUES ({org}, '{n}')")

    def token(self, role, org=None, name=None):
        text = "npt_" + secrets.token_urlsafe(32)
        self.sql("INSERT INTO np.api_token (token_sha256, id, org_id, name, role) VALUES "
                 f"('\\x{hashlib.sha256(text.encode()).hexdigest()}', '{uuid.uuid4()}', {org or self.org},"
                 f" '{name or role}', '{role}')")
        return text

    def client(self, role, org=None):
        return Client(self.port, self.token(role, org))

    def config(self):
        s = self.servers
        more = "".join(f"{k}: {v}\n" for k, v in self.settings.items())
        return f"""name: web-1
listen: "127.0.0.1:{self.port}"
hmac_key_file: "{s.path('hmac.key')}"
database:
  host: "{s.dir}"
  port: 6432
  name: np_web
  user: np_web
  password_file: "{s.path('np_web.db')}"
  pool: 12
redis:
  socket: "{s.path('redis.sock')}"
  user: np_web
  password_file: "{s.path('np_web.redis')}"
admin:
  listen: "unix:{s.path('web.sock')}"
{more}"""

    def start(self):
        """On a port that was free a moment ago; sometimes somebody else is faster."""
        for last in (False, False, True):
            self.port = free_port()
            try:
                return self.launch()
            except RuntimeError as e:
                if last or "taken by another program" not in str(e):
                    raise

    def launch(self):
        path = self.servers.path("web.yaml")
        with open(path, "w", encoding="ascii") as f:
            f.write(self.config())
        # Other people's tools may be put before it: a profiler, a memory checker.
        before = os.environ.get("NP_TEST_WRAP", "").split()
        self.log = open(self.servers.path("web.log"), "ab")
        self.process = subprocess.Popen(before + [self.exe, "--config", path], stderr=self.log)
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise RuntimeError("the web ended:\n" + self.said())
            try:
                if Client(self.port).get("/api/v1/health").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError("the web is not ready:\n" + self.said())

    def said(self):
        with open(self.servers.path("web.log"), encoding="utf-8") as f:
            return f.read()[-4000:]

    def stop(self):
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(timeout=PATIENCE_S)
        self.process = None
        self.log.close()
        return code

    # Live events, sealed as an engine does it.

    def publish(self, channel, message):
        with open(self.servers.path("hmac.key"), encoding="ascii") as f:
            key = bytes.fromhex(f.read().strip())
        mac = hmac.new(key, channel.encode() + b"\0" + message, hashlib.sha256).digest()
        return self.servers.redis("PUBLISH", channel, mac + message)

    def seal(self, context, message):
        with open(self.servers.path("hmac.key"), encoding="ascii") as f:
            key = bytes.fromhex(f.read().strip())
        return hmac.new(key, context.encode() + b"\0" + message, hashlib.sha256).digest() + message


# A little protobuf: enough to speak as an engine.

def varint(n):
    out = b""
    while True:
        out += bytes([(n & 127) | (128 if n > 127 else 0)])
        n >>= 7
        if n == 0:
            return out


def field(number, value):
    if isinstance(value, bool):
        value = int(value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value & (2**64 - 1)) if value else b""
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def message(*pairs):
    return b"".join(field(n, v) for n, v in pairs)


def live(stamps, groups, behind=False):
    return message((1, "engine-1"), *[(2, message((1, s), (2, t), (3, n))) for s, t, n in stamps],
                   *[(3, g) for g in groups], (5, behind))


def group(org, results=(), states=(), incidents=(), notes=()):
    return message((1, org), *[(2, r) for r in results], *[(3, s) for s in states],
                   *[(4, i) for i in incidents], *[(5, n) for n in notes])


def result(mid, no, region, slot_us, status=1, duration_us=12345, cls=0, text="", attempt=0, end_us=0, shard=0):
    end = end_us or slot_us + duration_us
    return message((1, uuid.UUID(mid).bytes), (2, no), (3, region), (4, slot_us), (5, attempt), (6, status), (7, cls),
                   (8, text), (9, duration_us), (10, end), (11, end + 300), (12, end + 600), (13, shard))


def state(mid, no, value, why, since_us, shard=0, **flags):
    return message((1, uuid.UUID(mid).bytes), (2, no), (3, value), (4, since_us), (5, flags.get("partial", False)),
                   (6, flags.get("degraded", False)), (7, why), (8, flags.get("failing", 0)), (9, 3), (10, shard),
                   (11, flags.get("removed", False)), (12, flags.get("changed", False)))


def incident(iid, mid, kind, status, at_us):
    return message((1, uuid.UUID(iid).bytes), (2, uuid.UUID(mid).bytes), (3, kind), (4, at_us), (5, status))


def note(inbox, applied=True, reason=""):
    return message((1, uuid.UUID(inbox).bytes), (2, applied), (3, reason))


def until(check):
    """The first true answer."""
    end = time.monotonic() + PATIENCE_S
    while True:
        got = check()
        if got:
            return got
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.02)


def now_us():
    return int(time.time() * 1e6)


def in_background(fn):
    t = threading.Thread(target=fn, daemon=True)
    t.start()
    return t
