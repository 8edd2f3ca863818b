/* SPDX-License-Identifier: Apache-2.0 */
/* sim.h - a small world around one monitor: target, checkers, network, timers.
 *
 * Test code. Discrete events on a virtual clock: checkers run slots, retries
 * and check-nows as SEMANTICS describes them, a target goes down and comes back,
 * mst_apply decides. Every step is checked for what must always hold.
 */
#pragma once
#include "core/monstate.h"

#define SIM_SPANS_MAX 8
#define SIM_QUEUE_MAX 256
#define SIM_NET_US (20 * NP_MS_US)
#define SIM_START_US (INT64_C(1700000000) * NP_SEC_US)

struct sim_span {
	int64_t from_us, to_us;
};

struct sim_checker {
	bool dead; /* says nothing */
	bool running;
	bool retry_due; /* next_us is a retry, not a slot */
	uint32_t attempt;
	uint32_t tries; /* extras left in this slot after failures */
	int64_t slot_us, start_us, end_us;
	int64_t next_slot_us, retry_us;
	enum res_status outcome;
};

struct sim_message {
	int64_t at_us;
	uint64_t order; /* first in, first out among equals */
	bool is_ask;    /* to a checker; else an event for the machine */
	bool exempt;
	uint32_t index;
	struct mst_event event;
};

struct sim {
	struct mon_def def;
	struct mst st;
	struct step step;
	int64_t now_us;
	uint64_t rng;
	uint32_t loss_per_mille; /* attempts that fail for no reason of the target */
	bool hang;               /* a down target hangs instead of refusing */
	bool recode;             /* store and load the state after every event */
	size_t span_n;
	struct sim_span span[SIM_SPANS_MAX]; /* target down */
	struct sim_checker checker[MON_REGIONS_MAX];
	size_t queue_n;
	struct sim_message queue[SIM_QUEUE_MAX];
	uint64_t order;
	int64_t asked_us[MON_REGIONS_MAX];
	/* what happened */
	uint32_t asks, parent_checks;
	uint32_t level; /* of the newest escalation that went out, from 1 */
	uint32_t opened, closed, events;
	uint32_t notices[STEP_NOTICE_N], held[STEP_NOTICE_N];
	uint64_t hash; /* of all actions: equal runs have equal hashes */
	int64_t opened_at_us, opened_notice_us, closed_at_us, resolved_notice_us;
	enum step_close reason;
};

uint64_t sim_rand(uint64_t *state);
/* n regions, numbers 1..n, default rules with this interval; created at SIM_START_US. */
void sim_init(struct sim *s, uint32_t n, int64_t interval_ms, uint64_t seed);
/* Apply one event now (at_us is filled in). */
void sim_apply(struct sim *s, struct mst_event ev);
void sim_command(struct sim *s, enum cmd_kind kind);
/* Run until this moment. */
void sim_run(struct sim *s, int64_t until_us);
void sim_down(struct sim *s, int64_t from_us, int64_t to_us);
/* Fails the test when the state breaks a rule that always holds. */
void sim_check(const struct sim *s);
