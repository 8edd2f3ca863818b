/* SPDX-License-Identifier: Apache-2.0 */
/* servers.h - what a test run by servers.py knows of its servers, and may do to them.
 *
 * `servers.py run pg redis -- test` starts private servers in a folder, sets
 * NP_TEST_DIR and ends them afterwards. See there for the names of the files.
 */
#pragma once
#include "base/np.h"

#define SRV_PATH_MAX 256

/* Path of a file in the servers' folder ("" for the folder). Skips nothing: aborts when the
 * test was not started by servers.py. The text lives as long as the process. One thread. */
const char *srv_path(const char *name);
/* action: start, stop, kill (-9), restart, pause, resume, wipe; name: pg, pgbouncer, redis; or
 * schema of pg: all of it, on an empty database.
 * Aborts when it does not work. */
void srv_ctl(const char *action, const char *name);
