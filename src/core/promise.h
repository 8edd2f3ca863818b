/* SPDX-License-Identifier: Apache-2.0 */
/* promise.h - what must hold at every step of a monitor, whoever drives it.
 *
 * Floor 2 (core). Not part of deciding: scenarios, random streams and the model
 * check hold each step of mst_apply against it. Plain data. Any thread.
 */
#pragma once
#include "core/monstate.h"

/* What is remembered from step to step. All zero before the monitor is created. */
struct promise {
	bool open;
	bool told;         /* an `opened` of the open incident went out */
	uint32_t ordinal;  /* of the newest incident */
	uint32_t event_no; /* its newest event row */
	int64_t opened_us; /* its beginning */
	int64_t closed_us; /* end of the latest one that ended */
	/* Number of the newest sent notice of a kind, + 1: about it, about the monitor. */
	uint32_t last_sent[STEP_NOTICE_N], last_episode[STEP_NOTICE_N];
	int64_t asked_us[MON_REGIONS_MAX]; /* newest check-now, by position */
};

/* What one step changed. */
struct promise_step {
	const struct mon_def *def;
	const struct mst *before, *after;
	const struct mst_event *event;
	const struct step *step;
};

/* NULL, or one plain sentence: what was broken. */
const char *prm_check(struct promise *p, const struct promise_step *s);
