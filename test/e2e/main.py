# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests in order: one installation, its life from first start to last stop.

usage: test/e2e/run [WORD...]   only tests whose name holds one of the words
"""
import sys
import time
import traceback

import tests_api
import tests_browser
import tests_story
import tests_up
import tests_watch
from sinks import Beats, Mail, Targets, Webhook
from rig import Up


class World:
    """What the tests share. Made once: a first start costs seconds."""

    def __init__(self):
        self.mail = Mail()
        self.hook = Webhook()
        self.beat = Beats()
        self.targets = Targets()
        self.up = Up("--smtp", self.mail.url, "--mail-from", "netpulse@example.org", "--heartbeat", self.beat.url)

    def close(self):
        self.up.clean()
        self.mail.close()
        self.hook.close()
        self.beat.close()
        self.targets.close()


def main():
    words = sys.argv[1:]
    tests = [(m.__name__, n, f) for m in (tests_up, tests_api, tests_watch, tests_story, tests_browser, tests_up)
             for n, f in vars(m).items() if n.startswith("test_") or (m is tests_up and n.startswith("last_"))]
    firsts = [t for t in tests if t[1].startswith("test_")]
    lasts = [t for t in tests if t[1].startswith("last_")]
    order = list(dict.fromkeys(firsts + lasts))
    passed = failed = 0
    world = World()
    try:
        for module, name, test in order:
            needed = name in ("test_first_start", "last_stop_leaves_nothing")
            if words and not needed and not any(w in name for w in words):
                continue
            began = time.monotonic()
            try:
                test(world)
                passed += 1
                word = "ok"
            except Exception:  # a test may fail in any way; the others still run
                failed += 1
                word = "FAILED"
                traceback.print_exc()
                if name == "test_first_start":
                    print(f"{word:<7}{module}.{name}", flush=True)
                    break
            print(f"{word:<7}{module}.{name} {time.monotonic() - began:.1f} s", flush=True)
        if failed:
            print(world.up.logs())
    finally:
        world.close()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed or not passed else 0)


main()
