# SPDX-License-Identifier: Apache-2.0
"""No mutable globals: looks at the sections of the rooms' objects."""
import glob
import re
import subprocess

# The log's sink, and the countdown of np_oom_at (a test's, per thread).
ALLOWED = {"log_sink", "oom_countdown"}
MUTABLE = re.compile(r"^\.(data|bss|tdata|tbss)(\.(?!rel\.ro)|$)")


def mutable_globals(build):
    for obj in sorted(glob.glob(f"{build}/src/*/lib*.a.p/*.o")):
        out = subprocess.run(["objdump", "-t", obj], capture_output=True, text=True, check=True)
        for row in out.stdout.splitlines():
            m = re.match(r"^[0-9a-f]+ .{7} (\S+)\s+([0-9a-f]+)\s+(?:\.\w+ )?(\S+)$", row)
            if not m or not MUTABLE.match(m.group(1)) or int(m.group(2), 16) == 0:
                continue
            name = re.sub(r"\.\d+$", "", m.group(3))
            if name not in ALLOWED and not name.startswith("."):
                source = re.sub(r".*/src/(\w+)/lib\w+\.a\.p/(.*)\.o$", r"src/\1/\2", obj)
                yield source, 1, "globals", f"{name} is a mutable global ({m.group(1)})"
