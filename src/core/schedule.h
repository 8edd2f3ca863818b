/* SPDX-License-Identifier: Apache-2.0 */
/* schedule.h - when a region looks: slot arithmetic, no heap, no clock.
 *
 * Floor 2 (core). Region i of n runs at (hash + i * interval / n) mod interval
 * on the wall clock's grid; n regions look n times as often. Any thread.
 */
#pragma once
#include "core/monitor.h"

/* Offset of region `index` (0..n-1) inside the interval, in µs. */
int64_t sched_phase_us(uint64_t monitor, uint32_t index, uint32_t n, int64_t interval_us);
/* First slot strictly after t_us. phase_us in [0, interval_us). */
int64_t sched_next_us(int64_t t_us, int64_t phase_us, int64_t interval_us);
/* Last slot at or before t_us. */
int64_t sched_at_or_before_us(int64_t t_us, int64_t phase_us, int64_t interval_us);
/* Slots in (from_us, to_us]: how many were missed. */
int64_t sched_count(int64_t from_us, int64_t to_us, int64_t phase_us, int64_t interval_us);
