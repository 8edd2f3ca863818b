/* SPDX-License-Identifier: Apache-2.0 */
/* checker.h - the role that runs checks: `netpulse checker --config FILE`.
 *
 * Floor 4 (checker). One process, one loop: assignment -> runner -> spool ->
 * uplink. The folder `dir` holds its identity, its spool and a copy of its
 * assignment.
 */
#pragma once
#include "base/np.h"

/* 0; 1: it could not start or go on; 2: command line or configuration. */
int checker_main(int argc, char **argv);
