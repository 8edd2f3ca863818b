/* SPDX-License-Identifier: Apache-2.0 */
/* reach.h - from a host and a port to a connected, allowed socket.
 *
 * Floor 4 (checker). Looks the name up, asks the address guard about every
 * address that it would really connect to, and tries the allowed ones, the next
 * one REACH_NEXT_MS after the last (or at once when that failed): the first that
 * answers wins. The struct lives in the run's arena. One loop's thread.
 */
#pragma once
#include "checker/check.h"
#include "checker/say.h"

#define REACH_NEXT_MS 300

struct reach_try {
	struct reach *r;
	int fd; /* -1: not open */
	struct loop_poll *poll;
	struct addr to;
};

struct reach {
	/* the caller's */
	struct check_run *run;
	np_str host;
	uint16_t port;
	bool is_ip;
	bool only_resolve;             /* find and allow the first address; no connection */
	void (*done)(struct reach *r); /* once, perhaps inside reach_start */
	void *ctx;
	/* found */
	int fd; /* connected, the callee's to take (set to -1); -1 on failure */
	struct addr addr;
	bool ok;
	struct say_verdict why; /* when not ok */
	/* own */
	struct resolv_q *q;
	struct loop_timer *timer;
	int64_t began_us; /* of the present phase */
	struct reach_try tries[RESOLV_ADDRS_MAX];
	size_t n, next, open;
};

void reach_start(struct reach *r);
void reach_cancel(struct reach *r); /* closes what was not taken; may be called twice */
