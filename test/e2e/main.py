# SPDX-License-Identifier: Apache-2.0
"""Runs the end-to-end tests in order: one installation, its life from first start to last stop.
Those of one group (rig.beside) run side by side.

usage: test/e2e/run [WORD...]   only tests whose name holds one of the words
"""
import itertools
import sys
import threading
import time
import traceback

import tests_api
import tests_browser
import tests_kill
import tests_self
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


class Score:
    def __init__(self, world):
        self.world, self.passed, self.failed, self.lock = world, 0, 0, threading.Lock()

    def run(self, module, name, test):
        began, trouble = time.monotonic(), ""
        try:
            test(self.world)
        except Exception:  # a test may fail in any way; the others still run
            trouble = traceback.format_exc()
        with self.lock:
            self.passed += not trouble
            self.failed += bool(trouble)
            word = "FAILED" if trouble else "ok"
            print(f"{trouble}{word:<7}{module}.{name} {time.monotonic() - began:.1f} s", flush=True)
        return not trouble


def chosen(words):
    """[(module, name, test)] in order: the first start, what is asked for, the last stop."""
    tests = [(m.__name__, n, f) for m in (
        tests_up, tests_api, tests_watch, tests_story, tests_self, tests_kill, tests_browser)
             for n, f in vars(m).items() if n.startswith("test_")]
    tests += [(tests_up.__name__, n, f) for n, f in vars(tests_up).items() if n.startswith("last_")]
    needed = ("test_first_start", "last_stop_leaves_nothing")
    return [t for t in tests if not words or t[1] in needed or any(w in t[1] for w in words)]


def main():
    world = World()
    score = Score(world)
    try:
        for group, tests in itertools.groupby(chosen(sys.argv[1:]), lambda t: getattr(t[2], "group", t[1])):
            threads = [threading.Thread(target=score.run, args=t) for t in tests]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            if group == "test_first_start" and score.failed:
                break
        if score.failed:
            print(world.up.logs())
    finally:
        world.close()
    print(f"{score.passed} passed, {score.failed} failed")
    sys.exit(1 if score.failed or not score.passed else 0)


main()
