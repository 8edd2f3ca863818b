/* SPDX-License-Identifier: Apache-2.0 */
/* scenario.h - a story about a monitor, written in YAML, told to the real rules.
 *
 * Floor 2 (core). doc/scenarios.md explains the notation. Each scenario runs at
 * its phases, each of them twice: the second time the state is stored and loaded
 * after every event, and must end the same. One thread.
 */
#pragma once
#include "base/buf.h"

#define SCN_OUT_MAX ((size_t)1 << 20)

struct scn_report {
	uint32_t scenarios, runs, checks;
	uint32_t failed; /* scenarios */
};

/* Run every scenario of one file's text and add to the report. `only` (may be empty): those whose
 * name contains it. What fails is said in `out`, with the file's name. NP_E_INVAL: not readable,
 * `out` says where. */
struct scn_file {
	np_str name, text, only;
	void (*done)(void *ctx, np_str scenario, bool good); /* after each; may be NULL */
	void *ctx;
};
NP_NODISCARD np_err scn_run_file(const struct scn_file *f, struct scn_report *report,
				 struct buf *out);
