# SPDX-License-Identifier: Apache-2.0
"""A whole installation for the tests: `netpulse up` in a folder of its own, its API, its ends."""
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("NETPULSE_BUILD", os.path.join(ROOT, "build"))
NETPULSE = os.path.join(BUILD, "netpulse")


def free_ports(n):
    held = [socket.socket() for _ in range(n)]
    for s in held:
        s.bind(("127.0.0.1", 0))
    ports = [s.getsockname()[1] for s in held]
    for s in held:
        s.close()
    return ports


WAIT_S = 120.0  # for what takes a second on an idle machine: a wait that succeeds costs nothing


def wait_for(what, check, seconds=WAIT_S, every=0.1):
    """The first true value of check(); fails with the last one seen."""
    end = time.monotonic() + seconds
    last = None
    while time.monotonic() < end:
        last = check()
        if last:
            return last
        time.sleep(every)
    raise AssertionError(f"waited {seconds:.0f} s for {what}; last: {last!r}")


def beside(group):
    """Tests that stand next to each other and name the same group run side by side: most of them wait."""
    def mark(test):
        test.group = group
        return test
    return mark


def service_user():
    """As root `up` becomes a service user; any ordinary one will do for a test."""
    for name in ("netpulse", "nobody"):
        try:
            pwd.getpwnam(name)
            return name
        except KeyError:
            continue
    raise AssertionError("no service user")


class Up:
    def __init__(self, *more, dir_=None):
        self.dir = dir_ or tempfile.mkdtemp(prefix="np-e2e-")
        if dir_ is None:
            os.rmdir(self.dir)
        http, gateway, enrol, metrics = free_ports(4)
        self.addresses = {"http": f"127.0.0.1:{http}", "gateway": f"127.0.0.1:{gateway}",
                          "enrol": f"127.0.0.1:{enrol}", "metrics": f"127.0.0.1:{metrics}"}
        self.url = "http://" + self.addresses["http"]
        self.more = list(more)
        self.process = None
        self.output = ""

    def command(self):
        args = [NETPULSE, "up", "--data", self.dir]
        for name, address in self.addresses.items():
            args += [f"--{name}", address]
        if os.geteuid() == 0:
            args += ["--user", service_user()]
        return args + self.more

    def start(self, seconds=240):
        self.process = subprocess.Popen(self.command(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, start_new_session=True)
        threading.Thread(target=self.listen, args=(self.process.stdout,), daemon=True).start()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if "administrator's token" in self.output:
                with open(os.path.join(self.dir, "admin.token"), encoding="utf-8") as f:
                    self.token = f.read().strip()
                return self
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"not ready: {self.output}\n{self.logs()}")

    def listen(self, pipe):
        for line in pipe:
            self.output += line

    def logs(self):
        text = ""
        folder = os.path.join(self.dir, "log")
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
            with open(os.path.join(folder, name), encoding="utf-8", errors="replace") as f:
                text += f"--- {name}\n" + "".join(f.readlines()[-8:])
        return text

    def stop(self, seconds=120):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(seconds)
        return self.process.returncode if self.process else None

    def clean(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
            time.sleep(1)
        shutil.rmtree(self.dir, ignore_errors=True)

    def pid(self, name):
        with open(os.path.join(self.dir, "run", name + ".pid"), encoding="utf-8") as f:
            return int(f.read())

    def kill(self, name):
        old = self.pid(name)
        os.kill(old, signal.SIGKILL)
        return old

    # --- the API ---------------------------------------------------------------
    def call(self, method, path, body=None, **more):
        """(status, JSON or None); 0 when nobody answers. A command that is not decided at once is followed."""
        status, answer = self.ask(method, path, body, **more)
        if status != 202 or "command" not in answer:
            return status, answer

        def decided():
            told, command = self.ask("GET", f"inbox/{answer['id']}")
            return command if told == 200 and command["outcome"] else None
        command = wait_for(f"{method} {path} to be decided", decided)
        if command["outcome"] != "applied":
            return 409, command
        if method == "DELETE":
            return 204, None
        return self.ask("GET", "/".join(path.split("/")[:2]) if "/" in path else f"{path}/{command['monitor_id']}")

    def ask(self, method, path, body=None, token=None, raw=None, headers=None):
        bytes_ = raw if raw is not None else json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", data=bytes_, method=method)
        request.add_header("Authorization", f"Bearer {token or self.token}")
        if bytes_ is not None:
            request.add_header("Content-Type", "application/json")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                text = answer.read()
                return answer.status, json.loads(text) if text else None
        except urllib.error.HTTPError as e:
            text = e.read()
            try:
                return e.code, json.loads(text) if text else None
            except ValueError:
                return e.code, text
        except (OSError, ValueError):
            return 0, None

    def must(self, method, path, body=None, seconds=WAIT_S):
        """The answer of a request that has to work, tried again while something restarts."""
        def once():
            status, answer = self.call(method, path, body)
            if 200 <= status < 300:
                return {"status": status, "json": answer}
            if status in (0, 429, 500, 502, 503, 504):
                return None
            raise AssertionError(f"{method} {path}: {status} {answer}")
        return wait_for(f"{method} {path}", once, seconds)["json"]

    def monitor(self, **fields):
        quick = {"interval_s": 5, "timeout_s": 2, "retries": 2, "retry_interval_s": 1, "confirm_s": 3, "recover_s": 3}
        return self.must("POST", "monitors", {**quick, **fields})["id"]

    def state(self, monitor):
        status, answer = self.call("GET", f"monitors/{monitor}")
        return answer["state"] if status == 200 else None

    def wait_state(self, monitor, wanted, seconds=WAIT_S):
        wait_for(f"state {wanted}", lambda: self.state(monitor) == wanted or None, seconds, 0.2)

    def why(self, monitor):
        return self.must("GET", f"monitors/{monitor}/why")["sentence"]

    def incidents(self, monitor):
        return self.must("GET", f"incidents?monitor={monitor}")["items"]

    def cli(self, *args, stdin=None):
        env = {**os.environ, "NETPULSE_URL": self.url, "NETPULSE_TOKEN": self.token}
        return subprocess.run([NETPULSE, *args], capture_output=True, text=True, timeout=300, env=env, input=stdin)


def children_of(folder):
    """Processes that still run for an installation: their command or folder names it."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                line = f.read().decode(errors="replace").replace("\0", " ")
            cwd = os.readlink(f"/proc/{pid}/cwd")
        except OSError:
            continue
        if folder in line or cwd.startswith(folder):
            found.append((int(pid), line))
    return found
