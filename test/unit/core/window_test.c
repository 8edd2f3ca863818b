/* SPDX-License-Identifier: Apache-2.0 */
/* Zones, rules and windows by hand: what the clocks do, and what a window makes of it. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/str.h"
#include "base/zonefile.h"
#include "core/window.h"

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

static int64_t local(const char *text)
{
	int64_t s = 0;
	assert_int_equal(civil_parse(str_from_c(text), &s, NULL), NP_OK);
	return s;
}

static const char *shown(int64_t us, char ret[CLOCK_RFC3339_MAX])
{
	clock_rfc3339(us, ret);
	return ret;
}

/* ---- rules ---- */

static void rule_says_what_it_does_not_know(void **state)
{
	static const char *const rows[][2] = {
		{ "FREQ=HOURLY", "FREQ must be" },
		{ "BYDAY=MO", "FREQ is needed" },
		{ "FREQ=DAILY;BYHOUR=3", "BYHOUR is not supported" },
		{ "FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO is not supported" },
		{ "FREQ=YEARLY;BYYEARDAY=200", "BYYEARDAY is not supported" },
		{ "FREQ=DAILY;COUNT=3;UNTIL=20270101", "cannot both" },
		{ "FREQ=DAILY;COUNT=0", "COUNT must be" },
		{ "FREQ=DAILY;INTERVAL=1001", "INTERVAL must be" },
		{ "FREQ=DAILY;FREQ=DAILY", "twice" },
		{ "FREQ=WEEKLY;BYDAY=1MO", "need FREQ=MONTHLY" },
		{ "FREQ=WEEKLY;BYMONTHDAY=1", "weekly" },
		{ "FREQ=MONTHLY;BYMONTHDAY=32", "BYMONTHDAY must" },
		{ "FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY must" },
		{ "FREQ=MONTHLY;BYMONTH=-1", "BYMONTH must" },
		{ "FREQ=MONTHLY;BYDAY=", "BYDAY must" },
		{ "FREQ=MONTHLY;BYDAY=+-1MO", "BYDAY must" },
		{ "FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS needs" },
		{ "FREQ=DAILY;UNTIL=20270230", "UNTIL must" },
		{ "FREQ=DAILY;UNTIL=20270101Z", "UNTIL must" },
		{ "FREQ=DAILY;", "is not supported" },
		{ "", "must be a text" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		char why[RRULE_WHY_MAX] = "";
		struct rrule r;
		assert_int_equal(rrule_parse(str_from_c(rows[i][0]), &r, why), NP_E_INVAL);
		if (strstr(why, rows[i][1]) == NULL)
			fail_msg("%s: %s", rows[i][0], why);
	}
}

#define DATES_MAX 512
struct question {
	const char *rule, *start, *from;
	int n;
	const char *want;
};

/* The first n dates from `from` on, in one line. */
static void occurrences(const struct question *q, char ret[DATES_MAX])
{
	char why[RRULE_WHY_MAX] = "", text[CIVIL_TEXT_MAX];
	struct rrule r;
	struct rrule_set set;
	struct rrule_iter it;
	int64_t at;
	assert_int_equal(rrule_parse(str_from_c(q->rule), &r, why), NP_OK);
	rrule_bind(&r, local(q->start), &set);
	rrule_begin(&it, &set, local(q->from));
	ret[0] = '\0';
	for (int i = 0; i < q->n && rrule_next(&it, &at); i++) {
		size_t used = strlen(ret);
		civil_text(at, text);
		(void)snprintf(ret + used, DATES_MAX - used, "%s%.10s", i ? " " : "", text);
	}
}

static void rule_gives_the_dates_of_the_standard(void **state)
{
	static const struct question rows[] = {
		/* RFC 5545 §3.8.5.3 */
		{ "FREQ=DAILY;COUNT=10", "1997-09-02T09:00", "1997-09-10T00:00", 9,
		  "1997-09-10 1997-09-11" },
		{ "FREQ=DAILY;INTERVAL=10;COUNT=5", "1997-09-02T09:00", "1997-09-02T00:00", 9,
		  "1997-09-02 1997-09-12 1997-09-22 1997-10-02 1997-10-12" },
		{ "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH", "1997-09-02T09:00",
		  "1997-09-02T00:00", 9,
		  "1997-09-02 1997-09-04 1997-09-16 1997-09-18 1997-09-30 1997-10-02 1997-10-14 1997-10-16" },
		{ "FREQ=MONTHLY;COUNT=10;BYDAY=1FR", "1997-09-05T09:00", "1998-04-01T00:00", 9,
		  "1998-04-03 1998-05-01 1998-06-05" },
		{ "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU", "1997-09-07T09:00",
		  "1998-01-01T00:00", 3, "1998-01-04 1998-01-25 1998-03-01" },
		{ "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO", "1997-09-22T09:00", "1997-09-22T00:00", 9,
		  "1997-09-22 1997-10-20 1997-11-17 1997-12-22 1998-01-19 1998-02-16" },
		{ "FREQ=MONTHLY;BYMONTHDAY=-3", "1997-09-28T09:00", "1997-09-28T00:00", 6,
		  "1997-09-28 1997-10-29 1997-11-28 1997-12-29 1998-01-29 1998-02-26" },
		{ "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1", "1997-09-30T09:00", "1997-12-01T00:00",
		  3, "1997-12-01 1997-12-31 1998-01-01" },
		{ "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3", "1997-03-10T09:00",
		  "1999-01-01T00:00", 4, "1999-01-10 1999-02-10 1999-03-10 2001-01-10" },
		{ "FREQ=YEARLY;BYDAY=20MO", "1997-05-19T09:00", "1997-05-19T00:00", 3,
		  "1997-05-19 1998-05-18 1999-05-17" },
		{ "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "1997-09-02T09:00", "1997-09-02T00:00", 5,
		  "1998-02-13 1998-03-13 1998-11-13 1999-08-13 2000-10-13" },
		{ "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
		  "1996-11-05T09:00", "1996-01-01T00:00", 3, "1996-11-05 2000-11-07 2004-11-02" },
		{ "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3", "1997-09-04T09:00",
		  "1997-09-04T00:00", 9, "1997-09-04 1997-10-07 1997-11-06" },
		{ "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2", "1997-09-29T09:00",
		  "1997-09-29T00:00", 4, "1997-09-29 1997-10-30 1997-11-27 1997-12-30" },
		{ "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO", "1997-08-05T09:00",
		  "1997-08-05T00:00", 9, "1997-08-05 1997-08-10 1997-08-19 1997-08-24" },
		{ "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU", "1997-08-05T09:00",
		  "1997-08-05T00:00", 9, "1997-08-05 1997-08-17 1997-08-19 1997-08-31" },
		{ "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5", "2007-01-15T09:00", "2007-01-15T00:00",
		  9, "2007-01-15 2007-01-30 2007-02-15 2007-03-15 2007-03-30" },
		/* COUNT is not counted for ever: whoever reads the rule has other things to do */
		{ "FREQ=YEARLY;COUNT=150", "2026-03-10T02:00", "2125-01-01T00:00", 9,
		  "2125-03-10 2126-03-10" },
		{ "FREQ=YEARLY;COUNT=10000;BYDAY=53MO,53TU,-53MO,-53TU;BYSETPOS=2",
		  "0001-01-01T02:00", "1970-01-01T00:00", 1, "" },
		/* month ends, leap days, nothing at all */
		{ "FREQ=MONTHLY", "2026-01-31T02:00", "2026-01-01T00:00", 4,
		  "2026-01-31 2026-03-31 2026-05-31 2026-07-31" },
		{ "FREQ=YEARLY", "2024-02-29T02:00", "2025-01-01T00:00", 3,
		  "2028-02-29 2032-02-29 2036-02-29" },
		{ "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;BYDAY=SU", "2080-01-01T02:00",
		  "2080-01-01T00:00", 2, "2088-02-29 2128-02-29" },
		{ "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "2026-01-01T02:00", "2026-01-01T00:00", 1,
		  "" },
		{ "FREQ=WEEKLY;UNTIL=20260315", "2026-03-01T02:00", "2026-01-01T00:00", 9,
		  "2026-03-01 2026-03-08 2026-03-15" },
		/* from far away: the same phase */
		{ "FREQ=WEEKLY;INTERVAL=3", "2026-03-01T02:00", "2126-01-01T00:00", 2,
		  "2126-01-13 2126-02-03" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		char got[DATES_MAX];
		occurrences(&rows[i], got);
		assert_string_equal(got, rows[i].want);
	}
}

/* ---- windows ---- */

static struct window quiet_window(json_t *o, struct problem_list *p)
{
	struct window w;
	struct alertj_quiet q = { 0 };
	json_t *whole = json_pack("{s:O}", "quiet", o);
	alertj_read_quiet(&(struct jread){ .object = whole, .prefix = "", .p = p }, &q);
	assert_int_equal(p->n, 0);
	window_of_quiet(&q, &w);
	json_decref(whole);
	return w;
}

static struct window window(const char *json)
{
	struct window w;
	struct problem_list p = { 0 };
	json_t *o = json_loads(json, 0, NULL);
	assert_non_null(o);
	if (json_object_get(o, "from") != NULL)
		w = quiet_window(o, &p);
	else if (window_read(o, &w, &p) < 0)
		fail_msg("%s: %s %s", json, p.item[0].path, p.item[0].text);
	json_decref(o);
	return w;
}

#define SUNDAYS \
	"{\"zone\":\"Europe/Berlin\",\"start\":\"2026-03-01T02:30\",\"duration_s\":3600,\"rrule\":\"FREQ=WEEKLY\""
#define NIGHT "{\"zone\":\"Europe/Berlin\",\"from\":\"22:00\",\"to\":\"07:00\""

static const struct {
	const char *json;
	const char *now;
	bool on;
	const char *until; /* NULL: never */
} windows[] = {
	{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\",\"duration_s\":3600}",
	  "2026-03-01T01:59:59Z", false, "2026-03-01T02:00:00Z" },
	{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\",\"duration_s\":3600}",
	  "2026-03-01T02:00:00Z", true, "2026-03-01T03:00:00Z" },
	{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\",\"duration_s\":3600}",
	  "2026-03-01T03:00:00Z", false, NULL },
	{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\",\"duration_s\":3600,\"ended\":[\"2026-03-01T02:20:00Z\"]}",
	  "2026-03-01T02:10:00Z", true, "2026-03-01T02:20:00Z" },
	{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\",\"duration_s\":3600,\"ended\":[\"2026-03-01T02:20:00Z\"]}",
	  "2026-03-01T02:30:00Z", false, NULL },
	/* Sundays 02:30: the hour before, the gap (03:30 instead), the first of two */
	{ SUNDAYS "}", "2026-03-22T01:45:00Z", true, "2026-03-22T02:30:00Z" },
	{ SUNDAYS "}", "2026-03-29T01:15:00Z", false, "2026-03-29T01:30:00Z" },
	{ SUNDAYS "}", "2026-03-29T01:30:00Z", true, "2026-03-29T02:30:00Z" },
	{ SUNDAYS "}", "2026-04-05T00:30:00Z", true, "2026-04-05T01:30:00Z" },
	{ SUNDAYS "}", "2026-10-25T00:30:00Z", true, "2026-10-25T01:30:00Z" },
	{ SUNDAYS "}", "2026-10-25T01:30:00Z", false, "2026-11-01T01:30:00Z" },
	{ SUNDAYS ",\"exdates\":[\"2026-03-22\"]}", "2026-03-22T01:45:00Z", false,
	  "2026-03-29T01:30:00Z" },
	{ SUNDAYS ",\"exdates\":[\"2026-03-22T02:30\"]}", "2026-03-22T01:45:00Z", false,
	  "2026-03-29T01:30:00Z" },
	{ SUNDAYS ",\"exdates\":[\"2026-03-22T02:00\"]}", "2026-03-22T01:45:00Z", true,
	  "2026-03-22T02:30:00Z" },
	/* "end now" ends one occurrence, not the next */
	{ SUNDAYS ",\"ended\":[\"2026-03-22T01:40:00Z\"]}", "2026-03-22T01:45:00Z", false,
	  "2026-03-29T01:30:00Z" },
	/* overlapping occurrences are one window */
	{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T00:00\",\"duration_s\":100000,\"rrule\":\"FREQ=DAILY;COUNT=3\"}",
	  "2026-03-01T12:00:00Z", true, "2026-03-04T03:46:40Z" },
	{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T00:00\",\"duration_s\":3600,\"rrule\":\"FREQ=DAILY;UNTIL=20260303T000000Z\"}",
	  "2026-03-03T02:00:00Z", false, NULL },
	/* New York, both ways */
	{ "{\"zone\":\"America/New_York\",\"start\":\"2026-03-07T02:30\",\"duration_s\":1800,\"rrule\":\"FREQ=DAILY\"}",
	  "2026-03-08T07:00:00Z", false, "2026-03-08T07:30:00Z" },
	{ "{\"zone\":\"America/New_York\",\"start\":\"2026-03-07T01:30\",\"duration_s\":7200,\"rrule\":\"FREQ=DAILY\"}",
	  "2026-11-01T06:45:00Z", true, "2026-11-01T07:30:00Z" },
	{ "{\"zone\":\"Australia/Lord_Howe\",\"start\":\"2026-10-01T02:15\",\"duration_s\":600,\"rrule\":\"FREQ=DAILY\"}",
	  "2026-10-03T15:30:00Z", false, "2026-10-03T15:45:00Z" },
	{ "{\"zone\":\"Africa/Casablanca\",\"start\":\"2026-02-01T04:00\",\"duration_s\":600,\"rrule\":\"FREQ=DAILY\"}",
	  "2026-02-15T03:30:00Z", false, "2026-02-15T04:00:00Z" },
	/* quiet hours */
	{ NIGHT "}", "2026-01-15T20:59:59Z", false, "2026-01-15T21:00:00Z" },
	{ NIGHT "}", "2026-01-15T21:00:00Z", true, "2026-01-16T06:00:00Z" },
	{ NIGHT "}", "2026-01-16T05:59:59Z", true, "2026-01-16T06:00:00Z" },
	{ NIGHT "}", "2026-03-29T00:00:00Z", true, "2026-03-29T05:00:00Z" },
	{ NIGHT "}", "2026-10-25T01:30:00Z", true, "2026-10-25T06:00:00Z" },
	{ NIGHT ",\"days\":[\"sat\"]}", "2026-01-16T22:00:00Z", false, "2026-01-17T21:00:00Z" },
	{ NIGHT ",\"days\":[\"sat\"]}", "2026-01-18T05:00:00Z", true, "2026-01-18T06:00:00Z" },
	{ "{\"zone\":\"Europe/Berlin\",\"from\":\"00:00\",\"to\":\"23:59\",\"days\":[\"sat\",\"sun\"]}",
	  "2026-03-28T12:00:00Z", true, "2026-03-28T22:59:00Z" },
	/* borders in a gap: the moment the clocks jump */
	{ "{\"zone\":\"Europe/Berlin\",\"from\":\"02:15\",\"to\":\"02:45\"}",
	  "2026-03-29T00:59:00Z", false, "2026-03-30T00:15:00Z" },
	{ "{\"zone\":\"Europe/Berlin\",\"from\":\"01:00\",\"to\":\"02:30\"}",
	  "2026-03-29T00:30:00Z", true, "2026-03-29T01:00:00Z" },
};

static void window_is_on_or_says_when(void **state)
{
	(void)state;
	for (size_t i = 0; i < NP_LEN(windows); i++) {
		struct window w = window(windows[i].json);
		struct zone *z = zone(w.zone);
		struct window_now got = window_at(&w, z, utc(windows[i].now));
		char a[CLOCK_RFC3339_MAX] = "never";
		if (got.until_us != WINDOW_NEVER_US)
			shown(got.until_us, a);
		if (got.on != windows[i].on ||
		    strcmp(a, windows[i].until ? windows[i].until : "never") != 0)
			fail_msg("row %zu at %s: %s until %s", i, windows[i].now,
				 got.on ? "on" : "off", a);
		zone_free(z);
	}
}

/* Monday 29 February: 2044, 2072. Nobody searches centuries for whoever asks. */
static void window_that_hardly_ever_begins_is_not_looked_for(void **state)
{
	struct window w = window("{\"zone\":\"UTC\",\"start\":\"2016-02-29T00:00\","
				 "\"duration_s\":3600,\"rrule\":\"FREQ=YEARLY;BYMONTH=2;"
				 "BYMONTHDAY=29;BYDAY=MO\"}");
	struct zone *z = zone("UTC");
	struct window_span one;
	(void)state;
	assert_int_equal(window_at(&w, z, utc("2026-01-01T00:00:00Z")).until_us,
			 utc("2044-02-29T00:00:00Z"));
	assert_int_equal(window_at(&w, z, utc("2045-01-01T00:00:00Z")).until_us, WINDOW_NEVER_US);
	assert_true(window_at(&w, z, utc("2072-02-29T00:30:00Z")).on);
	const struct window_span all = { utc("2045-01-01T00:00:00Z"), INT64_MAX };
	assert_int_equal(window_list(&w, z, &all, &one, 1), 1);
	assert_int_equal(one.from_us, utc("2072-02-29T00:00:00Z"));
	zone_free(z);
}

static void window_that_never_ends_says_when_to_ask_again(void **state)
{
	struct window w = window("{\"zone\":\"UTC\",\"from\":\"06:00\",\"to\":\"05:59\"}");
	struct zone *z = zone("UTC");
	(void)state;
	w.to_min = w.from_min;
	struct window_now got = window_at(&w, z, utc("2026-03-29T00:30:00Z"));
	assert_true(got.on);
	assert_true(got.until_us > utc("2026-06-01T00:00:00Z"));
	zone_free(z);
}

static void window_lists_what_a_calendar_shows(void **state)
{
	struct window w = window(SUNDAYS ",\"exdates\":[\"2026-03-15\"]}");
	struct zone *z = zone("Europe/Berlin");
	const struct window_span march = { utc("2026-03-01T02:00:00Z"),
					   utc("2026-04-01T00:00:00Z") };
	struct window_span got[8];
	(void)state;
	assert_int_equal(window_list(&w, z, &march, got, NP_LEN(got)), 4);
	assert_int_equal(got[0].from_us, utc("2026-03-01T01:30:00Z"));
	assert_int_equal(got[1].from_us, utc("2026-03-08T01:30:00Z"));
	assert_int_equal(got[2].from_us, utc("2026-03-22T01:30:00Z"));
	assert_int_equal(got[3].from_us, utc("2026-03-29T01:30:00Z"));
	assert_int_equal(window_list(&w, z, &march, got, 2), 2);
	zone_free(z);
}

static void window_says_itself_in_words(void **state)
{
	static const char *const rows[][2] = {
		{ "", "Once on 2026-03-01 at 02:30 for 1 h 30 min (Europe/Berlin)." },
		{ ",\"rrule\":\"FREQ=DAILY\"",
		  "Every day at 02:30 for 1 h 30 min (Europe/Berlin)." },
		{ ",\"rrule\":\"FREQ=WEEKLY\"",
		  "Every week on Sunday at 02:30 for 1 h 30 min (Europe/Berlin)." },
		{ ",\"rrule\":\"FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;COUNT=3\"",
		  "Every 2 weeks on Monday, Friday at 02:30 for 1 h 30 min, 3 times (Europe/Berlin)." },
		{ ",\"rrule\":\"FREQ=MONTHLY;BYDAY=1SU,-1FR;UNTIL=20271231\"",
		  "Every month on the first Sunday, the last Friday at 02:30 for 1 h 30 min, until "
		  "2027-12-31 (Europe/Berlin)." },
		{ ",\"rrule\":\"FREQ=YEARLY;BYMONTH=1,7;BYMONTHDAY=13,-1;BYDAY=FR\"",
		  "Every year on Friday that is the 13., last day in January, July at 02:30 for 1 h "
		  "30 min (Europe/Berlin)." },
		{ ",\"rrule\":\"FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-2\"",
		  "Every month on Monday, Tuesday (of these the 2. last) at 02:30 for 1 h 30 min "
		  "(Europe/Berlin)." },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		char text[512];
		struct buf out;
		(void)snprintf(text, sizeof text,
			       "{\"zone\":\"Europe/Berlin\",\"start\":\"2026-03-01T02:30\","
			       "\"duration_s\":5400%s}",
			       rows[i][0]);
		struct window w = window(text);
		buf_init(&out, 1024);
		window_say(&w, &out);
		assert_string_equal(buf_c(&out), rows[i][1]);
		buf_done(&out);
	}
}

static void window_names_every_wrong_field(void **state)
{
	static const struct {
		const char *json, *path;
	} rows[] = {
		{ "{\"start\":\"2026-03-01T02:00\",\"duration_s\":60}", "zone" },
		{ "{\"zone\":\"../x\",\"start\":\"2026-03-01T02:00\",\"duration_s\":60}", "zone" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01\",\"duration_s\":60}", "start" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-02-30T02:00\",\"duration_s\":60}", "start" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00Z\",\"duration_s\":60}", "start" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\"}", "duration_s" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\",\"duration_s\":59}",
		  "duration_s" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\",\"duration_s\":60,\"rrule\":5}",
		  "rrule" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\",\"duration_s\":60,\"exdates\":[\"x\"]}",
		  "exdates[0]" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\",\"duration_s\":60,\"exdates\":{}}",
		  "exdates" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\",\"duration_s\":60,\"ended\":[1]}",
		  "ended" },
		{ "{\"zone\":\"UTC\",\"start\":\"2026-03-01T02:00\",\"duration_s\":60,\"x\":1}",
		  "x" },
		{ "[]", "" },
	};
	(void)state;
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		struct window w;
		struct problem_list p = { 0 };
		json_t *o = json_loads(rows[i].json, 0, NULL);
		assert_int_equal(window_read(o, &w, &p), NP_E_INVAL);
		assert_int_equal(p.n, 1);
		assert_string_equal(p.item[0].path, rows[i].path);
		json_decref(o);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rule_says_what_it_does_not_know),
		cmocka_unit_test(rule_gives_the_dates_of_the_standard),
		cmocka_unit_test(window_is_on_or_says_when),
		cmocka_unit_test(window_that_never_ends_says_when_to_ask_again),
		cmocka_unit_test(window_that_hardly_ever_begins_is_not_looked_for),
		cmocka_unit_test(window_lists_what_a_calendar_shows),
		cmocka_unit_test(window_says_itself_in_words),
		cmocka_unit_test(window_names_every_wrong_field),
	};
	return cmocka_run_group_tests_name("core.window", tests, NULL, NULL);
}
