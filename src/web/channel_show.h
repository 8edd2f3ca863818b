/* SPDX-License-Identifier: Apache-2.0 */
/* channel_show.h - a channel as people may see it: nothing secret, the rest by role.
 *
 * Floor 4 (web). Worker thread.
 */
#pragma once
#include "web/store_channel.h"

#define SECRET_MASK "********"

/* Writes one object. `fresh`: a signing key that was made just now, shown this once; else "". */
void chs_show(struct wreq *q, const struct stc_row *row, np_str fresh);
