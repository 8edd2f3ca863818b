/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"

struct fix {
	char dir[32];
	char path[128];
};

static const char *at(struct fix *f, const char *name)
{
	(void)snprintf(f->path, sizeof f->path, "%s/%s", f->dir, name);
	return f->path;
}

static int setup(void **state)
{
	static struct fix f;
	memcpy(f.dir, "/tmp/np-test-file-XXXXXX", sizeof "/tmp/np-test-file-XXXXXX");
	*state = &f;
	return mkdtemp(f.dir) ? 0 : -1;
}

static void writes_whole_or_not_at_all(void **state)
{
	struct fix *f = *state;
	NP_CLEANUP(buf_done) struct buf b;
	struct stat st;
	buf_init(&b, 100);
	/* A leftover of a crash with other rights does not matter. */
	assert_int_equal(close(open(at(f, "a.tmp"), O_CREAT | O_WRONLY | O_CLOEXEC, 0444)), 0);
	assert_ok(file_write_atomic(at(f, "a"), NP_STR("one"), 0600));
	assert_ok(file_write_atomic(at(f, "a"), NP_STR("two"), 0640));
	assert_ok(file_read(at(f, "a"), &b));
	assert_str(buf_str(&b), "two");
	assert_int_equal(stat(at(f, "a"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0640);
	assert_false(file_exists(at(f, "a.tmp")));
	assert_err(file_write_atomic(at(f, "no/such/a"), NP_STR("x"), 0600), NP_E_NOTFOUND);
	assert_int_equal(unlink(at(f, "a")), 0);
}

static void reading_stops_at_the_maximum(void **state)
{
	struct fix *f = *state;
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 9);
	assert_ok(file_write_atomic(at(f, "b"), NP_STR("0123456789"), 0600));
	assert_err(file_read(at(f, "b"), &b), NP_E_LIMIT);
	assert_err(file_read(at(f, "none"), &b), NP_E_NOTFOUND);
	assert_int_equal(unlink(at(f, "b")), 0);
}

static void makes_missing_folders(void **state)
{
	struct fix *f = *state;
	struct stat st;
	assert_ok(file_mkdirs(at(f, "x/y//z/"), 0700));
	assert_ok(file_mkdirs(at(f, "x/y/z"), 0700));
	assert_int_equal(stat(at(f, "x/y"), &st), 0);
	assert_true(S_ISDIR(st.st_mode));
	assert_int_equal(st.st_mode & 077, 0);
	assert_ok(file_write_atomic(at(f, "x/file"), NP_STR(""), 0600));
	assert_err(file_mkdirs(at(f, "x/file"), 0700), NP_E_EXISTS);
	assert_err(file_mkdirs(at(f, "x/file/y"), 0700), NP_E_EXISTS);
	assert_err(file_mkdirs("", 0700), NP_E_INVAL);
	assert_int_equal(unlink(at(f, "x/file")), 0);
	assert_int_equal(rmdir(at(f, "x/y/z")), 0);
	assert_int_equal(rmdir(at(f, "x/y")), 0);
	assert_int_equal(rmdir(at(f, "x")), 0);
}

static void a_full_disk_is_told(void **state)
{
	(void)state;
	NP_CLEANUP(np_close_fd) int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_err(file_write_all(fd, NP_STR("x")), NP_E_NOSPACE);
}

static np_err write_one(void *arg)
{
	struct fix *f = arg;
	NP_CLEANUP(buf_done) struct buf b;
	buf_init(&b, 100);
	np_err e = file_mkdirs(f->dir, 0700);
	if (e == NP_OK)
		e = file_write_atomic(at(f, "oom"), NP_STR("x"), 0600);
	return e == NP_OK ? file_read(at(f, "oom"), &b) : e;
}

static void survives_no_memory(void **state)
{
	struct fix *f = *state;
	t_under_oom(write_one, f);
	assert_int_equal(unlink(at(f, "oom")), 0);
}

static int teardown(void **state)
{
	const struct fix *f = *state;
	return rmdir(f->dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(writes_whole_or_not_at_all),
		cmocka_unit_test(reading_stops_at_the_maximum),
		cmocka_unit_test(makes_missing_folders),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(survives_no_memory),
	};
	return cmocka_run_group_tests(tests, setup, teardown);
}
