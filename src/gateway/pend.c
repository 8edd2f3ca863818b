/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/pend.h"

#include "base/clock.h"
#include "gateway/peer.h"

struct list {
	struct pend *first, *last;
};
struct pends {
	struct map *map;
	struct list streams, posts; /* each oldest first: its members all wait equally long */
	size_t bytes;
};

struct pends *pends_new(void)
{
	struct pends *t = np_zalloc(sizeof *t);
	if (!t)
		return NULL;
	t->map = map_new(PEND_MAX);
	if (t->map)
		return t;
	free(t);
	return NULL;
}

void pends_free(struct pends *t)
{
	if (!t)
		return;
	assert(map_len(t->map) == 0);
	map_free(t->map, NULL);
	free(t);
}

size_t pends_len(const struct pends *t)
{
	return map_len(t->map);
}

struct pend *pends_first(const struct pends *t)
{
	return t->posts.first ? t->posts.first : t->streams.first;
}

size_t pends_bytes(const struct pends *t)
{
	return t->bytes + map_len(t->map) * sizeof(struct pend);
}

static struct list *list_of(struct pend *p)
{
	return p->peer ? &p->g->pends->streams : &p->g->pends->posts;
}

static void link_in(struct pend *p)
{
	struct list *l = list_of(p);
	p->prev = l->last;
	if (l->last)
		l->last->next = p;
	else
		l->first = p;
	l->last = p;
	if (!p->peer)
		return;
	struct pend **head = peer_pends(p->peer);
	p->peer_next = *head;
	if (*head)
		(*head)->peer_prev = p;
	*head = p;
}

static void link_out(struct pend *p)
{
	struct list *l = list_of(p);
	*(p->prev ? &p->prev->next : &l->first) = p->next;
	*(p->next ? &p->next->prev : &l->last) = p->prev;
	if (!p->peer)
		return;
	*(p->peer_prev ? &p->peer_prev->peer_next : peer_pends(p->peer)) = p->peer_next;
	if (p->peer_next)
		p->peer_next->peer_prev = p->peer_prev;
}

bool pend_is_full(const struct gw_checker *c, uint32_t shard)
{
	return c->unanswered[shard] >= GW_UNANSWERED_MAX;
}

struct pend *pend_new(struct gw *g, const struct pend_from *from, const struct batch_head *h)
{
	struct pend *p = np_zalloc(sizeof *p);
	if (!p)
		return NULL;
	*p = (struct pend){
		.g = g,
		.request = ++g->requests,
		.epoch = h->epoch,
		.shard = h->shard,
		.checker = from->checker,
		.peer = from->peer,
		.req = from->req,
		.json = from->json,
		.at_us = clock_mono_us(),
	};
	if (map_put(g->pends->map, p->request, p, NULL) < 0) {
		free(p);
		return NULL;
	}
	link_in(p);
	p->checker->unanswered[p->shard]++;
	return p;
}

struct pend *pend_find(const struct gw *g, uint64_t request)
{
	return map_get(g->pends->map, request);
}

void pend_redis(struct pend *p, size_t bytes)
{
	p->in_redis = true;
	p->bytes = bytes;
	p->g->pends->bytes += bytes;
}

void pend_redis_done(struct pend *p)
{
	p->in_redis = false;
	p->g->pends->bytes -= p->bytes;
	if (p->closed)
		free(p);
}

void pend_close(struct pend *p)
{
	assert(!p->closed);
	link_out(p);
	map_del(p->g->pends->map, p->request);
	p->checker->unanswered[p->shard]--;
	p->closed = true;
	p->peer = NULL;
	p->req = NULL;
	if (!p->in_redis)
		free(p);
}

struct pend *pend_overdue(const struct gw *g, int64_t now_us)
{
	struct pend *p = g->pends->posts.first;
	if (p && now_us - p->at_us >= GW_POST_MS * NP_MS_US)
		return p;
	p = g->pends->streams.first;
	return p && now_us - p->at_us >= GW_PENDING_MS * NP_MS_US ? p : NULL;
}

void pend_drop_peer(struct pend **list)
{
	for (struct pend *p = *list, *next; p; p = next) {
		next = p->peer_next;
		pend_close(p);
	}
}
