/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/heard.h"

#include "base/clock.h"

struct list {
	struct gw_checker **c;
	size_t n, cap;
};
struct heard {
	struct gw *g;
	struct loop_timer *every, *urgent;
	struct list heard, hurry;
};

static np_err push(struct list *l, struct gw_checker *c)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct gw_checker **p = np_reallocarray(l->c, cap, sizeof *p);
		if (!p)
			return NP_E_NOMEM;
		l->c = p;
		l->cap = cap;
	}
	l->c[l->n++] = c;
	return NP_OK;
}

/* ---- records -------------------------------------------------------------------- */

static bool concerns(const struct gw_checker *c, uint32_t shard)
{
	return shard == 0 || c->on_shard[shard] > 0;
}

static Np__I1__Heard *heard_of(struct gw *g, struct gw_checker *c)
{
	Np__I1__Heard *h = arena_alloc(g->arena, sizeof *h);
	if (!h)
		return NULL;
	np__i1__heard__init(h);
	h->checker = c->id;
	h->region = c->region->id;
	h->heard_us = c->heard_us;
	h->oldest_ms = c->oldest_ms;
	h->hello = c->hello;
	h->gone = c->gone;
	h->skew_us = c->skew_us;
	h->version = c->version;
	return h;
}

/* A lost record is made up for by the next second's. */
static void send_record(struct gw *g, uint32_t shard, Np__I1__Heard **heard, size_t n)
{
	char key[QUEUE_KEY_MAX];
	Np__I1__QueueRecord r = NP__I1__QUEUE_RECORD__INIT;
	r.gateway = (char *)(uintptr_t)g->name;
	r.incarnation = g->incarnation;
	r.received_us = clock_wall_us();
	r.n_heard = n;
	r.heard = heard;
	buf_reset(&g->record);
	np_err e = queue_put(g->seal, shard, &r, &g->record);
	if (e == NP_OK)
		e = aredis_xadd(g->redis, queue_key(shard, key), buf_str(&g->record), NULL, NULL);
	if (e < 0)
		gw_count(g, GW_C_XADD_FAILED);
}

/* Who concerns the shard, in records of at most QUEUE_HEARD_MAX. */
static void send_shard(struct gw *g, uint32_t shard, const struct list *l)
{
	size_t n = 0;
	Np__I1__Heard **heard = NULL;
	for (size_t i = 0; i < l->n; i++) {
		if (!concerns(l->c[i], shard))
			continue;
		if (n == 0) {
			arena_reset(g->arena);
			heard = arena_calloc(g->arena, QUEUE_HEARD_MAX, sizeof(Np__I1__Heard *));
		}
		Np__I1__Heard *h = heard ? heard_of(g, l->c[i]) : NULL;
		if (!h)
			return;
		heard[n++] = h;
		if (n == QUEUE_HEARD_MAX) {
			send_record(g, shard, heard, n);
			n = 0;
		}
	}
	if (n > 0)
		send_record(g, shard, heard, n);
}

static void tell(struct gw *g, struct list *l)
{
	if (l->n == 0)
		return;
	if (aredis_is_up(g->redis))
		for (uint32_t shard = 0; shard < NP_SHARDS; shard++)
			send_shard(g, shard, l);
	for (size_t i = 0; i < l->n; i++) {
		l->c[i]->hello = false;
		l->c[i]->gone = false;
	}
}

static void tell_urgent(struct heard *p)
{
	tell(p->g, &p->hurry);
	for (size_t i = 0; i < p->hurry.n; i++)
		p->hurry.c[i]->in_urgent = false;
	p->hurry.n = 0;
}

static void on_urgent(void *ctx)
{
	struct heard *p = ctx;
	if (aredis_is_up(p->g->redis))
		tell_urgent(p);
	else /* a HELLO is not to be lost: try again */
		loop_timer_at(p->urgent, loop_now_ms(p->g->loop) + PRESENCE_EVERY_MS);
}

static void on_every(void *ctx)
{
	struct heard *p = ctx;
	tell(p->g, &p->heard);
	for (size_t i = 0; i < p->heard.n; i++)
		p->heard.c[i]->in_heard = false;
	p->heard.n = 0;
	loop_timer_at(p->every, loop_now_ms(p->g->loop) + PRESENCE_EVERY_MS);
}

/* ---- what is heard ----------------------------------------------------------------- */

void heard_note(struct gw *g, struct gw_checker *c, uint32_t oldest_ms)
{
	struct heard *p = g->presence;
	c->heard_us = clock_wall_us();
	c->oldest_ms = oldest_ms;
	if (c->in_heard || c->in_urgent)
		return;
	c->in_heard = push(&p->heard, c) == NP_OK;
}

static void hurry(struct gw *g, struct gw_checker *c)
{
	struct heard *p = g->presence;
	if (!c->in_urgent)
		c->in_urgent = push(&p->hurry, c) == NP_OK;
	if (!loop_timer_is_set(p->urgent))
		loop_timer_at(p->urgent, loop_now_ms(g->loop) + PRESENCE_URGENT_MS);
}

void heard_hello(struct gw *g, struct gw_checker *c)
{
	c->heard_us = clock_wall_us();
	c->hello = true;
	c->gone = false;
	hurry(g, c);
}

void heard_gone(struct gw *g, struct gw_checker *c)
{
	c->gone = true;
	hurry(g, c);
}

void heard_flush(struct gw *g)
{
	tell_urgent(g->presence);
}

struct heard *heard_new(struct gw *g)
{
	struct heard *p = np_zalloc(sizeof *p);
	if (!p)
		return NULL;
	p->g = g;
	p->every = loop_timer_new(g->loop, on_every, p);
	p->urgent = loop_timer_new(g->loop, on_urgent, p);
	if (!p->every || !p->urgent) {
		heard_free(p);
		return NULL;
	}
	loop_timer_at(p->every, loop_now_ms(g->loop) + PRESENCE_EVERY_MS);
	return p;
}

void heard_free(struct heard *p)
{
	if (!p)
		return;
	loop_timer_free(p->every);
	loop_timer_free(p->urgent);
	free(p->heard.c);
	free(p->hurry.c);
	free(p);
}
