/* SPDX-License-Identifier: Apache-2.0 */
#include "checker/sender.h"

#include "base/clock.h"
#include "base/crypt.h"
#include "base/log.h"
#include "wire/batch.h"

#define ITEMS_BYTES_MAX (BATCH_BYTES_MAX - 256)
#define PAUSE_MAX_MS (60 * NP_SEC_MS)
#define CLOSED_SOON_MS 2000

struct waiting {
	uint64_t epoch, first, last;
	int64_t sent_us;
};

struct lane { /* one shard; a ring */
	struct waiting w[SENDER_UNANSWERED];
	size_t head, n;
	bool probe; /* after silence: one batch until an answer comes */
};

struct sender {
	struct spool *spool;
	struct lane lane[NP_SHARDS];
	size_t under_way;
	uint32_t next_shard; /* who is asked first: nobody is always the last */
	int64_t paused_until_ms;
	size_t items_max; /* of a batch: fewer while a gateway seems to choke */
	bool answered;    /* since the link came up */
	int64_t last_sent_ms;
	struct waiting suspect; /* the single item under way when links ended */
	uint32_t suspect_shard, suspicions;
	struct buf items, batch, frame;
	struct metric *m_batches, *m_items, *m_again, *m_under_way, *m_rtt;
};

np_err sender_new(struct spool *spool, struct metrics *m, struct sender **ret_sender)
{
	struct sender *s = np_zalloc(sizeof *s);
	if (!s)
		return NP_E_NOMEM;
	s->spool = spool;
	s->items_max = BATCH_ITEMS_MAX;
	buf_init(&s->items, ITEMS_BYTES_MAX);
	buf_init(&s->batch, BATCH_BYTES_MAX);
	buf_init(&s->frame, FRAME_UP_MAX);
	s->m_batches = metrics_get(m, METRIC_COUNTER, "netpulse_checker_uplink_batches_total", "",
				   "batches sent");
	s->m_items = metrics_get(m, METRIC_COUNTER, "netpulse_checker_uplink_items_total", "",
				 "items sent");
	s->m_again = metrics_get(m, METRIC_COUNTER, "netpulse_checker_uplink_resends_total", "",
				 "times that an answer did not come in time");
	s->m_under_way = metrics_get(m, METRIC_GAUGE, "netpulse_checker_uplink_unanswered_batches",
				     "", "batches under way");
	s->m_rtt = metrics_get(m, METRIC_HIST_US, "netpulse_checker_uplink_ack_seconds", "",
			       "from sending a batch to its ACK");
	*ret_sender = s;
	return NP_OK;
}

void sender_free(struct sender *s)
{
	if (!s)
		return;
	buf_done(&s->items);
	buf_done(&s->batch);
	buf_done(&s->frame);
	free(s);
}

static void forget(struct sender *s, struct lane *l)
{
	s->under_way -= l->n;
	l->n = 0;
	l->head = 0;
}

void sender_up(struct sender *s)
{
	for (size_t i = 0; i < NP_SHARDS; i++) {
		forget(s, &s->lane[i]);
		s->lane[i].probe = false;
	}
	s->answered = false;
	s->paused_until_ms = 0;
	spool_unsend(s->spool, SPOOL_ALL_SHARDS);
}

/* ---- a batch that nobody can take ------------------------------------------------------------ */

static struct waiting *only_one(struct sender *s, uint32_t *ret_shard)
{
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		if (s->lane[i].n > 0) {
			*ret_shard = i;
			return &s->lane[i].w[s->lane[i].head];
		}
	return NULL;
}

static void suspect(struct sender *s)
{
	uint32_t shard = 0;
	const struct waiting *w = only_one(s, &shard);
	if (!w || w->first != w->last)
		return;
	bool same = s->suspicions > 0 && shard == s->suspect_shard &&
		    w->first == s->suspect.first && w->epoch == s->suspect.epoch;
	s->suspicions = same ? s->suspicions + 1 : 1;
	s->suspect = *w;
	s->suspect_shard = shard;
	if (s->suspicions < SENDER_GIVE_UP)
		return;
	np_log(NP_ERROR, "uplink.item_given_up", KV_U64("epoch", w->epoch), KV_U64("shard", shard),
	       KV_U64("seq", w->first));
	spool_give_up(s->spool, w->epoch, shard, w->first);
	s->suspicions = 0;
}

void sender_down(struct sender *s, bool by_peer)
{
	bool choked = by_peer && !s->answered && s->under_way > 0 &&
		      clock_mono_ms() - s->last_sent_ms < CLOSED_SOON_MS;
	if (choked && s->items_max == 1)
		suspect(s);
	if (choked && s->items_max > 1)
		s->items_max /= 2;
	for (size_t i = 0; i < NP_SHARDS; i++)
		forget(s, &s->lane[i]);
	metric_set(s->m_under_way, 0);
}

/* ---- sending ---------------------------------------------------------------------------------- */

static bool encode(struct sender *s, const struct spool_batch *b)
{
	struct batch_head h = { .epoch = b->epoch,
				.shard = b->shard,
				.first_seq = b->first_seq,
				.end = b->end,
				.oldest_ms = spool_oldest_ms(s->spool, clock_wall_us()) };
	buf_reset(&s->batch);
	buf_reset(&s->frame);
	return batch_put_head(&s->batch, &h) == NP_OK &&
	       buf_add(&s->batch, buf_str(&s->items)) == NP_OK &&
	       frame_put_batch(&s->frame, buf_str(&s->batch)) == NP_OK;
}

static bool send_batch(struct sender *s, struct gwlink *link, uint32_t shard)
{
	struct lane *l = &s->lane[shard];
	struct spool_batch b = { 0 };
	buf_reset(&s->items);
	if (!spool_next(s->spool, shard, s->items_max, &b, &s->items))
		return false;
	if (!encode(s, &b) || !gwlink_send(link, buf_str(&s->frame))) {
		spool_unsend(s->spool, shard); /* with what is under way: known items are skipped */
		forget(s, l);
		return false;
	}
	l->w[(l->head + l->n++) % SENDER_UNANSWERED] =
		(struct waiting){ b.epoch, b.first_seq, b.last_seq, clock_mono_us() };
	s->under_way++;
	s->last_sent_ms = clock_mono_ms();
	metric_add(s->m_batches, 1);
	metric_add(s->m_items, (int64_t)b.items);
	return true;
}

static bool may_send(const struct sender *s, const struct lane *l)
{
	if (s->items_max < BATCH_ITEMS_MAX)
		return s->under_way == 0; /* to know which one it is */
	return l->n < (l->probe ? 1 : SENDER_UNANSWERED);
}

void sender_pump(struct sender *s, struct gwlink *l)
{
	bool any = true;
	if (clock_mono_ms() < s->paused_until_ms)
		return;
	while (any) {
		any = false;
		for (uint32_t i = 0; i < NP_SHARDS; i++) {
			uint32_t shard = (s->next_shard + i) % NP_SHARDS;
			if (gwlink_backlog(l) > SENDER_BACKLOG_MAX)
				break;
			if (may_send(s, &s->lane[shard]) && send_batch(s, l, shard))
				any = true;
		}
		s->next_shard = (s->next_shard + 1) % NP_SHARDS;
	}
	metric_set(s->m_under_way, (int64_t)s->under_way);
}

/* ---- answers ---------------------------------------------------------------------------------- */

void sender_ack(struct sender *s, uint64_t epoch, uint32_t shard, uint64_t n)
{
	struct lane *l = &s->lane[shard];
	while (l->n > 0) {
		struct waiting *w = &l->w[l->head];
		if (w->epoch > epoch || (w->epoch == epoch && w->last > n))
			break;
		if (w->epoch == epoch && w->last == n)
			metric_observe_us(s->m_rtt, clock_mono_us() - w->sent_us);
		l->head = (l->head + 1) % SENDER_UNANSWERED;
		l->n--;
		s->under_way--;
	}
	l->probe = false;
	s->answered = true;
	s->items_max = BATCH_ITEMS_MAX;
	s->suspicions = 0;
	spool_ack(s->spool, epoch, shard, n);
	metric_set(s->m_under_way, (int64_t)s->under_way);
}

void sender_rewind(struct sender *s, uint64_t epoch, uint32_t shard, uint64_t n)
{
	forget(s, &s->lane[shard]);
	s->lane[shard].probe = false;
	s->answered = true;
	spool_rewind(s->spool, epoch, shard, n);
}

void sender_pause(struct sender *s, uint32_t for_ms)
{
	int64_t ms = for_ms < PAUSE_MAX_MS ? for_ms : PAUSE_MAX_MS;
	s->paused_until_ms = clock_mono_ms() + ms + (int64_t)(rnd_u64() % (uint64_t)(ms / 4 + 1));
	s->answered = true;
}

void sender_tick(struct sender *s)
{
	int64_t now_us = clock_mono_us();
	if (now_us / NP_MS_US < s->paused_until_ms)
		return;
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		struct lane *l = &s->lane[i];
		if (l->n == 0 || now_us - l->w[l->head].sent_us < SENDER_AGAIN_MS * NP_MS_US)
			continue;
		forget(s, l);
		l->probe = true;
		spool_unsend(s->spool, i);
		metric_add(s->m_again, 1);
	}
}
