/* SPDX-License-Identifier: Apache-2.0 */
#include "spoolrig.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "core/monitor.h"
#include "wire/batch.h"

/* ---- a folder, a loop, a spool ------------------------------------------------------------- */

static void nothing(void *ctx)
{
	(void)ctx;
}

void srig_empty_dir(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;
	while (d && (e = readdir(d))) {
		char path[512];
		(void)snprintf(path, sizeof path, "%s/%s", dir, e->d_name);
		(void)unlink(path);
	}
	if (d)
		(void)closedir(d);
}

np_err srig_open(struct srig *r, struct buf *why)
{
	struct spool_cfg cfg = { .loop = r->loop,
				 .dir = r->dir,
				 .start_ms = r->start_ms++,
				 .metrics = r->metrics,
				 .more = nothing,
				 .max_bytes = r->max_bytes,
				 .segment_max = r->segment_max };
	return spool_open(&cfg, &r->spool, why);
}

void srig_up(struct srig *r)
{
	static int serial;
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	r->loop = loop_new(NULL);
	r->metrics = metrics_new("checker");
	r->start_ms = 1700000000000;
	/* thousands of folders are made and synced: in memory, where there is such a place */
	const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	(void)snprintf(r->dir, sizeof r->dir, "%s/np-spool-%d-%d", base, (int)getpid(), serial++);
	assert_non_null(r->loop);
	assert_int_equal(srig_open(r, &why), NP_OK);
}

void srig_reopen(struct srig *r)
{
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	spool_close(r->spool);
	r->spool = NULL;
	np_err e = srig_open(r, &why);
	if (e < 0)
		printf("%s\n", buf_c(&why));
	assert_int_equal(e, NP_OK);
}

void srig_down(struct srig *r)
{
	spool_close(r->spool);
	loop_free(r->loop);
	metrics_free(r->metrics);
	srig_empty_dir(r->dir);
	(void)rmdir(r->dir);
}

/* ---- the other side ------------------------------------------------------------------------- */

struct far_epoch *far_of(struct far *f, uint64_t epoch)
{
	for (size_t i = 0; i < f->n; i++)
		if (f->e[i].epoch == epoch)
			return &f->e[i];
	assert_true(f->n < EPOCHS_MAX);
	f->e[f->n].epoch = epoch;
	return &f->e[f->n++];
}

#define SLOT_0 1700000000000000

static uint64_t monitor_of(uint32_t shard)
{
	uint64_t no = 1;
	while (mon_shard(no) != shard)
		no++;
	return no;
}

/* The slot names the item. */
static void item_of(uint32_t id, uint32_t shard, struct buf *out)
{
	struct res_record r = RES_RECORD_INIT;
	r.monitor = monitor_of(shard);
	r.revision = 1;
	r.slot_us = SLOT_0 + (int64_t)id * 1000;
	r.start_us = r.slot_us;
	r.status = RES_OK;
	assert_int_equal(batch_item_result(out, &r), NP_OK);
}

void srig_add(struct srig *r, uint32_t id)
{
	NP_CLEANUP(buf_done) struct buf item;
	buf_init(&item, BATCH_ITEM_MAX);
	item_of(id, id % NP_SHARDS, &item);
	(void)spool_add(r->spool, id % NP_SHARDS, SLOT_0 + (int64_t)id * 1000, buf_str(&item));
}

/* All in one shard. */
void srig_add_to_0(struct srig *r, uint32_t id)
{
	NP_CLEANUP(buf_done) struct buf item;
	buf_init(&item, BATCH_ITEM_MAX);
	item_of(id, 0, &item);
	(void)spool_add(r->spool, 0, SLOT_0 + (int64_t)id * 1000, buf_str(&item));
}

static void far_item(struct far *f, const struct batch_item *it, uint64_t known, uint32_t shard)
{
	assert_null(it->invalid);
	if (it->kind == BATCH_LOST) {
		uint64_t end = it->seq + it->count - 1,
			 from = it->seq > known ? it->seq : known + 1;
		if (end > known)
			f->lost += end - from + 1;
		return;
	}
	assert_int_equal(it->kind, BATCH_RESULT);
	uint32_t id = (uint32_t)((it->result.slot_us - SLOT_0) / 1000);
	assert_true(id < ITEMS_MAX && mon_shard(it->result.monitor) == shard);
	if (it->seq <= known)
		return;
	f->stored[id]++;
	f->stored_n++;
}

/* One batch: NP_OK with the number to acknowledge, or NP_E_RANGE with that to rewind to. */
static np_err far_take(struct far *f, const struct spool_batch *b, np_str items, uint64_t *ret_n)
{
	NP_CLEANUP(buf_done) struct buf bytes;
	NP_CLEANUP(arena_free_p) struct arena *a = arena_new(BATCH_ARENA_MAX);
	struct batch *batch = NULL;
	struct far_epoch *e = far_of(f, b->epoch);
	buf_init(&bytes, BATCH_BYTES_MAX);
	struct batch_head h = {
		.epoch = b->epoch, .shard = b->shard, .first_seq = b->first_seq, .end = b->end
	};
	assert_int_equal(batch_put_head(&bytes, &h), NP_OK);
	assert_int_equal(buf_add(&bytes, items), NP_OK);
	assert_int_equal(batch_decode(a, buf_str(&bytes), &batch), NP_OK);
	assert_int_equal(batch_head(batch)->items, b->items);
	assert_int_equal(b->first_seq + batch_head(batch)->numbers - 1, b->last_seq);
	uint64_t known = e->last[b->shard];
	if (b->first_seq > known + 1) {
		*ret_n = known + 1;
		return NP_E_RANGE;
	}
	for (size_t i = 0; i < b->items; i++)
		far_item(f, batch_item(batch, i), known, b->shard);
	if (b->last_seq > known)
		e->last[b->shard] = b->last_seq;
	e->end[b->shard] = e->end[b->shard] || b->end;
	*ret_n = e->last[b->shard];
	return NP_OK;
}

bool srig_send(struct srig *r, struct far *f, uint32_t shard, size_t max, bool ack)
{
	NP_CLEANUP(buf_done) struct buf items;
	struct spool_batch b;
	uint64_t n = 0;
	buf_init(&items, BATCH_BYTES_MAX - 64);
	if (!spool_next(r->spool, shard, max, &b, &items))
		return false;
	np_err e = far_take(f, &b, buf_str(&items), &n);
	if (e < 0)
		spool_rewind(r->spool, b.epoch, b.shard, n);
	else if (ack)
		spool_ack(r->spool, b.epoch, b.shard, n);
	return true;
}

void srig_drain(struct srig *r, struct far *f)
{
	spool_unsend(r->spool, SPOOL_ALL_SHARDS);
	int64_t end = clock_mono_ms() + T_PATIENCE_MS;
	while (spool_unanswered(r->spool) > 0 && clock_mono_ms() < end) {
		for (uint32_t i = 0; i < NP_SHARDS; i++)
			while (srig_send(r, f, i, 1000, true))
				;
		loop_run_for(r->loop, 3);
	}
	assert_int_equal(spool_unanswered(r->spool), 0);
	for (uint32_t i = 0; i < NP_SHARDS; i++) /* the ends of older epochs */
		while (srig_send(r, f, i, 1000, true))
			;
}

void srig_nothing_twice(const struct far *f)
{
	for (size_t i = 0; i < ITEMS_MAX; i++)
		assert_true(f->stored[i] <= 1);
}

struct far *far_new(void)
{
	struct far *f = calloc(1, sizeof *f);
	assert_non_null(f);
	return f;
}
