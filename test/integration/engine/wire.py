# SPDX-License-Identifier: Apache-2.0
"""The messages of proto/*.proto by hand, seals, and a Redis client: enough to play a gateway."""
import hashlib
import hmac
import socket


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def num(field, n):
    return varint(field << 3) + varint(n) if n else b""


def blob(field, data):
    data = data.encode() if isinstance(data, str) else data
    return varint(field << 3 | 2) + varint(len(data)) + data


def fields(data):
    """{field: [values]} of one message."""
    out, at = {}, 0

    def read():
        nonlocal at
        n = shift = 0
        while True:
            b = data[at]
            at += 1
            n |= (b & 127) << shift
            if b < 128:
                return n
            shift += 7

    while at < len(data):
        tag = read()
        if tag & 7 == 0:
            value = read()
        elif tag & 7 == 2:
            n = read()
            value = data[at:at + n]
            at += n
        else:
            n = 8 if tag & 7 == 1 else 4
            value = int.from_bytes(data[at:at + n], "little")
            at += n
        out.setdefault(tag >> 3, []).append(value)
    return out


def packed(data):
    """Numbers of a packed repeated field."""
    out, at = [], 0
    while at < len(data):
        n = shift = 0
        while True:
            b = data[at]
            at += 1
            n |= (b & 127) << shift
            shift += 7
            if b < 128:
                break
        out.append(n)
    return out


def seal(key, context, message):
    return hmac.new(key, context.encode() + b"\0" + message, hashlib.sha256).digest() + message


def unseal(key, context, data):
    assert hmac.compare_digest(seal(key, context, data[32:])[:32], data[:32]), "seal of " + context
    return data[32:]


OK, DEGRADED, FAIL, UNKNOWN = 1, 2, 3, 4


def result(monitor, slot_us, status=OK, revision=1, attempt=0, start_us=None, duration_us=1000):
    """An np.v1.Item."""
    start_us = slot_us if start_us is None else start_us
    r = (num(1, monitor) + num(2, revision) + num(3, slot_us) + num(4, attempt) + num(5, start_us) +
         num(6, duration_us) + num(7, status))
    if status in (FAIL, UNKNOWN):
        r += num(8, 2 if status == FAIL else 16) + blob(9, "connection refused")
    return blob(1, r)


def lost(count, from_us=0, to_us=0, why=1):
    return blob(2, num(1, count) + num(2, from_us) + num(3, to_us) + num(4, why))


def batch(epoch, shard, first_seq, items, end=False, oldest_ms=0):
    return (num(1, epoch) + num(2, shard) + num(3, first_seq) + b"".join(blob(4, i) for i in items) +
            num(5, int(end)) + num(6, oldest_ms))


class Redis:
    """One connection; answers are ints, bytes, None, lists."""

    def __init__(self, path, user, password):
        self.s = socket.socket(socket.AF_UNIX)
        self.s.connect(path)
        self.f = self.s.makefile("rb")
        assert self("AUTH", user, password) == b"OK"

    def send(self, *words):
        out = [b"*%d\r\n" % len(words)]
        for w in words:
            w = w if isinstance(w, bytes) else str(w).encode()
            out.append(b"$%d\r\n%s\r\n" % (len(w), w))
        self.s.sendall(b"".join(out))

    def read(self):
        line = self.f.readline()
        if not line:
            raise ConnectionError("redis is gone")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RuntimeError(rest.decode())
        if kind == b":":
            return int(rest)
        if kind == b"$":
            if rest == b"-1":
                return None
            data = self.f.read(int(rest) + 2)
            return data[:-2]
        if kind == b"*":
            return None if rest == b"-1" else [self.read() for _ in range(int(rest))]
        return rest

    def __call__(self, *words):
        self.send(*words)
        return self.read()

    def close(self):
        self.f.close()
        self.s.close()
