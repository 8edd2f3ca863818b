/* SPDX-License-Identifier: Apache-2.0 */
/* incident.h - the incident machine of one monitor.
 *
 * Floor 2 (core). Fed with verdicts, timers and commands, it changes its state
 * and appends actions to the step. Time only from the argument. One row of the
 * table of states is one small function. Any thread.
 */
#pragma once
#include "core/look.h"
#include "core/monitor.h"
#include "core/step.h"

#define INC_REVIEW_US NP_HOUR_US
#define INC_LAPSE_US (24 * NP_HOUR_US)
#define INC_REOPEN_US (10 * NP_MIN_US)
#define INC_NODATA_MAX_US (2 * NP_MIN_US)    /* or one interval, whichever is less */
#define INC_NODATA_QUIET_US (6 * NP_HOUR_US) /* one "no data" notice in this time */
#define INC_RECHECK_FOR_US (5 * NP_MIN_US)   /* re-checks of one state end after this */
#define INC_PARENT_WAIT_US (5 * NP_MIN_US)   /* for a parent that cannot decide, at most */
#define INC_FLAP_FAILURES 4
#define INC_FLAP_WINDOW_US NP_HOUR_US /* or 20 intervals, whichever is more */
#define INC_FLAP_OFF_US (30 * NP_MIN_US)

enum inc_parent {
	INC_PARENT_NONE = 0,
	INC_PARENT_OK = 1,
	INC_PARENT_SUSPECT = 2,
	INC_PARENT_DOWN = 3,
	INC_PARENT_N
};

/* Plain data, all zero is "pending, just created". */
struct inc {
	uint8_t state;  /* enum step_state */
	uint8_t parent; /* enum inc_parent */
	bool deleted;
	bool open; /* there is an open incident */
	bool told; /* its `opened` went out */
	bool acked;
	bool by_hand;     /* resolved by a person while down: quiet until `reopen` */
	bool stale_told;  /* `stale` once an incident */
	bool withdrawn;   /* failing evidence withdrawn since the last DOWN */
	bool nodata_told; /* "data is back" is owed */
	bool maintenance, flapping, suppressed; /* overlays */
	bool quiet;                             /* quiet hours: an overlay too */
	bool partial, degraded;                 /* as last shown */
	uint8_t verdict;                        /* enum vd_verdict, the latest */
	uint32_t ordinal;                       /* incidents opened so far; names the open one */
	uint32_t event_no;                      /* of the open incident */
	uint32_t episode;                       /* of NODATA notices */
	uint32_t reminders;                     /* sent in this incident */
	uint32_t blips;                         /* counted since creation */
	int64_t blip_us;                        /* their length together */
	int64_t since_us;                       /* state entered */
	int64_t verdict_us;                     /* the present verdict stands since */
	int64_t quorum_us;                      /* the failing attempt that completed the quorum */
	int64_t opened_us, acked_us, by_hand_us;
	int64_t up_us;                         /* the pass that completed UP */
	int64_t closed_us;                     /* end of the latest closed incident */
	int64_t nodata_told_us;                /* latest "no data" notice */
	int64_t rules_us;                      /* definition last changed */
	uint64_t acked_by;                     /* actor of the acknowledgement */
	int64_t failure_us[INC_FLAP_FAILURES]; /* the latest failures, newest first */
	int64_t maintenance_until_us;          /* 0: not known */
	int64_t quiet_until_us;
	uint32_t level;    /* escalation levels that have spoken in this incident */
	uint32_t level_no; /* event that holds the next level back; 0: none */
	struct look look;
	struct tmr_set timers;
};

/* What one call works on. */
struct inc_ctx {
	const struct mon_def *def;
	struct inc *inc;
	struct step *step; /* step->evidence is the present evidence */
	int64_t at_us;
	int64_t attempt_us; /* start of the attempt that is the event; 0: other event */
	uint32_t askable;   /* regions (index mask) that may be asked for an extra now */
	bool frozen;        /* our own absence: no NODATA clock runs */
};

/* Change the state; timers that belong only to the old one are cancelled. The caller of the
 * whole step announces the change. */
void inc_enter(struct inc_ctx *c, enum step_state to);
/* Open at i->quorum_us: event, notice `opened` (unless held), reminder. State DOWN. */
void inc_open(struct inc_ctx *c);
/* Close: event, notice `resolved`, its timers cancelled. The state is the caller's business. */
void inc_close(struct inc_ctx *c, int64_t closed_us, enum step_close reason);
/* One event row of the open incident; yields its number. */
uint32_t inc_event(struct inc_ctx *c, enum step_event kind, uint64_t actor);
/* A notice about the open incident under event `number`, held or not by inc_hold(). */
void inc_notice(struct inc_ctx *c, enum step_notice kind, uint32_t number);
/* A notice about the monitor itself under its present episode. */
void inc_notice_monitor(struct inc_ctx *c, enum step_notice kind);
/* What holds a notice of this kind now. */
enum step_hold inc_hold(const struct inc *i, enum step_notice kind);
/* (Re)arm the hourly reminder. */
void inc_arm_reminder(struct inc_ctx *c);
/* After a hold may have ended: tells an open, untold incident, with its true time. */
void inc_tell_if_due(struct inc_ctx *c);
/* SUSPECT ended without an incident. */
void inc_blip(struct inc_ctx *c);
/* The overlays' states of somebody else: the parent, a maintenance window, quiet hours
 * (until_us: when they end, as far as known; 0: not known). */
void inc_set_parent(struct inc_ctx *c, enum inc_parent parent);
void inc_set_maintenance(struct inc_ctx *c, bool on, int64_t until_us);
void inc_set_quiet(struct inc_ctx *c, bool on, int64_t until_us);
