# SPDX-License-Identifier: Apache-2.0
"""An installation under load: workers made in bulk, what they saw, and what is on disk."""
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OUT = os.path.join(ROOT, "bench", "out")
sys.path.insert(0, os.path.join(ROOT, "test", "e2e"))
import rig  # noqa: E402  (needs the path above)
from measure import Sampler, descriptors, memory_mb  # noqa: E402

FIRST_CHECKER, FIRST_MONITOR = 1001, 100001
QUICK_US = 1000  # what a result of a worker that is not slow says that it took
ACK = struct.Struct("=QQQIIqq")  # struct record_ack
SEEN = struct.Struct("=qqqqq")  # struct record_seen

REGISTER = """
BEGIN;
CREATE TEMP TABLE w (checker bigint, uuid uuid, serial text, not_after bigint, key text, monitor bigint) ON COMMIT DROP;
\\copy w FROM '{rows}' WITH (FORMAT csv)
INSERT INTO np.checker (id, uuid, org_id, region_id, serial, not_after, key_sha256) OVERRIDING SYSTEM VALUE
  SELECT w.checker, w.uuid, r.org_id, r.id, w.serial, to_timestamp(w.not_after / 1e6), decode(w.key, 'hex')
    FROM w, np.region r WHERE r.name = 'load';
INSERT INTO np.monitor (id, uuid, org_id, name, kind, definition, region_ids, provenance, pinned)
  OVERRIDING SYSTEM VALUE
  SELECT w.monitor, u.uuid, m.org_id, 'load ' || w.monitor, m.kind,
         m.definition || jsonb_build_object('id', u.uuid, 'name', 'load ' || w.monitor), m.region_ids, 'load', w.checker
    FROM w CROSS JOIN LATERAL (SELECT gen_random_uuid() AS uuid, w.monitor AS of) u, np.monitor m
   WHERE m.uuid = '{pattern}';
INSERT INTO np.monitor_revision (monitor_id, revision, org_id, definition, region_ids, actor)
  SELECT id, revision, org_id, definition, region_ids, 'bench' FROM np.monitor WHERE id >= {first};
INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, origin, command, body)
  SELECT gen_random_uuid(), shard, org_id, id, 'bench', 'cli', 'define', '{{"revision": 1}}'
    FROM np.monitor WHERE id >= {first};
COMMIT;
"""


def program(name):
    return os.path.join(rig.BUILD, "bench", name)


def percentiles(values):
    """p50, p95, p99 and max of µs, in ms."""
    v = sorted(values)
    if not v:
        return {}
    at = {name: v[min(len(v) - 1, int(len(v) * q))] for name, q in (("p50", .5), ("p95", .95), ("p99", .99))}
    return {name: round(x / 1000, 2) for name, x in {**at, "max": v[-1]}.items()}


class Screen:
    """A subscriber of the event stream in a process of its own: when each result arrived."""
    def __init__(self, up, path):
        self.path = path
        self.process = subprocess.Popen(
            [program("netpulse-watch"), "--http", up.addresses["http"], "--out", path,
             "--token-file", os.path.join(up.dir, "admin.token")], stdout=subprocess.PIPE, text=True)
        if self.process.stdout.readline().strip() != "ready":
            raise AssertionError("the event stream did not open")

    def results(self, from_us):
        """Rows (end, seen, received, folded, duration) of the quick workers: the slow ones'
        results take 2 ms."""
        self.process.terminate()
        said = json.loads(self.process.stdout.read())
        self.process.wait()
        if said["odd"]:
            raise AssertionError(f"events that could not be read: {said}")
        with open(self.path, "rb") as f:
            return [r for r in SEEN.iter_unpack(f.read()) if r[0] >= from_us and r[4] == QUICK_US]


class Disk(threading.Thread):
    """What an fdatasync of 8 KB takes beside the load, twenty times a second."""
    def __init__(self, folder):
        super().__init__(daemon=True)
        self.path, self.stop, self.took = os.path.join(folder, "bench-sync"), threading.Event(), []

    def run(self):
        with open(self.path, "wb", buffering=0) as f:
            while not self.stop.wait(0.05):
                f.write(b"x" * 8192)
                begun = time.perf_counter_ns()
                os.fdatasync(f.fileno())
                self.took.append((time.perf_counter_ns() - begun) // 1000)


class LoadRig:
    def __init__(self, workers, *more):
        self.workers, self.up = workers, rig.Up("--regions", "load", *more)
        self.ids, self.before_mb = self.up.dir + ".ids", None

    def start(self):
        # Ended from outside: the installation ends too.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        self.up.start()
        pattern = self.up.monitor(name="load", kind="tcp", target="127.0.0.1:9", regions=["load"], interval_s=300)
        self.must("netpulse-mint", "--ca", os.path.join(self.up.dir, "ca"), "--count", self.workers,
                  "--checker", FIRST_CHECKER, "--monitor", FIRST_MONITOR, "--out", self.ids)
        self.sql(REGISTER.format(rows=os.path.join(self.ids, "rows.csv"), pattern=pattern, first=FIRST_MONITOR))
        rig.wait_for("the workers' monitors", lambda: self.sql(
            "SELECT 1 WHERE NOT EXISTS (SELECT FROM np.inbox WHERE outcome IS NULL AND actor = 'bench')"), 120)

    def must(self, name, *args):
        return subprocess.run([program(name), *map(str, args)], check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def psql(self):
        """Command and environment of the owner's direct connection."""
        with open(os.path.join(self.up.dir, "secret", "admin.db"), encoding="utf-8") as f:
            env = {**os.environ, "PGPASSWORD": f.read().strip()}
        return ["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", os.path.join(self.up.dir, "run"),
                "-U", "np_admin", "netpulse"], env

    def sql(self, text):
        command, env = self.psql()
        return subprocess.run(command, input=text, env=env, check=True, stdout=subprocess.PIPE,
                              text=True).stdout.strip()

    def load(self, profile, options, idle):
        """Runs netpulse-load; `idle` is called when all are connected and none has said anything."""
        args = ["--ids", self.ids, "--root", os.path.join(self.up.dir, "tls", "edge-root.pem"), "--wait",
                "--gateway", self.up.addresses["gateway"], "--profile", profile,
                "--acks", os.path.join(self.ids, "acks")]
        for name, value in {"workers": self.workers, **options}.items():
            args += ["--" + name.replace("_", "-")] + ([] if value is True else [str(value)])
        process = subprocess.Popen([program("netpulse-load"), *args], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        try:
            if not process.stdout.readline().startswith("ready"):
                raise AssertionError("not every worker came up")
            idle()
            process.stdin.write("go\n")
            process.stdin.flush()
            return json.loads(process.stdout.read().splitlines()[-1])
        finally:
            process.stdin.close()
            if process.wait(60) != 0:
                raise AssertionError("netpulse-load failed")

    def run(self, profile, **options):
        screen, disk = Screen(self.up, os.path.join(self.ids, "seen")), Disk(self.up.dir)
        gateway = self.up.pid("gateway")
        idle_mb, sampler = [0.0], []
        if self.before_mb is None:  # what was once in use is not given back
            self.before_mb = memory_mb(gateway, False)
        idle_fds = descriptors(gateway)

        def idle():
            # A result counts only from a member, and who posts is not told when it is one.
            rig.wait_for("all to be members", lambda: self.sql(
                "SELECT 1 FROM np.membership m JOIN np.region r ON r.id = m.region_id AND r.name = 'load'"
                f" WHERE cardinality(m.members) >= {options.get('workers', self.workers)}"), 60)
            time.sleep(2)
            idle_mb[0] = memory_mb(gateway, False)
            disk.start()
            sampler.append(Sampler(self.up, *self.psql(), idle_fds))
            sampler[0].start()
        said = self.load(profile, options, idle)
        load = os.getloadavg()
        used = sampler[0].end()
        time.sleep(1)
        disk.stop.set()
        disk.join()
        with open(os.path.join(self.ids, "acks"), "rb") as f:
            acks = list(ACK.iter_unpack(f.read()))
        seen = screen.results(said["from_us"])
        took_s = (max([a[6] for a in acks], default=said["to_us"]) - said["from_us"]) / 1e6
        # Who reads a byte at a time learns late of what was on the disk long ago.
        quick = [a for a in acks if profile != "slow" or (a[0] - FIRST_CHECKER) % 10]
        return {**said, "acked": said["accepted"], "seen": len(seen),
                "screen_ms": percentiles([r[1] - r[0] for r in seen]),
                "stages_ms": {"gateway": percentiles([r[2] - r[0] for r in seen]),
                              "fold": percentiles([r[3] - r[2] for r in seen]),
                              "push": percentiles([r[1] - r[3] for r in seen])},
                "disk_ms": percentiles([a[6] - a[5] for a in quick]),
                "fdatasync_ms": percentiles(disk.took),
                "rate_per_s": round(said["accepted"] / took_s) if took_s > 0 else 0,
                "pg_connections_max": used.most.get("postgres", 0), "connections_max": used.most,
                "rss_mb": {n: round(v, 1) for n, v in used.rss.items() if v}, "cpu": used.share,
                "idle_kb_per_worker": round((idle_mb[0] - self.before_mb) * 1024 / max(said["workers"], 1), 1),
                "load_average": [round(x, 2) for x in load], **self.prove()}

    def prove(self):
        """Every number acknowledged against the numbers in the log."""
        said = json.loads(self.must("netpulse-prove", "--db", os.path.join(self.up.dir, "run"), "--password-file",
                                    os.path.join(self.up.dir, "secret", "admin.db"),
                                    "--acks", os.path.join(self.ids, "acks")))
        refused = self.sql(f"SELECT count(*) FROM np.rejected WHERE checker_id >= {FIRST_CHECKER}")
        return {**said, "refused_rows": int(refused)}

    def probe(self, what, *more):
        """What the machine can do at best: "echo" or "commit"."""
        return json.loads(self.must("netpulse-probe", what, "--data", self.up.dir, "--ids", self.ids, *more))

    def stop(self):
        self.up.stop()
        self.up.clean()
        shutil.rmtree(self.ids, ignore_errors=True)
