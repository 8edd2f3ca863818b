/* SPDX-License-Identifier: Apache-2.0 */
/* ca.h - the role `ca`: enrols and renews checkers; the only holder of the CA keys.
 *
 * Floor 4. `netpulse ca init …` makes the roots, `netpulse ca --config FILE`
 * runs the role: an HTTPS server, and one worker at a time that touches keys
 * and database.
 */
#pragma once
#include "base/args.h"

int ca_main(int argc, char **argv);
