/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/plan.h"

#include "unit/t.h"

static void plans_say_what_changes(void **state)
{
	json_t *wanted = json_loads(
		"[{\"name\":\"same\",\"interval_s\":60.0,\"tags\":[]},{\"name\":\"new\"},"
		"{\"name\":\"changed\",\"interval_s\":30,\"target\":\"t\"}]",
		0, NULL);
	json_t *present =
		json_loads("[{\"id\":\"1\",\"name\":\"same\",\"retries\":2,"
			   "\"given\":{\"name\":\"same\",\"interval_s\":60,\"channels\":[\"c\"]}},"
			   "{\"id\":\"2\",\"name\":\"changed\",\"given\":{\"name\":\"changed\","
			   "\"interval_s\":60,\"target\":\"t\",\"retries\":5}},"
			   "{\"id\":\"3\",\"name\":\"old\",\"given\":{\"name\":\"old\"}}]",
			   0, NULL);
	const struct plan_how keep = { .key = "name" }, prune = { "name", true };
	struct plan p;
	(void)state;
	assert_ok(plan_make(wanted, present, &keep, &p));
	assert_int_equal(plan_count(&p, PLAN_SAME), 1);
	assert_int_equal(plan_count(&p, PLAN_ADD), 1);
	assert_int_equal(plan_count(&p, PLAN_CHANGE), 1);
	assert_int_equal(plan_count(&p, PLAN_REMOVE), 0);
	assert_int_equal(p.left_alone, 1);
	assert_string_equal(p.step[2].id, "2");
	assert_int_equal(json_object_size(p.step[2].body), 2);
	assert_true(json_is_null(json_object_get(p.step[2].body, "retries"))); /* given back */
	assert_int_equal(json_integer_value(json_object_get(p.step[2].body, "interval_s")), 30);
	plan_done(&p);
	assert_ok(plan_make(wanted, present, &prune, &p));
	assert_int_equal(plan_count(&p, PLAN_REMOVE), 1);
	assert_int_equal(p.left_alone, 0);
	plan_done(&p);
	json_decref(wanted);
	json_decref(present);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plans_say_what_changes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
