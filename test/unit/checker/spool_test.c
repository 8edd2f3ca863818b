/* SPDX-License-Identifier: Apache-2.0 */
/* The spool against an other side that follows the delivery contract: the gap rule over cursors,
 * everything stored at most once, losses counted, nothing silent. */
#include "t.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "checker/crc32c.h"
#include "checker/segment.h"
#include "checker/spool.h"
#include "core/monitor.h"
#include "wire/batch.h"

#define ITEMS_MAX 60000
#define EPOCHS_MAX 64

/* ---- a folder, a loop, a spool ------------------------------------------------------------- */

struct rig {
	struct loop *loop;
	struct metrics *metrics;
	struct spool *spool;
	char dir[128];
	int64_t start_ms;
	int64_t max_bytes;
	size_t segment_max;
};

static void nothing(void *ctx)
{
	(void)ctx;
}

static void empty_dir(const char *dir)
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

static np_err rig_open(struct rig *r, struct buf *why)
{
	struct spool_cfg cfg = { .loop = r->loop, .dir = r->dir, .start_ms = r->start_ms++,
				 .metrics = r->metrics, .more = nothing,
				 .max_bytes = r->max_bytes, .segment_max = r->segment_max };
	return spool_open(&cfg, &r->spool, why);
}

static void rig_up(struct rig *r)
{
	static int serial;
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	r->loop = loop_new(NULL);
	r->metrics = metrics_new("checker");
	r->start_ms = 1700000000000;
	(void)snprintf(r->dir, sizeof r->dir, "/tmp/np-spool-%d-%d", (int)getpid(), serial++);
	assert_non_null(r->loop);
	assert_int_equal(rig_open(r, &why), NP_OK);
}

static void rig_reopen(struct rig *r)
{
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	spool_close(r->spool);
	r->spool = NULL;
	np_err e = rig_open(r, &why);
	if (e < 0)
		printf("%s\n", buf_c(&why));
	assert_int_equal(e, NP_OK);
}

static void rig_down(struct rig *r)
{
	spool_close(r->spool);
	loop_free(r->loop);
	metrics_free(r->metrics);
	empty_dir(r->dir);
	(void)rmdir(r->dir);
}

/* ---- the other side ------------------------------------------------------------------------- */

struct far_epoch {
	uint64_t epoch;
	uint64_t last[NP_SHARDS];
	bool end[NP_SHARDS];
};

struct far {
	struct far_epoch e[EPOCHS_MAX];
	size_t n;
	uint8_t stored[ITEMS_MAX]; /* by item: how often */
	uint64_t lost;             /* numbers */
	uint64_t stored_n;
};

static struct far_epoch *far_of(struct far *f, uint64_t epoch)
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

static void add(struct rig *r, uint32_t id)
{
	NP_CLEANUP(buf_done) struct buf item;
	buf_init(&item, BATCH_ITEM_MAX);
	item_of(id, id % NP_SHARDS, &item);
	(void)spool_add(r->spool, id % NP_SHARDS, SLOT_0 + (int64_t)id * 1000, buf_str(&item));
}

/* All in one shard. */
static void add_to_0(struct rig *r, uint32_t id)
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
		uint64_t end = it->seq + it->count - 1, from = it->seq > known ? it->seq : known + 1;
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
	struct batch_head h = { .epoch = b->epoch, .shard = b->shard, .first_seq = b->first_seq,
				.end = b->end };
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

static bool send_one(struct rig *r, struct far *f, uint32_t shard, size_t max, bool ack)
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

static void drain(struct rig *r, struct far *f)
{
	spool_unsend(r->spool, SPOOL_ALL_SHARDS);
	for (int idle = 0; idle < 60 && spool_unanswered(r->spool) > 0; idle++) {
		for (uint32_t i = 0; i < NP_SHARDS; i++)
			while (send_one(r, f, i, 1000, true))
				idle = 0;
		loop_run_for(r->loop, 3);
	}
	assert_int_equal(spool_unanswered(r->spool), 0);
	for (uint32_t i = 0; i < NP_SHARDS; i++) /* the ends of older epochs */
		while (send_one(r, f, i, 1000, true))
			;
}

static void nothing_twice(const struct far *f)
{
	for (size_t i = 0; i < ITEMS_MAX; i++)
		assert_true(f->stored[i] <= 1);
}

static struct far *far_new(void)
{
	struct far *f = calloc(1, sizeof *f);
	assert_non_null(f);
	return f;
}

/* ---- tests ------------------------------------------------------------------------------------ */

static void numbers_begin_at_one_and_follow_each_other(void **state)
{
	(void)state;
	struct rig r = { 0 };
	struct far *f = far_new();
	rig_up(&r);
	for (uint32_t i = 0; i < 100; i++)
		add(&r, i);
	drain(&r, f);
	assert_int_equal(f->stored_n, 100);
	assert_int_equal(f->lost, 0);
	rig_down(&r);
	free(f);
}

static void what_was_not_answered_comes_again_after_a_restart(void **state)
{
	(void)state;
	struct rig r = { 0 };
	struct far *f = far_new();
	rig_up(&r);
	for (uint32_t i = 0; i < 3000; i++)
		add(&r, i);
	uint64_t first_epoch = spool_epoch(r.spool);
	for (uint32_t i = 0; i < 5; i++)
		(void)send_one(&r, f, i, 100, true);
	rig_reopen(&r);
	assert_true(spool_epoch(r.spool) > first_epoch);
	for (uint32_t i = 3000; i < 3100; i++)
		add(&r, i);
	drain(&r, f);
	assert_int_equal(f->stored_n, 3100);
	assert_int_equal(f->lost, 0);
	nothing_twice(f);
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		assert_true(far_of(f, first_epoch)->end[i]);
	rig_reopen(&r); /* and then it is forgotten */
	struct spool_held held[8];
	assert_int_equal(spool_held(r.spool, held, 8), 0);
	rig_down(&r);
	free(f);
}

static void epochs_grow_though_the_clock_goes_back(void **state)
{
	(void)state;
	struct rig r = { 0 };
	rig_up(&r);
	add(&r, 1);
	uint64_t before = spool_epoch(r.spool);
	r.start_ms = 1;
	rig_reopen(&r);
	assert_int_equal(spool_epoch(r.spool), before + 1);
	rig_down(&r);
}

static void a_backlog_larger_than_memory_is_read_back(void **state)
{
	(void)state;
	struct rig r = { .segment_max = 64 * 1024 };
	struct far *f = far_new();
	rig_up(&r);
	/* one shard, three times its window */
	for (uint32_t i = 0; i < 15000; i++) {
		add_to_0(&r, i);
		if (i % 500 == 0)
			loop_run_for(r.loop, 5);
	}
	spool_unsend(r.spool, SPOOL_ALL_SHARDS);
	for (int idle = 0; idle < 100 && spool_unanswered(r.spool) > 0; idle++) {
		while (send_one(&r, f, 0, 1000, true))
			idle = 0;
		loop_run_for(r.loop, 3);
	}
	assert_int_equal(far_of(f, spool_epoch(r.spool))->last[0], 15000);
	assert_int_equal(f->lost, 0);
	rig_down(&r);
	free(f);
}

static void a_rewind_before_the_window_is_read_from_disk(void **state)
{
	(void)state;
	struct rig r = { 0 };
	struct far *f = far_new();
	rig_up(&r);
	for (uint32_t i = 0; i < 800; i++)
		add(&r, i);
	drain(&r, f);
	memset(f, 0, sizeof *f); /* the other side lost everything */
	for (uint32_t i = 800; i < 816; i++)
		add(&r, i);
	drain(&r, f);
	assert_int_equal(f->stored_n, 816);
	assert_int_equal(f->lost, 0);
	rig_down(&r);
	free(f);
}

static void a_full_spool_drops_the_oldest_as_lost(void **state)
{
	(void)state;
	struct rig r = { .max_bytes = 512 * 1024, .segment_max = 64 * 1024 };
	struct far *f = far_new();
	rig_up(&r);
	for (uint32_t i = 0; i < 50000; i++) {
		add_to_0(&r, i);
		if (i % 200 == 0)
			loop_run_for(r.loop, 1);
	}
	for (int i = 0; i < 200; i++)
		loop_run_for(r.loop, 2);
	rig_reopen(&r); /* drops are remembered */
	spool_unsend(r.spool, SPOOL_ALL_SHARDS);
	for (int idle = 0; idle < 100 && spool_unanswered(r.spool) > 0; idle++) {
		while (send_one(&r, f, 0, 1000, true))
			idle = 0;
		loop_run_for(r.loop, 3);
	}
	assert_true(f->lost > 10000);
	assert_int_equal(f->stored_n + f->lost, 50000);
	rig_down(&r);
	free(f);
}

static void a_disk_that_refuses_writes_loses_no_process(void **state)
{
	(void)state;
	struct rig r = { .segment_max = 256 * 1024 };
	struct far *f = far_new();
	struct rlimit old, small;
	struct sigaction ign = { .sa_handler = SIG_IGN };
	rig_up(&r);
	assert_int_equal(sigaction(SIGXFSZ, &ign, NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	small = old;
	small.rlim_cur = 10000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		add(&r, i);
		if (i % 100 == 0)
			loop_run_for(r.loop, 1);
	}
	for (int i = 0; i < 20; i++)
		loop_run_for(r.loop, 5);
	drain(&r, f); /* what fitted into memory goes out all the same */
	assert_int_equal(f->stored_n + f->lost, 20000);
	assert_true(f->stored_n >= 10000);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	for (uint32_t i = 20000; i < 20100; i++)
		add(&r, i);
	rig_reopen(&r);
	drain(&r, f);
	assert_int_equal(f->stored_n + f->lost, 20100);
	nothing_twice(f);
	rig_down(&r);
	free(f);
}

static void one_process_per_folder(void **state)
{
	(void)state;
	struct rig r = { 0 };
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	rig_up(&r);
	struct rig twin = r;
	assert_int_equal(rig_open(&twin, &why), NP_E_BUSY);
	assert_true(str_find(buf_str(&why), NP_STR("another checker")) != SIZE_MAX);
	rig_down(&r);
}

static void only_file(const char *dir, char path[512])
{
	DIR *d = opendir(dir);
	struct dirent *e;
	path[0] = 0;
	while (d && (e = readdir(d)))
		if (str_ends(str_from_c(e->d_name), NP_STR(".seg")))
			(void)snprintf(path, 512, "%s/%s", dir, e->d_name);
	if (d)
		(void)closedir(d);
	assert_true(path[0] != 0);
}

static void a_newer_version_is_refused_with_a_sentence(void **state)
{
	(void)state;
	struct rig r = { 0 };
	char path[512];
	NP_CLEANUP(buf_done) struct buf b, why;
	buf_init(&b, 1 << 20);
	buf_init(&why, 500);
	rig_up(&r);
	add(&r, 1);
	spool_close(r.spool);
	r.spool = NULL;
	only_file(r.dir, path);
	assert_int_equal(file_read(path, &b), NP_OK);
	b.p[8] = SEG_VERSION + 1;
	assert_int_equal(seg_check_head(buf_str(&b)), NP_E_CORRUPT); /* damage is not an upgrade */
	uint32_t crc = crc32c(0, str_sub(buf_str(&b), 0, 60));
	for (int i = 0; i < 4; i++)
		b.p[60 + i] = (char)(crc >> (8 * i));
	assert_int_equal(file_write_atomic(path, buf_str(&b), 0600), NP_OK);
	assert_int_equal(rig_open(&r, &why), NP_E_VERSION);
	assert_true(str_find(buf_str(&why), NP_STR("newer version")) != SIZE_MAX);
	rig_down(&r);
}

/* A spool with a few items per shard on disk, as bytes. */
static void make_segment(struct rig *r, struct buf *bytes, uint32_t items)
{
	char path[512];
	rig_up(r);
	for (uint32_t i = 0; i < items; i++)
		add(r, i);
	spool_close(r->spool);
	r->spool = NULL;
	only_file(r->dir, path);
	assert_int_equal(file_read(path, bytes), NP_OK);
}

static void put_segment(struct rig *r, np_str bytes, const char *name)
{
	char path[512];
	empty_dir(r->dir);
	(void)snprintf(path, sizeof path, "%s/%s", r->dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(file_write_all(fd, bytes), NP_OK);
	(void)close(fd);
}

static void name_of(const char *dir, char name[SEG_NAME_MAX])
{
	char path[512];
	only_file(dir, path);
	(void)snprintf(name, SEG_NAME_MAX, "%.*s", SEG_NAME_MAX - 1, strrchr(path, '/') + 1);
}

static void torn_at_every_offset_keeps_what_is_before(void **state)
{
	(void)state;
	struct rig r = { 0 };
	char name[SEG_NAME_MAX];
	NP_CLEANUP(buf_done) struct buf bytes, why;
	buf_init(&bytes, 1 << 20);
	buf_init(&why, 500);
	make_segment(&r, &bytes, 20);
	name_of(r.dir, name);
	uint64_t most = 0;
	for (size_t cut = 0; cut <= bytes.n; cut++) {
		struct far *f = far_new();
		put_segment(&r, str_sub(buf_str(&bytes), 0, cut), name);
		assert_int_equal(rig_open(&r, &why), NP_OK);
		drain(&r, f);
		assert_int_equal(f->lost, 0);
		assert_true(f->stored_n >= most && f->stored_n <= most + 1);
		most = f->stored_n;
		for (uint64_t i = 0; i < most; i++)
			assert_int_equal(f->stored[i], 1);
		spool_close(r.spool);
		free(f);
	}
	assert_int_equal(most, 20);
	r.spool = NULL;
	rig_down(&r);
}

static void a_flipped_byte_at_every_offset_is_one_loss(void **state)
{
	(void)state;
	struct rig r = { 0 };
	char name[SEG_NAME_MAX];
	NP_CLEANUP(buf_done) struct buf bytes, why;
	buf_init(&bytes, 1 << 20);
	buf_init(&why, 500);
	make_segment(&r, &bytes, 20);
	name_of(r.dir, name);
	for (size_t at = 0; at < bytes.n; at++) {
		struct far *f = far_new();
		bytes.p[at] = (char)(bytes.p[at] ^ 0x55);
		put_segment(&r, buf_str(&bytes), name);
		bytes.p[at] = (char)(bytes.p[at] ^ 0x55);
		assert_int_equal(rig_open(&r, &why), NP_OK);
		drain(&r, f);
		if (f->stored_n + f->lost != 20 || f->lost > 1)
			printf("offset %zu: stored %d lost %d\n", at, (int)f->stored_n, (int)f->lost);
		/* the last 20 items' seal tells even of the very last one */
		assert_int_equal(f->stored_n + f->lost, 20);
		assert_true(f->lost <= 1);
		nothing_twice(f);
		spool_close(r.spool);
		free(f);
	}
	r.spool = NULL;
	rig_down(&r);
}

static void an_unsent_epoch_under_closed_below_is_renumbered(void **state)
{
	(void)state;
	struct rig r = { 0 };
	struct far *f = far_new();
	uint64_t below[NP_SHARDS] = { 0 };
	rig_up(&r);
	for (uint32_t i = 0; i < 100; i++)
		add(&r, i);
	rig_reopen(&r);
	for (uint32_t i = 100; i < 200; i++)
		add(&r, i);
	loop_run_for(r.loop, 20);
	below[3] = spool_epoch(r.spool) + 1000;
	spool_closed_below(r.spool, below);
	for (int i = 0; i < 10; i++)
		loop_run_for(r.loop, 5);
	for (uint32_t i = 200; i < 300; i++)
		add(&r, i);
	assert_true(spool_epoch(r.spool) >= below[3]);
	rig_reopen(&r);
	drain(&r, f);
	assert_int_equal(f->stored_n, 300);
	assert_int_equal(f->lost, 0);
	for (size_t i = 0; i < f->n; i++)
		assert_true(f->e[i].epoch >= below[3]);
	rig_down(&r);
	free(f);
}

static void a_number_given_up_is_a_loss(void **state)
{
	(void)state;
	struct rig r = { 0 };
	struct far *f = far_new();
	rig_up(&r);
	for (uint32_t i = 0; i < 160; i++)
		add(&r, i);
	loop_run_for(r.loop, 20);
	spool_give_up(r.spool, spool_epoch(r.spool), 5, 3);
	drain(&r, f);
	assert_int_equal(f->stored_n, 159);
	assert_int_equal(f->lost, 1);
	rig_down(&r);
	free(f);
}

/* Random adds, sends, lost answers, rewinds, reconnects and restarts. */
static void whatever_happens_all_is_stored_once_or_told_lost(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 12; seed++) {
		struct rig r = { .segment_max = seed % 3 ? 8192 : 65536 };
		struct far *f = far_new();
		uint64_t x = seed * 0x9e3779b97f4a7c15;
		uint32_t added = 0;
		rig_up(&r);
		for (int step = 0; step < 1500; step++) {
			x = x * 6364136223846793005 + 1442695040888963407;
			unsigned op = (unsigned)(x >> 33) % 100, shard = (unsigned)(x >> 50) % NP_SHARDS;
			if (op < 50)
				for (unsigned i = 0; i < 1 + op % 20 && added < ITEMS_MAX; i++)
					add(&r, added++);
			else if (op < 80)
				(void)send_one(&r, f, shard, 1 + op, true);
			else if (op < 90)
				(void)send_one(&r, f, shard, 50, false); /* the answer is lost */
			else if (op < 94)
				spool_unsend(r.spool, SPOOL_ALL_SHARDS);
			else if (op < 98)
				loop_run_for(r.loop, 1);
			else if (op == 98 && step % 5 == 0)
				rig_reopen(&r);
			else if (op == 99) { /* asked for again from any earlier number */
				struct far_epoch *e = far_of(f, spool_epoch(r.spool));
				uint64_t to = e->last[shard] ? 1 + (x >> 20) % e->last[shard] : 1;
				if (to > 0 && e->last[shard] > 0)
					spool_rewind(r.spool, e->epoch, shard, to);
			}
		}
		drain(&r, f);
		if (f->stored_n != added || f->lost)
			printf("seed %u: added %u stored %d lost %d\n", seed, added,
			       (int)f->stored_n, (int)f->lost);
		assert_int_equal(f->lost, 0);
		assert_int_equal(f->stored_n, added);
		nothing_twice(f);
		rig_down(&r);
		free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_begin_at_one_and_follow_each_other),
		cmocka_unit_test(what_was_not_answered_comes_again_after_a_restart),
		cmocka_unit_test(epochs_grow_though_the_clock_goes_back),
		cmocka_unit_test(a_backlog_larger_than_memory_is_read_back),
		cmocka_unit_test(a_rewind_before_the_window_is_read_from_disk),
		cmocka_unit_test(a_full_spool_drops_the_oldest_as_lost),
		cmocka_unit_test(a_disk_that_refuses_writes_loses_no_process),
		cmocka_unit_test(one_process_per_folder),
		cmocka_unit_test(a_newer_version_is_refused_with_a_sentence),
		cmocka_unit_test(torn_at_every_offset_keeps_what_is_before),
		cmocka_unit_test(a_flipped_byte_at_every_offset_is_one_loss),
		cmocka_unit_test(an_unsent_epoch_under_closed_below_is_renumbered),
		cmocka_unit_test(a_number_given_up_is_a_loss),
		cmocka_unit_test(whatever_happens_all_is_stored_once_or_told_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
