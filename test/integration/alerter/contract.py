# SPDX-License-Identifier: Apache-2.0
"""Holds a request against the recorded contract of a service (test/contracts/*.json).

The schema is a part of JSON Schema: type, const, enum, required, properties, additionalProperties, items,
minItems, maxItems, minLength, maxLength, maxBytes, minimum, maximum, pattern, not_pattern."""
import glob
import json
import os
import re
from urllib.parse import parse_qs, urlsplit

TYPES = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None),
         "number": (int, float)}


def check(schema, value, where="body"):
    """What is wrong, as sentences."""
    wrong = []

    def say(text):
        wrong.append(f"{where}: {text}")
    if "type" in schema and (not isinstance(value, TYPES[schema["type"]]) or (
            isinstance(value, bool) and schema["type"] in ("integer", "number"))):
        return [f"{where}: is {type(value).__name__}, not {schema['type']}"]
    if "const" in schema and value != schema["const"]:
        say(f"is {value!r}, not {schema['const']!r}")
    if "enum" in schema and value not in schema["enum"]:
        say(f"{value!r} is none of {schema['enum']}")
    if isinstance(value, str):
        if len(value) > schema.get("maxLength", 10**9):
            say(f"has {len(value)} characters")
        if len(value) < schema.get("minLength", 0):
            say("is too short")
        if len(value.encode()) > schema.get("maxBytes", 10**9):
            say(f"has {len(value.encode())} bytes")
        if "pattern" in schema and not re.search(schema["pattern"], value):
            say(f"{value[:200]!r} does not match {schema['pattern']}")
        if "not_pattern" in schema and re.search(schema["not_pattern"], value):
            say(f"{value[:200]!r} matches {schema['not_pattern']}")
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", value) or value > schema.get("maximum", value):
            say(f"{value} is out of range")
    if isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**9):
            say(f"has {len(value)} items")
        for i, item in enumerate(value):
            wrong += check(schema.get("items", {}), item, f"{where}[{i}]")
    if isinstance(value, dict):
        for name in schema.get("required", []):
            if name not in value:
                say(f"has no {name}")
        known = schema.get("properties", {})
        for name, item in value.items():
            if name in known:
                wrong += check(known[name], item, f"{where}.{name}")
            elif schema.get("additionalProperties", True) is False:
                say(f"{name} is unknown there")
    return wrong


def check_request(request, r):
    """`request`: the contract's; r: what came."""
    wrong = []
    url = urlsplit(r.path)
    if r.method != request["method"]:
        wrong.append(f"method {r.method}")
    if not re.fullmatch(request["path"], url.path):
        wrong.append(f"path {url.path}")
    wrong += check(request.get("query", {}), {n: v[0] for n, v in parse_qs(url.query).items()}, "query")
    for name, pattern in request.get("headers", {}).items():
        if not re.fullmatch(pattern, r.headers.get(name.lower(), "")):
            wrong.append(f"header {name}: {r.headers.get(name.lower())!r}")
    if len(r.body) > request.get("max_bytes", 10**9):
        wrong.append(f"{len(r.body)} bytes")
    if request.get("form"):
        fields = parse_qs(r.body.decode(), strict_parsing=True, max_num_fields=50)
        assert all(len(v) == 1 for v in fields.values()), "a field twice"
        body = {n: v[0] for n, v in fields.items()}
    else:
        pairs = []
        body = json.loads(r.body, object_pairs_hook=lambda p: pairs.extend([[k for k, _ in p]]) or dict(p))
        assert all(len(set(names)) == len(names) for names in pairs), "a key twice"
    return wrong + check(request["body"], body)


def contracts(root):
    found = {}
    for path in sorted(glob.glob(os.path.join(root, "test", "contracts", "*.json"))):
        with open(path, encoding="utf-8") as f:
            found[os.path.basename(path)[:-5]] = json.load(f)
    return found
