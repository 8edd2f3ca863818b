/* SPDX-License-Identifier: Apache-2.0 */
/* simcheck.h - the checkers of a simulated world; inside of simworld.h.
 *
 * Floor 2 (core). Slots at their phases, retries, check-nows, slow words, spools,
 * clocks that are off, silence after 60 s, suspicion of regions. One thread.
 */
#pragma once
#include "core/simworld.h"

void simw_send(struct simw *w, struct simw_message m);

/* Every region of monitor i checks at once, then at its slots (creation, edit). */
void simcheck_start(struct simw *w, uint32_t i);
/* The next thing a checker does: when, and whose. */
int64_t simcheck_next_us(const struct simw *w, uint32_t *ret_monitor, uint32_t *ret_region);
void simcheck_turn(struct simw *w, uint32_t i, uint32_t region); /* number */
void simcheck_ask(struct simw *w, const struct simw_message *m);
/* How long until every spool is empty. */
int64_t simcheck_backlog_us(const struct simw *w);
/* Regions that fail widely become suspect, and are trusted again when few fail. */
void simcheck_judge(struct simw *w);
