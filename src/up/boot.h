/* SPDX-License-Identifier: Apache-2.0 */
/* boot.h - the order in which an installation comes up.
 *
 * Floor 5. Straight-line: each step ends when what it started answers. Every
 * step goes through a subcommand that an operator could type.
 */
#pragma once
#include "up/servers.h"

/* Until everything answers. On failure *ret_why has one sentence and a hint; what was started
 * still runs (procs_stop). */
NP_NODISCARD np_err boot_run(struct procs *ps, const struct place *p, const struct up_options *o,
			     struct buf *ret_why);
/* Are the addresses free? Before anything is started. */
NP_NODISCARD np_err boot_check_ports(const struct up_options *o, struct buf *ret_why);
