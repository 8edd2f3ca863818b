#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules against people who did not write ours: dateutil makes the local dates, zoneinfo the instants.

Random rules in zones with every kind of clock change, asked from random moments. WINDOW_SEED and
WINDOW_RULES take others, or more of them.
"""
import datetime as dt
import json
import os
import random
import subprocess
import sys
import warnings
import zoneinfo

from dateutil.rrule import rrulestr

ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "UTC",
         "Asia/Tehran", "America/Sao_Paulo", "Pacific/Chatham", "Europe/Dublin", "America/St_Johns"]
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
END = dt.datetime(2027, 1, 1)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.timezone.utc)


def some(r, values, most):
    return ",".join(str(v) for v in r.sample(values, r.randint(1, most)))


def rule(r, start):
    freq = r.choice(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
    parts = ["FREQ=" + freq]
    if r.random() < .5:
        parts.append(f"INTERVAL={r.randint(1, 5)}")
    by = of_year = False
    if r.random() < .5:
        ordinals = freq in ("MONTHLY", "YEARLY") and r.random() < .6
        of_year = freq == "YEARLY" and r.random() < .3
        top = 52 if of_year else 5
        # All with an ordinal or none: dateutil takes a mixture for "and", the standard for "or".
        parts.append("BYDAY=" + ",".join((str(r.choice([-1, 1]) * r.randint(1, top)) if ordinals else "") + d
                                         for d in r.sample(DAYS, r.randint(1, 4))))
        by = True
    if freq != "WEEKLY" and r.random() < .4:
        parts.append("BYMONTHDAY=" + some(r, [1, 2, 13, 15, 28, 29, 30, 31, -1, -2, -29, -31], 4))
        by = True
    if r.random() < .3 and not of_year:
        parts.append("BYMONTH=" + some(r, list(range(1, 13)), 4))
        by = True
    # Not of weeks: the first week of dateutil begins at its start, so its set is another than the standard's.
    if by and freq != "WEEKLY" and r.random() < .3:
        parts.append("BYSETPOS=" + some(r, [1, 2, 3, 5, -1, -2, 10], 2))
    if r.random() < .4:
        parts.append("WKST=" + r.choice(DAYS))
    end = r.random()
    if end < .25:
        parts.append(f"COUNT={r.randint(1, 60)}")
    elif end < .5:
        parts.append("UNTIL=" + (start + dt.timedelta(days=r.randint(0, 4000))).strftime("%Y%m%dT%H%M%S"))
    head, *rest = parts
    r.shuffle(rest)
    return ";".join([head] + rest)


def instant(local, zone):
    """fold=0: the first of two, and in a gap the offset from before: as RFC 5545 has it."""
    return int((local.replace(tzinfo=zone) - EPOCH) / dt.timedelta(seconds=1))


def dates(text, start):
    peer = rrulestr(text, dtstart=start)
    if not peer._until:  # a rule that never happens would be sought for until the year 9999
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            peer = peer.replace(until=END)
    return list(peer)


def main():
    seed = int(os.environ.get("WINDOW_SEED", 1))
    rules = int(os.environ.get("WINDOW_RULES", 40))
    print("seed", seed)
    r = random.Random(seed)
    cases = []
    for _ in range(rules):
        name = r.choice(ZONES)
        start = dt.datetime(2019, 1, 1) + dt.timedelta(minutes=r.randint(0, 4 * 366 * 24 * 60))
        if r.random() < .6:  # where the clocks change
            start = start.replace(hour=r.choice([0, 1, 2, 3]), minute=r.choice([0, 15, 30, 45]))
        text = rule(r, start)
        from_s = instant(start + dt.timedelta(days=r.choice([-10, 0, 3, 400, 1000])), zoneinfo.ZoneInfo("UTC"))
        zone = zoneinfo.ZoneInfo(name)
        local = [(d, instant(d, zone)) for d in dates(text, start)]
        coming = [(d, s) for d, s in local if s >= from_s]
        skipped = [d.date().isoformat() for d, _ in r.sample(coming[:12], min(len(coming[:12]), 2))]
        want = [s for d, s in coming if d.date().isoformat() not in skipped][:40]
        definition = {"zone": name, "start": start.isoformat(timespec="minutes"), "duration_s": 60, "rrule": text,
                      "exdates": skipped}
        cases.append((from_s, definition, want))
    lines = "".join(f"{f}|41|{json.dumps(d)}\n" for f, d, _ in cases)
    out = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True, check=False)
    answers = out.stdout.split("\n")
    for (from_s, definition, want), got in zip(cases, answers):
        times = [int(x) for x in got.split()] if got.replace(" ", "").replace("-", "").isdigit() or not got else got
        # Ours goes on for longer than the comparison; one more may have begun before.
        if times[:len(want)] != want or (len(want) < 40 and len(times) > len(want) and
                                         times[len(want)] < instant(END - dt.timedelta(days=2), dt.timezone.utc)):
            print("from", from_s, definition, "\nwant", want, "\ngot ", times)
            sys.exit(1)
    if out.returncode or len(answers) != len(cases) + 1:
        sys.exit(f"the program ended with {out.returncode} after {len(answers)} answers: {out.stderr}")
    print(len(cases), "rules agree,", sum(len(w) for _, _, w in cases), "occurrences")


main()
