/* SPDX-License-Identifier: Apache-2.0 */
/* live.h - np:live and the caches that engines keep for the web.
 *
 * Floor 3 (wire). A LiveMsg is sealed for its channel; each entry of a monitor's list
 * of last results is a LiveResult sealed for that list's key. Any thread.
 */
#pragma once
#include "internal.pb-c.h"
#include "wire/pballoc.h"
#include "wire/seal.h"

#define LIVE_CHANNEL "np:live"
#define LIVE_KEY_MAX 48
#define LIVE_LAST_MAX 100 /* entries of np:last:<monitor>, newest first */
#define LIVE_MSG_MAX ((size_t)8 * 1024 * 1024)
#define LIVE_ARENA_MAX ((size_t)32 * 1024 * 1024)

NP_NODISCARD np_err live_put(const struct seal *s, const Np__I1__LiveMsg *m, struct buf *out);
/* Checked: texts UTF-8, ids 16 bytes, shards in range. */
NP_NODISCARD np_err live_open(const struct seal *s, np_str bytes, struct arena *a,
			      Np__I1__LiveMsg **ret);

/* Keys, NUL-terminated; yield the slice. */
np_str live_last_key(uint64_t monitor, char ret[LIVE_KEY_MAX]);
np_str live_strip_key(uint64_t org, char ret[LIVE_KEY_MAX]); /* hash: number -> "ooof" */
NP_NODISCARD np_err live_put_last(const struct seal *s, const Np__I1__LiveResult *r,
				  struct buf *out);
NP_NODISCARD np_err live_open_last(const struct seal *s, uint64_t monitor, np_str bytes,
				   struct arena *a, Np__I1__LiveResult **ret);
