# SPDX-License-Identifier: Apache-2.0
"""What an installation uses while it runs: memory, processor, connections."""
import os
import subprocess
import threading
import time

TICKS = os.sysconf("SC_CLK_TCK")


def stat_of(pid):
    """(parent, processor seconds) of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        rest = f.read().rsplit(")", 1)[1].split()
    return int(rest[1]), (int(rest[11]) + int(rest[12])) / TICKS


def memory_mb(pid, proportional):
    """Resident MB; proportional: shared pages count once over all who share them."""
    name, key = ("smaps_rollup", "Pss:") if proportional else ("status", "VmRSS:")
    with open(f"/proc/{pid}/{name}", encoding="ascii", errors="replace") as f:
        for line in f:
            if line.startswith(key):
                return int(line.split()[1]) / 1024
    return 0.0


def roles_of(folder):
    """Name -> pids of each process of an installation, PostgreSQL's children with it."""
    found = {}
    run = os.path.join(folder, "run")
    for file in os.listdir(run):
        if file.endswith(".pid"):
            with open(os.path.join(run, file), encoding="ascii") as f:
                text = f.read().split()
            if text:
                found[file[:-4]] = [int(text[0])]
    parents = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            parents.setdefault(stat_of(pid)[0], []).append(int(pid))
        except (OSError, IndexError):
            continue
    return {name: pids + parents.get(pids[0], []) for name, pids in found.items()}


def each(pids, read):
    total = 0.0
    for pid in pids:
        try:
            total += read(pid)
        except (OSError, IndexError, ValueError):
            continue
    return total


def descriptors(pid):
    """How many a process has open. (/proc/net/tcp of ten thousand connections takes the kernel
    100 ms to print: it would be what is measured.)"""
    return len(os.listdir(f"/proc/{pid}/fd"))


def unix_connected(path):
    """Connections at a Unix socket."""
    with open("/proc/net/unix", encoding="ascii", errors="replace") as f:
        return sum(1 for line in f if line.rstrip().endswith(path) and line.split()[5] == "03")


class Sampler(threading.Thread):
    """Once a second: the most connections, now and then the memory, and processor time from
    begin to end. `idle_fds`: descriptors of the gateway before the first worker came."""
    def __init__(self, up, sql_command, sql_env, idle_fds):
        super().__init__(daemon=True)
        self.up, self.stop_, self.rss, self.most = up, threading.Event(), {}, {}
        self.roles, self.idle_fds, self.rounds = roles_of(up.dir), idle_fds, 0
        self.psql = subprocess.Popen(sql_command, env=sql_env, stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, text=True, bufsize=1)
        self.before, self.from_ = self.cpu(), time.monotonic()
        self.share = {}

    def cpu(self):
        return {name: each(pids, lambda p: stat_of(p)[1]) for name, pids in roles_of(self.up.dir).items()}

    def note(self, name, value):
        self.most[name] = max(self.most.get(name, 0), value)

    def memory(self):
        self.roles = roles_of(self.up.dir)
        for name, pids in self.roles.items():
            shared = name == "postgres"
            self.rss[name] = max(self.rss.get(name, 0), each(pids, lambda p: memory_mb(p, shared)))

    def sample(self):
        if self.rounds % 5 == 0:
            self.memory()
        self.rounds += 1
        self.note("gateway", descriptors(self.roles["gateway"][0]) - self.idle_fds)
        self.note("pgbouncer", unix_connected(os.path.join(self.up.dir, "run/.s.PGSQL.6432")))
        # This reader is not the installation's.
        self.psql.stdin.write("SELECT count(*) - 1 FROM pg_stat_activity WHERE backend_type = 'client backend';\n")
        self.note("postgres", int(self.psql.stdout.readline()))

    def run(self):
        while not self.stop_.wait(1):
            self.sample()

    def end(self):
        """Stops; share: processors used by each process on average."""
        after, took = self.cpu(), time.monotonic() - self.from_
        self.stop_.set()
        self.join()
        self.memory()
        self.psql.stdin.close()
        self.psql.wait()
        self.share = {n: round((after[n] - self.before.get(n, 0)) / took, 3) for n in after}
        return self
