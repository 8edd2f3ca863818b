# SPDX-License-Identifier: Apache-2.0
"""The headline as a picture: spread of the latency by profile, latency against rate."""
import math

WIDTH, HEIGHT, LEFT, TOP = 900, 360, 110, 40
COLOURS = {"p50": "#2a7f62", "p95": "#d08c00", "p99": "#c2452d", "max": "#888888"}


def text(x, y, words, anchor="start", size=12, colour="#222"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" fill="{colour}" '
            f'font-family="sans-serif">{words}</text>')


def scale(low, high, from_, to):
    """Logarithmic: a value's place."""
    low, high = math.log10(low), math.log10(high)
    return lambda v: from_ + (math.log10(max(v, 10 ** low)) - low) / (high - low) * (to - from_)


def legend(y):
    out = []
    for i, (name, colour) in enumerate(COLOURS.items()):
        x = LEFT + 90 * i
        out += [f'<circle cx="{x}" cy="{y - 4}" r="5" fill="{colour}"/>', text(x + 10, y, name)]
    return out


def grid(at, low, high, top, bottom):
    out, v = [], low
    while v <= high * 1.01:
        out.append(f'<line x1="{at(v):.1f}" y1="{top}" x2="{at(v):.1f}" y2="{bottom}" stroke="#ddd"/>')
        out.append(text(at(v), bottom + 16, f"{v:g} ms", "middle", 11))
        v *= 10
    return out


def spread(profiles, top):
    """One row a profile: p50 … max of check to screen on a logarithmic axis."""
    at = scale(0.1, 10000, LEFT, WIDTH - 30)
    rows = [(name, p["screen_ms"]) for name, p in profiles.items() if p.get("screen_ms")]
    bottom = top + 40 * len(rows)
    out = [text(LEFT, top - 28, "Check to screen", size=15), *legend(top - 10), *grid(at, 0.1, 10000, top, bottom)]
    for i, (name, ms) in enumerate(rows):
        y = top + 40 * i + 20
        out.append(text(LEFT - 10, y + 4, name, "end"))
        out.append(f'<line x1="{at(ms["p50"]):.1f}" y1="{y}" x2="{at(ms["max"]):.1f}" y2="{y}" stroke="#bbb" '
                   'stroke-width="3"/>')
        out += [f'<circle cx="{at(ms[k]):.1f}" cy="{y}" r="6" fill="{c}"/>' for k, c in COLOURS.items()]
    return out, bottom + 30


def knee(sweep, top):
    """Latency against what was offered a second, to where it is no longer kept up with."""
    bottom, right = top + 220, WIDTH - 30
    rates = [s["offered_per_s"] for s in sweep]
    x = scale(min(rates), max(rates) * 1.05, LEFT, right)
    y = scale(0.1, 10000, bottom, top)
    out = [text(LEFT, top - 12, "Check to screen against results a second", size=15)]
    for v in (0.1, 1, 10, 100, 1000, 10000):
        out.append(f'<line x1="{LEFT}" y1="{y(v):.1f}" x2="{right}" y2="{y(v):.1f}" stroke="#ddd"/>')
        out.append(text(LEFT - 8, y(v) + 4, f"{v:g} ms", "end", 11))
    for r in rates:
        out.append(text(x(r), bottom + 16, f"{r:,}", "middle", 11))
    for name, colour in COLOURS.items():
        points = " ".join(f'{x(s["offered_per_s"]):.1f},{y(s["screen_ms"][name]):.1f}'
                          for s in sweep if s.get("screen_ms"))
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
    return out, bottom + 30


def draw(report, path):
    body, y = spread(report["profiles"], TOP + 20) if report["profiles"] else ([], TOP)
    if report.get("sweep"):
        more, y = knee(report["sweep"], y + 50)
        body += more
    with open(path, "w", encoding="utf-8") as f:
        f.write(f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 20:.0f}">'
                f'<rect width="100%" height="100%" fill="#fff"/>' + "\n".join(body) + "</svg>\n")
