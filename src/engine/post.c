/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/post.h"

#include "base/clock.h"
#include "base/str.h"
#include "wire/ack.h"
#include "wire/job.h"
#include "wire/live.h"
#include "wire/queue.h"

#define POST_PIPE 1024 /* commands between two flushes */
#define POST_VALUES 40 /* of one LPUSH */
#define POST_STRIPS 20 /* of one HSET */
#define POST_DEADLINE_MS 2000

void post_init(struct post *p, struct redis *redis, const struct seal *seal, const char *engine)
{
	*p = (struct post){ .redis = redis, .seal = seal, .engine = engine };
	buf_init(&p->text, LIVE_MSG_MAX);
}

void post_done(struct post *p)
{
	buf_done(&p->text);
}

static void keep_err(struct post *p, np_err e)
{
	if (e < 0 && p->err == NP_OK)
		p->err = e;
}

static void flush(struct post *p)
{
	if (p->queued > 0)
		keep_err(p, redis_flush(p->redis));
	p->queued = 0;
}

static void queue(struct post *p, const struct redis_args *a)
{
	if (p->err == NP_OK)
		keep_err(p, redis_queue(p->redis, a));
	if (++p->queued >= POST_PIPE)
		flush(p);
}

static void publish(struct post *p, np_str channel, np_str message)
{
	struct redis_args a;
	redis_args_init(&a, "PUBLISH");
	redis_args_add(&a, channel);
	redis_args_add(&a, message);
	queue(p, &a);
}

/* ---- answers ---- */

static void publish_acks(struct post *p, np_str gateway, Np__I1__AckBatch *b)
{
	char channel[ACK_CHANNEL_MAX];
	buf_reset(&p->text);
	np_err e = b->n_acks > 0 ? ack_put(p->seal, gateway, b, &p->text) : NP_E_NOTFOUND;
	if (e == NP_OK)
		publish(p, ack_channel(gateway, channel), buf_str(&p->text));
	b->n_acks = 0;
}

/* All answers for one gateway, which are taken off the list by emptying its name. */
static void send_acks(struct post *p, struct fx_row *from, np_str gateway)
{
	Np__I1__AckRecord *acks[ACK_BATCH_MAX];
	Np__I1__AckBatch b = NP__I1__ACK_BATCH__INIT;
	b.acks = acks;
	for (struct fx_row *r = from; r; r = r->next) {
		struct group_ack *a = NP_CONTAINER_OF(r, struct group_ack, row);
		if (a->gateway.n == 0 || !str_eq(a->gateway, gateway))
			continue;
		acks[b.n_acks++] = &a->msg;
		if (b.n_acks == ACK_BATCH_MAX)
			publish_acks(p, gateway, &b);
		if (r != from)
			a->gateway.n = 0;
	}
	publish_acks(p, gateway, &b);
}

static void acks(struct post *p, struct group *g)
{
	for (struct fx_row *r = g->acks.first; r; r = r->next) {
		struct group_ack *a = NP_CONTAINER_OF(r, struct group_ack, row);
		if (a->gateway.n > 0)
			send_acks(p, r, a->gateway);
	}
}

/* ---- live ---- */

static void live(struct post *p, struct group *g, int64_t at_us)
{
	Np__I1__Committed of[NP_SHARDS], *list[NP_SHARDS];
	Np__I1__LiveMsg *m = &g->after;
	m->committed = list;
	m->n_committed = 0;
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		const struct group_part *part = &g->part[i];
		if (!part->used || part->from == part->to)
			continue;
		of[i] = (Np__I1__Committed)NP__I1__COMMITTED__INIT;
		of[i].shard = i;
		of[i].token = part->token;
		of[i].live = part->live;
		of[i].at_us = at_us;
		list[m->n_committed++] = &of[i];
	}
	m->engine = fx_c(str_from_c(p->engine));
	buf_reset(&p->text);
	if (m->n_committed + m->n_groups > 0 && live_put(p->seal, m, &p->text) == NP_OK)
		publish(p, str_from_c(LIVE_CHANNEL), buf_str(&p->text));
	m->committed = NULL;
	m->n_committed = 0;
}

/* ---- caches ---- */

static void push_some(struct post *p, np_str key, struct fx_result *const *newest_first, size_t n)
{
	struct buf sealed[POST_VALUES];
	struct redis_args a;
	redis_args_init(&a, "LPUSH");
	redis_args_add(&a, key);
	for (size_t i = 0; i < n; i++) {
		buf_init(&sealed[i], LIVE_MSG_MAX);
		const struct fx_result *x = newest_first[n - 1 - i];
		if (live_put_last(p->seal, &x->msg, &sealed[i]) == NP_OK)
			redis_args_add(&a, buf_str(&sealed[i]));
	}
	if (a.n > 2)
		queue(p, &a);
	for (size_t i = 0; i < n; i++)
		buf_done(&sealed[i]);
}

static void last_of(struct post *p, const struct fx_mon *w)
{
	struct fx_result *list[LIVE_LAST_MAX];
	char text[LIVE_KEY_MAX];
	np_str key = live_last_key(w->no, text);
	size_t n = 0;
	for (struct fx_row *r = w->results; r && n < LIVE_LAST_MAX; r = r->next)
		list[n++] = NP_CONTAINER_OF(r, struct fx_result, of_mon);
	while (n > 0) { /* oldest first, so that the newest ends in front */
		size_t some = n < POST_VALUES ? n : POST_VALUES;
		push_some(p, key, &list[n - some], some);
		n -= some;
	}
	struct redis_args a;
	redis_args_init(&a, "LTRIM");
	redis_args_add(&a, key);
	redis_args_i64(&a, 0);
	redis_args_i64(&a, LIVE_LAST_MAX - 1);
	queue(p, &a);
}

static void strips(struct post *p, const struct group *g)
{
	struct redis_args a;
	char text[LIVE_KEY_MAX];
	uint64_t org = 0;
	a.n = 0;
	for (struct fx_row *r = g->fx->mons.first; r; r = r->next) {
		const struct fx_mon *w = NP_CONTAINER_OF(r, struct fx_mon, row);
		if (!w->results)
			continue;
		if (a.n > 0 && (w->org != org || a.n >= 2 + 2 * POST_STRIPS)) {
			queue(p, &a);
			a.n = 0;
		}
		if (a.n == 0) {
			org = w->org;
			redis_args_init(&a, "HSET");
			redis_args_add(&a, live_strip_key(org, text));
		}
		redis_args_u64(&a, w->no);
		redis_args_c(&a, w->strip);
	}
	if (a.n > 0)
		queue(p, &a);
}

static void caches(struct post *p, const struct group *g)
{
	strips(p, g);
	for (struct fx_row *r = g->fx->mons.first; r; r = r->next) {
		const struct fx_mon *w = NP_CONTAINER_OF(r, struct fx_mon, row);
		if (w->results)
			last_of(p, w);
	}
}

/* ---- the rest ---- */

static void trim(struct post *p, const struct group *g)
{
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		char key[QUEUE_KEY_MAX];
		if (!g->part[i].read || p->err < 0)
			continue;
		keep_err(p, redis_xtrim_queue(p->redis, queue_key(i, key), g->part[i].last));
		p->queued++;
	}
}

static void nudges(struct post *p, const struct group *g)
{
	if (g->fx->notices.n > 0)
		publish(p, str_from_c(JOB_OUTBOX_CHANNEL), NP_STR("1"));
	buf_reset(&p->text);
	if (g->fx->memberships.n > 0 && job_put_nudge(p->seal, JOB_N_MEMBERSHIP, &p->text) == NP_OK)
		publish(p, str_from_c(JOB_REGISTRY_CHANNEL), buf_str(&p->text));
}

np_err post_group(struct post *p, struct group *g, int64_t at_us)
{
	p->queued = 0;
	p->err = redis_ready(p->redis, clock_mono_ms() + POST_DEADLINE_MS);
	if (p->err < 0)
		return p->err;
	acks(p, g);
	live(p, g, at_us);
	flush(p);
	trim(p, g);
	nudges(p, g);
	caches(p, g);
	flush(p);
	return p->err;
}
