# SPDX-License-Identifier: Apache-2.0
"""Private PostgreSQL 15, PgBouncer and Redis for tests: start, stop, kill -9, restart.

As a module:    with Servers(["pg", "pgbouncer", "redis"]) as s: ...
Around a test:  servers.py run pg redis -- build/test/unit/pg/test_pool
                sets NP_TEST_DIR; the folder and the servers go when the command ends.
From the test:  servers.py ctl DIR kill redis   (start, stop, kill, restart, pause, resume)

Everything stands in one 0700 folder, on Unix sockets only. initdb refuses root, so as root
the servers run as the user `postgres`. Ports: PostgreSQL 5432, PgBouncer 6432 (names of
sockets in DIR). Files in DIR: <role>.db and <role>.redis hold the passwords of a role
(np_admin, np_engine, ...), hmac.key 32 bytes as hexadecimal.
"""
import ctypes
import hashlib
import json
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

PG_BIN = os.environ.get("NP_PG_BIN", "/usr/lib/postgresql/15/bin")
PGBOUNCER = os.environ.get("NP_PGBOUNCER", "/usr/sbin/pgbouncer")
REDIS = os.environ.get("NP_REDIS", "/usr/bin/redis-server")
ADMIN = "np_admin"
ROLES = ["np_engine", "np_gateway", "np_historian", "np_alerter", "np_web", "np_ca"]
POOL = {"np_engine": 6, "np_gateway": 4, "np_historian": 4, "np_alerter": 4, "np_web": 12, "np_ca": 2}
DATABASE = "netpulse"
SOCKET_MAX = 107
# How long what must happen may take before it is a failure: patience, no promise. A wait that
# ends well costs nothing; a machine may be slow, and busy with ten other things.
PATIENCE_S = 60


def service_user():
    """Who runs the servers: ourselves, or `postgres` when we are root."""
    if os.geteuid() != 0:
        return None
    return pwd.getpwnam("postgres")


def reachable(path, user):
    """May that user pass through every folder above?"""
    if user is None:
        return True
    path = os.path.abspath(path)
    while True:
        mode = os.stat(path).st_mode
        if not mode & 0o001:
            return False
        if path == "/":
            return True
        path = os.path.dirname(path)


class Servers:
    def __init__(self, which=("pg", "pgbouncer", "redis"), base=None, path=None):
        self.user = service_user()
        self.which = list(which)
        self.attached = path is not None
        if self.attached:
            self.dir = path
            with open(os.path.join(path, "which.json"), encoding="ascii") as f:
                self.which = json.load(f)
            return
        base = base or os.environ.get("NP_TEST_BASE") or tempfile.gettempdir()
        if len(base) > SOCKET_MAX - 40 or not os.access(base, os.W_OK) or not reachable(base, self.user):
            base = tempfile.gettempdir()
        self.dir = tempfile.mkdtemp(prefix="np-", dir=base)
        self._own(self.dir, 0o700)
        self._write("which.json", json.dumps(self.which))

    def __enter__(self):
        self.start_all()
        return self

    def __exit__(self, *_):
        self.close()

    # files

    def path(self, name):
        return os.path.join(self.dir, name)

    def _own(self, path, mode):
        os.chmod(path, mode)
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def _write(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)
        self._own(self.path(name), 0o600)

    def _secret(self, name):
        if not os.path.exists(self.path(name)):
            self._write(name, secrets.token_hex(16))
        with open(self.path(name), encoding="ascii") as f:
            return f.read().strip()

    # processes

    def _spawn_args(self):
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def _run(self, args, **more):
        done = subprocess.run(args, cwd=self.dir, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, **self._spawn_args(), **more)
        if done.returncode != 0:
            raise RuntimeError(f"{args[0]} failed:\n{done.stdout}")
        return done.stdout

    def _spawn(self, name, args):
        with open(self.path(name + ".log"), "ab") as log:
            self._own(self.path(name + ".log"), 0o600)
            p = subprocess.Popen(args, cwd=self.dir, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                 start_new_session=True, **self._spawn_args())
        self._write(name + ".our-pid", str(p.pid))
        return p

    def pid(self, name):
        try:
            with open(self.path(name + ".our-pid"), encoding="ascii") as f:
                return int(f.read())
        except FileNotFoundError:
            return None

    @staticmethod
    def _alive(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as f:
                return f.read().rsplit(")", 1)[1].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False

    def _wait(self, name, ready):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            if not self._alive(self.pid(name)):
                break
            if ready():
                return
            time.sleep(0.01)
        with open(self.path(name + ".log"), encoding="utf-8", errors="replace") as f:
            raise RuntimeError(f"{name} does not start:\n{f.read()[-4000:]}")

    def _signal(self, name, sig, gone):
        pid = self.pid(name)
        if pid is None or not self._alive(pid):
            return
        try:
            os.kill(pid, sig)
        except ProcessLookupError:
            return
        end = time.monotonic() + PATIENCE_S
        while gone and os.path.exists(f"/proc/{pid}"):
            try:  # collect it when it is our own child
                os.waitpid(pid, os.WNOHANG)
            except ChildProcessError:
                pass
            if time.monotonic() > end:
                if not self._alive(pid):
                    break  # nobody collects it, but it is dead
                os.kill(pid, signal.SIGKILL)
                end += PATIENCE_S
            time.sleep(0.005)

    # what one may do with a server

    def start(self, name):
        getattr(self, "_start_" + name)()

    def stop(self, name):
        self._signal(name, signal.SIGINT if name == "pg" else signal.SIGTERM, True)

    def kill(self, name):
        if name == "pg":  # its children notice only after a while: end them with it
            self._kill_pg()
            return
        self._signal(name, signal.SIGKILL, True)

    def _kill_pg(self):
        pid = self.pid("pg")
        if pid is None or not self._alive(pid):
            return
        children = []
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children", encoding="ascii") as f:
                children += [int(x) for x in f.read().split()]
        self._signal("pg", signal.SIGKILL, True)
        for child in children:
            try:
                os.kill(child, signal.SIGKILL)
            except ProcessLookupError:
                pass
        end = time.monotonic() + PATIENCE_S
        while any(self._alive(c) for c in children) and time.monotonic() < end:
            time.sleep(0.005)

    def restart(self, name):
        self.stop(name)
        self.start(name)

    def pause(self, name):
        self._signal(name, signal.SIGSTOP, False)

    def resume(self, name):
        self._signal(name, signal.SIGCONT, False)

    def wipe(self, name):
        """An empty Redis again, as after the loss of its disk."""
        assert name == "redis"
        self.kill(name)
        shutil.rmtree(self.path("redis"), ignore_errors=True)
        self.start(name)

    def start_all(self):
        try:
            for name in self.which:
                self.start(name)
        except BaseException:
            self.close()
            raise

    def close(self):
        for name in reversed(self.which):
            self.resume(name)
            if name == "pg":
                self._signal(name, signal.SIGQUIT, True)
            else:
                self._signal(name, signal.SIGKILL, True)
        if not os.environ.get("NP_TEST_KEEP"):
            shutil.rmtree(self.dir, ignore_errors=True)

    # PostgreSQL

    def _init_pg(self):
        self._secret(ADMIN + ".db")
        self._run([PG_BIN + "/initdb", "-D", self.path("pg"), "-U", ADMIN, "--pwfile=" + self.path(ADMIN + ".db"),
                   "--auth-local=scram-sha-256", "--auth-host=reject", "-E", "UTF8", "--locale=C.UTF-8", "-N"])
        # Tests may lose their data with the machine; kill -9 of the server loses nothing.
        with open(self.path("pg/postgresql.auto.conf"), "a", encoding="ascii") as f:
            f.write("fsync = off\nfull_page_writes = off\nmax_wal_size = 256MB\n")

    def _start_pg(self):
        fresh = not os.path.exists(self.path("pg/PG_VERSION"))
        if fresh:
            self._init_pg()
        self._spawn("pg", [PG_BIN + "/postgres", "-D", self.path("pg"), "-k", self.dir, "-c", "listen_addresses=",
                           "-c", "unix_socket_permissions=0700", "-c", "max_connections=60",
                           "-c", "shared_buffers=32MB", "-c", "client_connection_check_interval=500", "-c", "log_checkpoints=off"])
        self._wait("pg", lambda: self._psql_ok())
        if fresh:
            self._make_roles()

    def _psql_ok(self):
        try:
            self.psql("SELECT 1", database="postgres")
            return True
        except RuntimeError:
            return False

    def _make_roles(self):
        text = ""
        for role in ROLES:
            text += f"CREATE ROLE {role} LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD '{self._secret(role + '.db')}';"
        self.psql(text, database="postgres")
        self.psql(f"CREATE DATABASE {DATABASE}", database="postgres")

    def psql_env(self, user=ADMIN):
        return dict(os.environ, PGPASSWORD=self._secret(user + ".db"))

    def psql_argv(self, database=DATABASE, user=ADMIN):
        return [PG_BIN + "/psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.dir,
                "-p", "5432", "-U", user, "-d", database]

    def psql(self, sql, database=DATABASE, user=ADMIN):
        return self._run([*self.psql_argv(database, user), "-c", sql], env=self.psql_env(user))

    def schema(self, _name=""):
        """The whole schema as the program's migrations make it, on an empty database."""
        self.psql("DROP SCHEMA IF EXISTS np CASCADE")
        folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "schema")
        for name in sorted(n for n in os.listdir(folder) if n.endswith(".sql")):
            self.psql_file(os.path.join(folder, name))

    def psql_file(self, path, database=DATABASE, user=ADMIN):
        with open(path, encoding="utf-8") as f:
            env = dict(os.environ, PGPASSWORD=self._secret(user + ".db"))
            return self._run([PG_BIN + "/psql", "-X", "-q", "-1", "-v", "ON_ERROR_STOP=1", "-h", self.dir,
                              "-p", "5432", "-U", user, "-d", database], env=env, stdin=f)

    # PgBouncer

    def _start_pgbouncer(self):
        rows = self.psql("SELECT rolname || ' ' || rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL"
                         " AND rolname LIKE 'np\\_%'", database="postgres")
        self._write("pgbouncer.users", "".join(
            '"{}" "{}"\n'.format(*line.split(" ", 1)) for line in rows.splitlines() if line))
        self._write("pgbouncer.hba", "local sameuser all scram-sha-256\n")
        databases = "".join(
            f"{r} = host={self.dir} port=5432 dbname={DATABASE} pool_size={POOL[r]}\n" for r in ROLES)
        self._write("pgbouncer.ini", f"""[databases]
{databases}
[pgbouncer]
pool_mode = transaction
listen_addr =
listen_port = 6432
unix_socket_dir = {self.dir}
unix_socket_mode = 0700
auth_type = hba
auth_hba_file = {self.path('pgbouncer.hba')}
auth_file = {self.path('pgbouncer.users')}
max_client_conn = 500
server_login_retry = 1
log_connections = 0
log_disconnections = 0
pidfile = {self.path('pgbouncer.pid')}
""")
        for stale in ("pgbouncer.pid", ".s.PGSQL.6432"):
            if os.path.exists(self.path(stale)):
                os.unlink(self.path(stale))
        self._spawn("pgbouncer", [PGBOUNCER, self.path("pgbouncer.ini")])
        self._wait("pgbouncer", lambda: self._socket_ok(".s.PGSQL.6432"))

    def _socket_ok(self, name):
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(self.path(name))
            return True
        except OSError:
            return False
        finally:
            s.close()

    # Redis

    def _start_redis(self):
        os.makedirs(self.path("redis"), mode=0o700, exist_ok=True)
        self._own(self.path("redis"), 0o700)
        users = "user default off\n"
        for role in [ADMIN] + ROLES:
            digest = hashlib.sha256(self._secret(role + ".redis").encode()).hexdigest()
            users += f"user {role} on #{digest} ~* &* +@all\n"
        self._write("redis.acl", users)
        self._secret("hmac.key") if os.path.exists(self.path("hmac.key")) else self._write(
            "hmac.key", secrets.token_hex(32))
        self._write("redis.conf", f"""port 0
unixsocket {self.path('redis.sock')}
unixsocketperm 700
dir {self.path('redis')}
aclfile {self.path('redis.acl')}
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
daemonize no
""")
        self._spawn("redis", [REDIS, self.path("redis.conf")])
        self._wait("redis", self._redis_ok)

    def _redis_ok(self):
        return self.redis("PING") == b"+PONG"

    def redis(self, *words, user=ADMIN):
        """First line of the answer to one command; None without a connection."""
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(PATIENCE_S)
        try:
            s.connect(self.path("redis.sock"))
            f = s.makefile("rwb")
            for command in (("AUTH", user, self._secret(user + ".redis")), words):
                f.write(b"*%d\r\n" % len(command))
                for w in command:
                    w = w if isinstance(w, bytes) else str(w).encode()
                    f.write(b"$%d\r\n%s\r\n" % (len(w), w))
                f.flush()
                line = f.readline().rstrip(b"\r\n")
            return line
        except OSError:
            return None
        finally:
            s.close()


def adopt_orphans():
    """What `ctl` started, and backends of a killed server, become our children (PR_SET_CHILD_SUBREAPER)."""
    ctypes.CDLL(None, use_errno=True).prctl(36, 1, 0, 0, 0)


def wait_for(command):
    """Wait for the command; collect whatever else dies meanwhile."""
    while True:
        dead = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT).si_pid
        if dead == command.pid:
            return command.wait()
        os.waitpid(dead, 0)


def main(argv):
    if len(argv) >= 3 and argv[0] == "run" and "--" in argv:
        cut = argv.index("--")
        for sig in (signal.SIGTERM, signal.SIGHUP):  # leave nothing behind
            signal.signal(sig, lambda *_: sys.exit(1))
        with Servers(argv[1:cut]) as s:
            env = dict(os.environ, NP_TEST_DIR=s.dir, NP_TEST_SERVERS=os.path.abspath(__file__))
            adopt_orphans()
            return wait_for(subprocess.Popen(argv[cut + 1:], env=env))
    if len(argv) == 4 and argv[0] == "ctl" and argv[2] in (
            "start", "stop", "kill", "restart", "pause", "resume", "wipe", "schema"):
        getattr(Servers(path=argv[1]), argv[2])(argv[3])
        return 0
    print(__doc__, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
