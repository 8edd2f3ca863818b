/* SPDX-License-Identifier: Apache-2.0 */
/* engine.h - the role that folds results into votes and incidents, and commits them.
 *
 * Floor 4 (engine). Four threads: the main one (signals, metrics, nudges), the keeper
 * (leases, loading, tables), the folder (queues, fold, live), the committer (transactions,
 * answers). They share nothing but message queues.
 */
#pragma once

/* `netpulse engine --config FILE`; yields the exit status. */
int engine_main(int argc, char **argv);
