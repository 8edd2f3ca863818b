# SPDX-License-Identifier: Apache-2.0
"""What is done to an installation. Each fault ends by itself; `plan` puts them in an order that a seed gives."""
import os
import random
import shutil
import signal
import threading
import time

import rig

STOPPABLE = ["checker-eu-west", "checker-skew", "gateway", "gateway-2", "engine", "engine-2", "historian", "alerter",
             "web", "ca", "pgbouncer", "postgres", "redis"]


def kill(name):
    def do(w, _):
        w.kill(name)
    do.__name__ = f"kill {name}"
    return do


def restart(name):
    def do(w, _):
        w.kill(name, signal.SIGINT if name == "postgres" else signal.SIGTERM)
    do.__name__ = f"restart {name}"
    return do


def stop(name):
    def do(w, how):
        pids = w.pids(name)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        time.sleep(how["seconds"])
        for pid in pids:
            try:
                os.kill(pid, signal.SIGCONT)
            except ProcessLookupError:
                pass
    do.__name__ = f"stop {name}"
    return do


def without_supervisor(w, act):
    """`up` stands still meanwhile: what dies stays dead until it goes on."""
    w.up.process.send_signal(signal.SIGSTOP)
    try:
        return act()
    finally:
        w.up.process.send_signal(signal.SIGCONT)


def wipe_redis(w, _):
    def act():
        w.kill("redis")
        time.sleep(0.2)
        for name in os.listdir(w.path("redis")):
            path = os.path.join(w.path("redis"), name)
            shutil.rmtree(path) if os.path.isdir(path) else os.unlink(path)
    without_supervisor(w, act)


def both_engines(w, _):
    for name in ("engine", "engine-2"):
        w.kill(name)


def owner_dies(w, _):
    """The engine with more shards is frozen for good: the other one has them all within 5 s, and keeps them."""
    rows = dict(r.split("|") for r in (w.try_sql("SELECT split_part(owner, '/', 1), count(*) FROM np.shard"
                                                 " WHERE lease_until > now() GROUP BY 1") or "").splitlines())
    if not rows:
        return "no owner just now"
    most = max(rows, key=lambda k: int(rows[k]))
    name, other = ("engine", "engine-2") if most == "engine-1" else ("engine-2", "engine")
    pid, began = w.pid(name), time.monotonic()
    os.kill(pid, signal.SIGSTOP)
    try:
        rig.wait_for(f"{other} to hold all", lambda: w.metric(other, "netpulse_engine_shards_held") == 16, 120, 0.05)
        took = time.monotonic() - began
        if took > w.takeover_s:
            w.complaints.append(f"shards moved in {took:.1f} s, {w.takeover_s} s are the limit")
        time.sleep(1)
        return f"{rows[most]} shards of {name} moved in {took:.1f} s"
    finally:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass


# ---- outages ----------------------------------------------------------------------------------

def postgres_away(w, how):
    return away(w, "postgres", how["outage"])


def redis_away(w, how):
    return away(w, "redis", how["outage"])


def away(w, name, seconds):
    w.stream.again()
    began = time.time()

    def act():
        w.kill(name)
        time.sleep(seconds)
    without_supervisor(w, act)
    back = time.monotonic()
    if name == "postgres" and not any(began < at and on for at, on in w.stream.said):
        w.complaints.append(f"{name} was away for {seconds:.0f} s and the screen never said so")
    _, last = w.drain(180)
    took = time.monotonic() - back
    w.drains.append((name, seconds, took, last))
    return f"for {seconds:.0f} s; drained {took:.1f} s after its return"


# ---- disks ------------------------------------------------------------------------------------

def fill(folder, seconds):
    path = os.path.join(folder, "ballast")
    with open(path, "wb", buffering=0) as f:
        try:
            while True:
                f.write(b"x" * (1 << 20))
        except OSError:
            pass
        try:
            while True:
                f.write(b"x" * 4096)
        except OSError:
            pass
    time.sleep(seconds)
    os.unlink(path)


def full_disk(w, how):
    """PostgreSQL, Redis, logs and spools share it."""
    fill(w.base, how["seconds"])


def full_spool(w, how):
    fill(w.path("skew"), how["seconds"] + 2)


# ---- the network ------------------------------------------------------------------------------

def cut(w, _):
    w.relay.cut()


def delay(w, how):
    w.relay.delay_s = 0.4
    time.sleep(how["seconds"])
    w.relay.calm()


def hold(w, how):
    """Half open: connections stand, nothing passes."""
    w.relay.held = True
    time.sleep(how["seconds"] + 2)
    w.relay.calm()


def refuse(w, how):
    w.relay.refusing = True
    w.relay.cut()
    time.sleep(how["seconds"])
    w.relay.calm()


# ---- clocks, poison, people -------------------------------------------------------------------

def clock(w, how):
    for shift in (how["shift"], "+0"):
        with open(w.clock, "w", encoding="ascii") as f:
            f.write(shift)
        time.sleep(how["seconds"] + 1)
    return how["shift"] + " s and back"


def poison_results(w, _):
    return w.poison.results()


def poison_envelopes(w, _):
    return w.poison.envelopes()


def poison_queue(w, _):
    try:
        return w.poison.queue()
    except (OSError, RuntimeError, AssertionError) as e:
        return f"the queue was away: {e}"


def ban(w, how):
    """One worker of the load; its connection, its queue and the commit under way."""
    left = sorted(w.load_checkers - set(w.banned))
    checker = left[how["draw"] % len(left)]
    done = w.try_sql("BEGIN; SELECT set_config('np.tenant', '1', true); SELECT np.ban(uuid, 'chaos', 'test', 'bad')"
                     f" FROM np.checker WHERE id = {checker}; COMMIT")
    if done is None:
        return "the database was away"
    w.banned.append(checker)
    return f"checker {checker}"


def target(w, how):
    """Not ours, but what we are for: long enough to be told, then too short for it."""
    w.flap(False)
    time.sleep(14)
    w.flap(True)
    time.sleep(8 + how["seconds"])
    w.flap(False)
    time.sleep(2)
    w.flap(True)
    return "down for 14 s, later a blip of 2 s"


def all_faults(w):
    """Those that may overlap with others, and those that want the stage for themselves."""
    names = w.names()
    loose = [f(n) for n in names for f in (kill, restart)] + [stop(n) for n in STOPPABLE]
    loose += [wipe_redis, both_engines, cut, delay, hold, refuse, clock, poison_results, poison_envelopes, poison_queue,
              ban, target]
    if w.disk:
        loose += [full_disk, full_spool]
    return loose, [owner_dies, postgres_away, redis_away]


def plan(w, rounds, gap_s):
    """[(pause before it, fault, how, alone)]: each of them once a round."""
    draw = random.Random(w.seed)
    out = []
    for _ in range(rounds):
        loose, alone = all_faults(w)
        row = [(f, False) for f in loose] + [(f, True) for f in alone]
        draw.shuffle(row)
        for fault, by_itself in row:
            out.append((draw.uniform(0.1, 2 * gap_s), fault, {
                "seconds": draw.uniform(0.5, 3), "outage": w.outage_s, "draw": draw.randrange(1000),
                "shift": draw.choice(["-90", "+90", "-3600", "+25d", "+5"])}, by_itself))
    return out


class Runner:
    def __init__(self, w):
        self.w, self.threads, self.n = w, [], 0

    def one(self, fault, how):
        name, began = fault.__name__.replace("_", " "), time.monotonic()
        try:
            more = fault(self.w, how)
        except (OSError, ValueError, AssertionError, TypeError) as e:
            more = f"FAILED: {e}"
            if isinstance(e, AssertionError):
                self.w.complaints.append(f"{name}: {e}")
        took = time.monotonic() - began
        self.w.say(name + (f", {more}" if more else f", {took:.1f} s" if took > 0.3 else ""))

    def join(self):
        for t in self.threads:
            t.join()
        self.threads = []

    def run(self, rows):
        for pause, fault, how, alone in rows:
            time.sleep(pause)
            self.n += 1
            if alone:
                self.join()
                self.w.ready()  # what it asks for is said of an installation that is well
                self.one(fault, how)
                continue
            t = threading.Thread(target=self.one, args=(fault, how), daemon=True)
            t.start()
            self.threads.append(t)
        self.join()
