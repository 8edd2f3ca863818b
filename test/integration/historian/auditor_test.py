# SPDX-License-Identifier: Apache-2.0
"""auditor_test.py NETPULSE [test …]: each fault of NetPulse itself is made, found, told, mended, over."""
import glob
import http.client
import os
import signal
import socket
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from rig import Rig, wait  # noqa: E402

QUICK = {"auditor": {"every_ms": 150, "clear_s": 1}}
AGO = "now() - interval '{} seconds'"
OPEN = "SELECT string_agg(kind || ':' || subject, ',' ORDER BY kind, subject) FROM np.finding WHERE cleared_at IS NULL AND told_at IS NOT NULL"
INCIDENT = "20000000-0000-0000-0000-00000000000{}"
CHANNEL = "10000000-0000-0000-0000-00000000000{}"


def well(rig):
    """An installation in which an engine owns everything, one monitor is watched and one channel hears."""
    rig.sql("UPDATE np.shard SET owner = 'engine-1', lease_until = now() + interval '1 hour';"
            "INSERT INTO np.region (org_id, name) VALUES (1, 'fra1');"
            f"INSERT INTO np.channel (id, org_id, kind, name, config, created_at) VALUES ('{CHANNEL.format(1)}', 1, 'webhook', 'ops', '{{}}',"
            " now() - interval '1 day');"
            "INSERT INTO np.monitor (uuid, org_id, name, kind, definition, region_ids, created_at) VALUES"
            " (gen_random_uuid(), 1, 'shop', 'http', '{}', '{1}', now() - interval '1 day')")


def incident(rig, n=1, timer=True, opened=60, monitor=1):
    rig.sql("INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, state, opened_at, decided_at, why)"
            f" SELECT '{INCIDENT.format(n)}', 1, id, uuid, shard, 'open', {AGO.format(opened)}, {AGO.format(opened)}, 'x'"
            f" FROM np.monitor WHERE id = {monitor}")
    if timer:
        rig.sql("INSERT INTO np.timer (monitor_id, kind, org_id, shard, due, generation) SELECT id, 4, 1, shard,"
                f" now() + interval '1 hour', 1 FROM np.monitor WHERE id = {monitor}")


def event(rig, kind, number, ago=30, n=1):
    rig.sql("INSERT INTO np.incident_event (incident_id, number, org_id, monitor_id, at, kind, actor)"
            f" VALUES ('{INCIDENT.format(n)}', {number}, 1, 1, {AGO.format(ago)}, '{kind}', 'engine')")


def notice(rig, event_no, kind="opened", state="pending", next_ago=0, channel=1, n=1, done=None):
    rig.sql("INSERT INTO np.notice (org_id, subject, event, kind, channel_id, monitor_id, body, state, created_at, next_at, done_at)"
            f" VALUES (1, '{INCIDENT.format(n)}', {event_no}, '{kind}', '{CHANNEL.format(channel)}', 1, '{{}}', '{state}',"
            f" {AGO.format(next_ago)}, {AGO.format(next_ago)}, {done or 'NULL'})")


def found(rig):
    return rig.sql(OPEN)


def rounds(rig, n=4):
    """So many whole rounds more."""
    def count():
        class Unix(http.client.HTTPConnection):
            def connect(self):
                self.sock = socket.socket(socket.AF_UNIX)
                self.sock.connect(rig.servers.path("h1.sock"))
        c = Unix("h1")
        try:
            c.request("GET", "/metrics")
        except OSError:
            return -1  # not up yet
        for line in c.getresponse().read().decode().splitlines():
            if line.startswith("netpulse_historian_auditor_rounds_total"):
                return int(float(line.split()[-1]))
        return 0
    start = wait("metrics", lambda: count() + 1) - 1
    wait(f"{n} rounds", lambda: count() >= start + n)


def tells(rig, name, make, mend):
    make()
    wait(f"{name} found", lambda: found(rig) == name)
    mend()
    wait(f"{name} over", lambda: found(rig) == "")


def test_each_check(rig):
    """Made, found under its name alone, mended, over."""
    well(rig)
    rig.historian(**QUICK)
    rounds(rig)
    assert found(rig) == "", found(rig)
    sql = rig.sql
    first = INCIDENT.format(1)

    incident(rig, timer=False)
    wait("no timer", lambda: found(rig) == "incident_no_timer:" + first)
    sql("INSERT INTO np.timer (monitor_id, kind, org_id, shard, due, generation) VALUES (1, 7, 1, 1, now() + interval '1 hour', 1)")
    rounds(rig, 3)
    assert found(rig) == "incident_no_timer:" + first  # "no data" is nobody's next step
    sql("UPDATE np.timer SET kind = 4")
    wait("a timer", lambda: found(rig) == "")

    tells(rig, "incident_overdue:" + first, lambda: sql(f"UPDATE np.timer SET due = {AGO.format(40)}"),
          lambda: sql("UPDATE np.timer SET due = now() + interval '1 hour'"))
    tells(rig, "timer_overdue:shard 2",
          lambda: sql(f"INSERT INTO np.timer (monitor_id, kind, org_id, shard, due, generation) VALUES (2, 0, 1, 2, {AGO.format(40)}, 1)"),
          lambda: sql("DELETE FROM np.timer WHERE monitor_id = 2"))
    # without an owner nobody could: that is said instead
    tells(rig, "shard_unowned:shard 1",
          lambda: sql(f"UPDATE np.timer SET due = {AGO.format(40)}; UPDATE np.shard SET lease_until = {AGO.format(11)} WHERE id = 1"),
          lambda: sql("UPDATE np.timer SET due = now() + interval '1 hour'; UPDATE np.shard SET lease_until = now() + interval '1 hour'"))
    tells(rig, "shard_unowned:shard 3", lambda: sql("UPDATE np.shard SET owner = NULL WHERE id = 3"),
          lambda: sql("UPDATE np.shard SET owner = 'engine-1'"))

    tells(rig, f"event_untold:{first} 1", lambda: event(rig, "opened", 1), lambda: notice(rig, 1, state="sent", done="now()"))
    tells(rig, f"notice_late:{CHANNEL.format(1)}", lambda: notice(rig, 2, "reminder", next_ago=130),
          lambda: sql("UPDATE np.notice SET state = 'sent', done_at = now()"))
    sql("UPDATE np.notice SET done_at = now() - interval '1 hour'")
    tells(rig, f"notice_dead:{CHANNEL.format(1)}",
          lambda: notice(rig, 3, "reminder", "dead", 60, done=AGO.format(20)),
          lambda: notice(rig, 4, "reminder", "sent", done="now()"))
    tells(rig, "region_silent:fra1",
          lambda: sql(f"INSERT INTO np.region_trust (region_id, org_id, silent, silent_since) VALUES (1, 1, true, {AGO.format(301)})"),
          lambda: sql("UPDATE np.region_trust SET silent = false, silent_since = NULL"))
    tells(rig, "inbox_undecided:shard 5",
          lambda: sql("INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, command, created_at) VALUES"
                      f" (gen_random_uuid(), 5, 1, 5, 'anna', 'check', {AGO.format(31)})"),
          lambda: sql("UPDATE np.inbox SET outcome = 'applied'"))
    tomorrow = sql("SELECT to_char((now() + interval '1 day') AT TIME ZONE 'UTC', 'YYYYMMDD')")
    tells(rig, f"partition_missing:chunk_{tomorrow}", lambda: sql(f"DROP TABLE np.chunk_{tomorrow}"),
          lambda: sql("SELECT np.make_partitions(CURRENT_DATE, CURRENT_DATE + 3)"))
    tells(rig, "drill_failed:fra1",
          lambda: sql("INSERT INTO np.drill_run (region_id, org_id, started_by, limit_s, started_at, finished_at, ok, why)"
                      f" VALUES (1, 1, 'anna', 60, {AGO.format(90)}, {AGO.format(20)}, false, 'no check reached the target')"),
          lambda: sql("INSERT INTO np.drill_run (region_id, org_id, started_by, limit_s, started_at, finished_at, ok)"
                      f" VALUES (1, 1, 'anna', 60, {AGO.format(10)}, now(), true)"))
    tells(rig, "heartbeat_unheard:alerter-1",
          lambda: sql("INSERT INTO np.heartbeat (name, every_s, tried_at, ok_at, well, why) VALUES"
                      f" ('alerter-1', 60, now(), {AGO.format(200)}, true, 'HTTP 500')"),
          lambda: sql("UPDATE np.heartbeat SET ok_at = now()"))
    kinds = sql("SELECT count(DISTINCT kind) FROM np.finding")
    assert kinds == "12", kinds


def test_behind(rig):
    """History and the chain that stand still while the auditor of another historian looks on."""
    well(rig)
    sql = rig.sql
    # h1 looks on; the duties that stand still belong to one that is gone
    sql("INSERT INTO np.lease SELECT n, 'gone', now() + interval '1 hour' FROM (SELECT 'historian-' || k FROM generate_series(0, 15) k"
        " UNION SELECT 'sealer') x(n)")
    rig.historian(**QUICK)
    tells(rig, "historian_behind:shard 4",
          lambda: sql(f"INSERT INTO np.log VALUES (4, 7, {AGO.format(130)}, 0, ''); UPDATE np.shard SET pos = 7 WHERE id = 4"),
          lambda: sql("UPDATE np.historian_cursor SET pos = 7 WHERE shard = 4"))
    tells(rig, "sealer_behind:audit",
          lambda: sql(f"INSERT INTO np.audit (org_id, at, actor, origin, act) VALUES (1, {AGO.format(12)}, 'anna', 'api', 'x')"),
          lambda: sql("DELETE FROM np.lease WHERE owner = 'gone'"))


def test_machine(rig):
    """A clock that is off and a disk without room: of the machine, not of the database."""
    well(rig)
    # without faketime's wrapper, which would stay between us and the historian
    rig.env = {"LD_PRELOAD": glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")[0], "FAKETIME": "+5s",
               "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1",
               "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0"}
    rig.historian(**{**QUICK, "auditor": {**QUICK["auditor"], "disk": "/proc"}})  # has no blocks at all
    wait("both", lambda: found(rig) == "clock_differs:database,disk_full:data")
    rig.stop()
    rig.env = {}
    rig.historian(**QUICK)
    wait("clock well", lambda: found(rig) == "disk_full:data")  # who cannot see the disk says nothing about it


def test_explained(rig):
    """What is held, meant for nobody, refused by its destination or behind an older one is no finding."""
    well(rig)
    incident(rig)
    event(rig, "opened", 1)
    notice(rig, 1, state="held")
    event(rig, "evidence", 2)      # tells nobody
    event(rig, "acknowledged", 3)  # nobody was told before
    event(rig, "reminder", 4, ago=5)
    notice(rig, 5, "reminder", next_ago=200)
    rig.sql("INSERT INTO np.notice_attempt (notice_id, n, org_id, at, duration_ms, outcome) SELECT id, 1, 1, now(), 5, 'retry'"
            " FROM np.notice WHERE event = 5")
    rig.sql(f"INSERT INTO np.channel (id, org_id, kind, name, config, fallback_id) VALUES ('{CHANNEL.format(2)}', 1, 'webhook', 'b', '{{}}',"
            f" '{CHANNEL.format(1)}')")
    notice(rig, 6, "reminder", "dead", 60, channel=2, done=AGO.format(20))
    notice(rig, 6, "reminder", "sent", 60, channel=1, done=AGO.format(19))
    rig.sql(f"INSERT INTO np.region_trust (region_id, org_id, silent, silent_since) VALUES (1, 1, true, {AGO.format(200)})")
    rig.historian(**QUICK)
    rounds(rig, 6)
    assert found(rig) == "", found(rig)
    # once the monitor names channels that are not there, its events are meant for nobody
    rig.sql("UPDATE np.monitor SET definition = '{\"channels\": []}'")
    event(rig, "stale", 7)
    rounds(rig, 4)
    assert found(rig) == "", found(rig)
    rig.sql(f"UPDATE np.monitor SET definition = '{{\"channels\": [\"{CHANNEL.format(1)}\"]}}'")
    wait("untold", lambda: found(rig) == f"event_untold:{INCIDENT.format(1)} 7")


def test_one_incident(rig):
    """Twenty findings are one incident and one message; it ends with one; a flap starts nothing new."""
    well(rig)
    sql = rig.sql
    rig.historian(**QUICK)
    sql("UPDATE np.shard SET owner = NULL")
    wait("all shards", lambda: found(rig).count("shard_unowned") == 16)
    state = "SELECT string_agg(kind || ' ' || state, ',') FROM np.incident"
    assert sql(state) == "operator open", sql(state)
    sql(f"INSERT INTO np.region_trust (region_id, org_id, silent, silent_since) VALUES (1, 1, true, {AGO.format(301)})")
    wait("region", lambda: "region_silent" in found(rig))
    wait("a line in it", lambda: sql("SELECT string_agg(kind, ',' ORDER BY number) FROM np.incident_event") == "opened,finding")
    assert sql("SELECT string_agg(kind, ',') FROM np.notice") == "operator"
    body = sql("SELECT body FROM np.notice")
    assert "No engine owns shard" in body and "NetPulse itself" in body, body
    # told once an episode: what comes back at once goes on, quietly
    sql("UPDATE np.region_trust SET silent = false")
    wait("region well", lambda: "region_silent" not in found(rig))
    sql("UPDATE np.region_trust SET silent = true")
    wait("region back", lambda: "region_silent" in found(rig))
    assert sql("SELECT flaps FROM np.finding WHERE kind = 'region_silent'") == "1"
    rounds(rig)
    assert sql("SELECT count(*) FROM np.notice") == "1"
    assert sql("SELECT count(*) FROM np.incident_event") == "2"
    sql("UPDATE np.region_trust SET silent = false; UPDATE np.shard SET owner = 'engine-1'")
    wait("closed", lambda: sql(state) == "operator resolved")
    assert sql("SELECT string_agg(kind, ',' ORDER BY id) FROM np.notice") == "operator,resolved"
    assert sql("SELECT string_agg(act, ',' ORDER BY id) FROM np.audit") == "incident.open,incident.close"
    # what lasts no two rounds is nobody's business
    rig.stop()
    sql("UPDATE np.shard SET lease_until = now() - interval '20 seconds' WHERE id = 3")
    rig.historian(auditor={"every_ms": 600000, "clear_s": 1})
    wait("one look", lambda: sql("SELECT count(*) FROM np.finding WHERE told_at IS NULL AND cleared_at IS NULL") == "1"
         or sql("SELECT count(*) FROM np.finding WHERE cleared_at IS NULL AND flaps = 1") == "1")
    assert sql("SELECT count(*) FROM np.incident") == "1"


def test_least_rights(rig):
    """The auditor writes the operator's incident and nothing else that the engine or people own."""
    well(rig)
    incident(rig)
    assert "policy" in rig.refused("INSERT INTO np.incident (id, org_id, monitor_id, monitor_uuid, shard, state, opened_at, decided_at, why)"
                                   " SELECT gen_random_uuid(), 1, 9, uuid, 9, 'open', now(), now(), 'x' FROM np.monitor", "np_historian")
    assert rig.sql("UPDATE np.incident SET state = 'resolved' RETURNING id", "np_historian") == ""
    assert "policy" in rig.refused("INSERT INTO np.notice (org_id, subject, event, kind, channel_id, monitor_id, body, created_at, next_at)"
                                   f" VALUES (1, gen_random_uuid(), 1, 'opened', '{CHANNEL.format(1)}', 1, '{{}}', now(), now())", "np_historian")
    assert "policy" in rig.refused("INSERT INTO np.inbox (id, shard, org_id, monitor_id, actor, command) VALUES"
                                   " (gen_random_uuid(), 1, 1, 1, 'x', 'resolve')", "np_historian")
    assert "permission denied" in rig.refused("DELETE FROM np.incident", "np_historian")
    # findings are the operator's, not a tenant's
    rig.sql("INSERT INTO np.org (name) VALUES ('other');"
            "INSERT INTO np.finding (kind, subject, severity, detail, since, seen_at) VALUES ('x', 'y', 'major', 'z', now(), now())")
    seen = "SELECT set_config('np.tenant', '{}', true); SELECT count(*) FROM np.finding"
    assert rig.sql(seen.format(1), "np_web").split()[-1] == "1"
    assert rig.sql(seen.format(2), "np_web").split()[-1] == "0"
    # whose they are is said in the table, and only the owner of the database says it
    set_to_2 = "SELECT np.operator_org_set((SELECT uuid FROM np.org WHERE id = 2))"
    for role in ("np_web", "np_historian"):
        assert "permission denied" in rig.refused(set_to_2, role)
    rig.sql(set_to_2)
    assert [rig.sql(seen.format(org), "np_web").split()[-1] for org in (1, 2)] == ["0", "1"]
    assert rig.sql("SELECT string_agg(org_id::text, ',' ORDER BY org_id) FROM np.audit WHERE act = 'operator.set'") == "1,2"
    assert "no organisation" in rig.refused("SELECT np.operator_org_set(gen_random_uuid())", "np_admin")


def test_two_auditors(rig):
    """Two historians, one killed: one incident, one message."""
    well(rig)
    rig.historian("h1", **QUICK)
    rig.historian("h2", **QUICK)
    owner = wait("an auditor", lambda: rig.sql("SELECT owner FROM np.lease WHERE name = 'auditor'"))
    rig.sql("UPDATE np.shard SET owner = NULL WHERE id < 3")
    wait("found", lambda: found(rig).count("shard") == 6)
    rig.stop(owner, signal.SIGKILL)
    wait("the other", lambda: rig.sql("SELECT owner FROM np.lease WHERE name = 'auditor'") not in ("", owner))
    rig.sql("UPDATE np.shard SET owner = 'engine-1'")
    wait("closed", lambda: rig.sql("SELECT string_agg(state, ',') FROM np.incident") == "resolved")
    assert rig.sql("SELECT string_agg(kind, ',' ORDER BY id) FROM np.notice") == "operator,resolved"


def test_drills_by_the_clock(rig):
    """One region after the other, once a period; one that nobody answers ends as failed, with the stage that is missing."""
    well(rig)
    rig.sql("INSERT INTO np.region (org_id, name) VALUES (1, 'iad1');"
            "INSERT INTO np.drill (region_id, org_id, monitor_id, monitor_uuid, channel_id, created_at)"
            " SELECT r.id, 1, 1, m.uuid, gen_random_uuid(), now() - interval '2 hours' FROM np.region r, np.monitor m")
    rig.historian(drill={"every_s": 3600, "limit_s": 5}, **QUICK)
    runs = "SELECT string_agg(region_id || ' ' || started_by || ' ' || coalesce(ok::text, '-'), ',' ORDER BY started_at) FROM np.drill_run"
    wait("the first", lambda: rig.sql(runs) == "1 schedule -")
    assert rig.sql("SELECT string_agg(command || ' ' || actor, ',') FROM np.inbox") == "check schedule"
    rounds(rig, 3)
    assert rig.sql(runs) == "1 schedule -"  # one at a time, and one only
    rig.sql("UPDATE np.drill_run SET started_at = now() - interval '4 hours'")
    wait("both", lambda: rig.sql(runs).startswith("1 schedule false") and "2 schedule" in rig.sql(runs) or rig.sql(runs).count("schedule") >= 2)
    assert "no check reached the target" in rig.sql("SELECT string_agg(why, ',') FROM np.drill_run")
    wait("found", lambda: "drill_failed:fra1" in found(rig))
    assert rig.sql("SELECT count(*) FROM np.drill_run WHERE finished_at IS NULL") == "1"


def main(argv):
    tests = {k[5:]: v for k, v in globals().items() if k.startswith("test_")}
    failed = 0
    with Rig(argv[0]) as rig:  # one set of servers: each test begins with an empty schema
        for name in argv[1:] or tests:
            begun = time.monotonic()
            try:
                rig.servers.schema()
                tests[name](rig)
                print(f"ok   {name} ({time.monotonic() - begun:.1f} s)", flush=True)
            except Exception:
                failed += 1
                print(f"FAIL {name} ({time.monotonic() - begun:.1f} s)", flush=True)
                traceback.print_exc()
            for process in list(rig.processes):
                rig.stop(process)
                os.unlink(rig.servers.path(process + ".sock"))
    print(f"{len(argv[1:] or tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
