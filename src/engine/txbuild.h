/* SPDX-License-Identifier: Apache-2.0 */
/* txbuild.h - a group's effects as one transaction of few statements.
 *
 * Floor 4 (engine). One statement per table, rows through unnest. The folder's thread.
 */
#pragma once
#include "engine/group.h"

NP_NODISCARD np_err txbuild(const struct group *g, struct pg_batch **ret_tx);
