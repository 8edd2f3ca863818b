/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in maintenance: the answer that a monitor keeps follows what changes around it. */
#include "unit/t.h"

#include "base/clock.h"
#include "engine/windows.h"

#define T0 (INT64_C(1772330400) * NP_SEC_US) /* 2026-03-01T02:00Z */
#define IDS 64

static const uint8_t wanted[16] = { 7, 7 };

/* An hour from then on, for `ids` monitors of the organisation, ours the n-th of them. */
static void add_of(struct msg *m, uint64_t org, const char *start, size_t ids, size_t n)
{
	struct problem_list p = { 0 };
	struct msg_window w = { .org = org, .monitor_n = ids };
	uint8_t(*id)[16] = arena_calloc(m->arena, IDS, sizeof *id);
	json_t *j = json_pack("{s:s, s:s, s:i}", "zone", "UTC", "start", start, "duration_s", 3600);
	assert_non_null(id);
	assert_ok(window_read(j, &w.window, &p));
	json_decref(j);
	for (size_t i = 0; i < ids; i++)
		memset(id[i], i < n ? 1 : 9, sizeof id[i]);
	if (n < ids)
		memcpy(id[n], wanted, sizeof wanted);
	w.monitor = (const uint8_t(*)[16])id;
	struct msg_window *own = msg_grow(m, sizeof *own);
	assert_non_null(own);
	*own = w;
}

static void add(struct msg *m, const char *start, size_t ids, size_t n)
{
	add_of(m, 1, start, ids, n);
}

static struct msg *windows(void)
{
	struct msg *m = msg_new(MSG_WINDOWS);
	assert_non_null(m);
	return m;
}

static struct mon monitor(uint64_t org)
{
	struct mon m = { .no = 1, .org = org };
	m.def.revision = 1;
	memcpy(m.id, wanted, sizeof wanted);
	return m;
}

static void is_found_wherever_it_stands(void **state NP_UNUSED)
{
	static const size_t places[] = { 0, 1, IDS / 2, IDS - 1 };
	for (size_t i = 0; i < NP_LEN(places); i++) {
		struct windows *w = windows_new();
		struct mon ours = monitor(1), theirs = monitor(2);
		struct msg *m = windows();
		add(m, "2026-03-01T02:00", IDS, places[i]);
		windows_take(w, m);
		windows_tick(w, T0);
		assert_true(windows_of(w, &ours).on);
		assert_true(windows_of(w, &ours).until_us == T0 + NP_HOUR_US);
		ours.def.provenance = MON_DRILL;
		assert_false(windows_of(w, &ours).on); /* a drill is never held */
		ours.def.provenance = MON_LIVE;
		assert_false(windows_of(w, &theirs).on);
		ours.id[0] = 8;
		ours.def.revision++;
		assert_false(windows_of(w, &ours).on);
		windows_free(w);
	}
}

static void follows_time_and_changes(void **state NP_UNUSED)
{
	struct windows *w = windows_new();
	struct mon ours = monitor(1);
	struct msg *m = windows();
	assert_false(windows_of(w, &ours).on); /* nothing is known yet */
	add(m, "2026-03-01T02:00", 1, 0);
	windows_take(w, m);
	windows_tick(w, T0 - NP_SEC_US);
	assert_false(windows_of(w, &ours).on);
	windows_tick(w, T0);
	assert_true(windows_of(w, &ours).on);
	windows_tick(w, T0 + NP_HOUR_US);
	assert_false(windows_of(w, &ours).on);
	m = windows();
	add(m, "2026-03-01T03:00", 1, 0); /* it was moved */
	windows_take(w, m);
	windows_tick(w, T0 + NP_HOUR_US);
	assert_true(windows_of(w, &ours).on);
	windows_take(w, windows()); /* and deleted */
	windows_tick(w, T0 + NP_HOUR_US);
	assert_false(windows_of(w, &ours).on);
	windows_free(w);
}

/* What one organisation does is looked at by nobody else's monitors. */
static void each_organisation_has_its_own(void **state NP_UNUSED)
{
	struct windows *w = windows_new();
	struct mon one = monitor(1), two = monitor(2), three = monitor(3);
	struct msg *m = windows();
	add_of(m, 1, "2026-03-01T02:00", 1, 0);
	add_of(m, 1, "2026-03-01T05:00", 1, 0);
	add_of(m, 3, "2026-03-01T03:00", 1, 0);
	windows_take(w, m);
	windows_tick(w, T0);
	assert_true(windows_of(w, &one).on);
	assert_false(windows_of(w, &two).on);
	assert_false(windows_of(w, &three).on);
	uint64_t before = three.maintenance.change;
	windows_tick(w, T0 + NP_HOUR_US); /* the first one's ends, the third one's begins */
	assert_false(windows_of(w, &one).on);
	assert_true(windows_of(w, &three).on);
	assert_true(three.maintenance.change > before);
	before = three.maintenance.change;
	windows_tick(w, T0 + 3 * NP_HOUR_US / 2);
	windows_tick(w, T0 + 2 * NP_HOUR_US - NP_SEC_US);
	assert_true(windows_of(w, &three).on);
	assert_int_equal(three.maintenance.change, before); /* nothing of its own happened */
	m = windows();                                      /* all of the first one are gone */
	add_of(m, 3, "2026-03-01T03:00", 1, 0);
	windows_take(w, m);
	windows_tick(w, T0 + NP_HOUR_US);
	assert_false(windows_of(w, &one).on);
	assert_true(windows_of(w, &three).on);
	windows_free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_found_wherever_it_stands),
		cmocka_unit_test(follows_time_and_changes),
		cmocka_unit_test(each_organisation_has_its_own),
	};
	return cmocka_run_group_tests_name("engine.windows", tests, NULL, NULL);
}
