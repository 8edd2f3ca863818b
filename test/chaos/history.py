# SPDX-License-Identifier: Apache-2.0
"""What an installation stored: the log, batch by batch, with the moment of each commit."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration", "engine"))
from wire import fields  # noqa: E402


class Batch:
    """A batch as it stands in the log: the numbers that were new, and what came with them."""
    __slots__ = ("shard", "pos", "commit_us", "checker", "region", "epoch", "first", "last", "items", "marks")

    def __init__(self, shard, pos, commit_us, data):
        b = fields(data)
        inner = fields(b[4][0])
        self.shard, self.pos, self.commit_us = shard, pos, commit_us
        self.checker, self.region = b[1][0], b.get(2, [0])[0]
        self.epoch = inner[1][0]
        seq = inner.get(3, [0])[0]
        self.first = seq + b.get(5, [0])[0]
        self.items = []  # (first number, count, bytes of a result or None)
        self.marks = {fields(m).get(1, [0])[0] for m in b.get(6, [])}
        for index, item in enumerate(inner.get(4, [])):
            count, result = 1, None
            if item[:1] == b"\x12":  # lost
                count = fields(fields(item)[2][0])[1][0]
            elif item[:1] == b"\x0a" and index not in self.marks:
                result = item
            self.items.append((seq, count, result))
            seq += count
        self.last = seq - 1

    def results(self):
        """(number, monitor, slot in µs, attempt, status, end in µs) of what is new and valid."""
        for seq, _, raw in self.items:
            if raw is None or seq < self.first:
                continue
            r = fields(fields(raw)[1][0])
            status = r.get(7, [0])[0]
            yield (seq, r.get(1, [0])[0], r.get(3, [0])[0], r.get(4, [0])[0], status,
                   r.get(5, [0])[0] + r.get(6, [0])[0])


class History:
    def __init__(self, world):
        self.batches, self.bans = [], []
        rows = world.sql("SELECT shard, pos, coalesce((extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1e6)::bigint,"
                         " 0), encode(inputs, 'hex') FROM np.log ORDER BY shard, pos")
        for row in rows.splitlines():
            shard, pos, commit_us, data = row.split("|")
            for one in fields(bytes.fromhex(data)).get(2, []):
                one = fields(one)
                if 2 in one and fields(one[2][0]).get(4):
                    self.batches.append(Batch(int(shard), int(pos), int(commit_us), one[2][0]))
        self.rejected = {tuple(int(x) for x in row.split("|")) for row in world.sql(
            "SELECT checker_id, epoch, shard, seq FROM np.rejected").splitlines()}

    def streams(self):
        """(checker, epoch, shard) -> its batches, in the order of the log."""
        out = {}
        for b in self.batches:
            if b.last >= b.first:
                out.setdefault((b.checker, b.epoch, b.shard), []).append(b)
        return out

    def counted(self):
        """Every result that counts: (batch, number, monitor, slot, attempt, status, end)."""
        for b in self.batches:
            for r in b.results():
                if (b.checker, b.epoch, b.shard, r[0]) not in self.rejected:
                    yield (b, *r)
