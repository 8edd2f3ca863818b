# SPDX-License-Identifier: Apache-2.0
"""A TCP relay between checkers and gateways that cuts, delays, holds and refuses.

Inside one connection TCP keeps the order; delays of their own for each connection and direction
reorder what different connections, and the two gateways, carry.
"""
import asyncio
import random
import threading


class Relay(threading.Thread):
    def __init__(self, port, backends, seed):
        super().__init__(daemon=True)
        self.port, self.backends, self.random = port, backends, random.Random(seed)
        self.links, self.delay_s, self.held, self.refusing = set(), 0.0, False, False
        self.loop = asyncio.new_event_loop()
        self.opened = threading.Event()
        self.start()
        self.opened.wait(10)

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(asyncio.start_server(self.serve, "127.0.0.1", self.port, backlog=1000))
        self.opened.set()
        self.loop.run_forever()

    async def serve(self, reader, writer):
        try:
            if self.refusing:
                writer.transport.abort()
                return
            port = self.random.choice(self.backends)
            # From the same address: a gateway may count by it.
            source = (writer.get_extra_info("peername")[0], 0)
            far, to_far = await asyncio.open_connection("127.0.0.1", port, local_addr=source)
        except OSError:
            writer.transport.abort()
            return
        link = (writer.transport, to_far.transport)
        self.links.add(link)
        share = self.random.random()  # of the delay, its own
        await asyncio.gather(self.pump(reader, to_far, share), self.pump(far, writer, 1 - share))
        self.links.discard(link)

    async def pump(self, reader, writer, share):
        try:
            while data := await reader.read(65536):
                if self.delay_s:
                    await asyncio.sleep(self.delay_s * share * self.random.random() * 2)
                while self.held:
                    await asyncio.sleep(0.02)
                writer.write(data)
                await writer.drain()
            writer.close()
        except OSError:
            writer.transport.abort()

    def _abort(self):
        for link in list(self.links):
            for transport in link:
                transport.abort()

    def cut(self):
        """Every connection is reset."""
        self.loop.call_soon_threadsafe(self._abort)

    def calm(self):
        self.delay_s, self.held, self.refusing = 0.0, False, False
