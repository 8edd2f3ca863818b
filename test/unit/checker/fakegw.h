/* SPDX-License-Identifier: Apache-2.0 */
/* fakegw.h - a gateway for tests: real mTLS and frames, any behaviour.
 *
 * It keeps cursors, applies the gap rule, counts what it stored, and fails in
 * the way its flags say. Everything is on one loop.
 */
#pragma once
#include "unit/t.h"

#include "unit/net/pki.h"

#include "base/metrics.h"
#include "checker/uplink.h"
#include "net/httpd.h"
#include "net/tls.h"
#include "wire/frame.h"

#define ITEMS 5000
#define SLOT_0 1700000000000000

struct world {
	struct loop *loop;
	struct pki pki;
	struct metrics *metrics;
	struct spool *spool;
	struct uplink *uplink;
	char spool_dir[128];
	/* the gateway */
	struct tls *tls;
	uint16_t port;
	struct httpd *httpd;
	struct conn *conn;
	struct frame_in in;
	uint64_t last[NP_SHARDS]; /* cursors */
	uint64_t epoch;
	uint8_t stored[ITEMS];
	size_t stored_n, lost, batches, hellos, slows, pings, welcomes;
	uint32_t instance;
	/* its behaviour */
	bool mute; /* takes batches, says nothing */
	bool lose; /* as if they had never come */
	bool no_welcome;
	int64_t poison;     /* item that makes it close; -1: none */
	size_t close_after; /* batches; 0: never */
	/* what the checker heard */
	size_t assigned, jobs;
};

void gw_up(struct world *w);
uint16_t gw_listen(struct world *w);         /* yields its port on loopback */
void gw_say(struct world *w, struct buf *b); /* frees b */
void gw_hang_up(struct world *w);
