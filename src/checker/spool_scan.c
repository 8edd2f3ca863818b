/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/spool_in.h"
#include "wire/batch.h"

struct scan {
	struct spool *s;
	struct seg *g;
	struct epoch *e;
	int64_t slot_us[NP_SHARDS]; /* of the last good record */
};

/* Numbers of this shard up to `seq` were written once and are not there. */
static void miss(struct scan *c, uint32_t shard, uint64_t seq, int64_t slot_us)
{
	struct stream *st = &c->e->stream[shard];
	if (seq <= st->last)
		return;
	uint64_t first = st->last + 1;
	if (st->last == 0 && st->acked == 0)
		first = 1; /* what an acknowledged, removed segment held is in the state's `acked` */
	st->last = seq;
	if (st->load_next == 0)
		st->load_next = 1;
	stream_lose(st, (struct hole){ first, seq - first + 1, c->slot_us[shard], slot_us,
				       BATCH_W_DAMAGED });
	metric_add(c->s->m_lost, (int64_t)(seq - first + 1));
}

static void take_item(struct scan *c, const struct seg_rec *r)
{
	struct stream *st = &c->e->stream[r->shard];
	if (r->prev_shard < NP_SHARDS)
		miss(c, r->prev_shard, r->prev_seq, c->slot_us[r->prev_shard]);
	if (r->seq == 0 || r->seq > BATCH_SEQ_MAX)
		return;
	if (r->seq > st->last + 1)
		miss(c, r->shard, r->seq - 1, r->slot_us);
	if (!r->item.p) {
		c->slot_us[r->shard] = r->slot_us;
		miss(c, r->shard, r->seq, r->slot_us);
		return;
	}
	spool_span_add(&c->g->span, r->shard, r->seq, r->slot_us);
	c->slot_us[r->shard] = r->slot_us;
	if (r->seq > st->last)
		st->last = r->seq;
	if (st->load_next == 0)
		st->load_next = 1;
}

void spool_scan(struct spool *s, struct seg *g, np_str bytes, size_t *ret_keep)
{
	struct scan c = { .s = s, .g = g, .e = spool_epoch_of(s, g->epoch) };
	struct seg_rec r = { 0 };
	size_t pos = SEG_HEAD_LEN;
	enum seg_rc rc;
	while ((rc = seg_next(bytes, &pos, &r)) != SEG_END && rc != SEG_TAIL) {
		if (rc == SEG_SKIP)
			continue;
		if (r.kind == SEG_ITEM)
			take_item(&c, &r);
		else
			for (uint32_t i = 0; i < NP_SHARDS; i++)
				miss(&c, i, r.last[i], 0);
	}
	*ret_keep = pos < bytes.n ? pos : bytes.n;
}

/* One record of a loaded segment for a stream that waits for it. */
static bool offer(struct stream *st, const struct seg_rec *r)
{
	if (r->seq < st->load_next || !r->item.p)
		return true;
	stream_load_holes(st);
	if (r->seq > st->load_next && stream_has_room(st)) {
		/* readable when the spool was opened, and not now */
		stream_lose(st, (struct hole){ st->load_next, r->seq - st->load_next, r->slot_us,
					       r->slot_us, BATCH_W_DAMAGED });
		stream_load_holes(st);
	}
	return r->seq != st->load_next || !stream_has_room(st) ||
	       stream_push(st, 1, r->slot_us, r->item);
}

static bool wants(const struct spool *s, uint64_t epoch, uint32_t shard, const struct stream *st,
		  const struct seg *g)
{
	return st->load_next > 0 && st->load_next <= st->last &&
	       spool_seg_with(s, epoch, shard, st->load_next) == g;
}

void spool_offer(struct spool *s, uint64_t epoch, np_str bytes)
{
	struct epoch *e = spool_epoch_of(s, epoch);
	const struct seg *g = spool_seg_of(s, epoch, s->job.number);
	struct seg_rec r = { 0 };
	size_t pos = SEG_HEAD_LEN;
	enum seg_rc rc;
	bool wanted[NP_SHARDS] = { false };
	for (uint32_t i = 0; e && g && i < NP_SHARDS; i++)
		wanted[i] = wants(s, epoch, i, &e->stream[i], g);
	while (e && (rc = seg_next(bytes, &pos, &r)) != SEG_END && rc != SEG_TAIL)
		if (rc == SEG_REC && r.kind == SEG_ITEM && wanted[r.shard] &&
		    !offer(&e->stream[r.shard], &r))
			return; /* no memory: tried again later */
	/* What the segment was said to hold and did not. */
	for (uint32_t i = 0; e && g && i < NP_SHARDS; i++) {
		struct stream *st = &e->stream[i];
		if (!wanted[i] || !stream_has_room(st) || st->load_next > g->span.last[i])
			continue;
		stream_lose(st, (struct hole){ st->load_next, g->span.last[i] - st->load_next + 1,
					       g->span.from_us, g->span.to_us, BATCH_W_DAMAGED });
		stream_load_holes(st);
	}
}
