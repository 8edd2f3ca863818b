/* SPDX-License-Identifier: Apache-2.0 */
#include "up/scrape.h"

#include "unit/t.h"

static void families_stand_once_with_all_their_samples(void **state)
{
	const np_str texts[] = {
		NP_STR("# HELP a first\n# TYPE a counter\na{role=\"x\"} 1\n# HELP b second\n# TYPE b gauge\nb{role=\"x\"} 2\n"),
		NP_STR(""),
		NP_STR("# HELP b second\n# TYPE b gauge\nb{role=\"y\"} 3\n# HELP a first\n# TYPE a counter\na{role=\"y\"} 4\n"),
	};
	NP_CLEANUP(buf_done) struct buf out;
	(void)state;
	buf_init(&out, 4096);
	assert_ok(scrape_merge(texts, NP_LEN(texts), &out));
	assert_str(buf_str(&out),
		   "# HELP a first\n# TYPE a counter\na{role=\"x\"} 1\na{role=\"y\"} 4\n"
		   "# HELP b second\n# TYPE b gauge\nb{role=\"x\"} 2\nb{role=\"y\"} 3\n");
}

static void rubbish_is_dropped(void **state)
{
	const np_str texts[] = {
		NP_STR("nothing before a family 1\n# a comment\n# HELP a x\n# TYPE a gauge\n\na 1\n# EOF\na 2\na cut sho"),
	};
	NP_CLEANUP(buf_done) struct buf out;
	(void)state;
	buf_init(&out, 4096);
	assert_ok(scrape_merge(texts, 1, &out));
	assert_int_equal(str_find(buf_str(&out), NP_STR("nothing")), SIZE_MAX);
	assert_int_equal(str_find(buf_str(&out), NP_STR("cut sho")), SIZE_MAX);
	assert_int_not_equal(str_find(buf_str(&out), NP_STR("a 1\n")), SIZE_MAX);
	assert_int_not_equal(str_find(buf_str(&out), NP_STR("a 2\n")), SIZE_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families_stand_once_with_all_their_samples),
		cmocka_unit_test(rubbish_is_dropped),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
