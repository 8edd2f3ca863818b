/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include "base/str.h"
#include "base/told.h"

static void a_state_is_told_when_it_begins_changes_and_ends(void **state NP_UNUSED)
{
	static const struct {
		np_err e;
		const char *why;
		enum told_news news;
	} rows[] = {
		{ NP_OK, "", TOLD_NOTHING },
		{ NP_E_DB, "no table", TOLD_WRONG },
		{ NP_E_DB, "no table", TOLD_NOTHING },
		{ NP_E_DB, "no column", TOLD_WRONG },
		{ NP_E_DB_GONE, "no column", TOLD_WRONG },
		{ NP_E_DB_GONE, "no column", TOLD_NOTHING },
		{ NP_OK, "whatever", TOLD_WELL },
		{ NP_OK, "", TOLD_NOTHING },
		{ NP_E_DB_GONE, "", TOLD_WRONG },
	};
	struct told t = { 0 };
	for (size_t i = 0; i < NP_LEN(rows); i++)
		assert_int_equal(told_now(&t, rows[i].e, str_from_c(rows[i].why)), rows[i].news);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_is_told_when_it_begins_changes_and_ends),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
