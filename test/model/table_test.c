/* SPDX-License-Identifier: Apache-2.0 */
/* Every state with every overlay, against every kind of event: no assert, the promises hold, and
 * the state that follows is the one of the table in doc/semantics.md, written here as data. */
#include "unit/t.h"

#include "core/promise.h"

#define NOON (INT64_C(1700049600) * NP_SEC_US)
#define N 3

/* ---- the table ---- */

#define S(s) (1u << STEP_##s)

/* What a verdict makes of a state when nothing else is due. */
static const uint32_t by_verdict[STEP_STATE_N][VD_VERDICT_N] = {
	/*                    NODATA         UP             DOWN          HELD          */
	[STEP_PENDING] = { S(PENDING), S(UP), S(SUSPECT), S(PENDING) },
	[STEP_UP] = { S(UP), S(UP), S(SUSPECT), S(UP) },
	[STEP_NODATA] = { S(NODATA), S(UP), S(SUSPECT), S(NODATA) },
	[STEP_SUSPECT] = { S(SUSPECT), S(UP), S(SUSPECT), S(SUSPECT) },
	[STEP_DOWN] = { S(DOWN), S(RECOVERING), S(DOWN), S(DOWN) },
	[STEP_RECOVERING] = { S(RECOVERING), S(RECOVERING), S(DOWN), S(RECOVERING) },
	[STEP_PAUSED] = { S(PAUSED), S(PAUSED), S(PAUSED), S(PAUSED) },
};
/* The last look may decide on top of it. */
static const uint32_t by_look[VD_VERDICT_N] = { S(NODATA) | S(SUSPECT), S(UP), S(DOWN) | S(SUSPECT),
						S(UP) | S(SUSPECT) };
/* `recover` is due in RECOVERING; with UP it closes unless flapping. */
static const uint32_t by_recover[VD_VERDICT_N] = { S(RECOVERING), S(UP), S(DOWN), S(RECOVERING) };
/* A person resolves an open incident. */
static const uint32_t by_resolve[VD_VERDICT_N] = { S(NODATA), S(UP), S(DOWN), 0 };

/* ---- states ---- */

enum seen { NONE, OK, FAIL, GONE, SEEN_N }; /* GONE: said FAIL, silent now */

struct overlay {
	bool maintenance, quiet, flapping, suppressed, acked, by_hand, told, look, frozen;
	enum inc_parent parent;
};

struct scene {
	struct mon_def def;
	struct mst st;
	struct promise promise;
};

static void put_vote(struct vote *v, enum seen seen)
{
	*v = (struct vote){ .slot_us = NOON - 20 * NP_SEC_US, .start_us = NOON - 20 * NP_SEC_US };
	if (seen == NONE)
		return;
	v->heard_us = NOON - 20 * NP_SEC_US;
	v->say = seen == OK ? VOTE_OK : VOTE_FAIL;
	v->status = seen == OK ? RES_OK : RES_FAIL;
	v->cls = seen == OK ? RES_C_NONE : RES_C_RESET;
	v->passes = seen == OK ? 3 : 0;
	v->fails = seen == OK ? 0 : 3;
	v->said_fail = seen != OK;
	v->first_fail_us = NOON - 40 * NP_SEC_US;
	v->failed_us = NOON - 35 * NP_SEC_US;
	v->first_pass_us = NOON - NP_HOUR_US;
	v->ended = seen == GONE;
}

static void arm(struct inc *i, enum tmr_kind k)
{
	i->timers.of[k] = (struct tmr){ NOON + NP_SEC_US, 7 };
}

static void arm_all(struct inc *i, const struct overlay *o)
{
	if (i->state == STEP_SUSPECT)
		arm(i, o->look ? TMR_LOOK : TMR_CONFIRM);
	if (i->state == STEP_SUSPECT || i->state == STEP_RECOVERING)
		arm(i, TMR_RECHECK);
	if (i->state == STEP_RECOVERING)
		arm(i, TMR_RECOVER);
	if (i->open)
		arm(i, i->acked ? TMR_REVIEW : TMR_REMINDER);
	if (i->by_hand)
		arm(i, TMR_REOPEN);
	if (i->suppressed && i->parent != INC_PARENT_DOWN)
		arm(i, TMR_RELEASE);
	if (i->flapping)
		arm(i, TMR_FLAP_OFF);
	if (i->open && i->told && !i->acked)
		arm(i, TMR_ESCALATE);
	if (i->state != STEP_PAUSED && i->state != STEP_SUSPECT && i->verdict == VD_NODATA)
		arm(i, TMR_NODATA);
}

static void put_incident(struct inc *i, enum step_state state, const struct overlay *o)
{
	bool open = state == STEP_DOWN || state == STEP_RECOVERING;
	*i = (struct inc){ .state = (uint8_t)state,
			   .parent = (uint8_t)o->parent,
			   .open = open,
			   .told = open && o->told,
			   .acked = open && o->acked,
			   .by_hand = open && o->by_hand,
			   .suppressed = open && o->suppressed,
			   .maintenance = o->maintenance,
			   .quiet = o->quiet,
			   .flapping = o->flapping && state != STEP_PAUSED,
			   .ordinal = open,
			   .event_no = open ? 5 : 0,
			   .since_us = NOON - NP_MIN_US,
			   .verdict_us = NOON - 3 * NP_MIN_US,
			   .quorum_us = NOON - 35 * NP_SEC_US,
			   .opened_us = open ? NOON - 35 * NP_SEC_US : 0,
			   .up_us = NOON - 15 * NP_SEC_US,
			   .acked_us = open && o->acked ? NOON - NP_HOUR_US : 0,
			   .by_hand_us = open && o->by_hand ? NOON - NP_MIN_US : 0 };
	if (state == STEP_SUSPECT && o->look)
		i->look = (struct look){ .asked_us = NOON - 2 * NP_SEC_US, .wanted_mask = 7 };
}

static void put(struct scene *s, enum step_state state, const struct overlay *o,
		const enum seen seen[N])
{
	struct vd_evidence e;
	s->def = mon_defaults(0);
	s->def.no = s->def.revision = 1;
	s->def.kind = MON_TCP;
	s->def.target_hash = 1;
	s->def.region_n = N;
	s->def.level_n = 1;
	s->def.level_ms[0] = NP_MIN_MS;
	s->st = (struct mst){ .revision = 1, .target_hash = 1, .at_us = NOON, .region_n = N };
	for (uint32_t i = 0; i < N; i++) {
		s->def.region[i] = s->st.region[i] = i + 1;
		put_vote(&s->st.vote[i], state == STEP_PAUSED ? NONE : seen[i]);
	}
	s->st.frozen = o->frozen;
	s->st.frozen_us = o->frozen ? NOON : 0;
	put_incident(&s->st.inc, state, o);
	for (uint32_t i = 0; i < N && look_is_on(&s->st.inc.look); i++) {
		if (seen[i] == OK || seen[i] == FAIL)
			look_note(&s->st.inc.look, i, seen[i] == FAIL);
	}
	vd_decide(&s->def, s->st.vote, NOON, NOON, &e);
	s->st.inc.verdict = state == STEP_PAUSED ? VD_NODATA : e.verdict;
	arm_all(&s->st.inc, o);
	const struct inc *i = &s->st.inc;
	s->promise = (struct promise){ .open = i->open,
				       .told = i->told,
				       .ordinal = i->ordinal,
				       .event_no = i->event_no,
				       .opened_us = i->opened_us };
}

/* ---- events ---- */

#define EVENTS_MAX 128
struct cause {
	struct mst_event ev;
	uint8_t rules; /* of MST_RULES */
};

static size_t results(struct cause *c)
{
	static const enum res_status status[] = { RES_OK, RES_DEGRADED, RES_FAIL, RES_UNKNOWN };
	size_t n = 0;
	for (uint32_t k = 0; k < N * 4 * 2; k++) {
		struct mst_event *ev = &c[n++].ev;
		*ev = (struct mst_event){ .kind = MST_RESULT, .region = k % N + 1 };
		ev->result = (struct vote_attempt){
			.revision = 1,
			.slot_us = k / 12 == 0 ? NOON : NOON - 20 * NP_SEC_US,
			.attempt = k / 12,
			.start_us = NOON,
			.received_us = NOON,
			.status = status[k / N % 4],
			.cls = RES_C_RESET,
		};
	}
	return n;
}

static size_t timers(struct cause *c)
{
	size_t n = 0;
	for (uint32_t k = 0; k < 2 * TMR_N; k++) {
		struct mst_event *ev = &c[n++].ev;
		*ev = (struct mst_event){ .kind = MST_TIMER };
		ev->timer.kind = (enum tmr_kind)(k / 2);
		ev->timer.generation = k % 2 ? 7 : 6;
	}
	return n;
}

static size_t switches(struct cause *c)
{
	static const enum mst_event_kind kinds[] = { MST_SUSPECT, MST_MAINTENANCE, MST_QUIET };
	size_t n = 0;
	for (size_t k = 0; k < NP_LEN(kinds) * 2; k++) {
		struct mst_event *ev = &c[n++].ev;
		*ev = (struct mst_event){ .kind = kinds[k / 2], .region = 1 };
		if (ev->kind == MST_SUSPECT)
			ev->on = k % 2;
		else
			ev->window.on = k % 2;
	}
	return n;
}

static size_t causes(struct cause c[EVENTS_MAX])
{
	static const enum mst_event_kind plain[] = { MST_SILENT, MST_BAN, MST_RESUME };
	memset(c, 0, EVENTS_MAX * sizeof *c);
	size_t n = results(c);
	n += timers(c + n);
	n += switches(c + n);
	for (size_t k = 0; k < NP_LEN(plain); k++)
		c[n++].ev = (struct mst_event){ .kind = plain[k], .region = 1 };
	for (int k = 0; k < CMD_N; k++) {
		c[n].ev.kind = MST_COMMAND;
		c[n++].ev.command.kind = (enum cmd_kind)k;
	}
	for (int k = 0; k < INC_PARENT_N; k++) {
		c[n].ev.kind = MST_PARENT;
		c[n++].ev.parent.state = (enum inc_parent)k;
	}
	for (uint8_t k = 0; k < 6; k++) {
		c[n].ev.kind = MST_RULES;
		c[n++].rules = k;
	}
	c[n].ev.kind = MST_SLOW;
	c[n].ev.region = 1;
	c[n++].ev.slow.slot_us = NOON;
	c[n].ev.kind = MST_HOLD;
	c[n++].ev.hold.absent_us = NOON - NP_SEC_US;
	assert_true(n <= EVENTS_MAX);
	return n;
}

static void edit(struct mon_def *d, uint8_t how)
{
	static const uint32_t regions[][N] = { { 1, 2, 3 }, { 4, 5, 6 }, { 3, 1, 4 } };
	d->revision++;
	memcpy(d->region, regions[how < 3 ? how : 0], sizeof regions[0]);
	d->target_hash = how == 3 ? 2 : 1;
	d->paused = how == 4;
	d->quorum = how == 5 ? MON_Q_ANY : MON_Q_MAJORITY;
}

/* ---- what may follow ---- */

static uint32_t by_command(const struct mst *before, const struct mst *after, enum cmd_kind k,
			   uint32_t quiet)
{
	if (k == CMD_PAUSE || k == CMD_DELETE)
		return S(PAUSED);
	if (before->inc.state == STEP_PAUSED)
		return k == CMD_UNPAUSE ? S(PENDING) : S(PAUSED);
	bool closes = k == CMD_RESOLVE && before->inc.open && by_resolve[after->inc.verdict] != 0 &&
		      after->inc.verdict != VD_DOWN;
	return closes ? by_resolve[after->inc.verdict] : quiet;
}

static uint32_t by_timer(const struct scene *s, const struct mst *after, enum tmr_kind k,
			 uint32_t quiet)
{
	const struct inc *i = &s->st.inc;
	if (k == TMR_LOOK && i->state == STEP_SUSPECT)
		return by_look[after->inc.verdict];
	if (k == TMR_RECOVER && i->state == STEP_RECOVERING)
		return i->flapping && after->inc.verdict == VD_UP ? S(RECOVERING)
								  : by_recover[after->inc.verdict];
	if (k == TMR_NODATA && after->inc.verdict == VD_NODATA &&
	    (i->state == STEP_PENDING || i->state == STEP_UP))
		return S(NODATA);
	return quiet;
}

static uint32_t allowed(const struct scene *s, const struct cause *c, const struct mst *after)
{
	enum step_state from = (enum step_state)s->st.inc.state;
	uint32_t quiet = by_verdict[from][after->inc.verdict];
	if (c->ev.kind == MST_COMMAND)
		return by_command(&s->st, after, c->ev.command.kind, quiet);
	if (c->ev.kind == MST_RULES && c->rules == 4)
		return S(PAUSED);
	if (c->ev.kind == MST_RULES && from == STEP_PAUSED)
		return S(PENDING);
	if (c->ev.kind == MST_SLOW || c->ev.kind == MST_HOLD ||
	    (c->ev.kind == MST_RESUME && !s->st.frozen))
		return 1u << from;
	if (c->ev.kind == MST_TIMER &&
	    (s->st.frozen ||
	     !tmr_is_current(&s->st.inc.timers, c->ev.timer.kind, c->ev.timer.generation)))
		return 1u << from;
	if (c->ev.kind == MST_TIMER)
		return by_timer(s, after, c->ev.timer.kind, quiet);
	if (c->ev.kind == MST_RESULT && look_is_on(&s->st.inc.look))
		return by_look[after->inc.verdict];
	return quiet;
}

/* ---- all of it ---- */

struct tried {
	uint64_t steps;
	uint32_t pairs[STEP_STATE_N]; /* states that followed */
};

static void complain(const struct scene *s, const struct cause *c, const struct mst *after,
		     const char *why)
{
	print_error(
		"%s, event %d region %u (command or timer %d, rules %u), verdict %s -> %s: %s\n",
		step_state_name((enum step_state)s->st.inc.state), (int)c->ev.kind, c->ev.region,
		(int)c->ev.command.kind, c->rules,
		vd_verdict_name((enum vd_verdict)after->inc.verdict),
		step_state_name((enum step_state)after->inc.state), why);
	fail();
}

static void try_one(const struct scene *s, const struct cause *c, struct tried *t)
{
	static struct step step;
	struct mon_def def = s->def;
	struct mst after = s->st;
	struct promise promise = s->promise;
	struct mst_event ev = c->ev;
	ev.at_us = NOON + NP_SEC_US;
	if (ev.kind == MST_RULES)
		edit(&def, c->rules);
	mst_apply(&def, &after, &ev, &step);
	const struct promise_step ps = { &def, &s->st, &after, &ev, &step };
	const char *why = prm_check(&promise, &ps);
	if (why == NULL && (allowed(s, c, &after) & 1u << after.inc.state) == 0)
		why = "not in the table";
	if (why != NULL)
		complain(s, c, &after, why);
	t->steps++;
	t->pairs[s->st.inc.state] |= 1u << after.inc.state;
}

/* An untold incident that nothing holds is told at once: such a state does not exist. */
static bool exists(enum step_state state, const struct overlay *o)
{
	bool open = state == STEP_DOWN || state == STEP_RECOVERING;
	bool held = o->maintenance || o->quiet || o->suppressed || o->by_hand;
	if (!open)
		return !o->acked && !o->by_hand && !o->suppressed && o->told;
	return o->told || held;
}

static void try_overlay(enum step_state state, const struct overlay *o, struct tried *t)
{
	static struct cause c[EVENTS_MAX];
	static struct scene s;
	size_t n = causes(c);
	for (uint32_t v = 0; v < SEEN_N * SEEN_N * SEEN_N; v++) {
		const enum seen seen[N] = { (enum seen)(v % SEEN_N),
					    (enum seen)(v / SEEN_N % SEEN_N),
					    (enum seen)(v / SEEN_N / SEEN_N) };
		if (seen[1] > seen[2]) /* the others are alike */
			continue;
		put(&s, state, o, seen);
		for (size_t k = 0; k < n; k++)
			try_one(&s, &c[k], t);
	}
}

static void every_state_meets_every_event(void **state NP_UNUSED)
{
	static const enum inc_parent parents[] = { INC_PARENT_NONE, INC_PARENT_DOWN,
						   INC_PARENT_SUSPECT };
	struct tried t = { 0 };
	for (uint32_t bits = 0; bits < 1u << 9; bits++) {
		struct overlay o = { bits & 1,      bits >> 1 & 1,  bits >> 2 & 1, bits >> 3 & 1,
				     bits >> 4 & 1, bits >> 5 & 1,  bits >> 6 & 1, bits >> 7 & 1,
				     bits >> 8 & 1, INC_PARENT_NONE };
		if (o.frozen && (o.quiet || o.by_hand || o.flapping))
			continue; /* frozen is about timers: the rest is alike */
		for (int st = 0; st < STEP_STATE_N; st++) {
			if (!exists((enum step_state)st, &o) || (o.look && st != STEP_SUSPECT))
				continue;
			for (size_t p = 0; p < NP_LEN(parents); p++) {
				o.parent = parents[p];
				try_overlay((enum step_state)st, &o, &t);
			}
		}
	}
	print_message("%llu steps\n", (unsigned long long)t.steps);
	/* What the table says can happen did happen. */
	assert_int_equal(t.pairs[STEP_PENDING],
			 S(PENDING) | S(UP) | S(SUSPECT) | S(NODATA) | S(PAUSED));
	assert_int_equal(t.pairs[STEP_UP], S(UP) | S(SUSPECT) | S(NODATA) | S(PAUSED));
	assert_int_equal(t.pairs[STEP_NODATA], S(NODATA) | S(UP) | S(SUSPECT) | S(PAUSED));
	assert_int_equal(t.pairs[STEP_SUSPECT],
			 S(SUSPECT) | S(UP) | S(DOWN) | S(NODATA) | S(PAUSED));
	assert_int_equal(t.pairs[STEP_DOWN],
			 S(DOWN) | S(RECOVERING) | S(UP) | S(NODATA) | S(PAUSED));
	assert_int_equal(t.pairs[STEP_RECOVERING],
			 S(RECOVERING) | S(DOWN) | S(UP) | S(NODATA) | S(PAUSED));
	assert_int_equal(t.pairs[STEP_PAUSED], S(PAUSED) | S(PENDING));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_meets_every_event),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
