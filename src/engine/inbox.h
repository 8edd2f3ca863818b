/* SPDX-License-Identifier: Apache-2.0 */
/* inbox.h - what people asked for and nobody has decided yet, read as inputs.
 *
 * Floor 4 (engine). Each command is given to the folder once, until inbox_forget: a
 * folder that threw its memory away gets it again. Blocking; the keeper's thread.
 */
#pragma once
#include "engine/msg.h"
#include "pg/pg.h"

#define INBOX_POLL_MS 500           /* one poll reads definitions for that long */
#define INBOX_MAX ((size_t)1 << 20) /* undecided commands that are remembered */

struct inbox;
NP_NODISCARD struct inbox *inbox_new(void);
void inbox_free(struct inbox *x); /* NULL is fine */
/* Undecided commands of the shards in `mask`, oldest first. */
NP_NODISCARD np_err inbox_poll(struct inbox *x, struct pg_conn *c, uint32_t mask, struct msg *rows);
/* Each definition is a read of its own: the leases must be renewed in between. */
bool inbox_has_more(const struct inbox *x);
void inbox_forget(struct inbox *x);
