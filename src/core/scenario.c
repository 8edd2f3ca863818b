/* SPDX-License-Identifier: Apache-2.0 */
#include "core/scenario.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "core/scenin.h"

struct run {
	struct scn *s;
	const struct scn_file *file;
	struct scn_report *report;
	uint32_t phase; /* of s->phases */
	bool recode;
	struct buf *out;
	uint64_t hash;
};

static void head(const struct run *r, uint32_t line, int64_t at_us)
{
	char at[CLOCK_RFC3339_MAX];
	(void)clock_rfc3339(at_us, at);
	(void)buf_printf(r->out, "%.*s:%u: %.*s\n  at %s%s", NP_FMT(r->file->name), line,
			 NP_FMT(r->s->name), at, r->recode ? ", stored and loaded" : "");
	if (r->s->phases > 1)
		(void)buf_printf(r->out, ", phase %u of %u", r->phase + 1, r->s->phases);
	(void)buf_add_byte(r->out, '\n');
}

static void tail(const struct run *r, const struct simw *w, uint32_t i)
{
	(void)buf_add_c(r->out, "    why: ");
	scn_why(r->s, w, i, r->out);
	(void)buf_add_byte(r->out, '\n');
}

/* ---- one run ---- */

static np_err set_up(struct run *r, struct simw **ret)
{
	struct scn *s = r->s;
	struct simw *w = NULL;
	np_err e = simw_new(s->copies + s->has_parent, s->start_us, &w);
	if (e < 0)
		return e;
	w->rng = s->seed;
	w->recode = r->recode;
	w->phase_us = s->main.def.interval_ms * NP_MS_US * r->phase / s->phases;
	w->judge_us = s->copies >= 10 ? s->start_us : 0;
	for (uint32_t i = 0; i < w->n; i++) {
		struct scn_actor *a = i < s->copies ? &s->main : &s->parent;
		struct simw_monitor *m = &w->monitor[i];
		m->def = a->def;
		m->def.no = i + 1;
		m->plan = a->plan;
		m->parent = s->has_parent && i < s->copies ? w->n : 0;
		m->def.has_parent = m->parent != 0;
		m->checkers_off = s->checkers_off;
		for (size_t p = 0; p < MON_REGIONS_MAX; p++)
			for (size_t k = 0; k < a->plan[p].n; k++)
				a->plan[p].span[k].used = 0;
	}
	for (uint32_t i = 0; i < w->n; i++)
		simw_create(w, i);
	*ret = w;
	return NP_OK;
}

static np_err rules(struct run *r, struct simw *w, const struct scn_act *a)
{
	struct mon_def def;
	np_err e = scn_patch(r->s, &r->s->main, a->rules, &def);
	for (uint32_t i = 0; e == NP_OK && i < r->s->copies; i++) {
		def.no = i + 1;
		simw_rules(w, i, &def);
	}
	return e;
}

static np_err act(struct run *r, struct simw *w, const struct scn_act *a)
{
	struct mst_event ev = a->event;
	if (a->kind == SCN_RULES)
		return rules(r, w, a);
	if (a->kind == SCN_ABSENT) {
		simw_absent(w, a->for_us);
		return NP_OK;
	}
	for (uint32_t i = 0; i < w->n; i++) {
		bool is_parent = i >= r->s->copies;
		bool of_region = ev.kind == MST_BAN || ev.kind == MST_SUSPECT;
		if (is_parent != a->to_parent && !of_region)
			continue;
		if (ev.kind == MST_RESULT && a->event.result.revision == 0)
			ev.result.revision = w->monitor[i].def.revision;
		simw_event(w, i, ev);
	}
	return NP_OK;
}

static bool check(struct run *r, struct simw *w, const struct scn_check *c)
{
	NP_CLEANUP(buf_done) struct buf said;
	bool good = true;
	buf_init(&said, SCN_OUT_MAX);
	for (uint32_t i = 0; good && i < r->s->copies; i++) {
		r->report->checks += (uint32_t)json_object_size(c->object);
		good = scn_holds(r->s, w, i, c->object, &said);
		if (good)
			continue;
		head(r, c->line, c->at_us);
		if (r->s->copies > 1)
			(void)buf_printf(r->out, "    monitor %u of %u\n", i + 1, r->s->copies);
		(void)buf_add(r->out, buf_str(&said));
		tail(r, w, i);
	}
	return good;
}

static bool is_whole(struct run *r, const struct simw *w)
{
	if (w->broken == NULL)
		return true;
	head(r, 1, w->broken_us);
	(void)buf_printf(r->out, "    a promise is broken: %s\n", w->broken);
	tail(r, w, w->broken_monitor);
	return false;
}

static np_err play(struct run *r, struct simw *w, bool *ret_good)
{
	struct scn *s = r->s;
	size_t act_at = 0, check_at = 0;
	bool good = true;
	np_err e = NP_OK;
	while (e == NP_OK && good && (act_at < s->act_n || check_at < s->check_n)) {
		/* What happens at a moment happens before it is looked at. */
		bool acts = act_at < s->act_n && (check_at == s->check_n ||
						  s->act[act_at].at_us <= s->check[check_at].at_us);
		simw_run(w, acts ? s->act[act_at].at_us : s->check[check_at].at_us);
		good = is_whole(r, w);
		if (good && acts)
			e = act(r, w, &s->act[act_at++]);
		else if (good)
			good = check(r, w, &s->check[check_at++]);
	}
	if (e == NP_OK && good)
		simw_run(w, s->until_us);
	*ret_good = good && is_whole(r, w);
	r->hash = w->hash;
	return e;
}

/* A patch of the rules stays in the story only for one run. */
static np_err run_once(struct run *r, bool *ret_good)
{
	NP_CLEANUP(simw_free_p) struct simw *w = NULL;
	json_t *kept = r->s->main.object;
	r->s->main.object = json_deep_copy(kept);
	np_err e = r->s->main.object != NULL ? set_up(r, &w) : NP_E_NOMEM;
	if (e == NP_OK)
		e = play(r, w, ret_good);
	json_decref(r->s->main.object);
	r->s->main.object = kept;
	r->report->runs++;
	return e;
}

static np_err run_phases(struct run *r, bool *ret_good)
{
	np_err e = NP_OK;
	*ret_good = true;
	for (r->phase = 0; e == NP_OK && *ret_good && r->phase < r->s->phases; r->phase++) {
		r->recode = false;
		e = run_once(r, ret_good);
		uint64_t plain = r->hash;
		r->recode = true;
		if (e == NP_OK && *ret_good)
			e = run_once(r, ret_good);
		if (e == NP_OK && *ret_good && plain != r->hash) {
			head(r, 1, r->s->until_us);
			(void)buf_add_c(r->out, "    storing the state changed what happened\n");
			*ret_good = false;
		}
	}
	return e;
}

/* ---- a file ---- */

static np_err one(const struct scn_file *f, const struct yaml_doc *doc, size_t at,
		  struct scn_report *report, struct buf *out)
{
	char pointer[32] = "";
	bool good = false;
	const json_t *root = yaml_root(doc);
	struct scn *s = np_zalloc(sizeof *s);
	if (s == NULL)
		return NP_E_NOMEM;
	s->doc = doc;
	s->why = out;
	if (json_is_array(root))
		(void)snprintf(pointer, sizeof pointer, "/%zu", at);
	np_err e = scn_read(json_is_array(root) ? json_array_get(root, at) : root, pointer, s);
	if (e == NP_OK && (f->only.n == 0 || str_find(s->name, f->only) != SIZE_MAX)) {
		struct run r = { .s = s, .file = f, .report = report, .out = out };
		report->scenarios++;
		e = run_phases(&r, &good);
		report->failed += e == NP_OK && !good;
		if (e == NP_OK && f->done != NULL)
			f->done(f->ctx, s->name, good);
	}
	scn_done(s);
	free(s);
	return e;
}

np_err scn_run_file(const struct scn_file *f, struct scn_report *report, struct buf *out)
{
	NP_CLEANUP(yaml_free_p) struct yaml_doc *doc = NULL;
	size_t before = out->n;
	np_err e = yaml_parse(f->text, &doc, out);
	if (e < 0)
		return e;
	size_t n = json_is_array(yaml_root(doc)) ? json_array_size(yaml_root(doc)) : 1;
	for (size_t i = 0; e == NP_OK && i < n; i++)
		e = one(f, doc, i, report, out);
	if (e == NP_E_INVAL && out->n == before)
		(void)buf_add_c(out, "not a scenario\n");
	return e;
}
