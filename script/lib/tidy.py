# SPDX-License-Identifier: Apache-2.0
"""clang-format and clang-tidy over the C. What passed clang-tidy is remembered by
the hash of the file, of all house headers it reaches and of the check list."""
import concurrent.futures
import hashlib
import json
import os
import re
import shutil
import subprocess

ANSWER = re.compile(r"^(.*?):(\d+):\d+: (?:warning|error): (.*)$")


def tool(name):
    return shutil.which(name + "-14") or shutil.which(name)


def run(args):
    return subprocess.run(args, capture_output=True, text=True)


def in_parallel(work, items):
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        for found in pool.map(work, items):
            yield from found


def formatted(paths):
    program = tool("clang-format")
    if not program:
        yield "script/lint", 1, "format", "clang-format-14 is missing: script/setup test"
        return

    def one(path):
        out = run([program, "--dry-run", "--Werror", path]).stderr
        rows = [m for m in map(ANSWER.match, out.splitlines()) if m]
        return [(path, int(rows[0].group(2)), "format", "script/format changes it")] if rows else []

    yield from in_parallel(one, paths)


def reached(path, seen):
    """The file and every house header below it."""
    if path in seen or not os.path.exists(path):
        return seen
    seen.add(path)
    with open(path, encoding="utf-8") as f:
        for name in re.findall(r'^#\s*include\s+"([^"]+)"', f.read(), re.M):
            reached(os.path.join("src", name), seen)
    return seen


def key_of(path, command):
    h = hashlib.sha256(command.encode())
    for name in sorted(reached(path, set())) + [".clang-tidy"]:
        with open(name, "rb") as f:
            h.update(name.encode() + b"\0" + f.read())
    return h.hexdigest()


def reason(text):
    rows = [row.strip() for row in text.splitlines() if row.strip()]
    return next((row for row in rows if "ERROR" in row or "error:" in row), (rows or ["?"])[-1])


def prepare(build):
    """A clang build folder with its commands and generated headers; nothing is compiled."""
    if not os.path.exists(f"{build}/build.ninja"):
        env = dict(os.environ, CC=shutil.which("clang-14") or "clang")
        done = subprocess.run(["meson", "setup", build], env=env, capture_output=True, text=True)
        if done.returncode != 0:
            return reason(done.stdout)
    targets = run(["ninja", "-C", build, "-t", "targets", "all"]).stdout
    made = [m for m in re.findall(r"^(\S+): CUSTOM_COMMAND", targets, re.M)
            if m.endswith((".h", ".c"))]
    done = run(["ninja", "-j2", "-C", build, "build.ninja", *made])
    return None if done.returncode == 0 else reason(done.stdout)


def tidied(paths, build):
    program = tool("clang-tidy")
    if not program:
        yield "script/lint", 1, "tidy", "clang-tidy-14 is missing: script/setup test"
        return
    wrong = prepare(build)
    if wrong:
        yield "meson.build", 1, "tidy", f"cannot configure {build}: {wrong}"
        return
    with open(f"{build}/compile_commands.json", encoding="utf-8") as f:
        commands = {os.path.relpath(os.path.join(c["directory"], c["file"])): c["command"]
                    for c in json.load(f)}
    cache = f"{build}/tidy-passed"
    os.makedirs(cache, exist_ok=True)

    def one(path):
        mark = os.path.join(cache, key_of(path, commands[path]))
        if os.path.exists(mark):
            return []
        done = run([program, "--quiet", "-p", build, path])
        found = []
        for m in filter(None, map(ANSWER.match, done.stdout.splitlines())):
            where = os.path.relpath(os.path.normpath(os.path.join(build, m.group(1)))
                                    if not os.path.isabs(m.group(1)) else m.group(1))
            found.append((where, int(m.group(2)), "tidy", m.group(3)))
        if not found and done.returncode == 0:
            open(mark, "w").close()
        elif not found:
            found.append((path, 1, "tidy", f"clang-tidy failed: {done.stderr.strip()[-200:]}"))
        return found

    yield from in_parallel(one, [p for p in paths if p in commands])
