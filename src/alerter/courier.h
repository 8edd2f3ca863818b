/* SPDX-License-Identifier: Apache-2.0 */
/* courier.h - the thread that claims, sends and records.
 *
 * Floor 4 (alerter). It alone owns its database connection, the curl multi and
 * the breakers. Between claim and record nothing is held in the database but a
 * lease: killed at any step, the notice comes again with the same key.
 */
#pragma once
#include "alerter/send.h"
#include "base/metrics.h"

#define COURIER_PER_CHANNEL 2 /* attempts at one destination at a time */
#define COURIER_POLL_MS 1000  /* behind the nudges */
#define COURIER_YOUNG_MS 200  /* an attempt that takes longer is waited for, and holds up nobody */
#define COURIER_FLIGHTS_MAX 512

struct courier_cfg {
	struct pg_conf database;
	struct send_cfg send;
	const char *name;   /* owner of the leases: of this alerter alone */
	size_t concurrency; /* young attempts at a time, <= OUTBOX_CLAIM_MAX */
	struct retry_pace pace;
	struct metrics *metrics;
};
struct courier;
/* Starts the thread. */
NP_NODISCARD np_err courier_start(const struct courier_cfg *cfg, struct courier **ret);
void courier_nudge(struct courier *c);          /* any thread: there may be work */
bool courier_is_ready(const struct courier *c); /* the last claim worked */
/* Finish what flies (COURIER_DRAIN_MS at most), end the thread, free. NULL is fine. */
#define COURIER_DRAIN_MS 3000
void courier_stop(struct courier *c);
