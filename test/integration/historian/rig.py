# SPDX-License-Identifier: Apache-2.0
"""Servers with the schema, historians of `netpulse`, and its commands."""
import json
import os
import secrets
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.abspath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, os.path.join(ROOT, "test", "lib"))
from servers import PATIENCE_S, Servers  # noqa: E402


def wait(what, fn, seconds=PATIENCE_S):
    """The first true answer of fn."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = fn()
        if got:
            return got
        time.sleep(0.02)
    raise AssertionError("never: " + what)


class Rig:
    def __init__(self, netpulse):
        self.netpulse = netpulse
        self.servers = Servers(["pg", "pgbouncer"])
        self.processes = {}
        self.env = {}  # more of it for a historian

    def __enter__(self):
        s = self.servers
        s.start_all()
        s.schema()
        self.heads = s.path("audit/heads.log")
        self.key_file = s.path("audit.key")
        self.write(self.key_file, secrets.token_hex(32))
        self.owner = s.path("owner.json")
        self.write(self.owner, json.dumps({"database": {
            "host": s.dir, "port": 5432, "name": "netpulse", "user": "np_admin", "password_file": s.path("np_admin.db")}}))
        self.key = self.run("audit", "key", "--file", self.key_file)[1].strip()
        return self

    def __exit__(self, kind, *_):
        for name in list(self.processes):
            self.stop(name, signal.SIGKILL)
        if kind is not None:
            for name in os.listdir(self.servers.dir):
                if name.startswith("h") and name.endswith(".log"):
                    with open(self.servers.path(name), encoding="utf-8") as f:
                        print(name, f.read()[-3000:])
        self.servers.close()

    @staticmethod
    def write(path, text):
        with open(path, "w", encoding="ascii") as f:
            f.write(text)
        os.chmod(path, 0o600)

    def sql(self, text, user="np_admin"):
        return self.servers.psql(text, user=user).strip()

    def refused(self, text, user):
        """The words of the refusal."""
        try:
            self.sql(text, user)
        except RuntimeError as e:
            return str(e)
        raise AssertionError("allowed: " + text)

    def historian(self, name="h1", heads_every_ms=60000, key_file=None, **more):
        s = self.servers
        conf = {"name": name, "admin": {"listen": "unix:" + s.path(name + ".sock")}, "database": {"host": s.dir, "port": 6432, "name": "np_historian", "user": "np_historian",
                                           "password_file": s.path("np_historian.db")},
                "audit": {"key_file": key_file or self.key_file, "heads_file": self.heads,
                          "heads_every_ms": heads_every_ms},
                "auditor": {"every_ms": 600000}, **more}  # it would tell of all that is not there: engines first
        self.write(s.path(name + ".json"), json.dumps(conf))
        with open(s.path(name + ".log"), "ab") as log:
            self.processes[name] = subprocess.Popen(
                [self.netpulse, "historian", "--config", s.path(name + ".json")], stderr=log,
                env=dict(os.environ, **self.env))

    def stop(self, name="h1", sig=signal.SIGTERM):
        p = self.processes.pop(name)
        p.send_signal(sig)
        assert p.wait(timeout=PATIENCE_S) in (0, -sig), "the historian ended badly"

    def run(self, *args, status=0):
        done = subprocess.run([self.netpulse, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        if status is not None and done.returncode != status:
            raise AssertionError(f"{args}: exit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done.returncode, done.stdout, done.stderr

    def verify(self, key=None):
        """What `audit verify` says; its exit code agrees with it."""
        status, out, err = self.run("audit", "verify", "--config", self.owner, "--key", key or self.key, "--json",
                                    self.heads, status=None)
        if not out:
            raise AssertionError(err)
        said = json.loads(out)
        assert status == (0 if said["ok"] else 1), (status, said)
        return said
