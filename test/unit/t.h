/* SPDX-License-Identifier: Apache-2.0 */
/* t.h - what every unit test includes: cmocka in its right order, and two helpers.
 *
 * Tests are tables first; names say the rule ("opens_only_after_debounce").
 */
#pragma once
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/np.h"
#include "base/str.h"

/* How long what must happen may take before it is a failure: patience, no promise. A wait that
 * ends well costs nothing; a machine may be slow, and busy with ten other things. */
#define T_PATIENCE_MS 60000

/* Lets the loop run until it is so; the caller asserts what it waited for. */
#define RUN_UNTIL(l, cond)                                              \
	for (int64_t np_end = clock_mono_ms() + T_PATIENCE_MS;          \
	     !(cond) && clock_mono_ms() < np_end; loop_run_for((l), 5)) \
	continue

#define assert_ok(e) assert_int_equal((e), NP_OK)
#define assert_err(e, want) assert_string_equal(np_err_text(e), np_err_text(want))

/* Does a slice hold exactly these bytes? */
#define assert_str(s, want) t_str((s), (want), __FILE__, __LINE__)
static inline void t_str(np_str s, const char *want, const char *file, int line)
{
	if (str_eq_c(s, want))
		return;
	print_error("got  \"%.*s\"\nwant \"%s\"\n", NP_FMT(s), want);
	_fail(file, line);
}

/* Runs `run` with its 1st, 2nd, 3rd… allocation failing until it gets through. Each
 * failure must come out as NP_E_NOMEM; the sanitizers see what it leaked. */
static inline void t_under_oom(np_err (*run)(void *arg), void *arg)
{
	for (uint64_t n = 1; n < 100000; n++) {
		np_oom_at(n);
		np_err e = run(arg);
		np_oom_at(0);
		if (e == NP_OK)
			return;
		assert_err(e, NP_E_NOMEM);
	}
	fail_msg("still failing after 100000 rounds");
}
