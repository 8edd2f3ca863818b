# SPDX-License-Identifier: Apache-2.0
"""pack_test.py ENGINE NETPULSE: a log that was packed gives the stored incidents, engines start without it, and an
exported incident holds offline, until a byte of it is changed."""
import base64
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "engine"))
from rig import Rig, wait  # noqa: E402
from wire import FAIL, OK  # noqa: E402


def conf(rig, file, user, port, **more):
    s = rig.servers
    path = s.path(file + ".json")
    with open(path, "w", encoding="ascii") as f:
        json.dump({"database": {"host": s.dir, "port": port, "name": user if port == 6432 else "netpulse", "user": user,
                                "password_file": s.path(user + ".db")}, **more}, f)
    os.chmod(path, 0o600)
    return path


SECRET = "s3cret-token"


def down_and_up(rig, m, checkers):
    rig_state = lambda want, say: wait_saying(rig, m, checkers, want, say)  # noqa: E731
    rig_state("up", OK)
    rig_state("down", FAIL)
    rig_state("up", OK)


def wait_saying(rig, m, checkers, want, say):
    end = time.monotonic() + 30
    while rig.state(m) != want:
        assert time.monotonic() < end, rig.state(m)
        for c in checkers:
            rig.say(c, m, say)
        time.sleep(0.3)


def documents(rig, netpulse, owner, key):
    """Every incident exported and checked; then each way of changing one."""
    ids = [r["id"] for r in rig.rows("SELECT id FROM np.incident ORDER BY decided_at")]
    path = rig.servers.path("export.json")

    def run(*args, status=0):
        done = subprocess.run([netpulse, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == status, (args, done.returncode, done.stdout, done.stderr)
        return done.stdout + done.stderr

    for n, ident in enumerate(ids[:2]):
        run("incident", "export", ident if n else "1", "--config", owner, "--key", key, "--out", path)
        said = json.loads(run("verify", path, "--key", key, "--json"))
        assert said["incident"] == ident and said["ok"] and said["key_pinned"] and not said["unproven"], said
        assert said["inputs_folded"] > 5 and said["entries"] >= 3 and said["heads"] >= 1, said
    with open(path, encoding="utf-8") as f:
        text = f.read()
    doc = json.loads(text)
    inside = b"".join(base64.urlsafe_b64decode(i + "=" * (-len(i) % 4))
                      for i in [doc["evidence"]["start"], *doc["evidence"]["inputs"]])
    assert b"interval_s" in inside and SECRET not in text and SECRET.encode() not in inside, "what a check sends stays at home"
    assert doc["evidence"]["source"] == "log" and doc["evidence"]["batches"][0]["sha256"], doc["evidence"]
    assert doc["events"] and doc["notices"] and doc["monitor"]["revisions"], doc.keys()
    assert "np.head.1" in doc["chain"]["segments"][0]["head"]

    def changed(why, change, sum_too=True):
        other = json.loads(json.dumps(doc))
        change(other)
        if sum_too:  # whoever forges knows how to add up
            del other["sha256"]
            text = json.dumps(other, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
            other["sha256"] = hashlib.sha256(text.encode()).hexdigest()
        with open(path, "w", encoding="utf-8") as f:
            json.dump(other, f, ensure_ascii=False)
        assert why in run("verify", path, "--key", key, status=1), why

    def entry(d):
        return next(x["entry"] for s in d["chain"]["segments"] for x in s["links"] if "entry" in x)

    changed("its own sum", lambda d: d["incident"].update(why="x"), sum_too=False)
    changed("the chain", lambda d: entry(d).update(actor="eve"))
    changed("the chain", lambda d: d["chain"]["segments"][0].update(prev_hash="00" * 32))
    changed("the chain", lambda d: d["chain"]["segments"][-1]["links"].pop())
    changed("than the chain says", lambda d: d["incident"].update(opened_at="2026-01-01T00:00:00+00:00"))
    changed("not signed by this key", lambda d: d["chain"]["segments"][0].update(
        head=d["chain"]["segments"][0]["head"][:-4] + "AAAA"))
    changed("folded", lambda d: d["evidence"].update(inputs=d["evidence"]["inputs"][:3]))
    changed("folded", lambda d: d["evidence"]["inputs"].insert(5, d["evidence"]["inputs"][4][:40]))
    with open(path, "w", encoding="utf-8") as f:
        json.dump(doc, f, ensure_ascii=False)
    run("verify", path, "--key", "7" * 64, status=1)
    assert "that the file names" in run("verify", path)


def main(argv):
    engine, netpulse = argv
    with Rig(engine) as rig:
        rig.engine(snapshot={"every_ms": 1000}).ready()
        rig.channel()
        regions = [rig.region(n) for n in ("eu", "us")]
        checkers = [rig.checker(r) for r in regions]
        rig.hello(*checkers)
        for c, r in zip(checkers, regions):
            wait("member", lambda c=c, r=r: rig.members(r) == "{%d}" % c.number)
        rules = dict(confirm_s=1, recover_s=1, fail_after=1, recover_after=1, retry_interval_s=1)
        m, ident = rig.monitor(regions, options={"send": SECRET}, **rules)
        down_and_up(rig, m, checkers)
        down_and_up(rig, m, checkers)
        owner = conf(rig, "owner", "np_admin", 5432)
        replay = [netpulse, "replay", "--config", owner, "--monitor", ident, "--json"]

        def again():
            said = json.loads(subprocess.run(replay, check=True, stdout=subprocess.PIPE, text=True).stdout)
            assert [i["verdict"] for i in said] == ["same", "same"], said

        again()
        key_file = rig.servers.path("audit.key")
        with open(key_file, "w", encoding="ascii") as f:
            f.write(secrets.token_hex(32))
        os.chmod(key_file, 0o600)
        key = subprocess.run([netpulse, "audit", "key", "--file", key_file], check=True, stdout=subprocess.PIPE,
                             text=True).stdout.strip()
        # as if a day had passed, for rows that a snapshot has in it: behind one, time never runs backwards
        shard = m % 16
        old = rig.sql(f"SELECT least((SELECT max(pos) - 5 FROM np.log WHERE shard = {shard}),"
                      f" (SELECT max(pos) FROM np.snapshot WHERE shard = {shard}))")
        rig.sql(f"UPDATE np.log SET at = at - interval '1 day' WHERE pos <= {old}")
        sock = rig.servers.path("h1.sock")
        h = subprocess.Popen([netpulse, "historian", "--config", conf(
            rig, "h1", "np_historian", 6432, name="h1", admin={"listen": "unix:" + sock},
            audit={"key_file": key_file, "heads_file": rig.servers.path("heads.log"), "heads_every_ms": 200})], stderr=subprocess.DEVNULL)
        try:
            wait("packed", lambda: rig.sql(f"SELECT count(*) FROM np.log_packed WHERE shard = {shard}") != "0", 90)
            wait("signed", lambda: rig.sql("SELECT (SELECT count(*) FROM np.audit WHERE seq IS NULL) = 0"
                                           " AND bool_and(seq = signed_seq) FROM np.audit_head") == "t")
        finally:
            h.send_signal(signal.SIGTERM)
            h.wait(30)
        left = int(rig.sql(f"SELECT count(*) FROM np.log WHERE shard = {shard} AND pos <= {old}"))
        print("packed, left of them:", left)
        again()
        documents(rig, netpulse, owner, key)
        # an engine starts behind the packed rows, and goes on
        rig.engines[0].restart(9)
        rig.hello(*checkers)
        wait_saying(rig, m, checkers, "down", FAIL)
        # the snapshots of the day's beginning are kept
        assert int(rig.sql(f"SELECT count(*) FROM np.snapshot WHERE shard = {shard}")) in (2, 3, 4)
        assert "permission denied" in refused(rig, "SELECT * FROM np.log_packed", "np_engine")
    print("1 passed, 0 failed")
    return 0


def refused(rig, text, user):
    try:
        rig.servers.psql(text, user=user)
    except RuntimeError as e:
        return str(e)
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
