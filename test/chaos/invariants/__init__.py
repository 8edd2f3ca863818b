# SPDX-License-Identifier: Apache-2.0
"""The invariants of doc/architecture.md, section 4: one module each, `check(world)` yields what is not so."""
import importlib

NAMES = ("i1", "i2", "i3", "i4", "i5", "i6", "i7", "i8", "i9", "i10", "i11", "i12", "outage")


def modules():
    return [(name, importlib.import_module(f"invariants.{name}")) for name in NAMES]
