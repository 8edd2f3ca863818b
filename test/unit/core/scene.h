/* SPDX-License-Identifier: Apache-2.0 */
/* scene.h - the one world of a test program, and how to bring it about.
 *
 * Test code, included once per program, after cmocka.
 */
#pragma once
#include "sim.h"

#define UP_AT (SIM_START_US + 10 * NP_MIN_US)
#define FOREVER (SIM_START_US + 365 * NP_DAY_US)

static struct sim s; /* large: not on the stack */

static NP_UNUSED void start(uint32_t n)
{
	sim_init(&s, n, 60000, 1);
	sim_run(&s, UP_AT);
	assert_int_equal(s.st.inc.state, STEP_UP);
}

static NP_UNUSED void go_down(void)
{
	sim_down(&s, s.now_us, FOREVER);
	sim_run(&s, s.now_us + 2 * NP_MIN_US);
	assert_int_equal(s.st.inc.state, STEP_DOWN);
	assert_int_equal(s.opened, 1);
}

static NP_UNUSED void come_back(void)
{
	s.span_n = 0;
}

static NP_UNUSED void pass(int64_t us)
{
	sim_run(&s, s.now_us + us);
}

static NP_UNUSED struct mst_event region_event(enum mst_event_kind kind, uint32_t region)
{
	return (struct mst_event){ .kind = kind, .region = region };
}

static NP_UNUSED void all_dead(bool dead)
{
	for (uint32_t i = 0; i < s.def.region_n; i++)
		s.checker[i].dead = dead;
}
