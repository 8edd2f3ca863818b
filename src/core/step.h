/* SPDX-License-Identifier: Apache-2.0 */
/* step.h - what follows from one event of a monitor: a bounded list of actions.
 *
 * Floor 2 (core). The decision code fills it, its caller performs it in order,
 * in one transaction. An incident is named by (monitor, ordinal): ordinals
 * count from 1 and never repeat, so a caller can derive a stable id. Any thread.
 */
#pragma once
#include "core/monitor.h"
#include "core/timer.h"
#include "core/verdict.h"

#define STEP_ACTIONS_MAX 40

/* A monitor's state; the numbers are stored. */
enum step_state {
	STEP_PENDING = 0,
	STEP_UP = 1,
	STEP_SUSPECT = 2,
	STEP_DOWN = 3,
	STEP_RECOVERING = 4,
	STEP_NODATA = 5,
	STEP_PAUSED = 6,
	STEP_STATE_N
};

/* Kinds of event rows of an incident; the numbers are stored. */
enum step_event {
	STEP_EV_OPENED = 0,
	STEP_EV_ACKNOWLEDGED = 1,
	STEP_EV_UNACKNOWLEDGED = 2, /* by a person */
	STEP_EV_LAPSED = 3,         /* acknowledgement ended by itself */
	STEP_EV_REMINDER = 4,
	STEP_EV_RECOVERING = 5,
	STEP_EV_RELAPSED = 6, /* RECOVERING -> DOWN */
	STEP_EV_RESOLVED = 7, /* closed; see reason */
	STEP_EV_BY_HAND = 8,  /* resolved by a person while still down: quiet for now */
	STEP_EV_REOPENED = 9,
	STEP_EV_STALE = 10,     /* no data about an open incident */
	STEP_EV_EVIDENCE = 11,  /* verdict changed without a change of state */
	STEP_EV_WITHDRAWN = 12, /* failing evidence withdrawn (ban, regions edited) */
	STEP_EV_RULES = 13,     /* definition edited */
	STEP_EV_NOTE = 14,
	STEP_EV_MAINTENANCE_ON = 15,
	STEP_EV_MAINTENANCE_OFF = 16,
	STEP_EV_FLAPPING_ON = 17,
	STEP_EV_FLAPPING_OFF = 18,
	STEP_EV_SUPPRESSED = 19,
	STEP_EV_RELEASED = 20,
	STEP_EV_ESCALATED = 21,
	STEP_EV_RETARGETED = 22, /* a new target: votes cleared, incident stays */
	STEP_EV_QUIET_ON = 23,   /* quiet hours */
	STEP_EV_QUIET_OFF = 24,
	STEP_EVENT_N
};

/* Why an incident closed. */
enum step_close {
	STEP_CLOSE_RECOVERED = 0,
	STEP_CLOSE_BY_HAND = 1,
	STEP_CLOSE_PAUSED = 2,
	STEP_CLOSE_DELETED = 3,
	STEP_CLOSE_WITHDRAWN = 4,
	STEP_CLOSE_N
};

/* Kinds of notices; the numbers are stored. */
enum step_notice {
	STEP_N_OPENED = 0,
	STEP_N_ACKNOWLEDGED = 1,
	STEP_N_REMINDER = 2,
	STEP_N_RESOLVED = 3,
	STEP_N_STALE = 4,
	STEP_N_REOPENED = 5,
	STEP_N_NODATA = 6,    /* subject: the monitor and its episode */
	STEP_N_DATA_BACK = 7, /* likewise */
	STEP_N_FLAPPING = 8,
	STEP_N_ESCALATION = 9,
	STEP_NOTICE_N
};

/* Why a notice is held back (recorded, not sent). */
enum step_hold {
	STEP_HOLD_NONE = 0,
	STEP_HOLD_MAINTENANCE = 1,
	STEP_HOLD_SUPPRESSED = 2,
	STEP_HOLD_FLAPPING = 3,
	STEP_HOLD_ACKNOWLEDGED = 4,
	STEP_HOLD_QUIET = 5, /* quiet hours */
	STEP_HOLD_N
};

/* Why a command was refused. */
enum step_refusal {
	STEP_DONE = 0,
	STEP_NO_INCIDENT,
	STEP_ALREADY_ACKED,
	STEP_NOT_ACKED,
	STEP_ALREADY_PAUSED,
	STEP_NOT_PAUSED,
	STEP_IS_PAUSED,
	STEP_TOO_SOON,
	STEP_ALREADY_RESOLVED,
	STEP_NOT_RESOLVED,
	STEP_IS_DELETED,
	STEP_REFUSAL_N
};

enum step_kind {
	STEP_SET_TIMER,      /* timer; replaces an armed one of the kind */
	STEP_CANCEL_TIMER,   /* timer */
	STEP_INCIDENT_OPEN,  /* open.at_us */
	STEP_INCIDENT_CLOSE, /* close */
	STEP_INCIDENT_EVENT, /* event: one event row, with the step's evidence */
	STEP_NOTICE,         /* notice: one intent per channel that hears it, or a held record */
	STEP_CHECK_NOW,      /* check */
	STEP_CHECK_PARENT,   /* what this monitor depends on is to be checked everywhere now */
	STEP_STATE,          /* state: state or flags changed */
	STEP_BLIP,           /* blip: SUSPECT ended without an incident */
	STEP_KIND_N
};

struct step_action {
	enum step_kind kind;
	uint32_t incident; /* ordinal; 0 where no incident is concerned */
	union {
		struct {
			enum tmr_kind kind;
			uint32_t generation;
			int64_t due_us;
		} timer;
		struct {
			int64_t at_us;
		} open;
		struct {
			int64_t at_us;
			enum step_close reason;
		} close;
		/* number: the incident's event number (from 1); actor: of the command, 0: none */
		struct {
			enum step_event kind;
			uint32_t number;
			uint64_t actor;
			int64_t at_us;
			enum step_close reason;
		} event;
		/* number: the event number that makes the notice unique; for NODATA and
		 * DATA_BACK incident is 0 and number is the monitor's episode. ACKNOWLEDGED
		 * and RESOLVED go only to channels that were told of it (never held).
		 * level: of an ESCALATION, from 0: its channels hear it. */
		struct {
			enum step_notice kind;
			uint32_t number;
			enum step_hold hold;
			uint32_t level;
		} notice;
		/* mask: bit i = d->region[i]; exempt: not subject to spacing (last look) */
		struct {
			uint32_t mask;
			bool exempt;
		} check;
		struct {
			enum step_state from, to;
			bool partial, degraded;
		} state;
		struct {
			int64_t from_us, to_us;
		} blip;
	};
};

struct step {
	enum step_refusal refusal; /* of a command */
	uint32_t n;
	bool has_evidence; /* evidence below was decided in this step */
	struct vd_evidence evidence;
	struct step_action action[STEP_ACTIONS_MAX];
};

/* Empty it (does not touch the large arrays). */
void step_init(struct step *s);
/* Next free action, zeroed, of this kind; asserts room (our bug: a step is bounded). */
struct step_action *step_add(struct step *s, enum step_kind kind);
/* Arm (due_us >= 1) or cancel: changes the set and appends the action. */
void step_set_timer(struct step *s, struct tmr_set *t, enum tmr_kind k, int64_t due_us);
void step_cancel_timer(struct step *s, struct tmr_set *t, enum tmr_kind k);

const char *step_state_name(enum step_state s);     /* "recovering" */
const char *step_event_name(enum step_event e);     /* "by_hand" */
const char *step_close_name(enum step_close c);     /* "evidence_withdrawn" */
const char *step_close_words(enum step_close c);    /* "evidence withdrawn" */
const char *step_notice_name(enum step_notice n);   /* "data_back" */
const char *step_hold_name(enum step_hold h);       /* "maintenance" */
const char *step_refusal_text(enum step_refusal r); /* one plain sentence */
NP_NODISCARD np_err step_state_from_name(np_str s, enum step_state *ret);
