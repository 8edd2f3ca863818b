/* SPDX-License-Identifier: Apache-2.0 */
/* Policies: which apply, what they make of a monitor, and what that means in words. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/str.h"
#include "core/policy.h"

static const np_str region_names[3] = { { "ams1", 4 }, { "fra1", 4 }, { "iad1", 4 } };
static const uint32_t region_numbers[3] = { 1, 2, 3 };
static const struct monj_regions regions = { region_names, region_numbers, 3 };

#define MAIL "11111111-0000-4000-8000-000000000001"
#define CALL "22222222-0000-4000-8000-000000000002"
#define BOSS "33333333-0000-4000-8000-000000000003"
static const char channel_names[] =
	"{\"" MAIL "\":\"ops-mail\",\"" CALL "\":\"on-call\",\"" BOSS "\":\"boss\"}";

static json_t *json(const char *text)
{
	json_t *o = json_loads(text, 0, NULL);
	assert_non_null(o);
	return o;
}

static struct pol policy(uint8_t id, enum pol_scope scope, const char *tag, const char *rules)
{
	struct pol p = { .scope = scope, .tag = str_from_c(tag), .rules = json(rules) };
	p.name = str_from_c(scope == POL_TAG ? tag : "p");
	memset(p.id, id, sizeof p.id);
	return p;
}

static void policy_merges_the_most_special_first(void **state)
{
	static const struct {
		const char *given, *want;
	} rows[] = {
		/* the organisation's alone */
		{ "{\"name\":\"a\"}", "{\"name\":\"a\",\"interval_s\":300,\"quorum\":\"all\"}" },
		/* a tag's over it, field by field */
		{ "{\"tags\":[\"db\"]}",
		  "{\"tags\":[\"db\"],\"interval_s\":30,\"quorum\":\"all\"}" },
		/* of two tags the one of higher priority, then the name */
		{ "{\"tags\":[\"web\",\"db\"]}",
		  "{\"tags\":[\"web\",\"db\"],\"interval_s\":60,\"retries\":1,\"quorum\":\"all\"}" },
		/* a named one over all, and what is given over that */
		{ "{\"policy\":\"07070707-0707-0707-0707-070707070707\",\"tags\":[\"db\"],\"retries\":9}",
		  "{\"tags\":[\"db\"],\"retries\":9,\"interval_s\":10,\"quorum\":\"all\"}" },
		{ "{\"policy\":\"08080808-0808-0808-0808-080808080808\",\"interval_s\":7}",
		  "{\"interval_s\":7,\"quorum\":\"all\"}" },
	};
	struct pol all[] = {
		policy(1, POL_ORGANISATION, "", "{\"interval_s\":300,\"quorum\":\"all\"}"),
		policy(2, POL_TAG, "db", "{\"interval_s\":30}"),
		policy(3, POL_TAG, "web", "{\"interval_s\":60,\"retries\":1}"),
		policy(7, POL_NAMED, "", "{\"interval_s\":10,\"retries\":3}"),
	};
	(void)state;
	all[2].priority = 5;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		const struct pol *applying[POL_APPLY_MAX];
		json_t *given = json(rows[i].given), *want = json(rows[i].want);
		size_t n = pol_applying(all, NP_LEN(all), given, applying);
		json_t *got = pol_merge(given, applying, n);
		if (!json_equal(got, want))
			fail_msg("row %zu: %s", i, json_dumps(got, 0));
		json_decref(given);
		json_decref(want);
		json_decref(got);
	}
	for (size_t i = 0; i < NP_LEN(all); i++)
		json_decref((json_t *)(uintptr_t)all[i].rules);
}

static void policy_timeout_follows_a_short_interval(void **state)
{
	struct pol p = policy(1, POL_ORGANISATION, "", "{\"timeout_s\":30}");
	const struct pol *applying[] = { &p };
	json_t *fast = json("{\"interval_s\":20}"), *slow = json("{\"interval_s\":60}");
	(void)state;
	json_t *a = pol_merge(fast, applying, 1), *b = pol_merge(slow, applying, 1);
	assert_null(json_object_get(a, "timeout_s"));
	assert_int_equal(json_integer_value(json_object_get(b, "timeout_s")), 30);
	json_decref(a);
	json_decref(b);
	json_decref(fast);
	json_decref(slow);
	json_decref((json_t *)(uintptr_t)p.rules);
}

static void policy_refuses_what_a_monitor_would(void **state)
{
	static const struct {
		const char *rules, *path;
	} rows[] = {
		{ "[]", "rules" },
		{ "{}", "rules" },
		{ "{\"target\":\"x\"}", "rules.target" },
		{ "{\"tags\":[]}", "rules.tags" },
		{ "{\"paused\":true}", "rules.paused" },
		{ "{\"severity\":\"huge\"}", "rules.severity" },
		{ "{\"interval_s\":1}", "rules.interval_s" },
		{ "{\"interval_s\":10,\"timeout_s\":9}", "rules.timeout_s" },
		{ "{\"quorum\":4}", "rules.quorum" },
		{ "{\"regions\":[\"mars\"]}", "rules.regions[0]" },
		{ "{\"regions\":[\"ams1\"],\"quorum\":2}", "rules.quorum" },
		{ "{\"quiet\":{\"zone\":\"UTC\",\"from\":\"22:00\"}}", "rules.quiet.to" },
		{ "{\"escalation\":[{\"after_s\":900}]}", "rules.escalation[0].channels" },
		{ "{\"reminder_s\":5}", "rules.reminder_s" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct problem_list p = { 0 };
		json_t *rules = json(rows[i].rules);
		assert_int_equal(pol_check_rules(rules, &regions, &p), NP_E_INVAL);
		assert_string_equal(p.item[0].path, rows[i].path);
		json_decref(rules);
	}
	struct problem_list p = { 0 };
	json_t *fine = json("{\"timeout_s\":60,\"quorum\":3,\"reminder_s\":0}");
	assert_int_equal(pol_check_rules(fine, &regions, &p), NP_OK);
	json_decref(fine);
}

static void policy_says_what_a_monitor_means(void **state)
{
	static const struct {
		const char *more, *want;
	} rows[] = {
		{ "",
		  "Alert when 2 of 3 regions fail for 10 s; tell every channel; remind hourly; one alert per incident." },
		{ ",\"channels\":[\"" MAIL
		  "\"],\"escalation\":[{\"after_s\":900,\"channels\":[\"" CALL "\"]}],"
		  "\"quiet\":{\"zone\":\"Europe/Berlin\",\"from\":\"22:00\",\"to\":\"07:00\"}",
		  "Alert when 2 of 3 regions fail for 10 s; first ops-mail, after 15 min on-call; remind hourly; "
		  "quiet 22:00–07:00 Europe/Berlin except critical; one alert per incident." },
		{ ",\"quorum\":\"any\",\"confirm_s\":0,\"reminder_s\":0,\"channels\":[]",
		  "Alert when 1 of 3 regions fails; tell nobody; no reminders; one alert per incident." },
		{ ",\"quorum\":\"all\",\"confirm_s\":90,\"reminder_s\":86400",
		  "Alert when all 3 regions fail for 1 min 30 s; tell every channel; remind daily; one alert per incident." },
		{ ",\"quorum\":2,\"regions\":[\"ams1\",\"fra1\"],\"confirm_s\":0.5,\"reminder_s\":5400",
		  "Alert when all 2 regions fail for 0.5 s; tell every channel; remind every 1 h 30 min; one alert per incident." },
		{ ",\"regions\":[\"ams1\"],\"severity\":\"critical\",\"quiet\":{\"zone\":\"UTC\",\"from\":\"00:00\",\"to\":\"07:00\",\"days\":[\"sat\",\"sun\"]}",
		  "Alert when its only region fails for 10 s; tell every channel; remind hourly; "
		  "quiet 00:00–07:00 UTC from Sat, Sun, but it is critical and told at once; one alert per incident." },
		{ ",\"parent\":\"" BOSS "\",\"channels\":[\"" MAIL
		  "\",\"44444444-0000-4000-8000-000000000004\"]",
		  "Alert when 2 of 3 regions fail for 10 s; tell ops-mail, a channel that is gone; remind hourly; "
		  "silent while its parent is down; one alert per incident." },
	};
	json_t *names = json(channel_names);
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		char text[1024];
		struct problem_list p = { 0 };
		struct monj m;
		struct buf out;
		(void)snprintf(text, sizeof text,
			       "{\"name\":\"a\",\"kind\":\"tcp\",\"target\":\"a:1\"%s}",
			       rows[i].more);
		json_t *o = json(text);
		buf_init(&out, 4096);
		assert_int_equal(monj_read(o, &regions, &m, &p), NP_OK);
		pol_sentence(&m, names, &out);
		assert_string_equal(buf_c(&out), rows[i].want);
		buf_done(&out);
		json_decref(o);
	}
	json_decref(names);
}

static void policy_says_what_its_rules_mean(void **state)
{
	static const struct {
		const char *rules, *want;
	} rows[] = {
		{ "{\"reminder_s\":900}", "Remind every 15 min." },
		{ "{\"quorum\":\"majority\",\"confirm_s\":60}",
		  "Alert when most of the regions fail for 1 min." },
		{ "{\"quorum\":2}", "Alert when 2 regions fail." },
		{ "{\"quorum\":1,\"regions\":[\"ams1\",\"iad1\"]}",
		  "Alert when 1 of 2 regions fails." },
		{ "{\"channels\":[\"" MAIL
		  "\"],\"escalation\":[{\"after_s\":900,\"channels\":[\"" CALL "\"]},"
		  "{\"after_s\":7200,\"channels\":[\"" BOSS "\"]}],\"severity\":\"minor\"}",
		  "First ops-mail, after 15 min on-call, after 2 h boss; severity minor." },
		{ "{\"escalation\":[]}", "No escalation." },
		{ "{\"interval_s\":30,\"timeout_s\":5,\"retries\":1,\"fail_after\":3}",
		  "Check every 30 s; wait for an answer for 5 s; try again 1 time; a region fails after 3 in a row." },
		{ "{\"timeout_s\":45}", "Wait for an answer for 45 s." },
		{ "{\"quiet\":{\"zone\":\"UTC\",\"from\":\"22:00\",\"to\":\"07:00\"}}",
		  "Quiet 22:00–07:00 UTC except critical." },
	};
	json_t *names = json(channel_names);
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct buf out;
		json_t *rules = json(rows[i].rules);
		buf_init(&out, 4096);
		pol_rules_sentence(rules, &regions, names, &out);
		assert_string_equal(buf_c(&out), rows[i].want);
		buf_done(&out);
		json_decref(rules);
	}
	json_decref(names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(policy_merges_the_most_special_first),
		cmocka_unit_test(policy_timeout_follows_a_short_interval),
		cmocka_unit_test(policy_refuses_what_a_monitor_would),
		cmocka_unit_test(policy_says_what_a_monitor_means),
		cmocka_unit_test(policy_says_what_its_rules_mean),
	};
	return cmocka_run_group_tests_name("core.policy", tests, NULL, NULL);
}
