/* SPDX-License-Identifier: Apache-2.0 */
/* watchself.h - an installation without monitors watches itself.
 *
 * Floor 5. Once, at the first start: the file DIR/etc/first.yaml goes through
 * `netpulse apply`, like any other file of monitors.
 */
#pragma once
#include "up/proc.h"

NP_NODISCARD np_err watchself_run(struct procs *ps, const struct place *p,
				  const struct up_options *o, struct buf *ret_why);
