/* SPDX-License-Identifier: Apache-2.0 */
/* gateway.h - the role that checkers talk to.
 *
 * Floor 4 (gateway). Terminates their mutual TLS, binds identity, validates, queues,
 * relays answers, assignments and jobs; decides nothing about a monitor. One loop
 * thread, and workers that read the registry from PostgreSQL.
 */
#pragma once

/* `netpulse gateway --config FILE`; yields the exit status. */
int gateway_main(int argc, char **argv);
