#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the C file that holds schema/, web/dist/ and api/ inside the program.

usage: embed.py OUTPUT DEPFILE SOURCE_ROOT

The depfile names the files and their folders, so that a file that changes,
comes or goes is seen by the next build.
"""
import hashlib
import os
import sys

SETS = [("schema", "schema", (".sql",)), ("web", "web/dist", ()), ("api", "api", (".yaml",))]


def files_of(root, folder, endings, deps):
    top = os.path.join(root, folder)
    if not os.path.isdir(top):
        deps.append(os.path.dirname(top))  # notices when it comes
        return []
    found = []
    for at, folders, names in os.walk(top):
        folders.sort()
        deps.append(at)
        for name in names:
            if not endings or name.endswith(endings):
                path = os.path.join(at, name)
                deps.append(path)
                found.append((os.path.relpath(path, top), path))
    return sorted(found, key=lambda f: os.fsencode(f[0]))


def refuse_twins(rows):
    """Two migrations of one number would be found out only on a database."""
    numbers = [os.path.basename(path).split("_", 1)[0] for path, _ in rows]
    twins = sorted({n for n in numbers if numbers.count(n) > 1})
    if twins:
        sys.exit(f"embed.py: schema/ has two migrations with the number {twins[0]}: give the newer one the next")


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def main():
    output, depfile, root = sys.argv[1:]
    root = os.path.abspath(root)
    deps, body, tables, count = [], [], [], 0
    for name, folder, endings in SETS:
        rows = []
        files = files_of(root, folder, endings, deps)
        if name == "schema":
            refuse_twins(files)
        for path, full in files:
            with open(full, "rb") as f:
                content = f.read()
            symbol = f"embed_bytes_{count}"
            count += 1
            asm = [".section .rodata", ".balign 16", f".hidden {symbol}", f".globl {symbol}",
                   f"{symbol}:", f".incbin {quoted(full)}", ".byte 0", ".previous"]
            body.append("__asm__(" + "\n\t".join(quoted(a)[:-1] + '\\n"' for a in asm) + ");")
            body.append(f"extern const uint8_t {symbol}[];")
            etag = quoted('"' + hashlib.sha256(content).hexdigest()[:16] + '"')
            rows.append(f"\t{{ {quoted(path)}, {symbol}, {len(content)}, {etag} }},")
        n = len(rows)
        if not rows:
            rows = ['\t{ "", (const uint8_t *)"", 0, "" }, /* none */']
        tables += [f"static const struct embed_file {name}_files[] = {{", *rows, "};",
                   f"const struct embed_table embed_{name}_table = {{ {name}_files, {n} }};"]
    with open(output, "w") as f:
        f.write("/* Made by script/embed.py. */\n#include \"base/embed.h\"\n")
        f.write("\n".join(body + tables) + "\n")
    with open(depfile, "w") as f:
        f.write(output + ": " + " ".join(d.replace(" ", "\\ ") for d in deps) + "\n")


main()
