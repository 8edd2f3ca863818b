/* SPDX-License-Identifier: Apache-2.0 */
#include "stream.h"

#include <string.h>

#include "base/clock.h"

#define FIRINGS_MAX 20000

uint64_t stream_draw(uint64_t *rng, uint64_t below)
{
	*rng += UINT64_C(0x9e3779b97f4a7c15);
	return mon_hash(*rng) % below;
}

/* ---- definitions ---- */

static const struct {
	uint32_t regions, confirm_s, levels;
	int64_t interval_s, reminder_s;
	const char *quorum;
	enum mon_quorum q;
	bool paused;
} rows[] = {
	{ 3, 10, 0, 60, 3600, "majority", MON_Q_MAJORITY, false },
	{ 1, 10, 1, 10, 600, "majority", MON_Q_MAJORITY, false },
	{ 5, 30, 2, 30, 0, "all", MON_Q_ALL, false },
	{ 4, 10, 0, 60, 3600, "any", MON_Q_ANY, false },
	{ 3, 0, 2, 60, 60, "2", MON_Q_NUMBER, false },
	{ 2, 10, 0, 5, 3600, "majority", MON_Q_MAJORITY, true },
};

static struct mon_def definition(uint8_t which, uint32_t revision)
{
	size_t row = which % NP_LEN(rows);
	struct mon_def d = mon_defaults(rows[row].interval_s * NP_SEC_MS);
	d.no = 1;
	d.revision = revision;
	d.kind = MON_HTTP;
	d.target_hash = which / 8 + 1u;
	d.confirm_ms = rows[row].confirm_s * NP_SEC_MS;
	d.reminder_ms = rows[row].reminder_s * NP_SEC_MS;
	d.quorum = rows[row].q;
	d.quorum_n = d.quorum == MON_Q_NUMBER ? 2 : 0;
	d.paused = rows[row].paused;
	d.level_n = rows[row].levels;
	for (uint32_t i = 0; i < d.level_n; i++)
		d.level_ms[i] = (i + 1) * 300 * NP_SEC_MS;
	for (uint32_t i = 0; i < rows[row].regions; i++)
		d.region[d.region_n++] = (which + i) % STREAM_REGIONS + 1;
	return d;
}

static void print_definition(uint8_t which, struct buf *out)
{
	size_t row = which % NP_LEN(rows);
	(void)buf_printf(
		out,
		"{interval_s: %lld, confirm_s: %u, reminder_s: %lld, quorum: %s, "
		"paused: %s, target: \"https://t%u.example.org/\", timeout_s: %.3f, regions: [",
		(long long)rows[row].interval_s, rows[row].confirm_s,
		(long long)rows[row].reminder_s, rows[row].quorum,
		rows[row].paused ? "true" : "false", which / 8 + 1u,
		(double)mon_default_timeout_ms(rows[row].interval_s * NP_SEC_MS) / 1e3);
	for (uint32_t i = 0; i < rows[row].regions; i++)
		(void)buf_printf(out, "%sr%u", i > 0 ? ", " : "", (which + i) % STREAM_REGIONS + 1);
	(void)buf_add_c(out, "], escalation: [");
	for (uint32_t i = 0; i < rows[row].levels; i++)
		(void)buf_printf(
			out,
			"%s{after_s: %u, channels: [\"7d444840-9dc0-11d1-b245-5ffdce74fad2\"]}",
			i > 0 ? ", " : "", (i + 1) * 300);
	(void)buf_add_c(out, "]}");
}

/* ---- drawing ---- */

static enum mst_event_kind draw_kind(uint64_t *rng)
{
	static const enum mst_event_kind rare[] = {
		MST_SLOW,  MST_COMMAND, MST_COMMAND, MST_RULES,  MST_SILENT,
		MST_BAN,   MST_SUSPECT, MST_PARENT,  MST_PARENT, MST_MAINTENANCE,
		MST_QUIET, MST_HOLD,    MST_RESUME,  MST_RESUME,
	};
	return stream_draw(rng, 6) != 0 ? MST_RESULT : rare[stream_draw(rng, NP_LEN(rare))];
}

static void draw_result(uint64_t *rng, bool down, struct vote_attempt *r)
{
	uint64_t luck = stream_draw(rng, 20);
	*r = (struct vote_attempt){
		.attempt = (uint32_t)stream_draw(rng, 3),
		.duration_us = (int64_t)stream_draw(rng, 10) * NP_SEC_US,
		.status = luck == 0             ? RES_UNKNOWN
			  : (luck < 17) == down ? RES_FAIL
						: RES_OK,
	};
	r->cls = r->status == RES_FAIL      ? RES_C_RESET
		 : r->status == RES_UNKNOWN ? RES_C_NETWORK
					    : RES_C_NONE;
}

/* What was under way when people acted: long attempts, one right after the other. */
static void rush(uint64_t *rng, struct stream_move *m)
{
	m->wait_us = (int64_t)stream_draw(rng, 3) * NP_SEC_US / 2;
	m->ev.kind = MST_RESULT;
	m->ev.region = (uint32_t)stream_draw(rng, 3) + 1;
	draw_result(rng, true, &m->ev.result);
	m->ev.result.duration_us = 9 * NP_SEC_US;
}

static struct stream_move draw_move(uint64_t *rng, bool down)
{
	static const int64_t waits_us[] = { 0,
					    NP_MS_US,
					    NP_SEC_US,
					    5 * NP_SEC_US,
					    10 * NP_SEC_US,
					    20 * NP_SEC_US,
					    3 * NP_MIN_US,
					    2 * NP_HOUR_US };
	struct stream_move m = { .wait_us = waits_us[stream_draw(rng, stream_draw(rng, 8) + 1)] };
	m.ev.kind = draw_kind(rng);
	m.ev.region = (uint32_t)stream_draw(rng, STREAM_REGIONS) + 1;
	m.rules = (uint8_t)stream_draw(rng, 32);
	uint64_t luck = stream_draw(rng, 20);
	if (m.ev.kind == MST_RESULT)
		draw_result(rng, down, &m.ev.result);
	else if (m.ev.kind == MST_COMMAND)
		m.ev.command.kind = (enum cmd_kind)stream_draw(rng, luck == 0 ? CMD_N : CMD_DELETE);
	else if (m.ev.kind == MST_PARENT)
		m.ev.parent.state = (enum inc_parent)stream_draw(rng, INC_PARENT_N);
	else if (m.ev.kind == MST_SUSPECT)
		m.ev.on = luck < 8;
	else if (m.ev.kind == MST_MAINTENANCE || m.ev.kind == MST_QUIET)
		m.ev.window.on = luck < 8;
	return m;
}

void stream_make(uint64_t seed, struct stream_move moves[STREAM_MOVES])
{
	uint64_t rng = seed;
	bool down = false;
	uint32_t rushing = 0;
	for (size_t i = 0; i < STREAM_MOVES; i++) {
		down = stream_draw(&rng, 25) == 0 ? !down : down; /* runs of good and bad weather */
		moves[i] = draw_move(&rng, down);
		if (rushing > 0) {
			rush(&rng, &moves[i]);
			rushing--;
		} else if (moves[i].ev.kind == MST_COMMAND) {
			rushing = stream_draw(&rng, 2) ? 16 : 0;
		}
	}
}

/* ---- playing ---- */

static const char *stored(struct stream_world *w)
{
	struct buf a, b;
	struct mst back;
	const char *why = NULL;
	buf_init(&a, MST_ENCODED_MAX);
	buf_init(&b, MST_ENCODED_MAX);
	mst_encode(&w->st, &a);
	if (buf_failed(&a) < 0 || mst_decode(buf_str(&a), &back) < 0)
		why = "a state cannot be stored";
	if (why == NULL)
		mst_encode(&back, &b);
	if (why == NULL && (a.n != b.n || memcmp(a.p, b.p, a.n) != 0))
		why = "a state was changed by storing it";
	if (why == NULL)
		w->st = back;
	buf_done(&a);
	buf_done(&b);
	return why;
}

static void count(struct stream_world *w, const struct step_action *a)
{
	bool follows = a->kind == STEP_NOTICE &&
		       (a->notice.kind == STEP_N_RESOLVED || a->notice.kind == STEP_N_ACKNOWLEDGED);
	w->hash = mon_hash(w->hash ^ a->kind ^ (uint64_t)a->timer.due_us);
	w->opened += a->kind == STEP_INCIDENT_OPEN;
	w->closed += a->kind == STEP_INCIDENT_CLOSE;
	if (a->kind == STEP_NOTICE && a->notice.hold == STEP_HOLD_NONE &&
	    !(follows && !w->promise.told))
		w->sent[a->notice.kind]++;
}

static const char *apply(struct stream_world *w, struct mst_event ev, bool store)
{
	struct mst before = w->st;
	ev.at_us = w->now_us;
	mst_apply(&w->def, &w->st, &ev, &w->step);
	const struct promise_step ps = { &w->def, &before, &w->st, &ev, &w->step };
	const char *why = prm_check(&w->promise, &ps);
	for (uint32_t i = 0; i < w->step.n; i++)
		count(w, &w->step.action[i]);
	w->steps++;
	return why == NULL && store ? stored(w) : why;
}

/* Fire what is due until then, as the caller of mst_apply must. */
static const char *pass(struct stream_world *w, int64_t until_us, bool store)
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

const char *stream_step(struct stream_world *w, const struct stream_move *m, bool store)
{
	struct mst_event ev = m->ev;
	const char *why = pass(w, w->now_us + m->wait_us, store);
	if (why != NULL || ev.kind == MST_EVENT_N)
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
	} else if (ev.kind == MST_COMMAND) {
		ev.command.actor = 1;
	}
	return apply(w, ev, store);
}

const char *stream_start(struct stream_world *w, bool store)
{
	*w = (struct stream_world){ .now_us = STREAM_START, .def = definition(0, 1) };
	return apply(w, (struct mst_event){ .kind = MST_RULES }, store);
}

const char *stream_play(const struct stream_move *moves, size_t n, bool store,
			struct stream_world *w)
{
	const char *why = stream_start(w, store);
	for (size_t i = 0; i < n && why == NULL; i++)
		why = stream_step(w, &moves[i], store);
	return why;
}

/* ---- three hours ---- */

static const char *lift(struct stream_world *w)
{
	const struct mst_event off[] = {
		{ .kind = MST_RESUME },
		{ .kind = MST_MAINTENANCE },
		{ .kind = MST_QUIET },
		{ .kind = MST_PARENT },
	};
	const char *why = NULL;
	for (size_t i = 0; i < NP_LEN(off) && why == NULL; i++)
		why = apply(w, off[i], false);
	for (uint32_t i = 0; i < w->def.region_n && why == NULL; i++)
		why = apply(w,
			    (struct mst_event){ .kind = MST_SUSPECT, .region = w->def.region[i] },
			    false);
	if (why == NULL && w->st.inc.state == STEP_PAUSED && !w->st.inc.deleted) {
		struct mst_event ev = { .kind = MST_COMMAND };
		ev.command.kind = CMD_UNPAUSE;
		w->def.paused = false;
		why = apply(w, ev, false);
	}
	return why;
}

/* Every region looks as often as an attempt may take: in time to answer any last look. */
static const char *look_around(struct stream_world *w, bool passes)
{
	const char *why = pass(w, w->now_us + w->def.timeout_ms * NP_MS_US, false);
	for (uint32_t k = 0; why == NULL && k < w->def.region_n; k++) {
		struct mst_event ev = { .kind = MST_RESULT, .region = w->def.region[k] };
		ev.result = (struct vote_attempt){ .revision = w->def.revision,
						   .slot_us = w->now_us,
						   .start_us = w->now_us,
						   .received_us = w->now_us,
						   .status = passes ? RES_OK : RES_FAIL,
						   .cls = passes ? RES_C_NONE : RES_C_RESET };
		why = apply(w, ev, false);
	}
	return why;
}

const char *stream_then(struct stream_world *w, bool passes)
{
	const struct inc *i = &w->st.inc;
	const char *why = lift(w);
	int64_t until_us = w->now_us + 3 * NP_HOUR_US;
	while (why == NULL && w->now_us < until_us)
		why = look_around(w, passes);
	if (why != NULL || i->deleted)
		return why;
	if (passes && (i->state != STEP_UP || i->open))
		return "healthy for three hours, and not up";
	return !passes && !w->promise.told ? "down for three hours, and nobody told" : NULL;
}

/* ---- shrinking ---- */

size_t stream_shrink(struct stream_move *moves, size_t n,
		     const char *(*play)(const struct stream_move *, size_t))
{
	static struct stream_move shorter[STREAM_MOVES];
	for (size_t i = 0; i < n;) {
		memcpy(shorter, moves, i * sizeof *moves);
		memcpy(shorter + i, moves + i + 1, (n - i - 1) * sizeof *moves);
		if (i + 1 < n) /* its time passes all the same */
			shorter[i].wait_us += moves[i].wait_us;
		if (play(shorter, n - 1) == NULL) {
			i++;
			continue;
		}
		memcpy(moves, shorter, --n * sizeof *moves);
		i = 0;
	}
	return n;
}

/* ---- printing ---- */

static void print_event(const struct stream_move *m, struct buf *out)
{
	static const char *const parents[] = { "none", "ok", "suspect", "down" };
	const struct mst_event *ev = &m->ev;
	const struct vote_attempt *r = &ev->result;
	switch (ev->kind) {
	case MST_RESULT:
		(void)buf_printf(out, "result r%u %s", ev->region, res_status_name(r->status));
		if (r->cls != RES_C_NONE)
			(void)buf_printf(out, "(%s)", res_class_name(r->cls));
		(void)buf_printf(out, " attempt %u took %lldms", r->attempt,
				 (long long)(r->duration_us / NP_MS_US));
		break;
	case MST_SLOW:
		(void)buf_printf(out, "slow r%u", ev->region);
		break;
	case MST_COMMAND:
		(void)buf_add_c(out, cmd_name(ev->command.kind));
		break;
	case MST_RULES:
		(void)buf_add_c(out, "{rules: ");
		print_definition(m->rules, out);
		(void)buf_add_byte(out, '}');
		break;
	case MST_SILENT:
		(void)buf_printf(out, "silence r%u", ev->region);
		break;
	case MST_BAN:
		(void)buf_printf(out, "ban r%u", ev->region);
		break;
	case MST_SUSPECT:
		(void)buf_printf(out, "suspect r%u %s", ev->region, ev->on ? "on" : "off");
		break;
	case MST_PARENT:
		(void)buf_printf(out, "parent %s", parents[ev->parent.state]);
		break;
	case MST_MAINTENANCE:
	case MST_QUIET:
		(void)buf_printf(out, "%s %s", ev->kind == MST_QUIET ? "quiet" : "maintenance",
				 ev->window.on ? "on" : "off");
		break;
	case MST_HOLD:
		(void)buf_printf(out, "hold %lldms", (long long)(m->wait_us / NP_MS_US));
		break;
	case MST_RESUME:
		(void)buf_add_c(out, "resume");
		break;
	case MST_TIMER:
	case MST_EVENT_N:
		break;
	}
}

static uint32_t regions_of(uint8_t which)
{
	uint32_t mask = 0;
	for (uint32_t i = 0; i < rows[which % NP_LEN(rows)].regions; i++)
		mask |= UINT32_C(1) << ((which + i) % STREAM_REGIONS + 1);
	return mask;
}

/* Bit: number of a region that one of the definitions names. What the others say is nobody's
 * business, and a scenario refuses it. */
static uint32_t watched(const struct stream_move *moves, size_t n)
{
	uint32_t mask = regions_of(0);
	for (size_t i = 0; i < n; i++)
		if (moves[i].ev.kind == MST_RULES)
			mask |= regions_of(moves[i].rules);
	return mask;
}

static bool is_told(const struct stream_move *m, uint32_t mask)
{
	bool of_region = m->ev.kind == MST_RESULT || m->ev.kind == MST_SLOW ||
			 m->ev.kind == MST_SILENT || m->ev.kind == MST_BAN ||
			 m->ev.kind == MST_SUSPECT;
	return m->ev.kind != MST_EVENT_N && (!of_region || mask >> m->ev.region & 1);
}

void stream_print(const struct stream_move *moves, size_t n, const char *name, const char *then,
		  struct buf *out)
{
	char at[CLOCK_RFC3339_MAX];
	int64_t now_us = STREAM_START;
	(void)buf_printf(
		out,
		"- scenario: %s\n  guards: a random history\n  checkers: off\n  monitor: ", name);
	print_definition(0, out);
	(void)buf_add_c(out, "\n  regions: {");
	uint32_t mask = watched(moves, n);
	for (uint32_t r = 1, some = 0; r <= STREAM_REGIONS; r++)
		if (mask >> r & 1)
			(void)buf_printf(out, "%sr%u: ok", some++ > 0 ? ", " : "", r);
	(void)buf_add_c(out, "}\n  does:\n");
	int64_t said_us = 0;
	for (size_t i = 0; i < n; i++) {
		now_us += moves[i].wait_us;
		if (!is_told(&moves[i], mask))
			continue;
		if (said_us != now_us) {
			(void)clock_rfc3339(now_us, at);
			(void)buf_printf(out, "    %s:\n", at);
			said_us = now_us;
		}
		(void)buf_add_c(out, "      - ");
		print_event(&moves[i], out);
		(void)buf_add_byte(out, '\n');
	}
	(void)clock_rfc3339(now_us, at);
	if (then != NULL)
		(void)buf_printf(out, "  then:\n    %s: %s\n", at, then);
	else
		(void)buf_printf(out, "  until: %s\n", at);
}
