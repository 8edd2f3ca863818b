# SPDX-License-Identifier: Apache-2.0
"""audit_test.py NETPULSE [test …]: the chain is sealed in time, once; whatever is done to it later is found."""
import base64
import datetime
import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from rig import Rig, wait  # noqa: E402

COLUMNS = ("id", "org_id", "at", "actor", "origin", "act", "subject", "before", "after")
EVERYTHING = "SELECT json_agg(a ORDER BY org_id, seq) FROM (SELECT id, org_id, seq, actor, origin, act, subject," \
    " before::text, after::text, (extract(epoch FROM at) * 1000000)::bigint AS at," \
    " (extract(epoch FROM sealed_at) * 1000000)::bigint AS sealed_at, encode(prev_hash, 'hex') AS prev," \
    " encode(hash, 'hex') AS hash FROM np.audit WHERE seq IS NOT NULL) a"


def act(rig, org=1, n=1, after="'{\"b\": 1, \"a\": \"é <>\"}'"):
    rig.sql(f"INSERT INTO np.audit (org_id, actor, origin, act, subject, after) SELECT {org}, 'anna', 'api', 'test.act',"
            f" 's' || i, {after} FROM generate_series(1, {n}) i")


def sealed(rig):
    return wait("sealed", lambda: rig.sql("SELECT count(*) = 0 FROM np.audit WHERE seq IS NULL") == "t")


def rows(rig):
    return json.loads(rig.sql(EVERYTHING) or "[]") or []


# The encoding of doc/audit.md, written down a second time.

def field(value):
    if value is None:
        return b"\xff\xff\xff\xff"
    data = value if isinstance(value, bytes) else str(value).encode()
    return len(data).to_bytes(4, "big") + data


def sha(*fields):
    return hashlib.sha256(b"".join(field(f) for f in fields)).digest()


def content(r):
    return sha("np.audit.1", *(r[c] for c in COLUMNS))


def link(r, prev):
    return sha("np.link.1", r["org_id"], r["seq"], r["sealed_at"], prev, content(r))


def as_attacker(rig, text):
    """With every power over the database: triggers do not fire."""
    return rig.sql("SET session_replication_role = replica; " + text)


def seed(rig, n=12):
    """Two chains with several heads, and nobody at work."""
    rig.sql("INSERT INTO np.org (name) VALUES ('other')")
    rig.historian(heads_every_ms=100)
    for i in range(3):
        act(rig, 1, n // 3)
        act(rig, 2, 2)
        sealed(rig)
        wait("signed", lambda: rig.sql("SELECT bool_and(seq = signed_seq) FROM np.audit_head") == "t")
    rig.stop()
    rig.sql("CREATE TABLE public.saved AS SELECT * FROM np.audit; CREATE TABLE public.saved_head AS SELECT * FROM np.audit_head;"
            "CREATE TABLE public.saved_signed AS SELECT * FROM np.audit_signed")
    with open(rig.heads, "rb") as f:
        rig.saved_heads = f.read()


def restore(rig):
    as_attacker(rig, "DELETE FROM np.audit; INSERT INTO np.audit OVERRIDING SYSTEM VALUE SELECT * FROM public.saved;"
                "DELETE FROM np.audit_head; INSERT INTO np.audit_head SELECT * FROM public.saved_head;"
                "DELETE FROM np.audit_signed; INSERT INTO np.audit_signed SELECT * FROM public.saved_signed")
    with open(rig.heads, "wb") as f:
        f.write(rig.saved_heads)


def test_links(rig):
    """Each row is linked, by the documented encoding, chains apart; late commits come next."""
    rig.sql("INSERT INTO np.org (name) VALUES ('other')")
    rig.historian(heads_every_ms=200)
    act(rig)
    sealed(rig)
    early = subprocess.Popen([os.environ.get("NP_PG_BIN", "/usr/lib/postgresql/15/bin") + "/psql", "-X", "-q", "-h", rig.servers.dir,
                              "-U", "np_admin", "-d", "netpulse"], stdin=subprocess.PIPE, text=True,
                             env=dict(os.environ, PGPASSWORD=rig.servers._secret("np_admin.db")))
    early.stdin.write("BEGIN; INSERT INTO np.audit (org_id, actor, origin, act) VALUES (1, 'slow', 'api', 'x');\n"
                      "SELECT pg_advisory_lock(77) \\g /dev/null\n")
    early.stdin.flush()
    wait("inserted", lambda: rig.sql("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 77") == "1")
    act(rig, 1, 40)
    act(rig, 2, 5, after="NULL")
    sealed(rig)
    early.stdin.write("COMMIT;\n")
    early.stdin.close()
    early.wait()
    wait("the late one", lambda: rig.sql("SELECT seq FROM np.audit WHERE actor = 'slow'") == "42")
    prev, last = {}, {}
    for r in rows(rig):
        org = r["org_id"]
        assert r["seq"] == last.get(org, 0) + 1
        assert r["prev"] == prev.get(org, bytes(32)).hex()
        assert r["hash"] == link(r, bytes.fromhex(r["prev"])).hex(), r
        prev[org], last[org] = bytes.fromhex(r["hash"]), r["seq"]
    assert last == {1: 42, 2: 5}, last
    wait("heads", lambda: rig.sql("SELECT bool_and(seq = signed_seq) FROM np.audit_head") == "t")
    said = rig.verify()
    assert said["ok"] and said["entries"] == 47 and said["heads"] >= 2 and said["organisations"] == 2, said
    assert said["signed_until"], said
    assert rig.run("audit", "verify", "--config", rig.owner, "--key", "00", rig.heads, status=2)
    assert rig.run("audit", "verify", "--config", rig.owner, "--key", rig.key, rig.heads + "x", status=2)


def test_written_once(rig):
    """No service changes or removes a row; the sealer seals it once."""
    rig.historian()
    act(rig, 1, 3)
    sealed(rig)
    rig.stop()
    act(rig)
    hashes = "seq = 99, prev_hash = sha256('x'), hash = sha256('y'), sealed_at = now()"
    for user in ("np_engine", "np_web", "np_alerter", "np_ca", "np_gateway", "np_historian"):
        assert "permission denied" in rig.refused("DELETE FROM np.audit", user), user
        assert "permission denied" in rig.refused("UPDATE np.audit SET actor = 'eve'", user), user
        if user != "np_historian":
            assert "permission denied" in rig.refused(f"UPDATE np.audit SET {hashes}", user), user
    assert "written once" in rig.refused(f"UPDATE np.audit SET {hashes} WHERE seq = 2", "np_historian")
    assert "written once" in rig.refused("UPDATE np.audit SET seq = NULL, hash = NULL WHERE seq = 2", "np_historian")
    assert "written once" in rig.refused("UPDATE np.audit SET seq = 4 WHERE seq IS NULL", "np_historian")
    assert "written once" in rig.refused(
        "INSERT INTO np.audit (org_id, actor, origin, act, seq) VALUES (1, 'eve', 'api', 'x', 1)", "np_engine")
    for text in ("UPDATE np.audit SET actor = 'eve'", "DELETE FROM np.audit", "TRUNCATE np.audit"):
        assert "written once" in rig.refused(text, "np_admin"), text  # not even the owner, by mistake


def rewrite(rig, org, from_seq, change, only=False):
    """The whole chain anew from there, with the sealer's own notes: consistent in itself. Or that one entry."""
    prev, tip, text = bytes(32), 0, ""
    for r in rows(rig):
        if r["org_id"] != org:
            continue
        if r["seq"] == from_seq or (r["seq"] > from_seq and not only):
            if r["seq"] == from_seq:
                r.update(change)
                text += "".join(f"UPDATE np.audit SET {k} = '{v}' WHERE id = {r['id']};" for k, v in change.items())
            new = link(r, prev)
            text += f"UPDATE np.audit SET prev_hash = '\\x{prev.hex()}', hash = '\\x{new.hex()}' WHERE id = {r['id']};"
        else:
            new = bytes.fromhex(r["hash"])
        prev, tip = new, r["seq"]
    as_attacker(rig, text if only else text + f"UPDATE np.audit_head SET seq = {tip}, signed_seq = {tip}, hash = '\\x{prev.hex()}' WHERE org_id = {org}")


def foreign_head(rig):
    """A line that follows on the last one, signed by somebody else."""
    lines = rig.saved_heads.splitlines()
    n = len(lines) + 1
    prev = hashlib.sha256(lines[-1]).hexdigest()
    at = datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000001Z")
    claim = f"np.head.1 {n} {at} 1 12 {rows(rig)[11]['hash']} {prev}".encode()
    pem, data = rig.servers.path("eve.pem"), rig.servers.path("claim")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", pem], check=True)
    with open(data, "wb") as f:
        f.write(claim)
    sig = subprocess.run(["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", pem, "-in", data], check=True, stdout=subprocess.PIPE).stdout
    return claim + b" " + base64.urlsafe_b64encode(sig).rstrip(b"=") + b"\n"


def heads_as(rig, change):
    def do():
        with open(rig.heads, "wb") as f:
            f.write(change(rig.saved_heads))
    return do


def cut_tail(rig, fix):
    def do():
        as_attacker(rig, "DELETE FROM np.audit WHERE org_id = 1 AND seq > 10")
        if fix:
            as_attacker(rig, "UPDATE np.audit_head SET seq = 10, signed_seq = 8,"
                        " hash = (SELECT hash FROM np.audit WHERE org_id = 1 AND seq = 10) WHERE org_id = 1;"
                        "DELETE FROM np.audit_signed WHERE org_id = 1 AND seq > 10")
    return do


def without_line(k):
    return lambda b: b"".join(line for i, line in enumerate(b.splitlines(True)) if i != k)


def test_tampering(rig):
    """Each way of changing the past is found, and the first bad entry named."""
    seed(rig)
    assert rig.verify()["ok"]
    at5 = "WHERE org_id = 1 AND seq = 5"
    cases = [
        ("edited", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET actor = 'eve' {at5}")),
        ("edited", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET after = jsonb_set(after, '{{b}}', '2') {at5}")),
        ("edited", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET after = NULL {at5}")),
        ("edited", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET before = 'null' {at5}")),
        ("edited", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET at = at + interval '1 microsecond' {at5}")),
        ("edited", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET sealed_at = sealed_at - interval '1 day' {at5}")),
        ("edited", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET sealed_at = NULL {at5}")),
        ("edited", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET hash = sha256('x') {at5}")),
        ("edited", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET prev_hash = NULL {at5}")),
        ("edited", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET actor = actor || act, act = '' {at5}")),
        ("missing", 5, lambda: as_attacker(rig, f"DELETE FROM np.audit {at5}")),
        ("missing", 1, lambda: as_attacker(rig, "DELETE FROM np.audit WHERE org_id = 1 AND seq <= 5")),
        ("missing", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET seq = NULL {at5}")),
        ("missing", 5, lambda: as_attacker(rig, f"UPDATE np.audit SET org_id = 3 {at5}")),
        ("unlinked", 6, lambda: rewrite(rig, 1, 5, {"actor": "eve"}, only=True)),
        ("cut", 12, cut_tail(rig, True)),
        ("cut", 12, lambda: as_attacker(rig, "DELETE FROM np.audit WHERE org_id = 1 AND seq = 12")),
        ("cut", 4, lambda: as_attacker(rig, "DELETE FROM np.audit WHERE org_id = 1; DELETE FROM np.audit_head WHERE org_id = 1;"
                                       "DELETE FROM np.audit_signed WHERE org_id = 1")),
        ("rewritten", 8, lambda: rewrite(rig, 1, 6, {"actor": "eve"})),
        ("rewritten", 4, lambda: rewrite(rig, 1, 1, {"actor": "eve"})),
        ("head", 12, heads_as(rig, lambda b: b + foreign_head(rig))),
        ("head", None, heads_as(rig, without_line(2))),
        ("head", None, heads_as(rig, without_line(0))),
        ("heads_cut", 12, heads_as(rig, lambda b: b"".join(b.splitlines(True)[:-2]))),
        ("heads_cut", None, heads_as(rig, lambda b: b"")),
    ]
    for kind, seq, do in cases:
        do()
        said = rig.verify()
        assert not said["ok"], (kind, seq, said)
        found = [f for f in said["findings"] if f["org"] in (0, 1) or f["kind"] == "head"]
        assert any(f["kind"] == kind and seq in (None, f["entry"]) for f in found), (kind, seq, said)
        if kind in ("edited", "missing"):
            first = min(f["entry"] for f in found if f["kind"] not in ("head", "heads_cut", "cut", "rewritten"))
            assert first == seq, (kind, seq, said)
        restore(rig)
        assert rig.verify()["ok"], kind
    # the key is pinned: with another one nothing holds
    wrong = rig.verify(key="7" * 64)
    assert not wrong["ok"] and wrong["findings"][0]["kind"] == "head", wrong
    # one finding, not one for each entry behind it
    as_attacker(rig, f"UPDATE np.audit SET actor = 'eve' {at5}")
    assert rig.verify()["wrong"] == 1


def test_any_bit(rig):
    """A single flipped bit anywhere in a sealed row or in the heads file is found."""
    seed(rig, 6)
    dice = random.Random(os.environ.get("SEED", "11"))
    for _ in range(12):
        b = bytearray(rig.saved_heads)
        at = dice.randrange(len(b))
        b[at] ^= 1 << dice.randrange(8)
        with open(rig.heads, "wb") as f:
            f.write(b)
        if at < len(b) - 1:  # without its last line feed the last line only looks unfinished
            assert not rig.verify()["ok"], at
    restore(rig)
    for column in ("prev_hash", "hash"):
        bit = dice.randrange(256)
        as_attacker(rig, f"UPDATE np.audit SET {column} = set_bit({column}, {bit}, 1 - get_bit({column}, {bit})) WHERE org_id = 1 AND seq = 4")
        assert [f["entry"] for f in rig.verify()["findings"] if f["kind"] == "edited"] == [4], column
        restore(rig)
    for column in ("actor", "origin", "act", "subject"):
        bit = dice.randrange(5)
        as_attacker(rig, f"UPDATE np.audit SET {column} = chr(ascii({column}) # (1 << {bit})) || substr({column}, 2) WHERE org_id = 1 AND seq = 3")
        assert [f["entry"] for f in rig.verify()["findings"] if f["kind"] == "edited"] == [3], column
        restore(rig)


def test_killed_sealers(rig):
    """kill -9 in the middle, two at once, half a line in the heads file: one chain, nothing left out."""
    dice = random.Random(os.environ.get("SEED", "5"))
    rig.sql("UPDATE np.shard SET owner = 'engine-1', lease_until = now() + interval '1 hour'")  # or the auditor has its say
    rig.historian("h1", heads_every_ms=100)
    rig.historian("h2", heads_every_ms=100)
    total = 0
    for turn in range(6):
        act(rig, 1, 700)
        act(rig, 1 + turn % 2, 30)
        total += 730
        time.sleep(dice.random() * 0.3)
        name = dice.choice(["h1", "h2"])
        rig.stop(name, signal.SIGKILL)
        if turn == 3:
            wait("a line", lambda: os.path.exists(rig.heads))
            with open(rig.heads, "ab") as f:  # what a crash of the machine leaves
                f.write(b"np.head.1 99 2026-01-01T00:00:00Z 1")
        rig.historian(name, heads_every_ms=100)
    sealed(rig)
    wait("signed", lambda: rig.sql("SELECT bool_and(seq = signed_seq) FROM np.audit_head") == "t")
    for name in list(rig.processes):
        rig.stop(name)
    assert rig.sql("SELECT string_agg(n::text, ',') FROM (SELECT count(*) = max(seq) AS n FROM np.audit GROUP BY org_id) x") in ("true", "true,true")
    said = rig.verify()
    assert said["ok"] and said["entries"] == total and said["unsealed"] == 0, said
    assert rig.sql("SELECT count(*) FROM np.lease") == "0"


def main(argv):
    tests = {k[5:]: v for k, v in globals().items() if k.startswith("test_")}
    failed = 0
    for name in argv[1:] or tests:
        begun = time.monotonic()
        try:
            with Rig(argv[0]) as rig:
                tests[name](rig)
            print(f"ok   {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {name} ({time.monotonic() - begun:.1f} s)", flush=True)
            traceback.print_exc()
    print(f"{len(argv[1:] or tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
