/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/ingest.h"

#include "base/clock.h"
#include "gateway/answer.h"
#include "gateway/heard.h"
#include "gateway/pressure.h"

static Np__I1__QueueRecord record_of(struct gw *g, const struct gw_checker *c)
{
	Np__I1__QueueRecord r = NP__I1__QUEUE_RECORD__INIT;
	r.gateway = (char *)(uintptr_t)g->name; /* packing only reads */
	r.incarnation = g->incarnation;
	r.received_us = clock_wall_us();
	r.checker = c->id;
	r.region = c->region->id;
	r.membership = c->region->membership;
	return r;
}

/* The items that decoding found invalid, in the message's arena. */
static np_err add_marks(struct gw *g, const struct batch *b, Np__I1__QueueRecord *r)
{
	const struct batch_head *h = batch_head(b);
	if (h->invalid == 0)
		return NP_OK;
	Np__I1__Mark *m = arena_calloc(g->arena, h->invalid, sizeof *m);
	r->marks = arena_calloc(g->arena, h->invalid, sizeof(Np__I1__Mark *));
	if (!m || !r->marks)
		return NP_E_LIMIT;
	for (size_t i = 0; i < h->items; i++) {
		const struct batch_item *it = batch_item(b, i);
		if (!it->invalid)
			continue;
		Np__I1__Mark *x = &m[r->n_marks];
		np__i1__mark__init(x);
		x->index = (uint32_t)i;
		x->reason = (char *)(uintptr_t)it->invalid;
		r->marks[r->n_marks++] = x;
	}
	return NP_OK;
}

static void on_queued(void *ctx, np_err e, const struct redis_reply *reply)
{
	struct pend *p = ctx;
	struct gw *g = p->g;
	(void)reply;
	if (e < 0)
		gw_count(g, GW_C_XADD_FAILED);
	if (e == NP_E_NOSPACE)
		pressure_oom(g);
	if (e < 0 && !p->closed)
		answer_again(g, p, e == NP_E_NOSPACE ? "the queue is full" : "the queue is away");
	pend_redis_done(p);
}

static np_err enqueue(struct gw *g, struct pend *p, Np__I1__QueueRecord *r)
{
	char key[QUEUE_KEY_MAX];
	r->request = p->request;
	buf_reset(&g->record);
	np_err e = queue_put(g->seal, p->shard, r, &g->record);
	if (e == NP_OK)
		e = aredis_xadd(g->redis, queue_key(p->shard, key), buf_str(&g->record), on_queued,
				p);
	if (e == NP_OK)
		pend_redis(p, g->record.n);
	return e;
}

static void count_batch(struct gw *g, const struct batch_head *h)
{
	gw_count(g, GW_C_BATCHES);
	metric_add(g->count[GW_C_ITEMS], (int64_t)h->items);
	if (h->invalid > 0)
		metric_add(g->count[GW_C_INVALID], (int64_t)h->invalid);
}

static np_err pressed(struct gw *g, const char *why, const char **ret_why)
{
	gw_count(g, GW_C_PAUSES);
	*ret_why = why;
	return NP_E_AGAIN;
}

np_err ingest_batch(struct gw *g, const struct pend_from *from, np_str batch, const char **ret_why)
{
	struct batch *b = NULL;
	arena_reset(g->arena);
	np_err e = batch_decode(g->arena, batch, &b);
	if (e < 0) {
		gw_count(g, GW_C_UNREADABLE);
		return e;
	}
	const struct batch_head *h = batch_head(b);
	heard_note(g, from->checker, h->oldest_ms);
	const char *why = pressure_now(g);
	if (why)
		return pressed(g, why, ret_why);
	if (pend_is_full(from->checker, h->shard))
		return pressed(g, "too many batches unanswered", ret_why);
	Np__I1__QueueRecord r = record_of(g, from->checker);
	r.batch = pballoc_from_str(batch);
	e = add_marks(g, b, &r);
	if (e < 0)
		return e;
	struct pend *p = pend_new(g, from, h);
	if (!p)
		return pressed(g, "the gateway is full", ret_why);
	if (enqueue(g, p, &r) < 0) {
		pend_close(p);
		return pressed(g, "the queue is away", ret_why);
	}
	count_batch(g, h);
	return NP_OK;
}

void ingest_slow(struct gw *g, const struct gw_checker *c, Np__V1__Slow *slow)
{
	char key[QUEUE_KEY_MAX];
	Np__I1__QueueRecord r = record_of(g, c);
	r.slow = slow;
	buf_reset(&g->record);
	np_err e = pressure_now(g) ? NP_E_AGAIN : queue_put(g->seal, slow->shard, &r, &g->record);
	if (e == NP_OK)
		e = aredis_xadd(g->redis, queue_key(slow->shard, key), buf_str(&g->record), NULL,
				NULL);
	gw_count(g, e == NP_OK ? GW_C_SLOW : GW_C_SLOW_DROPPED);
}
