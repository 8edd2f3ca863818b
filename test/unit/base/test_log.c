/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include <string.h>
#include <unistd.h>

#include "base/log.h"

/* The line that one call writes, without its time. */
static np_str logged(char *room, size_t size, const struct np_kv *kv, size_t n)
{
	int fds[2];
	assert_int_equal(pipe(fds), 0);
	np_log_fd(fds[1]);
	np_log_kv(NP_WARN, "check.failed", kv, n);
	np_log_fd(STDERR_FILENO);
	close(fds[1]);
	ssize_t got = read(fds[0], room, size);
	close(fds[0]);
	assert_true(got > 0);
	np_str line = { room, (size_t)got };
	assert_true(str_starts(line, NP_STR("time=2")));
	size_t at = str_find(line, NP_STR(" level="));
	return str_sub(line, at + 1, line.n);
}

static void one_event_is_one_line(void **state)
{
	(void)state;
	char room[8192];
	const struct np_kv kv[] = { KV_C("host", "example.org"), KV_I64("took_ms", -3),
				    KV_U64("n", 7), KV_DBL("ratio", 0.5), KV_ERR(NP_E_NOSPACE) };
	np_str line = logged(room, sizeof room, kv, NP_LEN(kv));
	assert_str(line, "level=warn role=test event=check.failed host=example.org took_ms=-3 n=7 "
			 "ratio=0.5 err=\"disk full\"\n");
}

static void no_value_forges_a_line(void **state)
{
	(void)state;
	static const char *const evil[] = {
		"a\nlevel=error",
		"a\r\n",
		"quote\" x=1",
		"\x1b[31mred",
		"sep\xe2\x80\xa8line",
		"nel\xc2\x85line",
		"rtl\xe2\x80\xae.",
		"bad\xff\xfe",
		"",
		"back\\slash\"",
	};
	for (size_t i = 0; i < NP_LEN(evil); i++) {
		char room[8192];
		const struct np_kv kv[] = { KV_C("v", evil[i]) };
		np_str line = logged(room, sizeof room, kv, 1);
		assert_int_equal(str_find_byte(line, '\n'), line.n - 1);
		np_str value = str_sub(line, str_find(line, NP_STR(" v=")) + 3, line.n - 1);
		assert_true(value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"');
		for (size_t k = 1; k + 1 < value.n; k++) {
			assert_true((unsigned char)value.p[k] >= 0x20);
			if (value.p[k] == '\\')
				k++;
			else
				assert_true(value.p[k] != '"');
		}
		assert_true(str_is_utf8(line));
	}
}

static void long_values_are_cut(void **state)
{
	(void)state;
	char big[3000];
	char room[8192];
	memset(big, '\n', sizeof big);
	struct np_kv kv[6];
	for (size_t i = 0; i < NP_LEN(kv); i++)
		kv[i] = KV_STR("big", ((np_str){ big, sizeof big }));
	np_str line = logged(room, sizeof room, kv, NP_LEN(kv));
	assert_true(line.n <= 4096);
	assert_int_equal(str_find_byte(line, '\n'), line.n - 1);
}

static void levels_below_the_least_are_silent(void **state)
{
	(void)state;
	assert_false(np_log_on(NP_DEBUG));
	assert_true(np_log_on(NP_INFO));
	np_log_event(NP_DEBUG, "not.seen");
	np_log(NP_DEBUG, "not.seen", KV_I64("n", 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_event_is_one_line),
		cmocka_unit_test(no_value_forges_a_line),
		cmocka_unit_test(long_values_are_cut),
		cmocka_unit_test(levels_below_the_least_are_silent),
	};
	np_log_init("test", NP_INFO);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
