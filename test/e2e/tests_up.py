# SPDX-License-Identifier: Apache-2.0
"""Start, refusals, stop."""
import json
import os
import re
import socket
import stat
import subprocess
import urllib.request

from rig import NETPULSE, Up, children_of, service_user, wait_for


def refused(args, *words):
    done = subprocess.run(args, capture_output=True, text=True, timeout=240)
    assert done.returncode in (1, 2), (done.returncode, done.stderr)
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr, done.stderr


def test_first_start(w):
    w.up.start()
    assert f"ready {w.up.url}" in w.up.output, w.up.output
    assert w.up.dir + "/admin.token" in w.up.output, w.up.output


def test_secrets_are_private(w):
    for folder, _, files in os.walk(w.up.dir):
        for name in files:
            if name.endswith(".pem") and "key" not in name:
                continue  # certificates are public
            try:
                mode = os.stat(os.path.join(folder, name)).st_mode
            except FileNotFoundError:
                continue  # servers write, rename and remove files meanwhile
            assert stat.S_IMODE(mode) & 0o077 == 0 or stat.S_ISSOCK(mode), os.path.join(folder, name)
    assert stat.S_IMODE(os.stat(w.up.dir).st_mode) == 0o700
    with open(os.path.join(w.up.dir, "secret", "web.db"), encoding="utf-8") as f:
        secret = f.read().strip()
    for pid, line in children_of(w.up.dir):
        assert secret not in line
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                assert secret.encode() not in f.read()
        except OSError:
            pass  # it ended meanwhile


def test_nothing_private_listens_on_tcp(w):
    allowed = {int(a.rsplit(":", 1)[1]) for a in w.up.addresses.values()}
    inodes = set()
    for pid, _ in children_of(w.up.dir):
        try:
            for fd in os.listdir(f"/proc/{pid}/fd"):
                m = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{fd}"))
                if m:
                    inodes.add(m.group(1))
        except OSError:
            continue
    listening = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        with open(table, encoding="utf-8") as f:
            for row in f.readlines()[1:]:
                cells = row.split()
                if cells[3] == "0A" and cells[9] in inodes:
                    listening.add(int(cells[1].rsplit(":", 1)[1], 16))
    assert listening == allowed, (listening, allowed)


def test_watches_itself(w):
    names = {"NetPulse: dashboard", "NetPulse: database", "NetPulse: queue", "NetPulse: gateway"}

    def all_up():
        items = w.up.must("GET", "monitors")["items"]
        return names == {m["name"] for m in items} and all(m["state"] == "up" for m in items) or None
    wait_for("four monitors up", all_up)


def test_three_regions_connected(w):
    regions = w.up.must("GET", "regions")["items"]
    assert {r["name"] for r in regions} == {"eu-west", "us-east", "ap-south"}
    wait_for("three checkers", lambda: all(r["connected"] == 1 for r in w.up.must("GET", "regions")["items"]) or None)


def test_metrics_of_all_roles(w):
    roles = ("ca", "gateway", "engine", "historian", "alerter", "web", "checker")

    def read():
        with urllib.request.urlopen(f"http://{w.up.addresses['metrics']}/metrics", timeout=60) as a:
            text = a.read().decode()
        return text if all(f'role="{role}"' in text for role in roles) else None
    text = wait_for("every role's metrics", read)
    types = re.findall(r"^# TYPE (\S+)", text, re.M)
    assert len(types) == len(set(types)), "a family stands there twice"


def test_audit_chain_is_sealed_and_signed(w):
    heads = os.path.join(w.up.dir, "audit", "heads.log")
    wait_for("signed heads", lambda: os.path.exists(heads) and os.path.getsize(heads) > 0)
    said = json.loads(w.up.cli("audit", "verify", "--data", w.up.dir, "--json").stdout)
    assert said["ok"] and said["entries"] > 5 and said["heads"] > 0 and said["signed_until"], said
    key = w.up.cli("audit", "key", "--data", w.up.dir).stdout.strip()
    assert re.fullmatch("[0-9a-f]{64}", key), key


def test_second_up_on_same_folder(w):
    again = Up(dir_=w.up.dir)
    refused(again.command(), "already runs", "--data")


def test_taken_port(w):
    other = Up()
    other.addresses["http"] = w.up.addresses["http"]
    refused(other.command(), w.up.addresses["http"], "another")
    other.clean()


def test_bad_arguments(w):
    for args, words in (
            (["--data", "relative"], ["absolute"]),
            (["--data", "/" + "x" * 120], ["at most"]),
            (["--http", "nonsense"], ["ADDR:PORT"]),
            (["--regions", "EU West"], ["region name"]),
            (["--regions", "a,a"], ["twice"]),
            (["--smtp", "smtp://user:pw@host"], ["--smtp-secret"]),
            (["--smtp", "smtp://host"], ["--mail-from"]),
            (["--nothing-like-this"], ["--help"])):
        refused([NETPULSE, "up", *args], *words)


def test_unwritable_folder(w):
    args = [NETPULSE, "up", "--data", "/proc/netpulse"]
    if os.geteuid() == 0:
        args += ["--user", service_user()]
    refused(args, "--data")


def test_database_of_another_version(w):
    other = Up()
    os.makedirs(os.path.join(other.dir, "pg"))
    with open(os.path.join(other.dir, "pg", "PG_VERSION"), "w", encoding="utf-8") as f:
        f.write("13\n")
    if os.geteuid() == 0:
        import pwd
        user = pwd.getpwnam(service_user())
        for path in (other.dir, other.dir + "/pg", other.dir + "/pg/PG_VERSION"):
            os.chown(path, user.pw_uid, user.pw_gid)
    refused(other.command(), "13", "pg_upgrade")
    other.clean()


def test_doctor(w):
    done = w.up.cli("doctor", "--data", w.up.dir)
    assert "PostgreSQL 15" in done.stdout and "disk" in done.stdout, done.stdout


def last_restart_keeps_everything(w):
    before = {m["id"]: m["name"] for m in w.up.must("GET", "monitors?limit=200")["items"]}
    assert w.up.stop() == 0
    w.up.output = ""
    w.up.start()
    assert {m["id"]: m["name"] for m in w.up.must("GET", "monitors?limit=200")["items"]} == before


def last_stop_leaves_nothing(w):
    assert w.up.stop() == 0, w.up.process.returncode
    wait_for("no process", lambda: [] == children_of(w.up.dir) or None)
    for address in w.up.addresses.values():
        host, port = address.rsplit(":", 1)
        with socket.socket() as s:
            assert s.connect_ex((host, int(port))) != 0, address
