/* SPDX-License-Identifier: Apache-2.0 */
/* def.h - a monitor as this checker runs it, read once per revision.
 *
 * Floor 4 (checker). Counted references: an attempt that is under way keeps the
 * revision it began with. A definition with a mistake is kept too: its checks
 * end as `unknown` and say what is wrong. One loop's thread.
 */
#pragma once
#include <jansson.h>

#include "base/str.h"
#include "checker/ops.h"
#include "core/assertion.h"
#include "core/options.h"
#include "core/target.h"
#include "results.pb-c.h"

struct check_def {
	uint32_t refs;
	uint64_t monitor;
	uint32_t revision, shard;
	enum mon_kind kind;
	const struct check_ops *ops;
	int64_t interval_us, timeout_us, retry_interval_us, phase_us;
	uint32_t retries;
	bool private_ok; /* may reach private and loopback addresses */
	bool load;       /* a load generator makes its results: not run here */
	char *target_text;
	struct tgt tgt;
	struct opt_set options;
	const struct asrt_list *assertions; /* never NULL */
	struct asrt_list *assertions_own;
	json_t *options_json, *assertions_json;
	char *problem; /* NULL: fine; else one sentence */
};

/* NP_E_NOMEM, or NP_E_INVAL for what is not even a monitor (no number, no shard). */
NP_NODISCARD np_err def_new(const Np__V1__Monitor *m, struct check_def **ret_def);
struct check_def *def_ref(struct check_def *d);
void def_unref(struct check_def *d); /* NULL is fine */
