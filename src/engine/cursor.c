/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/cursor.h"

#include "base/map.h"

struct epoch {
	uint64_t no, last;
};
struct peer {
	uint64_t checker, closed_below;
	size_t n, cap;
	struct epoch *epoch;
};
struct cursors {
	struct map *peers;
};

static void peer_free(void *value)
{
	struct peer *p = value;
	free(p->epoch);
	free(p);
}

struct cursors *cursors_new(void)
{
	struct cursors *c = np_zalloc(sizeof *c);
	if (c)
		c->peers = map_new(CURSOR_CHECKERS_MAX);
	if (c && !c->peers) {
		free(c);
		return NULL;
	}
	return c;
}

void cursors_free(struct cursors *c)
{
	if (!c)
		return;
	map_free(c->peers, peer_free);
	free(c);
}

static struct epoch *find(const struct peer *p, uint64_t epoch)
{
	for (size_t i = 0; p && i < p->n; i++)
		if (p->epoch[i].no == epoch)
			return &p->epoch[i];
	return NULL;
}

static uint64_t last_of(const struct batch_head *h)
{
	return h->first_seq + h->numbers - 1;
}

struct cursor_says cursors_judge(const struct cursors *c, uint64_t checker,
				 const struct batch_head *h)
{
	const struct peer *p = map_get(c->peers, checker);
	const struct epoch *ep = find(p, h->epoch);
	uint64_t last = ep ? ep->last : 0;
	if (p && h->epoch < p->closed_below)
		return (struct cursor_says){ .verdict = CURSOR_CLOSED, .n = last_of(h) };
#ifndef NP_MUTANT_NO_GAP_RULE
	if (h->first_seq > last + 1)
		return (struct cursor_says){ .verdict = CURSOR_GAP, .n = last + 1 };
#endif
	if (!ep && p && p->n >= CURSOR_EPOCHS_MAX)
		return (struct cursor_says){ .verdict = CURSOR_FULL };
	if (last_of(h) <= last && !h->end)
		return (struct cursor_says){ .verdict = CURSOR_KNOWN, .n = last_of(h) };
	if (last_of(h) < last) /* an old piece that claims to be the end: it is not */
		return (struct cursor_says){ .verdict = CURSOR_KNOWN, .n = last_of(h) };
	struct cursor_says says = { .verdict = CURSOR_FOLD, .n = last_of(h) };
#ifndef NP_MUTANT_NO_DEDUPE
	says.skip = last >= h->first_seq ? last + 1 - h->first_seq : 0;
#endif
	return says;
}

static struct peer *peer_of(struct cursors *c, uint64_t checker)
{
	struct peer *p = map_get(c->peers, checker);
	if (p)
		return p;
	p = np_zalloc(sizeof *p);
	if (!p)
		return NULL;
	p->checker = checker;
	if (map_put(c->peers, checker, p, NULL) < 0) {
		free(p);
		return NULL;
	}
	return p;
}

static np_err set_last(struct peer *p, uint64_t epoch, uint64_t last)
{
	struct epoch *ep = find(p, epoch);
	if (ep) {
		ep->last = last;
		return NP_OK;
	}
	if (p->n == p->cap) {
		size_t cap = p->cap ? 2 * p->cap : 2;
		void *grown = np_reallocarray(p->epoch, cap, sizeof *p->epoch);
		if (!grown)
			return NP_E_NOMEM;
		p->epoch = grown;
		p->cap = cap;
	}
	p->epoch[p->n++] = (struct epoch){ .no = epoch, .last = last };
	return NP_OK;
}

static void close_below(struct peer *p, uint64_t below)
{
	if (below <= p->closed_below)
		return;
	p->closed_below = below;
	size_t kept = 0;
	for (size_t i = 0; i < p->n; i++)
		if (p->epoch[i].no >= below)
			p->epoch[kept++] = p->epoch[i];
	p->n = kept;
}

np_err cursors_advance(struct cursors *c, uint64_t checker, const struct batch_head *h)
{
	struct peer *p = peer_of(c, checker);
	if (!p)
		return NP_E_NOMEM;
	if (h->end) {
		close_below(p, h->epoch + 1);
		return NP_OK;
	}
	return set_last(p, h->epoch, last_of(h));
}

uint64_t cursors_closed_below(const struct cursors *c, uint64_t checker)
{
	const struct peer *p = map_get(c->peers, checker);
	return p ? p->closed_below : 0;
}

uint64_t cursors_last(const struct cursors *c, uint64_t checker, uint64_t epoch)
{
	const struct epoch *ep = find(map_get(c->peers, checker), epoch);
	return ep ? ep->last : 0;
}

void cursors_each(const struct cursors *c, void (*fn)(void *ctx, const struct cursor_row *row),
		  void *ctx)
{
	size_t pos = 0;
	uint64_t checker;
	void *value;
	while (map_next(c->peers, &pos, &checker, &value)) {
		const struct peer *p = value;
		if (p->closed_below)
			fn(ctx, &(struct cursor_row){ .checker = checker,
						      .closed = true,
						      .epoch = p->closed_below });
		for (size_t i = 0; i < p->n; i++)
			fn(ctx, &(struct cursor_row){ .checker = checker,
						      .epoch = p->epoch[i].no,
						      .last = p->epoch[i].last });
	}
}

np_err cursors_put(struct cursors *c, const struct cursor_row *row)
{
	struct peer *p = peer_of(c, row->checker);
	if (!p)
		return NP_E_NOMEM;
	if (row->closed) {
		close_below(p, row->epoch);
		return NP_OK;
	}
	return set_last(p, row->epoch, row->last);
}
