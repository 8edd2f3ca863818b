# SPDX-License-Identifier: Apache-2.0
"""The gateway's two sides, as small as they can be: a checker over mutual TLS, an engine on Redis.

Written from doc/contracts.md and proto/ alone, with nothing of the program's own code.
"""
import hashlib
import hmac
import os
import socket
import ssl
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "lib"))
from servers import PATIENCE_S  # noqa: E402


# --- protobuf, by hand ---------------------------------------------------------------------

def varint(n):
    out = b""
    n &= (1 << 64) - 1
    while n >= 128:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def f(number, value):
    """One field: ints as varints, text and bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(data):
    """{number: [values]}; bytes for messages and texts."""
    out, i = {}, 0

    def take():
        nonlocal i
        shift = n = 0
        while True:
            byte = data[i]
            i += 1
            n |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return n
    while i < len(data):
        tag = take()
        if tag & 7 == 0:
            value = take()
        elif tag & 7 == 2:
            n = take()
            value = data[i:i + n]
            i += n
        else:
            raise ValueError("wire type")
        out.setdefault(tag >> 3, []).append(value)
    return out


def one(message, number, default=0):
    return message.get(number, [default])[-1]


def numbers(message, number):
    """A repeated number, packed or not."""
    out = []
    for v in message.get(number, []):
        if isinstance(v, int):
            out.append(v)
        else:
            out += fields_packed(v)
    return out


def fields_packed(data):
    out, n, shift = [], 0, 0
    for byte in data:
        n |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            out.append(n)
            n = shift = 0
    return out


def result(monitor, **more):
    now = int(time.time() * 1e6)
    r = {1: monitor, 2: 1, 3: now, 5: now, 6: 1000, 7: 1, 10: 200}
    r.update({int(k[1:]): v for k, v in more.items()})
    return f(1, b"".join(f(k, v) for k, v in sorted(r.items())))


def batch(epoch, shard, first, items, end=False):
    return (f(1, epoch) + f(2, shard) + f(3, first) + b"".join(f(4, i) for i in items)
            + (f(5, 1) if end else b""))


# --- a checker --------------------------------------------------------------------------------

class Closed(Exception):
    pass


class Checker:
    def __init__(self, address, pki, name, root="root"):
        ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        ctx.minimum_version = ssl.TLSVersion.TLSv1_3
        ctx.load_verify_locations(f"{pki}/{root}.pem")
        if name:
            ctx.load_cert_chain(f"{pki}/{name}.pem", f"{pki}/{name}.key")
        raw = socket.create_connection(address, timeout=PATIENCE_S)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.s = ctx.wrap_socket(raw, server_hostname="localhost")
        self.data = b""

    def close(self):
        self.s.close()

    def _more(self):
        try:
            got = self.s.recv(65536)
        except (ssl.SSLError, ConnectionError) as e:
            raise Closed(str(e)) from e
        if not got:
            raise Closed("end")
        self.data += got

    def _send(self, data):
        try:
            self.s.sendall(data)
        except (ssl.SSLError, ConnectionError) as e:
            raise Closed(str(e)) from e

    def head(self):
        while b"\r\n\r\n" not in self.data:
            self._more()
        head, self.data = self.data.split(b"\r\n\r\n", 1)
        lines = head.decode().split("\r\n")
        fields_ = {k.lower(): v.strip() for k, v in (x.split(":", 1) for x in lines[1:])}
        return int(lines[0].split()[1]), fields_

    def upgrade(self):
        self._send(b"GET /v1/stream HTTP/1.1\r\nHost: gw\r\nConnection: Upgrade\r\n"
                   b"Upgrade: netpulse-stream/1\r\n\r\n")
        return self.head()[0]

    def post(self, body, kind="application/x-protobuf"):
        self.post_send(body, kind)
        return self.post_answer()

    def post_send(self, body, kind="application/x-protobuf"):
        self._send((f"POST /v1/results HTTP/1.1\r\nHost: gw\r\nContent-Type: {kind}\r\n"
                    f"Content-Length: {len(body)}\r\n\r\n").encode() + body)

    def post_answer(self):
        status, head = self.head()
        while len(self.data) < int(head["content-length"]):
            self._more()
        n = int(head["content-length"])
        body, self.data = self.data[:n], self.data[n:]
        return status, head, body

    def send(self, frame):
        self._send(struct.pack(">I", len(frame)) + frame)

    def raw(self, data):
        self._send(data)

    def hello(self, version="1.0", **more):
        self.send(f(1, f(1, version) + f(4, int(time.time() * 1e6)) + more.get("epochs", b"")))

    def send_batch(self, *args, **more):
        self.send(f(2, batch(*args, **more)))

    def frame(self, timeout=PATIENCE_S):
        """The next message down: (kind number, its fields)."""
        self.s.settimeout(timeout)
        while len(self.data) < 4 or len(self.data) < 4 + struct.unpack(">I", self.data[:4])[0]:
            self._more()
        n = struct.unpack(">I", self.data[:4])[0]
        message, self.data = fields(self.data[4:4 + n]), self.data[4 + n:]
        (kind, values), = message.items()
        return kind, fields(values[0])

    def expect(self, kind, timeout=PATIENCE_S):
        """The next message of that kind; others on the way are dropped."""
        end = time.monotonic() + timeout
        while True:
            got, message = self.frame(max(0.05, end - time.monotonic()))
            if got == kind:
                return message

    def is_closed(self, timeout=PATIENCE_S):
        try:
            while True:
                self.frame(timeout)
        except Closed:
            return True
        except TimeoutError:
            return False


WELCOME, ACK, REWIND, REJECT, ASSIGN, JOB, PAUSE, PONG = range(1, 9)


# --- an engine ----------------------------------------------------------------------------------

class Redis:
    def __init__(self, servers, user="np_engine"):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.settimeout(2 * PATIENCE_S)
        self.s.connect(servers.path("redis.sock"))
        self.r = self.s.makefile("rb")
        self.cmd("AUTH", user, servers._secret(user + ".redis"))

    def cmd(self, *words):
        out = b"*%d\r\n" % len(words)
        for w in words:
            w = w if isinstance(w, bytes) else str(w).encode()
            out += b"$%d\r\n%s\r\n" % (len(w), w)
        self.s.sendall(out)
        return self._read()

    def _read(self):
        line = self.r.readline().rstrip(b"\r\n")
        kind, rest = line[:1], line[1:]
        if kind == b"$":
            return None if rest == b"-1" else self.r.read(int(rest) + 2)[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self._read() for _ in range(int(rest))]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        return int(rest) if kind == b":" else rest


class Engine:
    """Reads every shard's queue; answers as it is told."""

    def __init__(self, servers, gateway="gw-1"):
        self.redis = Redis(servers)
        with open(servers.path("hmac.key"), encoding="ascii") as file:
            self.key = bytes.fromhex(file.read().strip())
        self.gateway = gateway
        self.after = {s: "0" for s in range(16)}
        self.heard = []
        self.slow = []
        self.queue = []

    def seal(self, channel, message, key=None):
        mac = hmac.new(key or self.key, channel.encode() + b"\0" + message, hashlib.sha256).digest()
        return mac + message

    def open(self, channel, data):
        assert hmac.compare_digest(self.seal(channel, data[32:])[:32], data[:32]), "seal of " + channel
        return data[32:]

    def read(self, wait_ms=500):
        keys = [f"np:results:{s}" for s in range(16)]
        got = self.redis.cmd("XREAD", "COUNT", 1000, "BLOCK", wait_ms, "STREAMS", *keys, *self.after.values())
        for key, entries in got or []:
            shard = int(key.rsplit(b":", 1)[1])
            for ident, (_, data) in entries:
                self.after[shard] = ident.decode()
                self._take(shard, fields(self.open(key.decode(), data)))

    def _take(self, shard, m):
        self.heard += [(shard, fields(h)) for h in m.get(10, [])]
        if 11 in m:
            self.slow.append((shard, m, fields(m[11][0])))
        if one(m, 8, b""):
            self.queue.append((shard, m, fields(m[8][0])))

    def next(self, timeout=PATIENCE_S):
        """The next batch: (shard, record, batch)."""
        end = time.monotonic() + timeout
        while not self.queue:
            if time.monotonic() > end:
                raise TimeoutError("no batch came")
            self.read()
        return self.queue.pop(0)

    def wait_heard(self, test, timeout=PATIENCE_S):
        end = time.monotonic() + timeout
        while True:
            for shard, h in self.heard:
                if test(shard, h):
                    return h
            if time.monotonic() > end:
                raise TimeoutError("not heard")
            self.read(200)

    def record(self, got, n, kind=0, **more):
        shard, m, b = got
        r = {1: one(m, 2), 2: one(m, 3), 3: one(m, 5), 4: one(b, 1), 5: shard, 6: n, 7: kind}
        r.update({int(k[1:]): v for k, v in more.items()})
        return b"".join(f(k, v) for k, v in sorted(r.items()))

    def publish(self, records, key=None):
        channel = "np:ack:" + self.gateway
        self.redis.cmd("PUBLISH", channel, self.seal(channel, b"".join(f(1, r) for r in records), key))

    def ack(self, got, n, **more):
        self.publish([self.record(got, n, **more)])

    def is_heard(self, channel):
        return self.redis.cmd("PUBSUB", "NUMSUB", channel)[1] > 0

    def job(self, region, monitor, revision=1, key=None):
        channel = f"np:jobs:{region}"
        message = f(1, 77) + f(2, monitor) + f(3, revision) + f(4, region) + f(5, 123)
        self.redis.cmd("PUBLISH", channel, self.seal(channel, message, key))

    def nudge(self, what):
        self.redis.cmd("PUBLISH", "np:registry", self.seal("np:registry", f(1, what)))
