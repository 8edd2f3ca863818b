/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"
#include "checker/runner_in.h"

#define TELL_AGAIN_US NP_HOUR_US
#define POOL_MAX 1024 /* idle runs kept: about 5 kB each */

/* ---- the queue ---------------------------------------------------------------------------- */

void runner_dequeue(struct mon *m)
{
	struct runner *r = m->r;
	if (!m->queued)
		return;
	*(m->queue_prev ? &m->queue_prev->queue_next : &r->queue_head) = m->queue_next;
	*(m->queue_next ? &m->queue_next->queue_prev : &r->queue_tail) = m->queue_prev;
	m->queue_next = m->queue_prev = NULL;
	m->queued = false;
	r->queued--;
}

void runner_enqueue(struct mon *m, int64_t due_us)
{
	struct runner *r = m->r;
	m->due_us = due_us;
	if (m->queued)
		return; /* keeps its place */
	m->queue_prev = r->queue_tail;
	*(r->queue_tail ? &r->queue_tail->queue_next : &r->queue_head) = m;
	r->queue_tail = m;
	m->queued = true;
	r->queued++;
}

void runner_overload(struct mon *m)
{
	struct res_record res = RES_RECORD_INIT;
	res.monitor = m->def->monitor;
	res.revision = m->def->revision;
	res.slot_us = m->slot_us;
	res.start_us = clock_wall_us();
	res.status = RES_UNKNOWN;
	res.cls = RES_C_OVERLOAD;
	res.skipped = m->skipped;
	res.text = NP_STR("this checker was too busy to begin the check within its interval");
	m->skipped = 0;
	metric_add(m->r->m_done[m->def->kind][RES_UNKNOWN], 1);
	m->r->cfg.result(m->r->cfg.ctx, m->def->shard, &res);
}

/* ---- attempts ----------------------------------------------------------------------------- */

static struct attempt *take(struct runner *r)
{
	struct attempt *a = r->pool;
	if (a) {
		r->pool = a->next;
		r->pooled--;
		return a;
	}
	a = np_zalloc(sizeof *a);
	if (!a)
		return NULL;
	a->r = r;
	if (check_run_new(r->cfg.env, &a->run) < 0) {
		free(a);
		return NULL;
	}
	return a;
}

static void attempt_free(struct attempt *a)
{
	check_run_free(a->run);
	free(a);
}

static void give(struct runner *r, struct attempt *a)
{
	def_unref(a->run->def);
	a->run->def = NULL;
	a->mon = NULL;
	r->in_flight--;
	metric_set(r->m_in_flight, (int64_t)r->in_flight);
	if (r->pooled >= POOL_MAX) {
		attempt_free(a);
		return;
	}
	a->next = r->pool;
	r->pool = a;
	r->pooled++;
}

void runner_pool_free(struct runner *r)
{
	while (r->pool) {
		struct attempt *a = r->pool;
		r->pool = a->next;
		attempt_free(a);
	}
}

void runner_drop_attempt(struct mon *m)
{
	struct attempt *a = m->attempt;
	if (!a)
		return;
	m->attempt = NULL;
	check_cancel(a->run);
	canary_forget(m->r->cfg.canary, &a->wait);
	give(m->r, a);
}

static uint64_t hash_of(np_str s)
{
	uint64_t h = 0xcbf29ce484222325;
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 0x100000001b3;
	return h;
}

/* Address and expiry travel when they changed, and once an hour. */
static void tell_or_not(struct mon *m, struct res_record *res)
{
	int64_t now = clock_mono_us();
	uint64_t h = res->address.n ? hash_of(res->address) : m->told_address;
	int64_t cert = res->cert_expires_s ? res->cert_expires_s : m->told_cert_s;
	if (m->told_us && h == m->told_address && cert == m->told_cert_s &&
	    now - m->told_us < TELL_AGAIN_US) {
		res->address = NP_STR("");
		res->cert_expires_s = 0;
		return;
	}
	m->told_address = h;
	m->told_cert_s = cert;
	m->told_us = now;
}

static void conclude(struct attempt *a)
{
	struct mon *m = a->mon;
	struct runner *r = a->r;
	struct res_record *res = &a->run->res;
	m->attempt = NULL;
	res->skipped = m->skipped;
	m->skipped = 0;
	tell_or_not(m, res);
	m->retry_us = 0;
	if (res->status == RES_FAIL && m->retries_left > 0) {
		m->retries_left--;
		m->retry_us = clock_mono_us() + m->def->retry_interval_us;
	}
	metric_add(r->m_done[m->def->kind][res->status], 1);
	r->cfg.result(r->cfg.ctx, m->def->shard, res);
	give(r, a);
	runner_plan(m);
	runner_pump(r);
}

static void on_canary(struct canary_wait *w, bool network_ok)
{
	struct attempt *a = NP_CONTAINER_OF(w, struct attempt, wait);
	struct res_record *res = &a->run->res;
	if (!network_ok) {
		res->status = RES_UNKNOWN;
		res->cls = RES_C_NETWORK;
		res->text = arena_printf(
			a->run->arena,
			"this checker's own network is down: none of its canaries answers (%.*s)",
			NP_FMT(str_clip_utf8(res->text, 200)));
	}
	conclude(a);
}

static void on_done(struct check_run *run)
{
	struct attempt *a = run->ctx;
	if (run->res.status == RES_FAIL && run->res.cls != RES_C_BLOCKED)
		canary_ask(a->r->cfg.canary, &a->wait);
	else
		conclude(a);
}

static void on_slow(struct check_run *run)
{
	struct attempt *a = run->ctx;
	a->r->cfg.slow(a->r->cfg.ctx, a->mon->def->shard, &run->res);
}

static void start(struct mon *m, struct attempt *a)
{
	struct runner *r = m->r;
	struct check_run *run = a->run;
	int64_t now_us = clock_mono_us();
	if (m->first) {
		m->first = false;
		m->slot_us = clock_wall_us();
		m->next_attempt = 0;
		m->retries_left = m->def->retries;
	} else {
		metric_observe_us(r->m_late, now_us - m->due_us);
	}
	m->fresh_slot = false;
	m->attempt = a;
	a->mon = m;
	a->wait = (struct canary_wait){ .fn = on_canary };
	run->def = def_ref(m->def);
	run->done = on_done;
	run->slow = on_slow;
	run->ctx = a;
	run->res.slot_us = m->slot_us;
	run->res.attempt = m->next_attempt++;
	r->in_flight++;
	metric_set(r->m_in_flight, (int64_t)r->in_flight);
	check_start(run);
}

void runner_pump(struct runner *r)
{
	if (r->pumping || r->stopped)
		return;
	r->pumping = true; /* checks that end at once come back here */
	while (r->queue_head && r->in_flight < r->cfg.concurrency) {
		struct attempt *a = take(r);
		if (!a)
			break; /* no memory: the next turn, or overload */
		struct mon *m = r->queue_head;
		runner_dequeue(m);
		start(m, a);
	}
	r->pumping = false;
}
