/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/uplink.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "base/str.h"
#include "checker/sender.h"
#include "net/tls.h"

#define TICK_MS 250
#define SECOND_TICKS 4
#define SETTLED_MS 5000 /* a link that lived so long ends the back-off */
#define RENEW_AGAIN_MS (2 * NP_MIN_MS)

struct uplink {
	struct uplink_cfg cfg;
	struct tls *tls;
	struct sender *sender;
	struct gwlink *link; /* up, or on its way */
	struct gwlink *next; /* under a new certificate, not up yet */
	struct loop_timer *retry, *tick, *soon, *renew;
	struct enrol *enrol;
	size_t gateway;    /* index of the one to try */
	uint32_t failures; /* in a row */
	uint32_t welcomes, ticks;
	struct metric *m_up, *m_reconnects, *m_rejected, *m_renewals, *m_pauses, *m_skew;
};

static void connect_one(struct uplink *u);
static const struct gwlink_ops ops;

/* ---- what the gateway says -------------------------------------------------------------------- */

static void hello(void *ctx, struct buf *frame)
{
	struct uplink *u = ctx;
	Np__V1__Hello m = NP__V1__HELLO__INIT;
	NP_CLEANUP(np_free_ptr) struct spool_held *held = np_calloc(FRAME_EPOCHS_MAX, sizeof *held);
	NP_CLEANUP(np_free_ptr) Np__V1__Epoch *e = np_calloc(FRAME_EPOCHS_MAX, sizeof *e);
	NP_CLEANUP(np_free_ptr)
	Np__V1__Epoch **list = np_calloc(FRAME_EPOCHS_MAX, sizeof(Np__V1__Epoch *));
	if (!held || !e || !list)
		return;
	m.n_epochs = spool_held(u->cfg.spool, held, FRAME_EPOCHS_MAX);
	for (size_t i = 0; i < m.n_epochs; i++) {
		np__v1__epoch__init(&e[i]);
		e[i].epoch = held[i].epoch;
		e[i].shard = held[i].shard;
		e[i].first_seq = held[i].first_seq;
		e[i].last_seq = held[i].last_seq;
		list[i] = &e[i];
	}
	m.epochs = list;
	m.version = (char *)(uintptr_t)NP_VERSION;
	m.now_us = clock_wall_us();
	m.oldest_ms = spool_oldest_ms(u->cfg.spool, m.now_us);
	m.generation = u->cfg.generation(u->cfg.ctx);
	m.instance = u->welcomes;
	(void)!frame_put_hello(frame, &m);
}

static void welcome(struct uplink *u, struct gwlink *l, const Np__V1__Welcome *m)
{
	uint64_t below[NP_SHARDS] = { 0 };
	if (l == u->next) { /* the new certificate holds: the old link may go */
		gwlink_free(u->link);
		u->link = np_take(u->next);
	}
	u->welcomes++;
	metric_set(u->m_up, 1);
	metric_set(u->m_skew, clock_wall_us() - m->now_us);
	np_log(NP_INFO, "uplink.welcome", KV_C("region", m->region),
	       KV_C("gateway", u->cfg.id.gateways[u->gateway]),
	       KV_I64("skew_us", clock_wall_us() - m->now_us),
	       KV_U64("unanswered", spool_unanswered(u->cfg.spool)));
	for (size_t i = 0; i < m->n_closed_below; i++)
		if (m->closed_below[i]->shard < NP_SHARDS)
			below[m->closed_below[i]->shard] = m->closed_below[i]->epoch;
	spool_closed_below(u->cfg.spool, below);
	sender_up(u->sender);
	sender_pump(u->sender, u->link);
}

static void rejected(struct uplink *u, const Np__V1__Reject *m)
{
	metric_add(u->m_rejected, (int64_t)m->n_seqs);
	np_log(NP_WARN, "uplink.rejected", KV_U64("epoch", m->epoch), KV_U64("shard", m->shard),
	       KV_U64("items", m->n_seqs), KV_U64("first", m->n_seqs ? m->seqs[0] : 0),
	       KV_C("reason", m->reason));
}

static void down(void *ctx, struct gwlink *l, const Np__V1__Down *m)
{
	struct uplink *u = ctx;
	if (m->kind_case == NP__V1__DOWN__KIND_WELCOME) {
		welcome(u, l, m->welcome);
		return;
	}
	if (l != u->link || !gwlink_is_up(l))
		return; /* nothing counts before WELCOME */
	switch (m->kind_case) {
	case NP__V1__DOWN__KIND_ACK:
		sender_ack(u->sender, m->ack->epoch, m->ack->shard, m->ack->n);
		uplink_more(u);
		break;
	case NP__V1__DOWN__KIND_REWIND:
		sender_rewind(u->sender, m->rewind->epoch, m->rewind->shard, m->rewind->n);
		uplink_more(u);
		break;
	case NP__V1__DOWN__KIND_REJECT:
		rejected(u, m->reject);
		break;
	case NP__V1__DOWN__KIND_ASSIGN:
		u->cfg.assign(u->cfg.ctx, m->assign);
		break;
	case NP__V1__DOWN__KIND_JOB:
		u->cfg.job(u->cfg.ctx, m->job);
		break;
	case NP__V1__DOWN__KIND_PAUSE:
		metric_add(u->m_pauses, 1);
		sender_pause(u->sender, m->pause->for_ms);
		break;
	case NP__V1__DOWN__KIND_PONG:
	case NP__V1__DOWN__KIND_WELCOME:
	case NP__V1__DOWN__KIND__NOT_SET:
	case _NP__V1__DOWN__KIND__CASE_IS_INT_SIZE:
		break;
	}
}

/* ---- connecting ------------------------------------------------------------------------------- */

static int64_t backoff_ms(struct uplink *u)
{
	int64_t max = u->cfg.backoff_max_ms ? u->cfg.backoff_max_ms : UPLINK_BACKOFF_MAX_MS,
		ms = max;
	if (u->failures < 7)
		ms = (int64_t)UPLINK_BACKOFF_MIN_MS << u->failures;
	if (ms > max)
		ms = max;
	u->failures++;
	return ms / 2 + (int64_t)(rnd_u64() % (uint64_t)(ms / 2 + 1));
}

static void gone(void *ctx, struct gwlink *l, np_err e, const char *why, int64_t retry_ms)
{
	struct uplink *u = ctx;
	np_log(NP_WARN, "uplink.down", KV_C("gateway", u->cfg.id.gateways[u->gateway]), KV_ERR(e),
	       KV_C("why", why));
	if (l == u->next) { /* the old one goes on; tried again when its time comes */
		u->next = NULL;
		loop_timer_at(u->renew, clock_mono_ms() + RENEW_AGAIN_MS);
		return;
	}
	bool up = gwlink_is_up(l);
	if (up)
		sender_down(u->sender, e == NP_E_CLOSED);
	if (up && clock_mono_ms() - gwlink_up_ms(l) > SETTLED_MS)
		u->failures = 0;
	u->link = NULL;
	metric_set(u->m_up, 0);
	metric_add(u->m_reconnects, 1);
	if (u->next) { /* it may come up any moment */
		u->link = np_take(u->next);
		return;
	}
	u->gateway = (u->gateway + 1) % u->cfg.id.n_gateways;
	int64_t wait = backoff_ms(u);
	if (e == NP_E_DENIED)
		wait += UPLINK_BANNED_MS;
	loop_timer_at(u->retry, clock_mono_ms() + (wait > retry_ms ? wait : retry_ms));
}

static void drained(void *ctx, struct gwlink *l)
{
	struct uplink *u = ctx;
	if (l == u->link && gwlink_is_up(l))
		sender_pump(u->sender, l);
}

static const struct gwlink_ops ops = {
	.hello = hello,
	.down = down,
	.drained = drained,
	.gone = gone,
};

static np_err open_link(struct uplink *u, struct gwlink **ret)
{
	const struct gwlink_cfg cfg = { .loop = u->cfg.loop,
					.tls = u->tls,
					.address = u->cfg.id.gateways[u->gateway],
					.ops = &ops,
					.ctx = u };
	return gwlink_new(&cfg, ret);
}

static void connect_one(struct uplink *u)
{
	if (u->link || u->enrol)
		return;
	np_err e = open_link(u, &u->link);
	if (e == NP_OK)
		return;
	np_log(NP_WARN, "uplink.connect_failed", KV_C("gateway", u->cfg.id.gateways[u->gateway]),
	       KV_ERR(e));
	u->gateway = (u->gateway + 1) % u->cfg.id.n_gateways;
	loop_timer_at(u->retry, clock_mono_ms() + backoff_ms(u));
}

static void on_retry(void *ctx)
{
	connect_one(ctx);
}

/* ---- the certificate -------------------------------------------------------------------------- */

static void plan_renewal(struct uplink *u)
{
	int64_t at_us = enrol_renew_at_us(&u->cfg.id, (uint32_t)rnd_u64());
	int64_t in_ms = (at_us - clock_wall_us()) / NP_MS_US;
	/* The wall clock may be set meanwhile: look again at least once an hour. */
	if (in_ms > NP_HOUR_US / NP_MS_US)
		in_ms = NP_HOUR_US / NP_MS_US;
	loop_timer_at(u->renew, clock_mono_ms() + (in_ms > 0 ? in_ms : 0));
}

static void take_new(struct uplink *u)
{
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	np_err e = enrol_load(u->cfg.dir, clock_wall_us(), &u->cfg.id, &why);
	if (e == NP_OK)
		e = tls_reload(u->tls, &why);
	if (e < 0) {
		np_log(NP_ERROR, "identity.unreadable", KV_STR("why", buf_str(&why)));
		return;
	}
	if (u->gateway >= u->cfg.id.n_gateways)
		u->gateway = 0;
	if (!u->link)
		connect_one(u);
	else if (gwlink_is_up(u->link) && !u->next)
		(void)!open_link(u, &u->next);
}

static void on_renewed(void *ctx, np_err e, const char *why)
{
	struct uplink *u = ctx;
	u->enrol = NULL;
	if (e < 0) {
		np_log(NP_WARN, "identity.renewal_failed", KV_ERR(e), KV_C("why", why));
		loop_timer_at(u->renew, clock_mono_ms() + RENEW_AGAIN_MS / 2 +
						(int64_t)(rnd_u64() % RENEW_AGAIN_MS));
		if (!u->link)
			loop_timer_at(u->retry, clock_mono_ms() + backoff_ms(u));
		return;
	}
	metric_add(u->m_renewals, 1);
	np_log_event(NP_INFO, "identity.renewed");
	take_new(u);
	plan_renewal(u);
}

static void on_renew(void *ctx)
{
	struct uplink *u = ctx;
	if (u->enrol)
		return;
	int64_t now_us = clock_wall_us();
	int64_t half_us = (u->cfg.id.not_after_us - u->cfg.id.not_before_us) / 2;
	if (now_us < u->cfg.id.not_before_us + half_us - half_us / 5) {
		plan_renewal(
			u); /* an hour's look, not yet the time; or a link that did not come up */
		return;
	}
	const struct enrol_cfg cfg = { .dir = u->cfg.dir, .fn = on_renewed, .ctx = u };
	if (enrol_renew(u->cfg.loop, &cfg, &u->enrol) < 0)
		loop_timer_at(u->renew, clock_mono_ms() + RENEW_AGAIN_MS);
}

void uplink_reload(struct uplink *u)
{
	take_new(u);
	plan_renewal(u);
}

/* ---- time, birth and death ---------------------------------------------------------------------- */

static void on_tick(void *ctx)
{
	struct uplink *u = ctx;
	loop_timer_at(u->tick, loop_now_ms(u->cfg.loop) + TICK_MS);
	if (++u->ticks % SECOND_TICKS == 0) {
		uint32_t oldest_ms = spool_oldest_ms(u->cfg.spool, clock_wall_us());
		if (u->next)
			(void)gwlink_tick(u->next, oldest_ms);
		if (u->link)
			(void)gwlink_tick(u->link, oldest_ms);
	}
	if (!gwlink_is_up(u->link))
		return;
	sender_tick(u->sender);
	sender_pump(u->sender, u->link);
}

static void on_soon(void *ctx)
{
	struct uplink *u = ctx;
	if (gwlink_is_up(u->link))
		sender_pump(u->sender, u->link);
}

void uplink_more(struct uplink *u)
{
	/* The loop's next turn: what ends in this one travels together, and nothing waits. */
	if (gwlink_is_up(u->link) && !loop_timer_is_set(u->soon))
		loop_timer_at(u->soon, loop_now_ms(u->cfg.loop));
}

void uplink_slow(struct uplink *u, uint32_t shard, uint64_t monitor, int64_t slot_us,
		 uint32_t attempt)
{
	NP_CLEANUP(buf_done) struct buf b = { 0 };
	Np__V1__Slow m = NP__V1__SLOW__INIT;
	if (!gwlink_is_up(u->link))
		return;
	buf_init(&b, 256);
	m.shard = shard;
	m.monitor = monitor;
	m.slot_us = slot_us;
	m.attempt = attempt;
	if (frame_put_slow(&b, &m) == NP_OK)
		(void)gwlink_send(u->link, buf_str(&b));
}

bool uplink_is_up(const struct uplink *u)
{
	return gwlink_is_up(u->link);
}

bool uplink_is_done(const struct uplink *u)
{
	return !gwlink_is_up(u->link) || spool_unanswered(u->cfg.spool) == 0;
}

static void make_metrics(struct uplink *u, struct metrics *m)
{
	u->m_up = metrics_get(m, METRIC_GAUGE, "netpulse_checker_uplink_up", "",
			      "1: WELCOME was read");
	u->m_reconnects = metrics_get(m, METRIC_COUNTER, "netpulse_checker_uplink_reconnects_total",
				      "", "links that ended");
	u->m_rejected = metrics_get(m, METRIC_COUNTER, "netpulse_checker_uplink_rejected_total", "",
				    "items that were rejected");
	u->m_renewals = metrics_get(m, METRIC_COUNTER, "netpulse_checker_identity_renewals_total",
				    "", "certificates renewed");
	u->m_pauses = metrics_get(m, METRIC_COUNTER, "netpulse_checker_uplink_pauses_total", "",
				  "times that the gateway asked for a pause");
	u->m_skew = metrics_get(m, METRIC_GAUGE_US, "netpulse_checker_clock_skew_seconds", "",
				"own clock minus the gateway's, at WELCOME");
}

static np_err make_tls(struct uplink *u, struct buf *why)
{
	NP_CLEANUP(buf_done) struct buf cert, key, root;
	buf_init(&cert, 4096);
	buf_init(&key, 4096);
	buf_init(&root, 4096);
	np_err e = enrol_path(u->cfg.dir, "cert.pem", &cert);
	if (e == NP_OK)
		e = enrol_path(u->cfg.dir, "key.pem", &key);
	if (e == NP_OK)
		e = enrol_path(u->cfg.dir, "root.pem", &root);
	if (e < 0)
		return e;
	const struct tls_cfg cfg = { .use = TLS_LINK_CLIENT,
				     .cert_file = buf_c(&cert),
				     .key_file = buf_c(&key),
				     .root_file = buf_c(&root) };
	return tls_new(&cfg, &u->tls, why);
}

np_err uplink_new(const struct uplink_cfg *cfg, struct uplink **ret_uplink, struct buf *ret_why)
{
	struct uplink *u = np_zalloc(sizeof *u);
	if (!u)
		return NP_E_NOMEM;
	u->cfg = *cfg;
	u->gateway = cfg->id.n_gateways ? rnd_u64() % cfg->id.n_gateways : 0;
	u->retry = loop_timer_new(cfg->loop, on_retry, u);
	u->tick = loop_timer_new(cfg->loop, on_tick, u);
	u->soon = loop_timer_new(cfg->loop, on_soon, u);
	u->renew = loop_timer_new(cfg->loop, on_renew, u);
	make_metrics(u, cfg->metrics);
	np_err e = u->retry && u->tick && u->soon && u->renew ? make_tls(u, ret_why) : NP_E_NOMEM;
	if (e == NP_OK)
		e = sender_new(cfg->spool, cfg->metrics, &u->sender);
	if (e < 0) {
		uplink_free(u);
		return e;
	}
	loop_timer_at(u->tick, loop_now_ms(cfg->loop) + TICK_MS);
	plan_renewal(u);
	if (cfg->id.expired) /* the gateway would refuse it; the ca renews it for some days */
		on_renew(u);
	else
		loop_timer_at(u->retry, loop_now_ms(cfg->loop));
	*ret_uplink = u;
	return NP_OK;
}

void uplink_free(struct uplink *u)
{
	if (!u)
		return;
	gwlink_free(u->next);
	gwlink_free(u->link);
	enrol_cancel(u->enrol);
	sender_free(u->sender);
	loop_timer_free(u->retry);
	loop_timer_free(u->tick);
	loop_timer_free(u->soon);
	loop_timer_free(u->renew);
	tls_free(u->tls);
	free(u);
}
