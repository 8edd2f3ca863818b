/* SPDX-License-Identifier: Apache-2.0 */
/* auditor.h - the thread that watches NetPulse itself: findings, their incident, drills by the clock.
 *
 * Floor 4 (historian). A thread and a connection of its own: what hangs elsewhere
 * must not hang it. One historian at a time does it, by a lease row. Others may
 * only tell it to stop.
 */
#pragma once
#include "base/metrics.h"
#include "historian/auditor_store.h"

#define AUDITOR_DISK_MIN ((uint64_t)1 << 30)
#define AUDITOR_DISK_PERCENT 2 /* and less than AUDITOR_DISK_MUCH */
#define AUDITOR_DISK_MUCH ((uint64_t)20 << 30)

struct auditor_cfg {
	struct pg_conf database;
	const char *name; /* of this instance */
	const char *disk; /* folder whose disk fills up; NULL: not known from here */
	struct auditor_rules rules;
	struct metrics *metrics;
};
struct auditor;
NP_NODISCARD np_err auditor_start(const struct auditor_cfg *cfg, struct auditor **ret);
void auditor_stop(struct auditor *a); /* NULL is fine */
