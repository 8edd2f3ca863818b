# SPDX-License-Identifier: Apache-2.0
"""Metrics speak one dialect, and doc/metrics.md lists every one: name, type, labels."""
import re

PAGE = "doc/metrics.md"
ROLES = "checker|gateway|engine|historian|alerter|web|ca"
NAME = rf"netpulse_(?:{ROLES})_[a-z0-9_]+"
ROW = re.compile(rf"^\| `({NAME})` \| (counter|gauge|histogram) \|", re.M)
ASKED = re.compile(r'metrics_get\(\s*[^;]*?METRIC_(\w+)\s*,\s*"([^"]*)"', re.S)
SPOKEN = re.compile(r"""[`"'](netpulse_[a-z0-9]+_[a-z0-9_]+)""")
OF_ALL = {"netpulse_build_info"}
KINDS = {"COUNTER": "counter", "GAUGE": "gauge", "GAUGE_US": "gauge", "HIST_US": "histogram"}


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def read(path):
    with open(path, encoding="utf-8") as f:
        return f.read()


def named_badly(name, kind, room):
    if not re.fullmatch(rf"netpulse_{room}_[a-z0-9_]+", name):
        return f"{name}: write netpulse_{room}_…"
    if kind is None:
        return None  # named in a table of its file: the page says what it is
    if kind == "counter" and not name.endswith("_total"):
        return f"{name}: a counter ends in _total"
    if kind != "counter" and name.endswith("_total"):
        return f"{name}: only a counter ends in _total"
    if kind == "histogram" and not name.endswith("_seconds"):
        return f"{name}: a histogram of times ends in _seconds"
    if re.search(r"_(us|ms|s|kb|mb)(_total)?$", name):
        return f"{name}: seconds and bytes, nothing smaller or larger"
    return None


def in_source(files):
    """What a role registers: (name, path, line, what is wrong with it)."""
    for path in files:
        if not re.match(rf"src/({ROLES})/.*\.c$", path):
            continue
        text, room = read(path), path.split("/")[1]
        kinds = {name: KINDS.get(kind) for kind, name in ASKED.findall(text)}
        for name in kinds:
            if not name.startswith("netpulse_"):
                yield name, path, line_of(text, text.index(f'"{name}"')), f"{name}: write netpulse_{room}_…"
        for m in re.finditer(rf'"({NAME})"', text):
            yield m.group(1), path, line_of(text, m.start()), named_badly(m.group(1), kinds.get(m.group(1)), room)


def findings(files):
    """Of the whole tree: what is registered and what the page lists are the same, and whatever
    documents, tests and measurements speak of exists."""
    page = read(PAGE)
    listed = dict(ROW.findall(page))
    seen = set()
    for name, path, line, wrong in in_source(files):
        seen.add(name)
        wrong = wrong or (None if name in listed else f"{name} is not in {PAGE}")
        wrong = wrong or named_badly(name, listed[name], path.split("/")[1])
        if wrong:
            yield path, line, "metrics", wrong
    for m in ROW.finditer(page):
        if m.group(1) not in seen:
            yield PAGE, line_of(page, m.start()), "metrics", f"{m.group(1)} exists no more"
    for path in files:
        if not re.match(r"(doc/.*\.md|README\.md|(test|bench|script)/.*)$", path) or path == PAGE:
            continue
        try:
            text = read(path)
        except UnicodeDecodeError:
            continue
        for m in SPOKEN.finditer(text):
            name = m.group(1)
            if not {name, re.sub(r"_(bucket|sum|count)$", "", name)} & (seen | OF_ALL):
                yield path, line_of(text, m.start()), "metrics", f"{name} is no metric ({PAGE})"
