/* SPDX-License-Identifier: Apache-2.0 */
/* What a checker is to run, in parts that fit a frame, no faster than it reads. A list of
 * monitor numbers to be told is all that is kept: whether one is to be run or forgotten, and
 * how, is looked up when its part is made. */
#include "base/clock.h"
#include "gateway/peer_impl.h"

#define PART_MONITORS_MAX 4096
#define PART_BYTES_MAX (FRAME_ASSIGN_MAX - 8192)
#define MONITOR_BYTES 128 /* of its numbers, encoded */
#define BACKLOG_GO_ON FRAME_ASSIGN_MAX

static bool push(struct peer *p, uint64_t monitor)
{
	if (p->n_dirty > p->told && p->dirty[p->n_dirty - 1] == monitor)
		return true; /* a new definition leaves and enters the bucket: one change */
	if (p->n_dirty == p->cap_dirty) {
		size_t cap = p->cap_dirty ? p->cap_dirty * 2 : 16;
		uint64_t *d = cap > 2 * (size_t)PEER_DIRTY_MAX
				      ? NULL
				      : np_reallocarray(p->dirty, cap, sizeof *d);
		if (!d)
			return false;
		p->dirty = d;
		p->cap_dirty = cap;
	}
	p->dirty[p->n_dirty++] = monitor;
	return true;
}

void peer_mark(struct peer *p, uint64_t monitor)
{
	struct peers *ps = p->g->peers;
	if (!p->hello)
		return; /* HELLO brings everything */
	if (!push(p, monitor))
		p->broken = true; /* closed with the flush: a new stream is told everything */
	if (p->marked)
		return;
	p->marked = true;
	p->marked_next = ps->marked;
	ps->marked = p;
}

static void fill(Np__V1__Monitor *m, const struct world *w, const struct gw_slot *s)
{
	const struct gw_monitor *g = s->mon;
	np__v1__monitor__init(m);
	m->monitor = g->id;
	m->revision = g->revision;
	m->shard = mon_shard(g->id);
	m->kind = (uint32_t)g->kind;
	m->target = g->target;
	m->interval_ms = g->interval_ms;
	m->timeout_ms = g->timeout_ms;
	m->retries = g->retries;
	m->retry_interval_ms = g->retry_interval_ms;
	m->region_index = s->index;
	m->region_count = (uint32_t)g->n;
	m->options_json = g->options;
	m->assertions_json = g->assertions;
	m->private_ok = world_private_ok(w, s);
	m->load = g->load;
}

struct part {
	Np__V1__Assign msg;
	Np__V1__Monitor *rows;
	size_t bytes;
};

static np_err part_init(struct part *t, struct arena *a, size_t n)
{
	np__v1__assign__init(&t->msg);
	t->bytes = 0;
	t->rows = arena_calloc(a, n, sizeof *t->rows);
	t->msg.upsert = arena_calloc(a, n, sizeof(Np__V1__Monitor *));
	t->msg.remove = arena_calloc(a, n, sizeof *t->msg.remove);
	return t->rows && t->msg.upsert && t->msg.remove ? NP_OK : NP_E_NOMEM;
}

/* The monitors from p->told on, until the part is full. */
static void part_fill(struct part *t, struct peer *p, size_t n)
{
	const struct world *w = p->g->world;
	for (size_t i = 0; i < n; i++) {
		uint64_t id = p->dirty[p->told];
		const struct gw_slot *s = world_slot(w, id, p->checker->region);
		bool run = s && s->owner == p->checker;
		size_t size = run ? s->mon->bytes + MONITOR_BYTES : 10;
		if (i > 0 && t->bytes + size > PART_BYTES_MAX)
			return;
		t->bytes += size;
		p->told++;
		if (!run) {
			t->msg.remove[t->msg.n_remove++] = id;
			continue;
		}
		Np__V1__Monitor *m = &t->rows[t->msg.n_upsert];
		fill(m, w, s);
		t->msg.upsert[t->msg.n_upsert++] = m;
	}
}

static bool send_part(struct peer *p)
{
	struct gw *g = p->g;
	struct part t;
	size_t n = p->n_dirty - p->told;
	if (n > PART_MONITORS_MAX)
		n = PART_MONITORS_MAX;
	arena_reset(g->arena);
	if (part_init(&t, g->arena, n + 1) < 0) {
		peer_close(p, "no memory");
		return false;
	}
	part_fill(&t, p, n);
	t.msg.generation = p->generation;
	t.msg.full = p->full;
	t.msg.more = p->told < p->n_dirty;
	p->full = false;
	buf_reset(&g->frame);
	if (frame_put_assign(&g->frame, &t.msg) < 0) {
		peer_close(p, "assignment too large");
		return false;
	}
	gw_count(g, GW_C_ASSIGNS);
	return peer_send(p);
}

bool passign_go_on(struct peer *p)
{
	if (p->broken) {
		peer_close(p, "no memory");
		return false;
	}
	if (p->told == p->n_dirty && !p->full)
		return true;
	if (p->told == 0) {
		uint64_t now = (uint64_t)clock_wall_us();
		p->generation = now > p->generation ? now : p->generation + 1;
	}
	do {
		if (conn_backlog(p->c) > BACKLOG_GO_ON)
			return true; /* on_drain goes on */
		if (!send_part(p))
			return false;
	} while (p->told < p->n_dirty);
	free(p->dirty);
	p->dirty = NULL;
	p->n_dirty = p->cap_dirty = p->told = 0;
	return true;
}

bool passign_full(struct peer *p)
{
	struct gw_checker *c = p->checker;
	p->n_dirty = p->told = 0;
	for (struct gw_slot *s = c->owned; s; s = s->owned_next)
		peer_mark(p, s->mon->id);
	p->full = true;
	return passign_go_on(p);
}

void peers_flush_assign(struct gw *g)
{
	struct peers *ps = g->peers;
	while (ps->marked) {
		struct peer *p = ps->marked;
		ps->marked = p->marked_next;
		p->marked_next = NULL;
		p->marked = false;
		(void)!passign_go_on(p);
	}
}
