/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/stream.h"

#include "wire/batch.h"

static void drop_window(struct stream *st)
{
	while (st->head) {
		struct stream_ent *e = st->head;
		st->head = e->next;
		free(e);
	}
	st->tail = st->to_send = NULL;
	st->window = 0;
	st->window_bytes = 0;
}

void stream_done(struct stream *st)
{
	drop_window(st);
	free(st->holes);
	*st = (struct stream){ 0 };
}

bool stream_push(struct stream *st, uint64_t count, int64_t slot_us, np_str item)
{
	struct stream_ent *e = np_zalloc(sizeof *e + item.n);
	if (!e)
		return false;
	e->seq = st->load_next;
	e->count = count;
	e->slot_us = slot_us;
	e->n = item.n;
	memcpy(e->bytes, item.p, item.n);
	if (st->tail)
		st->tail->next = e;
	else
		st->head = e;
	st->tail = e;
	if (!st->to_send)
		st->to_send = e;
	st->window++;
	st->window_bytes += item.n;
	st->load_next += count;
	return true;
}

/* ---- holes ----------------------------------------------------------------------------- */

const struct hole *stream_hole(const struct stream *st, uint64_t seq)
{
	size_t lo = 0, hi = st->holes_n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		const struct hole *h = &st->holes[mid];
		if (seq < h->seq)
			hi = mid;
		else if (seq - h->seq >= h->count)
			lo = mid + 1;
		else
			return h;
	}
	return NULL;
}

static void widen(struct hole *h, const struct hole *more)
{
	uint64_t end = h->seq + h->count, other = more->seq + more->count;
	h->seq = h->seq < more->seq ? h->seq : more->seq;
	h->count = (end > other ? end : other) - h->seq;
	if (more->from_us && (!h->from_us || more->from_us < h->from_us))
		h->from_us = more->from_us;
	h->to_us = h->to_us > more->to_us ? h->to_us : more->to_us;
}

static bool touches(const struct hole *a, const struct hole *b)
{
	return a->seq <= b->seq + b->count && b->seq <= a->seq + a->count;
}

/* Places at[i…] that the new hole overlaps or follows directly become one with it. */
static void merge_from(struct stream *st, size_t i)
{
	while (i + 1 < st->holes_n && touches(&st->holes[i], &st->holes[i + 1])) {
		widen(&st->holes[i], &st->holes[i + 1]);
		memmove(&st->holes[i + 1], &st->holes[i + 2],
			(st->holes_n - i - 2) * sizeof *st->holes);
		st->holes_n--;
	}
}

static bool make_room(struct stream *st)
{
	if (st->holes_n < st->holes_cap)
		return true;
	size_t cap = st->holes_cap ? st->holes_cap * 2 : 8;
	if (cap > STREAM_HOLES_MAX)
		return false;
	struct hole *p = np_reallocarray(st->holes, cap, sizeof *p);
	if (!p)
		return false;
	st->holes = p;
	st->holes_cap = cap;
	return true;
}

static void insert(struct stream *st, struct hole h)
{
	size_t i = st->holes_n;
	while (i > 0 && st->holes[i - 1].seq > h.seq)
		i--;
	if (i > 0 && touches(&st->holes[i - 1], &h)) {
		widen(&st->holes[i - 1], &h);
		merge_from(st, i - 1);
	} else if (make_room(st)) {
		memmove(&st->holes[i + 1], &st->holes[i], (st->holes_n - i) * sizeof h);
		st->holes[i] = h;
		st->holes_n++;
		merge_from(st, i);
	} else if (st->holes_n > 0) {
		/* More separate losses than can be told: what lies between two counts as lost. */
		widen(&st->holes[i > 0 ? i - 1 : 0], &h);
		merge_from(st, i > 0 ? i - 1 : 0);
	}
}

void stream_lose(struct stream *st, struct hole h)
{
	uint64_t end = h.seq + h.count;
	uint64_t from = st->load_next > st->acked + 1 ? st->load_next : st->acked + 1;
	if (h.seq < from)
		h.seq = from;
	if (h.seq >= end)
		return;
	h.count = end - h.seq;
	insert(st, h);
}

void stream_load_holes(struct stream *st)
{
	char scratch[64];
	const struct hole *h;
	while (stream_has_room(st) && (h = stream_hole(st, st->load_next))) {
		struct buf item = { .p = NULL, .max = sizeof scratch };
		uint64_t count = h->seq + h->count - st->load_next;
		int64_t from = h->from_us ? h->from_us : h->to_us;
		struct batch_lost lost = { .count = count,
					   .from_us = from,
					   .to_us = h->to_us > from ? h->to_us : from,
					   .why = (enum batch_why)h->why };
		bool ok = batch_item_lost(&item, &lost) == NP_OK &&
			  stream_push(st, count, from, buf_str(&item));
		buf_done(&item);
		if (!ok)
			return;
	}
}

/* ---- answers --------------------------------------------------------------------------- */

static void forget_holes(struct stream *st)
{
	size_t n = 0;
	while (n < st->holes_n && st->holes[n].seq + st->holes[n].count - 1 <= st->acked)
		n++;
	if (n == 0)
		return;
	memmove(st->holes, st->holes + n, (st->holes_n - n) * sizeof *st->holes);
	st->holes_n -= n;
}

void stream_ack(struct stream *st, uint64_t n)
{
	if (n > st->last)
		n = st->last; /* nobody can have more than there is */
	if (n <= st->acked)
		return;
	st->acked = n;
	while (st->head && st->head->seq + st->head->count - 1 <= n) {
		struct stream_ent *e = st->head;
		st->head = e->next;
		if (st->to_send == e)
			st->to_send = e->next;
		st->window--;
		st->window_bytes -= e->n;
		free(e);
	}
	if (!st->head)
		st->tail = NULL;
	if (st->load_next <= n)
		st->load_next = n + 1;
	forget_holes(st);
}

void stream_unsend(struct stream *st)
{
	st->to_send = st->head;
	st->end_sent = false;
}

void stream_rewind(struct stream *st, uint64_t n)
{
	if (n == 0)
		n = 1;
	if (n > st->last + 1)
		return;
	st->end_sent = false;
	st->ended = false;
	if (st->acked >= n)
		st->acked = n - 1;
	if (st->head && n >= st->head->seq) {
		struct stream_ent *e = st->head;
		while (e && e->seq + e->count <= n)
			e = e->next;
		if (!e || e->seq == n || e->count == 1) {
			st->to_send = e;
			return;
		}
	}
	drop_window(st);
	st->load_next = n;
}

void stream_forget_window(struct stream *st)
{
	drop_window(st);
	st->load_next = st->acked + 1;
	st->end_sent = false;
}
