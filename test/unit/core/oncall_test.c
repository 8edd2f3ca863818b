/* SPDX-License-Identifier: Apache-2.0 */
/* Who is on call: turns, overrides, handovers at which the clocks change. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/zonefile.h"
#include "core/oncall.h"

#define A "aaaaaaaa-0000-4000-8000-000000000001"
#define B "bbbbbbbb-0000-4000-8000-000000000002"
#define C "cccccccc-0000-4000-8000-000000000003"
#define X "dddddddd-0000-4000-8000-000000000004"
#define ROTA                                                                                            \
	"{\"zone\":\"Europe/Berlin\",\"start\":\"2026-03-02\",\"handover\":\"09:00\",\"members\":[\"" A \
	"\",\"" B "\",\"" C "\"]"

static struct zone *zone(const char *name)
{
	struct buf b;
	struct zone *z = NULL;
	buf_init(&b, ZONE_BYTES_MAX);
	assert_int_equal(zonefile_read(str_from_c(name), &b), NP_OK);
	assert_int_equal(zone_parse(buf_str(&b), &z), NP_OK);
	buf_done(&b);
	return z;
}

static int64_t utc(const char *text)
{
	int64_t us = 0;
	assert_int_equal(clock_from_rfc3339(str_from_c(text), &us), NP_OK);
	return us;
}

static void rota(const char *json, struct oncall *ret)
{
	struct problem_list p = { 0 };
	json_t *o = json_loads(json, 0, NULL);
	if (oncall_read(o, "", ret, &p) < 0)
		fail_msg("%s: %s %s", json, p.item[0].path, p.item[0].text);
	json_decref(o);
}

static void rota_says_who_is_on_call(void **state)
{
	static const struct {
		const char *rota, *now, *channel, *from, *until;
	} rows[] = {
		{ ROTA "}", "2026-03-02T08:00:00Z", A, "2026-03-02T08:00:00Z",
		  "2026-03-09T08:00:00Z" },
		{ ROTA "}", "2026-03-02T07:59:59Z", C, "2026-02-23T08:00:00Z",
		  "2026-03-02T08:00:00Z" },
		{ ROTA "}", "2026-03-10T00:00:00Z", B, "2026-03-09T08:00:00Z",
		  "2026-03-16T08:00:00Z" },
		/* over the change of the clocks: 09:00 stays 09:00 */
		{ ROTA "}", "2026-03-29T12:00:00Z", A, "2026-03-23T08:00:00Z",
		  "2026-03-30T07:00:00Z" },
		{ ROTA "}", "2025-01-06T08:00:00Z", A, "2025-01-06T08:00:00Z",
		  "2025-01-13T08:00:00Z" },
		/* one takes over for a night, then the turn goes on */
		{ ROTA
		  ",\"overrides\":[{\"from\":\"2026-03-04T18:00:00Z\",\"to\":\"2026-03-05T06:00:00Z\",\"channel\":\"" X
		  "\"}]}",
		  "2026-03-04T20:00:00Z", X, "2026-03-04T18:00:00Z", "2026-03-05T06:00:00Z" },
		{ ROTA
		  ",\"overrides\":[{\"from\":\"2026-03-04T18:00:00Z\",\"to\":\"2026-03-05T06:00:00Z\",\"channel\":\"" X
		  "\"}]}",
		  "2026-03-03T20:00:00Z", A, "2026-03-02T08:00:00Z", "2026-03-04T18:00:00Z" },
		{ ROTA
		  ",\"overrides\":[{\"from\":\"2026-03-04T18:00:00Z\",\"to\":\"2026-03-05T06:00:00Z\",\"channel\":\"" X
		  "\"}]}",
		  "2026-03-05T06:00:00Z", A, "2026-03-05T06:00:00Z", "2026-03-09T08:00:00Z" },
		/* an override over a handover is one turn */
		{ ROTA
		  ",\"overrides\":[{\"from\":\"2026-03-06T00:00:00Z\",\"to\":\"2026-03-12T00:00:00Z\",\"channel\":\"" C
		  "\"}]}",
		  "2026-03-09T08:00:00Z", C, "2026-03-06T00:00:00Z", "2026-03-12T00:00:00Z" },
		/* of two at once the later one in the list holds */
		{ ROTA
		  ",\"overrides\":[{\"from\":\"2026-03-03T00:00:00Z\",\"to\":\"2026-03-06T00:00:00Z\",\"channel\":\"" X
		  "\"},"
		  "{\"from\":\"2026-03-04T00:00:00Z\",\"to\":\"2026-03-05T00:00:00Z\",\"channel\":\"" B
		  "\"}]}",
		  "2026-03-03T12:00:00Z", X, "2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z" },
	};
	struct zone *z = zone("Europe/Berlin");
	static struct oncall o;
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		char id[37] = "";
		rota(rows[i].rota, &o);
		struct oncall_turn t = oncall_now(&o, z, utc(rows[i].now));
		str_uuid(t.channel, id);
		assert_string_equal(id, rows[i].channel);
		assert_int_equal(t.from_us, utc(rows[i].from));
		assert_int_equal(t.until_us, utc(rows[i].until));
	}
	zone_free(z);
}

static void rota_hands_over_in_a_gap_and_in_a_fold(void **state)
{
	static struct oncall o;
	struct zone *z = zone("Europe/Berlin");
	struct oncall_turn t;
	(void)state;
	rota("{\"zone\":\"Europe/Berlin\",\"start\":\"2026-03-29\",\"handover\":\"02:30\",\"members\":[\"" A
	     "\",\"" B "\"]}",
	     &o);
	t = oncall_now(&o, z, utc("2026-03-29T01:29:59Z"));
	assert_int_equal(t.member, 1);
	assert_int_equal(t.until_us, utc("2026-03-29T01:30:00Z"));
	t = oncall_now(&o, z, utc("2026-10-25T00:30:00Z"));
	assert_int_equal(t.from_us, utc("2026-10-25T00:30:00Z"));
	assert_int_equal(t.until_us, utc("2026-11-01T01:30:00Z"));
	zone_free(z);
}

static void rota_of_one_is_one_long_turn(void **state)
{
	static struct oncall o;
	struct zone *z = zone("UTC");
	(void)state;
	rota("{\"zone\":\"UTC\",\"start\":\"2026-03-02\",\"handover\":\"09:00\",\"members\":[\"" A
	     "\"]}",
	     &o);
	struct oncall_turn t = oncall_now(&o, z, utc("2026-03-10T00:00:00Z"));
	assert_true(t.until_us > utc("2027-03-10T00:00:00Z"));
	assert_int_equal(t.from_us, utc("2026-03-02T09:00:00Z")); /* not before there was a rota */
	assert_true(oncall_lasts(&o, z, &t));
	zone_free(z);
}

static void rota_lists_a_calendar(void **state)
{
	static struct oncall o;
	static struct oncall_turn got[20];
	struct zone *z = zone("Europe/Berlin");
	const int64_t april[] = { utc("2026-04-01T00:00:00Z"), utc("2026-05-01T00:00:00Z") };
	(void)state;
	rota(ROTA
	     ",\"overrides\":[{\"from\":\"2026-04-08T00:00:00Z\",\"to\":\"2026-04-09T00:00:00Z\",\"channel\":\"" X
	     "\",\"note\":\"swap\"}]}",
	     &o);
	size_t n = oncall_list(&o, z, april, got, NP_LEN(got));
	assert_int_equal(n, 7);
	for (size_t i = 1; i < n; i++)
		assert_int_equal(got[i].from_us, got[i - 1].until_us);
	assert_int_equal(got[2].override_i, 0);
	assert_false(oncall_lasts(&o, z, &got[0]));
	assert_int_equal(got[2].member, -1);
	assert_int_equal(oncall_list(&o, z, april, got, 3), 3);
	zone_free(z);
}

static void rota_reads_back_what_it_writes(void **state)
{
	static struct oncall o, again;
	struct problem_list p = { 0 };
	struct buf b;
	struct jsonw w;
	(void)state;
	rota(ROTA
	     ",\"overrides\":[{\"from\":\"2026-04-08T00:00:00Z\",\"to\":\"2026-04-09T00:00:00Z\",\"channel\":\"" X
	     "\",\"note\":\"swap\"}]}",
	     &o);
	buf_init(&b, 65536);
	jsonw_init(&w, &b);
	oncall_write(&w, &o);
	json_t *json = json_loadb(b.p, b.n, 0, NULL);
	assert_int_equal(oncall_read(json, "", &again, &p), NP_OK);
	assert_memory_equal(&o, &again, sizeof o);
	json_decref(json);
	buf_done(&b);
}

static void rota_names_every_wrong_field(void **state)
{
	static const struct {
		const char *json, *path;
	} rows[] = {
		{ "[]", "config." },
		{ "{\"start\":\"2026-03-02\",\"handover\":\"09:00\",\"members\":[\"" A "\"]}",
		  "config.zone" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-02T09:00\",\"handover\":\"09:00\",\"members\":[\"" A
		  "\"]}",
		  "config.start" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-02\",\"handover\":\"9\",\"members\":[\"" A
		  "\"]}",
		  "config.handover" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-02\",\"handover\":\"09:00\",\"members\":[]}",
		  "config.members" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-02\",\"handover\":\"09:00\",\"members\":[\"x\"]}",
		  "config.members[0]" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-02\",\"handover\":\"09:00\",\"members\":[\"" A
		  "\"],\"more\":1}",
		  "config.more" },
		{ ROTA ",\"overrides\":{}}", "config.overrides" },
		{ ROTA ",\"overrides\":[5]}", "config.overrides[0]." },
		{ ROTA
		  ",\"overrides\":[{\"from\":\"2026-04-08T00:00:00Z\",\"to\":\"2026-04-08T00:00:00Z\",\"channel\":\"" X
		  "\"}]}",
		  "config.overrides[0].to" },
		{ ROTA
		  ",\"overrides\":[{\"from\":\"2026-04-08\",\"to\":\"2026-04-08T00:00:00Z\",\"channel\":\"" X
		  "\"}]}",
		  "config.overrides[0].from" },
		{ ROTA
		  ",\"overrides\":[{\"from\":\"2026-04-07T00:00:00Z\",\"to\":\"2026-04-08T00:00:00Z\",\"channel\":\"me\"}]}",
		  "config.overrides[0].channel" },
	};
	static struct oncall o;
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct problem_list p = { 0 };
		json_t *json = json_loads(rows[i].json, 0, NULL);
		assert_int_equal(oncall_read(json, "config.", &o, &p), NP_E_INVAL);
		assert_int_equal(p.n, 1);
		assert_string_equal(p.item[0].path, rows[i].path);
		json_decref(json);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rota_says_who_is_on_call),
		cmocka_unit_test(rota_hands_over_in_a_gap_and_in_a_fold),
		cmocka_unit_test(rota_of_one_is_one_long_turn),
		cmocka_unit_test(rota_lists_a_calendar),
		cmocka_unit_test(rota_reads_back_what_it_writes),
		cmocka_unit_test(rota_names_every_wrong_field),
	};
	return cmocka_run_group_tests_name("core.oncall", tests, NULL, NULL);
}
