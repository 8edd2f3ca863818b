# SPDX-License-Identifier: Apache-2.0
"""Where notices arrive, and what monitors look at: real servers on loopback."""
import email
import hashlib
import hmac
import http.server
import json
import os
import shutil
import signal
import socketserver
import subprocess
import tempfile
import threading
import time

from aiosmtpd.controller import Controller

from rig import free_ports


class Webhook:
    """Counts what it is sent; a repeat with the same key counts once, and is remembered as one."""

    def __init__(self):
        self.secret = None
        self.got = []
        self.bad = []
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.take(dict(self.headers), body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self, headers, body):
        parts = dict(p.split("=", 1) for p in headers.get("NetPulse-Signature", "t=0,v1=").split(","))
        want = hmac.new((self.secret or "").encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
        if want != parts["v1"]:
            self.bad.append((headers, body))
        self.got.append((headers.get("Idempotency-Key"), json.loads(body)))

    def of(self, monitor):
        """{key: body}, for one monitor, in order of first arrival."""
        found = {}
        for key, body in list(self.got):
            if (body.get("monitor") or {}).get("id") == monitor:
                assert key not in found or found[key] == body, "a repeat says something else"
                found[key] = body
        return found

    def kinds(self, monitor):
        return [b["kind"] for b in self.of(monitor).values()]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Beats:
    """Somebody else's dead man's switch: when it was asked."""

    def __init__(self):
        self.got = []
        sink = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                sink.got.append(time.monotonic())
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/ping/abc"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Mail:
    """A real SMTP server (aiosmtpd) that keeps what it gets."""

    def __init__(self):
        self.got = []
        self.controller = Controller(self, hostname="127.0.0.1", port=free_ports(1)[0])
        self.controller.start()
        self.url = f"smtp://127.0.0.1:{self.controller.port}"

    async def handle_DATA(self, server, session, envelope):
        self.got.append(email.message_from_bytes(envelope.content))
        return "250 taken"

    @staticmethod
    def subject(m):
        return str(email.header.make_header(email.header.decode_header(m["Subject"])))

    def subjects(self, name):
        """{message id: subject} of what names a monitor."""
        found = {}
        for m in list(self.got):
            subject = self.subject(m)
            if subject.endswith(name):
                found[m["Message-ID"]] = subject
        return found

    def close(self):
        self.controller.stop()


class Process:
    """A foreign server as a target: started, killed, started again."""

    def __init__(self, args):
        self.args = args
        self.child = None
        self.start()

    def start(self):
        self.child = subprocess.Popen(self.args, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()


class Targets:
    """nginx with plain HTTP and three certificates, dnsmasq, a TCP service."""

    def __init__(self):
        self.dir = tempfile.mkdtemp(prefix="np-targets-")
        self.http, self.expired, self.wrong, self.dns_port = free_ports(4)
        self.certificate("expired", "localhost", "2020-01-01 00:00:00", 30)
        self.certificate("wrong", "elsewhere.example", None, 30)
        self.write_nginx()
        self.web = Process(["/usr/sbin/nginx", "-c", f"{self.dir}/nginx.conf", "-e", f"{self.dir}/error.log"])
        self.dns = Process(["/usr/sbin/dnsmasq", "-k", "-C", "/dev/null", f"--port={self.dns_port}", "--no-resolv",
                            "--no-hosts", "--listen-address=127.0.0.1", "--bind-interfaces", "--pid-file=",
                            "--address=/up.test/192.0.2.7", "--user="])
        self.tcp = None
        self.tcp_port = free_ports(1)[0]
        self.start_tcp()

    def certificate(self, name, host, when, days):
        args = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-keyout", f"{self.dir}/{name}.key", "-out", f"{self.dir}/{name}.pem", "-days", str(days),
                "-subj", f"/CN={host}", "-addext", f"subjectAltName=DNS:{host}"]
        if when:
            args = ["faketime", when, *args]
        subprocess.run(args, check=True, capture_output=True)

    def write_nginx(self):
        server = """server {{ listen 127.0.0.1:{port} ssl; ssl_certificate {dir}/{name}.pem;
            ssl_certificate_key {dir}/{name}.key; return 200 "ok"; }}"""
        with open(f"{self.dir}/nginx.conf", "w", encoding="utf-8") as f:
            f.write(f"""daemon off; master_process off; pid {self.dir}/nginx.pid; events {{}}
                http {{ access_log off; client_body_temp_path {self.dir}/a; proxy_temp_path {self.dir}/b;
                fastcgi_temp_path {self.dir}/c; uwsgi_temp_path {self.dir}/d; scgi_temp_path {self.dir}/e;
                server {{ listen 127.0.0.1:{self.http}; return 200 "all is well"; }}
                {server.format(port=self.expired, dir=self.dir, name="expired")}
                {server.format(port=self.wrong, dir=self.dir, name="wrong")} }}""")

    def start_tcp(self):
        class Echo(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.sendall(b"hello\n")

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.tcp = Server(("127.0.0.1", self.tcp_port), Echo)
        threading.Thread(target=self.tcp.serve_forever, daemon=True).start()

    def stop_tcp(self):
        self.tcp.shutdown()
        self.tcp.server_close()

    def close(self):
        self.web.stop()
        self.dns.stop()
        self.stop_tcp()
        shutil.rmtree(self.dir, ignore_errors=True)


def chromium():
    return shutil.which("chromium") or "/usr/bin/chromium" if os.path.exists("/usr/bin/chromium") else None
