# SPDX-License-Identifier: Apache-2.0
"""heartbeat_test.py ALERTER: it beats while the whole is well, and is missed as soon as it is not."""
import http.server
import os
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from rig import Rig, wait_for  # noqa: E402


class Switch:
    """The other side."""

    def __init__(self):
        self.got = []
        self.status = 200
        switch = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                switch.got.append((time.monotonic(), self.path))
                self.send_response(switch.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/secret-id"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def beats(self):
        """A new one comes."""
        n = len(self.got)
        wait_for("a beat", lambda: len(self.got) > n)


def silent(rig, switch, why):
    """The alerter says why it holds back, and nothing came after it said so."""
    state = wait_for(why, lambda: (lambda r: r if r and not r[0]["well"] and why in r[0]["why"] else None)(
        rig.rows("SELECT well, why FROM np.heartbeat")))
    n = len(switch.got)
    last = rig.sql("SELECT at FROM np.heartbeat")
    wait_for("two turns more", lambda: rig.sql(f"SELECT at > timestamptz '{last}' + interval '1.5 seconds' FROM np.heartbeat") == "t")
    assert len(switch.got) == n, (why, state)


def run(exe):
    switch = Switch()
    with Rig(exe, heartbeat={"url": switch.url, "every_s": 1}) as rig:
        rig.sql = lambda text: rig.servers.psql(text).strip()  # a connection each: the server dies meanwhile
        rig.sql("UPDATE np.shard SET owner = 'engine-1', lease_until = now() + interval '1 hour';"
                "INSERT INTO np.lease VALUES ('auditor', 'h1', now() + interval '1 hour')")
        rig.start()
        switch.beats()
        assert {p for _, p in switch.got} == {"/ping/secret-id"}
        wait_for("noted", lambda: rig.sql("SELECT well AND ok_at IS NOT NULL AND why = '' FROM np.heartbeat") == "t")
        for make, why, mend in (
                ("UPDATE np.shard SET lease_until = now() - interval '1 second' WHERE id = 4", "1 shards have no owner",
                 "UPDATE np.shard SET lease_until = now() + interval '1 hour'"),
                ("INSERT INTO np.finding (kind, subject, severity, detail, since, seen_at, told_at) VALUES"
                 " ('x', 'y', 'severe', 'z', now(), now(), now())", "1 severe findings",
                 "UPDATE np.finding SET severity = 'major'"),
                ("UPDATE np.lease SET lease_until = now()", "no auditor", "UPDATE np.lease SET lease_until = now() + interval '1 hour'"),
                ("INSERT INTO np.checker_seen (checker_id, org_id, region_id, heard_at, connected, lag_p95_us) VALUES"
                 " (1, 1, 1, now() + interval '1 hour', true, 45000000)", "45 s late", "UPDATE np.checker_seen SET lag_p95_us = 900")):
            rig.sql(make)
            silent(rig, switch, why)
            rig.sql(mend)
            switch.beats()
        # without the database it cannot know, and says nothing
        rig.servers.kill("pg")
        wait_for("it says so", lambda: "database does not answer" in rig.said())
        n = len(switch.got)
        time.sleep(2.5)  # two beats would have come
        assert len(switch.got) == n
        rig.servers.start("pg")
        switch.beats()
        # sent and refused is no heartbeat
        switch.status = 500
        wait_for("refused", lambda: rig.sql("SELECT well AND why = 'HTTP 500' AND ok_at < tried_at FROM np.heartbeat") == "t")
        switch.status = 200
        wait_for("well", lambda: rig.sql("SELECT why FROM np.heartbeat") == "")
        # an operator who may not reach private addresses cannot use one here either
        rig.sql("UPDATE np.org SET private_ok = false")
        wait_for("guarded", lambda: "not allowed" in rig.sql("SELECT why FROM np.heartbeat"))
        rig.stop()
        assert "secret-id" not in rig.said()


def main(argv):
    try:
        run(argv[0])
    except Exception:
        traceback.print_exc()
        return 1
    print("ok")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
