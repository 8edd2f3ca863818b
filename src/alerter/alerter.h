/* SPDX-License-Identifier: Apache-2.0 */
/* alerter.h - the role that delivers the outbox.
 *
 * Floor 4. Main thread: loop with admin endpoint, signals and nudges. One more
 * thread, the courier, claims notices, sends them and records what came of it.
 */
#pragma once

int alerter_main(int argc, char **argv);
