/* SPDX-License-Identifier: Apache-2.0 */
/* historian.h - the role that turns the log into chunks and roll-ups.
 *
 * Floor 4. Main thread: loop with admin endpoint and signals. One more thread, the
 * worker, reads the log by position and writes in transactions of its own.
 */
#pragma once

int historian_main(int argc, char **argv);
