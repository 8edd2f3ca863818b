/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/runner.h"

#include "base/clock.h"
#include "checker/runner_in.h"

/* Label texts must be literals: all of them, by kind and status. */
#define ROW(kind)                                                              \
	{                                                                      \
		[RES_NONE] = "", [RES_OK] = "kind=\"" kind "\",status=\"ok\"", \
		[RES_DEGRADED] = "kind=\"" kind "\",status=\"degraded\"",      \
		[RES_FAIL] = "kind=\"" kind "\",status=\"fail\"",              \
		[RES_UNKNOWN] = "kind=\"" kind "\",status=\"unknown\""         \
	}
/* NOLINTBEGIN(bugprone-suspicious-missing-comma): joined literals are what ROW makes */
static const char *const labels[MON_KIND_N][RES_STATUS_N] = {
	[0] = ROW("other"),       [MON_HTTP] = ROW("http"), [MON_TCP] = ROW("tcp"),
	[MON_ICMP] = ROW("icmp"), [MON_DNS] = ROW("dns"),   [MON_TLS] = ROW("tls"),
};
/* NOLINTEND(bugprone-suspicious-missing-comma) */

static void make_metrics(struct runner *r, struct metrics *m)
{
	for (size_t k = 0; k < MON_KIND_N; k++)
		for (size_t s = 1; s < RES_STATUS_N; s++)
			r->m_done[k][s] =
				metrics_get(m, METRIC_COUNTER, "netpulse_checker_checks_total",
					    labels[k][s], "attempts that ended");
	r->m_late = metrics_get(m, METRIC_HIST_US, "netpulse_checker_lateness_seconds", "",
				"begin of an attempt after its due time");
	r->m_in_flight = metrics_get(m, METRIC_GAUGE, "netpulse_checker_checks_in_flight", "",
				     "attempts under way");
	r->m_queued = metrics_get(m, METRIC_GAUGE, "netpulse_checker_checks_queued", "",
				  "attempts waiting for a place");
	r->m_monitors = metrics_get(m, METRIC_GAUGE, "netpulse_checker_monitors_assigned", "",
				    "monitors this checker runs");
	r->m_skipped = metrics_get(m, METRIC_COUNTER, "netpulse_checker_slots_skipped_total", "",
				   "slots not run because an attempt was under way");
}

np_err runner_new(const struct runner_cfg *cfg, struct runner **ret_runner)
{
	struct runner *r = np_zalloc(sizeof *r);
	if (!r)
		return NP_E_NOMEM;
	r->cfg = *cfg;
	if (!r->cfg.concurrency)
		r->cfg.concurrency = RUNNER_CONCURRENCY;
	r->loop = cfg->env->loop;
	r->offset_us = clock_wall_us() - clock_mono_us();
	r->mons = map_new(RUNNER_MONITORS_MAX);
	r->sched = due_new();
	r->timer = loop_timer_new(r->loop, runner_on_timer, r);
	if (!r->mons || !r->sched || !r->timer) {
		runner_free(r);
		return NP_E_NOMEM;
	}
	make_metrics(r, cfg->metrics);
	loop_timer_at(r->timer, loop_now_ms(r->loop));
	*ret_runner = r;
	return NP_OK;
}

static void mon_free(void *value)
{
	struct mon *m = value;
	runner_dequeue(m);
	runner_drop_attempt(m);
	due_clear(m->r->sched, &m->node);
	def_unref(m->def);
	free(m);
}

void runner_free(struct runner *r)
{
	if (!r)
		return;
	r->stopped = true;
	if (r->mons)
		map_free(r->mons, mon_free);
	runner_pool_free(r);
	due_free(r->sched);
	loop_timer_free(r->timer);
	free(r);
}

/* Begin at once, in a slot of its own. */
static void begin(struct mon *m)
{
	int64_t now_us = clock_mono_us();
	runner_drop_attempt(m); /* of an older revision: it would never vote */
	m->first = true;
	m->fresh_slot = false;
	m->retry_us = 0;
	m->skipped = 0;
	m->told_us = 0;
	runner_next_slot(m, now_us + m->r->offset_us);
	runner_plan(m);
	runner_enqueue(m, now_us);
	runner_pump(m->r);
}

static void add(struct runner *r, struct check_def *def)
{
	struct mon *m = np_zalloc(sizeof *m);
	if (!m || due_set(r->sched, &m->node, INT64_MAX) < 0 ||
	    map_put(r->mons, def->monitor, m, NULL) < 0) {
		if (m)
			due_clear(r->sched, &m->node);
		free(m);
		def_unref(def);
		return;
	}
	m->r = r;
	m->def = def;
	metric_set(r->m_monitors, (int64_t)map_len(r->mons));
	begin(m);
}

void runner_set(struct runner *r, struct check_def *def)
{
	struct mon *m = map_get(r->mons, def->monitor);
	if (def->load) {
		runner_remove(r, def->monitor);
		def_unref(def);
		return;
	}
	if (!m) {
		add(r, def);
		return;
	}
	bool same = m->def->revision == def->revision;
	def_unref(m->def);
	m->def = def;
	m->stale = false;
	if (!same) {
		begin(m);
		return;
	}
	runner_next_slot(m, clock_mono_us() + r->offset_us);
	runner_plan(m);
}

void runner_remove(struct runner *r, uint64_t monitor)
{
	struct mon *m = map_del(r->mons, monitor);
	if (m)
		mon_free(m);
	metric_set(r->m_monitors, (int64_t)map_len(r->mons));
	runner_pump(r);
}

void runner_full_begin(struct runner *r)
{
	size_t pos = 0;
	uint64_t no;
	void *value;
	while (map_next(r->mons, &pos, &no, &value))
		((struct mon *)value)->stale = true;
}

void runner_full_end(struct runner *r)
{
	size_t pos = 0;
	uint64_t no;
	void *value;
	while (map_next(r->mons, &pos, &no, &value))
		if (((struct mon *)value)->stale) {
			(void)map_del(r->mons, no);
			mon_free(value);
		}
	metric_set(r->m_monitors, (int64_t)map_len(r->mons));
	runner_pump(r);
}

void runner_check_now(struct runner *r, uint64_t monitor)
{
	struct mon *m = map_get(r->mons, monitor);
	if (!m || m->attempt || m->queued || m->next_attempt >= RES_ATTEMPT_MAX)
		return;
	m->retry_us = 0;
	runner_plan(m);
	runner_enqueue(m, clock_mono_us());
	runner_pump(r);
}

void runner_stop(struct runner *r)
{
	r->stopped = true;
	loop_timer_stop(r->timer);
}

size_t runner_monitors(const struct runner *r)
{
	return map_len(r->mons);
}

size_t runner_in_flight(const struct runner *r)
{
	return r->in_flight;
}
