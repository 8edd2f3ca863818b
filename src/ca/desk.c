/* SPDX-License-Identifier: Apache-2.0 */
#include "ca/desk.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "ca/brake.h"
#include "ca/ca_store.h"
#include "ca/leaves.h"
#include "ca/request.h"

#define RETRY_AFTER "5"
#define PING_MS 3000

struct job {
	struct job *next;
	struct desk *d;
	struct httpd_req *r; /* NULL: upkeep */
	struct request q;
	/* of upkeep */
	bool db_ok;
	size_t renewed;
	struct buf why;
};

struct desk {
	struct desk_cfg cfg;
	struct pg_conn *db; /* the running job's */
	struct brake *brake;
	struct job *first, *last;
	size_t n; /* queued and running */
	bool running, upkeep_queued, db_ok;
	struct metric *enrolled, *renewed, *refused, *failed, *braked;
};

struct desk *desk_new(const struct desk_cfg *cfg)
{
	struct desk *d = np_zalloc(sizeof *d);
	if (!d)
		return NULL;
	d->cfg = *cfg;
	d->db = pg_conn_new(&cfg->database);
	d->brake = np_zalloc(sizeof *d->brake);
	if (!d->db || !d->brake) {
		d->cfg.vault = NULL; /* still the caller's */
		desk_free(d);
		return NULL;
	}
	static const char name[] = "netpulse_ca_requests_total", help[] = "Requests by outcome";
	d->enrolled = metrics_get(cfg->metrics, METRIC_COUNTER, name, "outcome=\"enrolled\"", help);
	d->renewed = metrics_get(cfg->metrics, METRIC_COUNTER, name, "outcome=\"renewed\"", help);
	d->refused = metrics_get(cfg->metrics, METRIC_COUNTER, name, "outcome=\"refused\"", help);
	d->failed = metrics_get(cfg->metrics, METRIC_COUNTER, name, "outcome=\"failed\"", help);
	d->braked = metrics_get(cfg->metrics, METRIC_COUNTER, name, "outcome=\"braked\"", help);
	return d;
}

static void job_free(struct job *j)
{
	request_done(&j->q);
	buf_done(&j->why);
	free(j);
}

void desk_free(struct desk *d)
{
	if (!d)
		return;
	assert(!d->running);
	while (d->first) {
		struct job *j = d->first;
		d->first = j->next;
		if (j->r)
			httpd_abort(j->r);
		job_free(j);
	}
	pg_conn_free(d->db);
	vault_free(d->cfg.vault);
	free(d->brake);
	free(d);
}

/* ---- on the pool ------------------------------------------------------------------------ */

static void upkeep(struct job *j)
{
	struct desk *d = j->d;
	np_err e = leaves_renew(d->cfg.vault, d->cfg.dir, clock_wall_us(), &j->renewed, &j->why);
	if (e < 0 && j->why.n == 0)
		(void)buf_add_c(&j->why, np_err_text(e));
	j->db_ok = pg_conn_ready(d->db, clock_mono_ms() + PING_MS) == NP_OK &&
		   ca_store_ping(d->db) == NP_OK;
}

static void run(void *ctx)
{
	struct job *j = ctx;
	if (j->r)
		request_run(&j->q);
	else
		upkeep(j);
}

/* ---- on the loop -------------------------------------------------------------------------- */

static void next(struct desk *d);

static void log_outcome(const struct job *j)
{
	const struct request *q = &j->q;
	char peer[ADDR_TEXT_MAX], uuid[36];
	const char *event = q->renew ? "ca.renewed" : "ca.enrolled";
	(void)addr_print(&q->from, peer);
	if (q->status == 200) {
		str_uuid(q->leaf.uuid, uuid);
		np_log(NP_INFO, event, KV_STR("checker", ((np_str){ uuid, sizeof uuid })),
		       KV_C("region", q->leaf.region), KV_C("serial", q->leaf.serial),
		       KV_C("peer", peer));
	} else {
		np_log(q->status >= 500 ? NP_ERROR : NP_WARN, "ca.refused", KV_C("peer", peer),
		       KV_I64("status", q->status),
		       KV_C("reason", q->decided ? rules_name(q->verdict) : "request"),
		       KV_C("database", q->status >= 500 ? pg_conn_error(q->db)->message : ""));
	}
}

static void count(const struct job *j)
{
	const struct request *q = &j->q;
	struct desk *d = j->d;
	if (q->status == 200)
		metric_add(q->renew ? d->renewed : d->enrolled, 1);
	else
		metric_add(q->status >= 500 ? d->failed : d->refused, 1);
	if (q->status >= 400 && q->status < 500)
		brake_refused(d->brake, &q->from, loop_now_ms(d->cfg.loop));
}

static void answer(struct job *j)
{
	struct request *q = &j->q;
	log_outcome(j);
	count(j);
	if (q->changed && j->d->cfg.changed)
		j->d->cfg.changed(j->d->cfg.ctx);
	if (q->status >= 500)
		(void)httpd_set(j->r, "Retry-After", NP_STR(RETRY_AFTER));
	if (q->status == 200)
		httpd_reply(j->r, 200, "application/json", buf_str(&q->answer));
	else
		httpd_problem(j->r, q->status, str_from_c(q->detail));
}

static void upkeep_done(const struct job *j)
{
	struct desk *d = j->d;
	d->upkeep_queued = false;
	if (j->db_ok != d->db_ok)
		np_log(j->db_ok ? NP_INFO : NP_WARN, "ca.database",
		       KV_C("state", j->db_ok ? "reachable" : "away"),
		       KV_C("why", j->db_ok ? "" : pg_conn_error(d->db)->message));
	d->db_ok = j->db_ok;
	if (j->renewed > 0)
		np_log(NP_INFO, "ca.server_certificates", KV_U64("renewed", j->renewed));
	if (j->why.n > 0)
		np_log(NP_ERROR, "ca.server_certificates", KV_STR("why", buf_str(&j->why)));
}

static void done(void *ctx)
{
	struct job *j = ctx;
	struct desk *d = j->d;
	d->running = false;
	d->n--;
	if (j->r)
		answer(j);
	else
		upkeep_done(j);
	job_free(j);
	next(d);
}

static void next(struct desk *d)
{
	while (!d->running && d->first) {
		struct job *j = d->first;
		d->first = j->next;
		if (!d->first)
			d->last = NULL;
		if (loop_work(d->cfg.loop, run, done, j) == NP_OK) {
			d->running = true;
			return;
		}
		d->n--;
		d->upkeep_queued = j->r ? d->upkeep_queued : false;
		if (j->r)
			httpd_problem(j->r, 503, NP_STR("too much to do: try again"));
		job_free(j);
	}
}

static void queue(struct desk *d, struct job *j)
{
	if (d->last)
		d->last->next = j;
	else
		d->first = j;
	d->last = j;
	d->n++;
	next(d);
}

static struct job *job_new(struct desk *d, struct httpd_req *r)
{
	struct job *j = np_zalloc(sizeof *j);
	if (!j)
		return NULL;
	j->d = d;
	j->r = r;
	request_init(&j->q);
	buf_init(&j->why, 1024);
	return j;
}

static void submit(struct desk *d, struct httpd_req *r, bool renew)
{
	char seconds[24];
	int64_t wait_s = brake_wait_s(d->brake, httpd_peer(r), loop_now_ms(d->cfg.loop));
	struct job *j = wait_s == 0 && d->n < DESK_MAX ? job_new(d, r) : NULL;
	if (!j) {
		metric_add(d->braked, 1);
		(void)snprintf(seconds, sizeof seconds, "%lld", (long long)(wait_s ? wait_s : 5));
		(void)httpd_set(r, "Retry-After", str_from_c(seconds));
		httpd_problem(r, wait_s ? 429 : 503,
			      wait_s ? NP_STR("too many refused requests from this address")
				     : NP_STR("too much to do: try again"));
		return;
	}
	j->q.renew = renew;
	j->q.body = httpd_body(r);
	j->q.from = *httpd_peer(r);
	if (renew)
		j->q.peer = *httpd_ident(r);
	j->q.vault = d->cfg.vault;
	j->q.db = d->db;
	j->q.gateway = d->cfg.gateway;
	queue(d, j);
}

void desk_enrol(struct desk *d, struct httpd_req *r)
{
	submit(d, r, false);
}

void desk_renew(struct desk *d, struct httpd_req *r)
{
	if (httpd_ident(r))
		submit(d, r, true);
	else
		httpd_problem(r, 401, NP_STR("a renewal needs the checker's present certificate"));
}

void desk_upkeep(struct desk *d)
{
	if (d->upkeep_queued)
		return;
	struct job *j = job_new(d, NULL);
	if (!j)
		return;
	d->upkeep_queued = true;
	queue(d, j);
}

bool desk_is_ready(const struct desk *d)
{
	return d->db_ok;
}

bool desk_is_idle(const struct desk *d)
{
	return d->n == 0;
}
