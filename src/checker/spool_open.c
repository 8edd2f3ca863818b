/* SPDX-License-Identifier: Apache-2.0 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "checker/spool_in.h"
#include "wire/batch.h"

static np_err lock(struct spool *s, struct buf *why)
{
	char path[SPOOL_PATH_MAX];
	spool_path(s, "lock", path);
	s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (s->lock_fd < 0) {
		buf_printf(why, "cannot write into %s: %s", s->dir,
			   np_err_text(np_err_from_errno(errno)));
		return NP_E_IO;
	}
	if (flock(s->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return NP_OK;
	buf_printf(why, "another checker uses %s: one process per folder", s->dir);
	return NP_E_BUSY;
}

/* Names first, contents then, in the order of their numbers. */
static np_err list(struct spool *s, struct buf *why)
{
	DIR *d = opendir(s->dir);
	if (!d) {
		buf_printf(why, "cannot list %s", s->dir);
		return NP_E_IO;
	}
	np_err e = NP_OK;
	const struct dirent *ent;
	while (e == NP_OK && (ent = readdir(d))) {
		uint64_t epoch = 0, number = 0;
		if (!seg_name_parse(str_from_c(ent->d_name), &epoch, &number) || epoch == 0 ||
		    epoch >= BATCH_EPOCH_MAX)
			continue;
		if (number >= s->next_number)
			s->next_number = number + 1;
		if (!spool_seg_make(s, epoch, number) || !spool_epoch_make(s, epoch)) {
			buf_printf(why, "too many files in %s", s->dir);
			e = NP_E_LIMIT;
		}
	}
	(void)closedir(d);
	return e;
}

static np_err scan_one(struct spool *s, size_t i, struct buf *why)
{
	struct seg *g = &s->segs[i];
	char name[SEG_NAME_MAX], path[SPOOL_PATH_MAX];
	size_t keep = 0;
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, SPOOL_LOADED_MAX);
	seg_name(g->epoch, g->number, name);
	spool_path(s, name, path);
	np_err e = file_read(path, &b);
	if (e < 0) {
		buf_printf(why, "cannot read %s: %s", path, np_err_text(e));
		return e;
	}
	if (seg_check_head(buf_str(&b)) == NP_E_VERSION) {
		buf_printf(why, "%s was written by a newer version of this program: run that one",
			   path);
		return NP_E_VERSION;
	}
	spool_scan(s, g, buf_str(&b), &keep);
	bool last = i + 1 == s->segs_n || s->segs[i + 1].epoch != g->epoch;
	if (last && keep < b.n && truncate(path, (off_t)keep) == 0)
		b.n = keep;
	g->bytes = b.n;
	s->bytes += b.n;
	return NP_OK;
}

static void settle(struct spool *s)
{
	for (size_t i = 0; i < s->epochs_n; i++)
		for (size_t k = 0; k < NP_SHARDS; k++) {
			struct stream *st = &s->epochs[i]->stream[k];
			if (st->last < st->acked)
				st->last = st->acked; /* its segments are gone */
			st->load_next = st->acked + 1;
		}
}

static void span_of_epoch(const struct spool *s, uint64_t epoch, struct hole *h)
{
	for (size_t i = 0; i < s->segs_n; i++) {
		const struct span *sp = &s->segs[i].span;
		if (s->segs[i].epoch != epoch)
			continue;
		if (sp->from_us && (!h->from_us || sp->from_us < h->from_us))
			h->from_us = sp->from_us;
		h->to_us = sp->to_us > h->to_us ? sp->to_us : h->to_us;
	}
}

/* What the oldest epoch still had to say becomes a loss of the present one, first of all. */
static void lose_oldest(struct spool *s, struct epoch *present)
{
	struct epoch *e = s->epochs[0];
	struct hole h = { .why = BATCH_W_SPOOL_FULL };
	span_of_epoch(s, e->no, &h);
	for (size_t k = 0; k < NP_SHARDS; k++) {
		struct stream *to = &present->stream[k];
		uint64_t n = e->stream[k].last - e->stream[k].acked;
		if (n > 0) {
			h.seq = to->last + 1;
			h.count = n;
			to->last += n;
			to->load_next = 1;
			stream_lose(to, h);
			metric_add(s->m_lost, (int64_t)n);
		}
		stream_done(&e->stream[k]);
	}
	free(e);
	memmove(s->epochs, s->epochs + 1, --s->epochs_n * sizeof *s->epochs);
	s->state_dirty = true;
}

/* Files of epochs that are no more; after the state that tells of their loss is on disk. */
static void remove_orphans(struct spool *s)
{
	for (size_t i = s->segs_n; i > 0; i--) {
		char name[SEG_NAME_MAX], path[SPOOL_PATH_MAX];
		const struct seg *g = &s->segs[i - 1];
		if (spool_epoch_of(s, g->epoch))
			continue;
		seg_name(g->epoch, g->number, name);
		spool_path(s, name, path);
		metric_add(s->m_dropped, 1);
		if (unlink(path) < 0)
			metric_add(s->m_errors, 1);
		spool_seg_forget(s, i - 1);
	}
}

static np_err save_state(struct spool *s)
{
	char path[SPOOL_PATH_MAX];
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, SPOOL_STATE_MAX);
	spool_path(s, SPOOL_STATE_FILE, path);
	np_err e = spool_state_encode(s, &b);
	return e < 0 ? e : file_write_atomic(path, buf_str(&b), 0600);
}

/* So many starts without an answer, or within the time that answered files are kept. */
static void thin_out(struct spool *s, struct epoch *present)
{
	while (s->epochs_n > SPOOL_EPOCHS_KEPT)
		lose_oldest(s, present);
	if (save_state(s) == NP_OK)
		remove_orphans(s);
	else
		metric_add(s->m_errors, 1); /* a full disk, say: they are counted again then */
}

static np_err start_epoch(struct spool *s, int64_t start_ms, uint16_t random)
{
	uint64_t no = (uint64_t)(start_ms > 0 ? start_ms : 1) << 16 | random;
	spool_epochs_sweep(s);
	uint64_t highest = s->epochs_n ? spool_present(s)->no : 0;
	if (no <= highest)
		no = highest + 1;
	struct epoch *present = spool_epoch_make(s, no);
	if (!present)
		return NP_E_NOMEM;
	if (s->epochs_n > SPOOL_EPOCHS_KEPT)
		thin_out(s, present);
	return NP_OK;
}

static void make_metrics(struct spool *s, struct metrics *m)
{
	s->m_bytes = metrics_get(m, METRIC_GAUGE, "netpulse_checker_spool_bytes", "",
				 "bytes of the spool on disk");
	s->m_items = metrics_get(m, METRIC_GAUGE, "netpulse_checker_spool_items", "",
				 "numbers not yet acknowledged");
	s->m_fsync = metrics_get(m, METRIC_HIST_US, "netpulse_checker_spool_write_seconds", "",
				 "write and fsync of the spool");
	s->m_lost = metrics_get(m, METRIC_COUNTER, "netpulse_checker_spool_lost_total", "",
				"numbers that became a loss");
	s->m_errors = metrics_get(m, METRIC_COUNTER, "netpulse_checker_spool_errors_total", "",
				  "file operations that failed");
	s->m_dropped = metrics_get(m, METRIC_COUNTER, "netpulse_checker_spool_dropped_total", "",
				   "segments dropped from a full spool");
}

static np_err read_all(struct spool *s, const struct spool_cfg *cfg, struct buf *why)
{
	np_err e = lock(s, why);
	if (e < 0)
		return e;
	spool_state_read(s);
	e = list(s, why);
	for (size_t i = 0; e == NP_OK && i < s->segs_n; i++)
		e = scan_one(s, i, why);
	if (e < 0)
		return e;
	settle(s);
	return start_epoch(s, cfg->start_ms, cfg->random);
}

static void free_all(struct spool *s)
{
	for (size_t i = 0; i < s->epochs_n; i++) {
		for (size_t k = 0; k < NP_SHARDS; k++)
			stream_done(&s->epochs[i]->stream[k]);
		free(s->epochs[i]);
	}
	free(s->segs);
	buf_done(&s->unwritten);
	np_close_fd(&s->fd);
	np_close_fd(&s->lock_fd);
	loop_timer_free(s->linger);
	loop_timer_free(s->tick);
	free((char *)(uintptr_t)s->dir);
	free(s);
}

np_err spool_open(const struct spool_cfg *cfg, struct spool **ret_spool, struct buf *ret_why)
{
	np_err e = file_mkdirs(cfg->dir, 0700);
	if (e < 0) {
		buf_printf(ret_why, "cannot make %s: %s", cfg->dir, np_err_text(e));
		return e;
	}
	struct spool *s = np_zalloc(sizeof *s);
	if (!s)
		return NP_E_NOMEM;
	s->loop = cfg->loop;
	s->max_bytes = cfg->max_bytes ? cfg->max_bytes : SPOOL_MAX_BYTES_DEFAULT;
	s->segment_max = cfg->segment_max ? cfg->segment_max : SPOOL_SEGMENT_MAX;
	s->more = cfg->more;
	s->ctx = cfg->ctx;
	s->fd = s->lock_fd = -1;
	s->prev_shard = SEG_NO_SHARD;
	buf_init(&s->unwritten, SPOOL_UNWRITTEN_MAX);
	make_metrics(s, cfg->metrics);
	s->dir = np_strdup(str_from_c(cfg->dir));
	s->linger = loop_timer_new(s->loop, spool_on_linger, s);
	s->tick = loop_timer_new(s->loop, spool_on_tick, s);
	e = s->dir && s->linger && s->tick ? read_all(s, cfg, ret_why) : NP_E_NOMEM;
	if (e < 0) {
		free_all(s); /* nothing is written back */
		return e;
	}
	loop_timer_at(s->tick, loop_now_ms(s->loop) + 100);
	*ret_spool = s;
	return NP_OK;
}

void spool_close(struct spool *s)
{
	if (!s)
		return;
	spool_finish(s);
	free_all(s);
}

/* ---- renumbering --------------------------------------------------------------------------- */

static bool is_closed(const struct epoch *e, const uint64_t below[NP_SHARDS])
{
	for (size_t k = 0; k < NP_SHARDS; k++)
		if (stream_used(&e->stream[k]) && e->no < below[k])
			return true;
	return false;
}

static void rename_files(struct spool *s, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < s->segs_n; i++) {
		char name[SEG_NAME_MAX], old_path[SPOOL_PATH_MAX], new_path[SPOOL_PATH_MAX];
		struct seg *g = &s->segs[i];
		if (g->epoch != from)
			continue;
		seg_name(from, g->number, name);
		spool_path(s, name, old_path);
		seg_name(to, g->number, name);
		spool_path(s, name, new_path);
		if (rename(old_path, new_path) < 0)
			metric_add(s->m_errors, 1);
		g->epoch = to;
	}
}

static void sort_all(struct spool *s)
{
	for (size_t i = 1; i < s->epochs_n; i++)
		for (size_t k = i; k > 0 && s->epochs[k - 1]->no > s->epochs[k]->no; k--) {
			struct epoch *e = s->epochs[k];
			s->epochs[k] = s->epochs[k - 1];
			s->epochs[k - 1] = e;
		}
	for (size_t i = 1; i < s->segs_n; i++)
		for (size_t k = i; k > 0 && s->segs[k - 1].epoch > s->segs[k].epoch; k--) {
			struct seg g = s->segs[k];
			s->segs[k] = s->segs[k - 1];
			s->segs[k - 1] = g;
		}
}

void spool_renumber(struct spool *s)
{
	uint64_t next = spool_present(s)->no + 1;
	bool from_here = false;
	struct epoch *present = spool_present(s);
	s->renumber = false;
	for (size_t k = 0; k < NP_SHARDS; k++)
		if (s->below[k] > next && s->below[k] < BATCH_EPOCH_MAX / 2)
			next = s->below[k];
	for (size_t i = 0; i < s->epochs_n; i++) {
		struct epoch *e = s->epochs[i];
		from_here = from_here || (!e->sent && is_closed(e, s->below));
		/* one that is renumbered passes those behind it: they follow */
		if (!from_here || (e->sent && e != present))
			continue;
		if (e->sent) { /* the present one, already known: a fresh one takes its place */
			np_close_fd(&s->fd);
			s->prev_shard = SEG_NO_SHARD;
			(void)!spool_epoch_make(s, next++);
			break;
		}
		rename_files(s, e->no, next);
		e->no = next++;
	}
	if (from_here)
		sort_all(s);
	s->state_dirty = true;
	s->more(s->ctx);
}

void spool_closed_below(struct spool *s, const uint64_t below[NP_SHARDS])
{
	bool any = false;
	memcpy(s->below, below, sizeof s->below);
	for (size_t i = 0; i < s->epochs_n; i++)
		any = any || (!s->epochs[i]->sent && is_closed(s->epochs[i], below));
	if (!any)
		return;
	s->renumber = true;
	if (!s->busy)
		spool_renumber(s);
}
