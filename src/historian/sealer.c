/* SPDX-License-Identifier: Apache-2.0 */
#include "historian/sealer.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mbox.h"
#include "historian/seal.h"
#include "historian/seal_store.h"

#define FIRST_HEAD_MS (5 * NP_SEC_MS) /* after the start: what was linked is signed soon */
#define OTHERS_MS NP_SEC_MS           /* somebody else seals: look again after this */

struct sealer_metrics {
	struct metric *rows, *heads, *failed, *wait_us;
};

struct sealer {
	struct sealer_cfg cfg;
	pthread_t thread;
	struct mbox *wake; /* never holds a message: closed to stop */
	_Atomic bool stopping;
	struct pg_conn *c;
	struct sign_key *key; /* NULL: none */
	struct headsfile heads;
	int64_t link_ms, renew_ms, sign_ms; /* next */
	bool told;                          /* a failure was logged, and nothing worked since */
	struct sealer_metrics m;
};

static void make_metrics(struct sealer *s)
{
	struct metrics *m = s->cfg.metrics;
	s->m = (struct sealer_metrics){
		.rows = metrics_get(m, METRIC_COUNTER, "netpulse_historian_sealed_rows_total", "",
				    "Audit rows linked into their chain"),
		.heads = metrics_get(m, METRIC_COUNTER, "netpulse_historian_heads_signed_total", "",
				     "Lines appended to the heads file"),
		.failed = metrics_get(m, METRIC_COUNTER, "netpulse_historian_seal_failures_total",
				      "", "Turns of the sealer that failed"),
		.wait_us = metrics_get(m, METRIC_HIST_US, "netpulse_historian_seal_wait_seconds",
				       "", "How long the oldest row of a turn was not linked"),
	};
}

static np_err noted(struct sealer *s, const char *what, np_err e)
{
	if (e < 0) {
		metric_add(s->m.failed, 1);
		if (!s->told)
			np_log(NP_WARN, "sealer.failed", KV_C("what", what), KV_ERR(e),
			       KV_C("sqlstate", pg_conn_error(s->c)->sqlstate),
			       KV_C("why", pg_conn_error(s->c)->message));
	}
	return e;
}

/* Rows wait, or the lease wants to be renewed. *ret_more: as many as one turn takes. */
static np_err link_some(struct sealer *s, bool *ret_more)
{
	struct seal_turn t = { 0 };
	bool waits = false;
	int64_t now_ms = clock_mono_ms();
	*ret_more = false;
	if (now_ms < s->link_ms)
		return NP_OK;
	pg_conn_deadline(s->c, now_ms + SEAL_TURN_MS);
	np_err e = seal_store_waits(s->c, &waits);
	if (e < 0 || (!waits && now_ms < s->renew_ms))
		return e;
	e = seal_link(s->c, s->cfg.name, &t);
	if (e < 0)
		return e;
	s->renew_ms = now_ms + SEAL_LEASE_MS / 3;
	s->link_ms = t.ours ? 0 : now_ms + OTHERS_MS;
	if (t.rows > 0) {
		metric_add(s->m.rows, (int64_t)t.rows);
		metric_observe_us(s->m.wait_us, t.oldest_us);
	}
	*ret_more = t.rows == SEAL_ROWS;
	return NP_OK;
}

static np_err sign_heads(struct sealer *s)
{
	struct seal_turn t = { 0 };
	int64_t now_ms = clock_mono_ms();
	if (!s->key || now_ms < s->sign_ms)
		return NP_OK;
	s->sign_ms = now_ms + s->cfg.heads_every_ms;
	np_err e = seal_sign(s->c, s->cfg.name, &s->heads, s->key, &t);
	if (e == NP_OK && t.rows > 0)
		metric_add(s->m.heads, (int64_t)t.rows);
	if (e == NP_OK && s->heads.torn)
		np_log(NP_WARN, "sealer.torn_head_dropped", KV_C("file", s->heads.path));
	return e;
}

static bool turn(struct sealer *s)
{
	bool more = false;
	np_err e = noted(s, "connect", pg_conn_ready(s->c, clock_mono_ms() + SEAL_TURN_MS));
	if (e == NP_OK)
		e = noted(s, "link", link_some(s, &more));
	if (e == NP_OK)
		e = noted(s, "sign", sign_heads(s));
	if (e == NP_OK && s->told)
		np_log_event(NP_INFO, "sealer.works_again");
	s->told = e < 0;
	return more;
}

static void *sealer_main(void *ctx)
{
	struct sealer *s = ctx;
	while (!atomic_load(&s->stopping))
		if (!turn(s))
			(void)mbox_recv(s->wake, clock_mono_ms() + SEALER_POLL_MS);
	return NULL;
}

static void sealer_free(struct sealer *s)
{
	pg_conn_free(s->c);
	sign_key_free(s->key);
	mbox_free(s->wake, free);
	free(s);
}

static np_err make(struct sealer *s)
{
	np_err e = NP_OK;
	if (s->cfg.heads_every_ms == 0)
		s->cfg.heads_every_ms = SEALER_HEADS_MS;
	s->sign_ms =
		clock_mono_ms() +
		(s->cfg.heads_every_ms < FIRST_HEAD_MS ? s->cfg.heads_every_ms : FIRST_HEAD_MS);
	headsfile_init(&s->heads, s->cfg.heads_file);
	if (s->cfg.key_file && s->cfg.heads_file)
		e = sign_key_load(s->cfg.key_file, &s->key);
	s->wake = mbox_new(1);
	s->c = pg_conn_new(&s->cfg.database);
	return e == NP_OK && (!s->wake || !s->c) ? NP_E_NOMEM : e;
}

np_err sealer_start(const struct sealer_cfg *cfg, struct sealer **ret)
{
	struct sealer *s = np_zalloc(sizeof *s);
	if (!s)
		return NP_E_NOMEM;
	s->cfg = *cfg;
	np_err e = make(s);
	if (e == NP_OK) {
		make_metrics(s);
		if (pthread_create(&s->thread, NULL, sealer_main, s) != 0)
			e = NP_E_NOMEM;
	}
	if (e < 0) {
		sealer_free(s);
		return e;
	}
	*ret = s;
	return NP_OK;
}

void sealer_stop(struct sealer *s)
{
	if (!s)
		return;
	atomic_store(&s->stopping, true);
	mbox_close(s->wake);
	pthread_join(s->thread, NULL);
	sealer_free(s);
}
