/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/spool.h"

#include <unistd.h>

#include "base/clock.h"
#include "checker/spool_in.h"
#include "wire/batch.h"

#define SPOOL_TICK_MS 1000

/* ---- timers ------------------------------------------------------------------------------ */

void spool_on_linger(void *ctx)
{
	struct spool *s = ctx;
	s->flush_due = true;
	spool_kick(s);
}

static uint64_t count_unanswered(const struct spool *s)
{
	uint64_t n = 0;
	for (size_t i = 0; i < s->epochs_n; i++)
		for (size_t k = 0; k < NP_SHARDS; k++)
			n += s->epochs[i]->stream[k].last - s->epochs[i]->stream[k].acked;
	return n;
}

void spool_on_tick(void *ctx)
{
	struct spool *s = ctx;
	loop_timer_at(s->tick, loop_now_ms(s->loop) + SPOOL_TICK_MS);
	spool_epochs_sweep(s);
	metric_set(s->m_items, (int64_t)count_unanswered(s));
	metric_set(s->m_bytes, (int64_t)s->bytes);
	spool_kick(s);
}

uint64_t spool_epoch(const struct spool *s)
{
	return spool_present(s)->no;
}

uint64_t spool_unanswered(const struct spool *s)
{
	return count_unanswered(s);
}

/* ---- adding ------------------------------------------------------------------------------ */

static bool keep(struct spool *s, uint32_t shard, uint64_t seq, int64_t slot_us, np_str item)
{
	struct seg_rec r = { .kind = SEG_ITEM,
			     .shard = shard,
			     .seq = seq,
			     .slot_us = slot_us,
			     .prev_shard = s->prev_shard,
			     .prev_seq = s->prev_seq,
			     .item = item };
	s->prev_shard = shard;
	s->prev_seq = seq;
	if (seg_put_rec(&s->unwritten, &r) < 0) {
		s->unwritten.err = NP_OK; /* nothing was added: go on when there is room again */
		return false;
	}
	spool_span_add(&s->unwritten_span, shard, seq, slot_us);
	if (!loop_timer_is_set(s->linger) && !s->flush_due)
		loop_timer_at(s->linger, loop_now_ms(s->loop) + SPOOL_LINGER_MS);
	return true;
}

uint64_t spool_add(struct spool *s, uint32_t shard, int64_t slot_us, np_str item)
{
	assert(shard < NP_SHARDS && item.n > 0 && item.n <= SEG_ITEM_MAX);
	struct stream *st = &spool_present(s)->stream[shard];
	if (st->load_next == 0)
		st->load_next = 1;
	uint64_t seq = ++st->last;
	bool kept = keep(s, shard, seq, slot_us, item);
	bool shown =
		st->load_next == seq && stream_has_room(st) && stream_push(st, 1, slot_us, item);
	if (!kept && !shown) {
		metric_add(s->m_lost, 1);
		stream_lose(st, (struct hole){ seq, 1, slot_us, slot_us, BATCH_W_SPOOL_FULL });
	}
	s->more(s->ctx);
	return seq;
}

/* ---- sending ------------------------------------------------------------------------------ */

struct stream *spool_active(const struct spool *s, uint32_t shard, struct epoch **ret_epoch)
{
	for (size_t i = 0; i < s->epochs_n; i++) {
		struct stream *st = &s->epochs[i]->stream[shard];
		bool present = i + 1 == s->epochs_n;
		if (!stream_used(st) || (!present && stream_is_empty(st) && st->ended))
			continue;
		*ret_epoch = s->epochs[i];
		return st;
	}
	return NULL;
}

static void take(struct stream *st, size_t items_max, struct spool_batch *b, struct buf *items)
{
	while (st->to_send && b->items < items_max) {
		struct stream_ent *e = st->to_send;
		if (items->n + e->n + 16 > items->max ||
		    batch_put_item(items, (np_str){ e->bytes, e->n }) < 0)
			return;
		b->items++;
		b->last_seq = e->seq + e->count - 1;
		st->to_send = e->next;
	}
}

bool spool_next(struct spool *s, uint32_t shard, size_t items_max, struct spool_batch *ret,
		struct buf *items)
{
	struct epoch *e = NULL;
	struct stream *st = s->renumber ? NULL : spool_active(s, shard, &e);
	if (!st)
		return false;
	bool old = e != spool_present(s);
	if (!st->to_send)
		stream_load_holes(st);
	if (st->load_next <= st->last && st->window < STREAM_WINDOW_MAX / 2)
		spool_kick(s);
	struct spool_batch b = { .epoch = e->no, .shard = shard, .first_seq = st->load_next };
	if (st->to_send)
		b.first_seq = st->to_send->seq;
	b.last_seq = b.first_seq - 1;
	take(st, items_max, &b, items);
	b.end = old && !st->to_send && st->load_next > st->last;
	if (b.items == 0 && (!b.end || st->end_sent))
		return false;
	st->end_sent = st->end_sent || b.end;
	s->state_dirty = s->state_dirty || !e->sent;
	e->sent = true;
	*ret = b;
	return true;
}

/* ---- answers ------------------------------------------------------------------------------- */

static struct stream *stream_of(const struct spool *s, uint64_t epoch, uint32_t shard)
{
	struct epoch *e = shard < NP_SHARDS ? spool_epoch_of(s, epoch) : NULL;
	return e && stream_used(&e->stream[shard]) ? &e->stream[shard] : NULL;
}

void spool_ack(struct spool *s, uint64_t epoch, uint32_t shard, uint64_t n)
{
	struct stream *st = stream_of(s, epoch, shard);
	if (!st)
		return;
	stream_ack(st, n);
	if (st->end_sent && stream_is_empty(st))
		st->ended = true;
	s->state_dirty = true;
	if (st->load_next <= st->last && st->window < STREAM_WINDOW_MAX / 2)
		spool_kick(s);
}

void spool_rewind(struct spool *s, uint64_t epoch, uint32_t shard, uint64_t n)
{
	struct stream *st = stream_of(s, epoch, shard);
	if (!st)
		return;
	stream_rewind(st, n);
	s->state_dirty = true;
	spool_kick(s);
	s->more(s->ctx);
}

void spool_unsend(struct spool *s, uint32_t shard)
{
	for (size_t i = 0; i < s->epochs_n; i++)
		for (uint32_t k = 0; k < NP_SHARDS; k++)
			if (shard == SPOOL_ALL_SHARDS || shard == k)
				stream_unsend(&s->epochs[i]->stream[k]);
}

void spool_give_up(struct spool *s, uint64_t epoch, uint32_t shard, uint64_t seq)
{
	struct stream *st = stream_of(s, epoch, shard);
	if (!st || seq <= st->acked || seq > st->last)
		return;
	int64_t slot_us = st->head ? st->head->slot_us : 0;
	stream_forget_window(st); /* what is lost is outside the window */
	stream_lose(st, (struct hole){ seq, 1, slot_us, slot_us, BATCH_W_UNREADABLE });
	metric_add(s->m_lost, 1);
	s->state_dirty = true;
	spool_kick(s);
}

/* ---- what is held ------------------------------------------------------------------------- */

static int64_t oldest_slot(const struct spool *s, const struct epoch *e, uint32_t shard)
{
	const struct stream *st = &e->stream[shard];
	if (st->to_send)
		return st->to_send->slot_us;
	if (st->load_next == 0 || st->load_next > st->last)
		return 0;
	const struct hole *h = stream_hole(st, st->load_next);
	const struct seg *g = h ? NULL : spool_seg_with(s, e->no, shard, st->load_next);
	return h ? h->from_us : g ? g->span.from_us : 0;
}

uint32_t spool_oldest_ms(const struct spool *s, int64_t wall_us)
{
	int64_t oldest = 0;
	for (size_t i = 0; i < s->epochs_n; i++)
		for (uint32_t k = 0; k < NP_SHARDS; k++) {
			int64_t slot = oldest_slot(s, s->epochs[i], k);
			if (slot > 0 && (oldest == 0 || slot < oldest))
				oldest = slot;
		}
	if (oldest == 0)
		return 0;
	int64_t ms = (wall_us - oldest) / NP_MS_US;
	return ms < 1 ? 1 : ms > UINT32_MAX ? UINT32_MAX : (uint32_t)ms;
}

size_t spool_held(const struct spool *s, struct spool_held *ret, size_t max)
{
	size_t n = 0;
	for (size_t i = 0; i < s->epochs_n; i++)
		for (uint32_t k = 0; k < NP_SHARDS && n < max; k++) {
			const struct stream *st = &s->epochs[i]->stream[k];
			if (stream_used(st) && !stream_is_empty(st))
				ret[n++] = (struct spool_held){ s->epochs[i]->no, st->acked + 1,
								st->last, k };
		}
	return n;
}
