# SPDX-License-Identifier: Apache-2.0
"""engine_test.py ENGINE [test …]: the engine's promises, on real servers."""
import os
import sys
import time
import traceback

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
from rig import ACK, BANNED, REJECT, REWIND, Rig, now_us, wait  # noqa: E402
from wire import FAIL, OK, batch, lost, result  # noqa: E402


def three_regions(rig):
    regions = [rig.region(n) for n in ("eu", "us", "ap")]
    checkers = [rig.checker(r) for r in regions]
    rig.hello(*checkers)
    for c, r in zip(checkers, regions):
        wait("member", lambda c=c, r=r: rig.members(r) == "{%d}" % c.number)
    return regions, checkers


def test_way_of_a_result(rig):
    """definition in -> results folded -> live, state, ack; a failure -> incident, notices; recovery."""
    rig.engine().ready()
    rig.channel()
    regions, checkers = three_regions(rig)
    m, ident = rig.monitor(regions, confirm_s=1, recover_s=1, fail_after=1, recover_after=1, retry_interval_s=1)
    wait("state", lambda: rig.state(m) == "pending")
    for c in checkers:
        rig.ack(rig.say(c, m, OK))
    wait("up", lambda: rig.state(m) == "up")
    assert rig.live(), "nothing live"
    for c in checkers:
        rig.say(c, m, FAIL)
    wait("suspect", lambda: rig.state(m) == "suspect")
    end = time.monotonic() + 15
    while rig.state(m) != "down" and time.monotonic() < end:
        for c in checkers:
            rig.say(c, m, FAIL)
        time.sleep(0.3)
    assert rig.state(m) == "down", rig.state(m)
    assert rig.jobs(), "no check-now"
    inc = rig.rows("SELECT id, state, why, opened_at FROM np.incident")
    assert len(inc) == 1 and inc[0]["state"] == "open", inc
    wait("opened notice", lambda: rig.rows("SELECT kind FROM np.notice WHERE state = 'pending'") ==
         [{"kind": "opened"}])
    ident = rig.command(m, "acknowledge", {"incident": inc[0]["id"], "note": "on it"})
    assert rig.outcome(ident) == "applied:", rig.outcome(ident)
    ident = rig.command(m, "acknowledge", {"incident": inc[0]["id"]})
    assert rig.outcome(ident).startswith("refused:"), rig.outcome(ident)
    end = time.monotonic() + 15
    while rig.state(m) != "up" and time.monotonic() < end:
        for c in checkers:
            rig.say(c, m, OK)
        time.sleep(0.3)
    assert rig.state(m) == "up", rig.state(m)
    kinds = [r["kind"] for r in rig.rows("SELECT kind FROM np.notice ORDER BY id")]
    assert kinds == ["opened", "acknowledged", "resolved"], kinds
    inc = rig.rows("SELECT state, acknowledged_by, close_reason, closed_at FROM np.incident")[0]
    assert inc["state"] == "resolved" and inc["acknowledged_by"] == "ops@example.org", inc
    print(rig.rows("SELECT number, kind, actor, reason FROM np.incident_event ORDER BY number"))
    print(rig.rows("SELECT kind, body FROM np.notice ORDER BY id LIMIT 1"))


def main(argv):
    tests = {k[5:]: v for k, v in globals().items() if k.startswith("test_")}
    failed = 0
    for name in argv[1:] or tests:
        begun = time.monotonic()
        try:
            with Rig(argv[0]) as rig:
                tests[name](rig)
            print(f"ok   {name} ({time.monotonic() - begun:.1f} s)", flush=True)
        except Exception:
            failed += 1
            print(f"FAIL {name} ({time.monotonic() - begun:.1f} s)", flush=True)
            traceback.print_exc()
    print(f"{len(argv[1:] or tests) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
