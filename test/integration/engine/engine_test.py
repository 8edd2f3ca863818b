# SPDX-License-Identifier: Apache-2.0
"""engine_test.py ENGINE [test …]: the engine's promises, on real servers."""
import json
import os
import signal
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from rig import ACK, BANNED, PATIENCE_S, REJECT, REWIND, Checker, Held, Rig, Servers, now_us, wait  # noqa: E402
from wire import FAIL, OK, batch, blob, fields, lost, num, result  # noqa: E402


def three_regions(rig):
    regions = [rig.region(n) for n in ("eu", "us", "ap")]
    checkers = [rig.checker(r) for r in regions]
    rig.hello(*checkers)
    for c, r in zip(checkers, regions):
        wait("member", lambda c=c, r=r: rig.members(r) == "{%d}" % c.number)
    return regions, checkers


def say_until(what, done, say):
    """Results keep coming until it is so."""
    end = time.monotonic() + 2 * PATIENCE_S
    while not done():
        assert time.monotonic() < end, "never: " + what
        say()
        time.sleep(0.3)


def test_way_of_a_result(rig):
    """definition in -> results folded -> live, state, ack; a failure -> incident, notices; recovery."""
    rig.engine().ready()
    gone = rig.channel()
    regions, checkers = three_regions(rig)
    m, ident_of_monitor = rig.monitor(regions, confirm_s=1, recover_s=1, fail_after=1, recover_after=1, retry_interval_s=1)
    wait("state", lambda: rig.state(m) == "pending")
    for c in checkers:
        rig.ack(rig.say(c, m, OK))
    wait("up", lambda: rig.state(m) == "up")
    wait("something live", rig.live)
    for c in checkers:
        rig.say(c, m, FAIL)
    say_until("down", lambda: rig.state(m) == "down", lambda: [rig.say(c, m, FAIL) for c in checkers])
    wait("a check-now", rig.jobs)
    inc = rig.rows("SELECT id, state, why, opened_at FROM np.incident")
    assert len(inc) == 1 and inc[0]["state"] == "open", inc
    wait("opened notice", lambda: rig.rows("SELECT kind FROM np.notice WHERE state = 'pending'") ==
         [{"kind": "opened"}])
    ident = rig.command(m, "acknowledge", {"incident": inc[0]["id"], "note": "on it"})
    assert rig.outcome(ident) == "applied:", rig.outcome(ident)
    ident = rig.command(m, "acknowledge", {"incident": inc[0]["id"]})
    assert rig.outcome(ident).startswith("refused:"), rig.outcome(ident)
    # who was told is replaced meanwhile: the end is for both
    rig.sql(f"UPDATE np.channel SET deleted_at = now() WHERE id = '{gone}'")
    new = rig.channel()
    say_until("up again", lambda: rig.state(m) == "up", lambda: [rig.say(c, m, OK) for c in checkers])
    kinds = [r["kind"] for r in rig.rows("SELECT kind FROM np.notice ORDER BY id")]
    assert kinds == ["opened", "acknowledged", "resolved", "resolved"], kinds
    ends = {r["channel_id"] for r in rig.rows("SELECT channel_id FROM np.notice WHERE kind = 'resolved'")}
    assert ends == {gone, new}, ends
    inc = rig.rows("SELECT state, acknowledged_by, close_reason, closed_at FROM np.incident")[0]
    assert inc["state"] == "resolved" and inc["acknowledged_by"] == "ops@example.org", inc
    events = [r["kind"] for r in rig.rows("SELECT kind FROM np.incident_event ORDER BY number")]
    assert events[:2] == ["opened", "acknowledged"] and events[-1] == "resolved", events
    body = rig.rows("SELECT body FROM np.notice ORDER BY id LIMIT 1")[0]["body"]
    assert body["kind"] == "opened" and body["monitor"]["id"] == ident_of_monitor and body["why"], body
    assert body["incident"]["state"] == "open" and len(body["evidence"]["regions"]) == 3, body
    audit = [r["act"] for r in rig.rows("SELECT act FROM np.audit WHERE act LIKE 'incident.%' ORDER BY id")]
    assert audit[:2] == ["incident.open", "incident.acknowledged"] and audit[-1] == "incident.close", audit
    acts = rig.rows("SELECT act, actor, after FROM np.audit ORDER BY id")
    assert any(a["act"] == "incident.acknowledged" and a["actor"] == "ops@example.org" for a in acts), acts
    states = [a["after"]["state"] for a in acts if a["act"] == "monitor.state"]
    assert {"pending", "suspect", "down", "recovering"} < set(states) and states[-1] == "up", states
    decided = [a["act"] for a in acts if a["act"].startswith("command.")]
    assert "command.applied" in decided and "command.refused" in decided, decided
    # nothing open: nothing due; the caches are there
    timers = rig.rows("SELECT kind, due, now() FROM np.timer")
    assert not timers, timers
    wait("cached results", lambda: rig.redis("LLEN", f"np:last:{m}") > 6)  # after the commit
    wait("cached strip", lambda: rig.redis("HGET", "np:strip:1", str(m)).endswith(b"o"))
    strip = rig.redis("HGET", "np:strip:1", str(m))
    assert 6 < len(strip) <= 30 and set(strip) == set(b"of") and strip.endswith(b"o"), strip


def log_items(rig, shard):
    """What the log holds of results, as (checker, epoch) -> [first, last] in order, after skip."""
    out = {}
    rows = rig.rows(f"SELECT encode(inputs, 'hex') AS x FROM np.log WHERE shard = {shard} ORDER BY pos")
    for row in rows:
        for data in fields(bytes.fromhex(row["x"])).get(2, []):
            data = fields(data)
            if 2 not in data:
                continue
            b = fields(data[2][0])
            inner = fields(b[4][0])
            first = inner.get(3, [0])[0] + b.get(5, [0])[0]
            n = sum(fields(fields(i)[2][0])[1][0] if 2 in fields(i) else 1 for i in inner.get(4, []))
            last = inner.get(3, [0])[0] + n - 1
            if last >= first:
                out.setdefault((b[1][0], inner[1][0]), []).append([first, last])
    return out


def stored(rig, c, m):
    """The last number of the checker in the log of the monitor's shard, all before it there once."""
    return contiguous(log_items(rig, m % 16).get((c.number, c.epoch), []))


def contiguous(spans):
    """I1 and I2: from 1 without a gap and nothing twice."""
    at = 0
    for first, last in spans:
        assert first == at + 1, spans
        at = last
    return at


def one_region(rig, n=1, **more):
    region = rig.region("eu")
    checkers = [rig.checker(region) for _ in range(n)]
    rig.hello(*checkers)
    want = "{" + ",".join(str(c.number) for c in checkers) + "}"
    wait("members", lambda: rig.members(region) == want)
    m, _ = rig.monitor([region], **more)
    wait("state", lambda: rig.state(m) != "")
    return checkers, m


def test_gap_rule(rig):
    """Gaps are rewound, overlaps skipped, losses counted, `end` closes an epoch."""
    rig.engine().ready()
    (c,), m = one_region(rig)
    s, t = m % 16, now_us()

    def some(first, n, epoch=c.epoch, end=False):
        return rig.send_batch(c, s, batch(epoch, s, first, [result(m, t + (first + i) * 1000) for i in range(n)], end))
    assert rig.ack(some(1, 3))["n"] == 3
    assert rig.ack(some(6, 2), REWIND)["n"] == 4
    assert rig.ack(some(2, 2))["n"] == 3, "known"
    assert rig.ack(some(3, 3))["n"] == 5, "overlap"
    gone = rig.send_batch(c, s, batch(c.epoch, s, 6, [lost(10), result(m, t + 20000)]))
    assert rig.ack(gone)["n"] == 16
    assert rig.ack(some(12, 6))["n"] == 17, "cuts through a loss"
    newer = c.epoch + (1 << 16)
    assert rig.ack(some(1, 1, newer))["n"] == 1, "epochs side by side"
    a = rig.ack(rig.send_batch(c, s, batch(c.epoch, s, 18, [], True)))
    assert a["closed_below"] == c.epoch + 1, a
    a = rig.ack(some(40, 2))
    assert a["n"] == 41 and a["closed_below"] == c.epoch + 1, "closed: acknowledged and dropped"
    assert rig.ack(some(5, 1, newer), REWIND)["n"] == 2
    spans = log_items(rig, s)
    assert contiguous(spans[(c.number, c.epoch)]) == 17, spans
    assert contiguous(spans[(c.number, newer)]) == 1, spans


def test_refusals(rig):
    """Not assigned, unknown, marked: refused after the commit, numbers kept, evidence stored."""
    rig.engine().ready()
    (c, other), m = one_region(rig, 2)
    s = m % 16
    for k in (c, other):
        rig.ack(rig.say(k, m, OK))
    rows = rig.rows("SELECT checker_id, reason FROM np.rejected")
    assert len(rows) == 1 and rows[0]["reason"] == "not assigned to this checker at that time", rows
    runs = c if rows[0]["checker_id"] == other.number else other
    req = rig.send(runs, [result(m + 16, now_us()), result(m, now_us()), result(m, now_us() + 1000)], s)
    no = rig.ack(req, REJECT)
    assert no["seqs"] == [2] and no["reason"] == "no such monitor", no
    assert rig.ack(req)["n"] == 4
    req = rig.send(runs, [result(m, now_us() + 2000, revision=7)], s)
    assert rig.ack(req, REJECT)["reason"] == "no such revision of the monitor"
    r = rig.head(runs) + blob(8, batch(runs.epoch, s, runs.take(s, 1), [result(m, now_us() + 3000)])) + blob(
        9, num(1, 0) + blob(2, "odd"))
    rig.put(s, r)
    assert rig.ack(rig.request, REJECT)["reason"] == "odd"
    assert rig.rows("SELECT count(*) AS n FROM np.rejected")[0]["n"] == 4


def test_newer_rows_first(rig):
    """A result may overtake the command that tells of its monitor, and its membership."""
    rig.engine().ready()
    region = rig.region("eu")
    c = rig.checker(region)
    rig.hello(c)
    wait("member", lambda: rig.members(region))
    m, _ = rig.monitor([region], quiet=True)
    req = rig.say(c, m, OK)
    assert rig.ack(req)["n"] == 1
    assert not [a for a in rig.acks(req) if a["kind"] == REJECT]
    wait("up", lambda: rig.state(m) == "up")
    rig.sql(f"UPDATE np.monitor SET revision = 2 WHERE id = {m}")
    rig.sql("INSERT INTO np.monitor_revision SELECT monitor_id, 2, org_id, definition, region_ids, false, actor, now()"
            f" FROM np.monitor_revision WHERE monitor_id = {m}")
    req = rig.say(c, m, OK, revision=2)
    assert rig.ack(req)["n"] == 2
    assert not [a for a in rig.acks(req) if a["kind"] == REJECT]


def test_ban(rig):
    """Nothing counts after a ban; the monitor goes to another checker; batches are dropped unanswered by ACK."""
    rig.engine().ready()
    (a, b), m = one_region(rig, 2)
    rig.ack(rig.say(a, m, FAIL))
    rig.ack(rig.say(b, m, FAIL))
    runs = a if rig.rows("SELECT checker_id FROM np.rejected")[0]["checker_id"] == b.number else b
    other = b if runs is a else a
    for _ in range(20):
        rig.say(runs, m, FAIL)
    rig.ban(runs)
    wait("banned", lambda: rig.acks() and [x for x in rig.acks(rig.say(runs, m, FAIL)) or [] if x] or
         [x for x in rig.acks() if x["kind"] == BANNED])
    before = rig.sql("SELECT sum(pos) FROM np.shard")
    req = rig.say(runs, m, FAIL)
    rig.ack(req, BANNED)
    wait("members", lambda: rig.members(other.region) == "{%d}" % other.number)
    assert not [x for x in rig.acks(req) if x["kind"] == ACK]
    rig.ack(rig.say(other, m, OK))
    wait("up", lambda: rig.state(m) == "up")
    assert before
    spans = log_items(rig, m % 16)
    contiguous(spans[(runs.number, runs.epoch)])
    banned_at = rig.rows("SELECT extract(epoch FROM banned_at) * 1e6 AS t FROM np.checker WHERE state = 'banned'")
    assert banned_at


def flood(rig, c, m, seconds, each=0.002):
    """Results one by one; resends what is not answered within a second, as a gateway would. Yields the last number."""
    s, end, n, begun = m % 16, time.monotonic() + seconds, 0, now_us()
    while time.monotonic() < end:
        n += 1
        try:
            rig.send(c, [result(m, begun + n * 2000, OK if n % 50 else FAIL)], s)
        except (OSError, ConnectionError, RuntimeError):
            c.seq[s] -= 1
            time.sleep(0.05)
            try:
                rig.connect()
            except (OSError, ConnectionError):
                pass
        time.sleep(each)
    return c.seq[s]


def settle(rig, c, m, last):
    """Send again from the last answer until everything is acknowledged."""
    s, end, done = m % 16, time.monotonic() + 2 * PATIENCE_S, 0
    while time.monotonic() < end:
        rig.listen()
        for first in range(1, last + 1, 500):
            n = min(500, last + 1 - first)
            items = [result(m, now_us() + i * 1000) for i in range(n)]
            rig.send_batch(c, s, batch(c.epoch, s, first, items))
        again = time.monotonic() + 10
        while time.monotonic() < again and done != last:
            time.sleep(0.1)
            done = rig.highest_ack()
        if done == last:
            return
    raise AssertionError(f"only {done} of {last} acknowledged")


def test_engine_killed(rig):
    """kill -9 in the middle, twice: nothing is lost or counted twice, votes and cursors are the same."""
    e = rig.engine(snapshot={"every_ms": 300}).ready()
    (c,), m = one_region(rig)
    for _ in range(2):
        flood(rig, c, m, 1.0)
        e.stop(9)
        flood(rig, c, m, 0.5)
        e.start()
        e.ready()
    last = flood(rig, c, m, 0.5)
    wait("all committed", lambda: stored(rig, c, m) == last)
    wait("a snapshot", lambda: rig.rows("SELECT count(*) AS n FROM np.snapshot")[0]["n"] >= 1)
    rig.ack(rig.say(c, m, OK))
    rig.hello(c)
    wait("up", lambda: rig.state(m) == "up")
    assert rig.sql("SELECT count(*) FROM np.incident") == "0"


def test_postgres_killed(rig):
    """PostgreSQL dies and comes back; then PgBouncer: the same bytes again, each stored once."""
    e = rig.engine().ready()
    (c,), m = one_region(rig)
    flood(rig, c, m, 0.5)
    rig.servers.kill("pg")
    flood(rig, c, m, 1.0)
    wait("told as being behind", lambda: rig.live()[-1:] and rig.live()[-1][0].get(5) == [1])
    told = rig.highest_ack()
    e.process.send_signal(signal.SIGSTOP)  # it stores nothing more while we look
    try:
        rig.servers.start("pg")
        assert told <= stored(rig, c, m), "I3: acknowledged and not stored"
    finally:
        e.process.send_signal(signal.SIGCONT)
    flood(rig, c, m, 0.5)
    rig.servers.kill("pgbouncer")
    flood(rig, c, m, 0.5)
    rig.servers.start("pgbouncer")
    last = flood(rig, c, m, 0.5)
    wait("all committed", lambda: stored(rig, c, m) == last)
    wait("acknowledged", lambda: [a for a in rig.acks() if a["n"] == last and a["kind"] == ACK])


def resident_mb(process):
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as f:
        return int(f.read().split()[1]) * 4096 / 1e6


def test_backlog(rig):
    """No commit ends and more comes than may be kept: reading stops, memory stays, all drains."""
    e = rig.engine().ready()
    (c,), m = one_region(rig)
    s, many, groups = m % 16, 1000, 63
    items = [lost(1)] * many
    rig.ack(rig.send_batch(c, s, batch(c.epoch, s, 1, items)))
    batches = (groups + 3) * 20  # 20,000 items fill a group
    held = Held(rig, 600)
    try:
        for i in range(1, batches):
            rig.send_batch(c, s, batch(c.epoch, s, 1 + i * many, items))

        def left():
            return rig.redis("XLEN", f"np:results:{s}")
        wait("it reads no more", lambda: e.metric("netpulse_engine_groups_in_flight") >= groups)
        assert left() > 0, "the queue keeps what is not committed"
        assert resident_mb(e.process) < 400, resident_mb(e.process)
        assert e.metric("netpulse_engine_groups_in_flight") == groups
        wait("told as being behind", lambda: rig.live()[-1:] and rig.live()[-1][0].get(5) == [1])
    finally:
        rig.sql("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%'"
                " AND pid <> pg_backend_pid()")
        held.p.wait(60)
    last = batches * many
    wait("all committed", lambda: int(rig.sql(f"SELECT sum(items) FROM np.log WHERE shard = {s}")) == last, 2 * PATIENCE_S)
    wait("acknowledged", lambda: rig.highest_ack() == last)
    wait("the queue is empty", lambda: left() == 0)
    wait("nothing is under way", lambda: e.metric("netpulse_engine_bytes_in_flight") == 0)
    assert e.metric("netpulse_engine_commit_failures_total") == 0


def test_redis_wiped(rig):
    """An empty Redis: what was not committed comes again from the checker, all of it once."""
    rig.engine().ready()
    (c,), m = one_region(rig)
    flood(rig, c, m, 0.5)
    rig.servers.wipe("redis")
    rig.connect()
    rig.listen()
    last = flood(rig, c, m, 0.5)
    settle(rig, c, m, last)
    assert stored(rig, c, m) == last


def test_damaged_log(rig):
    """A hole in the log: told once, with where it is; the other shards work; mended, it goes on."""
    e = rig.engine().ready()
    (c,), m = one_region(rig)
    last = flood(rig, c, m, 0.5)
    settle(rig, c, m, last)
    e.stop()
    shard = m % 16
    rig.sql("CREATE TABLE public.saved AS SELECT * FROM np.log WHERE false")
    hole = int(rig.sql(f"SELECT max(pos) - 1 FROM np.log WHERE shard = {shard}").strip())
    rig.sql(f"DELETE FROM np.snapshot WHERE shard = {shard} AND pos >= {hole};"
            f"WITH d AS (DELETE FROM np.log WHERE shard = {shard} AND pos = {hole} RETURNING *) INSERT INTO public.saved SELECT * FROM d")
    before = len(e.text())
    e.start()

    def told():
        return [line for line in e.text()[before:].splitlines() if "event=shard.not_loaded" in line]
    wait("the hole is told", told, 60)
    wait("the others are held", lambda: e.metric("netpulse_engine_shards_held") == 15, 60)
    assert f"row {hole} is missing, the next is {hole + 1}" in told()[0], told()
    tries = e.metric("netpulse_engine_keeper_failures_total")
    wait("more tries", lambda: e.metric("netpulse_engine_keeper_failures_total") > tries + 2, 60)
    assert len(told()) == 1, told()
    rig.sql("INSERT INTO np.log SELECT * FROM public.saved; DROP TABLE public.saved")
    wait("all are held", lambda: e.metric("netpulse_engine_shards_held") == 16, 60)


def test_paused_owner(rig):
    """A frozen owner wakes after somebody else took its shards: its commit is fenced, its memory dropped."""
    a = rig.engine("engine-1").ready()
    (c,), m = one_region(rig)
    flood(rig, c, m, 0.3)
    a.process.send_signal(19)
    b = rig.engine("engine-2")
    flood(rig, c, m, 0.5)
    b.ready()
    a.process.send_signal(18)
    last = flood(rig, c, m, 1.0)
    wait("all committed", lambda: stored(rig, c, m) == last)
    wait("it lost all of them", lambda: a.text().count("event=shard.lost") >= 16)
    for e in (a, b):
        wait("a fair share", lambda e=e: e.metric("netpulse_engine_shards_held") == 8)


def test_fair_share(rig):
    """A second engine is given half, shard by shard; when it freezes all go back; nothing is lost or stored twice."""
    a = rig.engine("engine-1").ready()
    (c,), m = one_region(rig)
    all_of = [rig.monitor([c.region])[0] for _ in range(16)]
    for x in all_of:
        wait("state", lambda x=x: rig.state(x) != "")

    def held(e):
        try:
            return e.metric("netpulse_engine_shards_held")
        except OSError:
            return 0  # not up yet

    def until_held(e, n):
        end = time.monotonic() + 2 * PATIENCE_S
        while held(e) != n:
            assert time.monotonic() < end, f"{e.name} holds {held(e)}, not {n}"
            for x in all_of:
                rig.say(c, x, OK)
            time.sleep(0.02)

    b = rig.engine("engine-2")
    until_held(b, 8)
    until_held(a, 8)
    b.ready()
    assert a.metric("netpulse_engine_doubts_total") == 0, "handed over without a doubt"
    assert a.metric("netpulse_engine_commit_failures_total") == 0
    begun = time.monotonic()
    b.process.send_signal(19)
    until_held(a, 16)
    print(f"     the shards of a frozen engine moved in {time.monotonic() - begun:.1f} s")
    b.process.send_signal(18)
    until_held(b, 8)
    last = {x: c.seq[x % 16] for x in all_of}
    for x in all_of:
        wait("all committed", lambda x=x: log_items(rig, x % 16)[(c.number, c.epoch)][-1][1] == last[x])
        assert contiguous(log_items(rig, x % 16)[(c.number, c.epoch)]) == last[x]


def test_shared_shards(rig):
    """Two engines hold eight each; one ends: its shards are released and the other may take them."""
    a = rig.engine("engine-1", shards={"want": 8}).ready()
    b = rig.engine("engine-2", shards={"want": 8}).ready()
    (c,), m = one_region(rig)
    others = [rig.monitor([c.region])[0] for _ in range(16)]
    for x in others:
        wait("state", lambda x=x: rig.state(x) != "")
        rig.ack(rig.say(c, x, OK))
    assert rig.rows("SELECT count(DISTINCT owner) AS n FROM np.shard")[0]["n"] == 2
    b.stop()
    assert rig.rows("SELECT count(*) AS n FROM np.shard WHERE lease_until = '-infinity'")[0]["n"] == 8
    rig.engine("engine-3", shards={"want": 8}).ready()
    for x in others:
        rig.ack(rig.say(c, x, OK))
    assert a.metric("netpulse_engine_shards_held") == 8


def test_definitions(rig):
    """Edit, pause, delete through the inbox; outcomes; timers go; late results are no news."""
    rig.engine().ready()
    (c,), m = one_region(rig, retry_interval_s=1)
    rig.ack(rig.say(c, m, OK))
    wait("up", lambda: rig.state(m) == "up")
    rev, ident = rig.edit(m, [c.region], paused=True, retry_interval_s=1)
    assert rig.outcome(ident) == "applied:"
    wait("paused", lambda: rig.state(m) == "paused")
    rev, ident = rig.edit(m, [c.region], retry_interval_s=1)
    assert rig.outcome(ident) == "applied:"
    assert rig.state(m) == "pending"
    rig.ack(rig.say(c, m, OK, revision=rev))
    wait("up", lambda: rig.state(m) == "up")
    time.sleep(1.2)  # closer together than retry_interval no region is asked
    said = rig.outcome(rig.command(m, "check"))
    assert said == "applied:", said
    wait("job", rig.jobs)
    assert rig.outcome(rig.command(m, "dance")).startswith("refused:")
    rev, ident = rig.edit(m, [c.region], deleted=True, retry_interval_s=1)
    assert rig.outcome(ident) == "applied:"
    req = rig.say(c, m, OK, revision=rev)
    rig.ack(req)
    assert not [a for a in rig.acks(req) if a["kind"] == REJECT]
    assert rig.rows(f"SELECT count(*) AS n FROM np.timer WHERE monitor_id = {m}")[0]["n"] == 0


def test_poison(rig):
    """An input that the database refuses is found and refused; nobody else waits for it for long."""
    rig.engine().ready()
    (c,), m = one_region(rig)
    rig.sql("""ALTER TABLE np.incident_event ADD CONSTRAINT no_poison CHECK (kind <> 'acknowledged')""")
    rig.sql("""CREATE FUNCTION np.poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.items = 13 THEN RAISE EXCEPTION 'poison' USING ERRCODE = '22000'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER poison BEFORE INSERT ON np.log FOR EACH ROW EXECUTE FUNCTION np.poison();
        GRANT EXECUTE ON FUNCTION np.poison TO np_engine""")
    rig.ack(rig.say(c, m, OK))
    bad = rig.say(c, m, *[OK] * 13)
    later = rig.say(c, m, OK)
    rig.sql("SELECT 1")
    wait("poison found", lambda: "input.poison" in rig.engines[0].text())
    rig.sql("DROP TRIGGER poison ON np.log")
    rig.ack(bad, REJECT)
    refused = [n for a in rig.acks(bad) if a["kind"] == REJECT for n in a["seqs"]]
    assert sorted(refused) == list(range(2, 15)), refused
    assert rig.ack(later)["n"] == 15
    assert stored(rig, c, m) == 15


def test_hold(rig):
    """After our own absence nothing opens until the checkers have sent what they kept."""
    e = rig.engine().ready()
    (c,), m = one_region(rig, interval_s=5, confirm_s=1, fail_after=1, retry_interval_s=1)
    rig.ack(rig.say(c, m, OK))
    wait("up", lambda: rig.state(m) == "up")
    e.restart(9)
    old = now_us()
    rig.hello(c, oldest_ms=30000)
    rig.ack(rig.send(c, [result(m, old, FAIL), result(m, old + 1000, FAIL)], m % 16, oldest_ms=30000))
    time.sleep(4)
    assert rig.sql("SELECT count(*) FROM np.incident") == "0", "opened while held"
    fresh = now_us()  # recover_after: two passes end a failing vote
    rig.ack(rig.send(c, [result(m, fresh, OK), result(m, fresh + 1000, OK)], m % 16, oldest_ms=0))
    wait("up again", lambda: rig.state(m) == "up")
    assert rig.sql("SELECT count(*) FROM np.incident") == "0"
    say_until("down", lambda: rig.state(m) == "down", lambda: rig.say(c, m, FAIL))


def heard_inputs(rig, shard):
    """How many signs of life each input of the shard's log tells."""
    rows = rig.rows(f"SELECT encode(inputs, 'hex') AS x FROM np.log WHERE shard = {shard} ORDER BY pos")
    inputs = [fields(data) for row in rows for data in fields(bytes.fromhex(row["x"])).get(2, [])]
    return [len(fields(i[8][0])[1]) for i in inputs if 8 in i]


def test_many_heard_at_once(rig):
    """While held, those heard of together are a few inputs: each looks at every held monitor."""
    e = rig.engine().ready()
    (c,), m = one_region(rig)
    shard = m % 16
    # What the engine would read again after its start would end the hold.
    wait("trimmed", lambda: rig.redis("XLEN", f"np:results:{shard}") == 0)
    e.restart(9)
    rig.hello(*[Checker(100000 + i, c.region) for i in range(300)], shards=[shard])
    wait("all told", lambda: sum(heard_inputs(rig, shard)) >= 300)
    assert len(heard_inputs(rig, shard)) <= 6, heard_inputs(rig, shard)


QUICK = {"interval_s": 5, "confirm_s": 1, "recover_s": 1, "fail_after": 1, "recover_after": 1, "retry_interval_s": 1}


def test_parent(rig):
    """While what it depends on is down, an incident is linked and tells nobody; afterwards it does."""
    rig.engine().ready()
    rig.channel()
    (c,), _ = one_region(rig)
    parent, parent_id = rig.monitor([c.region], **QUICK)
    child, _ = rig.monitor([c.region], parent=parent_id, **{**QUICK, "confirm_s": 4})

    def until(what, done, **status):
        say_until(what, done, lambda: [rig.say(c, m, status[n]) for m, n in ((parent, "parent"), (child, "child"))])

    until("both up", lambda: rig.state(parent) == rig.state(child) == "up", parent=OK, child=OK)
    rig.sql("CREATE TABLE asked AS SELECT 0 AS n WHERE false; CREATE FUNCTION np.note_ask() RETURNS trigger"
            " LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN INSERT INTO public.asked VALUES (NEW.monitor_id);"
            " RETURN NEW; END $$; CREATE TRIGGER note BEFORE INSERT ON np.inbox FOR EACH ROW"
            " WHEN (NEW.actor = 'engine') EXECUTE FUNCTION np.note_ask();"
            "GRANT EXECUTE ON FUNCTION np.note_ask TO np_engine")
    until("child suspect", lambda: rig.state(child) in ("suspect", "down"), parent=FAIL, child=FAIL)
    wait("parent asked", lambda: rig.sql(f"SELECT count(*) > 0 FROM asked WHERE n = {parent}") == "t")
    until("both down", lambda: rig.state(parent) == rig.state(child) == "down", parent=FAIL, child=FAIL)
    rows = {r["monitor_id"]: r for r in rig.rows("SELECT monitor_id, id, parent_incident FROM np.incident")}
    assert rows[child]["parent_incident"] == rows[parent]["id"], rows
    told = {r["monitor_id"]: (r["state"], r["held_reason"]) for r in rig.rows(
        "SELECT monitor_id, state, held_reason FROM np.notice WHERE kind = 'opened'")}
    assert told == {parent: ("pending", ""), child: ("held", "suppressed")}, told
    until("parent up", lambda: rig.state(parent) == "up", parent=OK, child=FAIL)
    until("child told", lambda: rig.sql("SELECT state FROM np.notice WHERE kind = 'opened'"
                                        f" AND monitor_id = {child}") == "pending", parent=OK, child=FAIL)


def test_suspect_region(rig):
    """A region that fails alone and widely does not count, is told once, and counts again when it agrees."""
    rig.engine().ready()
    rig.channel()
    regions, (bad, *good) = three_regions(rig)
    monitors = [rig.monitor(regions, quorum="any", **{**QUICK, "confirm_s": 600})[0] for _ in range(12)]

    def round_of(status):
        for m in monitors:
            rig.say(bad, m, status)
            for c in good:
                rig.say(c, m, OK)

    def until(what, done, status):
        say_until(what, done, lambda: round_of(status))

    def trust():
        return rig.sql(f"SELECT suspect FROM np.region_trust WHERE region_id = {bad.region}")

    until("all up", lambda: all(rig.state(m) == "up" for m in monitors), OK)
    until("suspect", lambda: trust() == "t", FAIL)
    until("it does not count", lambda: rig.sql("SELECT count(*) FROM np.monitor_state WHERE failing > 0") == "0", FAIL)
    assert rig.sql("SELECT count(*) FROM np.incident") == "0"
    late, _ = rig.monitor(regions, quorum="any", **QUICK)  # made while the region is suspect
    monitors.append(late)
    until("the late one is up", lambda: rig.state(late) == "up", FAIL)
    told = "SELECT kind FROM np.notice WHERE kind LIKE 'region%' ORDER BY id"
    kinds = [r["kind"] for r in rig.rows(told)]
    assert kinds == ["region_suspect"], kinds
    until("trusted", lambda: trust() == "f", OK)
    until("counts again", lambda: rig.sql(
        "SELECT count(*) FROM np.monitor_state WHERE assigned = 3 AND state = 'up'") == "13", OK)
    kinds = [r["kind"] for r in rig.rows(told)]
    assert kinds == ["region_suspect", "region_trusted"], kinds
    acts = [r["act"] for r in rig.rows("SELECT act FROM np.audit WHERE act IN ('region.suspect', 'region.trusted')")]
    assert acts == ["region.suspect", "region.trusted"], acts


WINDOW = 13  # of an input


def windows_of(rig):
    """Monitors of which the log holds that a window began."""
    inputs = (fields(i) for row in rig.rows("SELECT encode(inputs, 'hex') AS x FROM np.log")
              for i in fields(bytes.fromhex(row["x"])).get(2, []))
    return {fields(w)[1][0] for i in inputs for w in i.get(WINDOW, [])}


def test_windows(rig):
    """Maintenance and quiet hours hold the opening; it is told, with its true time, when they end."""
    rig.engine().ready()
    rig.channel()
    (c,), _ = one_region(rig)
    worked, worked_id = rig.monitor([c.region], **QUICK)
    tagged, _ = rig.monitor([c.region], tags=["db", "eu"], **QUICK)
    now = time.time()
    hours = {"zone": "UTC", "from": time.strftime("%H:%M", time.gmtime(now - 3600)),
             "to": time.strftime("%H:%M", time.gmtime(now + 3600))}
    quiet, _ = rig.monitor([c.region], **QUICK)
    rig.edit(quiet, [c.region], quiet=hours, **QUICK)
    loud, _ = rig.monitor([c.region], **QUICK)
    rig.edit(loud, [c.region], severity="critical", quiet=hours, **QUICK)
    all_of_them = (worked, tagged, quiet, loud)

    def until(what, done, status, revisions):
        say_until(what, done, lambda: [rig.say(c, m, status, revision=revisions.get(m, 1)) for m in all_of_them])

    second = {quiet: 2, loud: 2}
    until("all up", lambda: all(rig.state(m) == "up" for m in all_of_them), OK, second)
    start = time.strftime("%Y-%m-%dT%H:%M:00", time.gmtime(now - 3600))
    for scope in ({"monitors": [worked_id]}, {"tags": ["db"]}):
        d = {"zone": "UTC", "start": start, "duration_s": 6 * 3600}
        rig.sql("INSERT INTO np.maintenance (id, org_id, title, definition, scope, created_by) VALUES"
                f" (gen_random_uuid(), 1, 'works', '{json.dumps(d)}', '{json.dumps(scope)}', 'ops')")
    wait("the engine knows of all windows", lambda: windows_of(rig) >= {worked, tagged, quiet})
    until("all down", lambda: all(rig.state(m) == "down" for m in all_of_them), FAIL, second)

    def told():
        return {r["monitor_id"]: (r["state"], r["held_reason"]) for r in rig.rows(
            "SELECT monitor_id, state, held_reason FROM np.notice WHERE kind = 'opened'")}

    assert told() == {worked: ("held", "maintenance"), tagged: ("held", "maintenance"),
                      quiet: ("held", "quiet_hours"), loud: ("pending", "")}, told()
    why = rig.sql(f"SELECT why FROM np.monitor_state WHERE monitor_id = {worked}")
    assert "alert held: maintenance until" in why, why
    rig.sql("UPDATE np.maintenance SET deleted_at = now(), changed_xid = pg_current_xact_id() WHERE scope ? 'tags'")
    rig.edit(quiet, [c.region], **QUICK)
    wait("told", lambda: told()[tagged][0] == told()[quiet][0] == "pending")
    assert told()[worked] == ("held", "maintenance"), told()


def test_inbox_in_turn(rig):
    """A crowd of commands of one organisation does not keep the one of another waiting."""
    e = rig.engine().ready()
    (c,), _ = one_region(rig)
    m, _ = rig.monitor([c.region], **QUICK)
    wait("defined", lambda: rig.state(m))
    e.stop()
    rig.sql("INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, command, created_at) SELECT"
            f" gen_random_uuid(), {m % 16}, 1, {m}, 'crowd', 'resolve', now() - interval '1 minute'"
            " FROM generate_series(1, 2500)")
    rig.sql("INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, command) VALUES"
            f" (gen_random_uuid(), {m % 16}, 2, {m}, 'alone', 'resolve')")
    e.start()
    e.ready()
    wait("all decided", lambda: rig.sql("SELECT count(*) FROM np.inbox WHERE outcome IS NULL") == "0", 2 * PATIENCE_S)
    before = int(rig.sql("SELECT count(*) FROM np.inbox WHERE actor = 'crowd' AND decided_at <"
                         " (SELECT decided_at FROM np.inbox WHERE actor = 'alone')"))
    assert before < 1000, before


def main(argv):
    tests = {k[5:]: v for k, v in globals().items() if k.startswith("test_")}
    failed = 0
    servers = None  # one set for all, with an empty schema and Redis each; a failed test leaves none behind
    for name in argv[1:] or tests:
        begun = time.monotonic()
        try:
            if not servers:
                servers = Servers()
                servers.start_all()
            with Rig(argv[0], servers=servers) as rig:
                tests[name](rig)
            print(f"ok   {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {name} ({time.monotonic() - begun:.1f} s)", flush=True)
            traceback.print_exc()
            servers.close()
            servers = None
    if servers:
        servers.close()
    print(f"{len(argv[1:] or tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
