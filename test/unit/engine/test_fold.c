/* SPDX-License-Identifier: Apache-2.0 */
/* What an input does to a shard, and which effects follow. */
#include "world.h"

#include "core/why.h"
#include "engine/group.h"

#define M 16 /* a monitor of shard 0 */

static struct world *begin(struct world *w)
{
	world_init(w, 0);
	w->fx = fx_new(1, NULL);
	assert_non_null(w->fx);
	assert_ok(world_fold(w, world_members(w, 1, (uint64_t[]){ WORLD_CHECKER }, 1)));
	assert_ok(world_fold(w, world_define(w, M, 1, "")));
	return w;
}

static enum step_state state_of(const struct world *w)
{
	return (enum step_state)shard_monitor(w->s, M)->st.inc.state;
}

/* Fire what is due until then, as the folder does. */
static void run_until(struct world *w, int64_t until_us)
{
	enum tmr_kind kind;
	int64_t due_us;
	for (struct mon *m; (m = shard_next_timer(w->s, &kind, &due_us)) && due_us <= until_us;) {
		w->now_us = due_us > w->now_us ? due_us : w->now_us;
		assert_ok(world_fold(w, world_timer(w, m->no, kind,
						    m->st.inc.timers.of[kind].generation)));
	}
	w->now_us = until_us;
}

static void go_down(struct world *w)
{
	for (int i = 0; i < 20 && state_of(w) != STEP_DOWN; i++) {
		assert_ok(world_result(w, M, RES_FAIL));
		run_until(w, w->now_us + NP_SEC_US);
	}
	assert_int_equal(state_of(w), STEP_DOWN);
}

static const struct fx_notice *notice(struct fx_row *r)
{
	return NP_CONTAINER_OF(r, struct fx_notice, row);
}

static void an_incident_opens_and_closes_once(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	assert_ok(world_result(&w, M, RES_OK));
	assert_int_equal(state_of(&w), STEP_UP);
	w.now_us += NP_SEC_US;
	go_down(&w);
	for (int i = 0; i < 40 && state_of(&w) != STEP_UP; i++) {
		assert_ok(world_result(&w, M, RES_OK));
		run_until(&w, w.now_us + NP_SEC_US);
	}
	assert_int_equal(state_of(&w), STEP_UP);
	assert_ok(w.fx->err);
	assert_int_equal(w.fx->incidents.n, 1); /* opened and closed in one group: one row */
	const struct fx_incident *i =
		NP_CONTAINER_OF(w.fx->incidents.first, struct fx_incident, row);
	assert_true(i->fresh);
	assert_string_equal(i->state, "resolved");
	assert_true(i->closed_us > i->opened_us);
	assert_int_equal(w.fx->notices.n, 2);
	assert_string_equal(notice(w.fx->notices.first)->kind, "opened");
	assert_null(notice(w.fx->notices.first)->after);
	assert_string_equal(notice(w.fx->notices.last)->kind, "resolved");
	assert_string_equal(notice(w.fx->notices.last)->after,
			    "[\"opened\",\"escalation\",\"reminder\",\"stale\",\"reopened\"]");
	assert_int_equal(w.fx->audits.n, 2);
	assert_true(w.fx->jobs.n > 0);
	world_done(&w);
}

/* I8: whatever is open has something that is due. */
static void an_open_incident_has_a_timer(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	go_down(&w);
	for (int i = 0; i < 200; i++) {
		enum tmr_kind kind;
		int64_t due_us;
		assert_non_null(shard_next_timer(w.s, &kind, &due_us));
		run_until(&w, w.now_us + 30 * NP_MIN_US);
	}
	world_done(&w);
}

static void commands_are_answered(void **state NP_UNUSED)
{
	static const struct {
		const char *command, *body;
		bool applied;
	} rows[] = {
		{ "acknowledge", "{}", false },
		{ "acknowledge", "{\"incident\":\"not an id\"}", false },
		{ "acknowledge", "no JSON", false },
		{ "acknowledge", "OPEN", true },
		{ "acknowledge", "OPEN", false },
		{ "note", "OPEN", true },
		{ "unacknowledge", "OPEN", true },
		{ "pause", "OPEN", false }, /* comes as a definition */
		{ "delete", "OPEN", false },
		{ "no such", "OPEN", false },
		{ "", "OPEN", false },
	};
	struct world w;
	begin(&w);
	go_down(&w);
	uint8_t id[16];
	char uuid[36];
	mon_incident_id(shard_monitor(w.s, M), id);
	str_uuid(id, uuid);
	np_str open = arena_printf(w.arena, "{\"incident\":\"%.36s\",\"text\":\"hm\"}", uuid);
	for (size_t i = 0; i < NP_LEN(rows); i++) {
		bool about = str_eq_c(NP_STR("OPEN"), rows[i].body);
		assert_ok(world_fold(&w, world_command(&w, M, rows[i].command,
						       about ? open.p : rows[i].body)));
		const struct fx_outcome *o =
			NP_CONTAINER_OF(w.fx->outcomes.last, struct fx_outcome, row);
		if (o->applied != rows[i].applied)
			fail_msg("row %zu: %s %.*s", i, rows[i].command, NP_FMT(o->reason));
		assert_true(o->applied == (o->reason.n == 0));
	}
	assert_ok(world_fold(&w, world_command(&w, M + 16, "check", "{}")));
	assert_false(NP_CONTAINER_OF(w.fx->outcomes.last, struct fx_outcome, row)->applied);
	world_done(&w);
}

static void what_does_not_count_is_refused(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	struct res_record r[4];
	for (size_t i = 0; i < NP_LEN(r); i++)
		r[i] = world_record(&w, M, RES_OK);
	r[1].monitor = M + 16; /* unknown */
	r[2].revision = 9;     /* from the future */
	r[3].slot_us += 1;
	assert_ok(world_fold(&w,
			     world_batch(&w, &(struct world_batch){ .first = 1, .n = 4, .r = r })));
	assert_int_equal(w.fx->rejects.n, 2);
	assert_int_equal(w.fx->results.n, 2);
	assert_int_equal(cursors_last(w.s->cursors, WORLD_CHECKER, WORLD_EPOCH), 4);
	/* somebody else's checker */
	assert_ok(world_fold(&w,
			     world_batch(&w, &(struct world_batch){
						     .checker = 5, .first = 1, .n = 1, .r = r })));
	assert_int_equal(w.fx->rejects.n, 3);
	assert_int_equal(shard_monitor(w.s, M)->voter[0], WORLD_CHECKER);
	world_done(&w);
}

/* Resends use other boundaries: what is there already is not folded a second time. */
static void what_was_there_is_skipped(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	struct res_record r[4];
	for (size_t i = 0; i < NP_LEN(r); i++) {
		r[i] = world_record(&w, M, RES_OK);
		r[i].slot_us += (int64_t)i;
	}
	assert_ok(world_fold(&w,
			     world_batch(&w, &(struct world_batch){ .first = 1, .n = 2, .r = r })));
	assert_ok(world_fold(&w, world_batch(&w, &(struct world_batch){
							 .first = 1, .skip = 2, .n = 4, .r = r })));
	assert_int_equal(w.fx->results.n, 4);
	assert_string_equal(shard_monitor(w.s, M)->strip, "oooo");
	world_done(&w);
}

static void the_same_attempt_counts_once(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	const struct res_record r = world_record(&w, M, RES_OK);
	for (uint64_t i = 1; i <= 3; i++)
		assert_ok(world_fold(
			&w, world_batch(&w, &(struct world_batch){ .first = i, .n = 1, .r = &r })));
	assert_int_equal(w.fx->duplicates, 2);
	assert_int_equal(w.fx->results.n, 1);
	world_done(&w);
}

static void an_input_that_cannot_follow_is_corrupt(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	const struct res_record r = world_record(&w, M, RES_OK);
	assert_err(
		world_fold(&w,
			   world_batch(&w, &(struct world_batch){ .first = 3, .n = 1, .r = &r })),
		NP_E_CORRUPT);
	assert_err(world_fold(&w, world_batch(&w,
					      &(struct world_batch){
						      .first = 1, .n = 1, .skip = 1, .r = &r })),
		   NP_E_CORRUPT);
	assert_ok(world_fold(&w, world_ban(&w, WORLD_CHECKER)));
	assert_err(
		world_fold(&w,
			   world_batch(&w, &(struct world_batch){ .first = 1, .n = 1, .r = &r })),
		NP_E_CORRUPT);
	assert_err(world_fold(&w, world_input(&w, NP__I1__INPUT__KIND__NOT_SET)), NP_E_VERSION);
	world_done(&w);
}

static void a_ban_withdraws_evidence(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	go_down(&w);
	assert_ok(world_fold(&w, world_ban(&w, WORLD_CHECKER)));
	assert_true(shard_monitor(w.s, M)->st.vote[0].banned);
	assert_int_equal(w.s->registry_gen, 1);
	assert_int_equal(state_of(&w), STEP_DOWN); /* nothing recovered */
	world_done(&w);
}

static void a_steady_result_writes_no_row(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	assert_ok(world_result(&w, M, RES_OK));
	fx_free(w.fx);
	size_t stored = 0;
	for (uint64_t i = 0; i < 100; i++) { /* five a second: 20 s */
		w.fx = fx_new(2 + i, NULL);
		w.now_us += NP_SEC_US / 5;
		assert_ok(world_result(&w, M, RES_OK));
		assert_int_equal(w.fx->results.n, 1);
		struct fx_mon *x = NP_CONTAINER_OF(w.fx->mons.first, struct fx_mon, row);
		stored += x->store;
		if (x->store)
			shard_monitor(w.s, M)->stored_us = w.now_us;
		fx_free(w.fx);
	}
	w.fx = NULL;
	assert_in_range(stored, 1, 2);
	world_done(&w);
}

/* A crowd at one instant: rows enough are written with it already. */
static void a_steady_row_waits_once_in_a_crowd(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	assert_ok(world_result(&w, M, RES_OK));
	const int64_t interval_us = shard_monitor(w.s, M)->def.interval_ms * NP_MS_US;
	shard_monitor(w.s, M)->stored_us = w.now_us;
	for (int i = 0; i < 2; i++) {
		fx_free(w.fx);
		w.fx = fx_new(2 + (uint64_t)i, NULL);
		w.fx->refreshed = FOLD_REFRESH_GROUP;
		w.now_us += interval_us;
		assert_ok(world_result(&w, M, RES_OK));
		struct fx_mon *x = NP_CONTAINER_OF(w.fx->mons.first, struct fx_mon, row);
		assert_int_equal(x->store, i == 1);
	}
	world_done(&w);
}

static void deleted_is_deleted(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	go_down(&w);
	assert_ok(world_fold(&w, world_delete(&w, M, 2)));
	assert_string_equal(notice(w.fx->notices.last)->kind, "resolved");
	size_t results = w.fx->results.n;
	w.now_us += NP_SEC_US;
	assert_ok(world_result(&w, M, RES_FAIL)); /* late: in the log, and no more */
	assert_int_equal(w.fx->results.n, results);
	assert_int_equal(w.fx->rejects.n, 0);
	assert_ok(world_fold(&w, world_define(&w, M, 3, "")));
	assert_true(shard_monitor(w.s, M)->deleted);
	assert_ok(world_fold(&w, world_delete(&w, M + 16, 4))); /* never seen alive */
	assert_ok(world_fold(&w, world_command(&w, M + 16, "check", "{}")));
	world_done(&w);
}

static void bad_definitions_change_nothing(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	Np__I1__Input *in = world_define(&w, M, 2, ",\"interval_s\":1");
	in->definition->inbox_id = (ProtobufCBinaryData){ 16, arena_alloc(w.arena, 16) };
	assert_ok(world_fold(&w, in));
	assert_int_equal(shard_monitor(w.s, M)->def.revision, 1);
	assert_false(NP_CONTAINER_OF(w.fx->outcomes.last, struct fx_outcome, row)->applied);
	in = world_define(&w, M + 16, 1, ",\"interval_s\":1");
	assert_ok(world_fold(&w, in));
	assert_null(shard_monitor(w.s, M + 16));
	in = world_define(&w, M + 16, 1, "");
	in->definition->n_regions = 0;
	assert_ok(world_fold(&w, in));
	assert_null(shard_monitor(w.s, M + 16));
	world_done(&w);
}

/* ---- our own absence ---- */

static void a_hold_waits_for_the_checkers(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	assert_ok(world_result(&w, M, RES_OK));
	w.now_us += 10 * NP_MIN_US; /* we were away: every vote is stale */
	assert_ok(world_fold(&w, world_resume(&w, w.now_us - 10 * NP_MIN_US, 0)));
	enum tmr_kind kind;
	int64_t due_us;
	assert_null(shard_next_timer(w.s, &kind, &due_us)); /* nothing is due while held */
	w.now_us += NP_SEC_US;
	assert_ok(world_fold(&w, world_heard(&w, WORLD_CHECKER, 30000)));
	assert_ok(world_fold(&w, world_resume(&w, 1, w.now_us)));
	assert_true(w.s->hold.on); /* the backlog is through, its own is not */
	assert_int_equal(state_of(&w), STEP_UP);
	w.now_us += NP_SEC_US;
	assert_ok(world_fold(&w, world_heard(&w, WORLD_CHECKER, 100)));
	assert_false(w.s->hold.on);
	assert_false(shard_monitor(w.s, M)->st.frozen);
	assert_int_equal(state_of(&w), STEP_UP);
	world_done(&w);
}

static void a_hold_ends_by_the_clock(void **state NP_UNUSED)
{
	struct world w;
	begin(&w);
	assert_ok(world_result(&w, M, RES_OK));
	assert_ok(world_fold(&w, world_resume(&w, w.now_us, 0)));
	w.now_us += 60 * NP_SEC_US;
	assert_ok(world_fold(&w, world_timer(&w, 0, SHARD_TIMER_HOLD, 0)));
	assert_false(w.s->hold.on);
	assert_false(shard_monitor(w.s, M)->st.frozen);
	world_done(&w);
}

/* ---- groups ---- */

static np_err make_group(void *arg)
{
	struct world w;
	(void)arg;
	world_init(&w, 0);
	struct group *g = NULL;
	Np__I1__Input *in[] = {
		world_members(&w, 1, (uint64_t[]){ WORLD_CHECKER }, 1),
		world_define(&w, M, 1, ""),
	};
	np_oom_at(0); /* what the test itself makes does not fail */
	uint64_t n = *(uint64_t *)arg;
	np_oom_at(n);
	g = group_new(1, 1, NULL);
	np_err e = g ? NP_OK : NP_E_NOMEM;
	for (size_t i = 0; e == NP_OK && i < NP_LEN(in); i++) {
		e = group_log(g, group_part(g, w.s, 1), in[i], 0);
		if (e == NP_OK) {
			in[i]->at_us = w.now_us;
			e = fold_input(w.s, in[i], g->fx);
		}
	}
	if (e == NP_OK)
		e = group_close(g);
	np_oom_at(0);
	if (e == NP_OK) {
		assert_non_null(g->tx);
		assert_true(pg_batch_len(g->tx) >= 5); /* limits, fence, log, state, change */
		assert_int_equal(w.s->pos, 1);
		assert_int_equal(g->after.n_groups, 1);
		assert_int_equal(g->after.groups[0]->n_states, 1);
	}
	group_free(g);
	world_done(&w);
	return e;
}

static void no_memory_makes_no_commit(void **state NP_UNUSED)
{
	for (uint64_t n = 1; n < 100000; n++) {
		np_err e = make_group(&n);
		if (e == NP_OK)
			return;
		/* a definition that could not be read for want of memory must not look refused */
		assert_err(e, NP_E_NOMEM);
	}
	fail_msg("never got through");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_incident_opens_and_closes_once),
		cmocka_unit_test(an_open_incident_has_a_timer),
		cmocka_unit_test(commands_are_answered),
		cmocka_unit_test(what_does_not_count_is_refused),
		cmocka_unit_test(what_was_there_is_skipped),
		cmocka_unit_test(the_same_attempt_counts_once),
		cmocka_unit_test(an_input_that_cannot_follow_is_corrupt),
		cmocka_unit_test(a_ban_withdraws_evidence),
		cmocka_unit_test(a_steady_result_writes_no_row),
		cmocka_unit_test(a_steady_row_waits_once_in_a_crowd),
		cmocka_unit_test(deleted_is_deleted),
		cmocka_unit_test(bad_definitions_change_nothing),
		cmocka_unit_test(a_hold_waits_for_the_checkers),
		cmocka_unit_test(a_hold_ends_by_the_clock),
		cmocka_unit_test(no_memory_makes_no_commit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
