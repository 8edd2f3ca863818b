/* SPDX-License-Identifier: Apache-2.0 */
#include "core/monstate.h"

#include "core/escalate.h"
#include "core/pack.h"

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static uint32_t bit(uint32_t index)
{
	return UINT32_C(1) << index;
}

static int index_of(const struct mst *st, uint32_t region)
{
	for (uint32_t i = 0; i < st->region_n; i++)
		if (st->region[i] == region)
			return (int)i;
	return -1;
}

/* The clock of votes: stands still during our own absence. */
static int64_t fresh_us(const struct mst *st, int64_t at_us)
{
	return st->frozen ? st->frozen_us : at_us;
}

static bool counts_as_fail(const struct mon_def *def, const struct mst *st, const struct vote *v)
{
	return v->say == VOTE_FAIL && !v->suspect &&
	       !vote_is_stale(def, v, fresh_us(st, st->at_us));
}

/* Regions that may be asked for an extra now. */
static uint32_t askable(const struct mon_def *def, const struct mst *st)
{
	uint32_t mask = 0;
	for (uint32_t i = 0; i < st->region_n; i++)
		if (vote_may_ask(def, &st->vote[i], st->at_us))
			mask |= bit(i);
	return mask;
}

/* ---- deciding ---- */

/* One timer for the earliest vote that ends by age. It is moved only when it would come too
 * late: results would otherwise move it every time. */
static void arm_stale(const struct mon_def *def, struct mst *st, struct step *s)
{
	int64_t next_us = 0;
	for (uint32_t i = 0; i < st->region_n; i++) {
		int64_t at = vote_expires_us(def, &st->vote[i]);
		if (st->vote[i].ended || st->vote[i].say == VOTE_NONE || at <= st->at_us)
			continue;
		if (next_us == 0 || at < next_us)
			next_us = at;
	}
	int64_t armed_us = st->inc.timers.of[TMR_STALE].due_us;
	if (next_us != 0 && (armed_us == 0 || next_us < armed_us))
		step_set_timer(s, &st->inc.timers, TMR_STALE, next_us);
}

static void decide(struct inc_ctx *c, struct mst *st)
{
	if (st->inc.state == STEP_PAUSED)
		return;
	vd_decide(c->def, st->vote, fresh_us(st, st->at_us), st->at_us, &c->step->evidence);
	c->step->has_evidence = true;
	mach_verdict(c);
	if (!st->frozen)
		arm_stale(c->def, st, c->step);
}

static void ask_others(struct inc_ctx *c, uint32_t index)
{
	uint32_t mask = c->askable & ~bit(index);
	if (mask != 0)
		step_add(c->step, STEP_CHECK_NOW)->check.mask = mask;
}

/* ---- events ---- */

static void on_result(struct inc_ctx *c, struct mst *st, const struct mst_event *ev)
{
	const struct vote_attempt *a = &ev->result;
	int i = index_of(st, ev->region);
	if (i < 0 || st->inc.state == STEP_PAUSED)
		return;
	struct vote *v = &st->vote[i];
	bool was_down = st->inc.state == STEP_DOWN;
	struct vote_change ch = vote_fold(c->def, v, a, st->at_us, fresh_us(st, st->at_us));
	if (ch.took != VOTE_TOOK)
		return;
	c->attempt_us = v->start_us;
	if (st->at_us - (a->start_us + a->duration_us) <= LOOK_LATE_US)
		look_note(&st->inc.look, (uint32_t)i, a->status == RES_FAIL);
	decide(c, st);
	mach_look(c);
#ifdef NP_MUTANT_CASCADE
	ch.by_ask = false;
#endif
	/* A suspect region's failures would set every other region going for nothing. */
	if (ch.by_ask || v->suspect || !(ch.first_fail || (ch.first_pass && was_down)))
		return;
	ask_others(c, (uint32_t)i);
	if (ch.first_fail && c->def->has_parent)
		(void)step_add(c->step, STEP_CHECK_PARENT);
}

static void on_slow(struct inc_ctx *c, struct mst *st, const struct mst_event *ev)
{
	int i = index_of(st, ev->region);
	if (i < 0 || st->inc.state == STEP_PAUSED)
		return;
	struct vote *v = &st->vote[i];
	if (v->slow_asked || v->suspect || !vote_is_newer(v, ev->slow.slot_us, ev->slow.attempt) ||
	    v->fails > 0 || vote_is_asked(c->def, v, ev->slow.attempt, st->at_us))
		return;
	v->slow_asked = true;
	ask_others(c, (uint32_t)i);
}

static void on_timer(struct inc_ctx *c, struct mst *st, const struct mst_event *ev)
{
	struct tmr_set *t = &st->inc.timers;
	enum tmr_kind kind = ev->timer.kind;
	if (!tmr_is_current(t, kind, ev->timer.generation))
		return;
	if (st->frozen) { /* must not be lost: nothing may be due before MST_RESUME */
		step_set_timer(c->step, t, kind, st->at_us + NP_SEC_US);
		return;
	}
	/* Armed while deciding: the verdict of this very moment may end what the timer was for,
	 * and must not arm a second one beside it. */
	decide(c, st);
	if (!tmr_is_current(t, kind, ev->timer.generation))
		return;
	t->of[kind].due_us = 0;
	if (kind == TMR_STALE)
		arm_stale(c->def, st, c->step);
	else
		mach_timer(c, kind);
}

static void clear_votes(struct mst *st)
{
	for (uint32_t i = 0; i < st->region_n; i++)
		vote_clear(&st->vote[i]);
}

static void unpaused(struct inc_ctx *c, struct mst *st)
{
	clear_votes(st);
	step_add(c->step, STEP_CHECK_NOW)->check.mask = bit(st->region_n) - 1;
	decide(c, st);
}

static void on_command(struct inc_ctx *c, struct mst *st, const struct mst_event *ev)
{
	decide(c, st);
	cmd_apply(c, ev->command.kind, ev->command.actor);
	if (ev->command.kind == CMD_UNPAUSE && c->step->refusal == STEP_DONE)
		unpaused(c, st);
}

/* Failing evidence is gone though nothing recovered. */
static void withdrawn(struct inc_ctx *c, const struct vote *v)
{
	if (!c->inc->open || c->inc->state == STEP_RECOVERING || !v->said_fail)
		return;
	if (!c->inc->withdrawn)
		(void)inc_event(c, STEP_EV_WITHDRAWN, 0);
	c->inc->withdrawn = true;
}

static void on_ban(struct inc_ctx *c, struct mst *st, const struct mst_event *ev)
{
	int i = index_of(st, ev->region);
	if (i < 0)
		return;
	withdrawn(c, &st->vote[i]);
	vote_ban(&st->vote[i]);
	decide(c, st);
}

static void on_silent(struct inc_ctx *c, struct mst *st, const struct mst_event *ev)
{
	int i = index_of(st, ev->region);
	if (i < 0)
		return;
	vote_silence(&st->vote[i]);
	decide(c, st);
}

static void on_suspect(struct inc_ctx *c, struct mst *st, const struct mst_event *ev)
{
	int i = index_of(st, ev->region);
	if (i < 0)
		return;
	st->vote[i].suspect = ev->on;
	st->vote[i].said_fail |= counts_as_fail(c->def, st, &st->vote[i]); /* it counts again */
	decide(c, st);
}

/* ---- rules ---- */

static void create(struct inc_ctx *c, struct mst *st)
{
	st->region_n = c->def->region_n;
	for (uint32_t i = 0; i < st->region_n; i++)
		st->region[i] = c->def->region[i];
	st->inc.state = c->def->paused ? STEP_PAUSED : STEP_PENDING;
	st->inc.since_us = st->inc.verdict_us = st->at_us;
}

/* Votes follow their region's number; those of regions that are gone are withdrawn. */
static bool move_votes(struct inc_ctx *c, struct mst *st)
{
	struct vote moved[MON_REGIONS_MAX] = { 0 };
	bool same = st->region_n == c->def->region_n;
	for (uint32_t i = 0; i < st->region_n; i++) {
		int to = mon_region_index(c->def, st->region[i]);
		same = same && to == (int)i;
		if (to >= 0)
			moved[to] = st->vote[i];
		else
			withdrawn(c, &st->vote[i]);
	}
	for (uint32_t i = 0; i < MON_REGIONS_MAX; i++) {
		st->vote[i] = moved[i];
		st->region[i] = i < c->def->region_n ? c->def->region[i] : 0;
	}
	st->region_n = c->def->region_n;
	return same;
}

static void change(struct inc_ctx *c, struct mst *st)
{
	bool retargeted = st->target_hash != c->def->target_hash;
	bool same_regions = move_votes(c, st);
	c->askable = askable(c->def, st);
	if (retargeted)
		clear_votes(st);
	if (st->inc.open)
		(void)inc_event(c, retargeted ? STEP_EV_RETARGETED : STEP_EV_RULES, 0);
	if (c->def->paused && st->inc.state != STEP_PAUSED) {
		cmd_apply(c, CMD_PAUSE, 0);
	} else if (!c->def->paused && st->inc.state == STEP_PAUSED) {
		cmd_apply(c, CMD_UNPAUSE, 0);
		unpaused(c, st);
		return;
	}
	decide(c, st);
	if (!same_regions)
		mach_look_again(c);
}

static void on_rules(struct inc_ctx *c, struct mst *st)
{
	bool created = st->revision == 0;
	if (created)
		create(c, st);
	else
		change(c, st);
	st->revision = c->def->revision;
	st->target_hash = c->def->target_hash;
	st->inc.rules_us = st->at_us;
	if (created)
		decide(c, st);
}

/* ---- our own absence ---- */

static void on_hold(struct mst *st, const struct mst_event *ev)
{
	if (st->frozen)
		return;
	st->frozen = true;
	st->frozen_us = ev->hold.absent_us < st->at_us ? ev->hold.absent_us : st->at_us;
}

/* What measures silence waits for as long as we were away; recovering starts its wait anew. */
static void shift_clocks(struct inc_ctx *c, struct mst *st, int64_t from_us)
{
	struct inc *i = &st->inc;
	struct tmr_set *t = &i->timers;
	for (uint32_t r = 0; r < st->region_n; r++)
		vote_shift(&st->vote[r], from_us, st->at_us);
	if (i->verdict_us <= from_us)
		i->verdict_us += st->at_us - from_us;
	if (tmr_is_armed(t, TMR_NODATA))
		step_set_timer(c->step, t, TMR_NODATA,
			       max64(t->of[TMR_NODATA].due_us + st->at_us - from_us, st->at_us));
	if (tmr_is_armed(t, TMR_RECOVER))
		step_set_timer(c->step, t, TMR_RECOVER,
			       st->at_us + max64(c->def->recover_ms * NP_MS_US, NP_SEC_US));
}

static void on_resume(struct inc_ctx *c, struct mst *st)
{
	if (!st->frozen)
		return;
	st->frozen = c->frozen = false;
	shift_clocks(c, st, st->frozen_us);
	st->frozen_us = 0;
	step_cancel_timer(c->step, &st->inc.timers, TMR_STALE); /* counts from the shifted votes */
	decide(c, st);
	mach_look_again(c);
}

/* ---- one event ---- */

static void dispatch(struct inc_ctx *c, struct mst *st, const struct mst_event *ev)
{
	switch (ev->kind) {
	case MST_RESULT:
		on_result(c, st, ev);
		break;
	case MST_SLOW:
		on_slow(c, st, ev);
		break;
	case MST_TIMER:
		on_timer(c, st, ev);
		break;
	case MST_COMMAND:
		on_command(c, st, ev);
		break;
	case MST_RULES:
		on_rules(c, st);
		break;
	case MST_SILENT:
		on_silent(c, st, ev);
		break;
	case MST_BAN:
		on_ban(c, st, ev);
		break;
	case MST_SUSPECT:
		on_suspect(c, st, ev);
		break;
	case MST_PARENT:
		decide(c, st);
		inc_set_parent(c, ev->parent.state);
		break;
	case MST_MAINTENANCE:
		decide(c, st);
		inc_set_maintenance(c, ev->window.on, ev->window.until_us);
		break;
	case MST_QUIET:
		decide(c, st);
		inc_set_quiet(c, ev->window.on, ev->window.until_us);
		break;
	case MST_HOLD:
		on_hold(st, ev);
		break;
	case MST_RESUME:
		on_resume(c, st);
		break;
	case MST_EVENT_N:
		break;
	}
}

/* Whoever was asked in this step may not be asked again at once. */
static void note_asked(struct mst *st, const struct step *s)
{
	for (uint32_t a = 0; a < s->n; a++)
		for (uint32_t i = 0; s->action[a].kind == STEP_CHECK_NOW && i < st->region_n; i++)
			if (s->action[a].check.mask & bit(i))
				st->vote[i].asked_us = st->at_us;
}

/* An episode ended: what regions said in it, and fell silent since, holds nothing any more. */
static void forget_gone(const struct mon_def *def, struct mst *st, const struct step *s)
{
	bool ended = false;
	for (uint32_t a = 0; a < s->n; a++)
		ended = ended || s->action[a].kind == STEP_INCIDENT_CLOSE ||
			s->action[a].kind == STEP_BLIP;
	for (uint32_t i = 0; ended && i < st->region_n; i++) {
		struct vote *v = &st->vote[i];
		v->said_fail = counts_as_fail(def, st, v);
	}
}

/* Announce a changed state or flag, once a step. */
static void show(struct inc_ctx *c, const struct inc *before, bool created)
{
	struct inc *i = c->inc;
	if (c->step->has_evidence) {
		i->partial = c->step->evidence.partial;
		i->degraded = c->step->evidence.degraded;
	}
	if (i->state == STEP_PAUSED)
		i->partial = i->degraded = false;
	if (!created && i->state == before->state && i->partial == before->partial &&
	    i->degraded == before->degraded)
		return;
	struct step_action *a = step_add(c->step, STEP_STATE);
	a->state.from = (enum step_state)before->state;
	a->state.to = (enum step_state)i->state;
	a->state.partial = i->partial;
	a->state.degraded = i->degraded;
}

void mst_apply(const struct mon_def *def, struct mst *st, const struct mst_event *ev,
	       struct step *ret_step)
{
	struct inc before = st->inc;
	bool created = st->revision == 0;
	step_init(ret_step);
	if (created && ev->kind != MST_RULES)
		return;
	if (st->inc.deleted && ev->kind != MST_COMMAND) /* a command is refused in words */
		return;
	/* Rules change by MST_RULES only: other regions would misplace every vote. */
	assert(ev->kind == MST_RULES || st->inc.deleted || def->region_n == st->region_n);
	st->at_us = max64(st->at_us, ev->at_us);
	struct inc_ctx c = {
		.def = def,
		.inc = &st->inc,
		.step = ret_step,
		.at_us = st->at_us,
		.askable = askable(def, st),
		.frozen = st->frozen,
	};
	dispatch(&c, st, ev);
	esc_follow(&c);
	note_asked(st, ret_step);
	forget_gone(def, st, ret_step);
	show(&c, &before, created);
}

void mst_evidence(const struct mon_def *def, const struct mst *st, int64_t now_us,
		  struct vd_evidence *ret)
{
	vd_decide(def, st->vote, fresh_us(st, now_us), now_us, ret);
}

/* ---- stored form ---- */

static void pack_vote(struct pack *p, struct vote *v)
{
	bool *const flags[] = { &v->ended, &v->banned,    &v->suspect,
				&v->soft,  &v->said_fail, &v->slow_asked };
	int64_t *const times[] = { &v->slot_us,       &v->start_us,      &v->duration_us,
				   &v->heard_us,      &v->first_fail_us, &v->failed_us,
				   &v->first_pass_us, &v->asked_us };
	pack_enum(p, &v->say, VOTE_SAY_N);
	pack_enum(p, &v->status, RES_STATUS_N);
	pack_enum(p, &v->cls, RES_CLASS_N);
	for (size_t i = 0; i < NP_LEN(flags); i++)
		pack_bool(p, flags[i]);
	pack_u32(p, &v->fails);
	pack_u32(p, &v->passes);
	pack_u32(p, &v->attempt);
	pack_i32(p, &v->code);
	for (size_t i = 0; i < NP_LEN(times); i++)
		pack_i64(p, times[i]);
}

static void pack_inc(struct pack *p, struct inc *i)
{
	bool *const flags[] = { &i->deleted,     &i->open,       &i->told,       &i->acked,
				&i->by_hand,     &i->stale_told, &i->withdrawn,  &i->nodata_told,
				&i->maintenance, &i->flapping,   &i->suppressed, &i->partial,
				&i->degraded };
	uint32_t *const counts[] = { &i->ordinal,         &i->event_no,        &i->episode,
				     &i->reminders,       &i->blips,           &i->look.wanted_mask,
				     &i->look.ended_mask, &i->look.failed_mask };
	int64_t *const times[] = { &i->blip_us,        &i->since_us,  &i->verdict_us,
				   &i->quorum_us,      &i->opened_us, &i->acked_us,
				   &i->by_hand_us,     &i->up_us,     &i->closed_us,
				   &i->nodata_told_us, &i->rules_us,  &i->look.asked_us };
	pack_enum(p, &i->state, STEP_STATE_N);
	pack_enum(p, &i->parent, INC_PARENT_N);
	pack_enum(p, &i->verdict, VD_VERDICT_N);
	for (size_t k = 0; k < NP_LEN(flags); k++)
		pack_bool(p, flags[k]);
	for (size_t k = 0; k < NP_LEN(counts); k++)
		pack_u32(p, counts[k]);
	for (size_t k = 0; k < NP_LEN(times); k++)
		pack_i64(p, times[k]);
	pack_u64(p, &i->acked_by);
	for (size_t k = 0; k < INC_FLAP_FAILURES; k++)
		pack_i64(p, &i->failure_us[k]);
	for (size_t k = 0; k < TMR_N; k++) {
		pack_i64(p, &i->timers.of[k].due_us);
		pack_u32(p, &i->timers.of[k].generation);
	}
	if (p->version < 2) /* quiet hours and escalation came later */
		return;
	pack_bool(p, &i->quiet);
	pack_i64(p, &i->maintenance_until_us);
	pack_i64(p, &i->quiet_until_us);
	pack_u32(p, &i->level);
	pack_u32(p, &i->level_no);
}

static void pack_mst(struct pack *p, struct mst *st)
{
	pack_u32(p, &st->revision);
	pack_u64(p, &st->target_hash);
	pack_i64(p, &st->at_us);
	pack_bool(p, &st->frozen);
	pack_i64(p, &st->frozen_us);
	pack_count(p, &st->region_n, MON_REGIONS_MAX);
	for (uint32_t i = 0; i < st->region_n; i++) {
		pack_u32(p, &st->region[i]);
		pack_vote(p, &st->vote[i]);
	}
	pack_inc(p, &st->inc);
}

void mst_encode(const struct mst *st, struct buf *out)
{
	struct mst copy = *st;
	struct pack p;
	size_t start = out->n;
	pack_begin(&p, out, MST_VERSION);
	pack_mst(&p, &copy);
	pack_seal(&p, start);
}

np_err mst_decode(np_str bytes, struct mst *ret)
{
	struct mst found = { 0 };
	struct pack p;
	np_err e = pack_open(&p, bytes, MST_VERSION_OLDEST, MST_VERSION);
	if (e < 0)
		return e;
	pack_mst(&p, &found);
	e = pack_end(&p);
	if (e < 0)
		return e;
	*ret = found;
	return NP_OK;
}
