/* SPDX-License-Identifier: Apache-2.0 */
/* Random streams keep every promise. A stream that breaks one is shrunk and printed as a scenario.
 * usage: model_stream_test [STREAMS [FIRST SEED]]; the default is short. */
#include "unit/t.h"

#include <stdlib.h>

#include "core/scenario.h"
#include "stream.h"

#define STREAMS 1200

static uint64_t streams = STREAMS, first_seed = 1;
static struct stream_world w, other; /* large: not on the stack */
static struct stream_move moves[STREAM_MOVES];

static const char *alone(const struct stream_move *m, size_t n)
{
	return stream_play(m, n, true, &w);
}

static const char *then_healthy(const struct stream_move *m, size_t n)
{
	const char *why = stream_play(m, n, false, &w);
	return why != NULL ? why : stream_then(&w, true);
}

static const char *then_down(const struct stream_move *m, size_t n)
{
	const char *why = stream_play(m, n, false, &w);
	return why != NULL ? why : stream_then(&w, false);
}

static void complain(uint64_t seed, const char *(*play)(const struct stream_move *, size_t))
{
	struct buf out;
	size_t n = stream_shrink(moves, STREAM_MOVES, play);
	buf_init(&out, SCN_OUT_MAX);
	stream_print(moves, n, "a broken promise", NULL, &out);
	const char *why = play(moves, n);
	print_error("seed %llu: %s\n%s", (unsigned long long)seed, why != NULL ? why : "?",
		    buf_c(&out));
	buf_done(&out);
	fail();
}

static void every_stream_keeps_the_promises(void **state NP_UNUSED)
{
	uint64_t steps = 0, opened = 0, closed = 0;
	for (uint64_t seed = first_seed; seed < first_seed + streams; seed++) {
		stream_make(seed, moves);
		if (alone(moves, STREAM_MOVES) != NULL)
			complain(seed, alone);
		steps += w.steps;
		opened += w.opened;
		closed += w.closed;
	}
	print_message("seeds %llu..%llu: %llu events, %llu incidents opened, %llu closed\n",
		      (unsigned long long)first_seed,
		      (unsigned long long)(first_seed + streams - 1), (unsigned long long)steps,
		      (unsigned long long)opened, (unsigned long long)closed);
	assert_true(opened > streams / 10 && closed > 0); /* they do reach incidents */
}

static void three_hours_later_all_is_well_or_told(void **state NP_UNUSED)
{
	for (uint64_t seed = first_seed; seed < first_seed + streams / 25; seed++) {
		stream_make(seed, moves);
		if (then_healthy(moves, STREAM_MOVES) != NULL)
			complain(seed, then_healthy);
		if (then_down(moves, STREAM_MOVES) != NULL)
			complain(seed, then_down);
	}
}

static void the_same_stream_gives_the_same_actions(void **state NP_UNUSED)
{
	for (uint64_t seed = first_seed; seed < first_seed + streams / 10; seed++) {
		stream_make(seed, moves);
		assert_null(stream_play(moves, STREAM_MOVES, false, &w));
		assert_null(stream_play(moves, STREAM_MOVES, true, &other));
		assert_true(w.hash == other.hash);
	}
}

/* What is printed for a stream is the stream: the scenario runner ends where it ended. */
static void a_printed_stream_is_a_scenario(void **state NP_UNUSED)
{
	struct buf yaml, out;
	struct scn_report report = { 0 };
	buf_init(&yaml, SCN_OUT_MAX);
	buf_init(&out, SCN_OUT_MAX);
	for (uint64_t seed = first_seed; seed < first_seed + 40; seed++) {
		char then[200];
		stream_make(seed, moves);
		assert_null(stream_play(moves, STREAM_MOVES, false, &w));
		(void)snprintf(then, sizeof then,
			       "{state: %s, incidents: %u, open: %s, told: %s, blips: %u}",
			       step_state_name((enum step_state)w.st.inc.state), w.opened,
			       w.st.inc.open ? "true" : "false", w.st.inc.told ? "true" : "false",
			       w.st.inc.blips);
		stream_print(moves, STREAM_MOVES, "stream", then, &yaml);
	}
	const struct scn_file f = { .name = NP_STR("streams"), .text = buf_str(&yaml) };
	np_err e = scn_run_file(&f, &report, &out);
	if (e < 0 || report.failed > 0)
		print_error("%.2000s\n", buf_c(&out));
	assert_int_equal(e, NP_OK);
	assert_int_equal(report.failed, 0);
	assert_int_equal(report.scenarios, 40);
	buf_done(&yaml);
	buf_done(&out);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_stream_keeps_the_promises),
		cmocka_unit_test(three_hours_later_all_is_well_or_told),
		cmocka_unit_test(the_same_stream_gives_the_same_actions),
		cmocka_unit_test(a_printed_stream_is_a_scenario),
	};
	if ((argc > 1 && str_to_u64(str_from_c(argv[1]), &streams) < 0) ||
	    (argc > 2 && str_to_u64(str_from_c(argv[2]), &first_seed) < 0))
		return 2;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
