/* SPDX-License-Identifier: Apache-2.0 */
#include "core/simcheck.h"

#include "core/schedule.h"
#include "core/trust.h"

#define TOOK_US (30 * NP_MS_US)
#define SLOW_US (2 * NP_SEC_US)

/* ---- what a region sees ---- */

static bool covers(const struct simw_span *s, int64_t at_us)
{
	if (at_us < s->from_us || at_us >= s->to_us)
		return false;
	return s->every_us == 0 || (at_us - s->from_us) % s->every_us < s->on_us;
}

static bool is_about_target(const struct simw_span *s)
{
	return s->what < SIMW_SILENT;
}

/* Counted ones are taken in their order; else the last one that is said wins. */
static struct simw_span seen(struct simw *w, struct simw_plan *p)
{
	struct simw_span found = { .what = SIMW_OK };
	for (size_t i = 0; i < p->n; i++) {
		struct simw_span *s = &p->span[i];
		if (!is_about_target(s) || !covers(s, w->now_us))
			continue;
		if (s->count > 0 && s->used < s->count) {
			s->used++;
			return *s;
		}
		if (s->count > 0 || (s->percent > 0 && simw_random(&w->rng) % 100 >= s->percent))
			continue;
		found = *s;
	}
	return found;
}

static const struct simw_span *covering(const struct simw_plan *p, enum simw_what what,
					int64_t at_us)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->span[i].what == what && covers(&p->span[i], at_us))
			return &p->span[i];
	return NULL;
}

static int64_t ahead_us(const struct simw_plan *p, int64_t at_us)
{
	const struct simw_span *s = covering(p, SIMW_CLOCK, at_us);
	return s != NULL ? s->ahead_us : 0;
}

/* ---- attempts ---- */

static void note_next(struct simw_monitor *m);

/* What belongs to the region of this number. */
static struct simw_checker *checker_of(struct simw_monitor *m, uint32_t region)
{
	assert(region > 0 && region <= MON_REGIONS_MAX);
	return &m->checker[region - 1];
}

static struct simw_plan *plan_of(const struct simw_monitor *m, uint32_t region)
{
	assert(region > 0 && region <= MON_REGIONS_MAX);
	return &m->plan[region - 1];
}

static void begin(struct simw *w, uint32_t i, uint32_t r, int64_t slot_us, uint32_t attempt)
{
	struct simw_monitor *m = &w->monitor[i];
	struct simw_checker *c = checker_of(m, r);
	int64_t timeout_us = m->def.timeout_ms * NP_MS_US;
	c->running = true;
	c->retry_due = false;
	c->slot_us = slot_us;
	c->attempt = attempt;
	c->revision = m->def.revision;
	c->start_us = w->now_us;
	c->sees = seen(w, plan_of(m, r));
	int64_t took_us = c->sees.took_us > 0            ? c->sees.took_us
			  : c->sees.cls == RES_C_TIMEOUT ? timeout_us
							 : TOOK_US;
	c->end_us = w->now_us + (took_us < timeout_us ? took_us : timeout_us);
	if (c->end_us - w->now_us <= SLOW_US || covering(plan_of(m, r), SIMW_LATE, w->now_us))
		return;
	struct simw_message word = { .at_us = w->now_us + SLOW_US + SIMW_NET_US,
				     .monitor = i,
				     .region = r,
				     .event = { .kind = MST_SLOW, .region = r } };
	word.event.slow.slot_us = slot_us + ahead_us(plan_of(m, r), w->now_us);
	word.event.slow.attempt = attempt;
	simw_send(w, word);
}

static struct vote_attempt attempt_of(const struct simw *w, struct simw_monitor *m, uint32_t r,
				      int64_t received_us)
{
	static const enum res_status statuses[] = {
		[SIMW_OK] = RES_OK,
		[SIMW_DEGRADED] = RES_DEGRADED,
		[SIMW_FAIL] = RES_FAIL,
		[SIMW_UNKNOWN] = RES_UNKNOWN,
	};
	const struct simw_checker *c = checker_of(m, r);
	int64_t ahead = ahead_us(plan_of(m, r), w->now_us);
	return (struct vote_attempt){
		.revision = c->revision,
		.slot_us = c->slot_us + ahead,
		.attempt = c->attempt,
		.start_us = c->start_us + ahead,
		.duration_us = c->end_us - c->start_us,
		.received_us = received_us,
		.status = statuses[c->sees.what],
		.cls = c->sees.cls,
	};
}

static void end(struct simw *w, uint32_t i, uint32_t r)
{
	struct simw_monitor *m = &w->monitor[i];
	struct simw_checker *c = checker_of(m, r);
	const struct simw_span *late = covering(plan_of(m, r), SIMW_LATE, w->now_us);
	int64_t received_us = (late != NULL ? late->to_us : w->now_us) + SIMW_NET_US;
	struct simw_message msg = { .at_us = received_us,
				    .monitor = i,
				    .region = r,
				    .event = { .kind = MST_RESULT, .region = r } };
	msg.event.result = attempt_of(w, m, r, received_us);
	simw_send(w, msg);
	c->running = false;
	if (c->sees.what == SIMW_FAIL && c->tries > 0) {
		c->tries--;
		c->retry_due = true;
		c->retry_us = w->now_us + m->def.retry_interval_ms * NP_MS_US;
	}
}

void simcheck_ask(struct simw *w, const struct simw_message *msg)
{
	struct simw_monitor *m = &w->monitor[msg->monitor];
	struct simw_checker *c = checker_of(m, msg->region);
	const struct simw_plan *p = plan_of(m, msg->region);
	int64_t gap_us = m->def.retry_interval_ms * NP_MS_US;
	bool close = c->sees.what == SIMW_FAIL && w->now_us < c->end_us + gap_us;
	if (m->checkers_off || mon_region_index(&m->def, msg->region) < 0 ||
	    m->st.inc.state == STEP_PAUSED || c->running || (close && !msg->exempt) ||
	    covering(p, SIMW_SILENT, w->now_us) || covering(p, SIMW_LATE, w->now_us))
		return;
	begin(w, msg->monitor, msg->region, c->slot_us, c->attempt + 1);
	note_next(m);
}

/* ---- schedule ---- */

static int64_t phase_of(const struct simw *w, uint32_t i, uint32_t position)
{
	const struct mon_def *d = &w->monitor[i].def;
	int64_t interval_us = d->interval_ms * NP_MS_US;
	int64_t first_us = w->phase_us + (int64_t)i * interval_us / (int64_t)w->n;
	return (first_us + (int64_t)position * interval_us / (int64_t)d->region_n) % interval_us;
}

static void watch_silence(struct simw *w, uint32_t i, uint32_t r)
{
	struct simw_monitor *m = &w->monitor[i];
	for (size_t k = 0; k < plan_of(m, r)->n; k++) {
		const struct simw_span *s = &plan_of(m, r)->span[k];
		int64_t at_us = s->from_us + VOTE_SILENT_US;
		if ((s->what != SIMW_SILENT && s->what != SIMW_LATE) || at_us < w->now_us ||
		    at_us >= s->to_us)
			continue;
		simw_send(w, (struct simw_message){ .at_us = at_us,
						    .monitor = i,
						    .region = r,
						    .event = { .kind = MST_SILENT, .region = r } });
	}
}

void simcheck_start(struct simw *w, uint32_t i)
{
	struct simw_monitor *m = &w->monitor[i];
	int64_t interval_us = m->def.interval_ms * NP_MS_US;
	for (uint32_t k = 0; k < m->def.region_n && !m->checkers_off; k++) {
		uint32_t r = m->def.region[k];
		struct simw_checker *c = checker_of(m, r);
		bool gone = covering(plan_of(m, r), SIMW_SILENT, w->now_us) != NULL;
		c->next_slot_us = sched_next_us(w->now_us, phase_of(w, i, k), interval_us);
		c->retry_due = c->running = false;
		c->tries = m->def.retries;
		if (m->st.revision == 0)
			watch_silence(w, i, r);
		if (!m->def.paused && !gone)
			begin(w, i, r, w->now_us, 0);
	}
	note_next(m);
}

static int64_t next_of(const struct simw_checker *c)
{
	if (c->running)
		return c->end_us;
	return c->retry_due && c->retry_us < c->next_slot_us ? c->retry_us : c->next_slot_us;
}

static void note_next(struct simw_monitor *m)
{
	m->check_us = INT64_MAX;
	for (uint32_t k = 0; k < m->def.region_n && !m->checkers_off; k++) {
		int64_t next_us = next_of(checker_of(m, m->def.region[k]));
		if (next_us >= m->check_us)
			continue;
		m->check_us = next_us;
		m->check_region = m->def.region[k];
	}
}

int64_t simcheck_next_us(const struct simw *w, uint32_t *ret_monitor, uint32_t *ret_region)
{
	int64_t best_us = INT64_MAX;
	for (uint32_t i = 0; i < w->n; i++) {
		if (w->monitor[i].check_us >= best_us)
			continue;
		best_us = w->monitor[i].check_us;
		*ret_monitor = i;
		*ret_region = w->monitor[i].check_region;
	}
	return best_us;
}

static void turn_of(struct simw *w, uint32_t i, uint32_t r)
{
	struct simw_monitor *m = &w->monitor[i];
	struct simw_checker *c = checker_of(m, r);
	int64_t interval_us = m->def.interval_ms * NP_MS_US;
	bool idle = m->st.inc.state == STEP_PAUSED ||
		    covering(plan_of(m, r), SIMW_SILENT, w->now_us) != NULL;
	if (c->running) {
		if (idle)
			c->running = false;
		else
			end(w, i, r);
		while (c->next_slot_us <= w->now_us) /* slots that passed meanwhile are skipped */
			c->next_slot_us += interval_us;
		return;
	}
	int64_t slot_us = c->next_slot_us;
	bool retry = c->retry_due && c->retry_us < slot_us;
	c->retry_due = false;
	if (!retry) {
		c->next_slot_us += interval_us;
		c->tries = m->def.retries;
	}
	if (!idle)
		begin(w, i, r, retry ? c->slot_us : slot_us, retry ? c->attempt + 1 : 0);
}

void simcheck_turn(struct simw *w, uint32_t i, uint32_t r)
{
	turn_of(w, i, r);
	note_next(&w->monitor[i]);
}

int64_t simcheck_backlog_us(const struct simw *w)
{
	int64_t most_us = 0;
	for (uint32_t i = 0; i < w->n; i++) {
		const struct simw_monitor *m = &w->monitor[i];
		for (uint32_t k = 0; k < m->def.region_n && !m->checkers_off; k++) {
			const struct simw_span *s =
				covering(plan_of(m, m->def.region[k]), SIMW_LATE, w->now_us);
			if (s != NULL && s->to_us - w->now_us > most_us)
				most_us = s->to_us - w->now_us;
		}
	}
	return most_us;
}

/* ---- suspicion ---- */

static void say_suspect(struct simw *w, uint32_t region, bool on)
{
	w->suspect_mask ^= UINT32_C(1) << (region - 1);
	w->suspects_told += on;
	for (uint32_t i = 0; i < w->n; i++)
		simw_event(w, i,
			   (struct mst_event){ .kind = MST_SUSPECT, .region = region, .on = on });
}

void simcheck_judge(struct simw *w)
{
	w->judge_us = w->now_us + NP_SEC_US;
	for (uint32_t region = 1; region <= MON_REGIONS_MAX; region++) {
		struct trust_count count = { 0 };
		bool was = (w->suspect_mask & UINT32_C(1) << (region - 1)) != 0;
		for (uint32_t i = 0; i < w->n; i++) {
			const struct simw_monitor *m = &w->monitor[i];
			int k = mon_region_index(&m->def, region);
			if (k >= 0)
				trust_note(&m->def, &m->st, (uint32_t)k, w->now_us, &count);
		}
		if (trust_is_suspect(was, count) != was)
			say_suspect(w, region, !was);
	}
}
