# SPDX-License-Identifier: Apache-2.0
"""One scenario for each known mistake: true of the program, untrue of the program with the mistake.

Each drives a real engine or gateway on real PostgreSQL, PgBouncer and Redis into the one moment
where the rule matters, and then asks for the invariant that the rule keeps.
"""
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
for place in ("test/lib", "test/integration/engine", "test/integration/gateway"):
    sys.path.insert(0, os.path.join(ROOT, place))
import peers  # noqa: E402
from engine_test import contiguous, flood, log_items, one_region  # noqa: E402
from gateway_test import World, prepare  # noqa: E402
from rig import ACK, Rig, now_us, wait  # noqa: E402
from wire import FAIL, OK, batch, fields, result  # noqa: E402


class Stage(Rig):
    """The engine's rig on servers that other scenarios used before, emptied."""

    def __init__(self, program, servers):
        super().__init__([program, "engine"])
        shutil.rmtree(self.servers.dir)
        self.servers, self.sessions = servers, []

    def __enter__(self):
        empty(self.servers)
        with open(self.servers.path("hmac.key"), encoding="ascii") as f:
            self.key = bytes.fromhex(f.read().strip())
        self.connect()
        self.listen()
        return self

    def __exit__(self, kind, *_):
        for e in self.engines:
            e.stop(signal.SIGKILL)
            if kind and os.environ.get("CHAOS_VERBOSE"):
                print(f"--- {e.name}\n{e.text()[-4000:]}")
        for session in self.sessions:  # one that holds a lock would keep the next scenario waiting for ever
            session.close()


class Session:
    """Statements of the owner of the database, in a psql that stands ready before they are needed."""

    def __init__(self, rig):
        s = rig.servers
        self.rig, env = rig, dict(os.environ, PGPASSWORD=s._secret("np_admin.db"))
        self.p = subprocess.Popen(
            ["/usr/lib/postgresql/15/bin/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", s.dir, "-U", "np_admin",
             "-d", "netpulse"], env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, **s._spawn_args())
        rig.sessions.append(self)
        self.ask("SELECT 1;")

    def close(self):
        self.p.kill()
        self.p.communicate()

    def ask(self, text):
        """The one number that a statement yields."""
        self.say(text)
        return int(self.p.stdout.readline())

    def say(self, text):
        self.p.stdin.write(text + "\n")
        self.p.stdin.flush()

    def over(self, text=""):
        self.p.communicate(text, timeout=120)
        assert self.p.returncode == 0, text


class Held(Session):
    """np.log locked until it is over: a commit stops in the middle, and what is folded queues up behind it."""

    def lock(self):
        self.say("BEGIN; LOCK TABLE np.log IN EXCLUSIVE MODE;")
        wait("the lock", lambda: self.rig.sql("SELECT 1 FROM pg_locks WHERE relation = 'np.log'::regclass"
                                              " AND mode = 'ExclusiveLock' AND granted"))

    def over(self, text="COMMIT;"):
        super().over(text)


def empty(servers):
    servers.schema()
    servers.redis("FLUSHALL")


# ---- what is asked for at the end -------------------------------------------------------------

def acked_is_stored(rig, c, shard):
    """I1 and I2: numbers from 1 without a gap, none twice, and all that was acknowledged."""
    stored = contiguous(log_items(rig, shard).get((c.number, c.epoch), []))
    told = max([a["n"] for a in rig.acks() if a["kind"] == ACK and a["checker"] == c.number] or [0])
    assert told <= stored, f"acknowledged up to {told}, stored up to {stored}"
    return stored


def answered(rig, request):
    """Any answer."""
    return wait(f"an answer to {request}", lambda: rig.acks(request))


def shown(rig, m):
    """How many results of a monitor were published: that is when they are folded."""
    groups = [fields(g) for live, _ in rig.live() for g in live.get(3, [])]
    return sum(fields(r).get(2) == [m] for g in groups for r in g.get(2, []))


def some(rig, c, m, first, n):
    items = [result(m, c.born + (first + i) * 1000) for i in range(n)]
    return rig.send_batch(c, m % 16, batch(c.epoch, m % 16, first, items))


def insist(rig, c, m, first, n):
    """Sends again what is not answered, as a checker does."""
    asked, end = [], time.monotonic() + 120
    while not [a for r in asked for a in rig.acks(r) if a["kind"] == ACK]:
        assert time.monotonic() < end, f"{first} is never acknowledged"
        asked.append(some(rig, c, m, first, n))
        try:
            wait("an answer", lambda: rig.acks(asked[-1]), 1)
        except AssertionError:
            pass


def scene(rig, **more):
    e = rig.engine(**more).ready()
    (c,), m = one_region(rig)
    c.born = now_us()
    return e, c, m


# ---- the moments ------------------------------------------------------------------------------

def fails_once(rig):
    """The first commit of a batch of 13 is refused, for no reason of its content."""
    rig.sql("CREATE SEQUENCE np.once; CREATE FUNCTION np.refuse() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER"
            " AS $$ BEGIN IF NEW.items = 13 AND nextval('np.once') = 1 THEN RAISE EXCEPTION 'once'; END IF;"
            " RETURN NEW; END $$; CREATE TRIGGER refuse BEFORE INSERT ON np.log FOR EACH ROW"
            " EXECUTE FUNCTION np.refuse()")


def no_gap_rule(rig):
    _, c, m = scene(rig)
    rig.ack(some(rig, c, m, 1, 3))
    answered(rig, some(rig, c, m, 6, 2))
    rig.ack(some(rig, c, m, 4, 4))
    assert acked_is_stored(rig, c, m % 16) == 7


def no_dedupe(rig):
    _, c, m = scene(rig)
    rig.ack(some(rig, c, m, 1, 3))
    rig.ack(some(rig, c, m, 2, 3))
    assert acked_is_stored(rig, c, m % 16) == 4


def ignore_skip(rig):
    """An overlap is sent: what was counted is not counted again."""
    _, c, m = scene(rig)
    rig.ack(some(rig, c, m, 1, 3))
    rig.ack(some(rig, c, m, 1, 4))
    assert acked_is_stored(rig, c, m % 16) == 4
    wait("the cache", lambda: rig.redis("LLEN", f"np:last:{m}") >= 4)
    assert rig.redis("LLEN", f"np:last:{m}") == 4, "a result is counted twice"


def ack_before_commit(rig):
    """The database dies, then the engine and the queue: only what is on disk may be acknowledged."""
    e, c, m = scene(rig)
    rig.ack(some(rig, c, m, 1, 1))
    rig.servers.kill("pg")
    try:
        some(rig, c, m, 2, 2)
        wait("behind", lambda: rig.live()[-1:] and rig.live()[-1][0].get(5) == [1])
        e.stop(signal.SIGKILL)
    finally:
        rig.servers.start("pg")
    assert acked_is_stored(rig, c, m % 16) == 1


def unfenced(rig):
    """An owner is frozen with commits under way; another takes over; the first one wakes."""
    a, c, m = scene(rig)
    held = Held(rig)
    held.lock()
    flood(rig, c, m, 0.4)
    a.process.send_signal(signal.SIGSTOP)
    held.over()
    b = rig.engine("engine-2").ready()
    rig.hello(c)
    last = flood(rig, c, m, 0.2)
    wait("all is stored", lambda: max([0] + [x for _, x in log_items(rig, m % 16)[(c.number, c.epoch)]]) == last)
    a.process.send_signal(signal.SIGCONT)
    wait("it wrote what it had", lambda: a.metric("netpulse_engine_groups_in_flight") == 0)
    assert acked_is_stored(rig, c, m % 16) == last
    assert b.metric("netpulse_engine_shards_held") > 0


def keep_memory(rig):
    """A commit is refused: nothing that was folded for it may be remembered."""
    e, c, m = scene(rig)
    rig.ack(some(rig, c, m, 1, 1))
    fails_once(rig)
    some(rig, c, m, 2, 13)
    wait("the refusal", lambda: "commit.refused" in e.text())
    insist(rig, c, m, 2, 13)
    insist(rig, c, m, 15, 1)
    assert acked_is_stored(rig, c, m % 16) == 15


def snapshot_outside(rig):
    """A commit with a snapshot is refused: the snapshot does not stand either."""
    e, c, m = scene(rig, snapshot={"every_ms": 100})
    rig.ack(some(rig, c, m, 1, 1))
    fails_once(rig)
    time.sleep(0.2)  # the next commit carries a snapshot
    some(rig, c, m, 2, 13)
    wait("the refusal", lambda: "commit.refused" in e.text())
    ahead = rig.rows("SELECT n.shard, n.pos, s.pos AS at FROM np.snapshot n JOIN np.shard s ON s.id = n.shard"
                     " WHERE n.pos > s.pos")
    assert not ahead, f"a snapshot of what was never stored: {ahead}"
    insist(rig, c, m, 2, 13)
    assert acked_is_stored(rig, c, m % 16) == 14


def ban_not_fenced(rig):
    """A ban commits between the fold of a batch and its commit: the batch does not count (I5).

    The commit before it holds the row of a higher shard, so that the ban, which locks all of them
    in order, has those below already and goes first.
    """
    rig.engine().ready()
    region = rig.region("eu")
    c, d = rig.checker(region), rig.checker(region)
    rig.hello(c, d)
    wait("members", lambda: rig.members(region) == "{%d,%d}" % (c.number, d.number))
    made = [rig.monitor([region])[0] for _ in range(6)]
    m, other = min(made, key=lambda x: x % 16), max(made, key=lambda x: x % 16)
    for x, who in ((m, c), (other, d)):
        rig.sql(f"UPDATE np.monitor SET pinned = {who.number} WHERE id = {x}")
        rig.command(x, "define", {"revision": 1})
        wait("state", lambda x=x: rig.state(x) != "")
        rig.ack(rig.say(who, x, OK))
    # A commit waits for 2 s and begins anew: then the ban may go first, and the moment is missed.
    held, banning, look = Held(rig), Session(rig), Session(rig)
    held.lock()
    first = rig.say(d, other, OK)
    wait("its commit waits", lambda: look.ask("SELECT count(*) FROM pg_locks WHERE relation = 'np.log'::regclass"
                                              " AND NOT granted;"))
    banning.say("BEGIN; SET LOCAL np.tenant = '1'; SELECT np.ban(uuid, 'ops', 'test', 'bad')"
                f" FROM np.checker WHERE id = {c.number}; COMMIT;")
    wait("the ban waits, or was too late to", lambda: look.ask(
        "SELECT (SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%np.ban(uuid%' AND pid <> pg_backend_pid()"
        f" AND wait_event_type = 'Lock') + (SELECT count(*) FROM np.checker WHERE id = {c.number}"
        " AND state <> 'active');"))
    folded = shown(rig, m)
    late = rig.say(c, m, FAIL)
    end = time.monotonic() + 5
    while shown(rig, m) == folded and not rig.acks(late) and time.monotonic() < end:
        time.sleep(0.01)  # else the moment is missed: it is not what is asked for
    held.over()
    banning.over()
    rig.ack(first)
    answered(rig, late)
    assert contiguous(log_items(rig, m % 16)[(c.number, c.epoch)]) == 1, "it counts after its ban"


def ack_by_request(w):
    """A gateway is killed and starts again: an answer to the former one's request is nobody's."""
    w.start()
    e = peers.Engine(w.servers)
    m = w.m_a[0]
    a = w.stream("a")
    a.send_batch(7 << 16, m % 16, 1, [peers.result(m)])
    of_a = e.next()
    w.stop(signal.SIGKILL)
    w.start()
    b = w.stream("b")
    b.send_batch(9 << 16, m % 16, 1, [peers.result(m)])
    of_b = e.next()
    assert peers.one(of_a[1], 3) == peers.one(of_b[1], 3) == 1, "the numbers begin anew"
    e.ack(of_a, 1)
    b.send(peers.f(4, peers.f(1, 5)))  # PING: what comes before its PONG was caused by that answer
    kinds = []
    while not kinds or kinds[-1] != peers.PONG:
        kinds.append(b.frame(10)[0])
    assert peers.ACK not in kinds, "acknowledged: a batch that no engine has seen"
    e.ack(of_b, 1)
    assert peers.one(b.expect(peers.ACK), 1) == 9 << 16


def gateway_stage(program, servers, scenario):
    empty(servers)
    for name in ("pki", "pki-wrong"):
        shutil.rmtree(servers.path(name), ignore_errors=True)
    wrapper = servers.path("gateway.sh")
    with open(wrapper, "w", encoding="ascii") as f:
        f.write(f'#!/bin/sh\nexec "{program}" gateway "$@"\n')
    os.chmod(wrapper, 0o755)
    w = World(servers, wrapper, os.path.join(os.path.dirname(program), "..", "integration", "gateway",
                                             "test-gateway-mint") if "mutant" in program else
              os.path.join(os.path.dirname(program), "test", "integration", "gateway", "test-gateway-mint"))
    prepare(w)
    try:
        scenario(w)
    finally:
        w.stop(signal.SIGKILL)


SCENARIOS = {f.__name__: f for f in (no_gap_rule, no_dedupe, ignore_skip, ack_before_commit, unfenced, keep_memory,
                                     snapshot_outside, ban_not_fenced, ack_by_request)}


def play(name, program, servers):
    """Raises AssertionError when the invariant does not hold."""
    if name == "ack_by_request":
        gateway_stage(program, servers, SCENARIOS[name])
        return
    with Stage(program, servers) as rig:
        SCENARIOS[name](rig)
