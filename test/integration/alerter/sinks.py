# SPDX-License-Identifier: Apache-2.0
"""Destinations of notices: HTTP on loopback, by hand, so that a test may stop at every step."""
import json
import os
import socket
import ssl
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from servers import PATIENCE_S  # noqa: E402


class Request:
    def __init__(self, conn, accepted):
        self.conn, self.accepted = conn, accepted
        self.method = self.path = ""
        self.headers, self.body, self.first = {}, b"", None

    def read(self):
        """False: the peer left before its request was whole."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = self.conn.recv(65536)
            if self.first is None and part:
                self.first = time.time()
            if not part:
                return False
            data += part
        head, self.body = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        self.method, self.path, _ = lines[0].split(" ", 2)
        for line in lines[1:]:
            name, value = line.split(":", 1)
            name = name.lower()
            assert name not in self.headers, f"header twice: {name}"
            self.headers[name] = value.strip()
        want = int(self.headers.get("content-length", "0"))
        while len(self.body) < want:
            part = self.conn.recv(65536)
            if not part:
                return False
            self.body += part
        return True

    @property
    def key(self):
        return self.headers.get("idempotency-key")

    def json(self):
        return json.loads(self.body)


def answer(status=200, body=b"", **headers):
    if isinstance(body, (dict, list)):
        body = json.dumps(body).encode()
    if isinstance(body, str):
        body = body.encode()
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(body)}"]
    lines += [f"{n.replace('_', '-')}: {v}" for n, v in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Sink:
    """`accepted(sink)` is called before anything is read, `react(sink, request)` when a request is whole: it
    gives the bytes to answer, or None to close without a word."""

    def __init__(self, react=None, accepted=None, certificate=None):
        self.react = react or (lambda s, r: answer(200))
        self.on_accept = accepted
        self.got, self.lock = [], threading.Lock()
        self.changed = threading.Condition(self.lock)
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.base = f"{'https' if certificate else 'http'}://127.0.0.1:{self.port}"
        self.url = self.base + "/hook"
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                conn, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.talk, args=(conn, time.time()), daemon=True).start()

    def talk(self, conn, now):
        try:
            if self.on_accept and self.on_accept(self) is False:
                return
            if self.tls:
                conn = self.tls.wrap_socket(conn, server_side=True)
            r = Request(conn, now)
            if not r.read():
                return
            with self.lock:
                self.got.append(r)
                self.changed.notify_all()
            reply = self.react(self, r)
            if reply is not None:
                conn.sendall(reply)
        except OSError:
            pass
        finally:
            conn.close()

    def wait(self, n, seconds=PATIENCE_S):
        with self.lock:
            if not self.changed.wait_for(lambda: len(self.got) >= n, seconds):
                raise AssertionError(f"{len(self.got)} of {n} requests came: {[r.path for r in self.got]}")
            return list(self.got)

    def keys(self):
        """In order of first arrival."""
        with self.lock:
            return list(dict.fromkeys(r.key for r in self.got))

    def close(self):
        self.listener.close()
