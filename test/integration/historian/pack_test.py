# SPDX-License-Identifier: Apache-2.0
"""pack_test.py ENGINE NETPULSE: a log that was packed gives the stored incidents, and engines start without it."""
import json
import os
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
        m, ident = rig.monitor(regions, **rules)
        down_and_up(rig, m, checkers)
        down_and_up(rig, m, checkers)
        owner = conf(rig, "owner", "np_admin", 5432)
        replay = [netpulse, "replay", "--config", owner, "--monitor", ident, "--json"]

        def again():
            said = json.loads(subprocess.run(replay, check=True, stdout=subprocess.PIPE, text=True).stdout)
            assert [i["verdict"] for i in said] == ["same", "same"], said

        again()
        # as if a day had passed
        shard = m % 16
        old = rig.sql(f"SELECT max(pos) - 5 FROM np.log WHERE shard = {shard}")
        rig.sql(f"UPDATE np.log SET at = at - interval '1 day' WHERE pos <= {old}")
        sock = rig.servers.path("h1.sock")
        h = subprocess.Popen([netpulse, "historian", "--config", conf(
            rig, "h1", "np_historian", 6432, name="h1", admin={"listen": "unix:" + sock})], stderr=subprocess.DEVNULL)
        try:
            wait("packed", lambda: rig.sql(f"SELECT count(*) FROM np.log_packed WHERE shard = {shard}") != "0", 90)
        finally:
            h.send_signal(signal.SIGTERM)
            h.wait(30)
        left = int(rig.sql(f"SELECT count(*) FROM np.log WHERE shard = {shard} AND pos <= {old}"))
        print("packed, left of them:", left)
        again()
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
