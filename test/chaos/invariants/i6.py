# SPDX-License-Identifier: Apache-2.0
"""I6: spools and the memory of every role stay bounded, whatever is away."""
# MB resident, at most. Limits in the code: engine 96 MB of groups and 16 MB of a read, gateway's
# memory.max_bytes, a spool's max_bytes; the rest is what a process of that role takes anyway.
LIMITS = {"checker": 96, "gateway": 160, "engine": 320, "historian": 256, "alerter": 96, "web": 128, "ca": 64,
          "pgbouncer": 48, "redis": 320}
SPOOL_MB = 260


def check(w):
    for name, mb in w.sampler.rss.items():
        role = name.split("-")[0]
        if role in LIMITS and mb > LIMITS[role]:
            yield f"{name} took {mb:.0f} MB, at most {LIMITS[role]} were to be"
    for name, mb in w.sampler.spool.items():
        if mb > SPOOL_MB:
            yield f"the spool of {name} took {mb:.0f} MB"
    missing = {"engine", "gateway", "redis", "checker-load"} - set(w.sampler.rss)
    if missing:
        yield f"never measured: {missing}"
