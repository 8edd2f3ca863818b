# SPDX-License-Identifier: Apache-2.0
"""Delivery proven: alerters are killed (-9) at every step of an attempt, against destinations that count, that
time out after accepting, that answer 500 thirty times, that hang, that are dead.

Each run is an organisation of its own with one incident and one channel of each sort; three alerters work at
the same time and whichever has a run's notice at its chosen step is killed there and started again. In the
end: exactly one intent per transition and channel, every one delivered, repeats only with the same key and the
same bytes, order kept; and a dead or hanging destination has delayed nobody else.

usage: kill_test.py TEST-ALERTER [--runs N] [--seed S]
"""
import argparse
import os
import random
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from rig import Incident, Rig, wait_for
from sinks import Sink, answer

STORY = ["opened", "reminder", "acknowledged", "stale", "resolved"]
# Where in an attempt its alerter dies: the claim is committed and nothing sent; the request is sent and not yet
# answered; the answer is given and not yet written down; it is written down.
STEPS = ["claimed", "sent", "answered", "marked"]
ALERTERS = 3


def sockets_of(pid):
    """Inodes; a descriptor may close while we look."""
    found = set()
    try:
        for n in os.listdir(f"/proc/{pid}/fd"):
            try:
                found.add(os.readlink(f"/proc/{pid}/fd/{n}").removeprefix("socket:[").removesuffix("]"))
            except OSError:
                continue
    except OSError:
        pass
    return found


class Fleet:
    """Alerters of names of their own; killed by the address that a request came from."""

    def __init__(self, rig):
        self.rig, self.lock, self.kills = rig, threading.Lock(), {s: 0 for s in STEPS}
        self.processes = {f"alerter-{i}": rig.start(f"alerter-{i}") for i in range(ALERTERS)}

    def owner_of(self, port):
        """Which process has the socket that is bound to this port on its side?"""
        inode = None
        with open("/proc/net/tcp", encoding="ascii") as f:
            for line in f.readlines()[1:]:
                parts = line.split()
                if parts[1].endswith(f":{port:04X}") and parts[9] != "0":
                    inode = parts[9]
        for name, p in list(self.processes.items()):
            if inode and inode in sockets_of(p.pid):
                return name, p
        return None

    def kill(self, owner, step):
        """Nobody has that socket any more, or its process is gone: another run's death was this one's too."""
        with self.lock:
            if not owner or self.processes[owner[0]] is not owner[1]:
                return
            name, p = owner
            os.kill(p.pid, signal.SIGKILL)
            p.wait()
            self.kills[step] += 1
            self.processes[name] = self.rig.start(name)

    def close(self):
        for p in self.processes.values():
            p.kill()
            p.wait()


class Run:
    """One organisation: its incident, its channels, and the step at which its alerter dies."""

    def __init__(self, number, seed, fleet):
        self.random = random.Random(f"{seed}/{number}")
        self.number, self.fleet, self.rig = number, fleet, fleet.rig
        self.org = self.rig.new_org()
        self.step, self.at = STEPS[number % len(STEPS)], self.random.choice(STORY)
        self.died = threading.Event()
        self.incident = Incident(self.org, f"run {number}")
        self.sinks = {"counts": Sink(self.counting)}
        sort = ["late", "broken", "hangs", "dead"][number // len(STEPS) % 4]
        more = {"late": lambda: Sink(self.late), "broken": lambda: Sink(self.broken), "hangs": lambda: Sink(self.hang),
                "dead": None}[sort]
        self.sort = sort
        if more:
            self.sinks[sort] = more()
        self.channels = {n: self.rig.hook(s, org=self.org) for n, s in self.sinks.items()}
        if sort == "dead":
            self.channels["dead"] = self.rig.channel("webhook", {"url": "http://127.0.0.1:9/"}, org=self.org)

    # --- destinations ---------------------------------------------------------------
    def die(self, conn):
        if self.died.is_set():
            return
        self.fleet.kill(self.fleet.owner_of(conn.getpeername()[1]), self.step)
        self.died.set()

    def counting(self, sink, r):
        kind = r.json()["kind"]
        if kind != self.at or self.died.is_set():
            return answer(200)
        if self.step == "answered":
            return self.answered(r)
        if self.step == "sent":
            self.die(r.conn)
            return None
        if self.step == "marked":
            owner = self.fleet.owner_of(r.conn.getpeername()[1])
            threading.Thread(target=self.marked, args=(r.key, owner), daemon=True).start()
            return answer(200)
        return answer(200)

    def answered(self, r):
        """The row is locked, so that the answer cannot be written down before the death."""
        done = threading.Event()

        def hold():
            self.rig.sql(f"SELECT 1 FROM np.notice WHERE key = '{r.key}' FOR UPDATE; SELECT pg_sleep(0.4)")
            done.set()
        threading.Thread(target=hold, daemon=True).start()
        time.sleep(0.1)
        owner = self.fleet.owner_of(r.conn.getpeername()[1])
        r.conn.sendall(answer(200))
        time.sleep(0.05)  # it reads the answer; the row is held for longer
        self.fleet.kill(owner, self.step)
        self.died.set()
        done.wait()

    def marked(self, key, owner):
        wait_for("the mark", lambda: self.rig.sql(f"SELECT state = 'sent' FROM np.notice WHERE key = '{key}'") == "t")
        self.fleet.kill(owner, self.step)
        self.died.set()

    def late(self, sink, r):
        """Takes the first attempt of each, and its answer comes too late."""
        if [x.key for x in list(sink.got)].count(r.key) == 1:
            return self.until_it_leaves(r)
        return answer(200)

    @staticmethod
    def until_it_leaves(r):
        r.conn.settimeout(60)
        r.conn.recv(1)

    def broken(self, sink, r):
        return answer(500 if len(sink.got) <= 30 else 200)

    def hang(self, sink, r):
        return self.until_it_leaves(r) if len(sink.got) <= 2 else answer(200)

    # --- the story -------------------------------------------------------------------
    def tell(self, kind):
        before = self.incident.open() if kind == "opened" else ""
        after = self.incident.close() if kind == "resolved" else ""
        self.rig.sql(before + self.incident.tell(kind, *self.channels.values()) + after)
        self.rig.nudge()

    def go(self):
        for kind in STORY:
            if self.step == "claimed" and kind == self.at:
                self.die_between()
            self.tell(kind)
            # The next transition comes when this one is told: what is not told yet may be said in fewer words.
            n = STORY.index(kind) + 1
            wait_for(f"{kind} of run {self.number}", lambda n=n: len(self.sinks["counts"].keys()) >= n, 120)

    def die_between(self):
        """The listener takes connections and nobody reads: the alerter is killed before its request was taken."""
        sink = self.sinks["counts"]

        def gate(_):
            if self.died.is_set():
                return True
            return self.at_gate()
        sink.on_accept = gate

    def at_gate(self):
        with open("/proc/net/tcp", encoding="ascii") as f:
            mine = [p.split() for p in f.readlines()[1:]]
        port = self.sinks["counts"].port
        peers = [int(p[1].split(":")[1], 16) for p in mine if int(p[2].split(":")[1], 16) == port and p[3] == "01"]
        owners = [o for o in map(self.fleet.owner_of, peers) if o]
        self.fleet.kill(owners[0] if owners else None, self.step)
        self.died.set()
        return False

    # --- what must be true ----------------------------------------------------------------
    def check(self):
        rows = self.rig.rows(f"SELECT channel_id, kind, event, state, key, attempts FROM np.notice WHERE org_id = {self.org} ORDER BY id")
        for name, channel in self.channels.items():
            mine = [r for r in rows if r["channel_id"] == channel]
            assert [r["kind"] for r in mine] == STORY, f"{name}: intents {mine}"
            if name == "dead":
                continue
            sink = self.sinks[name]
            told = [r for r in mine if r["state"] != "superseded"]
            assert all(r["state"] == "sent" for r in told), f"{name}: {mine}"
            assert name != "counts" or len(told) == len(STORY), f"{name}: {mine}"
            assert sink.keys() == [r["key"] for r in told], f"{name}: order {sink.keys()} of {mine}"
            bodies = {}
            for r in sink.got:
                assert bodies.setdefault(r.key, r.body) == r.body, f"{name}: a repeat says something else"
            got = [r.key for r in sink.got]
            assert all(got.index(a) <= got.index(b) for a, b in zip(sink.keys(), sink.keys()[1:])), got
            # Once the next one came, the one before never comes again.
            assert got == sorted(got, key=sink.keys().index), f"{name}: not first in, first out"
            if name == "broken":
                assert len(got) >= 31, f"only {len(got)} tries"
        wait_for(f"a death at {self.step} of {self.at}", self.died.is_set)

    def settled(self):
        left = self.rig.sql(f"SELECT count(*) FROM np.notice WHERE org_id = {self.org} AND state IN ('pending', 'uncertain')"
                            f" AND channel_id <> '{self.channels.get('dead', self.incident.id)}'")
        return left == "0"

    def close(self):
        self.rig.sql(f"UPDATE np.notice SET state = 'dead' WHERE org_id = {self.org} AND state <> 'sent'")
        for s in self.sinks.values():
            s.close()


def one(number, seed, fleet):
    """What is wrong with a run, or None."""
    r = Run(number, seed, fleet)
    try:
        r.go()
        wait_for("the end", r.settled, 120, 0.2)
        r.check()
    except AssertionError as e:
        return f"run {r.number} seed {seed} ({r.step} of {r.at}, {r.sort}): {e}"
    finally:
        r.close()
    return None


def undelayed(rig):
    """Dead and hanging destinations by the dozen: a good one beside them hears all while none of them has answered
    or was given up. (bench/notices has the times.)"""
    rig.settings = {"attempt_timeout": "30s"}
    rig.start()
    org, good, over = rig.new_org(), Sink(), threading.Event()
    hanging = Sink(lambda s, r: over.wait() and None)
    bad = [rig.hook(hanging, org=org) for _ in range(30)]
    bad += [rig.channel("webhook", {"url": "http://127.0.0.1:9/"}, org=org) for _ in range(30)]
    incidents = [Incident(org) for _ in range(4)]
    rig.sql("".join(i.open() + i.tell("opened", *bad) for i in incidents))
    rig.nudge()
    hanging.wait(20)
    channel = rig.hook(good, org=org)
    for n in range(1, 6):
        i = Incident(org)
        rig.sql(i.open() + i.tell("opened", channel))
        rig.nudge()
        good.wait(n, 25)
    over.set()
    hanging.close()
    good.close()
    rig.kill()
    rig.sql(f"UPDATE np.notice SET state = 'dead' WHERE org_id = {org} AND state <> 'sent'")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("exe")
    p.add_argument("--runs", type=int, default=100)
    p.add_argument("--at-once", type=int, default=25)
    p.add_argument("--seed", type=int, default=int(os.environ.get("NP_TEST_SEED", 1)))
    a = p.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave no server behind
    began, errors = time.time(), []
    with Rig(a.exe) as rig:
        undelayed(rig)
        rig.settings.update({"retry": {"first": "50ms", "max": "200ms"}, "attempt_timeout": "1500ms"})
        fleet = Fleet(rig)
        try:
            with ThreadPoolExecutor(a.at_once) as pool:
                errors = [e for e in pool.map(lambda n: one(n, a.seed, fleet), range(a.runs)) if e]
        finally:
            fleet.close()
        if errors:
            print(rig.said()[-3000:])
    if not all(fleet.kills.values()):  # whose process another run killed a moment before does not count
        errors.append(f"nobody died at some step: {fleet.kills}")
    for e in errors:
        print(e)
    print(f"seed {a.seed}: {a.runs} runs, {len(errors)} failed, killed {fleet.kills} in {time.time() - began:.0f} s")
    raise SystemExit(1 if errors else 0)


main()
