/* SPDX-License-Identifier: Apache-2.0 */
/* A model check over the real functions: from several states on, every order of events up to a
 * depth, each state held against the promises. States are told apart by a time-relative form.
 * usage: model_explore_test [STATES for each menu]; prints the path to a violation as a scenario. */
#include "unit/t.h"

#include <stdlib.h>

#include "core/scenario.h"
#include "stream.h"

#define STATES 60000 /* for each menu */
#define STATES_MAX 20000000
#define N 3
#define MOVES_MAX 64
#define DEPTH_MAX STREAM_MOVES
#define SAMPLE 400 /* one of so many states must be well, or told, three hours later */

static uint64_t limit = STATES;

/* ---- what may happen ---- */

enum menu {
	M_RESULTS = 1,
	M_UNKNOWN = 2,
	M_PEOPLE = 4,
	M_WINDOWS = 8,
	M_PARENT = 16,
	M_REGIONS = 32,
	M_ABSENCE = 64,
};

static const struct {
	const char *name;
	uint32_t menu;
} menus[] = {
	{ "results and timers", M_RESULTS },
	{ "and what cannot be told, and regions", M_RESULTS | M_UNKNOWN | M_REGIONS },
	{ "and people", M_RESULTS | M_PEOPLE },
	{ "and windows and parents", M_RESULTS | M_WINDOWS | M_PARENT },
	{ "and our own absence", M_RESULTS | M_ABSENCE | M_REGIONS },
	{ "everything", 127 },
};

static bool was_asked(const struct stream_world *w, uint32_t i)
{
	return vote_is_asked(&w->def, &w->st.vote[i], 1, w->now_us);
}

static size_t add_results(const struct stream_world *w, uint32_t menu, struct stream_move *m)
{
	static const enum res_status status[] = { RES_OK, RES_FAIL, RES_UNKNOWN };
	static const enum res_class cls[] = { RES_C_NONE, RES_C_RESET, RES_C_NETWORK };
	size_t n = 0;
	for (uint32_t i = 0; i < N; i++) {
		for (size_t s = 0; s < (menu & M_UNKNOWN ? 3u : 2u); s++) {
			m[n].ev = (struct mst_event){ .kind = MST_RESULT, .region = i + 1 };
			m[n++].ev.result = (struct vote_attempt){ .attempt = was_asked(w, i),
								  .status = status[s],
								  .cls = cls[s] };
		}
	}
	return n;
}

static size_t add_waits(const struct stream_world *w, struct stream_move *m)
{
	enum tmr_kind k = TMR_N;
	size_t n = 0;
	int64_t wait_us = 5 * NP_SEC_US;
	if (!w->st.frozen && tmr_next(&w->st.inc.timers, &k)) {
		int64_t due_us = w->st.inc.timers.of[k].due_us - w->now_us;
		due_us = due_us > 0 ? due_us : 0;
		m[n++] = (struct stream_move){ .wait_us = due_us, .ev = { .kind = MST_EVENT_N } };
		wait_us = due_us < wait_us ? 0 : wait_us;
	}
	if (wait_us > 0)
		m[n++] = (struct stream_move){ .wait_us = wait_us, .ev = { .kind = MST_EVENT_N } };
	return n;
}

static size_t add_plain(uint32_t menu, struct stream_move *m)
{
	static const struct {
		uint32_t menu;
		enum mst_event_kind kind;
		int arg;
	} rows[] = {
		{ M_PEOPLE, MST_COMMAND, CMD_ACKNOWLEDGE },
		{ M_PEOPLE, MST_COMMAND, CMD_UNACKNOWLEDGE },
		{ M_PEOPLE, MST_COMMAND, CMD_RESOLVE },
		{ M_PEOPLE, MST_COMMAND, CMD_REOPEN },
		{ M_PEOPLE, MST_COMMAND, CMD_PAUSE },
		{ M_PEOPLE, MST_COMMAND, CMD_UNPAUSE },
		{ M_PEOPLE, MST_COMMAND, CMD_CHECK_NOW },
		{ M_WINDOWS, MST_MAINTENANCE, 1 },
		{ M_WINDOWS, MST_MAINTENANCE, 0 },
		{ M_WINDOWS, MST_QUIET, 1 },
		{ M_WINDOWS, MST_QUIET, 0 },
		{ M_PARENT, MST_PARENT, INC_PARENT_OK },
		{ M_PARENT, MST_PARENT, INC_PARENT_SUSPECT },
		{ M_PARENT, MST_PARENT, INC_PARENT_DOWN },
		{ M_ABSENCE, MST_HOLD, 0 },
		{ M_ABSENCE, MST_RESUME, 0 },
		{ M_REGIONS, MST_SILENT, 1 },
		{ M_REGIONS, MST_SILENT, 2 },
		{ M_REGIONS, MST_BAN, 1 },
		{ M_REGIONS, MST_BAN, 2 },
		{ M_REGIONS, MST_SILENT, 3 },
		{ M_REGIONS, MST_BAN, 3 },
		{ M_REGIONS, MST_SUSPECT, 1 },
		{ M_REGIONS, MST_SUSPECT, 2 },
		{ M_REGIONS, MST_SUSPECT, 3 },
	};
	size_t n = 0;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		if ((menu & rows[i].menu) == 0)
			continue;
		struct mst_event *ev = &m[n++].ev;
		*ev = (struct mst_event){ .kind = rows[i].kind };
		if (ev->kind == MST_COMMAND)
			ev->command.kind = (enum cmd_kind)rows[i].arg;
		else if (ev->kind == MST_PARENT)
			ev->parent.state = (enum inc_parent)rows[i].arg;
		else if (ev->kind == MST_MAINTENANCE || ev->kind == MST_QUIET)
			ev->window.on = rows[i].arg;
		else
			ev->region = (uint32_t)rows[i].arg;
		if (ev->kind == MST_SUSPECT)
			ev->on = true;
	}
	return n;
}

static size_t moves_of(const struct stream_world *w, uint32_t menu, struct stream_move m[MOVES_MAX])
{
	memset(m, 0, MOVES_MAX * sizeof *m);
	size_t n = add_results(w, menu, m);
	n += add_waits(w, m + n);
	return n + add_plain(menu, m + n);
}

/* ---- one form for states that behave alike ---- */

static uint64_t mixed(uint64_t h, int64_t v)
{
	return mon_hash(h ^ (uint64_t)v) + (h << 7);
}

/* Age, no more than matters; 0 stays "never". */
static int64_t age(int64_t us, int64_t now_us, int64_t most_us)
{
	if (us == 0)
		return INT64_MIN;
	return now_us - us > most_us ? most_us : now_us - us;
}

static uint64_t vote_form(const struct vote *v, int64_t now_us, uint32_t look)
{
	uint64_t h = look;
	const int64_t part[] = {
		v->say,
		v->ended,
		v->banned,
		v->suspect,
		v->soft,
		v->said_fail,
		v->slow_asked,
		v->fails > 3 ? 3 : v->fails,
		v->passes > 3 ? 3 : v->passes,
		v->attempt > 0,
		v->status,
		age(v->slot_us, now_us, 1), /* another result of this very moment is no news */
		age(v->heard_us, now_us, 200 * NP_SEC_US),
		v->fails > 0 ? age(v->first_fail_us, now_us, NP_MIN_US) : 0,
		v->say == VOTE_FAIL ? age(v->failed_us, now_us, NP_MIN_US) : 0,
		age(v->asked_us, now_us, 20 * NP_SEC_US),
	};
	for (size_t i = 0; i < NP_LEN(part); i++)
		h = mixed(h, part[i]);
	return h;
}

static uint64_t incident_form(uint64_t h, const struct inc *i, int64_t now_us)
{
	const int64_t part[] = {
		i->state,
		i->parent,
		i->told | i->acked << 1 | i->by_hand << 2 | i->stale_told << 3 | i->withdrawn << 4 |
			i->nodata_told << 5 | i->maintenance << 6 | i->flapping << 7 |
			i->suppressed << 8 | i->quiet << 9,
		i->verdict,
		i->level,
		i->level_no > 0,
		age(i->since_us, now_us, 6 * NP_MIN_US),
		age(i->verdict_us, now_us, 3 * NP_MIN_US),
		i->state == STEP_SUSPECT ? age(i->quorum_us, now_us, NP_MIN_US) : 0,
		i->acked ? age(i->acked_us, now_us, 25 * NP_HOUR_US) : 0,
		i->state == STEP_RECOVERING ? age(i->up_us, now_us, NP_MIN_US) : 0,
		age(i->closed_us, now_us, NP_MIN_US),
		age(i->nodata_told_us, now_us, 7 * NP_HOUR_US),
		age(i->look.asked_us, now_us, NP_MIN_US),
	};
	for (size_t k = 0; k < NP_LEN(part); k++)
		h = mixed(h, part[k]);
	for (size_t k = 0; k < INC_FLAP_FAILURES; k++)
		h = mixed(h, age(i->failure_us[k], now_us, NP_HOUR_US));
	for (size_t k = 0; k < TMR_N; k++)
		h = mixed(h, age(i->timers.of[k].due_us, now_us, NP_DAY_US));
	return h;
}

static uint32_t look_form(const struct look *l, uint32_t i)
{
	return (l->wanted_mask >> i & 1) | (l->ended_mask >> i & 1) << 1 |
	       (l->failed_mask >> i & 1) << 2;
}

/* Regions are alike: which of them said what does not matter, so their forms are added. */
static uint64_t form(const struct stream_world *w)
{
	uint64_t h = mixed(w->st.frozen, w->st.frozen ? w->now_us - w->st.frozen_us : 0);
	uint64_t votes = 0;
	for (uint32_t i = 0; i < N; i++)
		votes += mon_hash(
			vote_form(&w->st.vote[i], w->now_us, look_form(&w->st.inc.look, i)));
	return incident_form(mixed(h, (int64_t)votes), &w->st.inc, w->now_us);
}

/* ---- breadth first ---- */

struct node { /* enough of a world to go on from it */
	uint32_t line;
	int64_t now_us;
	int64_t at_us, frozen_us;
	bool frozen;
	struct promise promise;
	struct vote vote[N];
	struct inc inc;
};

struct line {          /* how it was reached */
	uint32_t from; /* its predecessor + 1 */
	struct stream_move move;
};

struct search {
	uint32_t menu;
	size_t seen_size, lines, depth, now_n, next_n;
	uint64_t *seen, steps;
	struct line *line;
	struct node *now, *next;
};

static struct stream_world w, probe;

static bool is_new(struct search *s, uint64_t h)
{
	h = h == 0 ? 1 : h;
	for (size_t at = h % s->seen_size;; at = (at + 1) % s->seen_size) {
		if (s->seen[at] == h)
			return false;
		if (s->seen[at] != 0)
			continue;
		s->seen[at] = h;
		return true;
	}
}

/* From the start to this line. */
static size_t path_to(const struct search *s, uint32_t line, struct stream_move path[DEPTH_MAX])
{
	struct stream_move back[DEPTH_MAX];
	size_t n = 0;
	for (uint32_t at = line + 1; at != 0 && n < DEPTH_MAX; at = s->line[at - 1].from)
		back[n++] = s->line[at - 1].move;
	for (size_t i = 0; i < n; i++)
		path[i] = back[n - 1 - i];
	return n;
}

static void violated(const struct search *s, uint32_t line, const char *why)
{
	static struct stream_move path[DEPTH_MAX];
	struct buf out;
	size_t n = path_to(s, line, path);
	buf_init(&out, SCN_OUT_MAX);
	stream_print(path, n, "a broken promise", NULL, &out);
	print_error("%s, after %zu moves:\n%s", why, n, buf_c(&out));
	buf_done(&out);
	fail();
}

static void keep(struct search *s, uint32_t line)
{
	struct node *n = &s->next[s->next_n++];
	n->line = line;
	n->now_us = w.now_us;
	n->at_us = w.st.at_us;
	n->frozen_us = w.st.frozen_us;
	n->frozen = w.st.frozen;
	n->promise = w.promise;
	n->inc = w.st.inc;
	memcpy(n->vote, w.st.vote, sizeof n->vote);
}

static void resume_at(const struct node *n)
{
	w.now_us = n->now_us;
	w.promise = n->promise;
	w.st.at_us = n->at_us;
	w.st.frozen_us = n->frozen_us;
	w.st.frozen = n->frozen;
	w.st.inc = n->inc;
	memcpy(w.st.vote, n->vote, sizeof n->vote);
}

static void three_hours_later(const struct search *s, uint32_t line)
{
	for (int pass = 0; pass < 2; pass++) {
		probe = w;
		const char *why = stream_then(&probe, pass == 0);
		if (why != NULL)
			violated(s, line, why);
	}
}

static void take(struct search *s, uint32_t from, const struct stream_move *m)
{
	const char *why = stream_step(&w, m, false);
	uint32_t line = (uint32_t)s->lines;
	s->steps++;
	if (why == NULL && (s->lines == limit || !is_new(s, form(&w))))
		return;
	s->line[s->lines++] = (struct line){ from, *m };
	if (why != NULL)
		violated(s, line, why);
	keep(s, line);
	if (line % SAMPLE == 0)
		three_hours_later(s, line);
}

static void expand(struct search *s, const struct node *n)
{
	struct stream_move m[MOVES_MAX];
	resume_at(n);
	size_t count = moves_of(&w, s->menu, m);
	for (size_t i = 0; i < count; i++) {
		resume_at(n);
		take(s, n->line + 1, &m[i]);
	}
}

/* Roots: healthy; suspect; looking; down; recovering; without data; flapping. */
static void plant(struct search *s)
{
	static const char *const roots[] = { "u",        "uff", "uffl",       "ufflfd",
					     "ufflfduu", "un",  "ufuufuufuuf" };
	for (size_t r = 0; r < NP_LEN(roots); r++) {
		uint32_t from = 0;
		assert_null(stream_start(&w, false));
		for (const char *c = roots[r]; *c != '\0'; c++) {
			for (uint32_t i = 0; i < N; i++) {
				struct stream_move m = { .ev = { .kind = MST_RESULT,
								 .region = i + 1 } };
				if (*c == 'n' || *c == 'd' || *c == 'l')
					m.ev.kind = MST_EVENT_N;
				m.ev.result.status = *c == 'u' ? RES_OK : RES_FAIL;
				m.ev.result.cls = *c == 'u' ? RES_C_NONE : RES_C_RESET;
				m.wait_us = i > 0 ? 0 : *c == 'n' ? 5 * NP_MIN_US : 5 * NP_SEC_US;
				if (m.ev.kind == MST_EVENT_N && i > 0)
					continue;
				assert_null(stream_step(&w, &m, false));
				s->line[s->lines++] = (struct line){ from, m };
				from = (uint32_t)s->lines;
			}
		}
		if (is_new(s, form(&w)))
			keep(s, from - 1);
	}
}

static void explore(uint32_t menu, struct search *s)
{
	s->menu = menu;
	plant(s);
	while (s->next_n > 0 && s->lines < limit) {
		struct node *swap = s->now;
		s->now = s->next;
		s->next = swap;
		s->now_n = s->next_n;
		s->next_n = 0;
		s->depth++;
		for (size_t i = 0; i < s->now_n && s->lines < limit; i++)
			expand(s, &s->now[i]);
	}
}

static void no_reachable_state_breaks_a_promise(void **state NP_UNUSED)
{
	for (size_t i = 0; i < NP_LEN(menus); i++) {
		struct search s = { .seen_size = limit * 2 + 1001 };
		s.seen = calloc(s.seen_size, sizeof *s.seen);
		s.line = calloc(limit + 200, sizeof *s.line);
		s.now = calloc(limit + 200, sizeof *s.now);
		s.next = calloc(limit + 200, sizeof *s.next);
		assert_true(s.seen != NULL && s.line != NULL && s.now != NULL && s.next != NULL);
		explore(menus[i].menu, &s);
		print_message("%-40s %zu states, %llu steps, depth %zu beyond 7 roots%s\n",
			      menus[i].name, s.lines, (unsigned long long)s.steps, s.depth,
			      s.lines < limit ? ", complete" : "");
		free(s.seen);
		free(s.line);
		free(s.now);
		free(s.next);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_reachable_state_breaks_a_promise),
	};
	if (argc > 1 &&
	    (str_to_u64(str_from_c(argv[1]), &limit) < 0 || limit < 1000 || limit > STATES_MAX))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
