/* SPDX-License-Identifier: Apache-2.0 */
#include "alerter/courier.h"

#include <pthread.h>
#include <stdatomic.h>

#include "alerter/rota.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/map.h"
#include "base/str.h"

#define DB_MS 5000
#define ARENA_MAX ((size_t)1024 * 1024)
#define CHANNELS_MAX 100000
#define OWNER_MAX 128

/* What is known of one destination: only while something is wrong or under way. */
struct destination {
	uint8_t id[16];
	struct breaker breaker;
	uint32_t flying;
};

struct courier {
	struct courier_cfg cfg;
	struct pg_conn *db;
	CURLM *multi;
	struct map *destinations;
	struct flight *done; /* ended, not yet recorded: the database may be away */
	struct flight *air;  /* under way, newest first */
	size_t flying;
	int64_t last_org; /* that had a turn */
	bool took_over;   /* leases of earlier incarnations ended */
	bool told;        /* a failure was logged, and no claim worked since */
	char owner[OWNER_MAX];
	uint8_t busy[OUTBOX_BUSY_MAX][16];
	int64_t next_claim_ms;
	pthread_t thread;
	_Atomic bool stop, ready, nudged;
	struct metric *attempts[OUTCOME_N], *in_flight, *claims_failed, *delay, *breakers;
};

static struct destination *destination_of(struct courier *c, const uint8_t id[16])
{
	uint64_t key = map_key_id(id);
	struct destination *d = map_get(c->destinations, key);
	if (d != NULL)
		return d;
	d = np_zalloc(sizeof *d);
	if (d == NULL)
		return NULL;
	memcpy(d->id, id, 16);
	if (map_put(c->destinations, key, d, NULL) < 0) {
		free(d);
		return NULL;
	}
	return d;
}

static void forget_if_well(struct courier *c, struct destination *d)
{
	if (d->flying == 0 && d->breaker.failures == 0)
		free(map_del(c->destinations, map_key_id(d->id)));
}

/* Channels that get nothing now: breaker open, or enough under way. */
static size_t busy_channels(struct courier *c)
{
	size_t pos = 0, n = 0;
	uint64_t key;
	void *value;
	int64_t now = clock_mono_ms(), open = 0;
	while (map_next(c->destinations, &pos, &key, &value)) {
		const struct destination *d = value;
		bool is_open = breaker_is_open(d->breaker, now);
		/* A broken destination is tested by one attempt at a time. */
		uint32_t room = d->breaker.failures >= BREAKER_FAILURES ? 1 : COURIER_PER_CHANNEL;
		open += is_open;
		if ((is_open || d->flying >= room) && n < OUTBOX_BUSY_MAX)
			memcpy(c->busy[n++], d->id, 16);
	}
	metric_set(c->breakers, open);
	return n;
}

static void landed(struct courier *c, struct flight *f)
{
	struct destination *d = destination_of(c, f->notice.channel);
	if (d != NULL) {
		d->flying--;
		d->breaker = breaker_after(d->breaker, c->cfg.pace, f->outcome, clock_mono_ms());
		forget_if_well(c, d);
	}
	if (f->prev != NULL)
		f->prev->next = f->next;
	else
		c->air = f->next;
	if (f->next != NULL)
		f->next->prev = f->prev;
	c->flying--;
	f->prev = NULL;
	f->next = c->done;
	c->done = f;
}

static void launch(struct courier *c, struct flight *f)
{
	int64_t now = clock_wall_us();
	struct destination *d = destination_of(c, f->notice.channel);
	if (d == NULL) { /* no memory: the lease ends and it comes again */
		send_free(f);
		return;
	}
	metric_observe_us(c->delay, now - f->notice.created_us);
	d->flying++;
	c->flying++;
	f->next = c->air;
	if (c->air != NULL)
		c->air->prev = f;
	c->air = f;
	send_prepare(f, &c->cfg.send, now);
	if (f->curl != NULL && curl_multi_add_handle(c->multi, f->curl) == CURLM_OK)
		return;
	if (f->curl != NULL) {
		f->outcome = OUTCOME_RETRY;
		(void)snprintf(f->say, sizeof f->say, "too many transfers");
	}
	landed(c, f);
}

/* A flight owns its texts. */
static struct flight *flight_new(const struct notice *n)
{
	struct flight *f = np_zalloc(sizeof *f);
	if (f != NULL && (f->arena = arena_new(ARENA_MAX)) == NULL)
		free(np_take(f));
	if (f == NULL)
		return NULL;
	f->notice = *n;
	f->notice.kind = arena_str(f->arena, n->kind);
	f->notice.channel_kind = arena_str(f->arena, n->channel_kind);
	f->notice.config = arena_str(f->arena, n->config);
	f->notice.secret = arena_str(f->arena, n->secret);
	f->notice.body = arena_str(f->arena, n->body);
	if (f->notice.config.p == NULL || f->notice.body.p == NULL) {
		send_free(f);
		return NULL;
	}
	return f;
}

static void on_claimed(void *ctx, const struct notice *n)
{
	struct courier *c = ctx;
	struct flight *f = flight_new(n);
	c->last_org = n->org;
	np_err e =
		f == NULL ? NP_E_NOMEM
			  : rota_resolve(c->db, f->arena, clock_wall_us(), &f->notice, &f->trouble);
	if (e == NP_OK || e == NP_E_NOTFOUND) {
		f->trouble = e == NP_OK ? NULL : f->trouble;
		launch(c, f);
		return;
	}
	send_free(f); /* no memory, no database: the lease ends and it comes again */
}

/* Room for attempts. One that hangs counts for a moment only: whoever keeps us waiting does not
 * keep others waiting. */
static size_t room(const struct courier *c)
{
	size_t young = 0;
	int64_t since = clock_mono_ms() - COURIER_YOUNG_MS;
	if (c->flying >= COURIER_FLIGHTS_MAX)
		return 0;
	for (const struct flight *f = c->air; f != NULL && f->started_ms >= since; f = f->next)
		young++;
	return young >= c->cfg.concurrency ? 0 : c->cfg.concurrency - young;
}

/* A few at a time: between two claims the limits of each destination are looked at again. */
static np_err claim_some(struct courier *c, size_t max, size_t *ret_n)
{
	const struct claim what = { .owner = str_from_c(c->owner),
				    .busy = (const uint8_t(*)[16])c->busy,
				    .n_busy = busy_channels(c),
				    .after_org = c->last_org,
				    .max = max < COURIER_PER_CHANNEL ? max : COURIER_PER_CHANNEL };
	return outbox_claim(c->db, &what, on_claimed, c, ret_n);
}

static np_err claim_all(struct courier *c)
{
	size_t n = 1, max;
	np_err e = pg_conn_ready(c->db, clock_mono_ms() + DB_MS);
	if (e == NP_OK && !c->took_over) {
		e = outbox_take_over(c->db, str_from_c(c->cfg.name), str_from_c(c->owner));
		c->took_over = e == NP_OK;
	}
	if (e == NP_OK)
		e = outbox_tidy(c->db);
	while (e == NP_OK && n > 0 && (max = room(c)) > 0) {
		pg_conn_deadline(c->db, clock_mono_ms() + DB_MS);
		e = claim_some(c, max, &n);
	}
	return e;
}

/* Failed attempts come again at their time; in tests that is soon. */
static int64_t poll_ms(const struct courier *c)
{
	int64_t first = c->cfg.pace.first_ms;
	return first > 0 && first < COURIER_POLL_MS ? first : COURIER_POLL_MS;
}

static void claim(struct courier *c)
{
	np_err e = claim_all(c);
	atomic_store(&c->ready, e == NP_OK);
	/* All places taken: look again as soon as the first of them stops counting. */
	c->next_claim_ms = clock_mono_ms() + (room(c) == 0 ? COURIER_YOUNG_MS / 4 : poll_ms(c));
	if (e < 0) {
		metric_add(c->claims_failed, 1);
		if (!c->told)
			np_log(NP_WARN, "outbox.claim_failed", KV_ERR(e),
			       KV_C("say", pg_conn_error(c->db)->message));
	} else if (c->told) {
		np_log_event(NP_INFO, "outbox.claims_again");
	}
	c->told = e < 0;
}

static int64_t pause_ms(const struct courier *c, const struct flight *f, uint32_t n)
{
	return retry_pause_ms(retry_after_ms(c->cfg.pace, n, (uint32_t)rnd_u64()), f->asked_s);
}

static np_err record(struct courier *c, struct flight *f)
{
	int64_t now = clock_wall_us();
	uint32_t n = f->notice.attempts + 1;
	struct attempt a = {
		.notice = &f->notice,
		.at_us = f->at_us,
		.took_ms = (int32_t)(clock_mono_ms() - f->started_ms),
		.outcome = retry_give_up(f->outcome, f->notice.created_us, now),
		.answer = str_clip_utf8(str_from_c(f->say), SEND_SAY_MAX),
		.next_us = now + pause_ms(c, f, n) * NP_MS_US,
	};
	crypt_sha256(buf_str(&f->answer), a.answer_sha256);
	np_err e = pg_conn_ready(c->db, clock_mono_ms() + DB_MS);
	if (e == NP_OK)
		e = outbox_record(c->db, &a);
	if (e == NP_OK) {
		metric_add(c->attempts[a.outcome], 1);
		np_log(a.outcome == OUTCOME_SENT ? NP_INFO : NP_WARN, "notice.attempt",
		       KV_I64("notice", f->notice.id), KV_STR("kind", f->notice.kind),
		       KV_C("outcome", outcome_name(a.outcome)), KV_U64("n", n),
		       KV_I64("took_ms", a.took_ms), KV_C("answer", f->say));
	}
	return e;
}

/* What cannot be recorded now stays here; should the lease end meanwhile, the notice goes out once
 * more under the same key. A record that the database refuses is dropped: it would never work. */
static void record_done(struct courier *c)
{
	struct flight *list = np_take(c->done);
	while (list != NULL) {
		struct flight *f = list;
		list = f->next;
		np_err e = record(c, f);
		if (e == NP_E_DB_GONE) {
			f->next = c->done;
			c->done = f;
			continue;
		}
		if (e < 0)
			np_log(NP_ERROR, "notice.record_failed", KV_I64("notice", f->notice.id),
			       KV_ERR(e), KV_C("say", pg_conn_error(c->db)->message));
		send_free(f);
		c->next_claim_ms = 0; /* the next of its subject may go now */
	}
}

static void collect(struct courier *c)
{
	int left = 0;
	CURLMsg *m;
	while ((m = curl_multi_info_read(c->multi, &left)) != NULL) {
		if (m->msg != CURLMSG_DONE)
			continue;
		char *p = NULL;
		CURLcode rc = m->data.result;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &p);
		struct flight *f = (struct flight *)(void *)p;
		(void)curl_multi_remove_handle(c->multi, f->curl);
		send_finish(f, rc);
		landed(c, f);
	}
}

static void turn(struct courier *c, bool claiming)
{
	int running = 0;
	(void)curl_multi_perform(c->multi, &running);
	collect(c);
	if (c->done != NULL)
		record_done(c);
	bool due = atomic_exchange(&c->nudged, false) || clock_mono_ms() >= c->next_claim_ms;
	if (claiming && due)
		claim(c);
	metric_set(c->in_flight, (int64_t)c->flying);
	int64_t wait = c->next_claim_ms - clock_mono_ms();
	int ms = wait < 1 ? 1 : wait > COURIER_POLL_MS ? COURIER_POLL_MS : (int)wait;
	if (atomic_load(&c->nudged))
		ms = 0;
	(void)curl_multi_poll(c->multi, NULL, 0, ms, NULL);
}

static void *run(void *ctx)
{
	struct courier *c = ctx;
	while (!atomic_load(&c->stop))
		turn(c, true);
	int64_t deadline = clock_mono_ms() + COURIER_DRAIN_MS;
	while ((c->flying > 0 || c->done != NULL) && clock_mono_ms() < deadline)
		turn(c, false);
	return NULL;
}

static void register_metrics(struct courier *c)
{
	struct metrics *m = c->cfg.metrics;
	static const char *const labels[OUTCOME_N] = {
		[OUTCOME_SENT] = "outcome=\"sent\"",
		[OUTCOME_RETRY] = "outcome=\"retry\"",
		[OUTCOME_UNCERTAIN] = "outcome=\"uncertain\"",
		[OUTCOME_DEAD] = "outcome=\"dead\"",
	};
	for (enum outcome o = 0; o < OUTCOME_N; o++)
		c->attempts[o] =
			metrics_get(m, METRIC_COUNTER, "netpulse_alerter_notice_attempts_total",
				    labels[o], "attempts to deliver a notice");
	c->in_flight = metrics_get(m, METRIC_GAUGE, "netpulse_alerter_notices_in_flight", "",
				   "attempts under way");
	c->claims_failed =
		metrics_get(m, METRIC_COUNTER, "netpulse_alerter_notice_claims_failed_total", "",
			    "claims that the database refused");
	c->delay = metrics_get(m, METRIC_HIST_US, "netpulse_alerter_notice_delay_seconds", "",
			       "age of a notice when an attempt starts");
	c->breakers = metrics_get(m, METRIC_GAUGE, "netpulse_alerter_notice_breakers_open", "",
				  "destinations left alone for now");
}

static void free_list(CURLM *multi, struct flight *f)
{
	while (f != NULL) {
		struct flight *next = f->next;
		if (f->curl != NULL)
			(void)curl_multi_remove_handle(multi, f->curl);
		send_free(f);
		f = next;
	}
}

static void courier_free(struct courier *c)
{
	free_list(c->multi, c->air);
	free_list(c->multi, c->done);
	map_free(c->destinations, free);
	if (c->multi != NULL)
		curl_multi_cleanup(c->multi);
	pg_conn_free(c->db);
	free(c);
}

np_err courier_start(const struct courier_cfg *cfg, struct courier **ret)
{
	struct courier *c = np_zalloc(sizeof *c);
	if (c == NULL)
		return NP_E_NOMEM;
	c->cfg = *cfg;
	(void)snprintf(c->owner, sizeof c->owner, "%.80s/%016llx", cfg->name,
		       (unsigned long long)rnd_u64());
	c->db = pg_conn_new(&cfg->database);
	c->multi = curl_multi_init();
	c->destinations = map_new(CHANNELS_MAX);
	register_metrics(c);
	if (c->db == NULL || c->multi == NULL || c->destinations == NULL ||
	    pthread_create(&c->thread, NULL, run, c) != 0) {
		courier_free(c);
		return NP_E_NOMEM;
	}
	*ret = c;
	return NP_OK;
}

void courier_nudge(struct courier *c)
{
	atomic_store(&c->nudged, true);
	(void)curl_multi_wakeup(c->multi);
}

bool courier_is_ready(const struct courier *c)
{
	return atomic_load(&c->ready);
}

void courier_stop(struct courier *c)
{
	if (c == NULL)
		return;
	atomic_store(&c->stop, true);
	(void)curl_multi_wakeup(c->multi);
	(void)pthread_join(c->thread, NULL);
	courier_free(c);
}
