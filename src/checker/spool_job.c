/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "checker/spool_in.h"
#include "wire/batch.h"

/* ---- on the pool: touches nothing but the job -------------------------------------------- */

static np_err write_at(int fd, np_str s, uint64_t at)
{
	while (s.n > 0) {
		ssize_t n = pwrite(fd, s.p, s.n, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? np_err_from_errno(errno) : NP_E_IO;
		s = str_sub(s, (size_t)n, s.n);
		at += (uint64_t)n;
	}
	return NP_OK;
}

static np_err sync_folder(const char *path)
{
	np_str p = str_from_c(path), dir = p;
	char name[SPOOL_PATH_MAX];
	while (dir.n > 0 && dir.p[dir.n - 1] != '/')
		dir.n--;
	memcpy(name, dir.p, dir.n);
	name[dir.n] = 0;
	NP_CLEANUP(np_close_fd) int fd = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fsync(fd) < 0)
		return np_err_from_errno(errno);
	return NP_OK;
}

static np_err do_write(struct spool_job *j)
{
	bool fresh = j->fd < 0;
	if (fresh)
		j->fd = open(j->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (j->fd < 0)
		return np_err_from_errno(errno);
	np_err e = write_at(j->fd, buf_str(&j->bytes), j->offset);
	if (e == NP_OK && fdatasync(j->fd) < 0)
		e = np_err_from_errno(errno);
	if (e == NP_OK && fresh)
		e = sync_folder(j->path);
	if (e < 0) { /* no half record stays, as far as the disk lets us */
		(void)!ftruncate(j->fd, (off_t)j->offset);
		np_close_fd(&j->fd);
		if (fresh)
			(void)unlink(j->path);
	}
	return e;
}

static void run_job(void *ctx)
{
	struct spool_job *j = &((struct spool *)ctx)->job;
	int64_t began = clock_mono_us();
	switch (j->kind) {
	case JOB_WRITE:
		j->err = do_write(j);
		break;
	case JOB_LOAD:
		j->err = file_read(j->path, &j->bytes);
		break;
	case JOB_REMOVE:
		j->err = unlink(j->path) < 0 ? np_err_from_errno(errno) : NP_OK;
		break;
	case JOB_STATE:
		j->err = file_write_atomic(j->path, buf_str(&j->bytes), 0600);
		break;
	}
	j->took_us = clock_mono_us() - began;
}

/* ---- on the loop -------------------------------------------------------------------------- */

static void write_failed(struct spool *s)
{
	struct spool_job *j = &s->job;
	metric_add(s->m_errors, 1);
	s->disk_full = j->err == NP_E_NOSPACE || j->err == NP_E_LIMIT;
	s->fd = -1;
	/* What is in memory can still be sent; the rest is a loss. */
	spool_span_lose(s, j->epoch, &j->span, BATCH_W_SPOOL_FULL);
}

static void write_done(struct spool *s)
{
	struct spool_job *j = &s->job;
	s->fd = j->fd;
	struct seg *g = j->err < 0 ? NULL : spool_seg_make(s, j->epoch, j->number);
	if (!g) {
		np_close_fd(&j->fd);
		write_failed(s);
		return;
	}
	s->disk_full = false;
	metric_observe_us(s->m_fsync, j->took_us);
	spool_span_merge(&g->span, &j->span);
	g->bytes += j->bytes.n;
	s->bytes += j->bytes.n;
	s->file_size = g->bytes;
	if (s->seal_after)
		np_close_fd(&s->fd);
}

static void load_done(struct spool *s)
{
	struct spool_job *j = &s->job;
	const struct seg *g = spool_seg_of(s, j->epoch, j->number);
	if (j->err == NP_OK)
		spool_offer(s, j->epoch, buf_str(&j->bytes));
	else if (g && j->err != NP_E_NOMEM && j->err != NP_E_LIMIT) {
		struct span gone = g->span;
		metric_add(s->m_errors, 1);
		spool_seg_forget(s, (size_t)(g - s->segs));
		spool_span_lose(s, j->epoch, &gone, BATCH_W_SPOOL_GONE);
	}
	s->more(s->ctx);
}

static void job_done(void *ctx)
{
	struct spool *s = ctx;
	s->busy = false;
	s->wrote_last = s->job.kind == JOB_WRITE;
	switch (s->job.kind) {
	case JOB_WRITE:
		write_done(s);
		break;
	case JOB_LOAD:
		load_done(s);
		break;
	case JOB_REMOVE:
	case JOB_STATE:
		if (s->job.err < 0)
			metric_add(s->m_errors, 1);
		break;
	}
	buf_done(&s->job.bytes);
	metric_set(s->m_bytes, (int64_t)s->bytes);
	if (s->renumber)
		spool_renumber(s);
	spool_kick(s);
}

static void add_seal(struct spool *s)
{
	struct seg_rec seal = { .kind = SEG_SEAL,
				.shard = SEG_NO_SHARD,
				.prev_shard = s->prev_shard,
				.prev_seq = s->prev_seq };
	for (size_t i = 0; i < NP_SHARDS; i++)
		seal.last[i] = spool_present(s)->stream[i].last;
	s->seal_after = seg_put_rec(&s->job.bytes, &seal) == NP_OK;
}

static bool prepare_write(struct spool *s, bool last)
{
	struct spool_job *j = &s->job;
	char name[SEG_NAME_MAX];
	bool fresh = s->fd < 0;
	if (fresh)
		s->file_number = s->next_number++;
	j->kind = JOB_WRITE;
	j->epoch = spool_present(s)->no;
	j->number = s->file_number;
	j->fd = s->fd;
	j->offset = fresh ? 0 : s->file_size;
	j->span = s->unwritten_span;
	seg_name(j->epoch, j->number, name);
	spool_path(s, name, j->path);
	buf_init(&j->bytes, SPOOL_UNWRITTEN_MAX + 4096);
	if (fresh)
		(void)seg_put_head(&j->bytes, j->epoch, j->number);
	buf_add(&j->bytes, buf_str(&s->unwritten));
	s->seal_after = false;
	if (last || j->offset + j->bytes.n >= s->segment_max)
		add_seal(s);
	s->unwritten_span = (struct span){ 0 };
	buf_reset(&s->unwritten);
	s->flush_due = false;
	if (buf_failed(&j->bytes) < 0) {
		j->err = NP_E_NOMEM;
		write_failed(s);
		buf_done(&j->bytes);
		return false;
	}
	return true;
}

static const struct seg *wanted_segment(struct spool *s, struct epoch *e, uint32_t shard)
{
	struct stream *st = &e->stream[shard];
	stream_load_holes(st);
	if (st->window > STREAM_WINDOW_MAX / 2 || st->load_next == 0 || st->load_next > st->last)
		return NULL;
	const struct seg *g = spool_seg_with(s, e->no, shard, st->load_next);
	uint64_t first = g ? g->span.first[shard] : 0;
	if (g && first <= st->load_next)
		return g;
	bool coming = e == spool_present(s) && s->unwritten_span.first[shard] > 0 &&
		      s->unwritten_span.first[shard] <= st->load_next;
	if (coming) {
		s->flush_due = true; /* it is read back from there */
		return NULL;
	}
	/* It is not on disk and not on its way: an answered segment that is wanted again, or a
	 * write that failed. */
	if (!g)
		first = e == spool_present(s) && s->unwritten_span.first[shard] > st->load_next
				? s->unwritten_span.first[shard]
				: st->last + 1;
	stream_lose(st, (struct hole){ st->load_next, first - st->load_next, 0, 0,
				       BATCH_W_SPOOL_GONE });
	stream_load_holes(st);
	return NULL;
}

static bool prepare_load(struct spool *s)
{
	char name[SEG_NAME_MAX];
	for (uint32_t i = 0; i < NP_SHARDS; i++) {
		struct epoch *e = NULL;
		struct stream *st = spool_active(s, i, &e);
		const struct seg *g = st ? wanted_segment(s, e, i) : NULL;
		if (!g)
			continue;
		s->job.kind = JOB_LOAD;
		s->job.epoch = g->epoch;
		s->job.number = g->number;
		seg_name(g->epoch, g->number, name);
		spool_path(s, name, s->job.path);
		buf_init(&s->job.bytes, SPOOL_LOADED_MAX);
		return true;
	}
	return false;
}

static bool prepare_state(struct spool *s, bool now)
{
	if (!s->state_dirty || (!now && clock_mono_ms() - s->state_ms < SPOOL_STATE_MS))
		return false;
	s->state_dirty = false;
	s->state_ms = clock_mono_ms();
	s->job.kind = JOB_STATE;
	spool_path(s, SPOOL_STATE_FILE, s->job.path);
	buf_init(&s->job.bytes, SPOOL_STATE_MAX);
	if (spool_state_encode(s, &s->job.bytes) == NP_OK)
		return true;
	buf_done(&s->job.bytes);
	return false;
}

static bool prepare(struct spool *s)
{
	if (s->wrote_last && prepare_load(s))
		return true;
	if (s->flush_due && s->unwritten.n > 0)
		return prepare_write(s, false);
	return prepare_load(s) || spool_segs_sweep(s) || prepare_state(s, false);
}

void spool_kick(struct spool *s)
{
	if (s->busy || s->renumber || !prepare(s))
		return;
	s->busy = true;
	if (loop_work(s->loop, run_job, job_done, s) == NP_OK)
		return;
	/* The pool is full: the same by its own means (rare, and better than a loss). */
	run_job(s);
	job_done(s);
}

void spool_finish(struct spool *s)
{
	while (s->busy)
		loop_run_for(s->loop, 10);
	s->busy = true; /* nothing starts any more */
	if ((s->unwritten.n > 0 || s->fd >= 0) && prepare_write(s, true)) {
		run_job(s);
		write_done(s);
		buf_done(&s->job.bytes);
	}
	if (prepare_state(s, true)) {
		run_job(s);
		buf_done(&s->job.bytes);
	}
}
