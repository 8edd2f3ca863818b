/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "checker/runner_in.h"
#include "core/schedule.h"

#define JUMP_US NP_SEC_US  /* a wall clock that moves by more was set, not slewed */
#define LOOK_AGAIN_MS 1000 /* for such a jump */

void runner_plan(struct mon *m)
{
	struct runner *r = m->r;
	int64_t due = m->next_slot_us - r->offset_us;
	if (m->retry_us && m->retry_us < due)
		due = m->retry_us;
	if (due_set(r->sched, &m->node, due) < 0)
		return; /* only a new node needs memory: the caller made room before */
	const struct due_node *first = due_first(r->sched);
	int64_t at_ms = due / NP_MS_US + 1, again_ms = clock_mono_ms() + LOOK_AGAIN_MS;
	if (first == &m->node && !r->stopped)
		loop_timer_at(r->timer, at_ms < again_ms ? at_ms : again_ms);
}

void runner_next_slot(struct mon *m, int64_t after_us)
{
	m->next_slot_us = sched_next_us(after_us, m->def->phase_us, m->def->interval_us);
}

static void open_slot(struct mon *m, int64_t slot_us)
{
	m->slot_us = slot_us;
	m->next_attempt = 0;
	m->retries_left = m->def->retries;
	m->retry_us = 0;
	m->fresh_slot = true;
}

static void skip(struct mon *m, int64_t n)
{
	if (n <= 0)
		return;
	metric_add(m->r->m_skipped, n);
	int64_t sum = m->skipped + n;
	m->skipped = sum > RES_SKIPPED_MAX ? RES_SKIPPED_MAX : (uint32_t)sum;
}

static void slot_due(struct mon *m, int64_t mono_us)
{
	struct runner *r = m->r;
	int64_t wall_us = mono_us + r->offset_us, slot = m->next_slot_us;
	/* After a stall only the newest of the slots that went by is run. */
	int64_t newest = sched_at_or_before_us(wall_us, m->def->phase_us, m->def->interval_us);
	if (newest > slot) {
		skip(m, sched_count(slot, newest, m->def->phase_us, m->def->interval_us));
		slot = newest;
	}
	runner_next_slot(m, slot);
	if (m->attempt || (m->queued && m->first)) {
		skip(m, 1);
		return;
	}
	if (m->queued && m->fresh_slot)
		runner_overload(m);
	open_slot(m, slot);
	runner_enqueue(m, slot - r->offset_us);
}

static void due(struct mon *m, int64_t mono_us)
{
	if (m->next_slot_us - m->r->offset_us <= mono_us)
		slot_due(m, mono_us);
	else if (m->retry_us && m->retry_us <= mono_us) {
		int64_t at = m->retry_us;
		m->retry_us = 0;
		if (!m->attempt)
			runner_enqueue(m, at);
	}
	runner_plan(m);
}

void runner_clock_moved(struct runner *r, int64_t by_us)
{
	size_t pos = 0;
	uint64_t no;
	void *value;
	int64_t wall_us = clock_mono_us() + r->offset_us + by_us;
	r->offset_us += by_us;
	while (map_next(r->mons, &pos, &no, &value)) {
		struct mon *m = value;
		runner_next_slot(m, wall_us > m->slot_us ? wall_us : m->slot_us);
		if (by_us < 0) /* slots must grow: but not wait for a clock that was far ahead */
			runner_next_slot(m, wall_us);
		runner_plan(m);
	}
}

static void look_at_clocks(struct runner *r)
{
	int64_t offset = clock_wall_us() - clock_mono_us(), by = offset - r->offset_us;
	if (by > JUMP_US || by < -JUMP_US)
		runner_clock_moved(r, by);
	else
		r->offset_us = offset;
}

void runner_on_timer(void *ctx)
{
	struct runner *r = ctx;
	struct due_node *n;
	if (r->stopped)
		return;
	look_at_clocks(r);
	int64_t now_us = clock_mono_us(), next_ms = now_us / NP_MS_US + LOOK_AGAIN_MS;
	while ((n = due_first(r->sched)) && n->due_us <= now_us)
		due(NP_CONTAINER_OF(n, struct mon, node), now_us);
	if (n && n->due_us / NP_MS_US + 1 < next_ms)
		next_ms = n->due_us / NP_MS_US + 1;
	loop_timer_at(r->timer, next_ms);
	metric_set(r->m_queued, (int64_t)r->queued);
	runner_pump(r);
}
