/* SPDX-License-Identifier: Apache-2.0 */
/* sender.h - batches out of the spool, and what is still unanswered.
 *
 * Floor 4 (checker). At most SENDER_UNANSWERED batches a shard. What is not
 * answered within SENDER_AGAIN_MS is sent again, one batch first. When a gateway
 * keeps closing right after a batch, batches get smaller, and at last the one
 * item that nobody can take becomes a `lost`. One loop's thread.
 */
#pragma once
#include "base/metrics.h"
#include "checker/gwlink.h"
#include "checker/spool.h"

#define SENDER_UNANSWERED 32
#define SENDER_AGAIN_MS 2000
#define SENDER_BACKLOG_MAX ((size_t)512 * 1024) /* output waiting in the connection */
#define SENDER_GIVE_UP 8 /* ends in a row with one and the same single item under way */

struct sender;
NP_NODISCARD np_err sender_new(struct spool *s, struct metrics *m, struct sender **ret_sender);
void sender_free(struct sender *s); /* NULL is fine */
/* A link came up: everything unanswered is to be sent again. */
void sender_up(struct sender *s);
/* It ended. `by_peer`: the other side closed. */
void sender_down(struct sender *s, bool by_peer);
/* Send what may be sent. */
void sender_pump(struct sender *s, struct gwlink *l);
void sender_ack(struct sender *s, uint64_t epoch, uint32_t shard, uint64_t n);
void sender_rewind(struct sender *s, uint64_t epoch, uint32_t shard, uint64_t n);
/* Back-pressure: nothing goes for so long. */
void sender_pause(struct sender *s, uint32_t for_ms);
/* A few times a second: what waits for too long for its answer. */
void sender_tick(struct sender *s);
