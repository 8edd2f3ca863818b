# SPDX-License-Identifier: Apache-2.0
"""An installation under load: workers made in bulk, what they saw, and what is on disk."""
import collections
import json
import os
import shutil
import struct
import subprocess
import sys
import threading
import time
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "test", "e2e"))
import rig  # noqa: E402  (needs the path above)

FIRST_CHECKER, FIRST_MONITOR = 1001, 100001
ACK = struct.Struct("=QQQIIqq")  # struct record_ack

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


def percentiles(values):
    """p50, p95, p99 and max of µs, in ms."""
    v = sorted(values)
    if not v:
        return {}
    at = {name: v[min(len(v) - 1, int(len(v) * q))] for name, q in (("p50", .5), ("p95", .95), ("p99", .99))}
    return {name: round(x / 1000, 2) for name, x in {**at, "max": v[-1]}.items()}


class Screen(threading.Thread):
    """A subscriber of the event stream: when each result arrived."""
    def __init__(self, up):
        super().__init__(daemon=True)
        request = urllib.request.Request(up.url + "/api/v1/events", headers={"Authorization": f"Bearer {up.token}"})
        self.stream = urllib.request.urlopen(request, timeout=60)
        self.over = False
        self.lines = []  # (when, text): parsed when the load is over

    def run(self):
        try:
            for line in self.stream:
                if self.over:
                    return
                if line.startswith(b"data:"):
                    self.lines.append((time.time_ns() // 1000, line))
        except (OSError, ValueError):
            return

    def latencies(self, from_us):
        found = []
        for at, line in list(self.lines):
            for r in json.loads(line[5:]).get("results", []):
                if r[6] >= from_us and r[5] == 1:  # the workers' results take 1 ms
                    found.append(at - r[6])
        return found


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


def fields(b):
    """(number, value) of an encoded protobuf message."""
    i = 0
    while i < len(b):
        tag, i = varint(b, i)
        if tag & 7 == 0:
            value, i = varint(b, i)
        elif tag & 7 == 2:
            n, i = varint(b, i)
            value, i = b[i:i + n], i + n
        else:
            n = 8 if tag & 7 == 1 else 4
            value, i = b[i:i + n], i + n
        yield tag >> 3, value


def varint(b, i):
    value = shift = 0
    while True:
        value |= (b[i] & 127) << shift
        i, shift = i + 1, shift + 7
        if b[i - 1] < 128:
            return value, i


def folded(row):
    """(checker, epoch, shard, number) of each result in a LogRow, as it was folded."""
    for number, value in fields(row):
        batch = dict(fields(value)).get(2) if number == 2 else None
        if batch is None:
            continue
        b = dict(fields(batch))
        head, items = collections.defaultdict(int), 0
        for k, v in fields(b[4]):
            items += k == 4
            if k in (1, 2, 3):
                head[k] = v
        for seq in range(head[3] + b.get(5, 0), head[3] + items):
            yield b[1], head[1], head[2], seq


class LoadRig:
    def __init__(self, workers, *more):
        self.workers, self.up = workers, rig.Up("--regions", "load", *more)
        self.ids = self.up.dir + ".ids"

    def start(self):
        self.up.start()
        pattern = self.up.monitor(name="load", kind="tcp", target="127.0.0.1:9", regions=["load"], interval_s=300)
        self.must("netpulse-mint", "--ca", os.path.join(self.up.dir, "ca"), "--count", self.workers,
                  "--checker", FIRST_CHECKER, "--monitor", FIRST_MONITOR, "--out", self.ids)
        self.sql(REGISTER.format(rows=os.path.join(self.ids, "rows.csv"), pattern=pattern, first=FIRST_MONITOR))
        rig.wait_for("the workers' monitors", lambda: self.sql(
            "SELECT 1 WHERE NOT EXISTS (SELECT FROM np.inbox WHERE outcome IS NULL AND actor = 'bench')"), 120)

    def must(self, program, *args):
        return subprocess.run([os.path.join(rig.BUILD, "bench", program), *map(str, args)], check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def sql(self, text):
        with open(os.path.join(self.up.dir, "secret", "admin.db"), encoding="utf-8") as f:
            env = {**os.environ, "PGPASSWORD": f.read().strip()}
        return subprocess.run(["psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h",
                               os.path.join(self.up.dir, "run"), "-U", "np_admin", "netpulse"],
                              input=text, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def run(self, profile, **options):
        screen, disk = Screen(self.up), Disk(self.up.dir)
        acks_file = os.path.join(self.ids, "acks")
        args = ["--ids", self.ids, "--root", os.path.join(self.up.dir, "tls", "edge-root.pem"),
                "--gateway", self.up.addresses["gateway"], "--workers", self.workers, "--profile", profile,
                "--acks", acks_file]
        for name, value in options.items():
            args += ["--" + name.replace("_", "-"), value]
        screen.start()
        disk.start()
        said = json.loads(self.must("netpulse-load", *args).splitlines()[-1])
        load = os.getloadavg()
        time.sleep(1)
        disk.stop.set()
        disk.join()
        with open(acks_file, "rb") as f:
            acks = list(ACK.iter_unpack(f.read()))
        seen = screen.latencies(said["from_us"])
        screen.over = True  # it ends with the next event
        return {**said, "acked": sum(a[4] for a in acks), "seen": len(seen), "screen_ms": percentiles(seen),
                "disk_ms": percentiles([a[6] - a[5] for a in acks]), "fdatasync_ms": percentiles(disk.took),
                "load_average": [round(x, 2) for x in load], **self.compare(acks)}

    def compare(self, acks):
        """Every number acknowledged against the numbers in the log."""
        there = collections.Counter()
        for line in self.sql("SELECT encode(inputs, 'hex') FROM np.log").splitlines():
            there.update(folded(bytes.fromhex(line)))
        mine = [(a[0], a[1], a[3], a[2] + i) for a in acks for i in range(a[4])]
        return {"committed": sum(there[k] > 0 for k in mine), "lost": sum(there[k] == 0 for k in mine),
                "twice": sum(n - 1 for k, n in there.items() if k[0] >= FIRST_CHECKER),
                "refused_rows": int(self.sql(f"SELECT count(*) FROM np.rejected WHERE checker_id >= {FIRST_CHECKER}"))}

    def stop(self):
        self.up.stop()
        self.up.clean()
        shutil.rmtree(self.ids, ignore_errors=True)
