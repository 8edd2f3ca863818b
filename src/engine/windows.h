/* SPDX-License-Identifier: Apache-2.0 */
/* windows.h - which monitors are in maintenance or have quiet hours at this moment.
 *
 * Floor 4 (engine). Holds every maintenance that the keeper read and the zones they are
 * meant in; a window is asked again only when its answer may have changed. Zone files are
 * read when first needed (a few KB, once each). The folder's thread.
 */
#pragma once
#include "core/window.h"
#include "engine/msg.h"

struct windows;
NP_NODISCARD struct windows *windows_new(void);
void windows_free(struct windows *w); /* NULL is fine */
/* MSG_WINDOWS: the whole present truth, ordered by organisation. Takes m. Without
 * memory what was known holds until the next change. */
void windows_take(struct windows *w, struct msg *m);
bool windows_are_known(const struct windows *w);
/* Time has passed: what begins, what ends. */
void windows_tick(struct windows *w, int64_t now_us);
/* Is the monitor in maintenance as of the last tick? until_us: the end of the longest window that
 * is on; 0: none is. Looked for again only when a window or the monitor has changed. */
struct window_now windows_of(const struct windows *w, struct mon *m);
/* The same for its own quiet hours. Never on for a critical monitor. */
struct window_now windows_quiet(struct windows *w, struct mon *m, int64_t now_us);
