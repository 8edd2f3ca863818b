/* SPDX-License-Identifier: Apache-2.0 */
/* overlay.h - what others decide about a monitor: its parent's state, windows, distrust of
 * a region.
 *
 * Floor 4 (engine). The keeper reads it from tables; once a second the folder compares it
 * with what each shard has folded, and every difference becomes an input of the log. So a
 * missed word mends itself, and replay needs nothing but the log. The folder's thread.
 */
#pragma once
#include "engine/folderin.h"

struct overlay;
NP_NODISCARD struct overlay *overlay_new(void);
void overlay_free(struct overlay *o); /* NULL is fine */
/* MSG_PARENTS, MSG_TRUST, MSG_WINDOWS: the whole present truth, in place of the one before. Takes m. */
void overlay_take(struct overlay *o, struct msg *m);
/* Time has passed: before the shards' turns. */
void overlay_tick(struct overlay *o, int64_t now_us);
/* Bring one shard up to it. */
void overlay_turn(struct folder *f, struct slot *slot);
