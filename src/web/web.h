/* SPDX-License-Identifier: Apache-2.0 */
/* web.h - the role `web`: API, live events, dashboard.
 *
 * Floor 4. One loop does the sockets; requests run straight-line on the worker
 * pool, each in one transaction of its tenant. It never decides anything about
 * a monitor: it writes definitions and commands and shows what others wrote.
 */
#pragma once
#include "base/np.h"

/* `netpulse web --config FILE`; returns the exit code. Main thread. */
int web_main(int argc, char **argv);
