/* SPDX-License-Identifier: Apache-2.0 */
/* heartbeat.h - tells somebody else, again and again, that NetPulse is well.
 *
 * Floor 4 (alerter). A thread, a connection and a transfer of its own. What is sent
 * depends on the whole: no database, a shard without an owner, results that arrive
 * late, no auditor or a severe finding, and nothing is sent: the other side misses it.
 */
#pragma once
#include "base/metrics.h"
#include "pg/pg.h"

#define HEARTBEAT_URL_MAX 2048
#define HEARTBEAT_SEND_MS 10000
#define HEARTBEAT_LAG_US (30 * NP_SEC_US) /* results later than this: not well */

struct heartbeat_cfg {
	struct pg_conf database;
	const char *name;     /* of this instance */
	const char *url;      /* http or https, or NULL: */
	const char *url_file; /* a file that holds it */
	const char *ca_file;  /* further roots, or NULL */
	int64_t every_ms;
	struct metrics *metrics;
};
struct heartbeat;
/* Starts the thread. NP_E_INVAL and a sentence: the address cannot be used. */
NP_NODISCARD np_err heartbeat_start(const struct heartbeat_cfg *cfg, struct heartbeat **ret,
				    struct buf *why);
void heartbeat_stop(struct heartbeat *h); /* NULL is fine */
