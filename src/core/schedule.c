/* SPDX-License-Identifier: Apache-2.0 */
#include "core/schedule.h"

/* Division that rounds down for negative numerators too. */
static int64_t floor_div(int64_t a, int64_t b)
{
	int64_t q = a / b;
	return a % b != 0 && (a < 0) != (b < 0) ? q - 1 : q;
}

int64_t sched_phase_us(uint64_t monitor, uint32_t index, uint32_t n, int64_t interval_us)
{
	assert(n > 0 && index < n && interval_us > 0);
	uint64_t interval = (uint64_t)interval_us;
	uint64_t phase = mon_hash(monitor) % interval + (uint64_t)index * interval / n;
	return (int64_t)(phase % interval);
}

int64_t sched_at_or_before_us(int64_t t_us, int64_t phase_us, int64_t interval_us)
{
	assert(interval_us > 0 && phase_us >= 0 && phase_us < interval_us);
	return floor_div(t_us - phase_us, interval_us) * interval_us + phase_us;
}

int64_t sched_next_us(int64_t t_us, int64_t phase_us, int64_t interval_us)
{
	return sched_at_or_before_us(t_us, phase_us, interval_us) + interval_us;
}

int64_t sched_count(int64_t from_us, int64_t to_us, int64_t phase_us, int64_t interval_us)
{
	if (to_us <= from_us)
		return 0;
	return (sched_at_or_before_us(to_us, phase_us, interval_us) -
		sched_at_or_before_us(from_us, phase_us, interval_us)) /
	       interval_us;
}
