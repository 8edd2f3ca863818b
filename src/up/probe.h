/* SPDX-License-Identifier: Apache-2.0 */
/* probe.h - ask a role over its admin socket.
 *
 * Floor 5. Blocking for PROBE_MS at most: boot, or a pool thread.
 */
#pragma once
#include "base/buf.h"

#define PROBE_MS 1000

/* GET path ("/ready") over the Unix socket; NP_OK for a 200, body appended to *ret (may be
 * NULL). NP_E_AGAIN: it answers something else. NP_E_CLOSED: no answer. */
NP_NODISCARD np_err probe_get(const char *socket_path, const char *path, struct buf *ret);
