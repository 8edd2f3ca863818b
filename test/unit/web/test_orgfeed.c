/* SPDX-License-Identifier: Apache-2.0 */
#include "unit/t.h"

#include "base/arena.h"
#include "core/result.h"
#include "core/step.h"
#include "web/orgfeed.h"

struct ear {
	struct orgfeed_reader reader;
	uint64_t n;
	size_t frames, resets;
	struct buf text;
};

static void on_frame(struct orgfeed_reader *r, uint64_t n, np_str text)
{
	struct ear *e = NP_CONTAINER_OF(r, struct ear, reader);
	e->n = n;
	e->frames++;
	buf_add(&e->text, text);
}

static void on_reset(struct orgfeed_reader *r)
{
	NP_CONTAINER_OF(r, struct ear, reader)->resets++;
}

struct world {
	struct loop *loop;
	struct orgfeed *o;
	struct ear ear;
};

static int setup(void **state)
{
	struct world *w = np_zalloc(sizeof *w);
	w->loop = loop_new(NULL);
	const struct orgfeed_cfg cfg = { w->loop, "f00" };
	w->o = orgfeed_new(&cfg);
	w->ear.reader.frame = on_frame;
	w->ear.reader.reset = on_reset;
	buf_init(&w->ear.text, 64 << 20);
	orgfeed_join(w->o, &w->ear.reader);
	*state = w;
	return w->o ? 0 : -1;
}

static int teardown(void **state)
{
	struct world *w = *state;
	orgfeed_leave(w->o, &w->ear.reader);
	orgfeed_free(w->o);
	loop_free(w->loop);
	buf_done(&w->ear.text);
	free(w);
	return 0;
}

static uint8_t ids[16];

static void say_result(struct world *w, uint64_t monitor, int64_t slot_us)
{
	Np__I1__LiveResult r = NP__I1__LIVE_RESULT__INIT;
	r.monitor = monitor;
	r.monitor_id = (ProtobufCBinaryData){ sizeof ids, ids };
	r.region = 1;
	r.slot_us = slot_us;
	r.end_us = slot_us + 5;
	r.status = RES_OK;
	orgfeed_result(w->o, &r);
}

static size_t count(np_str text, const char *what)
{
	size_t n = 0, at;
	while ((at = str_find(text, str_from_c(what))) != SIZE_MAX) {
		n++;
		text = str_sub(text, at + 1, text.n);
	}
	return n;
}

/* Loop's clock moves only when it runs: 20 ms are more than the gap. */
static void pass(struct world *w)
{
	loop_run_for(w->loop, 20);
}

static void first_after_quiet_goes_at_once(void **state)
{
	struct world *w = *state;
	pass(w);
	say_result(w, 1, 1000);
	orgfeed_kick(w->o);
	assert_int_equal(w->ear.frames, 1);
	assert_true(str_starts(buf_str(&w->ear.text), NP_STR("id: f00.1\nevent: batch\ndata: {")));
	for (int i = 0; i < 50; i++) { /* busy: one more frame for all of them */
		say_result(w, 1, 2000 + i);
		orgfeed_kick(w->o);
	}
	/* The gap is real time: a slow machine may fit a few frames in, but never one a result. */
	assert_in_range(w->ear.frames, 1, 12);
	pass(w);
	assert_in_range(w->ear.frames, 2, 13);
	assert_int_equal(count(buf_str(&w->ear.text), "\"o\""), 51);
}

static void a_full_frame_leaves_at_once(void **state)
{
	struct world *w = *state;
	pass(w);
	for (int i = 0; i < 10000; i++)
		say_result(w, (uint64_t)(1 + i), 1000 + i);
	assert_in_range(w->ear.frames, 2, 100);
	assert_true(w->ear.text.n / w->ear.frames < OFEED_FRAME_FULL + 1024);
	orgfeed_kick(w->o);
	pass(w);
	assert_int_equal(count(buf_str(&w->ear.text), "\"o\""), 10000);
	assert_int_equal(w->ear.resets, 0);
}

static void comes_back_with_frames_or_last_values(void **state)
{
	struct world *w = *state;
	struct buf out;
	buf_init(&out, 8 << 20);
	for (int i = 0; i < 3; i++) {
		say_result(w, 1, 1000 + i);
		orgfeed_kick(w->o);
		pass(w);
	}
	assert_int_equal(orgfeed_seq(w->o), 3);
	assert_ok(orgfeed_since(w->o, 3, &out));
	assert_int_equal(out.n, 0);
	assert_ok(orgfeed_since(w->o, 1, &out));
	assert_int_equal(count(buf_str(&out), "event: batch"), 2);
	assert_err(orgfeed_since(w->o, 4, &out), NP_E_NOTFOUND);
	/* Much was missed: one frame, one value a monitor. */
	for (int k = 0; k < 30; k++) {
		for (int i = 0; i < 200; i++)
			say_result(w, (uint64_t)(1 + i % 5), 5000 + k * 1000 + i);
		orgfeed_kick(w->o);
		pass(w);
	}
	buf_reset(&out);
	assert_ok(orgfeed_since(w->o, 1, &out));
	assert_int_equal(count(buf_str(&out), "event: batch"), 1);
	assert_int_equal(count(buf_str(&out), "\"o\""), 5);
	assert_int_equal(count(buf_str(&out), ",1,34,0,"), 5); /* slot in ms of the last round */
	buf_done(&out);
}

static void rare_events_survive_a_summary(void **state)
{
	struct world *w = *state;
	struct buf out;
	buf_init(&out, 8 << 20);
	Np__I1__LiveIncident i = NP__I1__LIVE_INCIDENT__INIT;
	i.incident_id = i.monitor_id = (ProtobufCBinaryData){ sizeof ids, ids };
	orgfeed_incident(w->o, &i);
	Np__I1__LiveState s = NP__I1__LIVE_STATE__INIT;
	s.monitor = 9;
	s.monitor_id = i.monitor_id;
	s.changed = true;
	s.state = STEP_DOWN;
	orgfeed_state(w->o, &s);
	orgfeed_kick(w->o);
	for (int k = 0; k < 30; k++) {
		for (int n = 0; n < 200; n++)
			say_result(w, 1, 5000 + k * 1000 + n);
		orgfeed_kick(w->o);
		pass(w);
	}
	assert_ok(orgfeed_since(w->o, 0, &out));
	assert_int_equal(count(buf_str(&out), "event: batch"), 1);
	assert_int_equal(count(buf_str(&out), "\"incidents\":[{"), 1);
	assert_int_equal(count(buf_str(&out), "\"change\":\"changed\""), 1);
	assert_int_equal(count(buf_str(&out), "\"state\":\"down\""), 1);
	buf_done(&out);
}

static void ring_ends(void **state)
{
	struct world *w = *state;
	struct buf out;
	buf_init(&out, 8 << 20);
	say_result(w, 1, 1);
	orgfeed_kick(w->o);
	pass(w);
	for (int i = 0; i < 300; i++) { /* 80 KB each: more than the ring's bytes */
		for (int k = 0; k < 1200; k++)
			say_result(w, 1, 1000 + i);
		orgfeed_kick(w->o);
		loop_run_for(w->loop, 3);
	}
	assert_true(orgfeed_seq(w->o) > 200);
	assert_err(orgfeed_since(w->o, 0, &out), NP_E_NOTFOUND);
	buf_done(&out);
}

static void reset_tells_everybody(void **state)
{
	struct world *w = *state;
	struct buf out;
	buf_init(&out, 1 << 20);
	uint64_t before = orgfeed_seq(w->o);
	orgfeed_reset(w->o);
	assert_int_equal(w->ear.resets, 1);
	assert_err(orgfeed_since(w->o, before, &out), NP_E_NOTFOUND);
	buf_done(&out);
}

static void keeps_last_results_and_forgets_the_deleted(void **state)
{
	struct world *w = *state;
	struct arena *a = arena_new(1 << 20);
	struct orgfeed_last *last = NULL;
	say_result(w, 7, 1000);
	say_result(w, 7, 2000);
	say_result(w, 8, 3000);
	orgfeed_kick(w->o);
	assert_int_equal(orgfeed_last(w->o, a, &last), 2);
	Np__I1__LiveState s = NP__I1__LIVE_STATE__INIT;
	s.monitor = 8;
	s.monitor_id = (ProtobufCBinaryData){ sizeof ids, ids };
	s.removed = true;
	orgfeed_state(w->o, &s);
	assert_int_equal(orgfeed_last(w->o, a, &last), 1);
	assert_int_equal(last[0].monitor, 7);
	assert_int_equal(last[0].end_us, 2005);
	arena_free(a);
}

static void says_when_the_database_is_away(void **state)
{
	struct world *w = *state;
	pass(w);
	orgfeed_behind(w->o, true);
	orgfeed_kick(w->o);
	orgfeed_behind(w->o, false);
	orgfeed_kick(w->o);
	pass(w);
	assert_int_equal(count(buf_str(&w->ear.text), "\"behind\":true"), 1);
	assert_int_equal(count(buf_str(&w->ear.text), "\"behind\":false"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(first_after_quiet_goes_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(comes_back_with_frames_or_last_values, setup,
						teardown),
		cmocka_unit_test_setup_teardown(rare_events_survive_a_summary, setup, teardown),
		cmocka_unit_test_setup_teardown(ring_ends, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_frame_leaves_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(reset_tells_everybody, setup, teardown),
		cmocka_unit_test_setup_teardown(keeps_last_results_and_forgets_the_deleted, setup,
						teardown),
		cmocka_unit_test_setup_teardown(says_when_the_database_is_away, setup, teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
