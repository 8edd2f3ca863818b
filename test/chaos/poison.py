# SPDX-License-Identifier: Apache-2.0
"""A checker with a good identity and bad manners, and a thief on the queue without the key."""
import os
import random
import shutil
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
for place in ("gateway", "engine"):
    sys.path.insert(0, os.path.join(HERE, "..", "integration", place))
from peers import Checker, Closed, batch, f, fields, one, result  # noqa: E402
from wire import Redis  # noqa: E402

CHECKER, MONITOR = 90001, 900001
DAY_US = 86400 * 1000 * 1000


class Poison:
    def __init__(self, world):
        self.w, self.random, self.acked = world, random.Random(world.seed), []
        self.epoch, self.seq = int(time.time() * 1000) << 16, 1
        self.folder = os.path.join(world.base, "poison")
        world.must("netpulse-mint", "--ca", world.path("ca"), "--count", 1, "--checker", CHECKER, "--monitor", MONITOR,
                   "--out", self.folder)
        world.register(os.path.join(self.folder, "rows.csv"), MONITOR)
        shutil.copy(self.folder + "/cert.pem", self.folder + "/p.pem")
        shutil.copy(self.folder + "/key.pem", self.folder + "/p.key")
        shutil.copy(world.path("tls/edge-root.pem"), self.folder + "/root.pem")

    def connect(self):
        return Checker(("127.0.0.1", self.w.relay_port), self.folder, "p")

    def items(self):
        far = int(time.time() * 1e6)
        return [result(MONITOR), result(MONITOR, f7=3, f8=5, f9=b"a\0b"), result(MONITOR, f7=3, f8=5, f9=b"\xff\xfe\xc0"),
                result(MONITOR, f3=far - 4000 * DAY_US, f5=far - 4000 * DAY_US),  # no partition for its day
                result(MONITOR, f3=far + 4000 * DAY_US),  # nor for this one
                result(MONITOR + 1), result(min(self.w.load_checkers) + 99000), result(MONITOR, f2=7),
                result(MONITOR, f7=99), f(2, f(1, 3) + f(2, far - DAY_US) + f(3, far) + f(4, 1)), b"", result(MONITOR)]

    def results(self):
        """One batch of all of it; it is taken, judged item by item, and the rest is stored."""
        items = self.items()
        numbers = len(items) + 2  # the loss stands for three
        shard = MONITOR % 16
        for _ in range(20):
            try:
                c = self.connect()
                status, _, body = c.post(batch(self.epoch, shard, self.seq, items))
                c.close()
            except (Closed, OSError):
                status = 0
            if status == 200:
                acks = [fields(a) for a in fields(body).get(1, [])]
                if acks:
                    self.acked.append((CHECKER, self.epoch, shard, one(acks[-1], 3)))
                    self.seq += numbers
                    return "taken and judged"
            time.sleep(0.5)
        return "not taken in time"  # the same numbers come with the next try

    def envelopes(self):
        """What is no batch at all, on the stream and by POST."""
        got = []
        for raw in (b"\xff\xff\xff\xff", b"\0\0\0\0", b"\0\x10\0\0" + b"x" * 100, b"\0\0\0\x02\x12\x05",
                    os.urandom(200)):
            try:
                c = self.connect()
                if c.upgrade() == 101:
                    c.raw(raw)
                    got.append(c.is_closed(3))
                c.close()
            except (Closed, OSError):
                got.append(True)
        return f"{sum(got)} of {len(got)} streams were closed"

    def queue(self):
        """Records, answers and live events that nobody sealed."""
        with open(self.w.path("secret/gateway.redis"), encoding="ascii") as file:
            redis = Redis(self.w.path("run/redis.sock"), "gateway", file.read().strip())
        for shard in range(16):
            junk = bytes(self.random.randrange(256) for _ in range(90))
            redis("XADD", f"np:results:{shard}", "*", "r", junk)
            redis("XADD", f"np:results:{shard}", "*", "x", "no such field")
        for gateway in ("gateway-1", "gateway-2"):
            redis("PUBLISH", "np:ack:" + gateway, b"\0" * 32 + f(1, f(1, 1) + f(2, 1) + f(6, 1 << 40)))
        redis("PUBLISH", "np:registry", b"nonsense")
        redis.close()
        return "48 forged records"
