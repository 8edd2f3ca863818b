/* SPDX-License-Identifier: Apache-2.0 */
/* simworld.h - a simulated world: what regions see, checkers, the network, timers, ourselves.
 *
 * Floor 2 (core). Discrete events on a virtual clock. Checkers run slots, retries
 * and check-nows as SEMANTICS describes them; mst_apply decides; every step is
 * held against promise.h. Scenarios and the streams of the tests run in it. It
 * owns its monitors and messages; one thread.
 */
#pragma once
#include "core/promise.h"

#define SIMW_MONITORS_MAX 512
#define SIMW_SPANS_MAX 32
#define SIMW_QUEUE_MAX 65536
#define SIMW_EVENTS_MAX 256 /* of the newest incident that are remembered */
#define SIMW_STEPS_MAX 20000000
#define SIMW_NET_US (20 * NP_MS_US)

enum simw_what {
	SIMW_OK = 0,
	SIMW_DEGRADED,
	SIMW_FAIL,
	SIMW_UNKNOWN,
	SIMW_SILENT, /* the checker is gone: no check, no word */
	SIMW_LATE,   /* its uplink is cut: results come when the span ends */
	SIMW_CLOCK,  /* its clock is off by ahead_us; combines with the others */
	SIMW_WHAT_N
};

/* What one region sees during a while. */
struct simw_span {
	enum simw_what what;
	enum res_class cls;
	int64_t from_us, to_us;
	int64_t took_us;         /* of an attempt; 0: 30 ms, a time-out: the timeout */
	int64_t ahead_us;        /* of SIMW_CLOCK */
	int64_t on_us, every_us; /* only during the first on_us of every every_us; 0: always */
	uint32_t count, used;    /* the next so many attempts; 0: all */
	uint32_t percent;        /* of attempts, at random; 0: all */
};

struct simw_plan {
	size_t n;
	struct simw_span span[SIMW_SPANS_MAX];
};

struct simw_checker {
	bool running, retry_due;
	uint32_t attempt, tries, revision;
	int64_t slot_us, start_us, end_us, next_slot_us, retry_us;
	struct simw_span sees; /* of the running attempt */
};

/* What happened to a monitor so far. */
struct simw_facts {
	uint32_t opened, closed, asks;
	uint32_t sent[STEP_NOTICE_N], held[STEP_NOTICE_N];
	enum step_hold held_by[STEP_NOTICE_N];
	int64_t first_sent_us[STEP_NOTICE_N], last_sent_us[STEP_NOTICE_N];
	int64_t opened_us, closed_us; /* of the newest incident; closed 0: open */
	enum step_close reason;
	enum step_refusal refusal; /* of the newest command */
	uint32_t event_n;
	uint8_t event[SIMW_EVENTS_MAX]; /* enum step_event, of the newest incident */
};

struct simw_monitor {
	struct mon_def def;
	struct mst st;
	struct promise promise;
	struct simw_facts facts;
	uint32_t parent; /* index + 1; 0: none */
	enum inc_parent parent_told;
	struct simw_plan *plan; /* by region number - 1, as checker; borrowed */
	struct simw_checker checker[MON_REGIONS_MAX];
	bool checkers_off; /* raw: nothing is checked but what the scenario says */
	/* kept up to date, so that the next event of many monitors is found quickly */
	int64_t timer_us, check_us;
	uint32_t check_region;
};

struct simw_message {
	int64_t at_us;
	uint64_t order;
	uint32_t monitor, region; /* number */
	bool is_ask, exempt;
	struct mst_event event;
};

struct simw {
	int64_t start_us, now_us;
	int64_t absent_us; /* since; 0: we are here */
	int64_t back_us;   /* until */
	int64_t resume_us; /* frozen until; 0: not frozen */
	int64_t phase_us;  /* of the first region's slots */
	bool recode;       /* store and load each state after each event */
	int64_t judge_us;  /* next judgement of regions, as the coordinator's; 0: never */
	uint32_t suspect_mask, suspects_told; /* mask: by region number - 1 */
	uint64_t rng, order, hash;            /* hash: of all actions */
	uint64_t steps;
	uint32_t n;
	struct simw_monitor *monitor;
	size_t queue_n;
	struct simw_message *queue;
	const char *broken; /* first promise that broke, NULL: none */
	uint32_t broken_monitor;
	int64_t broken_us;
};

/* Room for n monitors; fill def, plan, parent of each, then simw_create. */
NP_NODISCARD np_err simw_new(uint32_t n, int64_t start_us, struct simw **ret);
void simw_free(struct simw *w); /* NULL is fine */
void simw_free_p(struct simw **w);
/* Create monitor i now; its regions check at once. */
void simw_create(struct simw *w, uint32_t i);
/* One event now (at_us is filled in). While we are absent it waits with the others. */
void simw_event(struct simw *w, uint32_t i, struct mst_event ev);
/* New rules for a monitor, now. */
void simw_rules(struct simw *w, uint32_t i, const struct mon_def *def);
/* We are away from now on for this long, then fold what waited. */
void simw_absent(struct simw *w, int64_t for_us);
/* Run until then, or until something broke. */
void simw_run(struct simw *w, int64_t until_us);
uint64_t simw_random(uint64_t *state);
