/* SPDX-License-Identifier: Apache-2.0 */
/* tryrules.h - other rules over a log that is folded again: `netpulse replay --rules`.
 *
 * Floor 5. The events of one monitor are collected while the log is folded, then judged under
 * the present definition and under the other one (core/whatif.h).
 */
#pragma once
#include "cli/command.h"
#include "cli/owner.h"
#include "core/whatif.h"
#include "engine/replay.h"

struct tryr {
	uint64_t monitor;
	int64_t from_us, to_us, before; /* before: incidents that really were */
	struct mon_def now, then;
	struct whatif_input *input; /* owned */
	size_t n, cap;
};
/* Reads --rules and the monitor's definition. */
NP_NODISCARD np_err tryr_open(struct tryr *t, struct command *c, struct owner *db);
/* A shard_tap's function; ctx is the tryr. */
np_err tryr_event(void *ctx, const struct mon *m, const struct mst_event *ev);
NP_NODISCARD np_err tryr_report(struct tryr *t, struct command *c);
void tryr_done(struct tryr *t);
