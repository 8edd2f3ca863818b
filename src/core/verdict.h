/* SPDX-License-Identifier: Apache-2.0 */
/* verdict.h - what the regions together say about a monitor.
 *
 * Floor 2 (core). n assigned, f FAIL, k OK, E = f + k counting votes, q needed.
 * The evidence is plain data without pointers: it is stored with every
 * decision and explained later. Any thread.
 */
#pragma once
#include "base/buf.h"
#include "core/monitor.h"
#include "core/vote.h"

enum vd_verdict { VD_NODATA = 0, VD_UP = 1, VD_DOWN = 2, VD_HELD = 3, VD_VERDICT_N };

/* Why a region does not count. */
enum vd_out {
	VD_COUNTS = 0,
	VD_SILENT = 1 /* never said anything, or unknown */,
	VD_STALE = 2,
	VD_BANNED = 3,
	VD_SUSPECT = 4,
	VD_OUT_N
};

struct vd_region {
	uint32_t region; /* number */
	uint8_t say;     /* enum vote_say, the last one said even when it does not count */
	uint8_t out;     /* enum vd_out */
	bool said_fail;  /* FAIL was its last word before it stopped to count */
	bool soft;
	uint8_t status; /* of its newest attempt: enum res_status */
	uint8_t cls;    /* enum res_class */
	int32_t code;
	int64_t since_us; /* start of the present run of failures or passes */
	int64_t last_us;  /* start of its newest attempt; 0: never */
	int64_t latency_us;
};

struct vd_evidence {
	int64_t at_us;
	uint32_t revision;
	uint8_t verdict;               /* enum vd_verdict */
	bool partial;                  /* f > 0 and not DOWN */
	bool degraded;                 /* UP, soft in a strict majority */
	bool unreachable;              /* a quorum number that those who can speak cannot reach */
	uint8_t n, f, k, e, q, f_held; /* f_held is f' */
	int8_t completer; /* index of the region whose FAIL completed the quorum; -1: not DOWN */
	int64_t completed_us; /* DOWN: start of the failing attempt that completed the quorum */
	int64_t completer_first_us; /* DOWN: first failing attempt of that region */
	struct vd_region region[MON_REGIONS_MAX];
};

/* `vote` is aligned with d->region. Freshness at fresh_us (which stands still during our
 * own absence), stamp at_us. */
void vd_decide(const struct mon_def *d, const struct vote *vote, int64_t fresh_us, int64_t at_us,
	       struct vd_evidence *ret);
/* Votes needed when e count. */
uint32_t vd_need(const struct mon_def *d, uint32_t e);
static inline uint32_t vd_majority(uint32_t n)
{
	return n / 2 + 1;
}
const char *vd_verdict_name(enum vd_verdict v); /* "nodata" "up" "down" "held" */
const char *vd_out_name(enum vd_out o);         /* "counts" "silent" "stale" "banned" "suspect" */

/* Compact stored form (versioned, little endian, refuses damage) and back. */
void vd_encode(const struct vd_evidence *e, struct buf *out);
NP_NODISCARD np_err vd_decode(np_str bytes, struct vd_evidence *ret);
