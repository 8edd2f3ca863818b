/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "base/clock.h"
#include "checker/spool_in.h"
#include "wire/batch.h"

void spool_path(const struct spool *s, const char *name, char ret[SPOOL_PATH_MAX])
{
	(void)snprintf(ret, SPOOL_PATH_MAX, "%s/%s", s->dir, name);
}

/* ---- epochs ---------------------------------------------------------------------------- */

struct epoch *spool_epoch_of(const struct spool *s, uint64_t no)
{
	for (size_t i = 0; i < s->epochs_n; i++)
		if (s->epochs[i]->no == no)
			return s->epochs[i];
	return NULL;
}

struct epoch *spool_epoch_make(struct spool *s, uint64_t no)
{
	struct epoch *e = spool_epoch_of(s, no);
	if (e || s->epochs_n == SPOOL_EPOCHS_MAX)
		return e;
	e = np_zalloc(sizeof *e);
	if (!e)
		return NULL;
	e->no = no;
	size_t i = s->epochs_n;
	while (i > 0 && s->epochs[i - 1]->no > no)
		i--;
	memmove(&s->epochs[i + 1], &s->epochs[i], (s->epochs_n - i) * sizeof(struct epoch *));
	s->epochs[i] = e;
	s->epochs_n++;
	return e;
}

static bool has_segment(const struct spool *s, uint64_t epoch)
{
	for (size_t i = 0; i < s->segs_n; i++)
		if (s->segs[i].epoch == epoch)
			return true;
	return false;
}

static bool is_finished(const struct epoch *e)
{
	for (size_t i = 0; i < NP_SHARDS; i++)
		if (stream_used(&e->stream[i]) &&
		    !(stream_is_empty(&e->stream[i]) && e->stream[i].ended))
			return false;
	return true;
}

void spool_epochs_sweep(struct spool *s)
{
	size_t kept = 0, n = s->epochs_n;
	for (size_t i = 0; i < n; i++) {
		struct epoch *e = s->epochs[i];
		if (i + 1 < n && is_finished(e) && !has_segment(s, e->no)) {
			for (size_t k = 0; k < NP_SHARDS; k++)
				stream_done(&e->stream[k]);
			free(e);
			s->state_dirty = true;
		} else {
			s->epochs[kept++] = e;
		}
	}
	s->epochs_n = kept;
}

/* ---- spans ----------------------------------------------------------------------------- */

void spool_span_add(struct span *sp, uint32_t shard, uint64_t seq, int64_t slot_us)
{
	if (sp->first[shard] == 0 || seq < sp->first[shard])
		sp->first[shard] = seq;
	if (seq > sp->last[shard])
		sp->last[shard] = seq;
	if (sp->from_us == 0 || slot_us < sp->from_us)
		sp->from_us = slot_us;
	if (slot_us > sp->to_us)
		sp->to_us = slot_us;
}

void spool_span_merge(struct span *to, const struct span *more)
{
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		if (more->first[i]) {
			spool_span_add(to, i, more->first[i], more->from_us);
			spool_span_add(to, i, more->last[i], more->to_us);
		}
}

void spool_span_lose(struct spool *s, uint64_t epoch, const struct span *sp, uint32_t why)
{
	struct epoch *e = spool_epoch_of(s, epoch);
	for (uint32_t i = 0; e && i < NP_SHARDS; i++) {
		if (sp->first[i] == 0)
			continue;
		struct hole h = { sp->first[i], sp->last[i] - sp->first[i] + 1, sp->from_us,
				  sp->to_us, why };
		stream_lose(&e->stream[i], h);
	}
	s->state_dirty = true;
}

/* ---- segments -------------------------------------------------------------------------- */

struct seg *spool_seg_of(const struct spool *s, uint64_t epoch, uint64_t number)
{
	for (size_t i = s->segs_n; i > 0; i--)
		if (s->segs[i - 1].epoch == epoch && s->segs[i - 1].number == number)
			return &s->segs[i - 1];
	return NULL;
}

struct seg *spool_seg_make(struct spool *s, uint64_t epoch, uint64_t number)
{
	struct seg *g = spool_seg_of(s, epoch, number);
	if (g)
		return g;
	if (s->segs_n == s->segs_cap) {
		size_t cap = s->segs_cap ? s->segs_cap * 2 : 64;
		struct seg *p =
			cap > SPOOL_SEGMENTS_MAX ? NULL : np_reallocarray(s->segs, cap, sizeof *p);
		if (!p)
			return NULL;
		s->segs = p;
		s->segs_cap = cap;
	}
	size_t i = s->segs_n;
	while (i > 0 && (s->segs[i - 1].epoch > epoch ||
			 (s->segs[i - 1].epoch == epoch && s->segs[i - 1].number > number)))
		i--;
	memmove(&s->segs[i + 1], &s->segs[i], (s->segs_n - i) * sizeof *s->segs);
	s->segs[i] = (struct seg){ .epoch = epoch, .number = number };
	s->segs_n++;
	return &s->segs[i];
}

const struct seg *spool_seg_with(const struct spool *s, uint64_t epoch, uint32_t shard,
				 uint64_t seq)
{
	for (size_t i = 0; i < s->segs_n; i++) {
		const struct seg *g = &s->segs[i];
		if (g->epoch == epoch && g->span.last[shard] >= seq && g->span.first[shard] > 0)
			return g;
	}
	return NULL;
}

void spool_seg_forget(struct spool *s, size_t index)
{
	s->bytes -= s->segs[index].bytes;
	memmove(&s->segs[index], &s->segs[index + 1], (s->segs_n - index - 1) * sizeof *s->segs);
	s->segs_n--;
}

static bool is_answered(const struct spool *s, const struct seg *g)
{
	const struct epoch *e = spool_epoch_of(s, g->epoch);
	for (uint32_t i = 0; e && i < NP_SHARDS; i++)
		if (g->span.last[i] > e->stream[i].acked)
			return false;
	return true;
}

static bool is_open(const struct spool *s, const struct seg *g)
{
	return s->fd >= 0 && g->epoch == spool_present(s)->no && g->number == s->file_number;
}

/* Over the limit: what is answered goes first, then the oldest, which becomes `lost`. */
static struct seg *pick_victim(struct spool *s, int64_t now_ms)
{
	bool full = (int64_t)s->bytes > s->max_bytes;
	bool hurry = full || s->disk_full;
	struct seg *oldest = NULL;
	for (size_t i = 0; i < s->segs_n; i++) {
		struct seg *g = &s->segs[i];
		if (is_open(s, g))
			continue;
		if (!oldest)
			oldest = g;
		if (g->acked_ms && (hurry || now_ms - g->acked_ms >= SPOOL_KEEP_ACKED_MS))
			return g;
	}
	return full ? oldest : NULL;
}

static void remove_one(struct spool *s, struct seg *g)
{
	char name[SEG_NAME_MAX];
	seg_name(g->epoch, g->number, name);
	spool_path(s, name, s->job.path);
	s->job.kind = JOB_REMOVE;
	if (!g->acked_ms) {
		metric_add(s->m_dropped, 1);
		spool_span_lose(s, g->epoch, &g->span, BATCH_W_SPOOL_FULL);
	}
	spool_seg_forget(s, (size_t)(g - s->segs));
}

bool spool_segs_sweep(struct spool *s)
{
	int64_t now_ms = clock_mono_ms();
	for (size_t i = 0; i < s->segs_n; i++) {
		struct seg *g = &s->segs[i];
		bool answered = is_answered(s, g);
		if (!answered)
			g->acked_ms = 0; /* a rewind asked for it again */
		else if (!g->acked_ms)
			g->acked_ms = now_ms;
	}
	struct seg *victim = pick_victim(s, now_ms);
	if (victim)
		remove_one(s, victim);
	return victim != NULL;
}
