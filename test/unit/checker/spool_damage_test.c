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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_process_per_folder),
		cmocka_unit_test(a_newer_version_is_refused_with_a_sentence),
		cmocka_unit_test(torn_at_every_offset_keeps_what_is_before),
		cmocka_unit_test(a_flipped_byte_at_every_offset_is_one_loss),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
