# SPDX-License-Identifier: Apache-2.0
"""I11: the audit chain verifies."""


def check(w):
    if "audit" not in w.netpulse("--help").stdout:
        w.note("I11 is not asked for: this program has no `netpulse audit verify`")
        return
    done = w.netpulse("audit", "verify", "--data", w.up.dir)
    if done.returncode != 0:
        yield (done.stderr or done.stdout).strip()[-300:]
