/* SPDX-License-Identifier: Apache-2.0 */
/* after.h - what may be told only after the commit: states, incidents, decided commands.
 *
 * Floor 4 (engine). Built by the folder when a group is closed, in the group's memory.
 */
#pragma once
#include "engine/group.h"

/* Fills g->after, by organisation; also why and place of every monitor that is stored. */
NP_NODISCARD np_err after_build(struct group *g);
