/* SPDX-License-Identifier: Apache-2.0 */
#include "web/past.h"

#include "base/clock.h"
#include "base/str.h"
#include "core/step.h"
#include "web/excluded.h"

void past_done(struct past *s)
{
	free(s->span);
	free(s->opened_us);
	*s = (struct past){ 0 };
}

static enum upt_state class_of(np_str state, bool degraded)
{
	enum step_state s = STEP_PENDING;
	if (step_state_from_name(state, &s) < 0 || s == STEP_PENDING || s == STEP_NODATA ||
	    s == STEP_PAUSED)
		return UPT_UNKNOWN;
	return degraded ? UPT_DEGRADED : UPT_UP;
}

static void add_changes(const struct pg_res *res, const struct sth_range *r, struct past *s)
{
	size_t n = pg_res_rows(res);
	for (size_t i = 0; i < n; i++) {
		struct upt_span p = {
			.from_us = pg_res_time(res, i, 0),
			.to_us = i + 1 < n ? pg_res_time(res, i + 1, 0) : r->to_us,
			.state = class_of(pg_res_str(res, i, 1), pg_res_bool(res, i, 2)),
		};
		if (p.from_us < r->from_us)
			p.from_us = r->from_us;
		if (p.to_us > p.from_us)
			s->span[s->n++] = p;
	}
}

static void add_incidents(const struct pg_res *res, const struct sth_range *r, struct past *s)
{
	for (size_t i = 0; i < pg_res_rows(res); i++) {
		struct upt_span p = {
			.from_us = pg_res_time(res, i, 1),
			.to_us = pg_res_null(res, i, 2) ? r->to_us : pg_res_time(res, i, 2),
			.state = UPT_DOWN,
		};
		s->opened_us[s->n_incidents++] = p.from_us;
		if (p.from_us < r->from_us)
			p.from_us = r->from_us;
		if (p.to_us > r->to_us)
			p.to_us = r->to_us;
		if (p.to_us > p.from_us)
			s->span[s->n++] = p;
	}
}

static void add_excluded(const struct excluded *x, struct past *s)
{
	for (size_t i = 0; i < x->n; i++)
		s->span[s->n++] = (struct upt_span){ .from_us = x->span[i].from_us,
						     .to_us = x->span[i].to_us,
						     .state = UPT_EXCLUDED };
}

NP_NODISCARD np_err past_load(struct pg_conn *c, const struct sth_range *range, struct past *ret)
{
	struct sth_range r = *range;
	r.limit = STH_CHANGES_MAX;
	NP_CLEANUP(pg_res_free_p) struct pg_res *changes = NULL;
	NP_CLEANUP(pg_res_free_p) struct pg_res *incidents = NULL;
	NP_CLEANUP(excluded_done) struct excluded x = { 0 };
	np_err e = sth_changes(c, &r, &changes);
	if (e == NP_OK)
		e = sth_incidents(c, &r, &incidents);
	if (e == NP_OK)
		e = excluded_load(c, r.no, &(struct window_span){ r.from_us, r.to_us }, &x);
	if (e < 0)
		return e;
	struct past s = { 0 };
	s.span = np_calloc(pg_res_rows(changes) + pg_res_rows(incidents) + x.n + 1, sizeof *s.span);
	s.opened_us = np_calloc(pg_res_rows(incidents) + 1, sizeof *s.opened_us);
	if (!s.span || !s.opened_us) {
		past_done(&s);
		return NP_E_NOMEM;
	}
	add_changes(changes, &r, &s);
	add_incidents(incidents, &r, &s);
	add_excluded(&x, &s);
	*ret = s;
	return NP_OK;
}

/* Those that overlap [from, to), copied: a day never has more than core/uptime.h takes, unless
 * a monitor flaps for hours without being held. */
static np_err sum_slice(const struct past *s, int64_t from_us, int64_t to_us, struct upt_sum *ret)
{
	size_t n = 0;
	NP_CLEANUP(np_free_ptr) struct upt_span *part = np_calloc(s->n + 1, sizeof *part);
	if (!part)
		return NP_E_NOMEM;
	for (size_t i = 0; i < s->n; i++)
		if (s->span[i].from_us < to_us && s->span[i].to_us > from_us)
			part[n++] = s->span[i];
	struct upt_sum sum = { 0 };
	np_err e = upt_fold(part, n, from_us, to_us, &sum);
	if (e == NP_OK)
		upt_add(ret, &sum);
	return e;
}

NP_NODISCARD np_err past_sum(const struct past *s, int64_t from_us, int64_t to_us,
			     struct upt_sum *ret)
{
	struct upt_sum sum = { 0 };
	int64_t step = s->n > UPT_SPANS_MAX / 2 ? NP_DAY_US : to_us - from_us;
	np_err e = NP_OK;
	for (int64_t at = from_us; e == NP_OK && at < to_us; at += step)
		e = sum_slice(s, at, at + step < to_us ? at + step : to_us, &sum);
	if (e == NP_OK)
		*ret = sum;
	return e;
}

size_t past_incidents(const struct past *s, int64_t from_us, int64_t to_us)
{
	size_t n = 0;
	for (size_t i = 0; i < s->n_incidents; i++)
		n += s->opened_us[i] >= from_us && s->opened_us[i] < to_us;
	return n;
}

static void put_percent(struct jsonw *w, const char *key, int32_t milli)
{
	jsonw_key(w, key);
	if (milli == UPT_NO_DATA)
		jsonw_null(w);
	else
		jsonw_dbl(w, milli / 1000.0, 3);
}

static void put_seconds(struct jsonw *w, const char *key, int64_t us)
{
	jsonw_key(w, key);
	jsonw_dbl(w, (double)us / 1e6, 1);
}

NP_NODISCARD np_err past_write(const struct past *s, const struct past_window *win, struct jsonw *w)
{
	struct upt_sum sum = { 0 };
	char sentence[UPT_SENTENCE_MAX];
	np_err e = past_sum(s, win->from_us, win->to_us, &sum);
	if (e < 0)
		return e;
	upt_sentence(&sum, sentence);
	jsonw_obj(w);
	if (win->name)
		jsonw_kc(w, "name", win->name);
	jsonw_ktime(w, "from", win->from_us);
	jsonw_ktime(w, "to", win->to_us);
	put_percent(w, "uptime", upt_uptime_milli(&sum));
	put_percent(w, "observed", upt_observed_milli(&sum));
	put_seconds(w, "up_s", sum.us[UPT_UP]);
	put_seconds(w, "degraded_s", sum.us[UPT_DEGRADED]);
	put_seconds(w, "down_s", sum.us[UPT_DOWN]);
	put_seconds(w, "unknown_s", sum.us[UPT_UNKNOWN]);
	put_seconds(w, "excluded_s", sum.us[UPT_EXCLUDED]);
	jsonw_ki64(w, "incidents", (int64_t)past_incidents(s, win->from_us, win->to_us));
	jsonw_kc(w, "sentence", sentence);
	jsonw_obj_end(w);
	return NP_OK;
}
