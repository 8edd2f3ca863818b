/* SPDX-License-Identifier: Apache-2.0 */
/* vote.h - what one region says about one monitor, from its attempts.
 *
 * Floor 2 (core). One struct per (monitor, region), plain data. Freshness is
 * by the time an attempt was folded (minus what it was late beyond a minute),
 * so that a checker's slow clock does not blind its region. Any thread.
 */
#pragma once
#include "core/monitor.h"
#include "core/result.h"

#define VOTE_SILENT_US (60 * NP_SEC_US) /* checker not heard from: the vote ends */
#define VOTE_AHEAD_US (5 * NP_SEC_US)   /* slots further ahead never vote */
#define VOTE_LATE_US (60 * NP_SEC_US)   /* lateness that costs no freshness */

enum vote_say { VOTE_NONE = 0, VOTE_OK = 1, VOTE_FAIL = 2, VOTE_SAY_N };

struct vote {
	uint8_t say;     /* enum vote_say; meaningful while not stale */
	bool ended;      /* fell silent: stale until the next attempt that votes */
	bool banned;     /* evidence withdrawn; cleared by the next attempt that votes */
	bool suspect;    /* region is suspect: folds on, does not count */
	bool soft;       /* newest pass was degraded */
	bool said_fail;  /* said FAIL since it last said OK (counts toward f') */
	bool slow_asked; /* a "slow" word about the newest attempt asked already */
	uint32_t fails;  /* failing attempts in a row */
	uint32_t passes; /* passes in a row */
	int64_t slot_us; /* newest attempt: order is (slot, attempt) */
	uint32_t attempt;
	uint8_t status; /* of the newest attempt: enum res_status, RES_NONE before the first */
	uint8_t cls;    /* enum res_class of the newest attempt */
	int32_t code;
	int64_t start_us; /* of the newest attempt */
	int64_t duration_us;
	int64_t heard_us;      /* freshness counts from here; 0: never */
	int64_t first_fail_us; /* start of the first failing attempt of the present run */
	int64_t failed_us;     /* start of the attempt that made it FAIL */
	int64_t first_pass_us; /* start of the first pass of the present run */
	int64_t asked_us;      /* last check-now sent; 0: never */
};

/* One attempt, as far as votes care. */
struct vote_attempt {
	uint32_t revision;
	int64_t slot_us;
	uint32_t attempt;
	int64_t start_us, duration_us;
	int64_t received_us; /* the gateway's stamp */
	enum res_status status;
	enum res_class cls;
	int32_t code;
};

enum vote_took {
	VOTE_TOOK = 0, /* folded */
	VOTE_LATE,     /* not newer than the region's newest */
	VOTE_AHEAD,    /* slot too far in the future */
	VOTE_OLD_REVISION,
	VOTE_TOOK_N
};

struct vote_change {
	enum vote_took took;
	bool first_fail; /* first failing attempt of a run */
	bool first_pass; /* first pass of a run */
	bool by_ask;     /* answers a check-now, or asked already while slow: asks no further */
	enum vote_say before, after; /* before: VOTE_NONE when it was stale */
};

/* Fold one attempt at time at_us. fresh_us: the clock of votes, which stands still during our
 * own absence (else the same time). */
struct vote_change vote_fold(const struct mon_def *d, struct vote *v, const struct vote_attempt *a,
			     int64_t at_us, int64_t fresh_us);
/* When the vote ends by age (2.5 intervals + timeout after heard); 0 when there is none. */
int64_t vote_expires_us(const struct mon_def *d, const struct vote *v);
bool vote_is_stale(const struct mon_def *d, const struct vote *v, int64_t at_us);
/* The checker was not heard from for VOTE_SILENT_US: the vote ends now. */
void vote_silence(struct vote *v);
/* Evidence withdrawn: no vote; order and said_fail stay. */
void vote_ban(struct vote *v);
/* As new (new target, unpaused), but the order stays: old attempts must not vote again. */
void vote_clear(struct vote *v);
/* Our own absence from..to ages no vote. */
void vote_shift(struct vote *v, int64_t from_us, int64_t to_us);
/* May this region be asked for an extra now? (spacing by retry_interval) */
bool vote_may_ask(const struct mon_def *d, const struct vote *v, int64_t at_us);
/* Is (slot, attempt) newer than the newest folded? */
bool vote_is_newer(const struct vote *v, int64_t slot_us, uint32_t attempt);
/* Would attempt `attempt` be the answer to a check-now of ours? */
bool vote_is_asked(const struct mon_def *d, const struct vote *v, uint32_t attempt, int64_t at_us);
const char *vote_say_name(enum vote_say s); /* "none" "ok" "fail" */
