# SPDX-License-Identifier: Apache-2.0
"""The installation that is hurt: `netpulse up`, a second engine and gateway, a checker with a clock of
its own, load through a relay, monitors with targets that go down and up, and a webhook that listens."""
import collections
import http.client
import json
import os
import pwd
import shutil
import signal
import socket
import socketserver
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
for place in ("bench", "test/e2e"):
    sys.path.insert(0, os.path.join(ROOT, place))
import rig  # noqa: E402
from loadrig import ACK, FIRST_CHECKER, REGISTER, LoadRig, program  # noqa: E402
from measure import each, memory_mb, roles_of  # noqa: E402
from sinks import Webhook  # noqa: E402
from history import History  # noqa: E402
from poison import Poison  # noqa: E402
from relay import Relay  # noqa: E402

DISK_MB, SPOOL_MB = 1500, 12
SERVERS = {"postgres": "/bin/postgres", "pgbouncer": "/pgbouncer", "redis": "redis-server"}
DAY_S, DRAIN_S = 86400, 5  # a banned worker waits for its answers in vain
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
# One that failed comes again seconds later: it is not due just now, and not delivered.
UNSENT = "SELECT count(*) FROM np.notice WHERE state IN ('pending', 'uncertain')"
DUE = UNSENT + " AND next_at < now()"
Ack = collections.namedtuple("Ack", "checker epoch first shard count end_us ack_us")


def has_ended(pid):
    """Also when its parent stands still and has not noticed."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
            return f.read().rsplit(")", 1)[1].split()[0] == "Z"
    except OSError:
        return True


class Target:
    """A TCP service that can be away."""

    def __init__(self):
        self.port = rig.free_ports(1)[0]
        self.server = None
        self.up()

    def up(self):
        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 100
        self.server = Server(("127.0.0.1", self.port), socketserver.BaseRequestHandler)
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def down(self):
        self.server.shutdown()
        self.server.server_close()


class Extra:
    """A role beside those of `up`, started again when it dies."""

    def __init__(self, world, name, args, env=None):
        self.world, self.name, self.args, self.env = world, name, args, env
        self.process, self.over = None, False
        threading.Thread(target=self.keep, daemon=True).start()

    def keep(self):
        while not self.over:
            with open(self.world.path(f"log/{self.name}.log"), "ab") as log:
                self.process = self.world.spawn(self.args, stdout=log, stderr=log, env=self.env)
            self.process.wait()
            time.sleep(0.2)

    def end(self):
        self.over = True
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()


class Stream(threading.Thread):
    """A browser: when the event stream said that the database is away, and when that was over."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.connected, self.said, self.sock = world, False, [], None
        self.start()

    def again(self):
        """Connected to a server that is not about to end: the one before may be, and nobody sees it yet."""
        if self.sock:
            try:
                self.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        rig.wait_for("the end of a stream", lambda: not self.connected, 60, 0.01)
        rig.wait_for("the event stream", lambda: self.connected, 120)

    def run(self):
        host, port = self.world.up.addresses["http"].split(":")
        while True:
            try:
                c = http.client.HTTPConnection(host, int(port), timeout=30)
                c.connect()
                self.sock = c.sock
                c.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {self.world.up.token}"})
                answer = c.getresponse()
                self.connected = answer.status == 200
                while self.connected and (line := answer.readline()):
                    if b'"behind":' in line:
                        self.said.append((time.time(), b'"behind":true' in line))
            except (OSError, http.client.HTTPException):
                pass
            self.connected = False
            time.sleep(0.2)


class Sampler(threading.Thread):
    """Twice a second: the most memory of each process, of each spool, the most connections."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.rss, self.spool, self.connections = world, {}, {}, 0
        self.psql, self.over = None, False
        self.start()

    def most(self, table, name, value):
        table[name] = max(table.get(name, 0.0), value)

    def ask(self):
        if self.psql is None or self.psql.poll() is not None:
            command, env = self.world.psql()
            self.psql = subprocess.Popen(command, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                         stderr=subprocess.DEVNULL, text=True, bufsize=1)
        self.psql.stdin.write("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                              " AND usename <> 'np_admin';\n")
        self.connections = max(self.connections, int(self.psql.stdout.readline() or 0))

    def run(self):
        w = self.world
        while not self.over:
            for name, pids in {**roles_of(w.up.dir), **{n: [x.process.pid] for n, x in w.extra.items()
                                                        if x.process}}.items():
                if name != "postgres":
                    self.most(self.rss, name, each(pids[:1], lambda p: memory_mb(p, False)))
            for name, folder in w.spools().items():
                try:
                    size = sum(e.stat().st_size for e in os.scandir(folder) if e.is_file())
                    self.most(self.spool, name, size / 1e6)
                except OSError:
                    pass
            try:
                self.ask()
            except (OSError, ValueError):
                self.psql = None
            time.sleep(0.5)


class World(LoadRig):
    def __init__(self, seed, workers):
        self.seed, self.workers, self.root = seed, workers, os.geteuid() == 0
        self.base = tempfile.mkdtemp(prefix="np-chaos-")
        os.chmod(self.base, 0o755)
        self.mounts, self.extra, self.acks, self.complaints, self.notes = [], {}, [], [], []
        self.disk = self.root and self.mount(self.base, DISK_MB, 0o755)
        self.up = rig.Up("--regions", "load,eu-west", dir_=os.path.join(self.base, "d"))
        self.ids = os.path.join(self.base, "ids")
        self.user = pwd.getpwnam(rig.service_user()) if self.root else None
        self.hook, self.banned, self.truth, self.drains = Webhook(), [], {}, []
        self.sampler = None
        self.began = time.monotonic()

    # ---- people's side

    def say(self, text):
        print(f"{time.monotonic() - self.began:7.1f} s  {text}", flush=True)

    def note(self, text):
        self.notes.append(text)

    def path(self, name):
        return os.path.join(self.up.dir, name)

    def mount(self, folder, mb, mode):
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={mb}m,mode={mode:o}", "np-chaos", folder],
                              capture_output=True, check=False)
        if done.returncode == 0:
            self.mounts.append(folder)
        return done.returncode == 0

    def spawn(self, args, **more):
        if self.user:
            more.update(user=self.user.pw_uid, group=self.user.pw_gid, extra_groups=[])
        return subprocess.Popen([os.path.join(self.base, "netpulse"), *args], cwd=self.up.dir,
                                stdin=subprocess.DEVNULL, **more)

    def netpulse(self, *args):
        """The program on a command line, as the service user; at most two minutes."""
        p = self.spawn(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        out, err = p.communicate(timeout=120)
        return subprocess.CompletedProcess(args, p.returncode, out, err)

    def own(self, path):
        if self.user:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    # ---- start

    def start(self):
        shutil.copy(rig.NETPULSE, os.path.join(self.base, "netpulse"))  # a checkout may lie under /root
        super().start()
        self.load_checkers = set(range(FIRST_CHECKER, FIRST_CHECKER + self.workers))
        self.sql("ALTER SYSTEM SET track_commit_timestamp = on")
        self.kill("postgres", signal.SIGINT)
        rig.wait_for("commit times", lambda: self.try_sql("SHOW track_commit_timestamp") == "on", 60)
        self.up.must("GET", "regions")
        self.second_roles()
        self.relay_port = rig.free_ports(1)[0]
        self.relay = Relay(self.relay_port, [int(self.up.addresses["gateway"].split(":")[1]), self.gateway2], self.seed)
        self.skewed_checker()
        self.poison = Poison(self)
        self.hear()
        self.watch()
        self.stream, self.sampler = Stream(self), Sampler(self)

    def second_roles(self):
        """Another engine and another gateway, on the same servers."""
        self.gateway2 = rig.free_ports(1)[0]
        for role in ("engine", "gateway"):
            with open(self.path(f"etc/{role}.yaml"), encoding="utf-8") as f:
                text = f.read()
            text = text.replace(f"name: {role}-1", f"name: {role}-2").replace(f"run/{role}.sock", f"run/{role}-2.sock")
            text = text.replace(self.up.addresses["gateway"], f"127.0.0.1:{self.gateway2}")
            conf = self.path(f"etc/{role}-2.yaml")
            with open(conf, "w", encoding="utf-8") as f:
                f.write(text)
            self.own(conf)
            self.extra[role + "-2"] = Extra(self, role + "-2", [role, "--config", conf])

    def skewed_checker(self):
        """In a region and, as root, on a small disk of its own; its clock is read from a file."""
        folder, token, self.clock = self.path("skew"), self.path("skew.token"), self.path("clock")
        os.mkdir(folder, 0o700)
        if self.disk:
            self.mount(folder, SPOOL_MB, 0o700)
        self.own(folder)
        made = self.up.cli("token", "create", "--region", "skew", "--make-region", "--out", token)
        assert made.returncode == 0, made.stderr
        self.own(token)
        rig.wait_for("the third checker to enrol", lambda: self.netpulse(
            "join", "--token", "@" + token, "--dir", folder).returncode == 0)
        with open(folder + "/identity.json", encoding="utf-8") as f:
            identity = json.load(f)
        identity["gateways"] = [f"127.0.0.1:{self.relay_port}"]
        for name, text in ((folder + "/identity.json", json.dumps(identity)), (self.clock, "+0"),
                           (self.path("etc/checker-skew.yaml"), f"name: skew\ndir: {folder}\nspool.max_bytes: 8388608\n"
                            f"admin.listen: unix:{self.path('run/checker-skew.sock')}\n")):
            with open(name, "w", encoding="utf-8") as f:
                f.write(text)
            self.own(name)
        env = {**os.environ, "LD_PRELOAD": FAKETIME, "FAKETIME_TIMESTAMP_FILE": self.clock, "FAKETIME_CACHE_DURATION": "1",
               "DONT_FAKE_MONOTONIC": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
        self.extra["checker-skew"] = Extra(self, "checker-skew", ["checker", "--config",
                                                                  self.path("etc/checker-skew.yaml")], env)

    def register(self, rows, first):
        """Identities of netpulse-mint into the registry, each with a monitor pinned to it."""
        pattern = self.sql("SELECT uuid FROM np.monitor WHERE name = 'load'")
        self.sql(REGISTER.format(rows=rows, pattern=pattern, first=first))

    def hear(self):
        made = self.up.must("POST", "channels", {"kind": "webhook", "name": "hook", "config": {"url": self.hook.url}})
        self.hook.secret = made["config"]["secret"]

    def watch(self):
        self.targets = [Target(), Target()]
        quick = {"kind": "tcp", "retries": 1}
        both = ["eu-west", "skew"]
        stays, goes = (f"127.0.0.1:{t.port}" for t in self.targets)
        self.steady = [self.up.monitor(name=f"steady {i}", target=stays, regions=r, **quick)
                       for i, r in enumerate((["eu-west"], ["skew"], both))]
        self.flapping = [self.up.monitor(name=f"flapping {i}", target=goes, regions=r, **quick)
                         for i, r in enumerate((["eu-west"], both))]
        self.truth = {m: [] for m in self.flapping}
        for m in self.steady + self.flapping:
            self.up.wait_state(m, "up", 60)

    def flap(self, on):
        for spans in self.truth.values():
            if on:
                spans[-1] = (spans[-1][0], time.time())
            else:
                spans.append((time.time(), None))
        if on:
            self.targets[1].up()
        else:
            self.targets[1].down()

    # ---- processes

    def pid(self, name):
        """Of a child of `up`, by its command: a pid file that a full disk kept from being written names the one before."""
        if name in self.extra:
            return self.extra[name].process.pid
        word = SERVERS.get(name, f"etc/{name}.yaml")
        up = self.up.process.pid
        with open(f"/proc/{up}/task/{up}/children", encoding="ascii") as f:
            for pid in map(int, f.read().split()):
                try:
                    with open(f"/proc/{pid}/cmdline", encoding="utf-8", errors="replace") as line:
                        if word in line.read():
                            return pid
                except OSError:
                    continue  # it ended meanwhile
        raise ProcessLookupError(f"no {name} just now")

    def pids(self, name):
        """With PostgreSQL's children, which a signal to their parent does not reach."""
        pid = self.pid(name)
        more = []
        if name == "postgres":
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                more = [int(x) for x in f.read().split()]
        return [pid, *more]

    def kill(self, name, sig=signal.SIGKILL):
        try:
            for pid in self.pids(name) if sig != signal.SIGINT else [self.pid(name)]:
                os.kill(pid, sig)
        except (OSError, ValueError):
            pass  # it just died of something else

    def names(self):
        return ["checker-eu-west", "checker-skew", "gateway", "gateway-2", "engine", "engine-2", "historian", "alerter",
                "web", "ca", "pgbouncer", "postgres", "redis"]

    def spools(self):
        return {"checker-eu-west": self.path("checker/eu-west/spool"), "checker-load": self.path("checker/load/spool"),
                "checker-skew": self.path("skew/spool")}

    def get(self, name, path):
        """(status, text) of a role's own endpoint; 0 when it is away."""
        c = http.client.HTTPConnection("localhost", timeout=2)
        c.sock = socket.socket(socket.AF_UNIX)
        c.sock.settimeout(2)
        try:
            c.sock.connect(self.path(f"run/{name}.sock"))
            c.request("GET", path)
            r = c.getresponse()
            return r.status, r.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            c.close()

    def metric(self, name, metric):
        for line in self.get(name, "/metrics")[1].splitlines():
            if line.startswith(metric + "{") or line.startswith(metric + " "):
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def ready(self, seconds=180):
        """Every role does its work again."""
        for name in self.names():
            if name not in ("postgres", "pgbouncer", "redis"):
                rig.wait_for(f"{name} to be ready", lambda name=name: self.get(name, "/ready")[0] == 200, seconds)

    def try_sql(self, text):
        try:
            command, env = self.psql()
            return subprocess.run(command, input=text, env=env, check=True, capture_output=True, text=True,
                                  timeout=10).stdout.strip()
        except (OSError, subprocess.SubprocessError):
            return None

    # ---- load

    def load_start(self, rate, per_batch):
        """Until load_end, however long the faults take on this machine."""
        self.ack_file = os.path.join(self.base, f"acks-{time.monotonic_ns()}")
        args = ["--ids", self.ids, "--root", self.path("tls/edge-root.pem"), "--wait", "--gateway",
                f"127.0.0.1:{self.relay_port}", "--profile", "steady", "--acks", self.ack_file, "--workers", self.workers,
                "--rate", rate, "--per-batch", per_batch, "--seconds", DAY_S, "--drain", DRAIN_S]
        self.loader = subprocess.Popen([program("netpulse-load"), *map(str, args)], stdin=subprocess.PIPE,
                                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self.loader.stdout.readline().startswith("ready"), "not every worker came up"
        self.loader.stdin.write("go\n")
        self.loader.stdin.flush()

    def load_end(self):
        self.loader.stdin.write("end\n")
        self.loader.stdin.flush()
        out = self.loader.stdout.read().splitlines()
        self.loader.stdin.close()
        assert self.loader.wait(120) == 0 and out, "netpulse-load failed"
        with open(self.ack_file, "rb") as f:
            rows = [Ack(c, e, first, shard, n, end, ack) for c, e, first, shard, n, end, ack in ACK.iter_unpack(f.read())]
        os.unlink(self.ack_file)
        self.acks += rows
        return json.loads(out[-1])

    # ---- the end

    def backlog(self, notices):
        """What is not yet where it belongs, in words; empty when there is nothing."""
        row = self.try_sql(
            "SELECT (SELECT count(*) FROM np.inbox WHERE outcome IS NULL),"
            " (SELECT coalesce(max(oldest_ms), 0) FROM np.checker_seen WHERE connected AND region_id IN"
            " (SELECT id FROM np.region WHERE name <> 'load')),"
            " (SELECT count(*) FROM np.shard s JOIN np.historian_cursor h ON h.shard = s.id WHERE h.pos < s.pos"
            "  AND EXISTS (SELECT FROM np.log l WHERE l.shard = s.id AND l.pos > h.pos AND l.at < now() - interval '180 s')),"
            f" ({notices})")
        if row is None:
            return "no database"
        names = ("commands", "ms old in a spool", "shards behind in the historian", "notices")
        return ", ".join(f"{n} {name}" for n, name in zip(row.split("|"), names) if n != "0")

    def drain(self, seconds=180, notices=DUE):
        """Seconds until nothing is left, and what was there last."""
        began, last = time.monotonic(), [""]

        def empty():
            left = self.backlog(notices)
            last[0] = left or last[0]
            return left == ""
        rig.wait_for("all to drain", empty, seconds, 0.2)
        return time.monotonic() - began, last[0]

    def end(self, *names):
        """They finish what they are at, and say when that is done. Frozen, one may have a commit under way that
        lands after a look, or hold a transaction open for ever."""
        pids = {name: self.pid(name) for name in names}
        for name, pid in pids.items():
            if name in self.extra:
                self.extra[name].over = True
            os.kill(pid, signal.SIGTERM)
        for name, pid in pids.items():
            rig.wait_for(f"the end of {name}", lambda pid=pid: has_ended(pid), 120)

    def freeze(self):
        """Nothing is written any more: what is read next belongs together."""
        self.up.process.send_signal(signal.SIGSTOP)
        for name in ("checker-eu-west", "checker-skew", "checker-load"):
            self.kill(name, signal.SIGSTOP)
        self.end("engine", "engine-2")
        rig.wait_for("the last notices", lambda: self.sql(UNSENT) == "0", 180)
        self.end("historian", "alerter")

    def live_monitors(self):
        return self.steady + self.flapping

    def read(self):
        self.freeze()
        self.history = History(self)

    def stop(self):
        if self.sampler:
            self.sampler.over = True
            self.sampler.join(10)
        for name in self.names() + ["checker-load"]:
            self.kill(name, signal.SIGCONT)
        self.up.process.send_signal(signal.SIGCONT)
        for x in self.extra.values():
            x.end()
        try:
            self.up.stop()
        finally:
            self.up.clean()
            for folder in reversed(self.mounts):
                subprocess.run(["umount", "-l", folder], check=False)
            shutil.rmtree(self.base, ignore_errors=True)
