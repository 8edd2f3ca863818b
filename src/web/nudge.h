/* SPDX-License-Identifier: Apache-2.0 */
/* nudge.h - tell the other roles that something was committed for them.
 *
 * Floor 4 (web). Only shortens a wait: everybody polls too. Loop's thread.
 */
#pragma once
#include "web/req.h"

void nudge_send(struct wreq *q); /* what q asks for, once */
