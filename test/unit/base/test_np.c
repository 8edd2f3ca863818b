/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static void every_error_has_a_phrase(void **state)
{
	(void)state;
	for (np_err e = NP_OK; e >= NP_ERR_FIRST; e--)
		assert_true(str_from_c(np_err_text(e)).n > 0);
	assert_string_equal(np_err_text(1), "unknown error");
	assert_string_equal(np_err_text(NP_ERR_FIRST - 1), "unknown error");
	assert_string_equal(np_err_text(INT32_MIN), "unknown error");
}

static void errno_maps_to_the_nearest(void **state)
{
	(void)state;
	assert_ok(np_err_from_errno(0));
	assert_err(np_err_from_errno(ENOSPC), NP_E_NOSPACE);
	assert_err(np_err_from_errno(ENOENT), NP_E_NOTFOUND);
	assert_err(np_err_from_errno(EACCES), NP_E_PERM);
	assert_err(np_err_from_errno(EIO), NP_E_IO);
	assert_err(np_err_from_errno(99999), NP_E_IO);
}

static void allocation_is_zeroed_and_checked(void **state)
{
	(void)state;
	NP_CLEANUP(np_free_ptr) unsigned char *p = np_calloc(7, 3);
	assert_non_null(p);
	for (size_t i = 0; i < 21; i++)
		assert_int_equal(p[i], 0);
	volatile size_t huge = SIZE_MAX / 2;
	assert_null(np_calloc(huge, 3));
	assert_null(np_reallocarray(NULL, huge, 3));
	NP_CLEANUP(np_free_ptr) void *empty = np_zalloc(0);
	assert_non_null(empty);
}

static void the_nth_allocation_fails_once(void **state)
{
	(void)state;
	np_oom_at(2);
	NP_CLEANUP(np_free_ptr) void *a = np_zalloc(1);
	NP_CLEANUP(np_free_ptr) void *b = np_zalloc(1);
	NP_CLEANUP(np_free_ptr) void *c = np_zalloc(1);
	assert_non_null(a);
	assert_null(b);
	assert_non_null(c);
}

static void strdup_refuses_an_inner_nul(void **state)
{
	(void)state;
	NP_CLEANUP(np_free_ptr) char *s = np_strdup(NP_STR("abc"));
	NP_CLEANUP(np_free_ptr) char *empty = np_strdup((np_str){ NULL, 0 });
	assert_string_equal(s, "abc");
	assert_string_equal(empty, "");
	assert_null(np_strdup(NP_STR("a\0b")));
}

static void cleanup_helpers_leave_the_empty_value(void **state)
{
	(void)state;
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int copy = fd;
	np_close_fd(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(fcntl(copy, F_GETFD), -1);
	np_close_fd(&fd);
	char *p = np_zalloc(3);
	char *taken = np_take(p);
	assert_null(p);
	np_free_ptr(&taken);
	assert_null(taken);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_error_has_a_phrase),
		cmocka_unit_test(errno_maps_to_the_nearest),
		cmocka_unit_test(allocation_is_zeroed_and_checked),
		cmocka_unit_test(the_nth_allocation_fails_once),
		cmocka_unit_test(strdup_refuses_an_inner_nul),
		cmocka_unit_test(cleanup_helpers_leave_the_empty_value),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
