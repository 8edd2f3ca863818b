# SPDX-License-Identifier: Apache-2.0
"""Targets that refuse, hang, blip and lose: one loop in a process of its own."""
import asyncio
import multiprocessing
import random
import resource
import socket
import struct
import time

PORT = 18099
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def address(i):
    """An address of its own for each: whether it refuses is then its own affair."""
    return f"127.77.{i // 250 + 1}.{i % 250 + 1}"


class Target:
    """One that is well until `down` comes, then refuses or hangs, until `back`."""

    def __init__(self, plan):
        self.plan = plan
        self.server = None
        self.hanging = False
        self.held = []

    async def listen(self):
        self.server = await asyncio.start_server(self.serve, address(self.plan["i"]), PORT, backlog=16)

    async def serve(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            if self.hanging:
                self.held.append(writer)
                await reader.read()  # until the checker gives up
            else:
                writer.write(OK)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def live(self, start):
        await asyncio.sleep(start + self.plan["down"] - time.time())
        down = time.time()
        if self.plan["how"] == "hang":
            self.hanging = True
        else:
            self.server.close()
        await asyncio.sleep(start + self.plan["back"] - time.time())
        if self.plan["how"] == "hang":
            self.hanging = False
            for w in self.held:
                w.transport.abort()
        else:
            await self.listen()
        return {"name": self.plan["name"], "down": down, "back": time.time()}


class Loser:
    """Resets a share of its connections, each by its own dice."""

    def __init__(self, i, share, dice):
        self.i, self.share, self.dice = i, share, dice
        self.asked = self.lost = 0

    async def serve(self, reader, writer):
        try:
            await reader.readuntil(b"\r\n\r\n")
            self.asked += 1
            if self.dice.random() < self.share:
                self.lost += 1
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                writer.transport.abort()
                return
            writer.write(OK)
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def play(plans, losses, pipe, seed):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a listener for each target
    dice = random.Random(seed)
    targets = [Target(p) for p in plans]
    losers = [Loser(i, share, dice) for i, share in losses]
    for t in targets:
        await t.listen()
    for x in losers:
        await asyncio.start_server(x.serve, address(x.i), PORT, backlog=256)
    pipe.send("ready")
    while not pipe.poll():
        await asyncio.sleep(0.05)
    start = pipe.recv()
    for x in losers:
        x.asked = x.lost = 0
    done = await asyncio.gather(*(t.live(start) for t in targets))
    pipe.send("played")
    while not pipe.poll():
        await asyncio.sleep(0.05)
    pipe.recv()
    pipe.send({"targets": done, "losers": [{"share": x.share, "asked": x.asked, "lost": x.lost} for x in losers]})


def process(plans, losses, seed):
    """(process, pipe): it says "ready", is sent the moment to begin, says "played", is asked for the account."""
    ours, theirs = multiprocessing.Pipe()
    p = multiprocessing.Process(target=lambda: asyncio.run(play(plans, losses, theirs, seed)), daemon=True)
    p.start()
    return p, ours

