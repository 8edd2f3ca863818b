/* SPDX-License-Identifier: Apache-2.0 */
/* "Try these rules on the last 30 days": what other rules would have made of what was seen. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/str.h"
#include "web/api.h"
#include "web/input.h"
#include "web/store_monitor.h"
#include "web/store_try.h"

#define DAYS_MAX 31

/* Other checks would have been needed for the rest of a definition. */
static const char tried[] = "quorum regions fail_after recover_after confirm_s recover_s"
			    " reminder_s escalation";

struct attempt {
	struct stm_row row;
	struct stm_regions regions;
	struct monj now, then;
	struct whatif_range range;
	struct try_past past;
	int64_t lived_us; /* of the range: since it was created, or first looked at */
	struct whatif same, other;
};

static void member_time(struct wreq *q, const char *name, int64_t *ret_us)
{
	const json_t *v = in_member(q, name);
	if (v != NULL && clock_from_rfc3339(jread_text(v), ret_us) < 0)
		problem_add(&q->problems, "", name, "is no time such as 2026-03-01T12:00:00Z");
}

static void read_range(struct wreq *q, struct whatif_range *ret)
{
	const json_t *days = in_member(q, "days");
	int64_t n = days == NULL ? 30 : json_is_integer(days) ? json_integer_value(days) : 0;
	if (n < 1 || n > 30)
		problem_add(&q->problems, "", "days", "is a whole number from 1 to 30");
	ret->to_us = clock_wall_us();
	member_time(q, "to", &ret->to_us);
	ret->from_us = ret->to_us - n * NP_DAY_US;
	member_time(q, "from", &ret->from_us);
	if (ret->from_us >= ret->to_us || ret->to_us - ret->from_us > DAYS_MAX * NP_DAY_US)
		problem_add(&q->problems, "", "from", "is before `to`, by at most %d days",
			    DAYS_MAX);
}

static void check_fields(struct wreq *q, const json_t *rules)
{
	const char *key;
	json_t *value;
	json_object_foreach((json_t *)(uintptr_t)rules, key, value)
	{
		if (!in_is_one_of(tried, str_from_c(key)))
			problem_add(&q->problems, "rules.", key,
				    "cannot be tried on the past; these can: %s", tried);
	}
}

static np_err read_definition(struct wreq *q, const json_t *object, struct attempt *t,
			      struct monj *ret)
{
	const struct monj_regions known = { t->regions.name, t->regions.number, t->regions.n };
	np_err e = monj_read(object, &known, ret, &q->problems);
	ret->def.no = (uint64_t)t->row.no;
	ret->def.revision = 1;
	ret->def.paused = false;
	return e == NP_E_INVAL ? wq_check(q) : e;
}

/* The monitor's definition, and the same with the rules to be tried. */
static np_err read_rules(struct wreq *q, struct attempt *t, const json_t *rules)
{
	np_str text = t->row.definition;
	json_t *object = json_loadb(text.p, text.n, 0, NULL);
	if (object == NULL)
		return NP_E_CORRUPT;
	np_err e = read_definition(q, object, t, &t->now);
	if (e == NP_OK && json_object_update(object, (json_t *)(uintptr_t)rules) < 0)
		e = NP_E_NOMEM;
	if (e == NP_OK)
		e = read_definition(q, object, t, &t->then);
	json_decref(object); /* only numbers of the definitions are used from here on */
	return e;
}

static np_err play(struct attempt *t)
{
	np_err e = whatif_run(&t->now.def, t->past.input, t->past.n, &t->range, &t->same);
	return e == NP_OK ? whatif_run(&t->then.def, t->past.input, t->past.n, &t->range, &t->other)
			  : e;
}

static void write_list(struct jsonw *w, const struct whatif *o)
{
	jsonw_arr(w);
	for (size_t i = 0; i < o->n; i++) {
		const struct whatif_incident *in = &o->list[i];
		jsonw_obj(w);
		jsonw_ktime(w, "opened_at", in->opened_us);
		jsonw_ktime(w, "closed_at", in->closed_us);
		jsonw_ktime(w, "told_at", in->told_us);
		jsonw_kc(w, "reason", in->closed_us != 0 ? step_close_name(in->reason) : NULL);
		jsonw_obj_end(w);
	}
	jsonw_arr_end(w);
}

static void write_counts(struct jsonw *w, int64_t before, uint32_t same, uint32_t after)
{
	jsonw_ki64(w, "before", before);
	jsonw_ki64(w, "same_rules", same);
	jsonw_ki64(w, "after", after);
}

/* Before it was there nobody could look: the same rule as that of its uptime. */
static int64_t lived(const struct attempt *t, int64_t created_us)
{
	int64_t began_us = created_us;
	if (t->past.n > 0 && t->past.input[0].at_us < began_us)
		began_us = t->past.input[0].at_us;
	return t->range.to_us - (began_us > t->range.from_us ? began_us : t->range.from_us);
}

static int64_t percent(int64_t part, int64_t all)
{
	return all <= 0 ? 0 : part >= all ? 100 : part * 100 / all;
}

static void write_answer(struct wreq *q, const struct attempt *t)
{
	struct jsonw *w = &q->json;
	NP_CLEANUP(buf_done) struct buf says;
	buf_init(&says, 256);
	whatif_sentence(t->past.incidents, t->past.alerts, &t->other, &says);
	jsonw_obj(w);
	jsonw_kc(w, "source", "chunks");
	jsonw_kbool(w, "approximate", true);
	jsonw_ktime(w, "from", t->range.from_us);
	jsonw_ktime(w, "to", t->range.to_us);
	jsonw_kstr(w, "sentence", buf_str(&says));
	jsonw_key(w, "incidents");
	jsonw_obj(w);
	write_counts(w, t->past.incidents, t->same.incidents, t->other.incidents);
	jsonw_key(w, "list");
	write_list(w, &t->other);
	jsonw_obj_end(w);
	jsonw_key(w, "alerts");
	jsonw_obj(w);
	write_counts(w, t->past.alerts, t->same.alerts, t->other.alerts);
	jsonw_obj_end(w);
	jsonw_ki64(w, "down_s", t->other.down_us / NP_SEC_US);
	jsonw_ki64(w, "guessed_looks", t->other.guessed);
	jsonw_ki64(w, "observed_percent", percent(t->other.observed_us, t->lived_us));
	jsonw_obj_end(w);
}

static np_err too_much(struct wreq *q)
{
	return wq_problem(
		q, 422,
		"More was checked in that time than can be tried at once: choose fewer days.");
}

static np_err load(struct wreq *q, struct pg_conn *c, struct attempt *t, const json_t *rules)
{
	struct sth_monitor m = { 0 };
	np_err e = stm_find(c, q->arena, q->subject, &t->row);
	if (e == NP_OK)
		e = stm_regions(c, q->arena, &t->regions);
	if (e == NP_OK)
		e = read_rules(q, t, rules);
	if (e == NP_OK)
		e = sth_monitor(q, c, &m);
	if (e < 0)
		return e;
	const struct sth_range r = { .no = t->row.no,
				     .from_us = t->range.from_us,
				     .to_us = t->range.to_us };
	e = try_load(c, &r, &t->past);
	t->lived_us = lived(t, m.created_us);
	return e == NP_E_LIMIT ? too_much(q) : e;
}

/* A month of results may take a second: nobody's connection waits for that. */
static np_err think(struct wreq *q, np_err e)
{
	struct attempt *t = q->extra;
	if (e == NP_OK)
		e = play(t);
	if (e == NP_OK)
		write_answer(q, t);
	if (e == NP_OK)
		e = buf_failed(&q->out);
	else if (e == NP_E_LIMIT)
		e = too_much(q);
	try_done(&t->past);
	free(t);
	q->extra = NULL;
	return e;
}

np_err api_monitors_try(struct wreq *q, struct pg_conn *c)
{
	struct attempt *t = np_zalloc(sizeof *t);
	const json_t *rules = in_member(q, "rules");
	if (t == NULL)
		return NP_E_NOMEM;
	q->extra = t;
	q->think = think;
	in_only(q, "days from to rules");
	read_range(q, &t->range);
	if (!json_is_object(rules))
		problem_add(&q->problems, "", "rules", "is an object: the rules to be tried");
	else
		check_fields(q, rules);
	np_err e = wq_check(q);
	if (e == NP_OK)
		e = in_id(q, 0, q->subject);
	if (e == NP_OK)
		e = load(q, c, t, rules);
	return e;
}
