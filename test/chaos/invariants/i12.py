# SPDX-License-Identifier: Apache-2.0
"""I12: connections to the database stay within the pool."""
CONNECTIONS = 40


def check(w):
    if w.sampler.connections > CONNECTIONS:
        yield f"{w.sampler.connections} connections, {CONNECTIONS} at most"
    if w.sampler.connections == 0:
        yield "never measured"
