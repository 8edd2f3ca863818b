/* SPDX-License-Identifier: Apache-2.0 */
/* Random histories: whatever happens in whatever order, what must hold holds. A failing
 * history is shrunk and printed with its seed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/monstate.h"

#define T0 (INT64_C(1700000000) * NP_SEC_US)
#define HISTORY 120
#define RUNS 1000
#define REGIONS 5
#define FIRINGS_MAX 5000

struct move {
	int64_t wait_us;
	struct mst_event ev;
	uint8_t rules; /* of MST_RULES: which of the definitions */
};

struct world {
	struct mon_def def;
	struct mst st;
	struct step step;
	int64_t now_us;
	uint32_t opened, closed;
	int64_t closed_us;
	uint64_t hash;
};

static uint64_t draw(uint64_t *rng, uint64_t below)
{
	*rng += UINT64_C(0x9e3779b97f4a7c15);
	return mon_hash(*rng) % below;
}

/* ---- histories ---- */

static struct mon_def definition(uint8_t which, uint32_t revision)
{
	static const struct {
		uint32_t regions;
		int64_t interval_ms;
		enum mon_quorum quorum;
		bool paused;
	} rows[] = {
		{ 3, 60000, MON_Q_MAJORITY, false }, { 1, 10000, MON_Q_MAJORITY, false },
		{ 5, 30000, MON_Q_ALL, false },      { 4, 60000, MON_Q_ANY, false },
		{ 3, 60000, MON_Q_NUMBER, false },   { 2, 5000, MON_Q_MAJORITY, true },
	};
	size_t row = which % NP_LEN(rows);
	struct mon_def d = mon_defaults(rows[row].interval_ms);
	d.no = 1;
	d.revision = revision;
	d.kind = MON_TCP;
	d.target_hash = which / 8 + 1;
	d.quorum = rows[row].quorum;
	d.quorum_n = d.quorum == MON_Q_NUMBER ? 2 : 0;
	d.paused = rows[row].paused;
	for (uint32_t i = 0; i < rows[row].regions; i++)
		d.region[d.region_n++] = (which + i) % REGIONS + 1;
	return d;
}

static enum mst_event_kind draw_kind(uint64_t *rng)
{
	static const enum mst_event_kind rare[] = {
		MST_SLOW,    MST_COMMAND, MST_COMMAND,     MST_RULES, MST_SILENT, MST_BAN,
		MST_SUSPECT, MST_PARENT,  MST_MAINTENANCE, MST_HOLD,  MST_RESUME, MST_RESUME,
	};
	return draw(rng, 4) != 0 ? MST_RESULT : rare[draw(rng, NP_LEN(rare))];
}

static struct move draw_move(uint64_t *rng, bool down)
{
	static const int64_t waits_us[] = { 0,
					    NP_MS_US,
					    NP_SEC_US,
					    5 * NP_SEC_US,
					    10 * NP_SEC_US,
					    20 * NP_SEC_US,
					    3 * NP_MIN_US,
					    2 * NP_HOUR_US };
	struct move m = { .wait_us = waits_us[draw(rng, draw(rng, 8) + 1)] };
	m.ev.kind = draw_kind(rng);
	m.ev.region = (uint32_t)draw(rng, REGIONS) + 1;
	m.rules = (uint8_t)draw(rng, 32);
	uint64_t luck = draw(rng, 20);
	if (m.ev.kind == MST_RESULT)
		m.ev.result = (struct vote_attempt){
			.attempt = (uint32_t)draw(rng, 3),
			.duration_us = (int64_t)draw(rng, 10) * NP_SEC_US,
			.status = luck == 0             ? RES_UNKNOWN
				  : (luck < 17) == down ? RES_FAIL
							: RES_OK,
			.cls = RES_C_RESET,
		};
	else if (m.ev.kind == MST_COMMAND)
		m.ev.command.kind = (enum cmd_kind)draw(rng, luck == 0 ? CMD_N : CMD_DELETE);
	else if (m.ev.kind == MST_PARENT)
		m.ev.parent.state = (enum inc_parent)draw(rng, INC_PARENT_N);
	else if (m.ev.kind == MST_HOLD)
		m.ev.hold.absent_us = m.wait_us;
	else if (m.ev.kind == MST_SUSPECT || m.ev.kind == MST_MAINTENANCE)
		m.ev.on = luck < 8;
	return m;
}

static void draw_history(uint64_t seed, struct move history[HISTORY])
{
	uint64_t rng = seed;
	bool down = false;
	for (size_t i = 0; i < HISTORY; i++) {
		down = draw(&rng, 15) == 0 ? !down : down; /* runs of good and bad weather */
		history[i] = draw_move(&rng, down);
	}
}

/* ---- running one ---- */

static bool has_due_timer(const struct inc *i)
{
	for (int k = 0; k < TMR_N; k++)
		if (k != TMR_STALE && k != TMR_NODATA && tmr_is_armed(&i->timers, (enum tmr_kind)k))
			return true;
	return false;
}

static const char *broken_action(struct world *w, const struct step_action *a,
				 enum mst_event_kind k)
{
	if (a->kind == STEP_INCIDENT_OPEN) {
		if (w->opened++ != w->closed)
			return "opened twice";
		if (a->open.at_us > w->now_us)
			return "opened in the future";
		if (k != MST_RESULT && k != MST_TIMER)
			return "opened without a last look";
		if (w->step.evidence.verdict != VD_DOWN)
			return "opened without DOWN";
		if (a->open.at_us < w->closed_us)
			return "incidents overlap";
	}
	if (a->kind == STEP_INCIDENT_CLOSE) {
		if (++w->closed != w->opened)
			return "closed what was not open";
		w->closed_us = a->close.at_us;
		if (a->close.reason == STEP_CLOSE_RECOVERED && w->st.inc.verdict != VD_UP)
			return "recovered without UP";
		if (a->close.reason == STEP_CLOSE_RECOVERED && w->step.evidence.k == 0)
			return "resolved by missing data";
	}
	if (a->kind == STEP_NOTICE && a->notice.kind == STEP_N_RESOLVED &&
	    a->notice.hold != STEP_HOLD_NONE)
		return "held a resolved";
	if (a->kind == STEP_CHECK_NOW && (a->check.mask >> w->st.region_n) != 0)
		return "asked a region that is not there";
	return NULL;
}

static bool has_incident_timer(const struct inc *i)
{
	static const enum tmr_kind its[] = { TMR_RECOVER, TMR_REMINDER, TMR_REVIEW,
					     TMR_REOPEN,  TMR_ESCALATE, TMR_RELEASE };
	for (size_t k = 0; k < NP_LEN(its); k++)
		if (tmr_is_armed(&i->timers, its[k]))
			return true;
	return false;
}

static const char *broken_state(const struct world *w)
{
	const struct inc *i = &w->st.inc;
	if (i->open != (i->state == STEP_DOWN || i->state == STEP_RECOVERING))
		return "open does not fit the state";
	if (i->open != (w->opened == w->closed + 1))
		return "open does not fit the actions";
	if (i->open && !has_due_timer(i))
		return "open without a due timer";
	if (i->state == STEP_SUSPECT && !tmr_is_armed(&i->timers, TMR_CONFIRM) &&
	    !tmr_is_armed(&i->timers, TMR_LOOK))
		return "suspect for ever";
	if (i->state == STEP_RECOVERING && !tmr_is_armed(&i->timers, TMR_RECOVER))
		return "recovering for ever";
	if (i->state == STEP_PAUSED && has_due_timer(i))
		return "a timer while paused";
	if (!i->open && (i->acked || i->told || i->by_hand || i->suppressed))
		return "flags of an incident that is closed";
	if (!i->open && has_incident_timer(i))
		return "a timer of an incident that is closed";
	return NULL;
}

static const char *broken_storage(struct world *w)
{
	struct buf a, b;
	struct mst back;
	const char *why = NULL;
	buf_init(&a, MST_ENCODED_MAX);
	buf_init(&b, MST_ENCODED_MAX);
	mst_encode(&w->st, &a);
	if (buf_failed(&a) < 0 || mst_decode(buf_str(&a), &back) < 0)
		why = "cannot be stored";
	if (why == NULL)
		mst_encode(&back, &b);
	if (why == NULL && (a.n != b.n || memcmp(a.p, b.p, a.n) != 0))
		why = "changed by storing";
	if (why == NULL)
		w->st = back; /* go on with what was stored */
	buf_done(&a);
	buf_done(&b);
	return why;
}

static const char *apply(struct world *w, struct mst_event ev, bool store)
{
	ev.at_us = w->now_us;
	mst_apply(&w->def, &w->st, &ev, &w->step);
	const char *why = NULL;
	for (uint32_t i = 0; i < w->step.n && why == NULL; i++) {
		w->hash = mon_hash(w->hash ^ w->step.action[i].kind ^
				   (uint64_t)w->step.action[i].timer.due_us);
		why = broken_action(w, &w->step.action[i], ev.kind);
	}
	if (why == NULL)
		why = broken_state(w);
	return why == NULL && store ? broken_storage(w) : why;
}

/* Fire what is due until then, as the caller of mst_apply must. */
static const char *pass(struct world *w, int64_t until_us, bool store)
{
	enum tmr_kind k = TMR_N;
	for (int n = 0; !w->st.frozen && tmr_next(&w->st.inc.timers, &k); n++) {
		int64_t due_us = w->st.inc.timers.of[k].due_us;
		if (due_us > until_us)
			break;
		if (n > FIRINGS_MAX)
			return "timers without end";
		struct mst_event ev = { .kind = MST_TIMER };
		ev.timer.kind = k;
		ev.timer.generation = w->st.inc.timers.of[k].generation;
		w->now_us = due_us > w->now_us ? due_us : w->now_us;
		const char *why = apply(w, ev, store);
		if (why != NULL)
			return why;
	}
	w->now_us = until_us;
	return NULL;
}

static const char *one(struct world *w, const struct move *m, bool store)
{
	struct mst_event ev = m->ev;
	const char *why = pass(w, w->now_us + m->wait_us, store);
	if (why != NULL)
		return why;
	if (ev.kind == MST_RESULT) {
		ev.result.revision = w->def.revision;
		ev.result.slot_us = ev.result.start_us = w->now_us - ev.result.duration_us;
		ev.result.received_us = w->now_us;
	} else if (ev.kind == MST_RULES) {
		w->def = definition(m->rules, w->def.revision + 1);
	} else if (ev.kind == MST_HOLD) {
		ev.hold.absent_us = w->now_us - m->wait_us;
	} else if (ev.kind == MST_SLOW) {
		ev.slow.slot_us = w->now_us;
	}
	return apply(w, ev, store);
}

static const char *run(const struct move *history, size_t n, bool store, struct world *w)
{
	*w = (struct world){ .now_us = T0, .def = definition(0, 1) };
	const char *why = apply(w, (struct mst_event){ .kind = MST_RULES }, store);
	for (size_t i = 0; i < n && why == NULL; i++)
		why = one(w, &history[i], store);
	return why;
}

/* ---- shrinking ---- */

static size_t shrink(struct move *history, size_t n)
{
	static struct world w;
	static struct move shorter[HISTORY];
	for (size_t i = 0; i < n;) {
		memcpy(shorter, history, i * sizeof *history);
		memcpy(shorter + i, history + i + 1, (n - i - 1) * sizeof *history);
		if (run(shorter, n - 1, true, &w) == NULL) {
			i++;
			continue;
		}
		memcpy(history, shorter, --n * sizeof *history);
		i = 0;
	}
	return n;
}

static void print_history(const struct move *history, size_t n)
{
	for (size_t i = 0; i < n; i++)
		print_error("  +%.3f s event %d region %u status %d command %d rules %u on %d\n",
			    (double)history[i].wait_us / 1e6, (int)history[i].ev.kind,
			    history[i].ev.region,
			    history[i].ev.kind == MST_RESULT ? (int)history[i].ev.result.status : 0,
			    history[i].ev.kind == MST_COMMAND ? (int)history[i].ev.command.kind
							      : -1,
			    history[i].rules, history[i].ev.on);
}

static void every_history_keeps_the_rules(void **state NP_UNUSED)
{
	static struct world w;
	static struct move history[HISTORY];
	uint32_t opened = 0, closed = 0;
	for (uint64_t seed = 1; seed <= RUNS; seed++) {
		draw_history(seed, history);
		const char *why = run(history, HISTORY, true, &w);
		opened += w.opened;
		closed += w.closed;
		if (why == NULL)
			continue;
		size_t n = shrink(history, HISTORY);
		print_error("seed %llu: %s\n", (unsigned long long)seed, why);
		print_history(history, n);
		fail();
	}
	print_message("%d histories, seeds 1..%d: %u opened, %u closed\n", RUNS, RUNS, opened,
		      closed);
	assert_true(opened > RUNS / 10 && closed > 0); /* the histories do reach incidents */
}

static void the_same_history_gives_the_same_actions(void **state NP_UNUSED)
{
	static struct world a, b;
	static struct move history[HISTORY];
	for (uint64_t seed = 1; seed <= 200; seed++) {
		draw_history(seed, history);
		assert_null(run(history, HISTORY, false, &a));
		assert_null(run(history, HISTORY, true, &b)); /* stored and loaded at each event */
		assert_true(a.hash == b.hash);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_history_keeps_the_rules),
		cmocka_unit_test(the_same_history_gives_the_same_actions),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
