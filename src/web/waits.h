/* SPDX-License-Identifier: Apache-2.0 */
/* waits.h - requests that wait for the owner of a shard to decide their command.
 *
 * Floor 4 (web). A request is entered before its command is written, so that no
 * decision comes too early. Loop's thread.
 */
#pragma once
#include "web/req.h"

#define WAITS_MAX 4096

struct waits;
NP_NODISCARD struct waits *waits_new(void);
void waits_free(struct waits *w);                               /* must be empty; NULL is fine */
NP_NODISCARD np_err waits_add(struct waits *w, struct wreq *q); /* by q->inbox */
void waits_del(struct waits *w, struct wreq *q);
/* The live feed says that this command was decided. */
void waits_note(struct waits *w, const uint8_t inbox[16]);
/* Graceful stop: everything that waits is answered now. */
void waits_hurry(struct waits *w);
