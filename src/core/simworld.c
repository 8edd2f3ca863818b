/* SPDX-License-Identifier: Apache-2.0 */
#include "core/simworld.h"

#include <stdlib.h>
#include <string.h>

#include "core/simcheck.h"

#define MIX UINT64_C(0x9e3779b97f4a7c15)

uint64_t simw_random(uint64_t *state)
{
	*state += MIX;
	return mon_hash(*state);
}

np_err simw_new(uint32_t n, int64_t start_us, struct simw **ret)
{
	assert(n > 0 && n <= SIMW_MONITORS_MAX && start_us > 0);
	struct simw *w = np_zalloc(sizeof *w);
	if (w == NULL)
		return NP_E_NOMEM;
	w->n = n;
	w->start_us = w->now_us = start_us;
	w->monitor = np_calloc(n, sizeof *w->monitor);
	w->queue = np_calloc(SIMW_QUEUE_MAX, sizeof *w->queue);
	if (w->monitor == NULL || w->queue == NULL) {
		simw_free(w);
		return NP_E_NOMEM;
	}
	for (uint32_t i = 0; i < n; i++)
		w->monitor[i].timer_us = w->monitor[i].check_us = INT64_MAX;
	*ret = w;
	return NP_OK;
}

void simw_free(struct simw *w)
{
	if (w == NULL)
		return;
	free(w->monitor);
	free(w->queue);
	free(w);
}

void simw_free_p(struct simw **w)
{
	simw_free(*w);
	*w = NULL;
}

static void simw_break(struct simw *w, uint32_t i, const char *why)
{
	if (w->broken != NULL)
		return;
	w->broken = why;
	w->broken_monitor = i;
	w->broken_us = w->now_us;
}

/* ---- messages: a heap, earliest first, first in first out among equals ---- */

static bool is_before(const struct simw_message *a, const struct simw_message *b)
{
	return a->at_us < b->at_us || (a->at_us == b->at_us && a->order < b->order);
}

static void swap(struct simw_message *a, struct simw_message *b)
{
	struct simw_message kept = *a;
	*a = *b;
	*b = kept;
}

void simw_send(struct simw *w, struct simw_message m)
{
	if (w->queue_n == SIMW_QUEUE_MAX) {
		simw_break(w, m.monitor, "the world has too many messages on their way");
		return;
	}
	m.order = ++w->order;
	size_t at = w->queue_n++;
	w->queue[at] = m;
	for (; at > 0 && is_before(&w->queue[at], &w->queue[(at - 1) / 2]); at = (at - 1) / 2)
		swap(&w->queue[at], &w->queue[(at - 1) / 2]);
}

static struct simw_message take_first(struct simw *w)
{
	struct simw_message first = w->queue[0];
	w->queue[0] = w->queue[--w->queue_n];
	for (size_t at = 0;;) {
		size_t least = at;
		for (size_t k = 2 * at + 1; k <= 2 * at + 2 && k < w->queue_n; k++)
			if (is_before(&w->queue[k], &w->queue[least]))
				least = k;
		if (least == at)
			return first;
		swap(&w->queue[at], &w->queue[least]);
		at = least;
	}
}

/* ---- what follows from a step ---- */

static void mix(struct simw *w, uint64_t v)
{
	w->hash = mon_hash(w->hash ^ v);
}

/* `acknowledged` and `resolved` go where `opened` went: nowhere, if it was held. */
static void on_notice(struct simw *w, struct simw_monitor *m, const struct step_action *a)
{
	struct simw_facts *f = &m->facts;
	enum step_notice k = a->notice.kind;
	bool follows = k == STEP_N_RESOLVED || k == STEP_N_ACKNOWLEDGED;
	mix(w, (uint64_t)k << 40 | (uint64_t)a->notice.number << 8 | a->notice.hold);
	if (a->notice.hold != STEP_HOLD_NONE) {
		f->held[k]++;
		f->held_by[k] = a->notice.hold;
		return;
	}
	if (follows && !m->promise.told)
		return;
	if (f->sent[k]++ == 0)
		f->first_sent_us[k] = w->now_us;
	f->last_sent_us[k] = w->now_us;
}

static void on_check(struct simw *w, uint32_t i, const struct step_action *a)
{
	mix(w, a->check.mask);
	for (uint32_t r = 0; r < w->monitor[i].def.region_n; r++) {
		if ((a->check.mask & UINT32_C(1) << r) == 0)
			continue;
		w->monitor[i].facts.asks++;
		simw_send(w, (struct simw_message){ .at_us = w->now_us + SIMW_NET_US,
						    .monitor = i,
						    .region = w->monitor[i].def.region[r],
						    .is_ask = true,
						    .exempt = a->check.exempt });
	}
}

static void check_parent(struct simw *w, uint32_t i);

static void perform(struct simw *w, uint32_t i, const struct step_action *a)
{
	struct simw_facts *f = &w->monitor[i].facts;
	mix(w, (uint64_t)a->kind << 32 | a->incident);
	switch (a->kind) {
	case STEP_INCIDENT_OPEN:
		f->opened++;
		f->opened_us = a->open.at_us;
		f->closed_us = 0;
		f->event_n = 0;
		break;
	case STEP_INCIDENT_CLOSE:
		f->closed++;
		f->closed_us = a->close.at_us;
		f->reason = a->close.reason;
		break;
	case STEP_INCIDENT_EVENT:
		mix(w, (uint64_t)a->event.kind << 32 | a->event.number);
		if (f->event_n < SIMW_EVENTS_MAX)
			f->event[f->event_n++] = (uint8_t)a->event.kind;
		break;
	case STEP_NOTICE:
		on_notice(w, &w->monitor[i], a);
		break;
	case STEP_CHECK_NOW:
		on_check(w, i, a);
		break;
	case STEP_SET_TIMER:
	case STEP_CANCEL_TIMER:
		mix(w, (uint64_t)a->timer.due_us);
		break;
	case STEP_STATE:
		mix(w, (uint64_t)a->state.to);
		break;
	case STEP_CHECK_PARENT:
		check_parent(w, i);
		break;
	case STEP_BLIP:
	case STEP_KIND_N:
		break;
	}
}

/* Killed and started again: what was stored is all there is. */
static void recode(struct simw *w, uint32_t i)
{
	struct buf a, b;
	struct mst loaded;
	buf_init(&a, MST_ENCODED_MAX);
	buf_init(&b, MST_ENCODED_MAX);
	mst_encode(&w->monitor[i].st, &a);
	if (buf_failed(&a) < 0 || mst_decode(buf_str(&a), &loaded) < 0) {
		simw_break(w, i, "a state cannot be stored");
	} else {
		mst_encode(&loaded, &b);
		if (a.n != b.n || memcmp(a.p, b.p, a.n) != 0)
			simw_break(w, i, "a state was changed by storing it");
		w->monitor[i].st = loaded;
	}
	buf_done(&a);
	buf_done(&b);
}

static void apply(struct simw *w, uint32_t i, struct mst_event ev);

static enum inc_parent as_parent(const struct inc *i)
{
	if (i->state == STEP_PAUSED || i->deleted)
		return INC_PARENT_NONE;
	if (i->open)
		return INC_PARENT_DOWN;
	return i->state == STEP_SUSPECT ? INC_PARENT_SUSPECT : INC_PARENT_OK;
}

/* Children hear what their parent is. */
static void tell_children(struct simw *w, uint32_t i)
{
	enum inc_parent state = as_parent(&w->monitor[i].st.inc);
	for (uint32_t c = 0; c < w->n; c++) {
		struct simw_monitor *child = &w->monitor[c];
		if (child->parent != i + 1 || child->st.revision == 0 ||
		    child->parent_told == state)
			continue;
		child->parent_told = state;
		struct mst_event ev = { .kind = MST_PARENT };
		ev.parent.state = state;
		apply(w, c, ev);
	}
}

static void check_parent(struct simw *w, uint32_t i)
{
	struct mst_event ask = { .kind = MST_COMMAND };
	ask.command.kind = CMD_CHECK_NOW;
	if (w->monitor[i].parent != 0)
		apply(w, w->monitor[i].parent - 1, ask);
}

static void note_timer(struct simw_monitor *m)
{
	enum tmr_kind k = TMR_N;
	m->timer_us = tmr_next(&m->st.inc.timers, &k) ? m->st.inc.timers.of[k].due_us : INT64_MAX;
}

static void apply(struct simw *w, uint32_t i, struct mst_event ev)
{
	struct simw_monitor *m = &w->monitor[i];
	struct step step;
	struct mst before = m->st;
	if (w->broken != NULL)
		return;
	if (++w->steps > SIMW_STEPS_MAX) {
		simw_break(w, i, "the world does not come to rest");
		return;
	}
	ev.at_us = w->now_us;
	mst_apply(&m->def, &m->st, &ev, &step);
	const struct promise_step ps = { &m->def, &before, &m->st, &ev, &step };
	const char *why = prm_check(&m->promise, &ps);
	if (why != NULL)
		simw_break(w, i, why);
	if (ev.kind == MST_COMMAND)
		m->facts.refusal = step.refusal;
	for (uint32_t a = 0; a < step.n; a++)
		perform(w, i, &step.action[a]);
	if (w->recode)
		recode(w, i);
	note_timer(m);
	tell_children(w, i);
}

void simw_event(struct simw *w, uint32_t i, struct mst_event ev)
{
	if (w->absent_us != 0)
		simw_send(w,
			  (struct simw_message){ .at_us = w->now_us, .monitor = i, .event = ev });
	else
		apply(w, i, ev);
}

void simw_rules(struct simw *w, uint32_t i, const struct mon_def *def)
{
	struct simw_monitor *m = &w->monitor[i];
	uint32_t revision = m->def.revision;
	m->def = *def;
	m->def.revision = revision + 1;
	simcheck_start(w, i);
	apply(w, i, (struct mst_event){ .kind = MST_RULES });
}

void simw_create(struct simw *w, uint32_t i)
{
	simw_rules(w, i, &w->monitor[i].def);
}

/* ---- our own absence ---- */

void simw_absent(struct simw *w, int64_t for_us)
{
	if (w->absent_us != 0)
		return;
	w->absent_us = w->now_us;
	w->back_us = w->now_us + for_us;
}

/* Held until the spools are empty, 60 s at most. */
static void come_back(struct simw *w)
{
	int64_t since_us = w->absent_us;
	w->absent_us = 0;
	w->resume_us = w->now_us + simcheck_backlog_us(w) + 100 * NP_MS_US;
	if (w->resume_us > w->now_us + MST_HOLD_MAX_US)
		w->resume_us = w->now_us + MST_HOLD_MAX_US;
	for (uint32_t i = 0; i < w->n; i++) {
		struct mst_event ev = { .kind = MST_HOLD };
		ev.hold.absent_us = since_us;
		if (w->monitor[i].st.revision != 0)
			apply(w, i, ev);
	}
}

static void resume(struct simw *w)
{
	w->resume_us = 0;
	for (uint32_t i = 0; i < w->n; i++)
		if (w->monitor[i].st.revision != 0)
			apply(w, i, (struct mst_event){ .kind = MST_RESUME });
}

/* ---- time ---- */

static int64_t next_timer(const struct simw *w, uint32_t *ret_monitor)
{
	int64_t best_us = INT64_MAX;
	for (uint32_t i = 0; i < w->n && w->absent_us == 0; i++) {
		if (w->monitor[i].st.frozen || w->monitor[i].timer_us >= best_us)
			continue;
		best_us = w->monitor[i].timer_us;
		*ret_monitor = i;
	}
	return best_us;
}

static void fire(struct simw *w, uint32_t i)
{
	struct mst_event ev = { .kind = MST_TIMER };
	enum tmr_kind kind = TMR_N;
	if (!tmr_next(&w->monitor[i].st.inc.timers, &kind))
		return;
	ev.timer.kind = kind;
	ev.timer.generation = w->monitor[i].st.inc.timers.of[kind].generation;
	apply(w, i, ev);
}

static void deliver(struct simw *w)
{
	struct simw_message m = take_first(w);
	if (m.is_ask)
		simcheck_ask(w, &m);
	else
		apply(w, m.monitor, m.event);
}

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t first_message_us(const struct simw *w)
{
	if (w->queue_n == 0)
		return INT64_MAX;
	/* What comes while we are away waits; what a checker is asked does not exist then. */
	return w->absent_us != 0 && w->queue[0].at_us < w->back_us ? w->back_us : w->queue[0].at_us;
}

/* Coming back, letting go, judging regions. */
static int64_t next_own_us(const struct simw *w)
{
	int64_t at_us = w->judge_us != 0 ? w->judge_us : INT64_MAX;
	if (w->absent_us != 0)
		return w->back_us;
	return w->resume_us != 0 && w->resume_us < at_us ? w->resume_us : at_us;
}

static void own_duty(struct simw *w)
{
	if (w->resume_us != 0 && w->resume_us <= w->now_us)
		resume(w);
	else
		simcheck_judge(w);
}

static void turn(struct simw *w, int64_t until_us, bool *ret_more)
{
	uint32_t who = 0, region = 0, monitor = 0;
	int64_t message_us = first_message_us(w);
	int64_t check_us = simcheck_next_us(w, &who, &region);
	int64_t timer_us = next_timer(w, &monitor);
	int64_t own_us = next_own_us(w);
	int64_t first_us = min64(min64(message_us, check_us), min64(timer_us, own_us));
	*ret_more = first_us <= until_us;
	if (!*ret_more)
		return;
	w->now_us = first_us > w->now_us ? first_us : w->now_us;
	if (own_us == first_us && w->absent_us != 0)
		come_back(w);
	else if (message_us == first_us)
		deliver(w);
	else if (own_us == first_us)
		own_duty(w);
	else if (timer_us == first_us)
		fire(w, monitor);
	else
		simcheck_turn(w, who, region);
}

void simw_run(struct simw *w, int64_t until_us)
{
	bool more = true;
	while (more && w->broken == NULL)
		turn(w, until_us, &more);
	if (until_us > w->now_us)
		w->now_us = until_us;
}
