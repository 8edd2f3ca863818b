/* SPDX-License-Identifier: Apache-2.0 */
/* up.h - `netpulse up`: all of NetPulse on one machine, supervised.
 *
 * Floor 5. Starts private PostgreSQL, PgBouncer and Redis and every role as a
 * process of its own, through the same subcommands and configuration files that
 * production uses. One thread.
 */
#pragma once
#include "base/np.h"

/* Exit codes: 0 stopped on request, 1 could not run (one sentence on standard error), 2 usage. */
int up_main(int argc, char **argv);

/* `netpulse _exec PPID SIGNAL PROGRAM ARG…`: ask the kernel for SIGNAL when the parent dies, make
 * sure that it still lives, become PROGRAM. "self" is this very program. Internal. */
int up_exec_main(int argc, char **argv);
