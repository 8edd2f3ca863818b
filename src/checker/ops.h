/* SPDX-License-Identifier: Apache-2.0 */
/* ops.h - the kinds of checks behind one small table.
 *
 * Floor 4 (checker). Nobody outside a kind's own file asks which kind it is.
 * One loop's thread.
 */
#pragma once
#include "base/arena.h"
#include "core/monitor.h"

struct check_def;
struct check_run;

struct check_ops {
	const char *name;
	/* Is the definition one that can be run? NULL: yes; else a constant sentence. May be NULL. */
	const char *(*prepare)(const struct check_def *def);
	/* Ends through one of check.h's endings, perhaps before it returns. */
	void (*start)(struct check_run *run);
	/* Let go of everything; no ending is called any more. Also called after each ending. */
	void (*cancel)(struct check_run *run);
};

extern const struct check_ops http_ops;
extern const struct check_ops tcp_ops;
extern const struct check_ops icmp_ops;
extern const struct check_ops dns_ops;
extern const struct check_ops tls_ops;
