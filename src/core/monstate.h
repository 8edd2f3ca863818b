/* SPDX-License-Identifier: Apache-2.0 */
/* monstate.h - one monitor's whole state and the one function that changes it.
 *
 * Floor 2 (core). `mst_apply` is deterministic: time comes from the event only,
 * so replaying the same events gives the same state and actions. `struct mst`
 * is plain data without pointers: copy it, snapshot it with mst_encode().
 * One owner at a time; any thread.
 */
#pragma once
#include "core/command.h"
#include "core/incident.h"
#include "core/machine.h"

#define MST_HOLD_MAX_US (60 * NP_SEC_US)
#define MST_VERSION 2
#define MST_VERSION_OLDEST 1 /* that is still read */
#define MST_ENCODED_MAX 4096 /* no encoded state is longer */

struct mst {
	uint32_t revision; /* of the rules in force; 0: not created yet */
	uint64_t target_hash;
	int64_t at_us;     /* newest event: time never runs backward here */
	bool frozen;       /* our own absence: see MST_HOLD */
	int64_t frozen_us; /* the clock of votes stands at this */
	uint32_t region_n;
	uint32_t region[MON_REGIONS_MAX]; /* numbers; aligned with vote */
	struct vote vote[MON_REGIONS_MAX];
	struct inc inc;
};

enum mst_event_kind {
	MST_RESULT,  /* result, region: one attempt. Means "heard from" too. */
	MST_SLOW,    /* slow, region: an attempt is unanswered for 2 s */
	MST_TIMER,   /* timer: fired, so its row is gone; one that is still needed is set again */
	MST_COMMAND, /* command */
	MST_RULES,   /* def is new (creation: st is all zero); also pauses and unpauses */
	MST_SILENT,  /* region: its checker was not heard from for VOTE_SILENT_US */
	MST_BAN,     /* region: evidence of its checker withdrawn */
	MST_SUSPECT, /* region, on */
	MST_PARENT,  /* parent */
	MST_MAINTENANCE, /* window */
	MST_HOLD,        /* hold: we were absent since hold.absent_us; votes stop ageing and no
			    timer may be delivered until MST_RESUME, which the caller sends
			    after MST_HOLD_MAX_US at the latest */
	MST_RESUME,
	MST_QUIET, /* window: quiet hours */
	MST_EVENT_N
};

struct mst_event {
	enum mst_event_kind kind;
	int64_t at_us;   /* the log's `now` */
	uint32_t region; /* number, where the kind needs one */
	union {
		struct vote_attempt result;
		struct {
			int64_t slot_us;
			uint32_t attempt;
		} slow;
		struct {
			enum tmr_kind kind;
			uint32_t generation;
		} timer;
		struct {
			enum cmd_kind kind;
			uint64_t actor;
		} command;
		struct {
			enum inc_parent state;
		} parent;
		struct {
			int64_t absent_us;
		} hold;
		struct {
			bool on;
			int64_t until_us; /* when it ends, as far as known; 0: not known */
		} window;
		bool on;
	};
};

/* Apply one event; *ret_step says what follows. `def` are the rules in force (for MST_RULES:
 * the new ones) and must be valid (mon_validate). Never fails: what does not concern this
 * monitor (unknown region, old generation, old revision) changes nothing. */
NP_NONNULL(1, 2, 3, 4)
void mst_apply(const struct mon_def *def, struct mst *st, const struct mst_event *ev,
	       struct step *ret_step);

/* Present evidence (for screens and why), without any change. */
void mst_evidence(const struct mon_def *def, const struct mst *st, int64_t now_us,
		  struct vd_evidence *ret);

/* Versioned little-endian form with a checksum; appended to out (see buf_failed). */
void mst_encode(const struct mst *st, struct buf *out);
/* NP_E_VERSION, or NP_E_CORRUPT for anything damaged; *ret untouched then. */
NP_NODISCARD np_err mst_decode(np_str bytes, struct mst *ret);
