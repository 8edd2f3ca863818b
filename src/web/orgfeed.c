/* SPDX-License-Identifier: Apache-2.0 */
#include "web/orgfeed.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/map.h"
#include "web/liverow.h"

enum part { PART_RESULTS, PART_STATES, PART_INCIDENTS, PART_MONITORS, PART_N };
static const char *const part_names[] = {
	[PART_RESULTS] = "results",
	[PART_STATES] = "states",
	[PART_INCIDENTS] = "incidents",
	[PART_MONITORS] = "monitors",
};
static_assert(NP_LEN(part_names) == PART_N, "name every part");

/* Last values of one monitor, with the frame that told them. */
struct last {
	uint64_t result_n, state_n;
	struct liverow_result result;
	struct liverow_state state;
};

struct frame {
	uint64_t n;
	char *text; /* as sent */
	size_t len;
	char *rare; /* its incidents and monitors, comma-separated, one after the other */
	size_t rare_len[2];
};

struct orgfeed {
	struct orgfeed_cfg cfg;
	struct loop_timer *timer;
	struct map *monitors;          /* number -> struct last */
	struct orgfeed_reader readers; /* list head */
	size_t n_readers;
	uint64_t n; /* of the newest frame */
	int64_t flushed_ms, looked_ms;
	bool behind, behind_new, dirty;
	struct buf part[PART_N]; /* elements of the coming frame */
	struct buf text;         /* scratch for a frame */
	struct frame *ring;      /* grows to OFEED_FRAMES_MAX */
	size_t cap, first, count, bytes;
};

static void drop_last(void *value)
{
	struct last *l = value;
	free(l->state.why);
	free(l);
}

/* The i-th frame, or the place where the next one goes. */
static struct frame *ring_at(const struct orgfeed *o, size_t i)
{
	assert(o->cap > 0);
	return &o->ring[(o->first + i) % o->cap];
}

static void ring_drop(struct orgfeed *o)
{
	struct frame *f = ring_at(o, 0);
	o->bytes -= f->len + f->rare_len[0] + f->rare_len[1];
	free(f->text);
	free(f->rare);
	*f = (struct frame){ 0 };
	o->first = (o->first + 1) % o->cap;
	o->count--;
}

static void ring_clear(struct orgfeed *o)
{
	while (o->count > 0)
		ring_drop(o);
}

void orgfeed_free(struct orgfeed *o)
{
	if (!o)
		return;
	assert(o->n_readers == 0);
	loop_timer_free(o->timer);
	map_free(o->monitors, drop_last);
	ring_clear(o);
	free(o->ring);
	for (size_t i = 0; i < PART_N; i++)
		buf_done(&o->part[i]);
	buf_done(&o->text);
	free(o);
}

static void flush(void *ctx);

struct orgfeed *orgfeed_new(const struct orgfeed_cfg *cfg)
{
	struct orgfeed *o = np_zalloc(sizeof *o);
	if (!o)
		return NULL;
	o->cfg = *cfg;
	o->readers.next = o->readers.prev = &o->readers;
	for (size_t i = 0; i < PART_N; i++)
		buf_init(&o->part[i], OFEED_FRAME_MAX);
	buf_init(&o->text, 5 * OFEED_FRAME_MAX);
	o->monitors = map_new(OFEED_MONITORS_MAX);
	o->timer = loop_timer_new(cfg->loop, flush, o);
	if (!o->monitors || !o->timer) {
		orgfeed_free(o);
		return NULL;
	}
	o->looked_ms = -OFEED_IDLE_MS;
	return o;
}

static bool is_watched(const struct orgfeed *o)
{
	return o->n_readers > 0 || loop_now_ms(o->cfg.loop) - o->looked_ms < OFEED_IDLE_MS;
}

static struct last *last_of(struct orgfeed *o, uint64_t monitor)
{
	struct last *l = map_get(o->monitors, monitor);
	if (l)
		return l;
	l = np_zalloc(sizeof *l);
	if (l && map_put(o->monitors, monitor, l, NULL) < 0) {
		free(l);
		l = NULL;
	}
	return l;
}

static struct buf *element(struct orgfeed *o, enum part p)
{
	struct buf *b = &o->part[p];
	if (b->n > 0)
		buf_add_byte(b, ',');
	o->dirty = true;
	return b;
}

static void flush_full(struct orgfeed *o)
{
	size_t n = 0;
	for (size_t i = 0; i < PART_N; i++)
		n += o->part[i].n;
	if (n >= OFEED_FRAME_FULL)
		flush(o);
}

void orgfeed_result(struct orgfeed *o, const Np__I1__LiveResult *r)
{
	struct liverow_result row;
	liverow_take_result(&row, r);
	struct last *l = last_of(o, r->monitor);
	if (l) {
		l->result = row;
		l->result_n = o->n + 1;
	}
	o->dirty = true;
	if (is_watched(o))
		liverow_put_result(&row, element(o, PART_RESULTS));
	flush_full(o);
}

void orgfeed_state(struct orgfeed *o, const Np__I1__LiveState *s)
{
	o->dirty = true;
	if (s->changed || s->removed)
		liverow_put_change(s->monitor_id.data, s->removed, element(o, PART_MONITORS));
	if (s->removed) {
		struct last *gone = map_del(o->monitors, s->monitor);
		if (gone)
			drop_last(gone);
		return;
	}
	struct last *l = last_of(o, s->monitor);
	if (!l || !liverow_take_state(&l->state, s))
		return;
	memcpy(l->result.id, s->monitor_id.data, sizeof l->result.id);
	l->state_n = o->n + 1;
	if (is_watched(o))
		liverow_put_state(l->result.id, &l->state, element(o, PART_STATES));
	flush_full(o);
}

void orgfeed_incident(struct orgfeed *o, const Np__I1__LiveIncident *i)
{
	liverow_put_incident(i, element(o, PART_INCIDENTS));
}

void orgfeed_behind(struct orgfeed *o, bool behind)
{
	if (o->behind == behind)
		return;
	o->behind = behind;
	o->behind_new = o->dirty = true;
}

/* "id: …\nevent: batch\ndata: {…}\n\n" */
static void put_frame(const struct orgfeed *o, const np_str part[PART_N], struct buf *out)
{
	buf_printf(out, "id: %s.%llu\nevent: batch\ndata: {\"at\":%lld", o->cfg.incarnation,
		   (unsigned long long)o->n, (long long)clock_wall_us());
	for (size_t i = 0; i < PART_N; i++) {
		if (part[i].n == 0)
			continue;
		buf_printf(out, ",\"%s\":[", part_names[i]);
		buf_add(out, part[i]);
		buf_add_byte(out, ']');
	}
	if (o->behind || o->behind_new)
		buf_add_c(out, o->behind ? ",\"behind\":true" : ",\"behind\":false");
	buf_add_c(out, "}\n\n");
}

static bool ring_grow(struct orgfeed *o)
{
	if (o->count < o->cap || o->cap == OFEED_FRAMES_MAX)
		return true;
	size_t cap = o->cap ? 4 * o->cap : 64;
	struct frame *more = np_calloc(cap, sizeof *more);
	if (!more)
		return false;
	for (size_t i = 0; i < o->count; i++)
		more[i] = *ring_at(o, i);
	free(o->ring);
	o->ring = more;
	o->cap = cap;
	o->first = 0;
	return true;
}

static bool ring_add(struct orgfeed *o, np_str text)
{
	if (!ring_grow(o))
		return false;
	struct buf *rare = &o->part[PART_INCIDENTS];
	struct buf *more = &o->part[PART_MONITORS];
	struct frame f = { .n = o->n, .len = text.n, .rare_len = { rare->n, more->n } };
	f.text = np_zalloc(text.n);
	f.rare = np_zalloc(rare->n + more->n + 1);
	if (!f.text || !f.rare) {
		free(f.text);
		free(f.rare);
		return false;
	}
	memcpy(f.text, text.p, text.n);
	if (rare->n)
		memcpy(f.rare, rare->p, rare->n);
	if (more->n)
		memcpy(f.rare + rare->n, more->p, more->n);
	size_t size = f.len + rare->n + more->n;
	while (o->count > 0 && (o->count == o->cap || o->bytes + size > OFEED_RING_MAX))
		ring_drop(o);
	*ring_at(o, o->count) = f;
	o->count++;
	o->bytes += size;
	return true;
}

static void deliver(struct orgfeed *o, np_str text)
{
	struct orgfeed_reader *next;
	for (struct orgfeed_reader *r = o->readers.next; r != &o->readers; r = next) {
		next = r->next; /* a reader may leave here */
		r->frame(r, o->n, text);
	}
}

static void start_over(struct orgfeed *o)
{
	for (size_t i = 0; i < PART_N; i++)
		buf_reset(&o->part[i]);
	buf_reset(&o->text);
	o->dirty = o->behind_new = false;
}

static void flush(void *ctx)
{
	struct orgfeed *o = ctx;
	if (!o->dirty)
		return;
	o->flushed_ms = loop_now_ms(o->cfg.loop);
	o->n++;
	np_str part[PART_N];
	bool whole = true;
	for (size_t i = 0; i < PART_N; i++) {
		part[i] = buf_str(&o->part[i]);
		whole = whole && buf_failed(&o->part[i]) == NP_OK;
	}
	if (is_watched(o) && whole) {
		put_frame(o, part, &o->text);
		if (buf_failed(&o->text) == NP_OK && ring_add(o, buf_str(&o->text))) {
			deliver(o, buf_str(&o->text));
			start_over(o);
			return;
		}
		whole = false;
	}
	/* Nobody looks, or it did not fit: whoever comes with an older number starts over. */
	ring_clear(o);
	start_over(o);
	if (!whole)
		orgfeed_reset(o);
}

static int64_t gap_ms(const struct orgfeed *o)
{
	size_t gap = OFEED_GAP_MIN_MS + o->n_readers / OFEED_GAP_READERS;
	return gap < OFEED_GAP_MAX_MS ? (int64_t)gap : OFEED_GAP_MAX_MS;
}

void orgfeed_kick(struct orgfeed *o)
{
	if (!o->dirty)
		return;
	int64_t due = o->flushed_ms + gap_ms(o);
	if (loop_now_ms(o->cfg.loop) >= due)
		flush(o);
	else if (!loop_timer_is_set(o->timer))
		loop_timer_at(o->timer, due);
}

void orgfeed_reset(struct orgfeed *o)
{
	ring_clear(o);
	o->n++;
	struct orgfeed_reader *next;
	for (struct orgfeed_reader *r = o->readers.next; r != &o->readers; r = next) {
		next = r->next;
		r->reset(r);
	}
}

void orgfeed_join(struct orgfeed *o, struct orgfeed_reader *r)
{
	r->next = &o->readers;
	r->prev = o->readers.prev;
	r->prev->next = r;
	o->readers.prev = r;
	o->n_readers++;
}

void orgfeed_leave(struct orgfeed *o, struct orgfeed_reader *r)
{
	r->prev->next = r->next;
	r->next->prev = r->prev;
	r->next = r->prev = NULL;
	assert(o->n_readers > 0);
	o->n_readers--;
	o->looked_ms = loop_now_ms(o->cfg.loop);
}

uint64_t orgfeed_seq(struct orgfeed *o)
{
	o->looked_ms = loop_now_ms(o->cfg.loop);
	return o->n;
}

/* Offset in the ring of the first frame after n, or SIZE_MAX: some are missing. */
static size_t ring_after(const struct orgfeed *o, uint64_t n)
{
	uint64_t oldest = o->n + 1 - o->count; /* the ring has no holes: it is cleared instead */
	return n + 1 < oldest ? SIZE_MAX : (size_t)(n + 1 - oldest);
}

static void gather_last(const struct orgfeed *o, uint64_t n, struct buf part[PART_N])
{
	size_t pos = 0;
	uint64_t key;
	void *value;
	while (map_next(o->monitors, &pos, &key, &value)) {
		const struct last *l = value;
		if (l->result_n > n) {
			if (part[PART_RESULTS].n)
				buf_add_byte(&part[PART_RESULTS], ',');
			liverow_put_result(&l->result, &part[PART_RESULTS]);
		}
		if (l->state_n > n) {
			if (part[PART_STATES].n)
				buf_add_byte(&part[PART_STATES], ',');
			liverow_put_state(l->result.id, &l->state, &part[PART_STATES]);
		}
	}
}

static void gather_rare(const struct orgfeed *o, size_t from, struct buf part[PART_N])
{
	for (size_t i = from; i < o->count; i++) {
		const struct frame *f = ring_at(o, i);
		const char *p = f->rare;
		for (size_t k = 0; k < 2; k++) {
			struct buf *b = &part[PART_INCIDENTS + k];
			if (f->rare_len[k] && b->n)
				buf_add_byte(b, ',');
			buf_add(b, (np_str){ p, f->rare_len[k] });
			p += f->rare_len[k];
		}
	}
}

static np_err put_last_values(const struct orgfeed *o, uint64_t n, size_t from, struct buf *out)
{
	struct buf part[PART_N];
	np_str text[PART_N];
	np_err e = NP_OK;
	for (size_t i = 0; i < PART_N; i++)
		buf_init(&part[i], OFEED_FRAME_MAX);
	gather_last(o, n, part);
	gather_rare(o, from, part);
	for (size_t i = 0; i < PART_N; i++) {
		text[i] = buf_str(&part[i]);
		if (e == NP_OK)
			e = buf_failed(&part[i]);
	}
	if (e == NP_OK)
		put_frame(o, text, out);
	for (size_t i = 0; i < PART_N; i++)
		buf_done(&part[i]);
	return e < 0 ? NP_E_NOTFOUND : NP_OK;
}

NP_NODISCARD np_err orgfeed_since(struct orgfeed *o, uint64_t n, struct buf *out)
{
	if (n > o->n)
		return NP_E_NOTFOUND;
	if (n == o->n)
		return NP_OK;
	size_t from = ring_after(o, n);
	if (from == SIZE_MAX)
		return NP_E_NOTFOUND;
	size_t size = 0;
	for (size_t i = from; i < o->count; i++)
		size += ring_at(o, i)->len;
	if (size > OFEED_REPLAY_MAX)
		return put_last_values(o, n, from, out);
	for (size_t i = from; i < o->count; i++) {
		const struct frame *f = ring_at(o, i);
		buf_add(out, (np_str){ f->text, f->len });
	}
	return buf_failed(out) < 0 ? NP_E_NOTFOUND : NP_OK;
}

size_t orgfeed_last(const struct orgfeed *o, struct arena *a, struct orgfeed_last **ret)
{
	size_t n = 0, pos = 0;
	uint64_t key;
	void *value;
	struct orgfeed_last *list = arena_calloc(a, map_len(o->monitors) + 1, sizeof *list);
	if (!list)
		return 0;
	while (map_next(o->monitors, &pos, &key, &value)) {
		const struct last *l = value;
		if (l->result.end_us == 0)
			continue;
		list[n++] = (struct orgfeed_last){ key, l->result.end_us, l->result.duration_us };
	}
	*ret = list;
	return n;
}
