/* SPDX-License-Identifier: Apache-2.0 */
/* A maintenance in words: from the window that decides. */
#include "base/str.h"
#include "core/window.h"

static const char *const weekdays[] = { "Monday", "Tuesday",  "Wednesday", "Thursday",
					"Friday", "Saturday", "Sunday" };
static const char *const months[] = { "",        "January",  "February", "March",  "April",
				      "May",     "June",     "July",     "August", "September",
				      "October", "November", "December" };

static void add_duration(struct buf *out, int64_t s)
{
	static const struct {
		int64_t s;
		const char *unit;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	(void)buf_add_c(out, " for");
	for (size_t i = 0; i < NP_LEN(units); i++) {
		if (s >= units[i].s)
			(void)buf_printf(out, " %lld %s", (long long)(s / units[i].s),
					 units[i].unit);
		s %= units[i].s;
	}
}

static void add_ordinal(struct buf *out, int32_t n)
{
	static const char *const names[] = { "", "first", "second", "third", "fourth", "fifth" };
	if (n == -1)
		(void)buf_add_c(out, "last");
	else if (n > 0 && n < (int32_t)NP_LEN(names))
		(void)buf_add_c(out, names[n]);
	else if (n > 0)
		(void)buf_printf(out, "%d.", n);
	else
		(void)buf_printf(out, "%d. last", -n);
}

static void add_weekdays(struct buf *out, const struct rrule *r)
{
	for (uint32_t i = 0; i < r->byday_n; i++) {
		(void)buf_add_c(out, i == 0 ? " on " : ", ");
		if (r->byday[i].nth != 0) {
			(void)buf_add_c(out, "the ");
			add_ordinal(out, r->byday[i].nth);
			(void)buf_add_byte(out, ' ');
		}
		(void)buf_add_c(out, weekdays[r->byday[i].weekday]);
	}
}

static void add_days(struct buf *out, const struct rrule *r)
{
	const char *before = r->byday_n > 0 ? " that is the " : " on the ";
	for (int32_t d = 1; d <= 31; d++) {
		if (r->days >> d & 1) {
			(void)buf_printf(out, "%s%d.", before, d);
			before = ", ";
		}
	}
	for (int32_t d = 1; d <= 31; d++) {
		if (!(r->days_back >> d & 1))
			continue;
		(void)buf_add_c(out, before);
		add_ordinal(out, -d);
		(void)buf_add_c(out, " day");
		before = ", ";
	}
}

static void add_months(struct buf *out, const struct rrule *r)
{
	const char *before = " in ";
	for (int32_t m = 1; m <= 12; m++) {
		if (!(r->months >> m & 1))
			continue;
		(void)buf_printf(out, "%s%s", before, months[m]);
		before = ", ";
	}
}

static void add_places(struct buf *out, const struct rrule *r)
{
	for (uint32_t i = 0; i < r->setpos_n; i++) {
		(void)buf_add_c(out, i == 0 ? " (of these the " : ", ");
		add_ordinal(out, r->setpos[i]);
	}
	if (r->setpos_n > 0)
		(void)buf_add_byte(out, ')');
}

static void add_end(struct buf *out, const struct rrule *r)
{
	char text[CIVIL_TEXT_MAX];
	if (r->count > 0)
		(void)buf_printf(out, ", %u time%s", r->count, r->count == 1 ? "" : "s");
	if (!r->has_until)
		return;
	civil_text(r->until_s, text);
	(void)buf_printf(out, ", until %.10s", text);
}

static void add_rule(struct buf *out, const struct rrule *r)
{
	static const char *const units[] = { "day", "week", "month", "year" };
	static_assert(NP_LEN(units) == RRULE_FREQ_N, "name every unit");
	if (r->interval > 1)
		(void)buf_printf(out, "Every %u %ss", r->interval, units[r->freq]);
	else
		(void)buf_printf(out, "Every %s", units[r->freq]);
	add_weekdays(out, r);
	add_days(out, r);
	add_months(out, r);
	add_places(out, r);
}

void window_say(const struct window *w, struct buf *out)
{
	char start[CIVIL_TEXT_MAX];
	civil_text(w->start_s, start);
	if (w->kind == WINDOW_RULE)
		add_rule(out, &w->set.rule);
	else
		(void)buf_printf(out, "Once on %.10s", start);
	(void)buf_printf(out, " at %.5s", start + 11);
	add_duration(out, w->duration_s);
	if (w->kind == WINDOW_RULE)
		add_end(out, &w->set.rule);
	(void)buf_printf(out, " (%s).", w->zone);
}
