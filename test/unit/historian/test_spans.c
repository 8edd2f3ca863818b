/* SPDX-License-Identifier: Apache-2.0 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/str.h"
#include "historian/spans.h"

#define S NP_SEC_US

static const struct {
	const char *state;
	bool degraded;
	enum upt_state is;
} states[] = {
	{ "pending", false, UPT_UNKNOWN }, { "up", false, UPT_UP },
	{ "up", true, UPT_DEGRADED },      { "suspect", false, UPT_UP },
	{ "down", false, UPT_UP },         { "recovering", false, UPT_UP },
	{ "nodata", true, UPT_UNKNOWN },   { "paused", false, UPT_UNKNOWN },
};

static void a_state_alone_is_never_down(void **state NP_UNUSED)
{
	for (size_t i = 0; i < NP_LEN(states); i++)
		assert_int_equal(spans_state(str_from_c(states[i].state), states[i].degraded),
				 states[i].is);
}

struct row {
	const char *rule;
	int64_t from, to;
	struct span_change change[3];
	size_t change_n;
	struct span_incident incident[2];
	size_t incident_n;
	int64_t s[UPT_N]; /* excluded unknown down degraded up, of the window [300, 600) */
};

static const struct row rows[] = {
	{ "up all the time", 0, 1000, { { 0, UPT_UP } }, 1, { { 0 } }, 0, { 0, 0, 0, 0, 300 } },
	{ "as far as it is known",
	  0,
	  400,
	  { { 0, UPT_UP } },
	  1,
	  { { 0 } },
	  0,
	  { 0, 0, 0, 0, 100 } },
	{ "not before it was created",
	  500,
	  1000,
	  { { 500, UPT_UP } },
	  1,
	  { { 0 } },
	  0,
	  { 0, 0, 0, 0, 100 } },
	{ "nothing known", 0, 1000, { { 0 } }, 0, { { 0 } }, 0, { 0, 300, 0, 0, 0 } },
	{ "not created yet", 700, 1000, { { 700, UPT_UP } }, 1, { { 0 } }, 0, { 0, 0, 0, 0, 0 } },
	{ "down as the incident says",
	  0,
	  1000,
	  { { 0, UPT_UP } },
	  1,
	  { { 350, 450 } },
	  1,
	  { 0, 0, 100, 0, 200 } },
	{ "an open incident goes on",
	  0,
	  1000,
	  { { 0, UPT_UP } },
	  1,
	  { { 100, 1000000 } },
	  1,
	  { 0, 0, 300, 0, 0 } },
	{ "no data wins over down",
	  0,
	  1000,
	  { { 0, UPT_UP }, { 400, UPT_UNKNOWN }, { 450, UPT_UP } },
	  3,
	  { { 380, 460 } },
	  1,
	  { 0, 50, 30, 0, 220 } },
	{ "degraded",
	  0,
	  1000,
	  { { 0, UPT_UP }, { 590, UPT_DEGRADED } },
	  2,
	  { { 0 } },
	  0,
	  { 0, 0, 0, 10, 290 } },
};

static void windows_add_up(void **state NP_UNUSED)
{
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct span_change change[3];
		struct span_incident incident[2];
		int64_t s[UPT_N];
		for (size_t k = 0; k < 3; k++)
			change[k] = (struct span_change){ rows[i].change[k].at_us * S,
							  rows[i].change[k].state };
		for (size_t k = 0; k < 2; k++)
			incident[k] = (struct span_incident){ rows[i].incident[k].opened_us * S,
							      rows[i].incident[k].closed_us * S };
		struct span_history h = { rows[i].from * S, rows[i].to * S, change,
					  rows[i].change_n, incident,       rows[i].incident_n };
		assert_int_equal(spans_window(&h, 300 * S, 300 * S, s), NP_OK);
		for (size_t k = 0; k < UPT_N; k++)
			if (s[k] != rows[i].s[k])
				fail_msg("%s: state %zu is %lld, not %lld", rows[i].rule, k,
					 (long long)s[k], (long long)rows[i].s[k]);
	}
}

static void parts_of_seconds_are_not_lost(void **state NP_UNUSED)
{
	const struct span_change change[] = { { 0, UPT_UP }, { 300 * S + S / 2, UPT_DEGRADED } };
	const struct span_history h = { 0, 600 * S, change, 2, NULL, 0 };
	int64_t s[UPT_N];
	assert_int_equal(spans_window(&h, 300 * S, 300 * S, s), NP_OK);
	assert_int_equal(s[UPT_DEGRADED] + s[UPT_UP], 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_state_alone_is_never_down),
		cmocka_unit_test(windows_add_up),
		cmocka_unit_test(parts_of_seconds_are_not_lost),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
