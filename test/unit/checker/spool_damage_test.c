/* SPDX-License-Identifier: Apache-2.0 */
/* The spool's folder in every state of damage, and in the wrong hands. */
#include "spoolrig.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/file.h"
#include "base/str.h"
#include "checker/crc32c.h"
#include "checker/segment.h"

static void one_process_per_folder(void **state)
{
	(void)state;
	struct srig r = { 0 };
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	srig_up(&r);
	struct srig twin = r;
	assert_int_equal(srig_open(&twin, &why), NP_E_BUSY);
	assert_true(str_find(buf_str(&why), NP_STR("another checker")) != SIZE_MAX);
	srig_down(&r);
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
	struct srig r = { 0 };
	char path[512];
	NP_CLEANUP(buf_done) struct buf b, why;
	buf_init(&b, 1 << 20);
	buf_init(&why, 500);
	srig_up(&r);
	srig_add(&r, 1);
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
	assert_int_equal(srig_open(&r, &why), NP_E_VERSION);
	assert_true(str_find(buf_str(&why), NP_STR("newer version")) != SIZE_MAX);
	srig_down(&r);
}

/* A spool with a few items per shard on disk, as bytes. */
static void make_segment(struct srig *r, struct buf *bytes, uint32_t items)
{
	char path[512];
	srig_up(r);
	for (uint32_t i = 0; i < items; i++)
		srig_add(r, i);
	spool_close(r->spool);
	r->spool = NULL;
	only_file(r->dir, path);
	assert_int_equal(file_read(path, bytes), NP_OK);
}

static void put_segment(struct srig *r, np_str bytes, const char *name)
{
	char path[512];
	srig_empty_dir(r->dir);
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
	struct srig r = { 0 };
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
		assert_int_equal(srig_open(&r, &why), NP_OK);
		srig_drain(&r, f);
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
	srig_down(&r);
}

static void a_flipped_byte_at_every_offset_is_one_loss(void **state)
{
	(void)state;
	struct srig r = { 0 };
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
		assert_int_equal(srig_open(&r, &why), NP_OK);
		srig_drain(&r, f);
		if (f->stored_n + f->lost != 20 || f->lost > 1)
			printf("offset %zu: stored %d lost %d\n", at, (int)f->stored_n,
			       (int)f->lost);
		/* the last 20 items' seal tells even of the very last one */
		assert_int_equal(f->stored_n + f->lost, 20);
		assert_true(f->lost <= 1);
		srig_nothing_twice(f);
		spool_close(r.spool);
		free(f);
	}
	r.spool = NULL;
	srig_down(&r);
}

/* ---- the state beside the segments ---- */

static void put_file(const struct srig *r, const char *name, np_str bytes)
{
	char path[512];
	(void)snprintf(path, sizeof path, "%s/%s", r->dir, name);
	assert_int_equal(file_write_atomic(path, bytes, 0600), NP_OK);
}

/* Half is answered, half is not; the state is damaged: what is answered may come again, which
 * the other side knows. Nothing is lost, and nothing is stored twice. */
static void a_damaged_state_costs_nothing(void **state)
{
	(void)state;
	struct srig r = { 0 };
	char path[512];
	struct far *known = far_new();
	NP_CLEANUP(buf_done) struct buf seg, st, why;
	char name[SEG_NAME_MAX];
	buf_init(&seg, 1 << 20);
	buf_init(&st, 1 << 20);
	buf_init(&why, 500);
	srig_up(&r);
	for (uint32_t i = 0; i < 40; i++)
		srig_add(&r, i);
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		(void)srig_send(&r, known, i, 1, true);
	spool_close(r.spool);
	r.spool = NULL;
	only_file(r.dir, path);
	assert_int_equal(file_read(path, &seg), NP_OK);
	name_of(r.dir, name);
	(void)snprintf(path, sizeof path, "%s/state", r.dir);
	assert_int_equal(file_read(path, &st), NP_OK);
	for (size_t at = 0; at < 2 * st.n; at++) {
		struct far *f = far_new();
		*f = *known;
		put_segment(&r, buf_str(&seg), name);
		if (at < st.n)
			st.p[at] = (char)(st.p[at] ^ 0x55);
		put_file(&r, "state", str_sub(buf_str(&st), 0, at < st.n ? st.n : at - st.n));
		if (at < st.n)
			st.p[at] = (char)(st.p[at] ^ 0x55);
		assert_int_equal(srig_open(&r, &why), NP_OK);
		srig_drain(&r, f);
		assert_int_equal(f->stored_n, 40);
		assert_int_equal(f->lost, 0);
		srig_nothing_twice(f);
		spool_close(r.spool);
		free(f);
	}
	r.spool = NULL;
	free(known);
	srig_down(&r);
}

/* A state of another version is no state. */
static void a_state_of_another_version_is_ignored(void **state)
{
	(void)state;
	struct srig r = { 0 };
	struct far *f = far_new();
	char path[512];
	NP_CLEANUP(buf_done) struct buf st, why;
	buf_init(&st, 1 << 20);
	buf_init(&why, 500);
	srig_up(&r);
	for (uint32_t i = 0; i < 40; i++)
		srig_add(&r, i);
	for (uint32_t i = 0; i < NP_SHARDS; i++)
		(void)srig_send(&r, f, i, 1, true);
	spool_close(r.spool);
	r.spool = NULL;
	(void)snprintf(path, sizeof path, "%s/state", r.dir);
	assert_int_equal(file_read(path, &st), NP_OK);
	st.p[4] = 99;
	uint32_t crc = crc32c(0, str_sub(buf_str(&st), 0, st.n - 4));
	for (size_t i = 0; i < 4; i++)
		st.p[st.n - 4 + i] = (char)(crc >> (8 * i));
	put_file(&r, "state", buf_str(&st));
	assert_int_equal(srig_open(&r, &why), NP_OK);
	srig_drain(&r, f);
	assert_int_equal(f->stored_n, 40);
	assert_int_equal(f->lost, 0);
	srig_down(&r);
	free(f);
}

/* ---- anything, anywhere ---- */

static uint64_t roll(uint64_t *x)
{
	*x = *x * 6364136223846793005 + 1442695040888963407;
	return *x >> 33;
}

/* One file of the folder: cut, flipped in a few places, filled with junk, or gone. */
static void hurt_one(const char *path, uint64_t *x)
{
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 1 << 20);
	uint64_t how = roll(x) % 8;
	if (how == 0) {
		assert_int_equal(unlink(path), 0);
		return;
	}
	assert_int_equal(file_read(path, &b), NP_OK);
	if (b.n == 0)
		return;
	size_t n = how == 1 ? roll(x) % b.n : b.n;
	for (uint64_t i = 0; how > 1 && i < how; i++)
		b.p[roll(x) % b.n] = (char)roll(x);
	for (size_t i = 0, at = roll(x) % b.n; how == 7 && i < 200 && at + i < b.n; i++)
		b.p[at + i] = (char)roll(x);
	assert_int_equal(file_write_atomic(path, str_sub(buf_str(&b), 0, n), 0600), NP_OK);
}

static void hurt_some(const struct srig *r, uint64_t *x)
{
	char path[512];
	DIR *d = opendir(r->dir);
	const struct dirent *e;
	assert_non_null(d);
	while ((e = readdir(d))) {
		bool ours = str_ends(str_from_c(e->d_name), NP_STR(".seg")) ||
			    str_eq_c(str_from_c(e->d_name), "state");
		(void)snprintf(path, sizeof path, "%s/%s", r->dir, e->d_name);
		if (ours && roll(x) % 3 == 0)
			hurt_one(path, x);
	}
	(void)closedir(d);
}

/* Several epochs and segments, damaged at random: no crash, nothing that was never said, nothing
 * twice, and whatever lies between two numbers that are left is told as lost. */
static void random_damage_never_invents_anything(void **state)
{
	(void)state;
	NP_CLEANUP(buf_done) struct buf why;
	buf_init(&why, 500);
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct srig r = { .segment_max = 4096 };
		struct far *f = far_new();
		uint64_t x = seed * 0x9e3779b97f4a7c15;
		uint32_t added = 0;
		srig_up(&r);
		for (int run = 0; run < 3; run++) {
			for (int i = 0; i < 100; i++)
				srig_add(&r, added++);
			for (int i = 0; i < 4; i++)
				loop_run_for(r.loop, 2);
			for (uint32_t i = 0; i < NP_SHARDS; i++)
				(void)srig_send(&r, f, i, 2, roll(&x) % 2 == 0);
			srig_reopen(&r);
		}
		spool_close(r.spool);
		r.spool = NULL;
		hurt_some(&r, &x);
		assert_int_equal(srig_open(&r, &why), NP_OK);
		srig_drain(&r, f);
		srig_nothing_twice(f);
		assert_true(f->stored_n + f->lost <= added);
		for (uint32_t i = added; i < ITEMS_MAX; i++)
			assert_int_equal(f->stored[i], 0);
		uint64_t numbers = 0;
		for (size_t i = 0; i < f->n; i++)
			for (uint32_t k = 0; k < NP_SHARDS; k++)
				numbers += f->e[i].last[k];
		assert_int_equal(f->stored_n + f->lost, numbers);
		srig_down(&r);
		free(f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_process_per_folder),
		cmocka_unit_test(a_newer_version_is_refused_with_a_sentence),
		cmocka_unit_test(torn_at_every_offset_keeps_what_is_before),
		cmocka_unit_test(a_flipped_byte_at_every_offset_is_one_loss),
		cmocka_unit_test(a_damaged_state_costs_nothing),
		cmocka_unit_test(a_state_of_another_version_is_ignored),
		cmocka_unit_test(random_damage_never_invents_anything),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
