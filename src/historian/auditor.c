/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/auditor.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/statvfs.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mbox.h"
#include "base/str.h"
#include "base/told.h"
#include "historian/auditor_checks.h"

#define CHECK_MS (5 * NP_SEC_MS) /* of one statement */
#define ROUND_MS (20 * NP_SEC_MS)

struct auditor_metrics {
	struct metric *rounds, *failed, *severe, *major, *incidents, *drills, *drills_failed,
		*took_us;
};

struct auditor {
	struct auditor_cfg cfg;
	pthread_t thread;
	struct mbox *wake; /* never holds a message: closed to stop */
	_Atomic bool stopping;
	struct pg_conn *c;
	struct told told, told_check[AUDITOR_CHECKS_MAX];
	struct auditor_metrics m;
};

static void make_metrics(struct auditor *a)
{
	struct metrics *m = a->cfg.metrics;
	a->m = (struct auditor_metrics){
		.rounds = metrics_get(m, METRIC_COUNTER, "netpulse_historian_auditor_rounds_total",
				      "", "Rounds of the auditor"),
		.failed =
			metrics_get(m, METRIC_COUNTER, "netpulse_historian_auditor_failures_total",
				    "", "Rounds and checks that could not be done"),
		.severe =
			metrics_get(m, METRIC_GAUGE, "netpulse_historian_auditor_findings",
				    "severity=\"severe\"", "Findings that are open and were told"),
		.major = metrics_get(m, METRIC_GAUGE, "netpulse_historian_auditor_findings",
				     "severity=\"major\"", "Findings that are open and were told"),
		.incidents =
			metrics_get(m, METRIC_COUNTER, "netpulse_historian_auditor_incidents_total",
				    "", "Incidents of the operator that were opened"),
		.drills = metrics_get(m, METRIC_COUNTER, "netpulse_historian_drills_started_total",
				      "", "Drills begun by the clock"),
		.drills_failed =
			metrics_get(m, METRIC_COUNTER, "netpulse_historian_drills_overdue_total",
				    "", "Drills that did not reach their sink in time"),
		.took_us =
			metrics_get(m, METRIC_HIST_US, "netpulse_historian_auditor_round_seconds",
				    "", "Time of one round"),
	};
}

/* ---- looking ---- */

struct found {
	const char *kind;
	bool severe;
	int32_t rounds;
	np_str subject, detail;
};

static void note(struct auditor_seen *s, const struct found *f)
{
	pg_array_str(&s->kind, str_from_c(f->kind));
	pg_array_str(&s->subject, f->subject);
	pg_array_str(&s->severity, f->severe ? NP_STR("severe") : NP_STR("major"));
	pg_array_str(&s->detail, f->detail);
	pg_array_int(&s->rounds, f->rounds);
}

static void note_check(struct auditor *a, size_t no, np_err e)
{
	const struct pg_error *db = pg_conn_error(a->c);
	enum told_news news = told_now(&a->told_check[no], e, str_from_c(db->sqlstate));
	if (e < 0)
		metric_add(a->m.failed, 1);
	if (news == TOLD_WRONG)
		np_log(NP_WARN, "auditor.check_failed", KV_C("check", auditor_checks[no].kind),
		       KV_ERR(e), KV_C("why", db->message));
	else if (news == TOLD_WELL)
		np_log(NP_INFO, "auditor.check_works_again",
		       KV_C("check", auditor_checks[no].kind));
}

/* A check that fails says nothing; the others go on as long as the database answers. */
static np_err look(struct auditor *a, size_t no, struct auditor_seen *s)
{
	NP_CLEANUP(pg_res_free_p) struct pg_res *r = NULL;
	const struct auditor_check *k = &auditor_checks[no];
	pg_conn_deadline(a->c, clock_mono_ms() + CHECK_MS);
	np_err e = auditor_checks_run(a->c, k, &r);
	note_check(a, no, e);
	if (e < 0)
		return e == NP_E_DB ? NP_OK : e;
	pg_array_str(&s->ran, str_from_c(k->kind));
	for (size_t i = 0; i < pg_res_rows(r); i++)
		note(s, &(struct found){ k->kind, k->severe, k->rounds, pg_res_str(r, i, 0),
					 pg_res_str(r, i, 1) });
	return NP_OK;
}

static void look_at_disk(const struct auditor *a, struct auditor_seen *s)
{
	struct statvfs fs;
	char text[160];
	if (!a->cfg.disk || statvfs(a->cfg.disk, &fs) != 0)
		return;
	uint64_t left = (uint64_t)fs.f_bavail * fs.f_frsize;
	uint64_t all = (uint64_t)fs.f_blocks * fs.f_frsize;
	pg_array_str(&s->ran, NP_STR("disk_full"));
	if (left >= AUDITOR_DISK_MIN &&
	    (left >= AUDITOR_DISK_MUCH || left >= all / 100 * AUDITOR_DISK_PERCENT))
		return;
	int n = snprintf(text, sizeof text,
			 "The disk of the data is nearly full: %llu MB are left.",
			 (unsigned long long)(left >> 20));
	note(s, &(struct found){ "disk_full", true, 2, NP_STR("data"), { text, (size_t)n } });
}

static np_err look_all(struct auditor *a, struct auditor_seen *s)
{
	np_err e = NP_OK;
	for (size_t i = 0; i < auditor_checks_n && e == NP_OK; i++)
		e = look(a, i, s);
	look_at_disk(a, s);
	return e;
}

/* ---- rounds ---- */

struct round {
	struct auditor *a;
	struct auditor_seen seen;
	struct auditor_counts n;
};

static np_err write_tx(struct pg_conn *c, void *ctx)
{
	struct round *r = ctx;
	np_err e = auditor_store_merge(c, &r->seen, &r->a->cfg.rules, &r->n);
	return e == NP_OK ? auditor_store_tell(c, &r->n) : e;
}

static void count(struct auditor *a, const struct auditor_counts *n)
{
	metric_set(a->m.severe, n->severe);
	metric_set(a->m.major, n->major);
	metric_add(a->m.incidents, n->opened);
	if (n->told > 0 || n->opened > 0 || n->closed > 0)
		np_log(n->told > 0 ? NP_WARN : NP_INFO, "auditor.findings", KV_I64("new", n->told),
		       KV_I64("severe", n->severe), KV_I64("major", n->major),
		       KV_I64("opened", n->opened), KV_I64("closed", n->closed));
}

static np_err drills(struct auditor *a)
{
	int64_t ended = 0, started = 0;
	np_err e = auditor_store_drills_end(a->c, &ended);
	if (e == NP_OK)
		e = auditor_store_drills_start(a->c, &a->cfg.rules, &started);
	metric_add(a->m.drills, started);
	metric_add(a->m.drills_failed, ended);
	return e;
}

static np_err work(struct auditor *a)
{
	struct round r = { .a = a };
	bool ours = false;
	np_err e = pg_conn_ready(a->c, clock_mono_ms() + ROUND_MS);
	if (e == NP_OK)
		e = auditor_store_lease(a->c, a->cfg.name, &a->cfg.rules, &ours);
	if (e < 0 || !ours)
		return e;
	e = drills(a);
	auditor_seen_init(&r.seen);
	if (e == NP_OK)
		e = look_all(a, &r.seen);
	pg_conn_deadline(a->c, clock_mono_ms() + ROUND_MS);
	if (e == NP_OK)
		e = pg_tx_run(a->c, 0, write_tx, &r);
	if (e == NP_OK)
		count(a, &r.n);
	auditor_seen_done(&r.seen);
	return e;
}

static void turn(struct auditor *a)
{
	int64_t start = clock_mono_us();
	np_err e = work(a);
	metric_observe_us(a->m.took_us, clock_mono_us() - start);
	if (e == NP_OK)
		metric_add(a->m.rounds, 1);
	else
		metric_add(a->m.failed, 1);
	const struct pg_error *db = pg_conn_error(a->c);
	enum told_news news = told_now(&a->told, e, str_from_c(db->sqlstate));
	if (news == TOLD_WRONG)
		np_log(NP_WARN, "auditor.failed", KV_ERR(e), KV_C("sqlstate", db->sqlstate),
		       KV_C("why", db->message));
	else if (news == TOLD_WELL)
		np_log_event(NP_INFO, "auditor.works_again");
}

static void *auditor_main(void *ctx)
{
	struct auditor *a = ctx;
	while (!atomic_load(&a->stopping)) {
		turn(a);
		(void)mbox_recv(a->wake, clock_mono_ms() + a->cfg.rules.every_ms);
	}
	return NULL;
}

static void auditor_free(struct auditor *a)
{
	pg_conn_free(a->c);
	mbox_free(a->wake, free);
	free(a);
}

np_err auditor_start(const struct auditor_cfg *cfg, struct auditor **ret)
{
	struct auditor *a = np_zalloc(sizeof *a);
	if (!a)
		return NP_E_NOMEM;
	a->cfg = *cfg;
	a->wake = mbox_new(1);
	a->c = pg_conn_new(&a->cfg.database);
	make_metrics(a);
	if (!a->wake || !a->c || pthread_create(&a->thread, NULL, auditor_main, a) != 0) {
		auditor_free(a);
		return NP_E_NOMEM;
	}
	*ret = a;
	return NP_OK;
}

void auditor_stop(struct auditor *a)
{
	if (!a)
		return;
	atomic_store(&a->stopping, true);
	mbox_close(a->wake);
	pthread_join(a->thread, NULL);
	auditor_free(a);
}
