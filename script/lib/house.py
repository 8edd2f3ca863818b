# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that a text can be held against: floors, sizes, banned
calls, licence lines. Each check yields (path, line, rule, what)."""
import os
import re

FLOORS = {"base": 1, "core": 2, "net": 2, "pg": 2, "wire": 3, "redis": 3, "checker": 4,
          "gateway": 4, "engine": 4, "historian": 4, "alerter": 4, "web": 4, "ca": 4,
          "up": 5, "cli": 5}

FILE_LINES, FUNCTION_LINES, PARAMETERS = 500, 60, 5

# A prepared statement through PgBouncer can answer with another client's rows;
# a session's advisory lock outlives its client there.
BANNED = {
    r"\bPQ(prepare|execPrepared|sendPrepare|sendQueryPrepared|sendDescribePrepared"
    r"|describePrepared)\b": "no prepared statements through the pool",
    r"\bpg_(try_)?advisory_lock\b": "only pg_advisory_xact_lock: a pool shares sessions",
    r"\b(strcpy|strcat|strncpy|strncat|strtok|sprintf|vsprintf|gets|ato[ilf]|strto(u?l)l?"
    r"|v?s?scanf|localtime|gmtime|system|alloca|rand|srand)\s*\(": "banned (base/banned.h)",
    r"#\s*undef\s+(strcpy|strcat|strncpy|strtok|sprintf|gets|system|signal|rand)\b":
        "a ban is lifted",
    r"(?<![\w>.])signal\s*\(": "sigaction instead of signal",
    r"#\s*include\s*<(json-c|json_object|cJSON)": "jansson is the JSON parser",
}
# core/ decides and does nothing: no clock, no log, no randomness, no sockets or files.
PURE = (r"\b(clock_wall_us|clock_mono_us|clock_mono_ms|np_log|np_log_kv|rnd_\w+|time|open|read"
        r"|write|socket|getenv|pthread_\w+|uv_\w+|PQ\w+|curl_\w+|SSL_\w+)\s*\(")


def blank(m):
    return re.sub(r"[^\n]", " ", m.group(0))


TOKENS = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)


def without_comments(text):
    return TOKENS.sub(lambda m: blank(m) if m.group(0)[0] == "/" else m.group(0), text)


def code_only(text):
    """Same length and lines, comments and the inside of strings blanked."""
    return TOKENS.sub(blank, text)


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def room_of(path):
    m = re.match(r"src/([a-z]+)/", path)
    return m.group(1) if m else None


def may_include(room, other):
    return other == room or FLOORS[other] < FLOORS[room]


def floors(path, text):
    room = room_of(path)
    if path.startswith("src/") and room and room not in FLOORS:
        yield path, 1, "floors", f"{room}/ is not a room of the house"
        return
    bare = without_comments(text)
    first = None
    for m in re.finditer(r'^\s*#\s*include\s+(["<])([^">]+)[">]', bare, re.M):
        line, kind, name = line_of(bare, m.start()), m.group(1), m.group(2)
        first = first or (line, name)
        if kind == "<":
            continue
        other = name.split("/")[0] if "/" in name else None
        if not path.startswith("src/"):
            continue
        if other is None:
            if not name.endswith(".pb-c.h"):
                yield path, line, "floors", f'"{name}": write "room/file.h"'
        elif other not in FLOORS:
            yield path, line, "floors", f'"{name}" is in no room of src/'
        elif room and not may_include(room, other):
            way = "up" if FLOORS[other] > FLOORS[room] else "sideways"
            yield path, line, "floors", f"{room} (floor {FLOORS[room]}) includes {way}: {name}"
    own = path[4:-2] + ".h"
    if room and path.endswith(".c") and os.path.exists("src/" + own) and first and first[1] != own:
        yield path, first[0], "floors", f'own header first: "{own}"'


def is_code(line):
    return bool(line.strip())


def top_level(code):
    """Yields (start, end, kind) of what stands at file scope: 'body' blocks and the text before."""
    depth = start = at = 0
    head = 0
    for m in re.finditer(r"[{};]", code):
        c, at = m.group(0), m.start()
        if c == "{":
            if depth == 0:
                head, start = start, at
            depth += 1
        elif c == "}":
            depth -= 1
            if depth == 0:
                yield code[head:start], start, at
                head = start = at + 1
        elif depth == 0:
            yield code[start:at], at, at
            start = at + 1


def parameters(head):
    """(name, number) of the function that a file-scope text declares; None: it declares none."""
    head = re.sub(r"^\s*#.*?(?<!\\)$", "", head, flags=re.M)
    for m in re.finditer(r"\b([a-z]\w*)\s*\(", head):
        if m.group(1) in ("__attribute__", "typeof", "sizeof"):
            continue
        depth, commas, i = 1, 0, m.end()
        while i < len(head) and depth:
            depth += {"(": 1, ")": -1}.get(head[i], 0)
            commas += head[i] == "," and depth == 1
            i += 1
        return m.group(1), commas + 1
    return None


def sizes(path, text):
    code = code_only(text)
    lines = [n for n in without_comments(text).split("\n") if is_code(n)]
    if path.endswith(".c") and len(lines) > FILE_LINES:
        yield path, 1, "sizes", f"{len(lines)} lines of code, at most {FILE_LINES}"
    flat = re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, code, flags=re.M)
    for head, start, end in top_level(flat):
        if "=" in head or head.strip().startswith("typedef"):
            continue
        found = parameters(head)
        if not found:
            continue
        name, number = found
        line = line_of(code, start)
        if end > start and number > PARAMETERS:
            yield path, line, "sizes", f"{name}() has {number} parameters, at most {PARAMETERS}"
        body = text[start + 1:end]
        n = sum(is_code(one) for one in without_comments(body).split("\n"))
        if n > FUNCTION_LINES:
            yield path, line, "sizes", f"{name}() has {n} lines, at most {FUNCTION_LINES}"


def banned(path, text):
    bare = without_comments(text)  # SQL lives in strings
    code = code_only(text)
    if path == "src/base/banned.h":
        return
    for pattern, why in BANNED.items():
        where = bare if "advisory" in pattern or "PQ" in pattern else code
        if "#" in pattern:
            where = bare
        for m in re.finditer(pattern, where):
            yield path, line_of(text, m.start()), "banned", f"{m.group(0).strip()}: {why}"
    if room_of(path) == "core":
        for m in re.finditer(PURE, code):
            before = code[:m.start()].rstrip()
            if before.endswith(("->", ".")):
                continue
            yield path, line_of(text, m.start()), "pure", f"{m.group(1)}() in core/"


def licence(path, text):
    if "SPDX-License-Identifier: Apache-2.0" not in "\n".join(text.split("\n")[:4]):
        yield path, 1, "licence", "no SPDX-License-Identifier: Apache-2.0 line at its head"


CLEANUP = re.compile(r"NP_CLEANUP\(\w+\)\s*([^;={}()]*?\w[\s*]+)((?:\w+(?:\[[^\]]*\])?\s*,\s*)*\w+(?:\[[^\]]*\])?)\s*;")


def cleanup(path, text):
    """What is cleaned up at the end of its scope holds something from the start, or is filled
    before anything can leave the scope: clang does not zero it."""
    code = code_only(text)
    for m in CLEANUP.finditer(code):
        rest = code[m.end():]
        for name in re.findall(r"(\w+)(?:\[[^\]]*\])?\s*(?:,|$)", m.group(2)):
            fill = re.search(rf"\b(\w+_init\w*|memset)\(&?{name}\b|(?<![.>\w]){name}(\[\w+\])?\s*=[^=]", rest)
            before = rest[:fill.start()] if fill else rest
            depth = lowest = 0
            for c in before:
                depth += {"{": 1, "}": -1}.get(c, 0)
                lowest = min(lowest, depth)
            if not fill or lowest < 0 or depth > 0 or re.search(r"\b(return|goto|break|continue)\b", before):
                yield (path, line_of(text, m.start()), "cleanup",
                       f"{name} may be cleaned up before it is initialised")
