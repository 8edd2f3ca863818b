/* SPDX-License-Identifier: Apache-2.0 */
/* feed.h - checkers, bans, memberships, channels: rows that shards depend on.
 *
 * Floor 4 (engine). Blocking; the keeper's thread. Nothing that committed late is
 * missed: polls start where the oldest running transaction of the poll before began.
 */
#pragma once
#include "engine/msg.h"
#include "pg/pg.h"

#define FEED_CHECKERS_MAX ((size_t)1 << 20)

struct feed; /* what was read so far */
NP_NODISCARD struct feed *feed_new(void);
void feed_free(struct feed *f); /* NULL is fine */

/* New and changed checkers: *ret (MSG_CHECKERS, NULL when none) for the folder, and bans as rows
 * of `rows`, with each shard's registry_gen as it was read before. */
NP_NODISCARD np_err feed_checkers(struct feed *f, struct pg_conn *c, struct msg *rows,
				  struct msg **ret);
/* Every checker that is known, for a folder that starts; every ban, as rows of one shard. */
NP_NODISCARD np_err feed_all_checkers(const struct feed *f, struct msg **ret);
NP_NODISCARD np_err feed_all_bans(const struct feed *f, uint32_t shard, uint64_t gen,
				  struct msg *rows);
/* New memberships, for all shards. */
NP_NODISCARD np_err feed_memberships(struct feed *f, struct pg_conn *c, struct msg *rows);
/* Those that may still matter and that a shard, just loaded, does not know. */
NP_NODISCARD np_err feed_all_memberships(struct feed *f, struct pg_conn *c, const struct shard *s,
					 struct msg *rows);
/* Channels by organisation: *ret is MSG_CHANNELS. */
NP_NODISCARD np_err feed_channels(struct pg_conn *c, struct msg **ret);
/* What the folder says about checkers, written down. */
NP_NODISCARD np_err feed_seen(struct pg_conn *c, const struct msg *seen);
