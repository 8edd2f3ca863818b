# SPDX-License-Identifier: Apache-2.0
"""Servers, an organisation with regions, checkers and monitors, an engine, and a played gateway."""
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
import urllib.request
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "test", "lib"))
sys.path.insert(0, HERE)
from servers import PATIENCE_S, Servers  # noqa: E402
from wire import Redis, batch, blob, fields, num, packed, result, seal, unseal  # noqa: E402

ACK, REWIND, REJECT, BANNED = 0, 1, 2, 3


def now_us():
    return time.time_ns() // 1000


patience_s = PATIENCE_S  # whoever expects to wait in vain sets less


def wait(what, fn, seconds=None):
    """The first true answer of fn."""
    end = time.monotonic() + (seconds or patience_s)
    while time.monotonic() < end:
        got = fn()
        if got:
            return got
        time.sleep(0.02)
    raise AssertionError("never: " + what)


class Listener(threading.Thread):
    """Everything that is published on some channels."""

    def __init__(self, redis, *channels):
        super().__init__(daemon=True)
        self.redis, self.got = redis, queue.Queue()
        self.redis.send("SUBSCRIBE", *channels)
        for _ in channels:
            self.redis.read()
        self.start()

    def run(self):
        try:
            while True:
                kind, channel, data = self.redis.read()
                if kind == b"message":
                    self.got.put((channel.decode(), data, time.time_ns() // 1000))
        except (OSError, ValueError, ConnectionError, RuntimeError):
            pass


class Engine:
    """One engine process."""

    def __init__(self, rig, name="engine-1", **more):
        self.rig, self.name = rig, name
        self.admin = rig.servers.path(name + ".sock")
        self.conf = rig.servers.path(name + ".json")
        s = rig.servers
        conf = {
            "name": name, "hmac_key_file": s.path("hmac.key"), "admin": {"listen": "unix:" + self.admin},
            "database": {"host": s.dir, "port": 6432 if "pgbouncer" in s.which else 5432,
                         "name": "np_engine" if "pgbouncer" in s.which else "netpulse",
                         "user": "np_engine", "password_file": s.path("np_engine.db")},
            "redis": {"socket": s.path("redis.sock"), "user": "np_engine",
                      "password_file": s.path("np_engine.redis")},
            **more}
        with open(self.conf, "w", encoding="ascii") as f:
            json.dump(conf, f)
        self.log = open(s.path(name + ".log"), "wb")  # the servers may have seen another test
        self.process = None
        self.start()

    def start(self):
        self.process = subprocess.Popen([*self.rig.program, "--config", self.conf], stderr=self.log)

    def stop(self, sig=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(sig)
            self.process.wait(timeout=PATIENCE_S)
        return self.process.returncode

    def restart(self, sig=signal.SIGTERM):
        self.stop(sig)
        self.start()
        self.ready()

    def text(self):
        with open(self.rig.servers.path(self.name + ".log"), encoding="utf-8", errors="replace") as f:
            return f.read()

    def get(self, path):
        import http.client
        import socket
        c = http.client.HTTPConnection("localhost", timeout=5)
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.connect(self.admin)
        c.request("GET", path)
        r = c.getresponse()
        body = r.read().decode()
        c.close()
        return r.status, body

    def ready(self):
        def is_ready():
            if self.process.poll() is not None:
                raise AssertionError("the engine ended:\n" + self.text()[-3000:])
            try:
                return self.get("/ready")[0] == 200
            except OSError:
                return False
        wait("engine ready", is_ready)
        return self

    def metric(self, name):
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name) and line[len(name)] in " {":
                return float(line.rsplit(" ", 1)[1])
        return 0.0


class Held:
    """np.log locked: a commit stops in the middle, and what is folded queues up behind it."""

    def __init__(self, rig, seconds):
        s = rig.servers
        env = dict(os.environ, PGPASSWORD=s._secret("np_admin.db"))
        self.p = subprocess.Popen(
            ["/usr/lib/postgresql/15/bin/psql", "-X", "-q", "-h", s.dir, "-U", "np_admin", "-d", "netpulse", "-c",
             f"BEGIN; LOCK TABLE np.log IN EXCLUSIVE MODE; SELECT pg_sleep({seconds}); COMMIT"],
            env=env, stdout=subprocess.DEVNULL, **s._spawn_args())
        wait("the lock", lambda: rig.sql("SELECT 1 FROM pg_locks WHERE relation = 'np.log'::regclass"
                                         " AND mode = 'ExclusiveLock' AND granted"))

    def over(self):
        assert self.p.wait(PATIENCE_S) == 0


class Checker:
    """A checker's sequence numbers, one epoch."""

    def __init__(self, number, region, epoch=None):
        self.number, self.region = number, region
        self.epoch = epoch or now_us() // 1000 << 16
        self.seq = {}

    def take(self, shard, n):
        first = self.seq.get(shard, 0) + 1
        self.seq[shard] = first + n - 1
        return first


class Rig:
    """`servers`: of somebody else, who ends them; what an earlier test left in them goes."""

    def __init__(self, exe, which=("pg", "pgbouncer", "redis"), servers=None):
        self.program = [exe] if isinstance(exe, str) else list(exe)
        self.servers = servers or Servers(list(which))
        self.borrowed = servers is not None
        self.engines = []
        self.request = 0
        self.incarnation = now_us()
        self.gateway = "gw-1"

    def __enter__(self):
        s = self.servers
        if not self.borrowed:
            s.start_all()
        s.schema()
        with open(s.path("hmac.key"), encoding="ascii") as f:
            self.key = bytes.fromhex(f.read().strip())
        self.connect()
        self.redis("FLUSHALL")
        self.listen()
        return self

    def connect(self):
        self.redis = self.new_redis()

    def new_redis(self):
        with open(self.servers.path("np_admin.redis"), encoding="ascii") as f:
            return Redis(self.servers.path("redis.sock"), "np_admin", f.read().strip())

    def listen(self, *jobs):
        self.heard = Listener(self.new_redis(), "np:ack:" + self.gateway, "np:live", "np:registry", "np:outbox",
                              *("np:jobs:%d" % j for j in range(1, 8)))
        self.past = []

    def __exit__(self, kind, *_):
        codes = []
        for e in self.engines:
            try:
                codes.append(e.stop(signal.SIGKILL if kind else signal.SIGTERM))
            except subprocess.TimeoutExpired:
                codes.append(e.stop(signal.SIGKILL))
        ended = kind or not any(codes)
        for e in self.engines:
            if not ended or kind:
                print(f"--- {e.name}\n" + e.text()[-6000:], file=sys.stderr)
        if not self.borrowed:
            self.servers.close()
        assert ended, f"engines ended with {codes}"

    def engine(self, name="engine-1", **more):
        e = Engine(self, name, **more)
        self.engines.append(e)
        return e

    # ---- tables

    def sql(self, text):
        return self.servers.psql(text).strip()

    def rows(self, text):
        out = self.sql(f"SELECT coalesce(json_agg(t), '[]') FROM ({text}) t")
        return json.loads(out)

    def region(self, name):
        return int(self.sql(f"INSERT INTO np.region (org_id, name) VALUES (1, '{name}') RETURNING id"))

    def checker(self, region, **more):
        n = int(self.sql(
            "INSERT INTO np.checker (uuid, org_id, region_id, serial, not_after, key_sha256) VALUES"
            f" ('{uuid.uuid4()}', 1, {region}, '{uuid.uuid4().hex}', now() + interval '1 day', '') RETURNING id"))
        return Checker(n, region, **more)

    def ban(self, checker):
        self.sql("BEGIN; SET LOCAL np.tenant = '1'; SELECT np.ban(uuid, 'ops', 'test', 'bad') FROM np.checker"
                 f" WHERE id = {checker.number}; COMMIT")
        self.redis("PUBLISH", "np:registry", seal(self.key, "np:registry", num(1, 4)))

    def channel(self, url="http://127.0.0.1/hook"):
        ident = str(uuid.uuid4())
        self.sql("INSERT INTO np.channel (id, org_id, kind, name, config) VALUES"
                 f" ('{ident}', 1, 'webhook', 'hook', '{json.dumps({'url': url})}')")
        self.redis("PUBLISH", "np:registry", seal(self.key, "np:registry", num(1, 5)))
        return ident

    def definition(self, regions, **more):
        names = [self.sql(f"SELECT name FROM np.region WHERE id = {r}") for r in regions]
        return {"name": "site", "kind": "tcp", "target": "127.0.0.1:80", "interval_s": 60, "regions": names,
                **more}

    def monitor(self, regions, quiet=False, provenance="live", **more):
        """A new monitor and, unless quiet, its command. Yields (number, uuid)."""
        ident = str(uuid.uuid4())
        d = json.dumps(self.definition(regions, **more)).replace("'", "''")
        ids = "{" + ",".join(map(str, regions)) + "}"
        number = int(self.sql(
            "INSERT INTO np.monitor (uuid, org_id, name, kind, definition, region_ids, provenance) VALUES"
            f" ('{ident}', 1, 'site', 'tcp', '{d}', '{ids}', '{provenance}') RETURNING id"))
        self.sql("INSERT INTO np.monitor_revision (monitor_id, revision, org_id, definition, region_ids, actor)"
                 f" VALUES ({number}, 1, 1, '{d}', '{ids}', 'ops')")
        if not quiet:
            self.command(number, "define", {"revision": 1})
        return number, ident

    def edit(self, number, regions, deleted=False, **more):
        d = json.dumps(self.definition(regions, **more)).replace("'", "''")
        ids = "{" + ",".join(map(str, regions)) + "}"
        gone = ", deleted_at = now()" if deleted else ""
        revision = int(self.sql(f"UPDATE np.monitor SET revision = revision + 1, definition = '{d}',"
                                f" region_ids = '{ids}'{gone} WHERE id = {number} RETURNING revision"))
        self.sql("INSERT INTO np.monitor_revision (monitor_id, revision, org_id, definition, region_ids, deleted,"
                 f" actor) VALUES ({number}, {revision}, 1, '{d}', '{ids}', {deleted}, 'ops')")
        return revision, self.command(number, "define", {"revision": revision})

    def command(self, monitor, command, body=None):
        ident = str(uuid.uuid4())
        self.sql("INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, command, body) VALUES"
                 f" ('{ident}', {monitor % 16}, 1, {monitor}, 'ops@example.org', '{command}',"
                 f" '{json.dumps(body or {})}')")
        self.redis("PUBLISH", "np:inbox", str(monitor % 16))
        return ident

    def outcome(self, ident):
        return wait("outcome", lambda: self.sql(
            f"SELECT outcome || ':' || reason FROM np.inbox WHERE id = '{ident}' AND outcome IS NOT NULL"))

    # ---- the gateway's part

    def put(self, shard, record):
        key = "np:results:%d" % shard
        return self.redis("XADD", key, "*", "r", seal(self.key, key, record))

    def head(self, checker, membership=0, request=None):
        if request is None:
            self.request += 1
            request = self.request
        return (blob(1, self.gateway) + num(2, self.incarnation) + num(3, request) + num(4, now_us()) +
                num(5, checker.number) + num(6, checker.region) + num(7, membership))

    def hello(self, *checkers, gone=False, oldest_ms=0, shards=range(16)):
        for shard in shards:
            r = self.head(checkers[0])
            for c in checkers:
                r += blob(10, num(1, c.number) + num(2, c.region) + num(3, now_us()) + num(4, oldest_ms) +
                          num(5, int(not gone)) + num(6, int(gone)) + blob(8, "1.0"))
            self.put(shard, r)

    def send_batch(self, checker, shard, data, membership=0):
        """Yields the request number."""
        r = self.head(checker, membership) + blob(8, data)
        self.put(shard, r)
        return self.request

    def send(self, checker, items, shard, end=False, oldest_ms=0, membership=0):
        first = checker.take(shard, len(items))
        return self.send_batch(checker, shard, batch(checker.epoch, shard, first, items, end, oldest_ms), membership)

    def say(self, checker, monitor, *statuses, **more):
        """One batch with results of one monitor, slots a millisecond apart."""
        t = now_us()
        items = [result(monitor, t + i * 1000, s, **more) for i, s in enumerate(statuses)]
        return self.send(checker, items, monitor % 16)

    # ---- what came back

    def messages(self):
        while not self.heard.got.empty():
            self.past.append(self.heard.got.get())
        return self.past

    def acks(self, request=None):
        out = []
        for channel, data, _ in self.messages():
            if channel != "np:ack:" + self.gateway:
                continue
            for a in fields(unseal(self.key, channel, data)).get(1, []):
                a = fields(a)
                one = {k: a.get(i, [0])[0] for i, k in enumerate(
                    ("incarnation", "request", "checker", "epoch", "shard", "n", "kind"), 1)}
                one["seqs"] = [n for p in a.get(8, []) for n in (packed(p) if isinstance(p, bytes) else [p])]
                one["reason"] = a.get(9, [b""])[0].decode()
                one["closed_below"] = a.get(10, [0])[0]
                if request is None or one["request"] == request:
                    out.append(one)
        return out

    def ack(self, request, kind=ACK):
        return wait(f"answer {kind} to {request}",
                    lambda: [a for a in self.acks(request) if a["kind"] == kind])[0]

    def highest_ack(self):
        return max([a["n"] for a in self.acks() if a["kind"] == ACK] or [0])

    def live(self):
        return [(fields(unseal(self.key, c, d)), at) for c, d, at in self.messages() if c == "np:live"]

    def jobs(self):
        return [(c, fields(unseal(self.key, c, d))) for c, d, _ in self.messages() if c.startswith("np:jobs:")]

    def state(self, monitor):
        return self.sql(f"SELECT state FROM np.monitor_state WHERE monitor_id = {monitor}")

    def members(self, region):
        return self.sql(f"SELECT members FROM np.membership WHERE region_id = {region} ORDER BY number DESC LIMIT 1")
