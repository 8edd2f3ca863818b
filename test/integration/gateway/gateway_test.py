# SPDX-License-Identifier: Apache-2.0
"""gateway_test.py GATEWAY MINT [test …]: every promise of the gateway, over real sockets."""
import json
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import traceback
import urllib.request
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "test", "lib"))
sys.path.insert(0, HERE)
from peers import (ACK, ASSIGN, JOB, PAUSE, PONG, REJECT, REWIND, WELCOME, Checker, Closed, Engine,  # noqa: E402
                   batch, f, fields, numbers, one, result)
from servers import PATIENCE_S, Servers  # noqa: E402


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class World:
    """The servers, a registry with checkers and monitors, certificates, one gateway."""

    def __init__(self, servers, gateway_exe, mint):
        self.servers, self.gateway_exe, self.mint_exe = servers, gateway_exe, mint
        self.pki = servers.path("pki")
        self.process = None
        self.checkers = {}
        servers.schema()
        self.mint("init", self.pki)
        self.mint("init", self.pki + "-wrong")

    def mint(self, *args):
        return subprocess.run([self.mint_exe, *map(str, args)], check=True, stdout=subprocess.PIPE,
                              text=True).stdout.strip()

    def sql(self, text):
        return self.servers.psql(text).strip()

    def region(self, name, org=1):
        return int(self.sql(f"INSERT INTO np.region (org_id, name) VALUES ({org}, '{name}') RETURNING id"))

    def checker(self, name, region, seconds=3600):
        """Enrol: certificate and row. Yields its number."""
        ident = str(uuid.uuid4())
        region_name = self.sql(f"SELECT name FROM np.region WHERE id = {region}")
        serial = self.mint("leaf", self.pki, name, region_name, ident, seconds)
        number = int(self.sql(
            "INSERT INTO np.checker (uuid, org_id, region_id, serial, not_after, key_sha256) VALUES "
            f"('{ident}', 1, {region}, '{serial}', now() + interval '{seconds} s', '') RETURNING id"))
        self.checkers[name] = (number, ident, region_name)
        return number

    def monitor(self, regions, **definition):
        d = {"name": "m", "kind": "http", "target": "http://127.0.0.1/", "interval_s": 60, "timeout_s": 10,
             "retries": 2, "retry_interval_s": 5, "options": {}, "assertions": [], "paused": False}
        pinned = definition.pop("pinned", None)
        org = definition.pop("org", 1)
        d.update(definition)
        return int(self.sql(
            "INSERT INTO np.monitor (uuid, org_id, name, kind, definition, region_ids, pinned) VALUES "
            f"(gen_random_uuid(), {org}, 'm', '{d['kind']}', '{json.dumps(d)}', "
            f"'{{{','.join(map(str, regions))}}}', {pinned or 'NULL'}) RETURNING id"))

    def members(self, region, *checkers):
        self.sql(f"INSERT INTO np.membership (region_id, number, org_id, from_at, members) SELECT {region}, "
                 f"coalesce(max(number), 0) + 1, 1, now(), '{{{','.join(map(str, sorted(checkers)))}}}' "
                 f"FROM np.membership WHERE region_id = {region}")

    def start(self, **more):
        """On ports that were free a moment ago; sometimes somebody else is faster."""
        for last in (False, False, True):
            self.port, self.admin = free_port(), free_port()
            self.address = ("127.0.0.1", self.port)
            self.launch(more)
            try:
                return self.wait_ready()
            except RuntimeError as e:
                if last or "taken by another program" not in str(e):
                    raise

    def launch(self, more):
        s = self.servers
        conf = {
            "name": "gw-1", "listen": f"127.0.0.1:{self.port}", "hmac_key_file": s.path("hmac.key"),
            "admin": {"listen": f"127.0.0.1:{self.admin}"}, "log": {"level": "info"},
            "database": {"host": s.dir, "port": 6432 if "pgbouncer" in s.which else 5432,
                         "name": "np_gateway" if "pgbouncer" in s.which else "netpulse",
                         "user": "np_gateway", "password_file": s.path("np_gateway.db")},
            "redis": {"socket": s.path("redis.sock"), "user": "np_gateway",
                      "password_file": s.path("np_gateway.redis")},
            "tls": {"cert_file": self.pki + "/server.pem", "key_file": self.pki + "/server.key",
                    "edge_root_file": self.pki + "/root.pem"},
        }
        conf.update(more)
        with open(s.path("gateway.yaml"), "w", encoding="ascii") as file:
            json.dump(conf, file)  # YAML is a superset
        with open(s.path("gateway.log"), "ab") as log:
            self.process = subprocess.Popen([self.gateway_exe, "--config", s.path("gateway.yaml")], stderr=log)

    def wait_ready(self):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if self.process.poll() is not None:
                break
            if self.get("/ready")[0] == 200:
                return
            time.sleep(0.02)
        raise RuntimeError("the gateway is not ready:\n" + self.log())

    def log(self):
        with open(self.servers.path("gateway.log"), encoding="utf-8") as file:
            return file.read()[-3000:]

    def get(self, path):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}{path}", timeout=PATIENCE_S) as r:
                return r.status, r.read().decode()
        except urllib.error.HTTPError as e:
            return e.code, ""
        except OSError:
            return 0, ""

    def metric(self, name, label=""):
        for line in self.get("/metrics")[1].splitlines():
            if line.startswith(name) and label in line:
                return float(line.rsplit(" ", 1)[1])
        return 0.0

    def stop(self, sig=signal.SIGTERM):
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(PATIENCE_S) if self.process else 0

    def stream_if(self, name):
        """None: not let in."""
        c = Checker(self.address, self.pki, name)
        if c.upgrade() == 101:
            return self.greeted(c)
        c.close()
        return None

    def stream(self, name):
        """Connected, welcomed, assigned: the checker and its first ASSIGN."""
        c = Checker(self.address, self.pki, name)
        status = c.upgrade()
        assert status == 101, status
        return self.greeted(c)

    @staticmethod
    def greeted(c):
        c.hello()
        c.welcome = c.expect(WELCOME)
        c.assign = c.expect(ASSIGN)
        return c


def upserts(assign):
    return sorted(one(fields(m), 1) for m in assign.get(4, []))


def until(test):
    """The first true answer."""
    end = time.monotonic() + PATIENCE_S
    while True:
        got = test()
        if got:
            return got
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


# --- the tests; w: World, e: Engine ------------------------------------------------------------

def test_hello_welcome_assign(w, e):
    c = w.stream("a")
    assert one(c.welcome, 1) == b"eu-west"
    assert abs(one(c.welcome, 3) / 1e6 - time.time()) < PATIENCE_S
    assert one(c.assign, 2) == 1
    number = w.checkers["a"][0]
    h = e.wait_heard(lambda shard, h: shard == 0 and one(h, 1) == number and one(h, 5) == 1)
    assert one(h, 8) == b"1.0"
    c.send(f(4, f(1, 99)))
    assert one(c.expect(PONG), 1) == 99
    c.close()
    e.wait_heard(lambda shard, h: one(h, 1) == number and one(h, 6) == 1)


def test_batch_is_queued_verbatim_and_acked(w, e):
    c = w.stream("a")
    m = w.m_a[0]
    sent = batch(7 << 16, m % 16, 1, [result(m), result(m)])
    c.send(f(2, sent))
    got = e.next()
    shard, r, _ = got
    number, _, _ = w.checkers["a"]
    assert shard == m % 16 and one(r, 8) == sent
    assert one(r, 1) == b"gw-1" and one(r, 5) == number and one(r, 6) == w.eu
    assert one(r, 7) >= 1, "the membership that it knew"
    assert abs(one(r, 4) / 1e6 - time.time()) < PATIENCE_S
    e.ack(got, 2)
    a = c.expect(ACK)
    assert (one(a, 1), one(a, 2), one(a, 3)) == (7 << 16, m % 16, 2)
    c.close()


def test_order_is_kept_and_answers_find_their_batch(w, e):
    c = w.stream("a")
    m = w.m_a[0]
    for i in range(1, 21):
        c.send_batch(8 << 16, m % 16, i, [result(m)])
    got = [e.next() for _ in range(20)]
    assert [one(b, 3) for _, _, b in got] == list(range(1, 21))
    for g in reversed(got):
        e.ack(g, one(g[2], 3))
    assert sorted(one(c.expect(ACK), 3) for _ in range(20)) == list(range(1, 21))
    c.close()


def test_rewind_and_reject_are_passed_on(w, e):
    c = w.stream("a")
    m = w.m_a[0]
    c.send_batch(9 << 16, m % 16, 5, [result(m)])
    e.ack(e.next(), 1, kind=1)
    assert one(c.expect(REWIND), 3) == 1
    c.send_batch(9 << 16, m % 16, 1, [result(m), result(m)])
    got = e.next()
    reject = e.record(got, 2, kind=2) + f(8, 2) + f(9, "not assigned")
    e.publish([reject, e.record(got, 2)])
    r = c.expect(REJECT)
    assert numbers(r, 3) == [2] and one(r, 4) == b"not assigned"
    assert one(c.expect(ACK), 3) == 2
    c.close()


def test_forged_acks_are_dropped(w, e):
    c = w.stream("a")
    m = w.m_a[0]
    c.send_batch(10 << 16, m % 16, 1, [result(m)])
    got = e.next()
    r = {n: one(fields(e.record(got, 1)), n) for n in range(1, 7)}
    for wrong in ({1: r[1] + 1}, {2: r[2] + 5}, {3: r[3] + 1}, {4: r[4] + 1}, {5: (r[5] + 1) % 16}):
        e.ack(got, 1, **{f"f{k}": v for k, v in wrong.items()})
    e.publish([e.record(got, 1)], key=b"x" * 32)
    e.redis.cmd("PUBLISH", "np:ack:gw-1", b"garbage")
    try:
        kind, _ = c.frame(0.5)
        assert kind != ACK, "a forged ack came through"
    except TimeoutError:
        pass
    assert w.metric("netpulse_gateway_acks_dropped_total", 'reason="incarnation"') >= 1
    assert w.metric("netpulse_gateway_acks_dropped_total", 'reason="mismatch"') >= 3
    assert w.metric("netpulse_gateway_acks_dropped_total", 'reason="seal"') >= 2
    e.ack(got, 1)
    assert one(c.expect(ACK), 3) == 1
    c.close()


def test_two_senders_never_get_each_others_answers(w, e):
    a, b = w.stream("a"), w.stream("b")
    m = w.m_a[0]
    a.send_batch(11 << 16, m % 16, 1, [result(m)])
    b.send_batch(12 << 16, m % 16, 1, [result(m)])
    got = sorted([e.next(), e.next()], key=lambda g: one(g[2], 1))
    # The answer to b's batch under a's request number, and the other way round.
    for x, y in ((0, 1), (1, 0)):
        e.ack(got[x], 1, f2=one(got[y][1], 3))
    for c in (a, b):
        try:
            assert c.frame(0.3)[0] != ACK
        except TimeoutError:
            pass
    e.publish([e.record(g, 1) for g in got])
    assert one(a.expect(ACK), 1) == 11 << 16
    assert one(b.expect(ACK), 1) == 12 << 16
    a.close()
    b.close()


def test_invalid_items_are_marked_not_refused(w, e):
    c = w.stream("a")
    m = w.m_a[0]
    bad = [result(m), result(m, f7=3, f8=5, f9=b"a\0b"), result(m, f7=3, f8=5, f9=b"\xff\xfe"), result(m + 1),
           result(m, f7=99), f(2, f(1, 4) + f(2, 9) + f(3, 1) + f(4, 1)), b"", result(m)]
    c.send_batch(13 << 16, m % 16, 1, bad)
    got = e.next()
    marks = {one(fields(x), 1): one(fields(x), 2) for x in got[1].get(9, [])}
    assert sorted(marks) == [1, 2, 3, 4, 5, 6], marks
    e.ack(got, 11)
    assert one(c.expect(ACK), 3) == 11
    c.close()


def test_what_is_not_ours_closes_the_stream(w, e):
    m = w.m_a[0]
    for raw in (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\x10\0\0" + b"x" * 100, b"\0\0\0\x02\x12\x05",
                b"\0\0\0\x04\x0a\0\x0a\0"):
        c = w.stream("a")
        c.raw(raw)
        assert c.is_closed(), raw
        c.close()
    for frame in (f(2, b"\x08"), f(2, batch(0, 0, 1, [])), f(2, batch(1, 16, 1, [])), f(2, batch(1, 0, 0, [])),
                  f(2, batch(1, m % 16, 1, [b""] * 1001)), f(3, f(1, 99) + f(2, 1) + f(3, 1)), f(1, f(1, "again"))):
        c = w.stream("a")
        c.send(frame)
        assert c.is_closed(), frame[:20]
        c.close()
    c = Checker(w.address, w.pki, "a")
    assert c.upgrade() == 101
    c.send_batch(1 << 16, m % 16, 1, [result(m)])
    assert c.is_closed(), "a batch before HELLO"
    c.close()
    e.read(300)
    assert not e.queue, "nothing of it was queued"


def test_cut_frames_are_put_together(w, e):
    c = w.stream("a")
    m = w.m_a[0]
    frame = f(2, batch(14 << 16, m % 16, 1, [result(m)]))
    data = len(frame).to_bytes(4, "big") + frame
    for i in range(0, len(data), 7):
        c.raw(data[i:i + 7])
        time.sleep(0.002)
    e.ack(e.next(), 1)
    assert one(c.expect(ACK), 3) == 1
    c.close()


def test_slow_is_passed_on_without_a_number(w, e):
    c = w.stream("a")
    m = w.m_a[0]
    c.send(f(3, f(1, m % 16) + f(2, m) + f(3, 1700000000000000) + f(4, 1)))
    until(lambda: e.read(100) or e.slow)
    shard, r, slow = e.slow.pop()
    assert shard == m % 16 and one(slow, 2) == m and one(r, 5) == w.checkers["a"][0]
    c.close()


def test_identities(w, e):
    wrong = w.pki + "-wrong"
    ident = w.checkers["a"][1]
    w.mint("leaf", wrong, "evil", "eu-west", ident, 3600)
    for pki, name in ((wrong, "evil"), (w.pki, None)):
        try:
            shutil.copy(w.pki + "/root.pem", wrong + "/right-root.pem")
            c = Checker(w.address, pki, name, root="right-root" if name else "root")
            status = c.upgrade()
            raise AssertionError(f"{name} got {status}")
        except (Closed, ssl.SSLError, ConnectionError):
            pass
    w.mint("leaf", w.pki, "stranger", "eu-west", uuid.uuid4(), 3600)
    c = Checker(w.address, w.pki, "stranger")
    assert c.upgrade() == 401
    w.mint("leaf", w.pki, "twin", "eu-west", ident, 3600)
    c = Checker(w.address, w.pki, "twin")  # right uuid, another serial
    assert c.upgrade() == 401
    w.mint("leaf", w.pki, "moved", "us-east", ident, 3600)
    c = Checker(w.address, w.pki, "moved")  # right uuid, a region that is not its own
    assert c.upgrade() == 401
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.maximum_version = ssl.TLSVersion.TLSv1_2
    ctx.load_verify_locations(w.pki + "/root.pem")
    ctx.load_cert_chain(w.pki + "/a.pem", w.pki + "/a.key")
    try:
        ctx.wrap_socket(socket.create_connection(w.address, timeout=PATIENCE_S), server_hostname="localhost")
        raise AssertionError("TLS 1.2")
    except ssl.SSLError:
        pass
    assert w.metric("netpulse_gateway_refused_total", 'reason="unknown"') >= 2
    assert w.metric("netpulse_gateway_refused_total", 'reason="serial"') >= 1


def test_a_new_checker_is_known_at_once(w, e):
    number = w.checker("fresh", w.eu)
    e.nudge(1)
    until(lambda: w.metric("netpulse_gateway_checkers") >= len(w.checkers))
    c = w.stream("fresh")
    c.close()
    assert number > 0


def test_a_newer_stream_replaces_the_older(w, e):
    a = w.stream("a")
    b = w.stream("a")
    assert a.is_closed()
    b.send(f(4, f(1, 5)))
    assert one(b.expect(PONG), 1) == 5
    b.close()


def test_rotation(w, e):
    number = w.checker("rot", w.eu)
    ident = w.checkers["rot"][1]
    e.nudge(1)
    until(lambda: w.metric("netpulse_gateway_checkers") >= len(w.checkers))
    old = w.stream("rot")
    serial = w.mint("leaf", w.pki, "rot2", "eu-west", ident, 3600)
    w.sql(f"UPDATE np.checker SET next_serial = '{serial}', next_not_after = now() + interval '1 h', "
          f"changed_xid = pg_current_xact_id() WHERE id = {number}")
    e.nudge(1)
    time.sleep(0.3)
    old.send(f(4, f(1, 1)))
    assert one(old.expect(PONG), 1) == 1, "a rotation drops no connection"
    again = w.stream("rot")  # the old one still holds
    new = until(lambda: w.stream_if("rot2"))
    until(lambda: w.sql(f"SELECT serial FROM np.checker WHERE id = {number}") == serial)
    c = Checker(w.address, w.pki, "rot")
    assert c.upgrade() == 401, "the old certificate holds no more"
    new.send(f(4, f(1, 2)))
    assert one(new.expect(PONG), 1) == 2
    for x in (old, again, new, c):
        x.close()


def test_an_expired_certificate_ends_its_stream(w, e):
    c = None
    for seconds in (4, 15, 45):  # on a slow machine it may be over before it is used
        name = f"short{seconds}"
        w.checker(name, w.eu, seconds)
        e.nudge(1)
        until(lambda: w.metric("netpulse_gateway_checkers") >= len(w.checkers))
        try:
            c = w.stream_if(name)
        except (Closed, ssl.SSLError, ConnectionError):
            continue
        if c:
            break
    assert c and c.is_closed(2 * PATIENCE_S)
    try:
        c = Checker(w.address, w.pki, name)
        assert c.upgrade() != 101
    except (Closed, ssl.SSLError, ConnectionError):
        pass


def test_a_ban_ends_it(w, e):
    w.checker("bad", w.eu)
    e.nudge(1)
    until(lambda: w.metric("netpulse_gateway_checkers") >= len(w.checkers))
    ident = w.checkers["bad"][1]
    c = w.stream("bad")
    idle = Checker(w.address, w.pki, "bad")
    status, _, _ = idle.post(b"nonsense")
    assert status == 400
    w.sql(f"BEGIN; SELECT set_config('np.tenant', '1', true); SELECT np.ban('{ident}', 'test', 'test', 'why'); COMMIT")
    assert c.is_closed(), "without a nudge, by the poll"
    try:
        idle.post(b"nonsense")
        raise AssertionError("a banned checker was answered")
    except Closed:
        pass
    c = Checker(w.address, w.pki, "bad")
    assert c.upgrade() == 403
    assert w.metric("netpulse_gateway_refused_total", 'reason="banned"') >= 1


def test_assignments_follow_the_registry(w, e):
    a, b = w.stream("a"), w.stream("b")
    assert sorted(upserts(a.assign) + upserts(b.assign)) == sorted(w.m_a)
    generation = one(a.assign, 1)
    m = w.monitor([w.eu], pinned=w.checkers["a"][0], target="http://127.0.0.1:81/", interval_s=0.5,
                  options={"method": "HEAD"}, assertions=[{"source": "status", "op": "eq", "value": 200}])
    e.nudge(2)
    d = a.expect(ASSIGN)
    assert upserts(d) == [m] and one(d, 1) > generation and one(d, 2) == 0
    x = fields(d[4][0])
    assert one(x, 2) == 1 and one(x, 3) == m % 16 and one(x, 4) == 1 and one(x, 5) == b"http://127.0.0.1:81/"
    assert (one(x, 6), one(x, 7), one(x, 8), one(x, 9)) == (500, 10000, 2, 5000)
    assert json.loads(one(x, 12)) == {"method": "HEAD"} and json.loads(one(x, 13))[0]["op"] == "eq"
    assert one(x, 11) == 1 and one(x, 14) == 1
    w.sql(f"UPDATE np.monitor SET definition = definition || '{{\"paused\": true}}', revision = 2, "
          f"changed_xid = pg_current_xact_id() WHERE id = {m}")
    e.nudge(2)
    assert numbers(a.expect(ASSIGN), 5) == [m], "paused: nobody runs it"
    w.sql(f"UPDATE np.monitor SET definition = definition || '{{\"paused\": false}}', revision = 3, pinned = NULL, "
          f"changed_xid = pg_current_xact_id() WHERE id = {m}")
    w.members(w.eu, w.checkers["b"][0])
    e.nudge(3)
    while m not in upserts(b.expect(ASSIGN)):
        pass

    def all_of_them():  # memberships may be read a moment after monitors
        c = w.stream("b")
        c.close()
        return upserts(c.assign) == sorted(w.m_a + [m])
    until(all_of_them)
    w.sql(f"UPDATE np.monitor SET deleted_at = now(), changed_xid = pg_current_xact_id() WHERE id = {m}")
    w.members(w.eu, w.checkers["a"][0], w.checkers["b"][0])
    e.nudge(3)
    until(lambda: w.metric("netpulse_gateway_monitors") == len(w.m_a) + 1)
    for x in (a, b):
        x.close()

    def shared():
        streams = w.stream("a"), w.stream("b")
        got = sorted(m for s in streams for m in upserts(s.assign))
        for s in streams:
            s.close()
        return got == sorted(w.m_a)
    until(shared)


def test_private_addresses_only_in_ones_own_regions(w, e):
    org = int(w.sql("INSERT INTO np.org (name) VALUES ('other') RETURNING id"))
    m = w.monitor([w.eu], org=org, pinned=w.checkers["a"][0])
    e.nudge(2)

    def row():
        a = w.stream("a")
        a.close()
        return {one(fields(x), 1): fields(x) for x in a.assign[4]}.get(m)
    assert one(until(row), 14) == 0
    w.sql(f"UPDATE np.org SET private_ok = true WHERE id = {org}")
    time.sleep(1.3)
    assert one(until(row), 14) == 0, "the region is another organisation's"
    w.sql(f"UPDATE np.monitor SET deleted_at = now(), changed_xid = pg_current_xact_id() WHERE id = {m}")
    e.nudge(2)


def test_jobs_go_to_the_one_that_runs_it(w, e):
    a, b = w.stream("a"), w.stream("b")
    until(lambda: e.is_heard(f"np:jobs:{w.eu}"))
    for m in w.m_a[:4]:
        owner = a if m in upserts(a.assign) else b
        e.job(w.eu, m, key=b"y" * 32)
        e.job(w.eu, m)
        j = owner.expect(JOB)
        assert one(j, 1) == m and one(j, 3) == 77
    a.close()
    b.close()


def test_post_protobuf_and_json(w, e):
    c = Checker(w.address, w.pki, "a")
    m = w.m_a[0]
    c.post_send(batch(15 << 16, m % 16, 1, [result(m)]))
    got = e.next()
    assert not c.s.pending(), "not before the commit"
    e.ack(got, 1)
    status, head, body = c.post_answer()
    assert status == 200 and head["content-type"] == "application/x-protobuf"
    assert one(fields(fields(body)[1][0]), 3) == 1
    now = int(time.time() * 1e6)
    text = {"epoch": str(16 << 16), "shard": m % 16, "firstSeq": "1", "items": [
        {"result": {"monitor": m, "revision": 1, "slotUs": str(now), "start_us": now, "durationUs": 5, "status": 1}},
        {"result": {"monitor": m, "revision": 0, "slotUs": str(now), "start_us": now, "status": 1}}]}
    c.post_send(json.dumps(text).encode(), "application/json; charset=utf-8")
    got = e.next()
    assert len(got[1].get(9, [])) == 1
    e.publish([e.record(got, 2, kind=2) + f(8, 2) + f(9, "revision"), e.record(got, 2)])
    status, head, body = c.post_answer()
    assert status == 200
    assert json.loads(body) == {"acks": [{"epoch": str(16 << 16), "shard": m % 16, "n": "2"}],
                                "rejects": [{"epoch": str(16 << 16), "shard": m % 16, "seqs": ["2"],
                                             "reason": "revision"}]}, body
    c.post_send(batch(16 << 16, m % 16, 9, [result(m)]))
    e.ack(e.next(), 3, kind=1)
    status, _, body = c.post_answer()
    assert one(fields(fields(body)[2][0]), 3) == 3
    c.close()


def test_post_refusals(w, e):
    c = Checker(w.address, w.pki, "a")
    for body, kind, want in ((b"\xff", "application/x-protobuf", 400), (b"{", "application/json", 400),
                             (b'{"tenant":1}', "application/json", 400), (b"{}", "application/json", 400),
                             (b"x", "text/plain", 415), (batch(1, 0, 1, [b""] * 1001), "application/x-protobuf", 413),
                             (f(99, b"x" * 300000), "application/x-protobuf", 413)):
        status, _, answer = c.post(body, kind)
        assert status == want, (status, want, answer)
    status, _, answer = c.post(b'{"epoch":1,"shard":1,"firstSeq":1,"items":[{"result":{"monitor":"x"}}]}', "application/json")
    assert status == 400 and b"items[0].result.monitor" in answer
    c.close()
    c = Checker(w.address, w.pki, "a")
    assert c.post(b"x" * (1 << 20 | 1))[0] == 413
    c.close()


def test_post_banned_by_the_engine(w, e):
    c = Checker(w.address, w.pki, "b")
    m = w.m_a[0]
    c.post_send(batch(17 << 16, m % 16, 1, [result(m)]))
    e.ack(e.next(), 0, kind=3)
    assert c.post_answer()[0] == 403
    s = w.stream("b")
    s.send_batch(17 << 16, m % 16, 1, [result(m)])
    e.ack(e.next(), 0, kind=3)
    assert s.is_closed()
    c.close()


def test_unanswered_posts_get_503(w, e):
    c = Checker(w.address, w.pki, "a")
    m = w.m_a[0]
    start = time.monotonic()
    c.post_send(batch(18 << 16, m % 16, 1, [result(m)]))
    got = e.next()
    status, head, _ = c.post_answer()
    assert status == 503 and head["retry-after"] == "1"
    assert time.monotonic() - start > 9
    e.ack(got, 1)  # too late: for nobody
    c.post_send(batch(18 << 16, m % 16, 1, [result(m)]))
    e.ack(e.next(), 1)
    assert c.post_answer()[0] == 200
    c.close()


def test_at_most_32_unanswered(w, e):
    c = w.stream("b")
    m = w.m_a[0]
    for i in range(1, 40):
        c.send_batch(19 << 16, m % 16, i, [result(m)])
    assert one(c.expect(PAUSE), 1) > 0
    got = [e.next() for _ in range(32)]
    e.read(300)
    assert not e.queue
    e.publish([e.record(g, 32) for g in got])
    for _ in range(32):
        c.expect(ACK)
    c.close()


def test_a_full_queue_pauses(w, e):
    used = int(next(x for x in e.redis.cmd("INFO", "memory").decode().splitlines()
                    if x.startswith("used_memory:")).split(":")[1])
    limit = e.redis.cmd("CONFIG", "GET", "maxmemory")[1]
    e.redis.cmd("CONFIG", "SET", "maxmemory", used // 2)  # writes fail with -OOM from now on
    try:
        c = w.stream("b")
        m = w.m_a[0]
        c.send_batch(20 << 16, m % 16, 1, [result(m)])
        p = c.expect(PAUSE)
        assert one(p, 1) >= 500 and b"full" in one(p, 2)
        x = Checker(w.address, w.pki, "a")
        status, head, _ = x.post(batch(20 << 16, m % 16, 1, [result(m)]))
        assert status == 503 and head["retry-after"] == "1"
        x.close()
    finally:
        e.redis.cmd("CONFIG", "SET", "maxmemory", limit)

    def taken():  # soon; until then it is paused
        c.send_batch(20 << 16, m % 16, 1, [result(m)])
        e.read(500)
        return e.queue
    until(taken)
    e.ack(e.next(), 1)
    assert one(c.expect(ACK), 3) == 1
    c.close()


def test_limits_of_its_own_pause_too(w, e):
    for number, limit in enumerate(({"queue": {"max_bytes": 1}}, {"memory": {"max_bytes": 1}})):
        x = World.__new__(World)
        x.__dict__.update(w.__dict__)
        x.process = None
        x.start(name=f"gw-limit-{number}", **limit)
        try:
            until(lambda: x.metric("netpulse_gateway_queue_bytes") > 1)
            c = x.stream("a")
            m = w.m_a[0]
            for i in (1, 2):  # of its own memory the first batch takes some
                c.send_batch(26 << 16, m % 16, i, [result(m)])
            assert b"full" in one(c.expect(PAUSE), 2)
            c.close()
        finally:
            assert x.stop() == 0
    e.read(300)


def test_a_slow_reader_costs_little(w, e):
    """One that pings and never reads is closed before its output fills the memory."""
    before = rss(w)
    c = w.stream("b")
    c.s.settimeout(1)
    ping = f(4, f(1, 1 << 60))
    many = (len(ping).to_bytes(4, "big") + ping) * 2000
    closed = False
    for _ in range(400):
        try:
            c.raw(many)
        except (Closed, TimeoutError, OSError):
            closed = True
            break
    assert closed
    assert rss(w) - before < 32 << 20
    c.close()


def rss(w):
    with open(f"/proc/{w.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * 4096


def test_known_checkers_stay_without_postgres(w, e):
    c = w.stream("a")
    w.servers.kill("pg")
    try:
        time.sleep(1.5)
        d = w.stream("b")
        m = w.m_a[0]
        for x, epoch in ((c, 21 << 16), (d, 22 << 16)):
            x.send_batch(epoch, m % 16, 1, [result(m)])
            e.ack(e.next(), 1)
            assert one(x.expect(ACK), 3) == 1
        s = Checker(w.address, w.pki, "stranger")
        assert s.upgrade() == 401
        assert w.get("/ready")[0] == 200, "it does its work"
        s.close()
        d.close()
    finally:
        w.servers.start("pg")
    until(lambda: w.metric("netpulse_gateway_registry_age_seconds") < 1.5)
    c.close()


def test_redis_away_pauses_and_heals(w, e):
    c = w.stream("a")
    m = w.m_a[0]
    w.servers.kill("redis")
    until(lambda: w.get("/ready")[0] == 503)
    c.send_batch(23 << 16, m % 16, 1, [result(m)])
    assert b"away" in one(c.expect(PAUSE), 2)
    x = Checker(w.address, w.pki, "b")
    assert x.post(batch(23 << 16, m % 16, 1, [result(m)]))[0] == 503
    w.servers.start("redis")
    w.wait_ready()
    e.__init__(w.servers)
    e.read(300)
    e.queue.clear()
    c.send_batch(23 << 16, m % 16, 1, [result(m)])
    e.ack(e.next(), 1)
    assert one(c.expect(ACK), 3) == 1
    for y in (c, x):
        y.close()


def test_certificate_files_are_reloaded(w, e):
    w.mint("init", w.pki + "-next")
    c = w.stream("a")
    serial = peer_serial(w)
    for name in ("server.pem", "server.key"):  # of another root: clients of the old one refuse it
        shutil.copy(f"{w.pki}/{name}", f"{w.pki}/{name}.old")
    for name in ("server.key", "server.pem"):
        shutil.copy(f"{w.pki}-next/{name}", f"{w.pki}/{name}")
    until(lambda: peer_serial(w, "-next") not in (None, serial))
    c.send(f(4, f(1, 3)))
    assert one(c.expect(PONG), 1) == 3, "live streams go on"
    for name in ("server.key", "server.pem"):
        shutil.copy(f"{w.pki}/{name}.old", f"{w.pki}/{name}")
    w.process.send_signal(signal.SIGHUP)
    until(lambda: peer_serial(w) == serial)
    c.close()


def peer_serial(w, suffix=""):
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    ctx.load_verify_locations(f"{w.pki}{suffix}/root.pem")
    ctx.load_cert_chain(w.pki + "/a.pem", w.pki + "/a.key")
    try:
        with ctx.wrap_socket(socket.create_connection(w.address, timeout=PATIENCE_S), server_hostname="localhost") as s:
            return s.getpeercert()["serialNumber"]
    except (ssl.SSLError, OSError):
        return None


def test_bad_configuration_is_one_sentence(w, e):
    path = w.servers.path("bad.yaml")
    with open(path, "w", encoding="ascii") as file:
        file.write("name: x\nlisten: 127.0.0.1:1\nno_such_key: 1\n")
    done = subprocess.run([w.gateway_exe, "--config", path], stderr=subprocess.PIPE, text=True, timeout=PATIENCE_S, check=False)
    assert done.returncode != 0 and "no_such_key" in done.stderr


def test_stop_answers_what_is_under_way(w, e):
    """Last of all: it ends the gateway."""
    c = w.stream("a")
    x = Checker(w.address, w.pki, "b")
    m = w.m_a[0]
    c.send_batch(24 << 16, m % 16, 1, [result(m)])
    x.post_send(batch(25 << 16, m % 16, 1, [result(m)]))
    got = [e.next(), e.next()]
    w.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    assert w.process.poll() is None, "it waits for the answers"
    e.publish([e.record(g, 1) for g in got])
    assert one(c.expect(ACK), 3) == 1
    assert x.post_answer()[0] == 200
    assert w.process.wait(PATIENCE_S) == 0
    number = w.checkers["a"][0]
    e.wait_heard(lambda shard, h: one(h, 1) == number and one(h, 6) == 1)


def prepare(w):
    w.eu, w.us = w.region("eu-west"), w.region("us-east")
    a, b = w.checker("a", w.eu), w.checker("b", w.eu)
    w.checker("c", w.us)
    w.m_a = [w.monitor([w.eu]) for _ in range(24)]
    w.monitor([w.us])
    w.members(w.eu, a, b)


def main(argv):
    wanted = argv[2:]
    tests = [(n, t) for n, t in globals().items() if n.startswith("test_") and (not wanted or n in wanted)]
    failed = 0
    with Servers(["pg", "pgbouncer", "redis"]) as servers:
        w = World(servers, argv[0], argv[1])
        prepare(w)
        w.start()
        e = Engine(servers)
        try:
            for name, test in tests:
                start = time.monotonic()
                try:
                    e.read(1)
                    e.queue.clear()
                    e.heard.clear()
                    test(w, e)
                    print(f"ok    {name} {time.monotonic() - start:.2f} s", flush=True)
                except Exception:  # the next test still tells something
                    failed += 1
                    print(f"FAIL  {name}\n{traceback.format_exc()}{w.log()[-800:]}", flush=True)
                    if w.process.poll() is not None:
                        w.start()
        finally:
            code = w.stop()
            if code != 0:
                failed += 1
                print(f"FAIL  exit {code}\n{w.log()}")
    print(f"{len(tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
