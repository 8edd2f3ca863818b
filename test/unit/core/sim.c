/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/schedule.h"
#include "sim.h"

uint64_t sim_rand(uint64_t *state)
{
	*state += UINT64_C(0x9e3779b97f4a7c15);
	return mon_hash(*state);
}

static bool target_down(const struct sim *s, int64_t t)
{
	for (size_t i = 0; i < s->span_n; i++)
		if (t >= s->span[i].from_us && t < s->span[i].to_us)
			return true;
	return false;
}

void sim_down(struct sim *s, int64_t from_us, int64_t to_us)
{
	assert_true(s->span_n < SIM_SPANS_MAX);
	s->span[s->span_n++] = (struct sim_span){ from_us, to_us };
}

/* ---- what must always hold ---- */

static bool has_due_timer(const struct inc *i)
{
	for (int k = 0; k < TMR_N; k++)
		if (k != TMR_STALE && k != TMR_NODATA && tmr_is_armed(&i->timers, (enum tmr_kind)k))
			return true;
	return false;
}

void sim_check(const struct sim *s)
{
	const struct inc *i = &s->st.inc;
	bool open_state = i->state == STEP_DOWN || i->state == STEP_RECOVERING;
	assert_int_equal(i->open, open_state);
	assert_int_equal(i->open, s->opened == s->closed + 1);
	assert_true(s->opened == s->closed || s->opened == s->closed + 1);
	if (i->open)
		assert_true(has_due_timer(i));
	if (i->state == STEP_SUSPECT)
		assert_true(tmr_is_armed(&i->timers, TMR_CONFIRM) ||
			    tmr_is_armed(&i->timers, TMR_LOOK));
	if (i->state == STEP_PAUSED)
		assert_false(has_due_timer(i));
}

/* ---- the machine's side ---- */

static void mix(struct sim *s, uint64_t v)
{
	s->hash = mon_hash(s->hash ^ v);
}

static void send(struct sim *s, int64_t at_us, struct sim_message m)
{
	assert_true(s->queue_n < SIM_QUEUE_MAX);
	m.at_us = at_us;
	m.order = ++s->order;
	s->queue[s->queue_n++] = m;
}

static void on_close(struct sim *s, const struct step_action *a)
{
	/* Resolved only by passes (or people): never by missing data. */
	if (a->close.reason == STEP_CLOSE_RECOVERED)
		assert_int_equal(s->st.inc.verdict, VD_UP);
	assert_true(a->close.at_us >= s->opened_at_us);
	assert_true(a->close.at_us <= s->now_us);
	s->closed++;
	s->closed_at_us = a->close.at_us;
	s->reason = a->close.reason;
}

static void on_notice(struct sim *s, const struct step_action *a)
{
	if (a->notice.hold != STEP_HOLD_NONE) {
		s->held[a->notice.kind]++;
		return;
	}
	s->notices[a->notice.kind]++;
	if (a->notice.kind == STEP_N_OPENED)
		s->opened_notice_us = s->now_us;
	if (a->notice.kind == STEP_N_ESCALATION)
		s->level = a->notice.level + 1;
	if (a->notice.kind == STEP_N_RESOLVED)
		s->resolved_notice_us = s->now_us;
}

/* No region runs extras closer together than retry_interval; only the last look may. */
static void on_check(struct sim *s, const struct step_action *a)
{
	mix(s, a->check.mask);
	for (uint32_t i = 0; i < s->def.region_n; i++) {
		if ((a->check.mask & UINT32_C(1) << i) == 0)
			continue;
		assert_true(a->check.exempt || s->asked_us[i] == 0 ||
			    s->now_us >= s->asked_us[i] + s->def.retry_interval_ms * NP_MS_US);
		s->asked_us[i] = s->now_us;
		s->asks++;
		send(s, s->now_us + SIM_NET_US,
		     (struct sim_message){ .is_ask = true, .index = i, .exempt = a->check.exempt });
	}
}

static void perform(struct sim *s, const struct step_action *a)
{
	mix(s, (uint64_t)a->kind << 32 | a->incident);
	switch (a->kind) {
	case STEP_INCIDENT_OPEN:
		assert_int_equal(s->opened, s->closed); /* never twice */
		assert_true(a->open.at_us <= s->now_us && a->open.at_us >= s->closed_at_us);
		s->opened++;
		assert_int_equal(a->incident, s->opened);
		s->opened_at_us = a->open.at_us;
		break;
	case STEP_INCIDENT_CLOSE:
		assert_int_equal(s->opened, s->closed + 1); /* only what is open */
		on_close(s, a);
		break;
	case STEP_INCIDENT_EVENT:
		s->events++;
		mix(s, (uint64_t)a->event.kind << 32 | a->event.number);
		break;
	case STEP_NOTICE:
		mix(s, (uint64_t)a->notice.kind << 32 | a->notice.number);
		on_notice(s, a);
		break;
	case STEP_CHECK_NOW:
		on_check(s, a);
		break;
	case STEP_SET_TIMER:
	case STEP_CANCEL_TIMER:
		mix(s, (uint64_t)a->timer.due_us);
		break;
	case STEP_STATE:
		mix(s, (uint64_t)a->state.to);
		break;
	case STEP_CHECK_PARENT:
		s->parent_checks++;
		break;
	case STEP_BLIP:
	case STEP_KIND_N:
		break;
	}
}

/* Stored and loaded again, the state must be the same state. */
static void recode(struct sim *s)
{
	struct buf a, b;
	struct mst loaded;
	buf_init(&a, MST_ENCODED_MAX);
	buf_init(&b, MST_ENCODED_MAX);
	mst_encode(&s->st, &a);
	assert_int_equal(buf_failed(&a), NP_OK);
	assert_int_equal(mst_decode(buf_str(&a), &loaded), NP_OK);
	mst_encode(&loaded, &b);
	assert_int_equal(a.n, b.n);
	assert_memory_equal(a.p, b.p, a.n);
	s->st = loaded;
	buf_done(&a);
	buf_done(&b);
}

void sim_apply(struct sim *s, struct mst_event ev)
{
	ev.at_us = s->now_us;
	mst_apply(&s->def, &s->st, &ev, &s->step);
	for (uint32_t i = 0; i < s->step.n; i++)
		perform(s, &s->step.action[i]);
	sim_check(s);
	if (s->recode)
		recode(s);
}

void sim_command(struct sim *s, enum cmd_kind kind)
{
	struct mst_event ev = { .kind = MST_COMMAND };
	ev.command.kind = kind;
	ev.command.actor = 7;
	sim_apply(s, ev);
}

/* ---- checkers ---- */

static void begin(struct sim *s, uint32_t i, int64_t slot_us, uint32_t attempt)
{
	struct sim_checker *c = &s->checker[i];
	bool down = target_down(s, s->now_us);
	bool lost = sim_rand(&s->rng) % 1000 < s->loss_per_mille;
	int64_t timeout_us = s->def.timeout_ms * NP_MS_US;
	c->running = true;
	c->retry_due = false;
	c->slot_us = slot_us;
	c->attempt = attempt;
	c->start_us = s->now_us;
	c->outcome = down || lost ? RES_FAIL : RES_OK;
	c->end_us = s->now_us + (down && s->hang ? timeout_us : 30 * NP_MS_US);
	if (c->end_us > s->now_us + 2 * NP_SEC_US) {
		struct sim_message m = { .event = { .kind = MST_SLOW, .region = i + 1 } };
		m.event.slow.slot_us = slot_us;
		m.event.slow.attempt = attempt;
		send(s, s->now_us + 2 * NP_SEC_US + SIM_NET_US, m);
	}
}

static void end(struct sim *s, uint32_t i)
{
	struct sim_checker *c = &s->checker[i];
	struct sim_message m = { .event = { .kind = MST_RESULT, .region = i + 1 } };
	m.event.result = (struct vote_attempt){
		.revision = s->def.revision,
		.slot_us = c->slot_us,
		.attempt = c->attempt,
		.start_us = c->start_us,
		.duration_us = c->end_us - c->start_us,
		.received_us = s->now_us + SIM_NET_US,
		.status = c->outcome,
		.cls = c->outcome == RES_FAIL ? RES_C_REFUSED : RES_C_NONE,
	};
	if (!c->dead)
		send(s, s->now_us + SIM_NET_US, m);
	c->running = false;
	if (c->outcome == RES_FAIL && c->tries > 0) {
		c->tries--;
		c->retry_due = true;
		c->retry_us = s->now_us + s->def.retry_interval_ms * NP_MS_US;
	}
}

static void on_ask(struct sim *s, const struct sim_message *m)
{
	struct sim_checker *c = &s->checker[m->index];
	int64_t gap_us = s->def.retry_interval_ms * NP_MS_US;
	/* The first failure of a run may be followed by an extra only after the gap. */
	bool close = c->outcome == RES_FAIL && s->now_us < c->end_us + gap_us;
	if (c->running || c->dead || (close && !m->exempt))
		return;
	begin(s, m->index, c->slot_us, c->attempt + 1);
}

static int64_t next_of(const struct sim_checker *c)
{
	if (c->running)
		return c->end_us;
	return c->retry_due && c->retry_us < c->next_slot_us ? c->retry_us : c->next_slot_us;
}

static void turn(struct sim *s, uint32_t i)
{
	struct sim_checker *c = &s->checker[i];
	int64_t interval_us = s->def.interval_ms * NP_MS_US;
	if (c->running) {
		end(s, i);
		/* slots that passed meanwhile are skipped */
		while (c->next_slot_us <= s->now_us)
			c->next_slot_us += interval_us;
	} else if (c->retry_due && c->retry_us <= s->now_us) {
		begin(s, i, c->slot_us, c->attempt + 1);
	} else {
		int64_t slot_us = c->next_slot_us;
		c->next_slot_us += interval_us;
		c->tries = s->def.retries;
		begin(s, i, slot_us, 0);
	}
}

/* ---- time ---- */

void sim_init(struct sim *s, uint32_t n, int64_t interval_ms, uint64_t seed)
{
	*s = (struct sim){ .now_us = SIM_START_US, .rng = seed };
	s->def = mon_defaults(interval_ms);
	s->def.no = sim_rand(&s->rng) % 1000000 + 1;
	s->def.revision = 1;
	s->def.kind = MON_HTTP;
	s->def.target_hash = 1;
	s->def.region_n = n;
	int64_t interval_us = s->def.interval_ms * NP_MS_US;
	for (uint32_t i = 0; i < n; i++) {
		int64_t phase_us = sched_phase_us(s->def.no, i, n, interval_us);
		s->def.region[i] = i + 1;
		s->checker[i].next_slot_us = sched_next_us(s->now_us, phase_us, interval_us);
	}
	assert_int_equal(mon_validate(&s->def), MON_F_OK);
	sim_apply(s, (struct mst_event){ .kind = MST_RULES });
	for (uint32_t i = 0; i < n; i++) /* the first check opens a slot of its own */
		begin(s, i, s->now_us, 0);
}

static bool next_message(const struct sim *s, size_t *ret)
{
	bool any = false;
	for (size_t i = 0; i < s->queue_n; i++) {
		if (any && (s->queue[i].at_us > s->queue[*ret].at_us ||
			    (s->queue[i].at_us == s->queue[*ret].at_us &&
			     s->queue[i].order > s->queue[*ret].order)))
			continue;
		*ret = i;
		any = true;
	}
	return any;
}

static void advance(struct sim *s, int64_t to_us)
{
	if (to_us > s->now_us)
		s->now_us = to_us;
}

static void deliver(struct sim *s, size_t at)
{
	struct sim_message m = s->queue[at];
	s->queue[at] = s->queue[--s->queue_n];
	advance(s, m.at_us);
	if (m.is_ask)
		on_ask(s, &m);
	else
		sim_apply(s, m.event);
}

static void fire(struct sim *s, enum tmr_kind kind)
{
	struct mst_event ev = { .kind = MST_TIMER };
	ev.timer.kind = kind;
	ev.timer.generation = s->st.inc.timers.of[kind].generation;
	advance(s, s->st.inc.timers.of[kind].due_us);
	sim_apply(s, ev);
}

void sim_run(struct sim *s, int64_t until_us)
{
	for (;;) {
		size_t msg = 0;
		uint32_t who = 0;
		enum tmr_kind kind = TMR_N;
		int64_t msg_us = next_message(s, &msg) ? s->queue[msg].at_us : INT64_MAX;
		for (uint32_t i = 1; i < s->def.region_n; i++)
			if (next_of(&s->checker[i]) < next_of(&s->checker[who]))
				who = i;
		int64_t turn_us = next_of(&s->checker[who]);
		int64_t due_us = tmr_next(&s->st.inc.timers, &kind)
					 ? s->st.inc.timers.of[kind].due_us
					 : INT64_MAX;
		int64_t first_us = msg_us < turn_us ? msg_us : turn_us;
		first_us = due_us < first_us ? due_us : first_us;
		if (first_us > until_us)
			break;
		if (msg_us == first_us) {
			deliver(s, msg);
		} else if (due_us == first_us) {
			fire(s, kind);
		} else {
			advance(s, turn_us);
			turn(s, who);
		}
	}
	advance(s, until_us);
}
