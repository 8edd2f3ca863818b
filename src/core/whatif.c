/* SPDX-License-Identifier: Apache-2.0 */
#include "core/whatif.h"

#include <string.h>

/* A look that nobody took, answered by the region's nearest attempt. */
struct guess {
	int64_t at_us; /* 0: none */
	size_t input;  /* whose outcome it has */
};

struct run {
	const struct mon_def *def;
	const struct whatif_input *input;
	size_t n, next;
	const struct whatif_range *range;
	struct whatif *ret;
	struct mst st;
	struct step step;
	int64_t now_us;
	bool counts; /* the open incident opened in the range */
	struct guess guess[MON_REGIONS_MAX];
	/* order of the past, by position: what was too late then is too late now */
	int64_t slot_us[MON_REGIONS_MAX], given_us[MON_REGIONS_MAX];
	uint32_t attempt[MON_REGIONS_MAX];
	uint64_t fires;
};

static int64_t min64(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t max64(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* ---- what follows ---- */

static struct whatif_incident *newest(struct run *r)
{
	return r->counts && r->ret->n > 0 && r->ret->n == r->ret->incidents
		       ? &r->ret->list[r->ret->n - 1]
		       : NULL;
}

static void on_open(struct run *r, int64_t at_us)
{
	r->counts = at_us >= r->range->from_us && at_us < r->range->to_us;
	if (!r->counts)
		return;
	r->ret->incidents++;
	if (r->ret->n < WHATIF_LIST_MAX)
		r->ret->list[r->ret->n++] = (struct whatif_incident){ .opened_us = at_us };
}

static void on_close(struct run *r, const struct step_action *a)
{
	struct whatif_incident *i = newest(r);
	if (i == NULL)
		return;
	i->closed_us = a->close.at_us;
	i->reason = a->close.reason;
}

static void on_notice(struct run *r, const struct step_action *a)
{
	struct whatif_incident *i = newest(r);
	bool is_first = a->notice.kind == STEP_N_OPENED;
	if (a->notice.hold != STEP_HOLD_NONE || (a->incident != 0 && !r->counts) ||
	    r->now_us < r->range->from_us)
		return;
	r->ret->notices++;
	r->ret->alerts += is_first;
	if (is_first && i != NULL)
		i->told_us = r->now_us;
}

/* The nearest attempt of region i: the next one that will come, if it comes soon, else the last.
 * `within`: it was taken in time for the look, so that nothing has to be guessed. */
static bool nearest(const struct run *r, uint32_t i, size_t *ret, bool *ret_within)
{
	uint32_t region = r->st.region[i];
	int64_t look_us = r->now_us + (r->def->timeout_ms + NP_SEC_MS) * NP_MS_US;
	int64_t soon_us = r->now_us + r->def->interval_ms * 3 / 2 * NP_MS_US;
	for (size_t k = r->next; k < r->n && r->input[k].at_us <= soon_us; k++) {
		if (r->input[k].ev.kind != MST_RESULT || r->input[k].ev.region != region)
			continue;
		*ret = k;
		*ret_within = r->input[k].at_us <= look_us;
		return true;
	}
	for (size_t k = r->next;
	     k > 0 && r->input[k - 1].at_us >= r->now_us - (soon_us - r->now_us); k--) {
		if (r->input[k - 1].ev.kind != MST_RESULT || r->input[k - 1].ev.region != region)
			continue;
		*ret = k - 1;
		*ret_within = false;
		return true;
	}
	return false;
}

static void on_look(struct run *r, const struct step_action *a)
{
	for (uint32_t i = 0; i < r->st.region_n; i++) {
		size_t input = 0;
		bool within = false;
		if ((a->check.mask & UINT32_C(1) << i) == 0 || !nearest(r, i, &input, &within) ||
		    within)
			continue;
		r->guess[i] = (struct guess){ r->now_us + NP_SEC_US / 2, input };
		r->ret->guessed++;
	}
}

static void perform(struct run *r, const struct step_action *a)
{
	switch (a->kind) {
	case STEP_INCIDENT_OPEN:
		on_open(r, a->open.at_us);
		break;
	case STEP_INCIDENT_CLOSE:
		on_close(r, a);
		break;
	case STEP_NOTICE:
		on_notice(r, a);
		break;
	case STEP_CHECK_NOW:
		if (a->check.exempt)
			on_look(r, a);
		break;
	case STEP_BLIP:
		r->ret->blips += r->now_us >= r->range->from_us;
		break;
	case STEP_SET_TIMER:
	case STEP_CANCEL_TIMER:
	case STEP_INCIDENT_EVENT:
	case STEP_CHECK_PARENT:
	case STEP_STATE:
	case STEP_KIND_N:
		break;
	}
}

/* ---- time ---- */

/* What stood since the latest event stood until now. */
static void pass_to(struct run *r, int64_t at_us)
{
	int64_t from_us = max64(r->now_us, r->range->from_us);
	int64_t to_us = min64(at_us, r->range->to_us);
	if (to_us > from_us && r->st.revision != 0) {
		if (r->st.inc.verdict != VD_NODATA)
			r->ret->observed_us += to_us - from_us;
		if (r->st.inc.open)
			r->ret->down_us += to_us - from_us;
	}
	r->now_us = max64(r->now_us, at_us);
}

static void apply(struct run *r, struct mst_event ev)
{
	ev.at_us = r->now_us;
	mst_apply(r->def, &r->st, &ev, &r->step);
	for (uint32_t a = 0; a < r->step.n; a++)
		perform(r, &r->step.action[a]);
}

/* The past's order holds, under slots of our own: guesses lie between. */
static void attempt(struct run *r, uint32_t i, struct mst_event ev)
{
	struct vote_attempt *a = &ev.result;
	a->attempt = a->attempt > 0;
	a->slot_us = r->given_us[i] = max64(r->now_us, r->given_us[i] + 1);
	a->received_us = a->slot_us;
	a->revision = r->def->revision;
	apply(r, ev);
}

static bool is_news(struct run *r, uint32_t i, const struct vote_attempt *a)
{
	if (a->slot_us > a->received_us + VOTE_AHEAD_US || a->slot_us < r->slot_us[i] ||
	    (a->slot_us == r->slot_us[i] && a->attempt <= r->attempt[i]))
		return false;
	r->slot_us[i] = a->slot_us;
	r->attempt[i] = a->attempt;
	return true;
}

static void give(struct run *r, const struct whatif_input *in)
{
	int i = mon_region_index(r->def, in->ev.region);
	bool plain = in->ev.kind != MST_RESULT;
	pass_to(r, in->at_us);
	if (in->ev.kind == MST_TIMER || in->ev.kind == MST_RULES ||
	    (in->ev.kind == MST_COMMAND && in->ev.command.kind == CMD_DELETE))
		return;
	if (plain)
		apply(r, in->ev);
	else if (i >= 0 && is_news(r, (uint32_t)i, &in->ev.result))
		attempt(r, (uint32_t)i, in->ev);
}

static void give_guess(struct run *r, uint32_t i)
{
	struct mst_event ev = r->input[r->guess[i].input].ev;
	pass_to(r, r->guess[i].at_us);
	r->guess[i].at_us = 0;
	ev.result.start_us = r->now_us - ev.result.duration_us;
	ev.result.attempt = 1;
	attempt(r, i, ev);
}

static void fire(struct run *r, enum tmr_kind k)
{
	struct mst_event ev = { .kind = MST_TIMER };
	pass_to(r, r->st.inc.timers.of[k].due_us);
	ev.timer.kind = k;
	ev.timer.generation = r->st.inc.timers.of[k].generation;
	r->fires++;
	apply(r, ev);
}

/* Whatever is next until then; false: nothing. */
static bool turn(struct run *r, int64_t until_us)
{
	enum tmr_kind k = TMR_N;
	int64_t input_us = r->next < r->n ? r->input[r->next].at_us : INT64_MAX;
	int64_t timer_us = !r->st.frozen && tmr_next(&r->st.inc.timers, &k)
				   ? r->st.inc.timers.of[k].due_us
				   : INT64_MAX;
	int64_t guess_us = INT64_MAX;
	uint32_t who = 0;
	for (uint32_t i = 0; i < r->st.region_n; i++) {
		if (r->guess[i].at_us == 0 || r->guess[i].at_us >= guess_us)
			continue;
		guess_us = r->guess[i].at_us;
		who = i;
	}
	if (min64(input_us, min64(timer_us, guess_us)) > until_us)
		return false;
	if (guess_us <= input_us && guess_us <= timer_us)
		give_guess(r, who);
	else if (input_us <= timer_us)
		give(r, &r->input[r->next++]);
	else
		fire(r, k);
	return true;
}

np_err whatif_run(const struct mon_def *def, const struct whatif_input *inputs, size_t n,
		  const struct whatif_range *range, struct whatif *ret)
{
	struct run r = { .def = def, .input = inputs, .n = n, .range = range, .ret = ret };
	if (n > WHATIF_INPUTS_MAX)
		return NP_E_LIMIT;
	memset(ret, 0, sizeof *ret);
	r.now_us = n > 0 ? min64(inputs[0].at_us, range->from_us) : range->from_us;
	apply(&r, (struct mst_event){ .kind = MST_RULES });
	while (turn(&r, range->to_us))
		if (r.fires > WHATIF_FIRES_MAX)
			return NP_E_LIMIT;
	pass_to(&r, range->to_us);
	return NP_OK;
}

/* ---- words ---- */

static void add_count(struct buf *out, int64_t n, const char *noun)
{
	(void)buf_printf(out, "%lld %s%s", (long long)(n < 0 ? -n : n), noun,
			 n == 1 || n == -1 ? "" : "s");
}

static const char *direction(int64_t n)
{
	return n < 0 ? " fewer" : " more";
}

void whatif_sentence(int64_t incidents_before, int64_t alerts_before, const struct whatif *after,
		     struct buf *out)
{
	int64_t incidents = (int64_t)after->incidents - incidents_before;
	int64_t alerts = (int64_t)after->alerts - alerts_before;
	if (incidents == 0 && alerts == 0) {
		(void)buf_add_c(out, "no difference");
		return;
	}
	if (incidents == 0)
		(void)buf_add_c(out, "as many incidents");
	else
		add_count(out, incidents, "incident");
	if (incidents != 0 && (alerts == 0 || (incidents < 0) != (alerts < 0)))
		(void)buf_add_c(out, direction(incidents));
	(void)buf_add_c(out, ", ");
	if (alerts == 0)
		(void)buf_add_c(out, "as many alerts");
	else
		add_count(out, alerts, "alert");
	if (alerts != 0)
		(void)buf_add_c(out, direction(alerts));
}
